// SPDX-License-Identifier: Apache-2.0
// Text from strangers: printing, numbers.
#include "daylight/base/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dl {
namespace {

TEST(Printable, MakesHostileTextHarmless) {
  EXPECT_EQ(printable("plain"), "plain");
  EXPECT_EQ(printable("a\nb\x1b[31m"), "a\\u{a}b\\u{1b}[31m");
  EXPECT_EQ(printable("\xe2\x80\xaegpj.exe"), "\\u{202e}gpj.exe");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80") << "overlong forms are not UTF-8";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogates are not UTF-8";
  EXPECT_EQ(printable("Zo\xc3\xab"), "Zo\xc3\xab");
  EXPECT_EQ(printable(std::string(300, 'x'), 10), std::string(10, 'x') + "...");
  EXPECT_EQ(printable("12345678\n", 10), "12345678\\u{a}") << "no longer than a cut text would be";
  EXPECT_EQ(printable("123456789\n", 10), "123456789...") << "an escape is cut as a whole";
  EXPECT_EQ(printable("whole", std::numeric_limits<std::size_t>::max()), "whole") << "no overflow";
  EXPECT_EQ(printable(printable("123456789\n", 10), 10), printable("123456789\n", 10));
}

TEST(ParseDouble, WholeTextOrNothing) {
  EXPECT_EQ(parse_double(" 1.5 "), 1.5);
  EXPECT_EQ(parse_double("+2"), 2.0);
  EXPECT_EQ(parse_double("-3e2"), -300.0);
  EXPECT_FALSE(parse_double("1,5"));
  EXPECT_FALSE(parse_double("1.5x"));
  EXPECT_FALSE(parse_double("nan"));
  EXPECT_FALSE(parse_double("inf"));
  EXPECT_FALSE(parse_double(""));
}

TEST(FormatDouble, ReadsBackAsTheSameNumber) {
  for (const double value : {0.1, 1.0 / 3.0, 1e300, -5.0, 25.138999938964844}) {
    EXPECT_EQ(parse_double(format_double(value)), value);
  }
  EXPECT_EQ(format_double(std::nan("")), "");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(trim(" \t x \r\n"), "x");
  EXPECT_EQ(to_lower("MiXed"), "mixed");
}

}  // namespace
}  // namespace dl
