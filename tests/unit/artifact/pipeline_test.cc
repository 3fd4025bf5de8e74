// SPDX-License-Identifier: Apache-2.0
// The pipeline as a graph: the way to a sink, and graphs that are refused.
#include "daylight/artifact/pipeline.h"

#include <gtest/gtest.h>

namespace dl {
namespace {

Pipeline chain(const std::vector<std::pair<std::string, std::string>>& edges) {
  Pipeline pipeline;
  for (const char* id : {"a", "b", "c", "d"}) {
    Step step;
    step.id = id;
    step.op = "x";
    pipeline.steps.push_back(step);
  }
  for (const auto& [from, to] : edges) {
    Edge edge;
    edge.from = from;
    edge.to = to;
    pipeline.edges.push_back(edge);
  }
  return pipeline;
}

TEST(PathTo, FollowsABranchBackToItsSource) {
  const Pipeline pipeline = chain({{"a", "b"}, {"b", "c"}, {"b", "d"}});
  const auto path = path_to(pipeline, "d");
  ASSERT_TRUE(path);
  ASSERT_EQ(path->size(), 3U);
  EXPECT_EQ((*path)[0]->id, "a");
  EXPECT_EQ((*path)[1]->id, "b");
  EXPECT_EQ((*path)[2]->id, "d");
}

TEST(PathTo, RefusesBrokenGraphs) {
  EXPECT_FALSE(path_to(chain({{"a", "b"}}), "z"));
  EXPECT_FALSE(path_to(chain({{"a", "nowhere"}}), "b"));
  EXPECT_FALSE(path_to(chain({{"a", "c"}, {"b", "c"}}), "c"));
  EXPECT_FALSE(path_to(chain({{"a", "b"}, {"b", "a"}}), "a"));
  EXPECT_FALSE(path_to(chain({{"a", "a"}}), "a"));
}

TEST(PipelineJson, AHeadWithoutItsSinkIsRefused) {
  Pipeline pipeline = chain({{"a", "b"}});
  Head head;
  head.name = "age";
  head.kind = "scalar";
  head.sink = "gone";
  pipeline.heads.push_back(head);
  EXPECT_FALSE(pipeline_from_json(to_json(pipeline), "p"));
}

}  // namespace
}  // namespace dl
