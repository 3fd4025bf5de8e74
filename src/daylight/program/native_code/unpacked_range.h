// SPDX-License-Identifier: Apache-2.0
// A sequence of packed items, each unpacked when it is read.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace dl::program {

// As std::views::transform over a span, which clang 14 cannot read in this library's headers. Views
// the items; iterators live as long as the range.
template <typename Packed, typename Unpack>
class UnpackedRange {
 public:
  UnpackedRange(std::span<const Packed> items, Unpack unpack)
      : items_(items), unpack_(std::move(unpack)) {}

  class Iterator {
   public:
    Iterator(const Packed* at, const Unpack* unpack) : at_(at), unpack_(unpack) {}
    auto operator*() const { return (*unpack_)(*at_); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const Packed* at_;
    const Unpack* unpack_;
  };

  Iterator begin() const { return {items_.data(), &unpack_}; }
  Iterator end() const { return {items_.data() + items_.size(), &unpack_}; }
  std::size_t size() const { return items_.size(); }

 private:
  std::span<const Packed> items_;
  Unpack unpack_;
};

}  // namespace dl::program
