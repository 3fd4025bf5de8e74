// SPDX-License-Identifier: Apache-2.0
// The coremldata.bin files of a compiled Core ML model: the model's description behind a header,
// and in the folder analytics what the compiler noted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// Bytes of a description.
inline constexpr std::uint64_t kMaxCoremlDescription = 64U << 20U;
// Characters of the header's text.
inline constexpr std::uint64_t kMaxCoremlHeaderText = 4096;
// Where the header's layout is not known, the description is looked for so far into the file, and
// taken if it has at most so many bytes.
inline constexpr std::uint64_t kMaxCoremlDescriptionOffset = 256;
inline constexpr std::uint64_t kMaxFoundCoremlDescription = 1U << 20U;
// Characters of one text of the analytics, and texts of all.
inline constexpr std::uint64_t kMaxCoremlNote = 4096;
inline constexpr std::uint64_t kMaxCoremlNotes = 1024;

struct CoremlData {
  std::uint32_t type = 0;     // the number of the model's kind, as coreml_type_name takes it
  std::uint64_t version = 0;  // of the specification; 0: not known
  ByteSpan description;       // a whole ModelDescription
  bool known_header = false;  // else the description was found by its structure
  std::uint64_t rest = 0;     // bytes behind the description, which depend on the kind
};

// Layout, little-endian: the kind as 32 bits; 24 bytes; a text behind its length of 64 bits; the
// specification's version as 32 bits; 28 bytes; the description behind its length of 64 bits; bytes
// that depend on the kind. No definition is published: this is what public re-implementations of
// the compiler write and compare byte for byte with its output (coremlc 3520 and 3600; programs and
// pipelines). Nothing where the bytes do not begin with a kind or no whole description with a
// border follows.
std::optional<CoremlData> read_coreml_data(ByteSpan bytes);

// Sections of pairs, all texts behind lengths of 64 bits: "SpecificationDetails.modelName" ->
// "Age". Nothing unless the whole range is so made and its first section is called "...Details".
std::optional<std::vector<std::pair<std::string, std::string>>> read_coreml_analytics(
    ByteSpan bytes);

}  // namespace dl
