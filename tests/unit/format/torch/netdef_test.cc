// SPDX-License-Identifier: Apache-2.0
// Caffe2 and MACE networks are told from each other and from other graphs.
#include "daylight/format/torch/netdef.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"
#include "support/protobuf_builder.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::Pair;
using testing::pb_bytes;
using testing::pb_float;
using testing::pb_int;
using testing::pb_ints;

std::string operation(const std::string& type, const std::string& rest) {
  return pb_bytes(1, "data") + pb_bytes(1, "weight") + pb_bytes(2, "out") + pb_bytes(4, type) +
         rest;
}

const std::string kCaffe2 =
    pb_bytes(1, "squeezenet") +
    pb_bytes(2, operation("Conv", pb_bytes(5, pb_bytes(1, "kernel") + pb_int(3, 3)))) +
    pb_bytes(2, operation("Relu", "")) + pb_bytes(7, "data") + pb_bytes(8, "out");

const std::string kMace =
    pb_bytes(1, operation("Conv2D", pb_bytes(3, "conv") +
                                        pb_bytes(6, pb_bytes(1, "strides") + pb_ints(6, {1, 1})) +
                                        pb_bytes(7, pb_ints(1, {1, 8, 8, 4})))) +
    pb_bytes(3, pb_ints(1, {4, 3}) + pb_int(2, 1) + pb_bytes(5, "weight") + pb_int(6, 0) +
                    pb_int(7, 12)) +
    pb_bytes(100, pb_bytes(1, "data") + pb_ints(3, {1, 8, 8, 3})) +
    pb_bytes(101, pb_bytes(1, "out"));

TEST(NetDef, IsKnownAndSized) {
  for (const auto& [model, id] : {std::pair(kCaffe2, "caffe2"), std::pair(kMace, "mace")}) {
    for (const std::string& tail :
         {std::string(), std::string(32, '\0'), std::string("\xff\xff")}) {
      const auto found = probe_model(as_bytes(model + tail));
      ASSERT_TRUE(found) << id;
      EXPECT_EQ(found->format, id);
      EXPECT_EQ(found->size, model.size());
    }
  }
  EXPECT_THAT(probe_caffe2(as_bytes(kCaffe2))->facts, Contains(Pair("name", "squeezenet")));
  EXPECT_THAT(probe_caffe2(as_bytes(kCaffe2))->facts, Contains(Pair("operators", "2")));
  EXPECT_THAT(probe_mace(as_bytes(kMace))->facts, Contains(Pair("input", "data")));
}

TEST(NetDef, NeedsOperatorsWithTypes) {
  EXPECT_FALSE(probe_model(as_bytes(pb_bytes(1, "name"))));
  EXPECT_FALSE(probe_model(as_bytes(pb_bytes(2, operation("no type name", "")))));
  EXPECT_FALSE(probe_model(as_bytes(pb_bytes(2, pb_bytes(4, "Conv")))));
  EXPECT_FALSE(probe_model(as_bytes(pb_bytes(1, operation("Conv", "")))));
}

}  // namespace
}  // namespace dl
