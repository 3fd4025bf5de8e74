// SPDX-License-Identifier: Apache-2.0
// The schema by which ONNX models are known: they have no magic number.
#include "daylight/format/engines/onnx.h"

#include <array>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

using K = ProtoKind;

// Numbers of the schema's later versions, inside of its messages.
constexpr std::uint32_t kOpen = 64;

extern const ProtoSchema kGraph;
extern const ProtoSchema kType;

constexpr std::array<ProtoRule, 2> kPairRules = {{{1, K::kText}, {2, K::kBytes}}};
constexpr ProtoSchema kPair = {kPairRules, kOpen};

constexpr std::array<ProtoRule, 15> kTensorRules = {{
    {1, K::kVarints, nullptr, true},             // dims
    {2, K::kVarint, nullptr, false, false, 64},  // data_type
    {3, K::kBytes},                              // segment
    {4, K::kFixed32s, nullptr, true},            // float_data
    {5, K::kVarints, nullptr, true},             // int32_data
    {6, K::kBytes, nullptr, true},               // string_data
    {7, K::kVarints, nullptr, true},             // int64_data
    {8, K::kText},                               // name
    {9, K::kBytes},                              // raw_data
    {10, K::kFixed64s, nullptr, true},           // double_data
    {11, K::kVarints, nullptr, true},            // uint64_data
    {12, K::kBytes},                             // doc_string
    {13, K::kMessage, &kPair, true},             // external_data
    {14, K::kVarint, nullptr, false, false, 1},  // data_location
    {16, K::kMessage, &kPair, true},             // metadata_props
}};
constexpr ProtoSchema kTensor = {kTensorRules, kOpen};

const std::array<ProtoRule, 16> kAttributeRules = {{
    {1, K::kText, nullptr, false, true},          // name
    {2, K::kFixed32},                             // f
    {3, K::kVarint},                              // i
    {4, K::kBytes},                               // s
    {5, K::kMessage, &kTensor},                   // t
    {6, K::kMessage, &kGraph},                    // g
    {7, K::kFixed32s, nullptr, true},             // floats
    {8, K::kVarints, nullptr, true},              // ints
    {9, K::kBytes, nullptr, true},                // strings
    {10, K::kMessage, &kTensor, true},            // tensors
    {11, K::kMessage, &kGraph, true},             // graphs
    {13, K::kBytes},                              // doc_string
    {14, K::kMessage, &kType},                    // tp
    {15, K::kMessage, &kType, true},              // type_protos
    {20, K::kVarint, nullptr, false, false, 64},  // type
    {21, K::kText},                               // ref_attr_name
}};
const ProtoSchema kAttribute = {kAttributeRules, kOpen};

const std::array<ProtoRule, 9> kNodeRules = {{
    {1, K::kText, nullptr, true},         // input
    {2, K::kText, nullptr, true},         // output
    {3, K::kText},                        // name
    {4, K::kText, nullptr, false, true},  // op_type
    {5, K::kMessage, &kAttribute, true},  // attribute
    {6, K::kBytes},                       // doc_string
    {7, K::kText},                        // domain
    {8, K::kText},                        // overload
    {9, K::kMessage, &kPair, true},       // metadata_props
}};
const ProtoSchema kNode = {kNodeRules, kOpen};

constexpr std::array<ProtoRule, 3> kDimensionRules = {
    {{1, K::kVarint}, {2, K::kText}, {3, K::kText}}};
constexpr ProtoSchema kDimension = {kDimensionRules, kOpen};
constexpr std::array<ProtoRule, 1> kShapeRules = {{{1, K::kMessage, &kDimension, true}}};
constexpr ProtoSchema kShape = {kShapeRules, kOpen};
constexpr std::array<ProtoRule, 2> kTensorTypeRules = {
    {{1, K::kVarint, nullptr, false, false, 64}, {2, K::kMessage, &kShape}}};
constexpr ProtoSchema kTensorType = {kTensorTypeRules, kOpen};
constexpr std::array<ProtoRule, 2> kTypeRules = {{{1, K::kMessage, &kTensorType}, {6, K::kText}}};
constexpr ProtoSchema kType = {kTypeRules, kOpen};

constexpr std::array<ProtoRule, 4> kValueRules = {{
    {1, K::kText, nullptr, false, true},  // name
    {2, K::kMessage, &kType},             // type
    {3, K::kBytes},                       // doc_string
    {4, K::kMessage, &kPair, true},       // metadata_props
}};
constexpr ProtoSchema kValue = {kValueRules, kOpen};

const std::array<ProtoRule, 10> kGraphRules = {{
    {1, K::kMessage, &kNode, true},    // node
    {2, K::kText},                     // name
    {5, K::kMessage, &kTensor, true},  // initializer
    {10, K::kBytes},                   // doc_string
    {11, K::kMessage, &kValue, true},  // input
    {12, K::kMessage, &kValue, true},  // output
    {13, K::kMessage, &kValue, true},  // value_info
    {14, K::kBytes, nullptr, true},    // quantization_annotation
    {15, K::kBytes, nullptr, true},    // sparse_initializer
    {16, K::kMessage, &kPair, true},   // metadata_props
}};
const ProtoSchema kGraph = {kGraphRules, kOpen};

constexpr std::array<ProtoRule, 2> kOperatorSetRules = {
    {{1, K::kText}, {2, K::kVarint, nullptr, false, false, 1000}}};
constexpr ProtoSchema kOperatorSet = {kOperatorSetRules, 0};

// Closed: a field behind the model must not be taken for one of its own.
const std::array<ProtoRule, 12> kModelRules = {{
    {1, K::kVarint, nullptr, false, false, kMaxOnnxIrVersion},
    {2, K::kText},                           // producer_name
    {3, K::kText},                           // producer_version
    {4, K::kText},                           // domain
    {5, K::kVarint},                         // model_version
    {6, K::kBytes},                          // doc_string
    {7, K::kMessage, &kGraph, false, true},  // graph
    {8, K::kMessage, &kOperatorSet, true},   // opset_import
    {14, K::kMessage, &kPair, true},         // metadata_props
    {20, K::kBytes, nullptr, true},          // training_info
    {25, K::kBytes, nullptr, true},          // functions
    {26, K::kBytes, nullptr, true},          // configuration
}};
const ProtoSchema kModel = {kModelRules, 0};

// What every model has besides: a version of the format or of the operators, and an operator.
bool has_substance(ByteSpan model) {
  bool versioned = false;
  bool computes = false;
  ProtoReader reader(model);
  while (const auto field = reader.next()) {
    if (field->number == 1 || field->number == 8) versioned = true;
    if (field->number != 7) continue;
    const auto node = proto_field(field->bytes, 1);
    computes = node && node->is_message() && !proto_text(node->bytes, 4).empty();
  }
  return versioned && computes;
}

}  // namespace

std::optional<ModelProbe> probe_onnx(ByteSpan bytes) {
  const ProtoFit fit = fit_proto_schema(bytes, kModel);
  if (!fit.required) return std::nullopt;
  const ByteSpan model = bytes.first(static_cast<std::size_t>(fit.size));
  if (!has_substance(model)) return std::nullopt;
  ModelProbe probe{"onnx", fit.size, {}};
  if (fit.cut)
    probe.gaps.push_back({"model", "it is cut off: its last field goes on behind the end"});
  return probe;
}

}  // namespace dl
