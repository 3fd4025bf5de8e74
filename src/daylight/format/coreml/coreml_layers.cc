// SPDX-License-Identifier: Apache-2.0
// Field numbers and names are those of the public NeuralNetwork.proto.
#include "daylight/format/coreml/coreml_layers.h"

#include <algorithm>
#include <array>
#include <vector>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

struct Named {
  std::uint32_t number;
  std::string_view name;
};

constexpr std::array<Named, 158> kLayers = {{{100, "convolution"},
                                             {120, "pooling"},
                                             {130, "activation"},
                                             {140, "innerProduct"},
                                             {150, "embedding"},
                                             {160, "batchnorm"},
                                             {165, "mvn"},
                                             {170, "l2normalize"},
                                             {175, "softmax"},
                                             {180, "lrn"},
                                             {190, "crop"},
                                             {200, "padding"},
                                             {210, "upsample"},
                                             {211, "resizeBilinear"},
                                             {212, "cropResize"},
                                             {220, "unary"},
                                             {230, "add"},
                                             {231, "multiply"},
                                             {240, "average"},
                                             {245, "scale"},
                                             {250, "bias"},
                                             {260, "max"},
                                             {261, "min"},
                                             {270, "dot"},
                                             {280, "reduce"},
                                             {290, "loadConstant"},
                                             {300, "reshape"},
                                             {301, "flatten"},
                                             {310, "permute"},
                                             {320, "concat"},
                                             {330, "split"},
                                             {340, "sequenceRepeat"},
                                             {345, "reorganizeData"},
                                             {350, "slice"},
                                             {400, "simpleRecurrent"},
                                             {410, "gru"},
                                             {420, "uniDirectionalLSTM"},
                                             {430, "biDirectionalLSTM"},
                                             {500, "custom"},
                                             {600, "copy"},
                                             {605, "branch"},
                                             {615, "loop"},
                                             {620, "loopBreak"},
                                             {625, "loopContinue"},
                                             {635, "rangeStatic"},
                                             {640, "rangeDynamic"},
                                             {660, "clip"},
                                             {665, "ceil"},
                                             {670, "floor"},
                                             {680, "sign"},
                                             {685, "round"},
                                             {700, "exp2"},
                                             {710, "sin"},
                                             {715, "cos"},
                                             {720, "tan"},
                                             {730, "asin"},
                                             {735, "acos"},
                                             {740, "atan"},
                                             {750, "sinh"},
                                             {755, "cosh"},
                                             {760, "tanh"},
                                             {770, "asinh"},
                                             {775, "acosh"},
                                             {780, "atanh"},
                                             {790, "erf"},
                                             {795, "gelu"},
                                             {815, "equal"},
                                             {820, "notEqual"},
                                             {825, "lessThan"},
                                             {827, "lessEqual"},
                                             {830, "greaterThan"},
                                             {832, "greaterEqual"},
                                             {840, "logicalOr"},
                                             {845, "logicalXor"},
                                             {850, "logicalNot"},
                                             {855, "logicalAnd"},
                                             {865, "modBroadcastable"},
                                             {870, "minBroadcastable"},
                                             {875, "maxBroadcastable"},
                                             {880, "addBroadcastable"},
                                             {885, "powBroadcastable"},
                                             {890, "divideBroadcastable"},
                                             {895, "floorDivBroadcastable"},
                                             {900, "multiplyBroadcastable"},
                                             {905, "subtractBroadcastable"},
                                             {920, "tile"},
                                             {925, "stack"},
                                             {930, "gather"},
                                             {935, "scatter"},
                                             {940, "gatherND"},
                                             {945, "scatterND"},
                                             {950, "softmaxND"},
                                             {952, "gatherAlongAxis"},
                                             {954, "scatterAlongAxis"},
                                             {960, "reverse"},
                                             {965, "reverseSeq"},
                                             {975, "splitND"},
                                             {980, "concatND"},
                                             {985, "transpose"},
                                             {995, "sliceStatic"},
                                             {1000, "sliceDynamic"},
                                             {1005, "slidingWindows"},
                                             {1015, "topK"},
                                             {1020, "argMin"},
                                             {1025, "argMax"},
                                             {1040, "embeddingND"},
                                             {1045, "batchedMatmul"},
                                             {1065, "getShape"},
                                             {1070, "loadConstantND"},
                                             {1080, "fillLike"},
                                             {1085, "fillStatic"},
                                             {1090, "fillDynamic"},
                                             {1100, "broadcastToLike"},
                                             {1105, "broadcastToStatic"},
                                             {1110, "broadcastToDynamic"},
                                             {1120, "squeeze"},
                                             {1125, "expandDims"},
                                             {1130, "flattenTo2D"},
                                             {1135, "reshapeLike"},
                                             {1140, "reshapeStatic"},
                                             {1145, "reshapeDynamic"},
                                             {1150, "rankPreservingReshape"},
                                             {1155, "constantPad"},
                                             {1170, "randomNormalLike"},
                                             {1175, "randomNormalStatic"},
                                             {1180, "randomNormalDynamic"},
                                             {1190, "randomUniformLike"},
                                             {1195, "randomUniformStatic"},
                                             {1200, "randomUniformDynamic"},
                                             {1210, "randomBernoulliLike"},
                                             {1215, "randomBernoulliStatic"},
                                             {1220, "randomBernoulliDynamic"},
                                             {1230, "categoricalDistribution"},
                                             {1250, "reduceL1"},
                                             {1255, "reduceL2"},
                                             {1260, "reduceMax"},
                                             {1265, "reduceMin"},
                                             {1270, "reduceSum"},
                                             {1275, "reduceProd"},
                                             {1280, "reduceMean"},
                                             {1285, "reduceLogSum"},
                                             {1290, "reduceSumSquare"},
                                             {1295, "reduceLogSumExp"},
                                             {1313, "whereNonZero"},
                                             {1315, "matrixBandPart"},
                                             {1320, "lowerTriangular"},
                                             {1325, "upperTriangular"},
                                             {1330, "whereBroadcastable"},
                                             {1350, "layerNormalization"},
                                             {1400, "NonMaximumSuppression"},
                                             {1450, "oneHot"},
                                             {1455, "cumSum"},
                                             {1460, "clampedReLU"},
                                             {1461, "argSort"},
                                             {1465, "pooling3d"},
                                             {1466, "globalPooling3d"},
                                             {1470, "sliceBySize"},
                                             {1471, "convolution3d"}}};

constexpr std::array<Named, 13> kActivations = {{{5, "linear"},
                                                 {10, "ReLU"},
                                                 {15, "leakyReLU"},
                                                 {20, "thresholdedReLU"},
                                                 {25, "PReLU"},
                                                 {30, "tanh"},
                                                 {31, "scaledTanh"},
                                                 {40, "sigmoid"},
                                                 {41, "sigmoidHard"},
                                                 {50, "ELU"},
                                                 {60, "softsign"},
                                                 {70, "softplus"},
                                                 {71, "parametricSoftplus"}}};

enum class Kind : std::uint8_t { kValue, kIntegers, kWeights, kManyWeights, kFlag };

// Fields of layers' parameters by name; what is not listed stands by its number.
struct Field {
  std::uint32_t layer;
  std::uint32_t number;
  std::string_view name;
  Kind kind = Kind::kValue;
};

constexpr Kind kI = Kind::kIntegers;
constexpr Kind kW = Kind::kWeights;
constexpr Kind kM = Kind::kManyWeights;
constexpr Kind kE = Kind::kFlag;

constexpr Field kFields[] = {{100, 1, "outputChannels"},
                             {100, 2, "kernelChannels"},
                             {100, 10, "nGroups"},
                             {100, 20, "kernelSize", kI},
                             {100, 30, "stride", kI},
                             {100, 40, "dilationFactor", kI},
                             {100, 50, "valid", kE},
                             {100, 51, "same", kE},
                             {100, 60, "isDeconvolution"},
                             {100, 70, "hasBias"},
                             {100, 90, "weights", kW},
                             {100, 91, "bias", kW},
                             {100, 100, "outputShape", kI},
                             {120, 1, "type"},
                             {120, 10, "kernelSize", kI},
                             {120, 20, "stride", kI},
                             {120, 30, "valid", kE},
                             {120, 31, "same", kE},
                             {120, 32, "includeLastPixel", kE},
                             {120, 50, "avgPoolExcludePadding"},
                             {120, 60, "globalPooling"},
                             {140, 1, "inputChannels"},
                             {140, 2, "outputChannels"},
                             {140, 10, "hasBias"},
                             {140, 20, "weights", kW},
                             {140, 21, "bias", kW},
                             {140, 22, "int8DynamicQuantize"},
                             {150, 1, "inputDim"},
                             {150, 2, "outputChannels"},
                             {150, 10, "hasBias"},
                             {150, 20, "weights", kW},
                             {150, 21, "bias", kW},
                             {160, 1, "channels"},
                             {160, 5, "computeMeanVar"},
                             {160, 6, "instanceNormalization"},
                             {160, 10, "epsilon"},
                             {160, 15, "gamma", kW},
                             {160, 16, "beta", kW},
                             {160, 17, "mean", kW},
                             {160, 18, "variance", kW},
                             {210, 1, "scalingFactor", kI},
                             {210, 5, "mode"},
                             {220, 1, "type"},
                             {220, 2, "alpha"},
                             {220, 3, "epsilon"},
                             {220, 4, "shift"},
                             {220, 5, "scale"},
                             {245, 1, "shapeScale", kI},
                             {245, 2, "scale", kW},
                             {245, 3, "hasBias"},
                             {245, 4, "shapeBias", kI},
                             {245, 5, "bias", kW},
                             {250, 1, "shape", kI},
                             {250, 2, "bias", kW},
                             {290, 1, "shape", kI},
                             {290, 2, "data", kW},
                             {300, 1, "targetShape", kI},
                             {300, 2, "mode"},
                             {301, 1, "mode"},
                             {310, 1, "axis", kI},
                             {320, 100, "sequenceConcat"},
                             {350, 1, "startIndex"},
                             {350, 2, "endIndex"},
                             {350, 3, "stride"},
                             {350, 4, "axis"},
                             {400, 1, "inputVectorSize"},
                             {400, 2, "outputVectorSize"},
                             {400, 30, "weightMatrix", kW},
                             {400, 31, "recursionMatrix", kW},
                             {400, 32, "biasVector", kW},
                             {410, 1, "inputVectorSize"},
                             {410, 2, "outputVectorSize"},
                             {410, 30, "w", kW},
                             {410, 31, "w", kW},
                             {410, 32, "w", kW},
                             {410, 50, "w", kW},
                             {410, 51, "w", kW},
                             {410, 52, "w", kW},
                             {410, 70, "w", kW},
                             {410, 71, "w", kW},
                             {410, 72, "w", kW},
                             {420, 1, "inputVectorSize"},
                             {420, 2, "outputVectorSize"},
                             {420, 20, "weightParams", kM},
                             {430, 1, "inputVectorSize"},
                             {430, 2, "outputVectorSize"},
                             {430, 20, "weightParams", kM},
                             {500, 10, "className"},
                             {500, 20, "weights", kW},
                             {950, 1, "axis"},
                             {980, 1, "axis"},
                             {985, 1, "axes", kI},
                             {1040, 1, "vocabSize"},
                             {1040, 2, "embeddingSize"},
                             {1040, 20, "weights", kW},
                             {1040, 21, "bias", kW},
                             {1045, 8, "weights", kW},
                             {1045, 9, "bias", kW},
                             {1070, 1, "shape", kI},
                             {1070, 2, "data", kW},
                             {1140, 1, "targetShape", kI},
                             {1350, 1, "normalizedShape", kI},
                             {1350, 2, "eps"},
                             {1350, 3, "gamma", kW},
                             {1350, 4, "beta", kW},
                             {1471, 60, "weights", kW},
                             {1471, 61, "bias", kW}};

constexpr std::uint32_t kActivationLayer = 130;

const Field* field_of(std::uint32_t layer, std::uint32_t number) {
  const auto* const found = std::find_if(
      std::begin(kFields), std::end(kFields),
      [&](const Field& field) { return field.layer == layer && field.number == number; });
  return found == std::end(kFields) ? nullptr : found;
}

template <std::size_t N>
std::string_view name_of(const std::array<Named, N>& names, std::uint32_t number) {
  for (const Named& named : names)
    if (named.number == number) return named.name;
  return "";
}

// WeightParams: floats, half floats, raw bytes of quantised numbers, 8-bit numbers.
void add_weights(ByteSpan message, CoremlWeights& weights, DetailText& detail) {
  const auto quantization = proto_field(message, 40);
  const std::int64_t bits = quantization ? proto_integer(quantization->bytes, 1, 8) : 8;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (!field->is_message()) continue;
    const std::uint64_t size = field->bytes.size();
    if (field->number == 1) weights.digest.add(field->bytes, size / 4);
    if (field->number == 2) weights.digest.add(field->bytes, size / 2);
    if (field->number == 31) weights.digest.add(field->bytes, size);
    if (field->number != 30) continue;
    const auto width = static_cast<std::uint64_t>(std::clamp<std::int64_t>(bits, 1, 32));
    weights.digest.add(field->bytes, size * 8 / width);
    detail.integer("weightBits", bits);
  }
}

void add_many_weights(ByteSpan message, CoremlWeights& weights, DetailText& detail) {
  ProtoReader reader(message);
  while (const auto field = reader.next())
    if (field->is_message()) add_weights(field->bytes, weights, detail);
}

// ActivationParams: which function, and its numbers (those of PReLU and its like are weights).
void add_activation(ByteSpan message, CoremlWeights& weights, DetailText& detail) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    const std::string_view name = name_of(kActivations, field->number);
    if (name.empty() || !field->is_message()) continue;
    detail.text("function", name);
    ProtoReader params(field->bytes);
    while (const auto param = params.next()) {
      if (param->wire == ProtoWire::kFixed32)
        detail.number(param->number == 1 ? "alpha" : "beta", param->number32());
      if (param->is_message()) add_weights(param->bytes, weights, detail);
    }
  }
}

void add_generic(const std::string& name, const ProtoField& field, DetailText& detail) {
  if (field.wire == ProtoWire::kVarint) {
    detail.integer(name, field.integer());
  } else if (field.wire == ProtoWire::kFixed32) {
    detail.number(name, field.number32());
  } else if (is_plain_text(field.text(), kMaxDetailText) && field.bytes.size() > 3) {
    detail.text(name, field.text());
  } else {
    detail.blob(name, field.bytes);
  }
}

void add_params(std::uint32_t layer, ByteSpan message, CoremlWeights& weights, DetailText& detail) {
  std::vector<std::int64_t> integers;
  const Field* gathered = nullptr;
  const auto write_gathered = [&] {
    if (gathered != nullptr) detail.integers(gathered->name, integers);
    integers.clear();
    gathered = nullptr;
  };
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    const Field* known = field_of(layer, field->number);
    if (known != gathered) write_gathered();
    if (known == nullptr) {
      add_generic("field_" + std::to_string(field->number), *field, detail);
    } else if (known->kind == Kind::kIntegers) {
      gathered = known;
      append_proto_integers(*field, kMaxDetailNumbers * 4, integers);
    } else if (known->kind == Kind::kWeights) {
      add_weights(field->bytes, weights, detail);
    } else if (known->kind == Kind::kManyWeights) {
      add_many_weights(field->bytes, weights, detail);
    } else if (known->kind == Kind::kFlag) {
      if (field->bytes.empty()) {
        detail.text(known->name, "default");
      } else {
        detail.blob(known->name, field->bytes);
      }
    } else {
      add_generic(std::string(known->name), *field, detail);
    }
  }
  write_gathered();
}

GraphOperator read_layer(ByteSpan message, const std::string& prefix, CoremlWeights& weights) {
  GraphOperator op;
  DetailText detail;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 2) op.inputs.push_back(prefix + std::string(field->text()));
    if (field->number == 3) op.outputs.push_back(prefix + std::string(field->text()));
    if (field->number < 100 || !field->is_message()) continue;
    const std::string_view name = name_of(kLayers, field->number);
    op.name = name.empty() ? "layer_" + std::to_string(field->number) : std::string(name);
    if (field->number == kActivationLayer) {
      add_activation(field->bytes, weights, detail);
    } else {
      add_params(field->number, field->bytes, weights, detail);
    }
  }
  op.detail = detail.take();
  return op;
}

// How pictures become numbers: a factor and one addend for each channel.
void read_preprocessing(ByteSpan message, GraphFiller& filler) {
  const auto scaler = proto_field(message, 10);
  const std::string feature = proto_text(message, 1);
  if (proto_field(message, 11)) filler.metadata("preprocessing " + feature, "mean image");
  if (!scaler) return;
  DetailText text;
  ProtoReader reader(scaler->bytes);
  while (const auto field = reader.next()) {
    constexpr std::array<Named, 5> kNames = {{{10, "channelScale"},
                                              {20, "blueBias"},
                                              {21, "greenBias"},
                                              {22, "redBias"},
                                              {30, "grayBias"}}};
    const std::string_view name = name_of(kNames, field->number);
    if (!name.empty()) text.number(name, field->number32());
  }
  filler.metadata("preprocessing " + feature, text.take());
}

}  // namespace

void read_coreml_layers(ByteSpan network, const std::string& prefix, GraphFiller& filler,
                        CoremlWeights& weights) {
  ProtoReader reader(network);
  while (const auto field = reader.next()) {
    if (field->number == 1 && field->is_message())
      filler.operation(read_layer(field->bytes, prefix, weights));
    if (field->number == 2 && field->is_message()) read_preprocessing(field->bytes, filler);
  }
}

}  // namespace dl
