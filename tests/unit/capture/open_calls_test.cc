// SPDX-License-Identifier: Apache-2.0
// Nesting of calls where everything is told, and where it is not.
#include "daylight/capture/view/open_calls.h"

#include <gtest/gtest.h>

namespace dl::capture {
namespace {

TraceStamp at(std::uint64_t ns, std::uint32_t tid, std::uint64_t call) {
  return {ns, 1, tid, call};
}

TEST(OpenCalls, TimesOfInnerCallsAreCountedOnce) {
  OpenCalls calls;
  EXPECT_TRUE(calls.enter(at(10, 1, 1), 100));
  EXPECT_TRUE(calls.enter(at(20, 1, 2), 200));
  EXPECT_EQ(calls.depth(at(25, 1, 0)), 2U);
  EXPECT_EQ(calls.depth(at(25, 2, 0)), 0U);
  auto inner = calls.leave(at(50, 1, 2));
  ASSERT_EQ(inner.size(), 1U);
  EXPECT_EQ(inner[0].method, 200U);
  auto outer = calls.leave(at(100, 1, 1));
  ASSERT_EQ(outer.size(), 1U);
  EXPECT_EQ(outer[0].inner_ns, 30U);
  EXPECT_EQ(calls.depth(at(100, 1, 0)), 0U);
}

TEST(OpenCalls, ACallThatEndsTakesThoseAboveItAlong) {
  OpenCalls calls;
  for (std::uint64_t call = 1; call <= 3; ++call) calls.enter(at(call, 1, call), 0);
  const auto over = calls.leave(at(9, 1, 1));
  ASSERT_EQ(over.size(), 3U);
  EXPECT_EQ(over[0].key.second, 3U);
  EXPECT_EQ(over[2].key.second, 1U);
  EXPECT_TRUE(calls.leave(at(10, 1, 3)).empty());
}

TEST(OpenCalls, ACallMayEndOnAnotherThread) {
  OpenCalls calls;
  calls.enter(at(1, 1, 1), 0);
  const auto over = calls.leave(at(5, 2, 1));
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].thread, ThreadKey(1, 1));
  EXPECT_EQ(calls.depth(at(6, 1, 0)), 0U);
}

TEST(OpenCalls, IdsThatAreUsedTwiceAndCallsWithoutEndAreBounded) {
  OpenCalls calls;
  EXPECT_TRUE(calls.enter(at(1, 1, 1), 0));
  EXPECT_FALSE(calls.enter(at(2, 1, 1), 0));
  for (std::uint64_t call = 2; call <= kMaxOpenCalls + 10; ++call)
    calls.enter(at(call, 1, call), 0);
  EXPECT_EQ(calls.depth(at(0, 1, 0)), kMaxOpenCalls);
  EXPECT_EQ(calls.unfollowed(), 11U);
  const auto all = calls.take_all();
  ASSERT_EQ(all.size(), kMaxOpenCalls);
  EXPECT_EQ(all.back().key.second, 1U);
  EXPECT_EQ(calls.depth(at(0, 1, 0)), 0U);
}

TEST(OpenCalls, TimesThatGoBackGiveNoHugeDurations) {
  OpenCalls calls;
  calls.enter(at(100, 1, 1), 0);
  calls.enter(at(200, 1, 2), 0);
  calls.leave(at(150, 1, 2));
  const auto over = calls.leave(at(160, 1, 1));
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].inner_ns, 0U);
}

}  // namespace
}  // namespace dl::capture
