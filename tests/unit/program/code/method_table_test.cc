// SPDX-License-Identifier: Apache-2.0
// A table of methods answers as a map does.
#include "daylight/program/code/method_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <tuple>

namespace dl::program {
namespace {

TEST(MethodTable, AnswersAsAMapDoes) {
  std::mt19937 random(3);
  MethodTable table;
  EXPECT_EQ(table.find(1, 2, 3), MethodTable::kNone);
  table.reserve(100);  // fewer than come: it grows
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> map;
  for (std::uint32_t id = 0; id < 20000; ++id) {
    const auto owner = static_cast<std::uint32_t>(random() % 60);
    const auto name = static_cast<std::uint32_t>(random() % 40);
    const auto proto = static_cast<std::uint32_t>(random() % 20);
    const auto [at, is_new] = map.try_emplace({owner, name, proto}, id);
    EXPECT_EQ(table.insert(owner, name, proto, id), at->second);
  }
  for (std::uint32_t owner = 0; owner < 62; ++owner) {
    for (std::uint32_t name = 0; name < 42; ++name) {
      for (std::uint32_t proto = 0; proto < 22; ++proto) {
        const auto found = map.find({owner, name, proto});
        const std::uint32_t want = found == map.end() ? MethodTable::kNone : found->second;
        ASSERT_EQ(table.find(owner, name, proto), want);
      }
    }
  }
}

}  // namespace
}  // namespace dl::program
