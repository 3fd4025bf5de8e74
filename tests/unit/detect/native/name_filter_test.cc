// SPDX-License-Identifier: Apache-2.0
// No name that a pattern matches is left out, and nearly all others are.
#include "daylight/detect/native/name_filter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "daylight/detect/native/native_anchors.h"

namespace dl {
namespace {

// What a pattern matches: its "*" filled with something.
std::string filled(const std::string& pattern, const std::string& with) {
  std::string out;
  for (const char c : pattern) c == '*' ? out += with : out += c;
  return out;
}

TEST(NameFilter, EveryNameThatAnAnchorMatchesPasses) {
  NameFilter filter;
  const auto& anchors = NativeAnchors::builtin().all();
  ASSERT_FALSE(anchors.empty());
  for (const NativeAnchor& anchor : anchors) {
    for (const std::string& symbol : anchor.symbols) filter.add(symbol);
  }
  for (const NativeAnchor& anchor : anchors) {
    for (const std::string& symbol : anchor.symbols) {
      for (const std::string with : {"", "x", "EPKcj", "_a_rather_long_tail_of_a_name"}) {
        ASSERT_TRUE(matches_glob(filled(symbol, with), symbol));
        EXPECT_TRUE(filter.may_match(filled(symbol, with))) << symbol;
      }
    }
  }
}

TEST(NameFilter, NearlyAllOtherNamesAreLeftOut) {
  NameFilter filter;
  for (const NativeAnchor& anchor : NativeAnchors::builtin().all()) {
    for (const std::string& symbol : anchor.symbols) filter.add(symbol);
  }
  std::mt19937 random(7);
  int passed = 0;
  for (int i = 0; i < 10000; ++i) {
    std::string name = "_ZN4absl";
    while (name.size() < 24) name += static_cast<char>('a' + random() % 26);
    passed += filter.may_match(name) ? 1 : 0;
  }
  EXPECT_LT(passed, 1000);
}

TEST(NameFilter, APatternWithAShortBeginningLetsEverythingPass) {
  NameFilter filter;
  filter.add("TfLiteInterpreterCreate");
  EXPECT_FALSE(filter.may_match("malloc"));
  filter.add("ort*Run");
  EXPECT_TRUE(filter.may_match("malloc"));
  EXPECT_TRUE(filter.may_match(""));
}

}  // namespace
}  // namespace dl
