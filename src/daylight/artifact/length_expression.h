// SPDX-License-Identifier: Apache-2.0
// How long a buffer is, as a sum over the other arguments of the call: "arg2*4".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

// Tokens of one expression, and parentheses inside each other.
inline constexpr std::size_t kMaxLengthTokens = 64;
inline constexpr int kMaxLengthDepth = 16;
// The highest argument that can be named.
inline constexpr std::uint64_t kMaxArgument = 255;

// Numbers, `argN` (from 0), `return`, + - * / and parentheses; / rounds down. Immutable.
//
//     expression = term  { ("+" | "-") term }
//     term       = factor { ("*" | "/") factor }
//     factor     = NUMBER | "arg" NUMBER | "return" | "(" expression ")"
class LengthExpression {
 public:
  // kCorrupt with the position of what does not fit; kLimit beyond the constants above.
  static Result<LengthExpression> parse(std::string_view text);
  static LengthExpression number(std::uint64_t value);

  // With the fewest parentheses and no spaces; parse() of it gives the same expression.
  std::string text() const;

  // The value; nothing where an argument is unknown, on overflow, below 0 and for division by 0.
  // Agents must still cut it to the probe's limit. `argument` gets the index, or -1 for `return`.
  using Argument = std::function<std::optional<std::uint64_t>(int)>;
  std::optional<std::uint64_t> evaluate(const Argument& argument) const;

  friend bool operator==(const LengthExpression&, const LengthExpression&) = default;

  // What agents in other languages compute: operands before their operator.
  enum class Kind : std::uint8_t {
    kNumber,
    kArgument,
    kReturn,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide
  };
  struct Step {
    Kind kind = Kind::kNumber;
    std::uint64_t value = 0;
    friend bool operator==(const Step&, const Step&) = default;
  };
  const std::vector<Step>& steps() const { return steps_; }

 private:
  friend class LengthParser;
  std::vector<Step> steps_ = {Step{}};  // operands before their operator
};

}  // namespace dl
