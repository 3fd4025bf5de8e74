// SPDX-License-Identifier: Apache-2.0
// Keeps gaps up to a limit and counts the rest.
#include "daylight/format/format_gap.h"

namespace dl {

void GapList::add(std::string where, std::string why) {
  if (gaps_.size() >= kMaxFormatGaps) {
    ++beyond_;
    return;
  }
  gaps_.push_back({std::move(where), std::move(why)});
}

void GapList::append(const GapList& other) {
  for (const FormatGap& gap : other.gaps_) add(gap.where, gap.why);
  beyond_ += other.beyond_;
}

std::vector<FormatGap> GapList::list() const {
  std::vector<FormatGap> all = gaps_;
  if (beyond_ > 0) {
    all.push_back({gaps_.front().where, std::to_string(beyond_) + " more gaps are not listed"});
  }
  return all;
}

}  // namespace dl
