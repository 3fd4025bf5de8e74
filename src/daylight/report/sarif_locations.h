// SPDX-License-Identifier: Apache-2.0
// Where things lie, as SARIF says it: nested artifacts with relative URIs, and locations in them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/json.h"

namespace dl {

// A path as a relative URI reference (RFC 3986): every byte that is no unreserved character or "/"
// is percent-encoded; a leading "/" is too, so that no path becomes absolute, and parts "." and
// ".." get a backslash (%5C) in front, so that none leads out.
std::string relative_uri(const std::string& path);
// Text for a SARIF message: printable, with the characters escaped that mean something there.
std::string sarif_text(const std::string& text, std::size_t limit = 1000);

// The run's artifacts: each container of each chain once, the outer before the inner.
class SarifArtifacts {
 public:
  explicit SarifArtifacts(const Inventory& inventory);

  // The index of an entry; made, with its containers, where it is new.
  std::size_t index_of(const std::string& file, const std::vector<std::string>& entry);
  // A model's bytes as an artifact inside its entry, with its digest.
  void add_model(const ModelRecord& model);

  // {"physicalLocation": {...}}: the entry, and the bytes where they are known.
  Json location(const std::string& file, const std::vector<std::string>& entry,
                std::optional<std::uint64_t> offset = {}, std::uint64_t size = 0);
  // The place of one observation, with the method as a logical location and the excerpt as its
  // message. `id` numbers the related locations of one result.
  Json location(const Evidence& evidence, std::size_t id);

  Json take() { return std::move(list_); }

 private:
  std::map<std::string, std::size_t> by_path_;  // "file\0entry\0entry"
  Json list_ = Json::array();
};

// {"name", "fullyQualifiedName", "decoratedName", "kind": "function"} of "Lpkg/Class;->m(I)V" or of
// an export.
Json logical_location(const std::string& method);

}  // namespace dl
