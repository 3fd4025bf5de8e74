// SPDX-License-Identifier: Apache-2.0
// Counting, merging of parts in any order, projection, and the limits of a tensor.
#include "daylight/artifact/count_tensor.h"

#include <gtest/gtest.h>

#include <array>

namespace dl {
namespace {

CountTensor make(const std::vector<std::string>& groups, const std::vector<std::string>& answers) {
  auto tensor = CountTensor::create({{"group", groups}, {"answer", answers}});
  EXPECT_TRUE(tensor);
  return std::move(tensor).value();
}

TEST(CountTensor, CountsAndProjects) {
  CountTensor tensor = make({"A", "B"}, {"yes", "no"});
  tensor.add(std::array<std::size_t, 2>{0, 0}, 3);
  tensor.add(std::array<std::size_t, 2>{1, 1});
  tensor.add(std::array<std::size_t, 2>{1, 0}, 2);
  EXPECT_EQ(tensor.total(), 6U);
  const auto by_answer = tensor.project({"answer"});
  ASSERT_TRUE(by_answer);
  EXPECT_EQ(by_answer->at(std::array<std::size_t, 1>{0}), 5U);
  EXPECT_EQ(by_answer->at(std::array<std::size_t, 1>{1}), 1U);
  const auto swapped = tensor.project({"answer", "group"});
  ASSERT_TRUE(swapped);
  EXPECT_EQ(swapped->at(std::array<std::size_t, 2>{0, 1}), 2U);
  const auto all = tensor.project({});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->total(), 6U);
  EXPECT_FALSE(tensor.project({"age"}));
}

TEST(CountTensor, PartsMergeIntoTheWholeInAnyOrder) {
  CountTensor one = make({"A", "B"}, {"yes"});
  one.add(std::array<std::size_t, 2>{0, 0}, 3);
  one.add(std::array<std::size_t, 2>{1, 0}, 1);
  CountTensor two = make({"C", "B"}, {"no", "yes"});
  two.add(std::array<std::size_t, 2>{0, 0}, 5);
  two.add(std::array<std::size_t, 2>{1, 1}, 7);
  CountTensor forward = one;
  ASSERT_TRUE(forward.merge(two));
  EXPECT_EQ(forward.axes()[0].labels, (std::vector<std::string>{"A", "B", "C"}));
  EXPECT_EQ(forward.at(std::array<std::size_t, 2>{1, 0}), 8U);  // B yes
  EXPECT_EQ(forward.at(std::array<std::size_t, 2>{2, 1}), 5U);  // C no
  EXPECT_EQ(forward.at(std::array<std::size_t, 2>{0, 1}), 0U);
  CountTensor backward = two;
  ASSERT_TRUE(backward.merge(one));
  EXPECT_EQ(backward.total(), forward.total());
  EXPECT_EQ(backward.at(std::array<std::size_t, 2>{1, 1}), 8U);  // B yes
}

TEST(CountTensor, WhatDoesNotFitIsRefusedAndLeavesTheTensorAsItWas) {
  CountTensor tensor = make({"A"}, {"yes"});
  tensor.add(std::array<std::size_t, 2>{0, 0});
  auto other = CountTensor::create({{"group", {"A"}}, {"label", {"yes"}}});
  ASSERT_TRUE(other);
  EXPECT_FALSE(tensor.merge(*other));
  auto flat = CountTensor::create({{"group", {"A"}}});
  EXPECT_FALSE(tensor.merge(*flat));
  EXPECT_EQ(tensor.total(), 1U);
  EXPECT_FALSE(CountTensor::create({{"group", {"A", "A"}}}));
  EXPECT_FALSE(CountTensor::create({{"group", {"A"}}, {"group", {"B"}}}));
  std::vector<std::string> many(10000);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = std::to_string(i);
  const auto large = CountTensor::create({{"a", many}, {"b", many}});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kLimit);
}

TEST(CountTensor, AnEmptyAxisHoldsNothing) {
  auto tensor = CountTensor::create({{"group", {}}, {"answer", {"yes"}}});
  ASSERT_TRUE(tensor);
  EXPECT_EQ(tensor->total(), 0U);
  CountTensor other = make({"A"}, {"yes"});
  other.add(std::array<std::size_t, 2>{0, 0}, 2);
  ASSERT_TRUE(tensor->merge(other));
  EXPECT_EQ(tensor->total(), 2U);
}

}  // namespace
}  // namespace dl
