// SPDX-License-Identifier: Apache-2.0
// Darknet's sections are known and read; other configuration files are not.
#include "daylight/format/classic/darknet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/probe/model_probe.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kText =
    "# a "
    "network\n[net]\nbatch=1\nwidth=416\nheight=320\nchannels=3\n\n[convolutional]\nfilters=16\n"
    "activation=leaky\n\n[route]\nlayers = -1\n\n[yolo]\nmask = 0,1,2\n";

TEST(Darknet, IsKnownAndRead) {
  const auto found = probe_model(as_bytes(kText));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->format, "darknet");
  EXPECT_EQ(found->size, kText.size());
  EXPECT_THAT(found->gaps, IsEmpty());
  const ModelGraph graph = describe_darknet(as_bytes(kText), *found);
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(3, 320, 416));
  ASSERT_EQ(graph.operators.size(), 3U);
  EXPECT_EQ(graph.operators[0].detail, "activation=leaky filters=16");
  EXPECT_EQ(graph.operators[2].detail, "mask=0,1,2");
}

TEST(Darknet, OtherConfigurationsAreNone) {
  for (const char* text :
       {"[net]\nwidth=1\n", "[network]\nwidth=1\n[wifi]\nssid=x\n", "[net]\n[convolutional]\n",
        "[convolutional]\nfilters=1\n[net]\nwidth=1\n", "[net\nwidth=1\n", "net=[net]\n"}) {
    EXPECT_FALSE(probe_model(as_bytes(text))) << text;
  }
}

}  // namespace
}  // namespace dl
