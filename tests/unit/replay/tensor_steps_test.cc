// SPDX-License-Identifier: Apache-2.0
// Steps around the model, one at a time: what each makes of a small tensor or number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "daylight/replay/step_compiler.h"
#include "daylight/replay/tensor_ops.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

Tensor floats(const std::vector<float>& values) {
  Tensor tensor;
  tensor.reshape(ElementType::kFloat32, {1, static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.data<float>());
  return tensor;
}

std::vector<float> values_of(const Tensor& tensor) {
  std::vector<float> values;
  for (std::size_t i = 0; i < tensor.size(); ++i)
    values.push_back(static_cast<float>(element_at(tensor, i)));
  return values;
}

class Steps : public ::testing::Test {
 protected:
  // Compiles and runs one step on a tensor.
  StepResult run(const std::string& op, const std::string& params, const Tensor& tensor) {
    in_.tensor = tensor;
    ValueType type;
    type.kind = ValueKind::kTensor;
    type.element = tensor.type;
    return run_on(op, params, type);
  }
  StepResult run(const std::string& op, const std::string& params, float scalar) {
    in_.scalar = scalar;
    ValueType type;
    type.kind = ValueKind::kScalar;
    return run_on(op, params, type);
  }
  StepResult run_on(const std::string& op, const std::string& params, const ValueType& type) {
    const Json json = *parse_json(params, "test");
    const std::string id = "step";
    const auto compiled = compile_step(StepParams(id, op, json), type, context_);
    EXPECT_TRUE(compiled) << describe(compiled.error());
    out_ = {};
    return compiled ? compiled->function(in_, out_, worker_)
                    : step_failure(PredictionStatus::kCrash, "");
  }
  std::string refusal(const std::string& op, const std::string& params) {
    const Json json = *parse_json(params, "test");
    const std::string id = "step";
    ValueType type;
    type.kind = ValueKind::kTensor;
    const auto compiled = compile_step(StepParams(id, op, json), type, context_);
    EXPECT_FALSE(compiled);
    return compiled ? "" : compiled.error().what;
  }

  testing::TemporaryFolder folder_;
  BlobStore blobs_{folder_.path()};
  CompileContext context_{blobs_, {}};
  StepWorker worker_;
  StepValue in_;
  StepValue out_;
};

TEST_F(Steps, ArgmaxTakesTheFirstOfEqualScores) {
  ASSERT_TRUE(run("argmax", R"({"labels": ["a", "b", "c"]})", floats({0.25F, 0.5F, 0.5F})));
  EXPECT_EQ(out_.label, "b");
  EXPECT_DOUBLE_EQ(*out_.score, 0.5);
  const auto wrong = run("argmax", R"({"labels": ["a", "b"]})", floats({1, 2, 3}));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().status, PredictionStatus::kCrash);
  const auto nan = run("argmax", R"({"labels": ["a", "b"]})", floats({std::nanf(""), 1}));
  ASSERT_FALSE(nan);
  EXPECT_EQ(nan.error().status, PredictionStatus::kParseError);
  EXPECT_THAT(refusal("top-k", R"({"k": 3, "labels": ["a"]})"), HasSubstr("'k'"));
}

TEST_F(Steps, CompareGivesTiesToOtherwise) {
  const std::string params =
      R"({"index_a": 0, "index_b": 1, "if_greater": "Male", "otherwise": "Female"})";
  ASSERT_TRUE(run("compare", params, floats({0.5F, 0.5F})));
  EXPECT_EQ(out_.label, "Female");
  ASSERT_TRUE(run("compare", params, floats({0.75F, 0.25F})));
  EXPECT_EQ(out_.label, "Male");
  EXPECT_DOUBLE_EQ(*out_.score, 0.75);
  EXPECT_FALSE(run("compare", params, floats({1.0F})));
}

TEST_F(Steps, ThresholdGivesTiesToBelow) {
  const std::string params = R"({"value": 0.5, "below": "no", "above": "yes"})";
  ASSERT_TRUE(run("threshold", params, 0.5F));
  EXPECT_EQ(out_.label, "no");
  EXPECT_DOUBLE_EQ(*out_.score, 0.5);
  ASSERT_TRUE(run("threshold", params, 0.875F));
  EXPECT_EQ(out_.label, "yes");
  EXPECT_DOUBLE_EQ(*out_.score, 0.875);
  ASSERT_TRUE(run("threshold", params, 3.0F));
  EXPECT_FALSE(out_.score) << "no probability, no score";
  ASSERT_TRUE(run("threshold", R"({"value": 1, "below": "no", "above": "yes", "index": 1})",
                  floats({9, 0.25F})));
  EXPECT_EQ(out_.label, "no");
  EXPECT_FALSE(run("threshold", params, std::nanf("")));
}

TEST_F(Steps, Expectation) {
  ASSERT_TRUE(run("expectation", R"({"start": 10, "step": 5})", floats({0.5F, 0.25F, 0.25F})));
  EXPECT_FLOAT_EQ(out_.scalar, 13.75F);
  ASSERT_TRUE(run("expectation", R"({"values": [1, 2, 100]})", floats({0.5F, 0.25F, 0.25F})));
  EXPECT_FLOAT_EQ(out_.scalar, 26.0F);
  EXPECT_FALSE(run("expectation", R"({"values": [1, 2]})", floats({1, 1, 1})));
}

TEST_F(Steps, ElementByOneIndexOrByAll) {
  ASSERT_TRUE(run("element", R"({"index": [0, 2]})", floats({1, 2, 3})));
  EXPECT_FLOAT_EQ(out_.scalar, 3);
  ASSERT_TRUE(run("element", R"({"index": [1]})", floats({1, 2, 3})));
  EXPECT_FLOAT_EQ(out_.scalar, 2);
  EXPECT_FALSE(run("element", R"({"index": [3]})", floats({1, 2, 3})));
  EXPECT_FALSE(run("element", R"({"index": [1, 0]})", floats({1, 2, 3})));
  EXPECT_FALSE(run("element", R"({"index": [0, 0, 0]})", floats({1, 2, 3})));
}

TEST_F(Steps, NumbersAndTensorsAlike) {
  ASSERT_TRUE(run("scale", R"({"factor": 116, "offset": 1})", 0.25F));
  EXPECT_FLOAT_EQ(out_.scalar, 30);
  ASSERT_TRUE(run("clamp", R"({"low": 0, "high": 1})", floats({-1, 0.5F, 2})));
  EXPECT_THAT(values_of(out_.tensor), ElementsAre(0, 0.5F, 1));
  ASSERT_TRUE(run("truncate", "{}", floats({-1.9F, 1.9F})));
  EXPECT_THAT(values_of(out_.tensor), ElementsAre(-1, 1));
  ASSERT_TRUE(run("sigmoid", "{}", 0.0F));
  EXPECT_FLOAT_EQ(out_.scalar, 0.5F);
  ASSERT_TRUE(run("softmax", "{}", floats({1000, 1000, -std::numeric_limits<float>::infinity()})));
  EXPECT_THAT(values_of(out_.tensor), ElementsAre(0.5F, 0.5F, 0.0F));
  EXPECT_THAT(refusal("clamp", R"({"low": 2, "high": 1})"), HasSubstr("above"));
}

TEST_F(Steps, DequantizeByParametersOrByTheTensorsOwn) {
  Tensor stored;
  stored.reshape(ElementType::kUint8, {1, 2});
  stored.bytes = {128, 255};
  stored.scale = 0.5F;
  stored.zero_point = 128;
  ASSERT_TRUE(run("dequantize", "{}", stored));
  EXPECT_THAT(values_of(out_.tensor), ElementsAre(0, 63.5F));
  ASSERT_TRUE(run("dequantize", R"({"scale": 2, "zero_point": 100})", stored));
  EXPECT_THAT(values_of(out_.tensor), ElementsAre(56, 310));
}

// --- the functions behind them

TEST(TensorOps, NormalizeIsTwoFloatOperationsInEveryPath) {
  // 103 values: whole blocks and a rest; bytes, floats, and a type without blocks.
  for (const ElementType type : {ElementType::kUint8, ElementType::kFloat32, ElementType::kInt32}) {
    Tensor bytes;
    bytes.reshape(ElementType::kUint8, {1, 103, 1});
    for (std::size_t i = 0; i < 103; ++i) bytes.bytes[i] = static_cast<std::uint8_t>(i * 5);
    Tensor from;
    cast_tensor(bytes, type, from);
    const std::vector<float> mean = {123.675F, 116.28F, 103.53F};
    const std::vector<float> std = {58.395F, 57.12F, 57.375F};
    Tensor to;
    normalize_tensor(from, mean, std, to);
    for (std::size_t i = 0; i < 103; ++i) {
      const float expected = (static_cast<float>(bytes.bytes[i]) - mean[i % 3]) / std[i % 3];
      ASSERT_EQ(to.data<float>()[i], expected) << to_string(type) << " " << i;
    }
  }
}

TEST(TensorOps, CastCutsAndClamps) {
  Tensor to;
  cast_tensor(floats({-3.7F, 3.7F, 255.9F, 300.0F, std::nanf("")}), ElementType::kUint8, to);
  EXPECT_THAT(to.bytes, ElementsAre(0, 3, 255, 255, 0));
  cast_tensor(floats({-200.0F, 200.0F, -1.5F}), ElementType::kInt8, to);
  EXPECT_THAT(values_of(to), ElementsAre(-128, 127, -1));
  cast_tensor(floats({1e20F, -1e20F}), ElementType::kInt64, to);
  EXPECT_GT(element_at(to, 0), 9e18);
  EXPECT_LT(element_at(to, 1), -9e18);
}

TEST(TensorOps, QuantizeRoundsOrCuts) {
  Tensor to;
  quantize_tensor(floats({0.74F, 0.76F, -9.0F}), 0.5F, 10, ElementType::kUint8,
                  QuantizeRounding::kNearest, to);
  EXPECT_THAT(to.bytes, ElementsAre(11, 12, 0));
  quantize_tensor(floats({0.74F, 0.99F}), 0.5F, -10, ElementType::kInt8, QuantizeRounding::kCut,
                  to);
  EXPECT_THAT(values_of(to), ElementsAre(-8, -8));
  quantize_tensor(floats({0.75F}), 0.5F, 0, ElementType::kFloat32, QuantizeRounding::kNearest, to);
  EXPECT_THAT(values_of(to), ElementsAre(FloatEq(1.5F)));
}

TEST(Tensors, HalfFloats) {
  Tensor tensor;
  tensor.reshape(ElementType::kFloat16, {5});
  const std::vector<std::uint16_t> bits = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555};
  std::copy(bits.begin(), bits.end(), tensor.data<std::uint16_t>());
  EXPECT_DOUBLE_EQ(element_at(tensor, 0), 1.0);
  EXPECT_DOUBLE_EQ(element_at(tensor, 1), -2.0);
  EXPECT_DOUBLE_EQ(element_at(tensor, 2), std::ldexp(1.0, -24));
  EXPECT_TRUE(std::isinf(element_at(tensor, 3)));
  EXPECT_NEAR(element_at(tensor, 4), 1.0 / 3.0, 1e-4);
}

}  // namespace
}  // namespace dl
