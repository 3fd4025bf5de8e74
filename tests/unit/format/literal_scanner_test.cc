// SPDX-License-Identifier: Apache-2.0
// Many literals in one pass, against a search for each.
#include "daylight/format/literal_scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace dl {
namespace {

std::vector<LiteralHit> one_by_one(const std::vector<std::string_view>& literals,
                                   std::string_view text) {
  std::vector<LiteralHit> hits;
  for (std::size_t i = 0; i < literals.size(); ++i) {
    const std::size_t at = literals[i].empty() ? std::string_view::npos : text.find(literals[i]);
    if (at != std::string_view::npos) hits.push_back({i, at});
  }
  return hits;
}

void expect_same(const std::vector<std::string_view>& literals, std::string_view text) {
  const auto wanted = one_by_one(literals, text);
  const auto got = LiteralScanner(literals, LiteralScanner::Report::kFirst).scan(as_bytes(text));
  ASSERT_EQ(got.size(), wanted.size()) << text;
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].literal, wanted[i].literal);
    EXPECT_EQ(got[i].offset, wanted[i].offset) << literals[got[i].literal];
  }
}

TEST(LiteralScanner, OverlappingLiterals) {
  expect_same({"he", "she", "his", "hers"}, "ushers");
  expect_same({"aaa", "aa", "a"}, "baaab");
  expect_same({"abcd", "bc", "cde"}, "xabcdexx");
  expect_same({"same", "same"}, "the same");
  expect_same({"end"}, "end");
  expect_same({"longer than the text"}, "text");
  expect_same({}, "anything");
  expect_same({""}, "anything");
  expect_same({std::string_view("\0\xff\0", 3)}, std::string_view("a\0\xff\0b", 5));
}

TEST(LiteralScanner, RandomTexts) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> storage;
    for (int i = 0; i < 8; ++i) {
      std::string literal;
      for (auto n = 1 + random() % 5; n > 0; --n) literal += static_cast<char>('a' + random() % 3);
      storage.push_back(literal);
    }
    std::string text;
    for (int i = 0; i < 60; ++i) text += static_cast<char>('a' + random() % 4);
    expect_same({storage.begin(), storage.end()}, text);
  }
}

TEST(LiteralScanner, EveryByteValue) {
  std::string text;
  for (int i = 0; i < 256; ++i) text += static_cast<char>(i);
  std::vector<std::string> storage;
  for (int i = 0; i < 254; i += 2) storage.push_back(text.substr(static_cast<std::size_t>(i), 2));
  expect_same({storage.begin(), storage.end()}, text);
}

}  // namespace
}  // namespace dl
