// SPDX-License-Identifier: Apache-2.0
// Whatever a selector or a length says, it says the same after being written and read again.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "daylight/artifact/decode_rule.h"
#include "daylight/artifact/selector.h"
#include "hostile_text.h"

namespace dl {
namespace {

TextPattern drawn_pattern() {
  const auto text = *rc::gen::nonEmpty(testing::awkward_text());
  if (*rc::gen::arbitrary<bool>()) return TextPattern::literal(text);
  const auto pattern = TextPattern::parse(TextPattern::literal(text).write() + "*" +
                                          TextPattern::literal(text).write());
  RC_ASSERT(pattern.has_value());
  return *pattern;
}

TextPattern drawn_signature() {
  if (*rc::gen::arbitrary<bool>()) return TextPattern::any();
  return TextPattern::literal("(" + *testing::awkward_text());
}

LibraryPin drawn_pin() {
  LibraryPin pin;
  if (*rc::gen::arbitrary<bool>())
    pin.build_id = *rc::gen::element<std::string>("00", "c0ffee", "0123456789abcdef");
  if (*rc::gen::arbitrary<bool>()) pin.sha256 = std::string(64, *rc::gen::element('0', 'f'));
  return pin;
}

Selector drawn_selector() {
  Selector out;
  out.kind = *rc::gen::element(SelectorKind::kJava, SelectorKind::kJni, SelectorKind::kLibrary,
                               SelectorKind::kImport, SelectorKind::kSignature);
  if (out.kind == SelectorKind::kJava || out.kind == SelectorKind::kJni) {
    out.klass = drawn_pattern();
    out.method = drawn_pattern();
    out.signature = drawn_signature();
  } else if (out.kind == SelectorKind::kSignature) {
    out.place = *rc::gen::element(kAnyPlace, kResultPlace, 0, 7, 255, kAnyArgument);
    out.type = drawn_pattern();
    if (*rc::gen::arbitrary<bool>()) {
      out.length = LengthCondition{
          *rc::gen::element(LengthCondition::Compare::kEqual, LengthCondition::Compare::kNotEqual,
                            LengthCondition::Compare::kLess, LengthCondition::Compare::kAtMost,
                            LengthCondition::Compare::kMore, LengthCondition::Compare::kAtLeast),
          *rc::gen::arbitrary<std::uint64_t>()};
    }
  } else {
    out.library = drawn_pattern();
    out.pin = drawn_pin();
    if (out.kind == SelectorKind::kLibrary && *rc::gen::arbitrary<bool>()) {
      out.offset = *rc::gen::arbitrary<std::uint64_t>();
    } else {
      out.symbol = drawn_pattern();
    }
  }
  return out;
}

// NOLINTNEXTLINE(misc-no-recursion): at most `depth`
std::string drawn_length(int depth) {
  if (depth == 0 || *rc::gen::inRange(0, 4) == 0) {
    return *rc::gen::element<std::string>("1", "arg0", "arg255", "return", "18446744073709551615");
  }
  const std::string sign = *rc::gen::element<std::string>("+", "-", "*", "/");
  return "(" + drawn_length(depth - 1) + sign + drawn_length(depth - 1) + ")";
}

RC_GTEST_PROP(Selectors, ReadBackAsWritten, ()) {
  const Selector selector = drawn_selector();
  const std::string text = print_selector(selector);
  const auto back = parse_selector(text);
  RC_LOG() << text << "\n";
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == selector);
  RC_ASSERT(print_selector(*back) == text);
}

RC_GTEST_PROP(Selectors, ReadBackWithTheirPolicies, ()) {
  CaptureRule rule{drawn_selector(), {}};
  rule.policy.in = *rc::gen::arbitrary<bool>();
  rule.policy.out = *rc::gen::arbitrary<bool>();
  rule.policy.result = *rc::gen::arbitrary<bool>();
  rule.policy.limit = *rc::gen::arbitrary<std::uint64_t>();
  rule.policy.calls = *rc::gen::arbitrary<std::uint64_t>();
  rule.policy.every = *rc::gen::inRange<std::uint64_t>(1, 100);
  if (*rc::gen::arbitrary<bool>()) rule.policy.length = *LengthExpression::parse(drawn_length(3));
  const auto back = parse_capture_rule(print_capture_rule(rule));
  RC_LOG() << print_capture_rule(rule) << "\n";
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == rule);
}

RC_GTEST_PROP(Selectors, AnyBytesAreRefusedOrWrittenTheSame, ()) {
  const std::string kind =
      *rc::gen::element<std::string>("java:", "jni:", "so:", "sig:arg ", "import:", "");
  const auto selector = parse_selector(kind + *testing::hostile_bytes());
  if (!selector) return;
  const auto back = parse_selector(print_selector(*selector));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == *selector);
}

RC_GTEST_PROP(Lengths, ReadBackAsWritten, ()) {
  const auto expression = LengthExpression::parse(drawn_length(4));
  RC_ASSERT(expression.has_value());
  const auto back = LengthExpression::parse(expression->text());
  RC_LOG() << expression->text() << "\n";
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == *expression);
}

RC_GTEST_PROP(DecodeRules, ReadBackAsWritten, ()) {
  DecodeRule rule;
  rule.place = *rc::gen::inRange(-2, 256);
  rule.kind = *rc::gen::element<std::string>("tensor", "bytes", "text", "objects");
  rule.dtype = *rc::gen::element<std::string>("", "float32");
  rule.shape = *rc::gen::resize(
      8, rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(-1, 300)));
  rule.layout = *rc::gen::element<std::string>("", "nhwc", "nv21");
  if (*rc::gen::arbitrary<bool>()) rule.length = *LengthExpression::parse(drawn_length(2));
  rule.direction = *rc::gen::element(PassDirection::kUnsaid, PassDirection::kIn,
                                     PassDirection::kOut, PassDirection::kBoth);
  const auto back = parse_decode_rule(print_decode_rule(rule));
  RC_LOG() << print_decode_rule(rule) << "\n";
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == rule);
}

RC_GTEST_PROP(Patterns, LiteralsMatchThemselvesOnly, ()) {
  const std::string text = *testing::hostile_bytes();
  const std::string other = *testing::hostile_bytes();
  const TextPattern pattern = TextPattern::literal(text);
  RC_ASSERT(pattern.matches(text));
  RC_ASSERT(pattern.matches(other) == (text == other));
}

}  // namespace
}  // namespace dl
