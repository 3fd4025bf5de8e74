// SPDX-License-Identifier: Apache-2.0
// How much of a FlatBuffer may be copied: its parts can be shared, so a small file can unfold into
// more than memory holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/format/encoding/flatbuffer.h"

namespace dl {

// Elements (list entries, characters, bytes) that one reader still takes from a buffer. What does
// not fit into the rest is left out, with one gap for all of it; smaller parts go on. The buffer
// must outlive it.
class FlatBudget {
 public:
  FlatBudget(FlatBuffer& buffer, std::uint64_t elements) : buffer_(buffer), left_(elements) {}

  // Takes `count` elements; false where they are not left.
  bool spend(std::uint64_t count);
  // Nothing more is taken.
  void exhaust();

  std::string copy(std::string_view text) {
    return spend(text.size()) ? std::string(text) : std::string();
  }
  template <typename T>
  std::vector<T> copy(const FlatVector<T>& items) {
    std::vector<T> out;
    if (!spend(items.size())) return out;
    out.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) out.push_back(items[i]);
    return out;
  }
  // A vector of strings.
  std::vector<std::string> copy_texts(const FlatTable& table, std::uint16_t field);

 private:
  void leave_out();

  FlatBuffer& buffer_;
  std::uint64_t left_;
  bool told_ = false;
};

}  // namespace dl
