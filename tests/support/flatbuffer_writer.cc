// SPDX-License-Identifier: Apache-2.0
// Writes parents before children, so that every offset points forward as the format wants.
#include "support/flatbuffer_writer.h"

#include <algorithm>

namespace dl::testing {
namespace {

void put32(std::string& out, std::uint64_t value) {
  for (unsigned i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}
void poke(std::string& out, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) out[at + i] = static_cast<char>(value >> (8 * i));
}
// Zero bytes until `size` + `ahead` is a multiple of `to`.
void align(std::string& out, std::size_t to, std::size_t ahead = 0) {
  while ((out.size() + ahead) % to != 0) out.push_back('\0');
}

}  // namespace

Flat Flat::text(const std::string& value) {
  Flat out(Kind::kText);
  out.bytes_ = value;
  return out;
}

Flat Flat::list(std::vector<Flat> values) {
  Flat out(Kind::kList);
  out.values_ = std::move(values);
  return out;
}

Flat Flat::table(Fields fields) {
  Flat out(Kind::kTable);
  out.fields_ = std::move(fields);
  return out;
}

// Appends the value, then what it points to; gives its position.
std::uint32_t Flat::write(std::string& out) const {
  if (kind_ == Kind::kText) {
    align(out, 4);
    const std::size_t at = out.size();
    put32(out, bytes_.size());
    out += bytes_ + '\0';
    align(out, 4);
    return static_cast<std::uint32_t>(at);
  }
  if (kind_ == Kind::kNumbers) {
    align(out, std::max<std::size_t>(4, width_), 4);
    const std::size_t at = out.size();
    put32(out, count_);
    out += bytes_;
    align(out, 4);
    return static_cast<std::uint32_t>(at);
  }
  if (kind_ == Kind::kList) {
    align(out, 4);
    const std::size_t at = out.size();
    put32(out, values_.size());
    out.resize(out.size() + 4 * values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const std::size_t slot = at + 4 + 4 * i;
      const std::uint32_t child = values_[i].write(out);
      poke(out, slot, child - slot, 4);
    }
    return static_cast<std::uint32_t>(at);
  }
  // A table: vtable first, then the inline part with the wide fields first.
  std::uint16_t fields = 0;
  for (const auto& [number, value] : fields_)
    fields = std::max<std::uint16_t>(fields, static_cast<std::uint16_t>(number + 1));
  align(out, 4);
  const std::size_t vtable = out.size();
  out.resize(out.size() + 4 + 2U * fields);
  align(out, 8, 4);
  const std::size_t table = out.size();
  put32(out, table - vtable);
  std::vector<std::pair<std::size_t, const Flat*>> children;
  for (std::size_t width : {8U, 4U, 2U, 1U}) {
    for (const auto& [number, value] : fields_) {
      const std::size_t size = value.kind_ == Kind::kNumber ? value.bytes_.size() : 4;
      if (size != width) continue;
      align(out, size);
      poke(out, vtable + 4 + 2U * number, out.size() - table, 2);
      if (value.kind_ == Kind::kNumber) {
        out += value.bytes_;
      } else {
        children.emplace_back(out.size(), &value);
        put32(out, 0);
      }
    }
  }
  poke(out, vtable, 4 + 2U * fields, 2);
  poke(out, vtable + 2, out.size() - table, 2);
  align(out, 4);
  for (const auto& [slot, value] : children) {
    const std::uint32_t child = value->write(out);
    poke(out, slot, child - slot, 4);
  }
  return static_cast<std::uint32_t>(table);
}

std::string Flat::buffer(const std::string& identifier) const {
  std::string out(4, '\0');
  out += identifier;
  const std::uint32_t root = write(out);
  poke(out, 0, root, 4);
  align(out, 4);
  return out;
}

}  // namespace dl::testing
