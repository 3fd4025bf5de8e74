// SPDX-License-Identifier: Apache-2.0
// Writes FlatBuffers for tests from nested values, without a schema.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dl::testing {

// One value of a FlatBuffer: a number, a string, a vector of numbers, of strings or of tables, or a
// table (field number → value). Vectors of numbers keep the width of their element type.
class Flat {
 public:
  using Fields = std::vector<std::pair<std::uint16_t, Flat>>;

  template <typename T>
  static Flat number(T value) {
    Flat out(Kind::kNumber);
    out.bytes_.resize(sizeof(T));
    std::memcpy(out.bytes_.data(), &value, sizeof(T));
    return out;
  }
  static Flat text(const std::string& value);
  template <typename T>
  static Flat numbers(const std::vector<T>& values) {
    Flat out(Kind::kNumbers);
    out.count_ = values.size();
    out.width_ = sizeof(T);
    out.bytes_.resize(sizeof(T) * values.size());
    if (!values.empty()) std::memcpy(out.bytes_.data(), values.data(), out.bytes_.size());
    return out;
  }
  static Flat list(std::vector<Flat> values);
  static Flat table(Fields fields);

  // The whole buffer with this table as its root; `identifier` has four characters, or none.
  std::string buffer(const std::string& identifier) const;

 private:
  enum class Kind { kNumber, kText, kNumbers, kList, kTable };
  explicit Flat(Kind kind) : kind_(kind) {}
  std::uint32_t write(std::string& out) const;

  Kind kind_;
  std::string bytes_;
  std::size_t count_ = 0;
  std::size_t width_ = 1;
  std::vector<Flat> values_;
  Fields fields_;
};

}  // namespace dl::testing
