// SPDX-License-Identifier: Apache-2.0
// Selectors: each form, what it matches, what is refused, and lengths of buffers.
#include "daylight/artifact/selector.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dl {
namespace {

Selector parsed(const std::string& text) {
  const auto selector = parse_selector(text);
  EXPECT_TRUE(selector) << text << ": " << (selector ? "" : describe(selector.error()));
  return selector.value_or(Selector{});
}

TEST(Selector, JavaMethods) {
  const Selector run = parsed("java:org/tensorflow/lite/Interpreter;.run(Ljava/lang/Object;*)V");
  EXPECT_TRUE(run.matches(JavaMethodName{"org/tensorflow/lite/Interpreter", "run",
                                         "(Ljava/lang/Object;Ljava/lang/Object;)V"}));
  EXPECT_FALSE(run.matches(JavaMethodName{"org/tensorflow/lite/Interpreter", "run", "(I)V"}));
  EXPECT_FALSE(run.matches(
      JavaMethodName{"org/tensorflow/lite/Interpreter", "runs", "(Ljava/lang/Object;)V"}));
  const Selector all = parsed("java:org/example/*;.*");
  EXPECT_TRUE(all.matches(JavaMethodName{"org/example/a/B", "<init>", "()V"}));
  EXPECT_FALSE(all.matches(JavaMethodName{"org/other/B", "<init>", "()V"}));
  EXPECT_FALSE(all.matches(NativeFunctionName{"libx.so", "", "", "open", {}, false}));
}

TEST(Selector, NativeJavaMethods) {
  const Selector bytes = parsed("jni:*([B*)*");
  EXPECT_TRUE(bytes.matches(JavaMethodName{"a/B", "findFace", "([BII)V", true}));
  EXPECT_FALSE(bytes.matches(JavaMethodName{"a/B", "findFace", "([BII)V", false}));
  EXPECT_FALSE(bytes.matches(JavaMethodName{"a/B", "findFace", "(I[B)V", true}));
  const Selector one = parsed("jni:a/B;.findFace");
  EXPECT_TRUE(one.matches(JavaMethodName{"a/B", "findFace", "([BII)V", true}));
  EXPECT_FALSE(one.matches(JavaMethodName{"a/C", "findFace", "([BII)V", true}));
}

TEST(Selector, LibrariesByNameOffsetAndFile) {
  const Selector open = parsed("so:libc++_shared.so!open*");
  EXPECT_TRUE(open.matches(NativeFunctionName{"libc++_shared.so", "", "", "openat", {}, false}));
  EXPECT_FALSE(open.matches(NativeFunctionName{"libc++_shared.so", "", "", "openat", {}, true}));
  const Selector any = parsed("so:libx.so+0x433a0");
  NativeFunctionName place{"libx.so", "0f", std::string(64, 'a'), "", 0x433a0, false};
  const std::string digest(64, 'a');
  place.sha256 = digest;
  EXPECT_TRUE(any.matches(place));
  EXPECT_TRUE(parsed("so:libx.so+0x433a0@build-id:0f").matches(place));
  EXPECT_FALSE(parsed("so:libx.so+0x433a0@build-id:0e").matches(place));
  EXPECT_TRUE(parsed("so:libx.so+0x433a0@build-id:0f@sha256:" + digest).matches(place));
  EXPECT_FALSE(parsed("so:libx.so+0x433a0@sha256:" + std::string(64, 'b')).matches(place));
  place.offset = 0x433a4;
  EXPECT_FALSE(any.matches(place));
  EXPECT_TRUE(parsed("import:*!AAssetManager_open")
                  .matches(NativeFunctionName{"libx.so", "", "", "AAssetManager_open", {}, true}));
}

TEST(Selector, ValuesByTypeAndLength) {
  const Selector image = parsed("sig:arg float[] len==120000");
  EXPECT_TRUE(image.matches(PassedValue{"float[]", 120000, 3}));
  EXPECT_FALSE(image.matches(PassedValue{"float[]", 120000, -1}));
  EXPECT_FALSE(image.matches(PassedValue{"float[]", 120001, 3}));
  EXPECT_FALSE(image.matches(PassedValue{"int[]", 120000, 3}));
  EXPECT_TRUE(parsed("sig:return * len >= 5").matches(PassedValue{"byte[]", 5, -1}));
  EXPECT_FALSE(parsed("sig:arg1 *").matches(PassedValue{"byte[]", 5, 0}));
  EXPECT_TRUE(parsed("sig:any *[] len<6").matches(PassedValue{"byte[]", 5, 0}));
}

TEST(Selector, PrintsWhatItReads) {
  for (const std::string text :
       {"java:pkg/Class;.method(Ljava/lang/String;)[F", "java:*;.<init>", "jni:*([B*)*",
        "jni:a/B;.c", "so:lib.so!symbol", "so:lib.so+0x433a0", "so:lib.so+0x10@build-id:00ff",
        "sig:arg float[] len==120000", "sig:any *", "sig:return byte[] len<=7",
        "import:lib.so!open", "import:*!AAsset*"}) {
    EXPECT_EQ(print_selector(parsed(text)), text);
  }
}

TEST(Selector, OlderPlansKeepTheirMeaning) {
  EXPECT_EQ(parsed("Lo/j;->a(Ljava/lang/Object;)V"), parsed("java:o/j;.a(Ljava/lang/Object;)V"));
  EXPECT_FALSE(parse_selector("Lo/j;->(Ljava/lang/Object;)V"));
  EXPECT_FALSE(parse_selector("L;->a(Ljava/lang/Object;)V"));
  EXPECT_EQ(parsed("libx.so!TfLiteInterpreterInvoke"),
            parsed("so:libx.so!TfLiteInterpreterInvoke"));
}

TEST(Selector, RefusesWhatIsNone) {
  for (const std::string text : {"",
                                 "java:",
                                 "java:method",
                                 "java:a/B;.",
                                 "so:lib.so",
                                 "so:!x",
                                 "so:lib.so+0xzz",
                                 "so:lib.so+0x",
                                 "import:lib.so+0x10",
                                 "so:lib.so!f@md5:00",
                                 "so:lib.so!f@build-id:XY",
                                 "so:lib.so!f@sha256:00",
                                 "sig:arg",
                                 "sig:arg300 int[]",
                                 "sig:arg int[] len~3",
                                 "sig:arg int[] size==3",
                                 "jni:a\\",
                                 "jni:a\\xg0",
                                 "what:lib.so",
                                 "no selector at all"}) {
    EXPECT_FALSE(parse_selector(text)) << text;
  }
  EXPECT_EQ(parse_selector("jni:" + std::string(kMaxSelectorBytes, 'a')).error().code,
            ErrorCode::kLimit);
}

TEST(Selector, EscapedNames) {
  const Selector odd = symbol_selector("lib a!.so", "x@@VERS*{1}");
  EXPECT_EQ(print_selector(odd), "so:lib\\x20a\\!.so!x\\@\\@VERS\\*\\{1}");
  EXPECT_EQ(parsed(print_selector(odd)), odd);
  EXPECT_TRUE(odd.matches(NativeFunctionName{"lib a!.so", "", "", "x@@VERS*{1}", {}, false}));
}

TEST(CaptureRule, Policies) {
  const std::string text = "jni:*([B*)* {in,return,len=arg1*4,limit=65536,calls=100,every=10}";
  const auto rule = parse_capture_rule(text);
  ASSERT_TRUE(rule) << describe(rule.error());
  EXPECT_TRUE(rule->policy.in);
  EXPECT_FALSE(rule->policy.out);
  EXPECT_TRUE(rule->policy.result);
  EXPECT_EQ(rule->policy.limit, 65536U);
  EXPECT_EQ(rule->policy.every, 10U);
  EXPECT_EQ(print_capture_rule(*rule), text);
  EXPECT_EQ(print_capture_rule(*parse_capture_rule("jni:*")), "jni:*");
  EXPECT_TRUE(parse_capture_rule("jni:* { }"));
  for (const std::string bad : {"jni:* {in", "jni:* {every=0}", "jni:* {often}", "jni:* {len=}",
                                "jni:* {limit=1e9}", "jni:* {in,,out}"}) {
    EXPECT_FALSE(parse_capture_rule(bad)) << bad;
  }
}

TEST(LengthExpression, ValuesAndLimits) {
  const auto argument = [](int index) -> std::optional<std::uint64_t> {
    if (index == -1) return 7;
    if (index < 3) return static_cast<std::uint64_t>(index) + 10;
    return std::nullopt;
  };
  const auto value = [&](const std::string& text) {
    const auto expression = LengthExpression::parse(text);
    EXPECT_TRUE(expression) << text;
    return expression ? expression->evaluate(argument) : std::nullopt;
  };
  EXPECT_EQ(value("arg2*4"), 48U);
  EXPECT_EQ(value("(arg0 + 2) * arg1 / 2"), 66U);
  EXPECT_EQ(value("10-3-2"), 5U);
  EXPECT_EQ(value("10-(3-2)"), 9U);
  EXPECT_EQ(value("return*2"), 14U);
  EXPECT_EQ(value("arg3"), std::nullopt);
  EXPECT_EQ(value("1/0"), std::nullopt);
  EXPECT_EQ(value("1-2"), std::nullopt);
  EXPECT_EQ(value("18446744073709551615+1"), std::nullopt);
  EXPECT_EQ(LengthExpression::parse("((arg0+1))*2")->text(), "(arg0+1)*2");
  for (const std::string bad : {"", "arg", "arg256", "1+", "(1", "1)", "x", "18446744073709551616"})
    EXPECT_FALSE(LengthExpression::parse(bad)) << bad;
  EXPECT_FALSE(LengthExpression::parse(std::string(100, '(') + "1" + std::string(100, ')')));
  std::string many = "1";
  for (int i = 0; i < 100; ++i) many += "+1";
  EXPECT_EQ(LengthExpression::parse(many).error().code, ErrorCode::kLimit);
}

TEST(TextPattern, Wildcards) {
  const auto matches = [](const std::string& pattern, const std::string& text) {
    return TextPattern::parse(pattern)->matches(text);
  };
  EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches("a*b*c", "acb"));
  EXPECT_TRUE(matches("**", ""));
  EXPECT_FALSE(matches("ab*ba", "aba"));
  EXPECT_TRUE(matches("\\*", "*"));
  EXPECT_FALSE(matches("\\*", "x"));
  EXPECT_EQ(*TextPattern::parse("a***b"), *TextPattern::parse("a*b"));
}

}  // namespace
}  // namespace dl
