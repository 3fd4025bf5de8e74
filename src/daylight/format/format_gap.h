// SPDX-License-Identifier: Apache-2.0
// What a parser could not read, or read though the format forbids it: no input is dropped in
// silence.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dl {

// One place of an input and why it was not (or not regularly) read. `where` names file, entry,
// offset or table; `why` is a clause without a trailing dot. Text from the input may be hostile:
// printers escape it.
struct FormatGap {
  std::string where;
  std::string why;

  friend bool operator==(const FormatGap&, const FormatGap&) = default;
};

// At most this many gaps of one input are kept one by one; a last one counts the rest.
inline constexpr std::size_t kMaxFormatGaps = 200;

// A list of gaps that cannot grow without bound on hostile input.
class GapList {
 public:
  void add(std::string where, std::string why);
  void append(const GapList& other);
  // The gaps in the order of their discovery, followed by one that counts those beyond the limit,
  // if any.
  std::vector<FormatGap> list() const;
  bool empty() const { return gaps_.empty(); }
  // All that were added, also those beyond the limit.
  std::size_t count() const { return gaps_.size() + beyond_; }

 private:
  std::vector<FormatGap> gaps_;
  std::size_t beyond_ = 0;
};

}  // namespace dl
