// SPDX-License-Identifier: Apache-2.0
// What every method body mentions (calls, strings, types, fields), read in one pass over all code.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "daylight/format/format_gap.h"
#include "daylight/program/code/class_index.h"

namespace dl::program {

// Honest files hold each body once, or share short ones; beyond this many times the files' own size
// nothing more is read.
inline constexpr std::uint64_t kMaxCodeReads = 4;

enum class InvokeKind : std::uint8_t { kVirtual, kSuper, kDirect, kStatic, kInterface, kDynamic };

// One invoke instruction. `pc` counts 16-bit units from the start of the method.
struct CallSite {
  MethodId callee = kNoId;  // as the instruction names it
  std::uint32_t pc = 0;
  InvokeKind kind = InvokeKind::kVirtual;
};
struct StringUse {
  std::string_view text;
  std::uint32_t pc = 0;
};
enum class TypeUseKind : std::uint8_t { kNew, kNewArray, kConstClass, kCast, kInstanceOf };
struct TypeUse {
  ClassId type = kNoId;
  std::uint32_t pc = 0;
  TypeUseKind kind = TypeUseKind::kNew;
};
struct FieldUse {
  FieldId field = kNoId;
  std::uint32_t pc = 0;
  bool write = false;
  bool is_static = false;
};

// Immutable after build(); const methods are thread safe. Spans are in order of pc; empty for
// methods without code.
class CodeFacts {
 public:
  static CodeFacts build(const ClassIndex& index);

  std::span<const CallSite> calls(MethodId method) const {
    return slice(calls_, method, &Starts::call);
  }
  std::span<const StringUse> strings(MethodId method) const {
    return slice(strings_, method, &Starts::string);
  }
  std::span<const TypeUse> types(MethodId method) const {
    return slice(types_, method, &Starts::type);
  }
  std::span<const FieldUse> fields(MethodId method) const {
    return slice(fields_, method, &Starts::field);
  }

  // Methods that use this constant string, in id order. Linear in the number of strings of the app.
  std::vector<MethodId> methods_with_string(std::string_view text) const;
  // 16-bit code units that were decoded.
  std::uint64_t units() const { return units_; }
  // Methods whose code could not be decoded to its end.
  const GapList& gaps() const { return gaps_; }

 private:
  // Starts of a method's facts; the end is the next method's start.
  struct Starts {
    std::uint32_t call = 0;
    std::uint32_t string = 0;
    std::uint32_t type = 0;
    std::uint32_t field = 0;
  };

  template <typename T>
  std::span<const T> slice(const std::vector<T>& all, MethodId method,
                           std::uint32_t Starts::*member) const {
    const std::uint32_t begin = starts_[method].*member;
    return std::span<const T>(all).subspan(begin, starts_[method + 1].*member - begin);
  }
  void scan(const ClassIndex& index, MethodId method);

  std::vector<Starts> starts_;  // method_count + 1
  std::vector<CallSite> calls_;
  std::vector<StringUse> strings_;
  std::vector<TypeUse> types_;
  std::vector<FieldUse> fields_;
  std::uint64_t units_ = 0;
  std::uint64_t unit_limit_ = 0;
  GapList gaps_;
};

}  // namespace dl::program
