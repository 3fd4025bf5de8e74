// SPDX-License-Identifier: Apache-2.0
// Steps, edges and heads from as few words as possible.
#include "pipeline_parts.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daylight/base/file.h"

namespace dl::testing {

Step make_step(const std::string& id, StepKind kind, const std::string& op,
               const std::string& params) {
  Step step;
  step.id = id;
  step.kind = kind;
  step.op = op;
  step.params = *parse_json(params, id);
  return step;
}

void chain(Pipeline& pipeline, const std::vector<std::string>& ids) {
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    Edge edge;
    edge.from = ids[i];
    edge.to = ids[i + 1];
    const bool known =
        std::any_of(pipeline.edges.begin(), pipeline.edges.end(),
                    [&](const Edge& e) { return e.from == edge.from && e.to == edge.to; });
    if (!known) pipeline.edges.push_back(edge);
  }
}

Head make_head(const std::string& name, const std::string& kind, const std::string& sink) {
  Head head;
  head.name = name;
  head.kind = kind;
  head.sink = sink;
  head.task = name;
  return head;
}

std::string resize_params(int side, const std::string& kernel) {
  const std::string text = std::to_string(side);
  return R"({"width": )" + text + R"(, "height": )" + text + R"(, "kernel": ")" + kernel + R"("})";
}

std::string model_params(const std::filesystem::path& model, const BlobStore& store) {
  const auto file = MappedFile::open(model);
  EXPECT_TRUE(file) << model;
  const auto digest = store.put(file->bytes());
  EXPECT_TRUE(digest);
  return R"({"model": "model", "sha256": ")" + *digest + R"(", "input": 0, "outputs": 1})";
}

}  // namespace dl::testing
