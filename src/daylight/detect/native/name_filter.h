// SPDX-License-Identifier: Apache-2.0
// Tells names that none of many patterns can match, from their first bytes.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dl {

// A library has a hundred thousand names, and nearly all of them begin unlike every pattern.
// Patterns are those of matches_glob. Immutable once filled; const methods are thread safe.
class NameFilter {
 public:
  void add(std::string_view pattern) {
    const std::size_t star = pattern.find('*');
    const std::string_view begin = pattern.substr(0, star);
    if (star >= kLong) {
      long_.set(slot(begin, kLong));
    } else if (star >= kShort) {
      short_.set(slot(begin, kShort));
    } else {
      passes_all_ = true;  // too short a beginning: no name can be left out
    }
  }

  // False only if no pattern matches.
  bool may_match(std::string_view name) const {
    return passes_all_ || long_.test(slot(name, kLong)) || short_.test(slot(name, kShort));
  }

 private:
  static constexpr std::size_t kLong = 16;
  static constexpr std::size_t kShort = 10;
  static constexpr unsigned kSlotBits = 12;

  // Of the first `count` bytes; a shorter name is as if zeros followed.
  static std::size_t slot(std::string_view name, std::size_t count) {
    std::array<std::uint64_t, 2> words = {};
    if (!name.empty()) std::memcpy(words.data(), name.data(), std::min(name.size(), count));
    const std::uint64_t mixed = (words[0] ^ (words[1] * 0x9e3779b97f4a7c15U)) * 0xd6e8feb86659fd93U;
    return static_cast<std::size_t>(mixed >> (64 - kSlotBits));
  }

  std::bitset<std::size_t{1} << kSlotBits> long_;
  std::bitset<std::size_t{1} << kSlotBits> short_;
  bool passes_all_ = false;
};

}  // namespace dl
