// SPDX-License-Identifier: Apache-2.0
// What the replay stage writes about steps that its options exchange.
#include "daylight/cli/replay_stage.h"

#include <gtest/gtest.h>

namespace dl::cli {
namespace {

Step step_of(const std::string& id, const std::string& op, Json params = Json::object()) {
  Step step;
  step.id = id;
  step.op = op;
  step.params = std::move(params);
  return step;
}

// source > early resize > face crop > resize > shown, and a resize that leads nowhere.
Pipeline small_pipeline() {
  Pipeline pipeline;
  pipeline.steps = {step_of("source", "user-image"),
                    step_of("early", "resize", {{"kernel", "android-bilinear"}}),
                    step_of("face", "face-crop"),
                    step_of("size", "resize", {{"kernel", "android-bilinear"}}),
                    step_of("shown", "shown"),
                    step_of("loose", "resize", {{"kernel", "android-bilinear"}})};
  for (std::size_t i = 0; i < 4; ++i) {
    Edge edge;
    edge.from = pipeline.steps[i].id;
    edge.to = pipeline.steps[i + 1].id;
    pipeline.edges.push_back(edge);
  }
  Head head;
  head.name = "age";
  head.sink = "shown";
  pipeline.heads.push_back(head);
  return pipeline;
}

TEST(ExchangedKernels, EachReplayedResizeIsASubstitution) {
  const auto exchanges = exchanged_kernels(small_pipeline(), "pil-bilinear", {});
  ASSERT_EQ(exchanges.size(), 2U);
  EXPECT_EQ(exchanges[0].step, "early");
  EXPECT_EQ(exchanges[1].step, "size");
  EXPECT_EQ(exchanges[1].by, "pil-bilinear");
  EXPECT_EQ(exchanges[1].proof, "assumed");
  EXPECT_EQ(exchanges[1].why, "--resize-kernel; the app itself uses android-bilinear");
}

TEST(ExchangedKernels, WhatWasNotReplayedOrIsTheSameIsNone) {
  EXPECT_EQ(exchanged_kernels(small_pipeline(), "pil-bilinear", {"source", "early", "face"}).size(),
            1U);
  EXPECT_TRUE(exchanged_kernels(small_pipeline(), "", {}).empty());
  EXPECT_TRUE(exchanged_kernels(small_pipeline(), "android-bilinear", {}).empty());
}

}  // namespace
}  // namespace dl::cli
