// SPDX-License-Identifier: Apache-2.0
// Finds many literal strings in one pass over bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// Total length of all literals.
inline constexpr std::size_t kMaxLiteralBytes = 200000;
// Occurrences that one scan reports; it ends there.
inline constexpr std::size_t kMaxLiteralHits = std::size_t{1} << 20;

// Where a literal was seen.
struct LiteralHit {
  std::size_t literal = 0;  // index in the order given
  std::uint64_t offset = 0;

  friend bool operator==(const LiteralHit&, const LiteralHit&) = default;
};

// Immutable; scans are thread safe. The work is done by Vectorscan, the portable form of Hyperscan.
//
// Source: Wang et al., "Hyperscan: A Fast Multi-pattern Regex Matcher for Modern CPUs", NSDI 2019.
class LiteralScanner {
 public:
  enum class Report { kFirst, kEvery };

  // Empty literals and those beyond kMaxLiteralBytes never match. Building takes about 40
  // microseconds for each literal.
  LiteralScanner(const std::vector<std::string_view>& literals, Report report);
  // From what serialized() gave for the same literals on a processor with the same features; built
  // anew where it does not fit this one.
  LiteralScanner(const std::vector<std::string_view>& literals, Report report, ByteSpan serialized);
  ~LiteralScanner();
  LiteralScanner(const LiteralScanner&) = delete;
  LiteralScanner& operator=(const LiteralScanner&) = delete;

  // The first occurrence of each literal that occurs (kFirst), by literal; or every occurrence, by
  // offset, then literal.
  std::vector<LiteralHit> scan(ByteSpan bytes) const;
  std::vector<std::uint8_t> serialized() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dl
