// SPDX-License-Identifier: Apache-2.0
// How one run of bytes was made from another: the step of a chain that does the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// Longest key of a relation.
inline constexpr std::size_t kMaxRelationKey = 4096;
// Shorter outputs show nothing.
inline constexpr std::size_t kMinRelationSize = 256;

struct CipherRelation {
  std::vector<std::string> steps;  // of container.h; empty: the bytes are the same
  std::string cipher;              // "xor", "add", "map"; "" where no key is needed
  std::vector<std::uint8_t> key;
  std::string how;  // for people
};

// The steps from `in` to `out`, where `out` is `in` or its end or begin with: a repeating key
// XORed or added, every byte replaced by another, the order reversed (also before one of these).
// Nothing for other relations, and where the key is not seen at least twice.
std::optional<CipherRelation> relate_bytes(ByteSpan in, ByteSpan out);

}  // namespace dl
