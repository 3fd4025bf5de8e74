// SPDX-License-Identifier: Apache-2.0
// Archives that are one model: PyTorch, MediaPipe, Keras, SNPE, NumPy; and archives that are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/probe/model_probe.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using testing::build_tiny_tflite;
using testing::build_zip;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::ZipItem;
using namespace std::string_literals;

// (8, ("m.forward", (("instructions", (("LOADC", 0, 0), ("OP", 0, 0), ("RET", 0, 0))),
//   ("operators", (("aten::add", "Tensor", 2),)), ("constants", (STRIDE,))),
//  (("arguments", ((("name", "x"), ("type", "Tensor")),)), ("returns", ((("name", ""), ("type",
//  "Tensor")),)))))
std::string text(const std::string& value) {
  return "\x8c"s + static_cast<char>(value.size()) + value;
}
std::string pair(const std::string& name, const std::string& value) {
  return text(name) + value + "\x86";
}
std::string instruction(const std::string& name, char x) {
  return text(name) + "K"s + x + "K\0\x87"s;
}
std::string bytecode_pickle(char stride) {
  const std::string argument = "("s + pair("name", text("x")) + pair("type", text("Tensor")) + "t";
  const std::string result = "("s + pair("name", text("")) + pair("type", text("Tensor")) + "t";
  const std::string table =
      "("s +
      pair("instructions",
           "("s + instruction("LOADC", 0) + instruction("OP", 0) + instruction("RET", 0) + "t") +
      pair("operators", "("s + text("aten::add") + text("Tensor") + "K\x02\x87" + "t") +
      pair("constants", "(K"s + stride + "t") + "t";
  const std::string schema =
      "("s + pair("arguments", "("s + argument + "t") + pair("returns", "("s + result + "t") + "t";
  return "\x80\x04(K\x08("s + text("m.forward") + table + schema + "tt.";
}

// {"w": rebuild_tensor_v2(("storage", FloatStorage, "0", "cpu", 2), 0, (2,), (1,))}
std::string tensors_pickle() {
  return "\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n"s
         "FloatStorage\nX\x01\0\0\0"
         "0X\x03\0\0\0cpuK\x02tQK\0K\x02\x85K\x01\x85tRs."s;
}

std::string torch_zip(char stride, const std::string& weights) {
  return build_zip({{.name = "m/data.pkl", .content = tensors_pickle()},
                    {.name = "m/constants.pkl", .content = "\x80\x02)."s},
                    {.name = "m/bytecode.pkl", .content = bytecode_pickle(stride)},
                    {.name = "m/data/0", .content = weights},
                    {.name = "m/extra/labels.txt", .content = "cat\ndog\n"},
                    {.name = "m/version", .content = "3\n"}})
      .bytes;
}

std::string format_of(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  return probe ? std::string(probe->format) : "";
}
ModelGraph describe(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  if (!probe || model_format(probe->format)->describe == nullptr) return {};
  return model_format(probe->format)->describe(as_bytes(bytes), *probe);
}

TEST(TorchArchive, ReadsBytecodeConstantsAndTensors) {
  const std::string bytes = torch_zip(2, std::string(8, 'w')) + "tail";
  const auto probe = probe_model(as_bytes(bytes));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "torchscript");
  EXPECT_EQ(probe->size, bytes.size() - 4);
  const ModelGraph graph = describe(bytes);
  ASSERT_EQ(graph.operators.size(), 1U);
  EXPECT_EQ(graph.operators[0].name, "aten::add.Tensor");
  EXPECT_EQ(graph.operators[0].detail, " LOADC=2 then RET=0");
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "x");
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_EQ(graph.parameters, 2U);
  EXPECT_THAT(graph.labels, ElementsAre("cat", "dog"));
  EXPECT_THAT(graph.metadata, Contains(Pair("kind", "bytecode")));
  EXPECT_THAT(graph.metadata, Contains(Pair("bytecode_version", "8")));
  EXPECT_THAT(graph.metadata, Contains(Pair("tensor 0", "float32[2]")));
  EXPECT_TRUE(graph.gaps.empty());
}

TEST(TorchArchive, GraphHashIgnoresWeightsOnly) {
  const ModelGraph one = describe(torch_zip(2, std::string(8, 'w')));
  const ModelGraph retrained = describe(torch_zip(2, std::string(8, 'v')));
  EXPECT_EQ(one.graph_hash, retrained.graph_hash);
  EXPECT_NE(one.weights_hash, retrained.weights_hash);
  EXPECT_NE(one.graph_hash, describe(torch_zip(3, std::string(8, 'w'))).graph_hash);
}

TEST(TorchArchive, ReadsSourcesWhereThereIsNoBytecode) {
  const std::string source =
      "class Net(Module):\n  def forward(self: X,\n    image: Tensor) -> Tensor:\n"
      "    y = torch.conv2d(image, CONSTANTS.c0, None, [1, 1])\n    return torch.relu(y)\n";
  const ModelGraph graph =
      describe(build_zip({{.name = "m/data.pkl", .content = tensors_pickle()},
                          {.name = "m/code/net.py", .content = source, .deflate = true},
                          {.name = "m/constants.pkl", .content = "\x80\x02)."s},
                          {.name = "m/version", .content = "3\n"}})
                   .bytes);
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[0].name, "torch.conv2d");
  EXPECT_EQ(graph.operators[0].detail, "_,C,None,[1,1]");
  EXPECT_EQ(graph.operators[1].name, "torch.relu");
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "image");
}

// Storages and their element counts: Python's own unpickler with inert classes.
TEST(TorchArchive, ReadsRealMobileModels) {
  struct Row {
    const char* file;
    std::uint64_t parameters;
    std::size_t operators;
  };
  for (const Row& row :
       {Row{"models/dynamic.ptl", 25639, 30}, Row{"models/rowan-tabular.ptl", 21913, 8}}) {
    DAYLIGHT_SHARED_OR_SKIP(path, row.file);
    const auto file = MappedFile::open(path);
    ASSERT_TRUE(file);
    const auto probe = probe_model(file->bytes());
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->format, "torchscript");
    EXPECT_EQ(probe->size, file->bytes().size());
    const ModelGraph graph = model_format("torchscript")->describe(file->bytes(), *probe);
    EXPECT_EQ(graph.parameters, row.parameters);
    EXPECT_EQ(graph.operators.size(), row.operators);
    EXPECT_TRUE(graph.gaps.empty());
  }
}

TEST(ZipBundle, KnowsTasksKerasSnpeNumpy) {
  const std::string tflite = build_tiny_tflite();
  EXPECT_EQ(format_of(build_zip({{.name = "face_detector.tflite", .content = tflite},
                                 {.name = "face_blendshapes.tflite", .content = tflite}})
                          .bytes),
            "mediapipe_task");
  EXPECT_EQ(format_of(build_zip({{.name = "model", .content = "x"},
                                 {.name = "model.params", .content = "y"},
                                 {.name = "dlc.metadata", .content = "model-version=1\n"}})
                          .bytes),
            "dlc_zip");
  const auto array = [](const std::string& shape, std::size_t bytes) {
    std::string head = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
    std::string out = "\x93NUMPY\x01"s + '\0';
    testing::put16(out, head.size());
    return out + head + std::string(bytes, '\0');
  };
  EXPECT_EQ(format_of(build_zip({{.name = "w.npy", .content = array("4, 8", 128)},
                                 {.name = "b.npy", .content = array("8,", 32)},
                                 {.name = "v.npy", .content = array("8, 3", 96)},
                                 {.name = "c.npy", .content = array("3,", 12)}})
                          .bytes),
            "numpy_zip");
  EXPECT_EQ(format_of(build_zip({{.name = "x.npy", .content = array("4,", 16)},
                                 {.name = "y.npy", .content = array("8,", 32)},
                                 {.name = "height.npy", .content = array("4, 8", 128)},
                                 {.name = "colour.npy", .content = array("4, 8", 128)}})
                          .bytes),
            "")
      << "a grid with its axes is data";
  const std::string keras =
      build_zip({{.name = "metadata.json", .content = R"({"keras_version": "3.4.1"})"},
                 {.name = "config.json", .content = R"({"class_name": "Functional", "config":
                  {"name": "age", "layers": [
                    {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 8]},
                     "inbound_nodes": []},
                    {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "relu",
                     "trainable": true}, "inbound_nodes": [[["in", 0, 0, {}]]]}],
                   "output_layers": [["d", 0, 0]]}})"},
                 {.name = "model.weights.h5", .content = "..."}})
          .bytes;
  EXPECT_EQ(format_of(keras), "keras_zip");
  const ModelGraph graph = describe(keras);
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[1].detail, "units=3 activation=\"relu\"");
  EXPECT_THAT(graph.operators[1].inputs, ElementsAre("in"));
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_THAT(graph.inputs[0].shape, ElementsAre(-1, 8));
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_THAT(graph.metadata, Contains(Pair("keras_version", "3.4.1")));
  EXPECT_EQ(graph.graph_hash.size(), 64U);
}

// As Keras 3.15 writes a sequential model: no connections, no outputs, types as policies, and the
// weights in an HDF5 file inside.
TEST(ZipBundle, KerasChainsAndWeights) {
  const auto bundle = [](const std::string& layers, const std::string& weights) {
    return build_zip({{.name = "metadata.json", .content = R"({"keras_version": "3.15.1"})"},
                      {.name = "config.json",
                       .content = R"({"class_name": "Sequential", "config": {"layers": [)" +
                                  layers + "]}}"},
                      {.name = "model.weights.h5", .content = weights}})
        .bytes;
  };
  const std::string input =
      R"({"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 8],
          "dtype": "float16"}})";
  const std::string dense = R"(,{"class_name": "Dense", "config": {"name": "d", "units": 3,
      "dtype": {"class_name": "DTypePolicy", "config": {"name": "float16"}}}})";
  const std::string inner = R"(,{"class_name": "Sequential", "config": {"name": "s", "layers": [
      {"class_name": "ReLU", "config": {"name": "r"}}]}})";
  const std::string last = R"(,{"class_name": "Softmax", "config": {"name": "p"}})";
  const auto seed = MappedFile::open(testing::project_file("fuzz/corpus/header_models/keras_h5"));
  ASSERT_TRUE(seed);
  const ModelGraph graph =
      describe(bundle(input + dense + inner + last, std::string(as_text(seed->bytes()))));
  ASSERT_EQ(graph.operators.size(), 4U);
  EXPECT_THAT(graph.operators[1].inputs, ElementsAre("in"));
  EXPECT_THAT(graph.operators[2].inputs, ElementsAre("d"));
  EXPECT_THAT(graph.operators[3].inputs, ElementsAre("r"));
  EXPECT_EQ(graph.inputs.at(0).dtype, "float16");
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_EQ(graph.outputs[0].name, "p");
  EXPECT_TRUE(graph.gaps.empty());
  const ModelGraph swapped = describe(bundle(input + inner + dense + last, "..."));
  EXPECT_NE(swapped.graph_hash, graph.graph_hash);
  ASSERT_EQ(swapped.gaps.size(), 1U);
  EXPECT_EQ(swapped.gaps[0].where, "model.weights.h5");
}

TEST(ZipBundle, OrdinaryArchivesAreNone) {
  const std::string tflite = build_tiny_tflite();
  const std::vector<std::vector<ZipItem>> archives = {
      {{.name = "readme.txt", .content = "data.pkl .tflite metadata.json"}},
      {{.name = "assets/model.tflite", .content = tflite}},
      {{.name = "face_detector.tflite", .content = tflite, .deflate = true}},
      {{.name = "AndroidManifest.xml", .content = "x"},
       {.name = "face_detector.tflite", .content = tflite}},
      {{.name = "m/data.pkl", .content = "not a pickle"}, {.name = "m/version", .content = "3"}},
      {{.name = "m/data.pkl", .content = "N."}},
      {{.name = "metadata.json", .content = "{}"}, {.name = "config.json", .content = "{}"}},
      {{.name = "a.npy", .content = "\x93NUMPY"}, {.name = "b.txt", .content = "x"}}};
  for (const auto& items : archives) EXPECT_EQ(format_of(build_zip(items).bytes), "");
}

}  // namespace
}  // namespace dl
