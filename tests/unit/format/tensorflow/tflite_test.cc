// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite graphs: a built model comes back as it was built, real ones as the LiteRT
// interpreter sees them, and damage is a gap.
#include "daylight/format/tensorflow/tflite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"

namespace dl {
namespace {

using testing::build_tiny_tflite;
using ::testing::ElementsAre;
using testing::Flat;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TinyTflite;

TfliteModel read(const std::string& bytes) {
  auto model = read_tflite(as_bytes(bytes));
  EXPECT_TRUE(model) << describe(model.error());
  return model ? std::move(*model) : TfliteModel{};
}

std::string gaps_of(const TfliteModel& model) {
  std::string text;
  for (const FormatGap& gap : model.gaps) text += gap.where + ": " + gap.why + "\n";
  return text;
}

TEST(Tflite, GivesBackTheGraph) {
  const std::string bytes = build_tiny_tflite();
  const TfliteModel model = read(bytes);
  EXPECT_EQ(gaps_of(model), "");
  EXPECT_EQ(model.version, 3U);
  EXPECT_TRUE(model.has_identifier);
  EXPECT_EQ(model.description, "tiny");
  EXPECT_EQ(model.size, bytes.size());
  ASSERT_EQ(model.subgraphs.size(), 1U);
  const TfliteSubgraph& graph = model.subgraphs[0];
  EXPECT_EQ(graph.name, "main");
  EXPECT_THAT(graph.inputs, ElementsAre(0));
  EXPECT_THAT(graph.outputs, ElementsAre(6));
  ASSERT_EQ(graph.tensors.size(), 7U);
  EXPECT_EQ(graph.tensors[0].name, "image");
  EXPECT_THAT(graph.tensors[0].shape, ElementsAre(1, 4, 4, 3));
  EXPECT_EQ(graph.tensors[0].type, TfliteType::kFloat32);
  EXPECT_EQ(graph.tensors[4].type, TfliteType::kInt32);
  EXPECT_FALSE(model.is_constant(graph.tensors[0]));
  EXPECT_TRUE(model.is_constant(graph.tensors[1]));
  const TfliteBuffer& weights = model.buffers.at(graph.tensors[1].buffer);
  EXPECT_EQ(weights.data.size(), 96 * sizeof(float));
  EXPECT_EQ(load_le<float>(weights.data, 0), 0.25F);
  EXPECT_EQ(weights.data.data(), as_bytes(bytes).data() + weights.offset);
}

TEST(Tflite, OperatorsHaveNamesAndActivations) {
  const TfliteModel model = read(build_tiny_tflite());
  const auto& operators = model.subgraphs.at(0).operators;
  ASSERT_EQ(operators.size(), 3U);
  EXPECT_EQ(model.operator_name(operators[0]), "CONV_2D");
  EXPECT_EQ(operators[0].activation, "RELU6");
  EXPECT_THAT(operators[0].inputs, ElementsAre(0, 1, 2));
  EXPECT_EQ(model.operator_name(operators[1]), "RESHAPE");
  EXPECT_EQ(model.operator_name(operators[2]), "SOFTMAX");
  EXPECT_EQ(operators[2].activation, "");
  ASSERT_EQ(model.signatures.size(), 1U);
  EXPECT_EQ(model.signatures[0].key, "serving_default");
  EXPECT_EQ(model.signatures[0].outputs.at(0).name, "scores");
  EXPECT_EQ(model.signatures[0].outputs[0].tensor, 6U);
}

TEST(Tflite, QuantizationAndDynamicShapes) {
  const TfliteModel model =
      read(build_tiny_tflite({.input_signature = {-1, 4, 4, 3}, .quantized_input = true}));
  const TfliteTensor& input = model.subgraphs.at(0).tensors.at(0);
  EXPECT_EQ(input.type, TfliteType::kUint8);
  ASSERT_TRUE(input.quantization);
  EXPECT_THAT(input.quantization->scale, ElementsAre(1.0F / 128));
  EXPECT_THAT(input.quantization->zero_point, ElementsAre(128));
  EXPECT_THAT(input.shape_signature, ElementsAre(-1, 4, 4, 3));
  EXPECT_FALSE(model.subgraphs[0].tensors[1].quantization);
}

TEST(Tflite, NamesOfNumbers) {
  EXPECT_EQ(tflite_builtin_name(0), "ADD");
  EXPECT_EQ(tflite_builtin_name(25), "SOFTMAX");
  EXPECT_EQ(tflite_builtin_name(97), "RESIZE_NEAREST_NEIGHBOR");
  EXPECT_EQ(tflite_builtin_name(150), "GELU");
  EXPECT_EQ(tflite_builtin_name(209), "STABLEHLO_CASE");
  EXPECT_EQ(tflite_builtin_name(999), "BUILTIN_999");
  EXPECT_EQ(tflite_builtin_name(-1), "BUILTIN_-1");
  EXPECT_EQ(tflite_type_name(TfliteType::kUint8), "uint8");
  EXPECT_EQ(tflite_type_name(static_cast<TfliteType>(99)), "type-99");
  EXPECT_EQ(tflite_type_bits(TfliteType::kInt4), 4U);
  EXPECT_EQ((TfliteOperatorCode{32, "TFLite_Detection_PostProcess", 1}.name()),
            "TFLite_Detection_PostProcess");
}

TEST(Tflite, TheEndIsWhereItsPartsEnd) {
  const std::string model = build_tiny_tflite();
  EXPECT_EQ(read(model + "something else behind it").size, model.size());
  EXPECT_EQ(read(model + std::string(100, 'x')).size, model.size());
}

TEST(Tflite, ModelsWithoutIdentifierMustBeWhole) {
  EXPECT_FALSE(read(build_tiny_tflite({.identifier = false})).has_identifier);
  const auto refused = [](const TinyTflite& options) {
    return !read_tflite(as_bytes(build_tiny_tflite(options)));
  };
  EXPECT_TRUE(refused({.identifier = false, .version = 2}));
  EXPECT_FALSE(refused({.version = 2}));
  EXPECT_TRUE(refused({.version = 4}));
  EXPECT_TRUE(refused({.identifier = false, .first_operator_code = 9}));
  EXPECT_FALSE(refused({.first_operator_code = 9}));
}

TEST(Tflite, TheCheapTestNeverRefusesAModel) {
  const std::string good = build_tiny_tflite();
  EXPECT_TRUE(may_be_tflite(as_bytes(good)));
  std::size_t both = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] + 1);
    const bool is_model = read_tflite(as_bytes(bytes)).has_value();
    EXPECT_TRUE(!is_model || may_be_tflite(as_bytes(bytes))) << at;
    both += is_model ? 1 : 0;
  }
  EXPECT_GT(both, good.size() / 2);
  EXPECT_FALSE(may_be_tflite(as_bytes("TFL3TFL3TFL3TFL3")));
  EXPECT_FALSE(may_be_tflite({}));
}

TEST(TfliteHostile, DamageIsAGapAndIndicesStay) {
  const TfliteModel model = read(build_tiny_tflite({.first_operator_code = 9}));
  EXPECT_THAT(gaps_of(model), HasSubstr("operator code does not exist"));
  EXPECT_EQ(model.operator_name(model.subgraphs[0].operators[0]), "?");
  EXPECT_EQ(model.subgraphs[0].operators.size(), 3U);
}

TEST(TfliteHostile, TensorsThatDoNotExist) {
  const Flat tensor = Flat::table(
      {{0, Flat::numbers(std::vector<std::int32_t>{1})}, {2, Flat::number<std::uint32_t>(77)}});
  const Flat op = Flat::table({{1, Flat::numbers(std::vector<std::int32_t>{0, 5, -1, -7})}});
  const Flat graph = Flat::table({{0, Flat::list({tensor})},
                                  {1, Flat::numbers(std::vector<std::int32_t>{0, 3})},
                                  {2, Flat::numbers(std::vector<std::int32_t>{-1})},
                                  {3, Flat::list({op})}});
  const Flat root = Flat::table({{0, Flat::number<std::uint32_t>(3)},
                                 {1, Flat::list({Flat::table({})})},
                                 {2, Flat::list({graph})}});
  const TfliteModel model = read(root.buffer("TFL3"));
  EXPECT_THAT(model.subgraphs.at(0).inputs, ElementsAre(0));
  EXPECT_THAT(model.subgraphs[0].outputs, ElementsAre());
  EXPECT_THAT(model.subgraphs[0].operators.at(0).inputs, ElementsAre(0, -1, -1, -1));
  EXPECT_EQ(model.subgraphs[0].tensors[0].buffer, 0U);
  EXPECT_THAT(gaps_of(model), HasSubstr("its buffer does not exist"));
  EXPECT_THAT(gaps_of(model), HasSubstr("names a tensor that does not exist"));
}

TEST(TfliteHostile, SharedPartsDoNotMultiply) {
  // 20,000 entries that all point to one tensor with a long name: read until the budget is used up.
  const Flat tensor = Flat::table({{3, Flat::text(std::string(20000, 'n'))}});
  std::vector<Flat> tensors(20001, Flat::number<std::uint32_t>(0));
  tensors.back() = tensor;
  const Flat graph = Flat::table({{0, Flat::list(tensors)}, {3, Flat::list({Flat::table({})})}});
  std::string bytes =
      Flat::table({{0, Flat::number<std::uint32_t>(3)}, {2, Flat::list({graph})}}).buffer("TFL3");
  // Find the slots (a count of 20,001) and point each to the last one's table.
  std::string count(4, '\0');
  count[0] = static_cast<char>(20001 & 0xff);
  count[1] = static_cast<char>(20001 >> 8);
  const std::size_t slots = bytes.find(count) + 4;
  const std::size_t last = slots + std::size_t{4} * 20000;
  const std::size_t target = last + load_le<std::uint32_t>(as_bytes(bytes), last).value();
  for (std::size_t i = 0; i < 20000; ++i) {
    const std::size_t slot = slots + 4 * i;
    for (unsigned k = 0; k < 4; ++k)
      bytes[slot + k] = static_cast<char>((target - slot) >> (8 * k));
  }
  const TfliteModel model = read(bytes);
  std::uint64_t characters = 0;
  for (const TfliteTensor& t : model.subgraphs.at(0).tensors) characters += t.name.size();
  EXPECT_LE(characters, kMaxTfliteElementsPerByte * bytes.size());
  EXPECT_THAT(gaps_of(model), HasSubstr("shared so often"));
}

TEST(TfliteHostile, EveryTruncationIsReadWithAGapOrRefused) {
  const std::string good = build_tiny_tflite({.metadata = "m"});
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string cut = good.substr(0, size);
    const auto model = read_tflite(as_bytes(cut));
    if (!model) continue;
    // The last three bytes may be padding.
    EXPECT_TRUE(!model->gaps.empty() || size + 3 >= good.size()) << size;
    EXPECT_LE(model->size, size);
    (void)tflite_graph_hash(*model);
  }
}

TEST(TfliteGraphHash, CountsTheComputationOnly) {
  const std::string base = tflite_graph_hash(read(build_tiny_tflite()));
  EXPECT_EQ(base, tflite_graph_hash(read(build_tiny_tflite({.weight = 7.0F}))));
  EXPECT_EQ(base,
            tflite_graph_hash(read(build_tiny_tflite({.description = "x", .input_name = "y"}))));
  EXPECT_NE(base, tflite_graph_hash(read(build_tiny_tflite({.input_signature = {-1, 4, 4, 3}}))));
  EXPECT_NE(base, tflite_graph_hash(read(build_tiny_tflite({.quantized_input = true}))));
}

TEST(TfliteGraphHash, IsTheHashOfTheDocumentedText) {
  const std::string text =
      "daylight-graph 1\nsubgraph\ninputs 0:float32[1,4,4,3]\noutputs 1:float32[1,2]\n"
      "op CONV_2D 1 RELU6 in 0 2:float32[2,4,4,3] 3:float32[2] out 4:float32[1,1,1,2]\n"
      "op RESHAPE 1 - in 4 5:int32[2] out 6:float32[1,2]\nop SOFTMAX 1 - in 6 out 1\n";
  EXPECT_EQ(tflite_graph_hash(read(build_tiny_tflite())), sha256_hex(text));
}

// Everything that the interpreter tells about a model, one line each.
constexpr const char* kOracle = R"py(
import sys
from ai_edge_litert.interpreter import Interpreter, OpResolverType
m = Interpreter(model_path=sys.argv[1], experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=True)
def line(kind, d):
    q = d['quantization_parameters']
    print(kind, d['index'], d['name'], d['dtype'].__name__, '[%s]' % ','.join(map(str, d['shape'])),
          '[%s]' % ','.join(map(str, d['shape_signature'])), len(q['scales']),
          '%.6g' % q['scales'][0] if len(q['scales']) else '-', q['zero_points'][0] if len(q['zero_points']) else '-')
for d in m.get_input_details(): line('input', d)
for d in m.get_output_details(): line('output', d)
for o in m._get_ops_details(): print('op', o['op_name'], list(map(int, o['inputs'])), list(map(int, o['outputs'])))
)py";

std::string bracketed(const std::vector<std::int32_t>& values, const char* separator) {
  std::string out = "[";
  for (std::size_t i = 0; i < values.size(); ++i)
    out += (i == 0 ? "" : separator) + std::to_string(values[i]);
  return out + "]";
}

std::string tensor_line(const char* kind, const TfliteModel& model, std::int32_t index) {
  const TfliteTensor& tensor = model.subgraphs[0].tensors[static_cast<std::size_t>(index)];
  const auto& signature = tensor.shape_signature.empty() ? tensor.shape : tensor.shape_signature;
  std::string line = std::string(kind) + " " + std::to_string(index) + " " + tensor.name + " " +
                     tflite_type_name(tensor.type) + " " + bracketed(tensor.shape, ",") + " " +
                     bracketed(signature, ",");
  // The interpreter knows only quantisation with a scale.
  if (!tensor.quantization || tensor.quantization->scale.empty()) return line + " 0 - -";
  char scale[32];
  std::snprintf(scale, sizeof(scale), "%.6g", static_cast<double>(tensor.quantization->scale[0]));
  return line + " " + std::to_string(tensor.quantization->scale.size()) + " " + scale + " " +
         std::to_string(tensor.quantization->zero_point.at(0));
}

std::string described(const TfliteModel& model) {
  std::string out;
  for (const std::int32_t i : model.subgraphs[0].inputs)
    out += tensor_line("input", model, i) + "\n";
  for (const std::int32_t i : model.subgraphs[0].outputs)
    out += tensor_line("output", model, i) + "\n";
  for (const TfliteOperator& op : model.subgraphs[0].operators) {
    out += "op " + model.operator_name(op) + " " + bracketed(op.inputs, ", ") + " " +
           bracketed(op.outputs, ", ") + "\n";
  }
  return out;
}

void compare_with_interpreter(const std::filesystem::path& path) {
  const testing::TemporaryFolder folder;
  const auto script = folder.path() / "oracle.py";
  std::ofstream(script) << kOracle;
  const auto theirs = testing::run_command(testing::test_python() + " " + script.string() + " " +
                                           path.string() + " 2>/dev/null");
  if (!theirs) GTEST_SKIP() << "ai-edge-litert is not installed";
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto model = read_tflite(file->bytes());
  ASSERT_TRUE(model) << describe(model.error());
  EXPECT_EQ(gaps_of(*model), "");
  EXPECT_EQ(described(*model), *theirs);
}

TEST(TfliteOracle, TheBuiltModelRuns) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "tiny.tflite";
  std::ofstream(path, std::ios::binary) << build_tiny_tflite();
  compare_with_interpreter(path);
}

class TfliteOracle : public ::testing::TestWithParam<const char*> {};

TEST_P(TfliteOracle, EqualsTheInterpreter) {
  DAYLIGHT_SHARED_OR_SKIP(path, std::string("models/") + GetParam() + ".tflite");
  compare_with_interpreter(path);
}

TEST_P(TfliteOracle, TheWholeFileIsTheModel) {
  DAYLIGHT_SHARED_OR_SKIP(path, std::string("models/") + GetParam() + ".tflite");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  // Some writers leave a small table at the very end that nothing points to.
  const auto model = read_tflite(file->bytes());
  ASSERT_TRUE(model);
  EXPECT_LE(model->size, file->bytes().size());
  EXPECT_LE(file->bytes().size() - model->size, 16U);
}

INSTANTIATE_TEST_SUITE_P(Models, TfliteOracle,
                         ::testing::Values("deeplabv3_257_mv_gpu", "model_age_q", "model_gender_q",
                                           "model_lite_age_nonq", "model_lite_gender_nonq",
                                           "version-slim-320_without_postprocessing",
                                           "windaayumelati-gender"));

}  // namespace
}  // namespace dl
