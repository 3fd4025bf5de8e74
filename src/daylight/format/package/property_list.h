// SPDX-License-Identifier: Apache-2.0
// Property lists of Apple's systems, binary ("bplist00") and XML, as JSON.
//
// Source: Apple's public CFBinaryPList layout and the PropertyList-1.0 document type.
#pragma once

#include <cstddef>
#include <string>

#include "daylight/base/bytes.h"
#include "daylight/base/json.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"

namespace dl {

inline constexpr std::size_t kMaxPropertyListBytes = 64U << 20U;
inline constexpr std::size_t kMaxPropertyListDepth = 128;
// Values that are given out; one that stands in several places counts each time.
inline constexpr std::size_t kMaxPropertyListValues = 200'000;
// Characters of all texts together, counted likewise.
inline constexpr std::size_t kMaxPropertyListText = 256U << 20U;

struct PropertyList {
  // Dictionaries are objects, arrays arrays, strings UTF-8 text (what is none is replaced), numbers
  // and booleans such; data is its base64 text, a date its text as XML has it (seconds since 2001
  // as a number in the binary form), a UID a number.
  Json root;
  bool binary = false;
  GapList gaps;
};

// Whether the bytes begin like one.
bool looks_like_property_list(ByteSpan bytes);

// kCorrupt where the bytes are none, or have no root; kUnsupported for the old text form; kLimit
// for one that is too large. What is damaged inside is null, with a gap. Thread safe.
Result<PropertyList> parse_property_list(ByteSpan bytes, const std::string& where);

}  // namespace dl
