// SPDX-License-Identifier: Apache-2.0
// Java's rules: integers wrap, shifts take their count's lower bits, conversions saturate.
#include "daylight/program/interpreter/dex_numbers.h"

#include <cmath>
#include <limits>
#include <utility>

#include "daylight/format/code/dex_opcode.h"

namespace dl::program {
namespace {

std::uint64_t wide_bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// Java's conversion: saturates, and makes 0 of what is no number.
template <typename T>
std::int64_t saturated(double value) {
  if (std::isnan(value)) return 0;
  if (value >= static_cast<double>(std::numeric_limits<T>::max()))
    return std::numeric_limits<T>::max();
  if (value <= static_cast<double>(std::numeric_limits<T>::min()))
    return std::numeric_limits<T>::min();
  return static_cast<T>(value);
}

enum Arithmetic : std::uint8_t { kAdd, kSub, kMul, kDiv, kRem, kAnd, kOr, kXor, kShl, kShr, kUshr };

// Nothing where Java throws.
std::optional<std::int64_t> int_result(int op, std::int64_t first, std::int64_t second) {
  const std::uint32_t a = bits(first);
  const std::uint32_t b = bits(second);
  switch (op) {
    case kAdd:
      return of_bits(a + b);
    case kSub:
      return of_bits(a - b);
    case kMul:
      return of_bits(a * b);
    case kDiv:
    case kRem:
      if (b == 0) return std::nullopt;
      if (low(second) == -1) return op == kDiv ? of_bits(0U - a) : 0;
      return op == kDiv ? low(first) / low(second) : low(first) % low(second);
    case kAnd:
      return of_bits(a & b);
    case kOr:
      return of_bits(a | b);
    case kXor:
      return of_bits(a ^ b);
    case kShl:
      return of_bits(a << (b & 31U));
    case kShr:
      return low(first) >> (b & 31U);
    default:
      return of_bits(a >> (b & 31U));
  }
}

std::optional<std::int64_t> long_result(int op, std::int64_t first, std::int64_t second) {
  const std::uint64_t a = wide_bits(first);
  const std::uint64_t b = wide_bits(second);
  const auto signed_of = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  switch (op) {
    case kAdd:
      return signed_of(a + b);
    case kSub:
      return signed_of(a - b);
    case kMul:
      return signed_of(a * b);
    case kDiv:
    case kRem:
      if (b == 0) return std::nullopt;
      if (second == -1) return op == kDiv ? signed_of(0U - a) : 0;
      return op == kDiv ? first / second : first % second;
    case kAnd:
      return signed_of(a & b);
    case kOr:
      return signed_of(a | b);
    case kXor:
      return signed_of(a ^ b);
    case kShl:
      return signed_of(a << (b & 63U));
    case kShr:
      return first >> (b & 63U);
    default:
      return signed_of(a >> (b & 63U));
  }
}

double real_result(int op, double a, double b) {
  switch (op) {
    case kAdd:
      return a + b;
    case kSub:
      return a - b;
    case kMul:
      return a * b;
    case kDiv:
      return a / b;
    default:
      return std::fmod(a, b);
  }
}

std::int64_t compared(double a, double b, int unordered) {
  if (std::isnan(a) || std::isnan(b)) return unordered;
  return a < b ? -1 : (a > b ? 1 : 0);
}

bool holds(int relation, std::int64_t a, std::int64_t b) {
  switch (relation) {
    case 0:
      return a == b;
    case 1:
      return a != b;
    case 2:
      return a < b;
    case 3:
      return a >= b;
    case 4:
      return a > b;
    default:
      return a <= b;
  }
}

// One instruction of the run add-int .. rem-double, by its distance from add-int.
std::optional<std::int64_t> result_of(int kind, std::int64_t first, std::int64_t second) {
  constexpr int kLongs = kOpAddLong - kOpAddInt;
  constexpr int kFloats = kOpAddFloat - kOpAddInt;
  constexpr int kDoubles = kOpAddDouble - kOpAddInt;
  if (kind < kLongs) return int_result(kind, first, second);
  if (kind < kFloats) return long_result(kind - kLongs, first, second);
  if (kind >= kDoubles)
    return of_double(real_result(kind - kDoubles, as_double(first), as_double(second)));
  return of_float(
      static_cast<float>(real_result(kind - kFloats, as_float(first), as_float(second))));
}

}  // namespace

std::optional<std::int64_t> dex_arithmetic(std::uint8_t opcode, std::int64_t first,
                                           std::int64_t second) {
  return result_of(opcode - kOpAddInt, first, second);
}

std::optional<std::int64_t> dex_arithmetic_in_place(std::uint8_t opcode, std::int64_t first,
                                                    std::int64_t second) {
  return result_of(opcode - kOpAddInt2addr, first, second);
}

std::optional<std::int64_t> dex_arithmetic_with_literal(std::uint8_t opcode, std::int64_t value,
                                                        std::int64_t literal) {
  const int kind = opcode - (opcode >= kOpAddIntLit8 ? kOpAddIntLit8 : kOpAddIntLit16);
  if (kind == kSub) std::swap(value, literal);  // rsub: the constant minus the register
  return int_result(kind, value, literal);
}

std::int64_t dex_conversion(std::uint8_t opcode, std::int64_t value) {
  switch (opcode) {
    case kOpNegInt:
      return of_bits(0U - bits(value));
    case kOpNotInt:
      return of_bits(~bits(value));
    case kOpNegLong:
      return static_cast<std::int64_t>(0U - wide_bits(value));
    case kOpNotLong:
      return ~value;
    case kOpNegFloat:
      return of_float(-as_float(value));
    case kOpNegDouble:
      return of_double(-as_double(value));
    case kOpIntToLong:
      return low(value);
    case kOpIntToFloat:
      return of_float(static_cast<float>(low(value)));
    case kOpIntToDouble:
      return of_double(low(value));
    case kOpLongToInt:
      return low(value);
    case kOpLongToFloat:
      return of_float(static_cast<float>(value));
    case kOpLongToDouble:
      return of_double(static_cast<double>(value));
    case kOpFloatToInt:
      return saturated<std::int32_t>(as_float(value));
    case kOpFloatToLong:
      return saturated<std::int64_t>(as_float(value));
    case kOpFloatToDouble:
      return of_double(as_float(value));
    case kOpDoubleToInt:
      return saturated<std::int32_t>(as_double(value));
    case kOpDoubleToLong:
      return saturated<std::int64_t>(as_double(value));
    case kOpDoubleToFloat:
      return of_float(static_cast<float>(as_double(value)));
    case kOpIntToByte:
      return static_cast<std::int8_t>(value);
    case kOpIntToChar:
      return static_cast<std::uint16_t>(value);
    default:
      return static_cast<std::int16_t>(value);
  }
}

std::int64_t dex_comparison(std::uint8_t opcode, std::int64_t first, std::int64_t second) {
  switch (opcode) {
    case kOpCmplFloat:
    case kOpCmpgFloat:
      return compared(as_float(first), as_float(second), opcode == kOpCmplFloat ? -1 : 1);
    case kOpCmplDouble:
    case kOpCmpgDouble:
      return compared(as_double(first), as_double(second), opcode == kOpCmplDouble ? -1 : 1);
    default:
      return first < second ? -1 : (first > second ? 1 : 0);
  }
}

bool dex_branch_holds(std::uint8_t opcode, std::int64_t first, std::int64_t second) {
  return holds(opcode - (opcode >= kOpIfEqz ? kOpIfEqz : kOpIfEq), first, second);
}

}  // namespace dl::program
