// SPDX-License-Identifier: Apache-2.0
// Every binary model format on a small model of its own (fuzz/make_seeds_binary_models.py builds
// them from text): name, size, facts; and what is cut or changed is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "daylight/base/file.h"
#include "daylight/format/engines/mslite.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/format/tensorflow/circle.h"
#include "daylight/format/torch/ptmf.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

std::string seed(const std::string& name) {
  const auto file = MappedFile::open(testing::project_file("fuzz/corpus/" + name));
  return file ? std::string(as_text(file->bytes())) : std::string();
}
ModelGraph describe(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  if (!probe || model_format(probe->format)->describe == nullptr) return {};
  return model_format(probe->format)->describe(as_bytes(bytes), *probe);
}
std::map<std::string, std::string> facts(const std::string& bytes) {
  const auto probe = probe_model(as_bytes(bytes));
  return probe ? std::map<std::string, std::string>(probe->facts.begin(), probe->facts.end())
               : std::map<std::string, std::string>();
}

struct Row {
  const char* seed;
  const char* format;
  bool exact;  // the format says where it ends
};
class EachFormat : public ::testing::TestWithParam<Row> {};

TEST_P(EachFormat, IsKnownAndSized) {
  const std::string bytes = seed(GetParam().seed);
  ASSERT_FALSE(bytes.empty());
  const auto probe = probe_model(as_bytes(bytes));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, GetParam().format);
  EXPECT_EQ(probe->size, bytes.size());
  EXPECT_TRUE(probe->gaps.empty());
  if (!GetParam().exact) return;
  // A letter cannot begin another part of any of them.
  const std::string longer = bytes + std::string(100, 'x');
  const auto inside = probe_model(as_bytes(longer));
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->size, bytes.size());
}

TEST_P(EachFormat, CutAndChangedBytesDoNoHarm) {
  const std::string bytes = seed(GetParam().seed);
  const std::size_t step = std::max<std::size_t>(1, bytes.size() / 500);
  for (std::size_t size = 0; size < bytes.size(); size += step) {
    const auto probe = probe_model(as_bytes(bytes).first(size));
    EXPECT_LE(probe ? probe->size : 0, size);
  }
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(~changed[at]);
    describe(changed);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Seeds, EachFormat,
    ::testing::Values(
        Row{"flatbuffer_models/mnn", "mnn", true}, Row{"flatbuffer_models/ort", "ort", true},
        Row{"flatbuffer_models/executorch", "executorch", true},
        Row{"flatbuffer_models/ptmf", "ptmf", true},
        Row{"flatbuffer_models/circle", "circle", true},
        Row{"flatbuffer_models/mslite", "mslite", true},
        Row{"flatbuffer_models/litertlm", "litertlm", true},
        Row{"archive_models/script", "torchscript", true},
        Row{"archive_models/task", "mediapipe_task", true}, Row{"header_models/gguf", "gguf", true},
        Row{"header_models/ggml_legacy", "ggml_legacy", false},
        Row{"header_models/safetensors", "safetensors", true},
        Row{"header_models/keras_h5", "keras_h5", true},
        Row{"header_models/tesseract", "tesseract", false},
        Row{"header_models/dlib_predictor", "dlib_dat", true},
        Row{"header_models/dlib_network", "dlib_dat", false},
        Row{"header_models/pickle_model", "pickle_model", true},
        Row{"header_models/torch_legacy_pickle", "torch_legacy_pickle", true},
        Row{"header_models/xgboost", "xgboost", true},
        Row{"header_models/xgboost_old", "xgboost", false},
        Row{"header_models/catboost", "catboost", true},
        Row{"header_models/tnn_model", "tnn_model", false},
        Row{"header_models/paddle_lite_nb", "paddle_lite_nb", false},
        Row{"header_models/paddle_params", "paddle_params", true},
        Row{"header_models/mxnet_params", "mxnet_params", true},
        Row{"header_models/rknn", "rknn", true}, Row{"header_models/openvx", "rknn", false},
        Row{"header_models/om_davinci", "om_davinci", true},
        Row{"header_models/dlc_v4", "dlc_v4", false},
        Row{"header_models/megengine", "megengine", false},
        Row{"header_models/kmodel", "kmodel", true}, Row{"header_models/kaldi", "kaldi", false},
        Row{"header_models/openfst", "openfst", false}, Row{"header_models/armnn", "armnn", false}),
    [](const auto& row) {
      std::string name = row.param.seed;
      std::replace(name.begin(), name.end(), '/', '_');
      return name;
    });

TEST(BinaryModels, ArchivesMayNotGrow) {
  // The end record of a ZIP has to stand at the end of what is looked at.
  const std::string bytes = seed("archive_models/script");
  EXPECT_EQ(probe_model(as_bytes(bytes + "x"))->size, bytes.size());
}

TEST(Ptmf, ReadsFunctionsSchemaAndStorages) {
  const auto model = read_ptmf(as_bytes(seed("flatbuffer_models/ptmf")), ReadDepth::kAll);
  ASSERT_TRUE(model);
  const ModelGraph& graph = model->graph;
  ASSERT_EQ(graph.operators.size(), 1U);
  EXPECT_EQ(graph.operators[0].name, "aten::add.Tensor");
  EXPECT_EQ(graph.operators[0].detail, " LOADC=[1,2]");
  ASSERT_EQ(graph.inputs.size(), 1U);
  EXPECT_EQ(graph.inputs[0].name, "x");
  ASSERT_EQ(graph.outputs.size(), 1U);
  EXPECT_EQ(graph.parameters, 6U);
  EXPECT_THAT(graph.metadata, Contains(Pair("bytecode_version", "9")));
  EXPECT_THAT(graph.metadata, Contains(Pair("extra_files", "labels.txt")));
  EXPECT_EQ(graph.graph_hash.size(), 64U);
}

TEST(Circle, ReadsOperatorsThatOnlyItHas) {
  const auto model = read_circle(as_bytes(seed("flatbuffer_models/circle")), ReadDepth::kAll);
  ASSERT_TRUE(model);
  const ModelGraph& graph = model->graph;
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[0].name, "ADD");
  EXPECT_EQ(graph.operators[0].detail, "activation=RELU");
  EXPECT_EQ(graph.operators[1].name, "INSTANCE_NORM");
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 2));
  EXPECT_THAT(graph.outputs.at(0).quant_scale, ElementsAre(0.5F));
  EXPECT_EQ(graph.parameters, 2U);
}

TEST(Mslite, ReadsNodesOptionsAndQuantisation) {
  const auto model = read_mslite(as_bytes(seed("flatbuffer_models/mslite")), ReadDepth::kAll);
  ASSERT_TRUE(model);
  const ModelGraph& graph = model->graph;
  ASSERT_EQ(graph.operators.size(), 1U);
  EXPECT_EQ(graph.operators[0].name, "Conv2DFusion");
  EXPECT_EQ(graph.operators[0].detail, "kernel_size=3,3 stride=2,2");
  EXPECT_THAT(graph.operators[0].inputs, ElementsAre("in", "w"));
  EXPECT_EQ(graph.inputs.at(0).dtype, "float32");
  EXPECT_EQ(graph.outputs.at(0).dtype, "int8");
  EXPECT_THAT(graph.outputs.at(0).quant_zero_point, ElementsAre(3));
  EXPECT_EQ(graph.parameters, 4U);
}

TEST(BinaryModels, HeadersTellTheirFacts) {
  EXPECT_EQ(facts(seed("flatbuffer_models/litertlm"))["section 0"],
            "TFLite model tf_lite_prefill_decode");
  EXPECT_EQ(facts(seed("flatbuffer_models/litertlm"))["author"], "me");
  EXPECT_EQ(facts(seed("header_models/dlib_predictor"))["landmarks"], "2");
  EXPECT_EQ(facts(seed("header_models/dlib_predictor"))["trees"], "2");
  EXPECT_EQ(facts(seed("header_models/dlib_network"))["loss"], "loss_metric_2");
  EXPECT_EQ(facts(seed("header_models/dlib_network"))["layers"], "con_5:2 fc_2:1 relu_:1");
  EXPECT_EQ(facts(seed("header_models/pickle_model"))["classes"], "sklearn.svm.SVC");
  EXPECT_EQ(facts(seed("header_models/xgboost"))["objective"], "reg:squarederror");
  EXPECT_EQ(facts(seed("header_models/xgboost"))["booster"], "gbtree");
  EXPECT_EQ(facts(seed("header_models/xgboost"))["features"], "4");
  EXPECT_EQ(facts(seed("header_models/xgboost_old"))["objective"], "binary:logistic");
  EXPECT_EQ(facts(seed("header_models/paddle_lite_nb"))["optimiser"], "v2.10.0");
  EXPECT_EQ(facts(seed("header_models/paddle_params"))["parameters"], "12");
  EXPECT_EQ(facts(seed("header_models/mxnet_params"))["names"], "arg:w");
  EXPECT_EQ(facts(seed("header_models/rknn"))["json.target_platform"], "[\"rk3588\"]");
  EXPECT_EQ(facts(seed("header_models/rknn_encrypted"))["encrypted"], "declared by its header");
  EXPECT_EQ(facts(seed("header_models/om_davinci"))["name"], "net");
  EXPECT_EQ(facts(seed("header_models/openfst"))["states"], "5");
  EXPECT_EQ(facts(seed("header_models/tnn_model"))["first_layer"], "Convolution conv1");
  EXPECT_EQ(facts(seed("header_models/openvx"))["nodes"], "3");
  EXPECT_EQ(facts(seed("header_models/kmodel"))["layers"], "1");
}

TEST(BinaryModels, OldTorchFilesListTheirTensors) {
  const ModelGraph graph = describe(seed("header_models/torch_legacy_pickle"));
  EXPECT_EQ(graph.parameters, 2U);
  EXPECT_THAT(graph.metadata, Contains(Pair("tensor 0", "float32[2]")));
  EXPECT_EQ(graph.weights_hash.size(), 64U);
}

// One thing that the verifier asks for is wrong; nothing else takes the file for a model.
TEST(BinaryModels, NearMissesAreNone) {
  const auto without = [](const char* name, std::size_t at, const std::string& bytes) {
    std::string changed = seed(name);
    changed.replace(at, bytes.size(), bytes);
    return probe_model(as_bytes(changed)).has_value();
  };
  EXPECT_FALSE(without("header_models/openfst", 4, std::string(4, '\xff')));
  EXPECT_FALSE(without("header_models/kaldi", 2, "<Nothing"));
  EXPECT_FALSE(without("header_models/catboost", 4, std::string(4, '\x7f')));
  EXPECT_FALSE(without("header_models/tnn_model", 4, std::string(4, '\0')));
  EXPECT_FALSE(without("header_models/paddle_lite_nb", 2, "x"));
  EXPECT_FALSE(without("header_models/mxnet_params", 24, "x"));
  EXPECT_FALSE(without("header_models/om_davinci", 4, "x"));
  EXPECT_FALSE(without("header_models/kmodel", 12, std::string(4, '\0')));
  EXPECT_FALSE(without("header_models/dlib_predictor", 2, "\x01\x03"));
  EXPECT_FALSE(without("header_models/dlib_network", 4, "x"));
  EXPECT_FALSE(without("header_models/openvx", 12, std::string(64, '\0')));
  EXPECT_FALSE(without("header_models/dlc_v4", 12, "XXXX"));
  EXPECT_FALSE(without("flatbuffer_models/litertlm", 24, std::string(8, '\0')));
}

TEST(BinaryModels, ModelsAreFoundInsideOfOtherBytes) {
  for (const char* name :
       {"flatbuffer_models/ptmf", "flatbuffer_models/circle", "flatbuffer_models/mslite",
        "flatbuffer_models/litertlm", "header_models/gguf", "header_models/keras_h5",
        "header_models/torch_legacy_pickle", "header_models/catboost",
        "header_models/om_davinci"}) {
    const std::string model = seed(name);
    const std::string bytes = std::string(77, 'p') + model + std::string(33, 't');
    const EmbeddedModels found = find_models_inside(as_bytes(bytes));
    ASSERT_EQ(found.models.size(), 1U) << name;
    EXPECT_EQ(found.models[0].offset, 77U) << name;
    EXPECT_EQ(found.models[0].model.size, model.size()) << name;
  }
}

}  // namespace
}  // namespace dl
