// SPDX-License-Identifier: Apache-2.0
// Where an artifact comes from: tool, version, inputs by digest, options, seed. The key to
// resuming.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/json.h"

namespace dl {

inline constexpr const char* kToolName = "daylight";
// The version that artifacts carry; from CMake's project version.
std::string tool_version();

// One input of a stage.
struct InputDigest {
  std::string role;  // app, inventory, pipeline, samples, images, predictions ...
  std::string name;  // file name without folders
  std::string sha256;

  friend bool operator==(const InputDigest&, const InputDigest&) = default;
};

// No time, host or user stands here: those go to journal.jsonl. Two runs with equal provenance
// write equal bytes.
struct Provenance {
  std::string tool = kToolName;
  std::string version = tool_version();
  std::vector<InputDigest> inputs = {};
  Json options = Json::object();
  std::optional<std::uint64_t> seed = {};
  // What ran the numbers (library versions, CPU features); empty for stages without numerics.
  Json runtime = Json::object();

  friend bool operator==(const Provenance&, const Provenance&) = default;
};

Json to_json(const Provenance& provenance);
Result<Provenance> provenance_from_json(const Json& json, const std::string& where);

// {"schema": "daylight/<kind>/1", "provenance": {...}}: the head of every artifact.
Json artifact_head(const std::string& kind, const Provenance& provenance);
// Checks the schema line and reads the provenance. kInvalidArgument when it is another kind of
// file.
Result<Provenance> read_artifact_head(const Json& json, const std::string& kind,
                                      const std::string& where);

// SHA-256 over schema kind and provenance: equal means that a finished artifact need not be made
// again.
std::string fingerprint(const std::string& kind, const Provenance& provenance);

}  // namespace dl
