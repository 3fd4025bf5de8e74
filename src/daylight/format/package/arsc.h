// SPDX-License-Identifier: Apache-2.0
// resources.arsc as far as files and simple values need it: resource id -> type, name, and the
// value for each configuration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/package/res_chunk.h"

namespace dl {

inline constexpr std::size_t kMaxArscValues = 4'000'000;  // over all configurations
inline constexpr std::size_t kMaxArscPackages = 256;
inline constexpr int kMaxArscReferenceDepth = 20;

// One value of one resource for one configuration.
struct ArscValue {
  std::uint32_t id = 0;
  std::uint32_t config = 0;    // index into ResourceTable::configs()
  std::uint32_t name_key = 0;  // index into the package's key strings
  ResValue value;              // kNull for a bag (array, style, plural)
  bool is_bag = false;
  std::vector<ResValue> items;  // of a bag, in order (string-array, integer-array)
};

// A parsed table over bytes that outlive it. const methods are thread safe.
class ResourceTable {
 public:
  // Keeps what can be read; sizes that lie are cut (gaps). kCorrupt if the table header or its
  // string pool is missing.
  static Result<ResourceTable> parse(ByteSpan bytes, std::string where);

  // All values, by id, then in file order of configurations.
  const std::vector<ArscValue>& values() const { return values_; }
  // The values of one resource; empty if it has none.
  std::vector<const ArscValue*> find(std::uint32_t id) const;

  // "raw", "string" ... and the entry's name; "" if the id is unknown.
  std::string type_name(std::uint32_t id) const;
  std::string entry_name(std::uint32_t id) const;
  // The id of package-less "type/name", or nothing.
  std::optional<std::uint32_t> id_of(std::string_view type, std::string_view name) const;

  // The text of a value: a pool string, simple_text(), or that of a reference's target (default
  // configuration first). Nothing for bags, unknown ids and circles.
  std::optional<std::string> text_of(const ResValue& value) const;
  std::optional<std::string> string_of(std::uint32_t id) const;
  // The strings of an array resource (default configuration first), references followed; empty if
  // it is none.
  std::vector<std::string> array_of(std::uint32_t id) const;

  // The paths inside the APK of a file resource (raw, drawable, layout, xml ...), one for each
  // configuration, without repeats. Names of files say nothing after resource shrinking: go by id.
  std::vector<std::string> files_of(std::uint32_t id) const;
  // path -> id, for all file resources.
  const std::map<std::string, std::uint32_t>& file_ids() const { return file_ids_; }

  // Text form of each configuration ("" is the default, else its qualifiers or raw bytes in
  // hexadecimal).
  const std::vector<std::string>& configs() const { return configs_; }
  // Package names, by package id.
  const std::map<std::uint32_t, std::string>& packages() const { return package_names_; }
  const GapList& gaps() const { return gaps_; }

 private:
  friend class ArscReader;

  const ArscValue* default_value(std::uint32_t id) const;

  struct Package {
    ResStringPool types;
    ResStringPool keys;
    std::uint32_t type_offset = 0;
  };

  std::string where_;
  ResStringPool strings_;
  std::map<std::uint32_t, Package> package_tables_;  // by package id
  std::map<std::uint32_t, std::string> package_names_;
  std::vector<ArscValue> values_;
  std::vector<std::string> configs_;
  std::map<std::string, std::uint32_t> file_ids_;
  GapList gaps_;
};

}  // namespace dl
