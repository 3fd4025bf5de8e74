// SPDX-License-Identifier: Apache-2.0
// What a claim rests on (Evidence), what could not be read (Gap), and how far a claim is known to
// hold (Use, Proof).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/json.h"

namespace dl {

// One observation. `kind` is code|native|asset|manifest|trace|user. Either offset or method says
// where inside the entry.
struct Evidence {
  std::string kind;
  std::string file;  // the outermost file, by its name without folders
  std::vector<std::string> entry =
      {};  // chain of containers from the outside in; empty: the file itself
  std::optional<std::uint64_t> offset = {};  // bytes into the innermost entry
  std::string method = {};           // Lpkg/Class;->name(Descriptor)Ret, or an export's name
  std::string rule = {};             // id of the rule or analysis that fired
  std::string excerpt = {};          // what was seen there, printable and short
  std::string original_method = {};  // `method` before obfuscation, where a mapping file said so

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

// Something that could not be read or decided. Nothing is dropped without one.
struct Gap {
  std::string where;
  std::string why;

  friend bool operator==(const Gap&, const Gap&) = default;
};

// How far a claim is known to hold: the code is there; a path leads to it; it ran; it gave an
// answer.
enum class Use { kPresent, kReachable, kExecuted, kAnswered };
const char* to_string(Use use);
Result<Use> use_from_string(const std::string& text);

Json to_json(const Evidence& evidence);
Json to_json(const Gap& gap);
Result<Evidence> evidence_from_json(const Json& json, const std::string& where);
Result<Gap> gap_from_json(const Json& json, const std::string& where);
Json to_json(const std::vector<Evidence>& list);
Json to_json(const std::vector<Gap>& list);
Result<std::vector<Evidence>> evidence_list_from_json(const Json& json, const std::string& where);
Result<std::vector<Gap>> gap_list_from_json(const Json& json, const std::string& where);

}  // namespace dl
