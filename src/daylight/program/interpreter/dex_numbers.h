// SPDX-License-Identifier: Apache-2.0
// Numbers as registers of the closed box hold them, and Java's arithmetic on them. A register is 64
// bits: an int or a float's bits in the lower half, sign-extended. Internal to program/interpreter.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

namespace dl::program {

inline std::int32_t low(std::int64_t value) { return static_cast<std::int32_t>(value); }
inline std::uint32_t bits(std::int64_t value) { return static_cast<std::uint32_t>(value); }
inline std::int64_t of_bits(std::uint32_t value) { return static_cast<std::int32_t>(value); }

inline float as_float(std::int64_t value) { return std::bit_cast<float>(bits(value)); }
inline double as_double(std::int64_t value) { return std::bit_cast<double>(value); }
inline std::int64_t of_float(float value) { return of_bits(std::bit_cast<std::uint32_t>(value)); }
inline std::int64_t of_double(double value) { return std::bit_cast<std::int64_t>(value); }

// The opcodes are those of DEX, each of the group that the function is named for; another one
// gives what the last of the group would.

// add-int to rem-double: nothing where Java throws (a division by zero).
std::optional<std::int64_t> dex_arithmetic(std::uint8_t opcode, std::int64_t first,
                                           std::int64_t second);
// add-int/2addr to rem-double/2addr.
std::optional<std::int64_t> dex_arithmetic_in_place(std::uint8_t opcode, std::int64_t first,
                                                    std::int64_t second);
// add-int/lit16 to ushr-int/lit8.
std::optional<std::int64_t> dex_arithmetic_with_literal(std::uint8_t opcode, std::int64_t value,
                                                        std::int64_t literal);
// neg-int to int-to-short.
std::int64_t dex_conversion(std::uint8_t opcode, std::int64_t value);
// cmpl-float to cmp-long: -1, 0, 1.
std::int64_t dex_comparison(std::uint8_t opcode, std::int64_t first, std::int64_t second);
// if-eq to if-le, and if-eqz to if-lez with zero as `second`.
bool dex_branch_holds(std::uint8_t opcode, std::int64_t first, std::int64_t second);

}  // namespace dl::program
