// SPDX-License-Identifier: Apache-2.0
// Small apps written in smali and the pipelines that are rebuilt from them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "daylight/rebuild/rebuilder.h"
#include "support/flow_app.h"

namespace dl::rebuild {

using dl::testing::FlowAppText;

inline Inventory inventory_of(int height, int width, int outputs,
                              const std::string& dtype = "float32") {
  Inventory inventory;
  ModelRecord model;
  model.id = "model-1";
  model.format = "tflite";
  model.location.file = "app.apk";
  model.location.entry = {"assets/model.tflite"};
  model.sha256 = "00";
  model.inputs = {{"image", {1, height, width, 3}, dtype, {}, {}}};
  model.outputs = {{"out", {1, outputs}, "float32", {}, {}}};
  model.last_operator = "SOFTMAX";
  inventory.models.push_back(std::move(model));
  return inventory;
}

// (channel - mean) / std, as a hand-written loop has it.
inline std::string affine(const std::string& mean, const std::string& std) {
  return "    shr-int v10, v9, v11\n    and-int/lit16 v10, v10, 0xff\n    int-to-float v10, v10\n  "
         "  const v12, " +
         mean + "\n    sub-float/2addr v10, v12\n    const v12, " + std +
         "\n    div-float/2addr v10, v12\n";
}
inline constexpr const char* kZero = "0x0";
inline constexpr const char* k255 = "0x437f0000";
inline constexpr const char* k127 = "0x42ff0000";  // 127.5

inline FlowAppText usual() {
  FlowAppText text;
  text.picture = dl::testing::scaled(32, 32, true);
  text.fill = dl::testing::float_loop(32, 32, "RGB", affine(kZero, k255));
  text.answer = dl::testing::output_element(0) + R"(
    invoke-static {v3}, Ljava/lang/String;->valueOf(F)Ljava/lang/String;
    move-result-object v4
)" + dl::testing::show_text();
  return text;
}

// The index of the highest of `count` scores into v6, by a loop; v4 holds the scores.
inline std::string argmax_loop(int count) {
  return R"(
    const/4 v3, 0x0
    aget-object v4, v2, v3
    const/4 v6, 0x0
    const/4 v7, 0x1
    const/16 v8, )" +
         std::to_string(count) + R"(
    :scores
    if-ge v7, v8, :scored
    aget v9, v4, v7
    aget v10, v4, v6
    cmpl-float v9, v9, v10
    if-lez v9, :next_score
    move v6, v7
    :next_score
    add-int/lit8 v7, v7, 0x1
    goto :scores
    :scored
)";
}

inline const Step* step_of(const Pipeline& pipeline, const std::string& op) {
  for (const Step& step : pipeline.steps) {
    if (step.op == op) return &step;
  }
  return nullptr;
}

inline std::vector<std::string> ops_to(const Pipeline& pipeline, const std::string& head) {
  std::vector<std::string> ops;
  for (const Head& one : pipeline.heads) {
    if (one.name != head) continue;
    const auto path = path_to(pipeline, one.sink);
    if (!path) return {describe(path.error())};
    for (const Step* step : *path) ops.push_back(step->op);
  }
  return ops;
}

inline bool has_gap(const Pipeline& pipeline, const std::string& part) {
  return std::any_of(pipeline.gaps.begin(), pipeline.gaps.end(),
                     [&](const Gap& gap) { return gap.why.find(part) != std::string::npos; });
}

inline std::string all_gaps(const Pipeline& pipeline) {
  std::string text;
  for (const Gap& gap : pipeline.gaps) text += gap.where + ": " + gap.why + "\n";
  return text;
}

// The pipeline of an app, or a failed test.
#define REBUILT_OR_SKIP(pipeline, text, inventory)                                       \
  DAYLIGHT_FLOW_APP_OR_SKIP(pipeline##_app, dl::testing::flow_app_smali(text), assets_); \
  const auto pipeline##_result = rebuild(pipeline##_app, inventory, {}, null_log());     \
  ASSERT_TRUE(pipeline##_result) << describe(pipeline##_result.error());                 \
  const Pipeline& pipeline = *pipeline##_result

}  // namespace dl::rebuild
