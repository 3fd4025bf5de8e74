// SPDX-License-Identifier: Apache-2.0
// Paddle programs are known by their blocks, variables and operators.
#include "daylight/format/engines/paddle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"
#include "support/protobuf_builder.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::pb_bytes;
using testing::pb_int;

std::string program(const std::string& operators) {
  return pb_bytes(1, pb_int(1, 0) + pb_int(2, -1) +
                         pb_bytes(3, pb_bytes(1, "x") + pb_bytes(2, pb_int(1, 7)) + pb_int(3, 1)) +
                         operators) +
         pb_bytes(4, pb_int(1, 2004));
}

const std::string kOperator =
    pb_bytes(4, pb_bytes(1, pb_bytes(1, "X") + pb_bytes(2, "x")) +
                    pb_bytes(2, pb_bytes(1, "Out") + pb_bytes(2, "y")) + pb_bytes(3, "relu"));

TEST(ProbePaddle, IsKnownAndSized) {
  const std::string model = program(kOperator + kOperator);
  for (const std::string& tail : {std::string(), std::string(20, '\0'), std::string("\x0f")}) {
    const auto found = probe_model(as_bytes(model + tail));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->format, "paddle_pb");
    EXPECT_EQ(found->size, model.size());
    EXPECT_THAT(found->facts,
                ElementsAre(Pair("blocks", "1"), Pair("operators", "2"), Pair("version", "2004")));
  }
}

TEST(ProbePaddle, NeedsOperatorsWithTypes) {
  EXPECT_FALSE(probe_model(as_bytes(program(""))));
  EXPECT_FALSE(probe_model(as_bytes(program(pb_bytes(4, pb_bytes(1, pb_bytes(1, "X")))))));
  EXPECT_FALSE(probe_model(as_bytes(pb_bytes(4, pb_int(1, 2004)))));
}

}  // namespace
}  // namespace dl
