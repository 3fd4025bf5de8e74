// SPDX-License-Identifier: Apache-2.0
// The static rebuild of an app whose code is arbitrary bytes read as DEX: classes, calls, values
// that flow to a model that the app really holds, and the pipeline that comes of them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "daylight/format/tensorflow/tflite.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/package/app_package.h"
#include "daylight/rebuild/rebuilder.h"
#include "support/flow_app.h"
#include "support/memory_file.h"
#include "support/tflite_builder.h"

namespace {

constexpr const char* kModelEntry = "assets/model.tflite";

// What must hold on any input.
void require(bool condition) {
  if (!condition) std::abort();
}

const std::string& model_bytes() {
  static const std::string bytes = dl::testing::build_tiny_tflite();
  return bytes;
}

// What detect would say about the model of the test app.
dl::Inventory inventory_of(const dl::program::AppPackage& app) {
  dl::Inventory inventory;
  dl::ModelRecord model;
  model.id = "model-1";
  model.format = "tflite";
  model.location.file = app.file_name();
  model.location.entry = {kModelEntry};
  model.location.size = model_bytes().size();
  model.sha256 = std::string(64, '0');
  model.inputs = {{"image", {1, 32, 32, 3}, "float32"}};
  model.outputs = {{"scores", {1, 2}, "float32"}};
  model.last_operator = "SOFTMAX";
  inventory.models.push_back(std::move(model));
  return inventory;
}

// Enough for the seeds to reach their model; damage that makes code wander costs little.
dl::rebuild::RebuildOptions short_walk() {
  dl::rebuild::RebuildOptions options;
  options.limits.call_depth = 12;
  options.limits.steps_per_entry = 6000;
  options.limits.steps = 20000;
  options.limits.entries = 12;
  return options;
}

// A pipeline that the next stage can read, from an app that is damaged.
void check(const dl::Pipeline& pipeline) {
  const auto text = dl::dump_json(dl::to_json(pipeline));
  const auto json = dl::parse_json(text, "pipeline");
  require(json.has_value());
  const auto again = dl::pipeline_from_json(*json, "pipeline");
  require(again.has_value());
  require(dl::dump_json(dl::to_json(*again)) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::testing::MemoryFile file(
      dl::testing::stored_zip({{"classes.dex", std::string(dl::as_text({data, size}))},
                               {kModelEntry, model_bytes()},
                               {"assets/labels.txt", "female\nmale\n"}}));
  const auto app = dl::program::AppPackage::open(file.path(), dl::null_log());
  if (!app) return 0;
  const auto pipeline =
      dl::rebuild::rebuild(*app, inventory_of(*app), short_walk(), dl::null_log());
  require(pipeline.has_value());
  check(*pipeline);
  return 0;
}
