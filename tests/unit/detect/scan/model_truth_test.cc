// SPDX-License-Identifier: Apache-2.0
// What holds for every reader of models, on a small model of each format: other weights are the
// same graph with other weights, and a file's name says nothing. The models are the fuzz targets'
// seeds, which scripts build from text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <tuple>

#include "daylight/base/file.h"
#include "daylight/base/log.h"
#include "daylight/detect/detector.h"
#include "daylight/format/probe/model_probe.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::SizeIs;

struct Row {
  const char* seed;
  std::size_t weights;  // bytes of the longest run of numbers that training set; 0: elsewhere
  bool has_graph = true;
};

std::string seed(const char* name) {
  const auto file = MappedFile::open(testing::project_file(std::string("fuzz/corpus/") + name));
  return file ? std::string(as_text(file->bytes())) : std::string();
}

struct Reading {
  std::string format;
  ModelGraph graph;
};

std::optional<Reading> read(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  if (!probe) return std::nullopt;
  const auto describe = model_format(probe->format)->describe;
  if (describe == nullptr) return std::nullopt;
  return Reading{std::string(probe->format), describe(as_bytes(bytes), *probe)};
}

std::string text_of(const std::vector<GraphTensor>& tensors) {
  std::string out;
  for (const GraphTensor& each : tensors) {
    out += each.name + ":" + each.dtype;
    for (const std::int64_t size : each.shape) out += "," + std::to_string(size);
    for (const float scale : each.quant_scale) out += "*" + std::to_string(scale);
    for (const std::int64_t zero : each.quant_zero_point) out += "+" + std::to_string(zero);
    out += ";";
  }
  return out;
}

std::string text_of(const std::vector<GraphOperator>& operators) {
  std::string out;
  for (const GraphOperator& each : operators) {
    out += each.name + " " + each.detail + " <";
    for (const std::string& name : each.inputs) out += " " + name;
    out += " >";
    for (const std::string& name : each.outputs) out += " " + name;
    out += ";";
  }
  return out;
}

// Everything that is said of a model but its weights.
auto structure_of(const Reading& read) {
  return std::tuple(read.format, read.graph.graph_hash, text_of(read.graph.inputs),
                    text_of(read.graph.outputs), text_of(read.graph.operators),
                    read.graph.parameters, read.graph.labels, read.graph.metadata,
                    read.graph.gaps.size());
}

struct ByteRun {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// The longest run of bytes each of which changes the weights' hash and nothing else.
ByteRun weights_in(const std::string& bytes, const Reading& plain) {
  ByteRun best;
  ByteRun now;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto other = read(changed);
    const bool weight = other && structure_of(*other) == structure_of(plain) &&
                        other->graph.weights_hash != plain.graph.weights_hash;
    now = weight ? ByteRun{now.size == 0 ? i : now.begin, now.size + 1} : ByteRun{};
    if (now.size > best.size) best = now;
  }
  return best;
}

class ModelTruth : public ::testing::TestWithParam<Row> {};

TEST_P(ModelTruth, OtherWeightsAreTheSameGraph) {
  const std::string bytes = seed(GetParam().seed);
  const auto plain = read(bytes);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->graph.graph_hash.empty(), !GetParam().has_graph);
  EXPECT_EQ(plain->graph.weights_hash.empty(), GetParam().weights == 0);
  const ByteRun run = weights_in(bytes, *plain);
  // A header of a constant may be read with it.
  EXPECT_GE(run.size, GetParam().weights);
  EXPECT_LE(run.size, GetParam().weights + 16);
  if (GetParam().weights == 0) return;
  std::string other = bytes;
  for (std::size_t i = run.size - GetParam().weights; i < run.size; ++i)
    other[run.begin + i] = static_cast<char>(other[run.begin + i] ^ static_cast<char>(i * 37 + 1));
  const auto trained = read(other);
  ASSERT_TRUE(trained);
  EXPECT_EQ(structure_of(*trained), structure_of(*plain));
  EXPECT_NE(trained->graph.weights_hash, plain->graph.weights_hash);
}

TEST_P(ModelTruth, ReadsTheSameEachTime) {
  const auto first = read(seed(GetParam().seed));
  const auto second = read(seed(GetParam().seed));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(structure_of(*first), structure_of(*second));
  EXPECT_EQ(first->graph.weights_hash, second->graph.weights_hash);
}

TEST_P(ModelTruth, ANameSaysNothing) {
  const std::string bytes = seed(GetParam().seed);
  const auto plain = read(bytes);
  ASSERT_TRUE(plain);
  const std::string folder = "Payload/A.app/";
  std::vector<testing::ZipItem> items = {
      {folder + "Info.plist",
       "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
       "<string>org.example.a</string></dict></plist>"}};
  for (const char* name : {"a.tflite", "b/photo.jpg", "c/no_ending", "d/e.f.bin"})
    items.push_back({folder + name, bytes});
  const testing::TemporaryFolder temporary;
  const auto path = temporary.path() / "a.ipa";
  std::ofstream(path, std::ios::binary) << testing::build_zip(items).bytes;
  const auto app = program::AppPackage::open(path, null_log());
  ASSERT_TRUE(app) << describe(app.error());
  const auto found = detect(*app, RuleSet::builtin(), {}, null_log());
  ASSERT_TRUE(found);
  ASSERT_THAT(found->models, SizeIs(4));
  for (const ModelRecord& model : found->models) {
    EXPECT_EQ(model.format, plain->format);
    EXPECT_EQ(model.graph_hash, plain->graph.graph_hash);
    EXPECT_EQ(model.weights_hash, plain->graph.weights_hash);
    EXPECT_EQ(model.sha256, found->models[0].sha256);
    EXPECT_EQ(model.operators, found->models[0].operators);
    EXPECT_EQ(model.labels, found->models[0].labels);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Seeds, ModelTruth,
    ::testing::Values(Row{"onnx/plain", 32}, Row{"coreml/classifier", 8}, Row{"coreml/pipeline", 8},
                      Row{"coreml/program", 0}, Row{"caffe/new", 12}, Row{"caffe/old", 8},
                      Row{"caffe/text", 0}, Row{"tf_graph/graph", 8}, Row{"tf_graph/saved", 8},
                      Row{"flatbuffer_models/circle", 8}, Row{"flatbuffer_models/executorch", 32},
                      Row{"flatbuffer_models/mnn", 16}, Row{"flatbuffer_models/mslite", 16},
                      Row{"flatbuffer_models/ort", 8}, Row{"flatbuffer_models/ptmf", 24},
                      Row{"tflite/plain", 12}, Row{"ncnn/text", 0}, Row{"ncnn/binary", 0},
                      Row{"ncnn/pnnx", 0}, Row{"archive_models/script", 8},
                      Row{"archive_models/bytecode", 8}, Row{"archive_models/keras", 0},
                      Row{"header_models/keras_h5", 0}, Row{"header_models/gguf", 32, false},
                      Row{"header_models/safetensors", 8, false},
                      Row{"header_models/torch_legacy_pickle", 8, false},
                      Row{"mediapipe_graph/binary", 0}, Row{"mediapipe_graph/text", 0},
                      Row{"text_models/darknet", 0}, Row{"coreml_compiled/mil", 0},
                      Row{"coreml_compiled/net", 0}, Row{"json_models/mxnet", 0},
                      Row{"json_models/paddle", 0}),
    [](const auto& row) {
      std::string name = row.param.seed;
      std::replace_if(
          name.begin(), name.end(),
          [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
      return name;
    });

}  // namespace
}  // namespace dl
