// SPDX-License-Identifier: Apache-2.0
// The schema by which TensorFlow graphs are known; numbers are those of the public graph.proto,
// node_def.proto and saved_model.proto.
#include "daylight/format/tensorflow/tf_graph.h"

#include <algorithm>
#include <array>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

using K = ProtoKind;

constexpr std::uint32_t kOpen = 64;
// Versions of GraphDef that producers state lie below this.
constexpr std::uint64_t kMaxVersion = 100000;

constexpr std::array<ProtoRule, 2> kDimensionRules = {{{1, K::kVarint}, {2, K::kText}}};
constexpr ProtoSchema kDimension = {kDimensionRules, 0};
constexpr std::array<ProtoRule, 2> kShapeRules = {
    {{2, K::kMessage, &kDimension, true}, {3, K::kVarint, nullptr, false, false, 1}}};
constexpr ProtoSchema kShape = {kShapeRules, 0};

constexpr std::array<ProtoRule, 3> kTensorRules = {
    {{1, K::kVarint, nullptr, false, false, 200}, {2, K::kMessage, &kShape}, {4, K::kBytes}}};
constexpr ProtoSchema kTensor = {kTensorRules, kOpen};

constexpr std::array<ProtoRule, 10> kValueRules = {{
    {1, K::kBytes},                               // list
    {2, K::kBytes},                               // s
    {3, K::kVarint},                              // i
    {4, K::kFixed32},                             // f
    {5, K::kVarint, nullptr, false, false, 1},    // b
    {6, K::kVarint, nullptr, false, false, 200},  // type
    {7, K::kMessage, &kShape},                    // shape
    {8, K::kMessage, &kTensor},                   // tensor
    {9, K::kText},                                // placeholder
    {10, K::kBytes},                              // func
}};
constexpr ProtoSchema kValue = {kValueRules, 0};
constexpr std::array<ProtoRule, 2> kAttributeRules = {
    {{1, K::kText, nullptr, false, true}, {2, K::kMessage, &kValue}}};
constexpr ProtoSchema kAttribute = {kAttributeRules, 0};

constexpr std::array<ProtoRule, 7> kNodeRules = {{
    {1, K::kText, nullptr, false, true},  // name
    {2, K::kText, nullptr, false, true},  // op
    {3, K::kText, nullptr, true},         // input
    {4, K::kText},                        // device
    {5, K::kMessage, &kAttribute, true},  // attr
    {6, K::kBytes},                       // experimental_debug_info
    {7, K::kBytes},                       // experimental_type
}};
constexpr ProtoSchema kNode = {kNodeRules, 0};

constexpr std::array<ProtoRule, 3> kVersionRules = {
    {{1, K::kVarint, nullptr, false, false, kMaxVersion},
     {2, K::kVarint, nullptr, false, false, kMaxVersion},
     {3, K::kVarints, nullptr, true}}};
constexpr ProtoSchema kVersions = {kVersionRules, 0};

constexpr std::array<ProtoRule, 5> kGraphRules = {{
    {1, K::kMessage, &kNode, true, true},                 // node
    {2, K::kBytes},                                       // library
    {3, K::kVarint, nullptr, false, false, kMaxVersion},  // version
    {4, K::kMessage, &kVersions},                         // versions
    {5, K::kBytes},                                       // debug_info
}};
constexpr ProtoSchema kGraph = {kGraphRules, 0};

constexpr std::array<ProtoRule, 3> kTensorInfoRules = {
    {{1, K::kText}, {2, K::kVarint, nullptr, false, false, 200}, {3, K::kMessage, &kShape}}};
constexpr ProtoSchema kTensorInfo = {kTensorInfoRules, kOpen};
constexpr std::array<ProtoRule, 2> kBorderRules = {{{1, K::kText}, {2, K::kMessage, &kTensorInfo}}};
constexpr ProtoSchema kBorder = {kBorderRules, 0};
constexpr std::array<ProtoRule, 3> kSignatureRules = {
    {{1, K::kMessage, &kBorder, true}, {2, K::kMessage, &kBorder, true}, {3, K::kText}}};
constexpr ProtoSchema kSignature = {kSignatureRules, kOpen};
constexpr std::array<ProtoRule, 2> kNamedSignatureRules = {
    {{1, K::kText}, {2, K::kMessage, &kSignature}}};
constexpr ProtoSchema kNamedSignature = {kNamedSignatureRules, 0};

constexpr std::array<ProtoRule, 7> kMetaGraphRules = {{
    {1, K::kBytes},                            // meta_info_def
    {2, K::kMessage, &kGraph},                 // graph_def
    {3, K::kBytes},                            // saver_def
    {4, K::kBytes, nullptr, true},             // collection_def
    {5, K::kMessage, &kNamedSignature, true},  // signature_def
    {6, K::kBytes, nullptr, true},             // asset_file_def
    {7, K::kBytes},                            // object_graph_def
}};
constexpr ProtoSchema kMetaGraph = {kMetaGraphRules, 0};

constexpr std::array<ProtoRule, 2> kSavedModelRules = {
    {{1, K::kVarint, nullptr, false, true, 1}, {2, K::kMessage, &kMetaGraph, true, true}}};
constexpr ProtoSchema kSavedModel = {kSavedModelRules, 0};

// "Conv2D", "_Retval", "Addons>Resampler", "tf.aten.add".
bool is_operator_name(std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '>' || c == '.' || c == '-';
  };
  return name.size() >= 2 && name.size() < 200 && std::all_of(name.begin(), name.end(), is_part) &&
         (name[0] < '0' || name[0] > '9');
}

// All operators have names of operators, and something beside names is there.
bool has_nodes(ByteSpan graph) {
  std::size_t nodes = 0;
  std::size_t attributes = 0;
  ProtoReader reader(graph);
  while (const auto field = reader.next()) {
    if (field->number != 1) continue;
    if (!is_operator_name(proto_text(field->bytes, 2))) return field->cut && nodes > 1;
    ++nodes;
    if (proto_field(field->bytes, 5)) ++attributes;
  }
  return nodes > 0 && attributes > 0;
}

void add_cut(const ProtoFit& fit, ModelProbe& probe) {
  if (fit.cut)
    probe.gaps.push_back({"graph", "it is cut off: its last field goes on behind the end"});
}

}  // namespace

std::optional<ModelProbe> probe_tf_graphdef(ByteSpan bytes) {
  const ProtoFit fit = fit_proto_schema(bytes, kGraph);
  if (!fit.required || !has_nodes(bytes.first(static_cast<std::size_t>(fit.size))))
    return std::nullopt;
  ModelProbe probe{"tf_graphdef", fit.size, {}};
  add_cut(fit, probe);
  return probe;
}

std::optional<ModelProbe> probe_tf_savedmodel(ByteSpan bytes) {
  const ProtoFit fit = fit_proto_schema(bytes, kSavedModel);
  if (!fit.required) return std::nullopt;
  const auto meta = proto_field(bytes, 2);
  const auto graph = meta ? proto_field(meta->bytes, 2) : std::nullopt;
  if (!graph || !has_nodes(graph->bytes)) return std::nullopt;
  ModelProbe probe{"tf_savedmodel", fit.size, {}};
  add_cut(fit, probe);
  return probe;
}

}  // namespace dl
