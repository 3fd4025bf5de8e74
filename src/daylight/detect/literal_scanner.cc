// SPDX-License-Identifier: Apache-2.0
// Builds and runs the automaton.
#include "daylight/detect/literal_scanner.h"

#include <algorithm>
#include <deque>

namespace dl {

LiteralScanner::LiteralScanner(const std::vector<std::string_view>& literals) {
  for (const std::string_view literal : literals) {
    for (const char c : literal) {
      auto& slot = class_of_[static_cast<std::uint8_t>(c)];
      if (slot == 0 && class_count_ < 255) slot = static_cast<std::uint8_t>(class_count_++);
    }
  }
  constexpr std::uint16_t kUnset = 0xffff;
  const auto add_state = [&] {
    next_.resize(next_.size() + class_count_, kUnset);
    found_.emplace_back();
    return static_cast<std::uint16_t>(found_.size() - 1);
  };
  add_state();
  std::size_t total = 0;
  for (std::size_t i = 0; i < literals.size(); ++i) {
    sizes_.push_back(literals[i].size());
    total += literals[i].size();
    if (literals[i].empty() || total > kMaxLiteralBytes) continue;
    std::uint16_t state = 0;
    for (const char c : literals[i]) {
      const std::size_t at = state * class_count_ + class_of_[static_cast<std::uint8_t>(c)];
      if (next_[at] == kUnset) {
        const std::uint16_t created = add_state();
        next_[at] = created;
      }
      state = next_[at];
    }
    found_[state].push_back(static_cast<std::uint32_t>(i));
  }
  // Breadth first: a state's failure link is shorter than the state, so it is complete before.
  std::vector<std::uint16_t> failure(found_.size(), 0);
  std::deque<std::uint16_t> queue;
  for (std::size_t c = 0; c < class_count_; ++c) {
    if (next_[c] == kUnset) {
      next_[c] = 0;
    } else {
      queue.push_back(next_[c]);
    }
  }
  while (!queue.empty()) {
    const std::uint16_t state = queue.front();
    queue.pop_front();
    const std::uint16_t back = failure[state];
    found_[state].insert(found_[state].end(), found_[back].begin(), found_[back].end());
    for (std::size_t c = 0; c < class_count_; ++c) {
      std::uint16_t& next = next_[state * class_count_ + c];
      const std::uint16_t other = next_[back * class_count_ + c];
      if (next == kUnset) {
        next = other;
      } else {
        failure[next] = other;
        queue.push_back(next);
      }
    }
  }
  // Bytes of no literal lead back to the start.
  for (std::size_t state = 0; state < found_.size(); ++state) next_[state * class_count_] = 0;
  accepts_.resize(found_.size());
  for (std::size_t state = 0; state < found_.size(); ++state)
    accepts_[state] = !found_[state].empty();
}

std::vector<LiteralHit> LiteralScanner::scan(ByteSpan bytes) const {
  std::vector<bool> seen(sizes_.size(), false);
  std::vector<LiteralHit> hits;
  std::size_t state = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    state = next_[state * class_count_ + class_of_[bytes[i]]];
    if (state == 0 || !accepts_[state]) continue;
    for (const std::uint32_t literal : found_[state]) {
      if (seen[literal]) continue;
      seen[literal] = true;
      hits.push_back({literal, i + 1 - sizes_[literal]});
    }
  }
  std::sort(hits.begin(), hits.end(),
            [](const LiteralHit& a, const LiteralHit& b) { return a.literal < b.literal; });
  return hits;
}

}  // namespace dl
