// SPDX-License-Identifier: Apache-2.0
// Schemas of FlatBuffers as text, and a walk over a table that follows one: what its options say,
// which constants it holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/format/encoding/flatbuffer.h"

namespace dl {

// Tables inside of tables that a walk follows.
inline constexpr int kMaxFlatDepth = 12;
// Characters of one table's detail; the rest is cut, with "..." at its end.
inline constexpr std::size_t kMaxFlatDetail = 2000;
// Numbers of one vector that a detail lists; a longer one is listed by its count.
inline constexpr std::size_t kMaxFlatNumbers = 32;

enum class FlatKind : std::uint8_t { kNumber, kText, kNumbers, kTexts, kTable, kTables, kUnion };
// What a field's value is good for.
enum class FlatUse : std::uint8_t {
  kOption,    // changes the computation
  kConstant,  // numbers that training set
  kQuiet,     // names and the like
};

struct FlatField {
  std::string name;
  std::uint16_t number = 0;  // of the field in its table
  FlatKind kind = FlatKind::kNumber;
  FlatUse use = FlatUse::kOption;
  std::string type;  // "i32", "f32" ... of numbers; else the table or union
};

struct FlatType {
  std::string name;
  std::vector<FlatField> fields;     // of a table
  std::vector<std::string> members;  // of a union: tables by number, from 1
};

// Parsed from lines, each a table or a union:
//   NAME field:TYPE field:TYPE ...     |NAME Member Member ...
// TYPE is i8 u8 b (boolean) i16 u16 i32 u32 i64 u64 f32 f64, s (string), a table's name, "|" and a
// union's name (two field numbers), or one of these but unions in [brackets] (a vector). "*" behind
// it: constants; "-": quiet. "field:" without a type keeps a number free. Names that no line
// defines are tables without fields. Thread safe once built.
class FlatSchema {
 public:
  explicit FlatSchema(std::string_view text);
  // Null if there is none.
  const FlatType* find(std::string_view name) const;

 private:
  std::vector<FlatType> types_;  // sorted by name
};

// Numbers in place.
struct FlatConstant {
  ByteSpan bytes;
  std::uint64_t elements = 0;
};

struct FlatSummary {
  // "padX=1 strides=1,1 common.group=3": options that the file stores, in the schema's order.
  std::string detail;
  std::vector<FlatConstant> constants;  // in the schema's order
};

// Walks tables of one buffer; all walks share one budget, because parts may be shared in the file.
// Everything that the schema knows is touched, so the buffer's extent covers it. Not thread safe.
class FlatWalker {
 public:
  FlatWalker(const FlatSchema& schema, std::uint64_t budget) : schema_(schema), budget_(budget) {}

  // Of a type that the schema does not have: an empty summary.
  FlatSummary walk(const FlatTable& table, std::string_view type);
  // The budget is used up: parts were left out.
  bool exhausted() const { return exhausted_; }

 private:
  void walk_table(const FlatTable& table, const FlatType& type, const std::string& prefix,
                  int depth, FlatSummary& out);
  void walk_field(const FlatTable& table, const FlatField& field, const std::string& prefix,
                  int depth, FlatSummary& out);
  void walk_member(const FlatTable& table, std::string_view type, const std::string& prefix,
                   int depth, FlatSummary& out);
  bool spend(std::uint64_t count);

  const FlatSchema& schema_;
  std::uint64_t budget_;
  bool exhausted_ = false;
};

}  // namespace dl
