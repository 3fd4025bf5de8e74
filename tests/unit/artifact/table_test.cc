// SPDX-License-Identifier: Apache-2.0
// CSV: leniency, messages, and write-read identity.
#include "daylight/artifact/table.h"

#include <gtest/gtest.h>

namespace dl {
namespace {

TEST(ParseCsv, QuotesBreaksAndMarks) {
  const auto table = parse_csv("\xef\xbb\xbf\"a\",b\r\n\"x, \"\"y\"\"\nz\",2\r\n\n,\n", "t.csv");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->columns, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(table->rows.size(), 2U);
  EXPECT_EQ(table->rows[0][0], "x, \"y\"\nz");
  EXPECT_EQ(table->rows[1], (std::vector<std::string>{"", ""}));
}

TEST(ParseCsv, TabsWhenTheHeaderHasNoComma) {
  const auto table = parse_csv("file\tage\na.jpg\t20, or so\n", "t.tsv");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->rows[0][1], "20, or so");
  // What stands in quotes neither separates nor ends the header.
  const auto quoted = parse_csv("\"a\tb\nc\",d\n1,2\n", "t.csv");
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->columns, (std::vector<std::string>{"a\tb\nc", "d"}));
  const auto comma_in_name = parse_csv("\"age, years\"\tx\n1\t2\n", "t.tsv");
  ASSERT_TRUE(comma_in_name);
  EXPECT_EQ(comma_in_name->columns, (std::vector<std::string>{"age, years", "x"}));
}

TEST(ParseCsv, MessagesNameTheLine) {
  const auto uneven = parse_csv("a,b\n1,2\n3\n", "t.csv");
  ASSERT_FALSE(uneven);
  EXPECT_EQ(uneven.error().where, "t.csv:3");
  EXPECT_FALSE(parse_csv("", "t.csv"));
  EXPECT_FALSE(parse_csv("a,a\n1,2\n", "t.csv"));
  EXPECT_FALSE(parse_csv("a,b\n\"1,2\n", "t.csv"));
}

TEST(ParseCsv, LimitsAreSaid) {
  const auto expect_refusal = [](const Result<Table>& table, ErrorCode code) {
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().code, code);
    EXPECT_NE(table.error().where.find("t.csv"), std::string::npos);
    EXPECT_FALSE(table.error().hint.empty());
  };
  const std::string long_field(kMaxTableFieldBytes + 1, 'x');
  expect_refusal(parse_csv("a,b\n1," + long_field + "\n", "t.csv"), ErrorCode::kLimit);
  expect_refusal(parse_csv("a,b\n1,\"" + long_field + "\"\n", "t.csv"), ErrorCode::kLimit);
  expect_refusal(parse_csv(long_field, "t.csv"), ErrorCode::kLimit);
  EXPECT_TRUE(parse_csv("a\n" + long_field.substr(1) + "\n", "t.csv"));
  expect_refusal(parse_csv(std::string(kMaxTableColumns, ','), "t.csv"), ErrorCode::kLimit);
  expect_refusal(parse_csv("a,b\n1,2\n3,4\n", "t.csv", {100, 3}), ErrorCode::kLimit);
  expect_refusal(parse_csv("a,b\n1,2\n", "t.csv", {7, 100}), ErrorCode::kLimit);
  expect_refusal(parse_csv(std::string_view("a\0b\n", 4), "t.csv"), ErrorCode::kCorrupt);
  EXPECT_TRUE(parse_csv("a,b\n1,2\n", "t.csv", {8, 2}));
}

TEST(DumpCsv, ReadsBackTheSame) {
  Table table;
  table.columns = {"a", "b,c"};
  table.rows = {{"", "x\ny"}, {"\"", " s "}};
  const auto again = parse_csv(dump_csv(table), "t");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->columns, table.columns);
  EXPECT_EQ(again->rows, table.rows);
  Table lone;
  lone.columns = {"only"};
  lone.rows = {{""}, {"x"}};
  EXPECT_EQ(parse_csv(dump_csv(lone), "t")->rows, lone.rows);
}

}  // namespace
}  // namespace dl
