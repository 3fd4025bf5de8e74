// SPDX-License-Identifier: Apache-2.0
// Finds many literal strings in one pass over bytes (Aho-Corasick).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// Total length of all literals.
inline constexpr std::size_t kMaxLiteralBytes = 60000;

// Where a literal was seen first.
struct LiteralHit {
  std::size_t literal = 0;  // index in the order given
  std::uint64_t offset = 0;
};

// Immutable; scan() is thread safe.
//
// Source: Aho, Corasick, "Efficient string matching: an aid to bibliographic search", CACM 18(6),
// 1975; failure links are resolved into a full transition table over the byte classes that the
// literals use.
class LiteralScanner {
 public:
  // Empty literals and those beyond kMaxLiteralBytes never match.
  explicit LiteralScanner(const std::vector<std::string_view>& literals);

  // The first occurrence of each literal that occurs, by literal.
  std::vector<LiteralHit> scan(ByteSpan bytes) const;

 private:
  std::size_t class_count_ = 1;
  std::array<std::uint8_t, 256> class_of_{};       // 0: in no literal
  std::vector<std::uint16_t> next_;                // [state * class_count_ + class]
  std::vector<std::vector<std::uint32_t>> found_;  // literals that end in a state
  std::vector<bool> accepts_;
  std::vector<std::size_t> sizes_;
};

}  // namespace dl
