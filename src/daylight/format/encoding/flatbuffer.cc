// SPDX-License-Identifier: Apache-2.0
// Bounds checks of FlatBuffers tables, vectors and strings.
#include "daylight/format/encoding/flatbuffer.h"

#include <algorithm>
#include <utility>

namespace dl {
namespace {

constexpr std::uint64_t kAddressable = std::uint64_t{1} << 32U;

// The string whose length prefix lies at `position`.
std::string_view text_at_position(FlatBuffer& buffer, std::uint64_t position) {
  const auto size = load_le<std::uint32_t>(buffer.bytes(), position);
  const auto text = size ? subspan_checked(buffer.bytes(), position + 4, *size) : std::nullopt;
  if (!text) {
    buffer.damage(position, "string does not fit");
    return {};
  }
  // One zero byte follows a string.
  buffer.touch(std::min<std::uint64_t>(position + 4 + *size + 1, buffer.bytes().size()));
  return as_text(*text);
}

}  // namespace

FlatBuffer::FlatBuffer(ByteSpan bytes)
    : bytes_(bytes.first(
          static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), kAddressable)))) {}

std::uint64_t FlatBuffer::filled_extent() const {
  constexpr std::uint64_t kAlignment = 4;
  const std::uint64_t filled = (extent_ + kAlignment - 1) / kAlignment * kAlignment;
  return std::min<std::uint64_t>(filled, bytes_.size());
}

void FlatBuffer::damage(std::uint64_t offset, std::string why) {
  gaps_.add("offset " + std::to_string(offset), std::move(why));
}

std::optional<FlatTable> FlatTable::root(FlatBuffer& buffer) {
  const auto position = load_le<std::uint32_t>(buffer.bytes(), 0);
  if (!position) {
    buffer.damage(0, "too short for a root offset");
    return std::nullopt;
  }
  return at(buffer, *position);
}

std::optional<FlatTable> FlatTable::at(FlatBuffer& buffer, std::uint64_t position) {
  const auto back = load_le<std::int32_t>(buffer.bytes(), position);
  const std::int64_t start = back ? static_cast<std::int64_t>(position) - *back : -1;
  const auto vtable_at = static_cast<std::uint64_t>(start);
  const auto vtable_size =
      start < 0 ? std::nullopt : load_le<std::uint16_t>(buffer.bytes(), vtable_at);
  const auto table_size =
      start < 0 ? std::nullopt : load_le<std::uint16_t>(buffer.bytes(), vtable_at + 2);
  if (!vtable_size || !table_size || *vtable_size < 4 || *vtable_size % 2 != 0 || *table_size < 4) {
    buffer.damage(position, "no table here");
    return std::nullopt;
  }
  const auto vtable = subspan_checked(buffer.bytes(), vtable_at, *vtable_size);
  if (!vtable || !subspan_checked(buffer.bytes(), position, *table_size)) {
    buffer.damage(position, "table does not fit");
    return std::nullopt;
  }
  buffer.touch(vtable_at + *vtable_size);
  buffer.touch(position + *table_size);
  return FlatTable(buffer, position, vtable->subspan(4), *table_size);
}

std::optional<std::uint64_t> FlatTable::field_position(std::uint16_t field,
                                                       std::uint64_t width) const {
  const auto offset = load_le<std::uint16_t>(vtable_, std::uint64_t{field} * 2);
  if (!offset || *offset == 0) return std::nullopt;
  if (*offset < 4 || *offset + width > size_) {
    buffer_->damage(position_, "field " + std::to_string(field) + " lies outside its table");
    return std::nullopt;
  }
  return position_ + *offset;
}

std::optional<std::uint64_t> FlatTable::target(std::uint16_t field) const {
  const auto position = field_position(field, 4);
  if (!position) return std::nullopt;
  const auto offset = load_le<std::uint32_t>(buffer_->bytes(), *position);
  // Offset zero would point to itself; some writers mean "absent".
  if (!offset || *offset == 0) return std::nullopt;
  return *position + *offset;
}

std::string_view FlatTable::text(std::uint16_t field) const {
  const auto position = target(field);
  return position ? text_at_position(*buffer_, *position) : std::string_view{};
}

ByteSpan FlatTable::vector_items(std::uint16_t field, std::uint64_t width) const {
  const auto position = target(field);
  if (!position) return {};
  const auto count = load_le<std::uint32_t>(buffer_->bytes(), *position);
  const auto items =
      count ? subspan_checked(buffer_->bytes(), *position + 4, *count * width) : std::nullopt;
  if (!items) {
    buffer_->damage(*position, "vector does not fit");
    return {};
  }
  buffer_->touch(*position + 4 + items->size());
  return *items;
}

ByteSpan FlatTable::pointed_struct(std::uint16_t field, std::uint64_t size) const {
  const auto position = target(field);
  if (!position) return {};
  const auto bytes = subspan_checked(buffer_->bytes(), *position, size);
  if (!bytes) {
    buffer_->damage(*position, "struct does not fit");
    return {};
  }
  buffer_->touch(*position + size);
  return *bytes;
}

std::optional<FlatTable> FlatTable::table(std::uint16_t field) const {
  const auto position = target(field);
  return position ? at(*buffer_, *position) : std::nullopt;
}

FlatTables FlatTable::tables(std::uint16_t field) const {
  return {*buffer_, vector_items(field, 4)};
}

std::string_view FlatTable::text_at(std::uint16_t field, std::size_t i) const {
  const ByteSpan items = vector_items(field, 4);
  const auto offset = load_le<std::uint32_t>(items, std::uint64_t{i} * 4);
  if (!offset) return {};
  const auto base = static_cast<std::uint64_t>(items.data() - buffer_->bytes().data());
  return text_at_position(*buffer_, base + std::uint64_t{i} * 4 + *offset);
}

std::optional<FlatTable> FlatTables::at(std::size_t i) const {
  const auto offset = load_le<std::uint32_t>(items_, std::uint64_t{i} * 4);
  if (!offset) return std::nullopt;
  const auto base = static_cast<std::uint64_t>(items_.data() - buffer_->bytes().data());
  return FlatTable::at(*buffer_, base + std::uint64_t{i} * 4 + *offset);
}

}  // namespace dl
