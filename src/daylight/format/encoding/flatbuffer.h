// SPDX-License-Identifier: Apache-2.0
// FlatBuffers over hostile bytes: every table, string and vector is checked when it is touched.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "daylight/base/bytes.h"
#include "daylight/format/format_gap.h"

namespace dl {

// One FlatBuffer while it is read. Remembers how far the parts that were touched reach and what was
// damaged: a field that is absent gives its default; one that is there but does not fit gives its
// default and a gap. Format: the "FlatBuffers internals" page of its project. Not thread safe;
// tables and vectors point to it, so it must not move while they live.
class FlatBuffer {
 public:
  // At most 2^32 bytes are addressable; behind them nothing is read.
  explicit FlatBuffer(ByteSpan bytes);
  FlatBuffer(const FlatBuffer&) = delete;
  FlatBuffer& operator=(const FlatBuffer&) = delete;

  ByteSpan bytes() const { return bytes_; }
  // The end of the furthest part that was touched, in bytes from the start.
  std::uint64_t extent() const { return extent_; }
  // The same, filled up to a multiple of four as writers fill their last part, where there are
  // bytes.
  std::uint64_t filled_extent() const;
  const GapList& gaps() const { return gaps_; }
  bool damaged() const { return !gaps_.empty(); }

  // For the parts below and for readers that find contradictions.
  void damage(std::uint64_t offset, std::string why);
  void touch(std::uint64_t end) {
    if (end > extent_) extent_ = end;
  }

 private:
  ByteSpan bytes_;
  std::uint64_t extent_ = 0;
  GapList gaps_;
};

// A vector of numbers in place. Empty where the field is absent or damaged.
template <typename T>
class FlatVector {
 public:
  static_assert(std::is_arithmetic_v<T>);
  FlatVector() = default;
  explicit FlatVector(ByteSpan items) : items_(items) {}
  std::size_t size() const { return items_.size() / sizeof(T); }
  bool empty() const { return items_.empty(); }
  // Zero for i >= size().
  T operator[](std::size_t i) const {
    return load_le<T>(items_, std::uint64_t{i} * sizeof(T)).value_or(T{});
  }
  ByteSpan bytes() const { return items_; }

 private:
  ByteSpan items_;
};

class FlatTables;

// One table. Field numbers count from 0 in the order of the schema; a union takes two (type,
// value).
class FlatTable {
 public:
  // The table that the first four bytes point to, or nothing (with a gap in `buffer`).
  static std::optional<FlatTable> root(FlatBuffer& buffer);
  // The table at an absolute position, or nothing (with a gap).
  static std::optional<FlatTable> at(FlatBuffer& buffer, std::uint64_t position);

  bool has(std::uint16_t field) const { return field_position(field, 1).has_value(); }
  // Booleans are read as std::uint8_t.
  template <typename T>
  T scalar(std::uint16_t field, T absent) const {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    const auto position = field_position(field, sizeof(T));
    return position ? load_le<T>(buffer_->bytes(), *position).value_or(absent) : absent;
  }
  std::string_view text(std::uint16_t field) const;
  template <typename T>
  FlatVector<T> vector(std::uint16_t field) const {
    return FlatVector<T>(vector_items(field, sizeof(T)));
  }
  // Elements of a vector of structs, `width` bytes each; empty where absent or damaged.
  ByteSpan structs(std::uint16_t field, std::uint64_t width) const {
    return vector_items(field, width);
  }
  // A struct of `size` bytes that the field points to, as unions hold them; empty where absent or
  // damaged.
  ByteSpan pointed_struct(std::uint16_t field, std::uint64_t size) const;
  std::optional<FlatTable> table(std::uint16_t field) const;
  FlatTables tables(std::uint16_t field) const;
  // Strings of a vector of strings: by number, empty where out of range or damaged.
  std::size_t text_count(std::uint16_t field) const { return vector_items(field, 4).size() / 4; }
  std::string_view text_at(std::uint16_t field, std::size_t i) const;

  std::uint64_t position() const { return position_; }
  FlatBuffer& buffer() const { return *buffer_; }

 private:
  friend class FlatTables;
  FlatTable(FlatBuffer& buffer, std::uint64_t position, ByteSpan vtable, std::uint16_t size)
      : buffer_(&buffer), position_(position), vtable_(vtable), size_(size) {}

  std::optional<std::uint64_t> field_position(std::uint16_t field, std::uint64_t width) const;
  std::optional<std::uint64_t> target(std::uint16_t field) const;
  ByteSpan vector_items(std::uint16_t field, std::uint64_t width) const;

  FlatBuffer* buffer_;
  std::uint64_t position_;
  ByteSpan vtable_;     // behind its two sizes
  std::uint16_t size_;  // of the table's inline part
};

// A vector of tables.
class FlatTables {
 public:
  FlatTables() = default;
  std::size_t size() const { return items_.size() / 4; }
  bool empty() const { return items_.empty(); }
  // Nothing (with a gap) if the table does not fit, or i >= size().
  std::optional<FlatTable> at(std::size_t i) const;

 private:
  friend class FlatTable;
  FlatTables(FlatBuffer& buffer, ByteSpan items) : buffer_(&buffer), items_(items) {}
  FlatBuffer* buffer_ = nullptr;
  ByteSpan items_;
};

}  // namespace dl
