// SPDX-License-Identifier: Apache-2.0
// Recursive descent into a list of steps with operands before operators.
#include "daylight/artifact/length_expression.h"

#include <limits>

namespace dl {

class LengthParser {
 public:
  explicit LengthParser(std::string_view text) : text_(text) {}

  Result<LengthExpression> run() {
    out_.steps_.clear();
    TRY_VOID(expression(0));
    skip();
    if (at_ != text_.size()) return bad("an operator");
    return std::move(out_);
  }

 private:
  using Kind = LengthExpression::Kind;

  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  tl::unexpected<Error> bad(const std::string& expected) const {
    return fail(ErrorCode::kCorrupt,
                "a length has no " + expected + " at byte " + std::to_string(at_), {},
                "write it like arg2*4 or (arg1+1)*arg2");
  }
  Result<void> add(Kind kind, std::uint64_t value = 0) {
    if (out_.steps_.size() == kMaxLengthTokens)
      return fail(ErrorCode::kLimit,
                  "a length has more than " + std::to_string(kMaxLengthTokens) + " parts");
    out_.steps_.push_back({kind, value});
    return {};
  }

  // NOLINTNEXTLINE(misc-no-recursion): at most kMaxLengthDepth
  Result<void> expression(int depth) {
    TRY_VOID(term(depth));
    for (;;) {
      if (take('+')) {
        TRY_VOID(term(depth));
        TRY_VOID(add(Kind::kAdd));
      } else if (take('-')) {
        TRY_VOID(term(depth));
        TRY_VOID(add(Kind::kSubtract));
      } else {
        return {};
      }
    }
  }
  // NOLINTNEXTLINE(misc-no-recursion): at most kMaxLengthDepth
  Result<void> term(int depth) {
    TRY_VOID(factor(depth));
    for (;;) {
      if (take('*')) {
        TRY_VOID(factor(depth));
        TRY_VOID(add(Kind::kMultiply));
      } else if (take('/')) {
        TRY_VOID(factor(depth));
        TRY_VOID(add(Kind::kDivide));
      } else {
        return {};
      }
    }
  }
  // NOLINTNEXTLINE(misc-no-recursion): at most kMaxLengthDepth
  Result<void> factor(int depth) {
    if (take('(')) {
      if (depth == kMaxLengthDepth) return fail(ErrorCode::kLimit, "a length is nested too deep");
      TRY_VOID(expression(depth + 1));
      if (!take(')')) return bad("closing parenthesis");
      return {};
    }
    skip();
    if (text_.substr(at_).starts_with("return")) {
      at_ += 6;
      return add(Kind::kReturn);
    }
    const bool argument = text_.substr(at_).starts_with("arg");
    if (argument) at_ += 3;
    const std::uint64_t value = TRY(number());
    if (argument && value > kMaxArgument)
      return fail(ErrorCode::kLimit, "there is no argument " + std::to_string(value));
    return add(argument ? Kind::kArgument : Kind::kNumber, value);
  }
  Result<std::uint64_t> number() {
    std::uint64_t value = 0;
    const std::size_t start = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10)
        return fail(ErrorCode::kLimit, "a number of a length is too large");
      value = value * 10 + digit;
    }
    if (at_ == start) return bad("number or argument");
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  LengthExpression out_;
};

Result<LengthExpression> LengthExpression::parse(std::string_view text) {
  return LengthParser(text).run();
}

LengthExpression LengthExpression::number(std::uint64_t value) {
  LengthExpression out;
  out.steps_ = {{Kind::kNumber, value}};
  return out;
}

std::string LengthExpression::text() const {
  // 3 an operand, 2 a product, 1 a sum.
  struct Written {
    std::string text;
    int binds = 3;
  };
  std::vector<Written> stack;
  for (const Step& step : steps_) {
    if (step.kind == Kind::kNumber) {
      stack.push_back({std::to_string(step.value), 3});
    } else if (step.kind == Kind::kArgument) {
      stack.push_back({"arg" + std::to_string(step.value), 3});
    } else if (step.kind == Kind::kReturn) {
      stack.push_back({"return", 3});
    } else {
      const int binds = step.kind == Kind::kMultiply || step.kind == Kind::kDivide ? 2 : 1;
      const char sign = step.kind == Kind::kAdd        ? '+'
                        : step.kind == Kind::kSubtract ? '-'
                        : step.kind == Kind::kMultiply ? '*'
                                                       : '/';
      Written right = std::move(stack.back());
      stack.pop_back();
      Written& left = stack.back();
      if (left.binds < binds) left.text = "(" + left.text + ")";
      // Operators go from left to right, so an equal one on the right keeps its parentheses.
      if (right.binds <= binds) right.text = "(" + right.text + ")";
      left.text += sign + right.text;
      left.binds = binds;
    }
  }
  return stack.back().text;
}

std::optional<std::uint64_t> LengthExpression::evaluate(const Argument& argument) const {
  std::vector<std::uint64_t> stack;
  for (const Step& step : steps_) {
    if (step.kind == Kind::kNumber) {
      stack.push_back(step.value);
      continue;
    }
    if (step.kind == Kind::kArgument || step.kind == Kind::kReturn) {
      const auto value = argument(step.kind == Kind::kReturn ? -1 : static_cast<int>(step.value));
      if (!value) return std::nullopt;
      stack.push_back(*value);
      continue;
    }
    const std::uint64_t right = stack.back();
    stack.pop_back();
    std::uint64_t& left = stack.back();
    bool wrong = false;
    if (step.kind == Kind::kAdd) wrong = __builtin_add_overflow(left, right, &left);
    if (step.kind == Kind::kSubtract) wrong = __builtin_sub_overflow(left, right, &left);
    if (step.kind == Kind::kMultiply) wrong = __builtin_mul_overflow(left, right, &left);
    if (step.kind == Kind::kDivide) {
      wrong = right == 0;
      if (!wrong) left /= right;
    }
    if (wrong) return std::nullopt;
  }
  return stack.back();
}

}  // namespace dl
