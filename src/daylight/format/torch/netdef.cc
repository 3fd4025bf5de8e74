// SPDX-License-Identifier: Apache-2.0
// Field numbers are those of the public caffe2.proto and mace.proto.
#include "daylight/format/torch/netdef.h"

#include <algorithm>
#include <array>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

using K = ProtoKind;

constexpr std::array<ProtoRule, 7> kArgumentRules = {{
    {1, K::kText, nullptr, false, true},  // name
    {2, K::kFixed32},                     // f
    {3, K::kVarint},                      // i
    {4, K::kBytes},                       // s
    {5, K::kFixed32s, nullptr, true},     // floats
    {6, K::kVarints, nullptr, true},      // ints
    {7, K::kBytes, nullptr, true},        // strings
}};
constexpr ProtoSchema kArgument = {kArgumentRules, 32};

constexpr std::array<ProtoRule, 9> kCaffe2OperatorRules = {{
    {1, K::kText, nullptr, true},               // input
    {2, K::kText, nullptr, true},               // output
    {3, K::kText},                              // name
    {4, K::kText, nullptr, false, true},        // type
    {5, K::kMessage, &kArgument, true},         // arg
    {6, K::kBytes},                             // device_option
    {7, K::kText},                              // engine
    {8, K::kText, nullptr, true},               // control_input
    {9, K::kVarint, nullptr, false, false, 1},  // is_gradient_op
}};
constexpr ProtoSchema kCaffe2Operator = {kCaffe2OperatorRules, 16};

constexpr std::array<ProtoRule, 9> kCaffe2Rules = {{
    {1, K::kText},                                   // name
    {2, K::kMessage, &kCaffe2Operator, true, true},  // op
    {3, K::kText},                                   // type
    {4, K::kVarint, nullptr, false, false, 4096},    // num_workers
    {5, K::kBytes},                                  // device_option
    {6, K::kMessage, &kArgument, true},              // arg
    {7, K::kText, nullptr, true},                    // external_input
    {8, K::kText, nullptr, true},                    // external_output
    {9, K::kBytes, nullptr, true},                   // partition_info
}};
constexpr ProtoSchema kCaffe2 = {kCaffe2Rules, 0};

constexpr std::array<ProtoRule, 10> kMaceOperatorRules = {{
    {1, K::kText, nullptr, true},                // input
    {2, K::kText, nullptr, true},                // output
    {3, K::kText},                               // name
    {4, K::kText, nullptr, false, true},         // type
    {5, K::kVarint, nullptr, false, false, 64},  // device_type
    {6, K::kMessage, &kArgument, true},          // arg
    {7, K::kBytes, nullptr, true},               // output_shape
    {8, K::kVarints, nullptr, true},             // output_type
    {9, K::kBytes, nullptr, true},               // quantize_info
    {10, K::kVarints, nullptr, true},            // mem_id
}};
constexpr ProtoSchema kMaceOperator = {kMaceOperatorRules, 128};

constexpr std::array<ProtoRule, 8> kMaceTensorRules = {{
    {1, K::kVarints, nullptr, true},             // dims
    {2, K::kVarint, nullptr, false, false, 32},  // data_type
    {3, K::kFixed32s, nullptr, true},            // float_data
    {4, K::kVarints, nullptr, true},             // int32_data
    {5, K::kText, nullptr, false, true},         // name
    {6, K::kVarint},                             // offset
    {7, K::kVarint},                             // data_size
    {8, K::kFixed32},                            // scale
}};
constexpr ProtoSchema kMaceTensor = {kMaceTensorRules, 128};

constexpr std::array<ProtoRule, 4> kMaceBorderRules = {{{1, K::kText, nullptr, false, true},
                                                        {2, K::kVarint},
                                                        {3, K::kVarints, nullptr, true},
                                                        {4, K::kVarint}}};
constexpr ProtoSchema kMaceBorder = {kMaceBorderRules, 32};

constexpr std::array<ProtoRule, 6> kMaceRules = {{
    {1, K::kMessage, &kMaceOperator, true, true},  // op
    {2, K::kMessage, &kArgument, true},            // arg
    {3, K::kMessage, &kMaceTensor, true},          // tensors
    {4, K::kVarint, nullptr, false, false, 32},    // data_type
    {100, K::kMessage, &kMaceBorder, true},        // input_info
    {101, K::kMessage, &kMaceBorder, true},        // output_info
}};
constexpr ProtoSchema kMace = {kMaceRules, 0};

constexpr std::uint32_t kTypeField = 4;

bool is_type_name(std::string_view type) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':';
  };
  return type.size() >= 2 && type.size() < 100 && std::all_of(type.begin(), type.end(), is_part) &&
         (type[0] < '0' || type[0] > '9');
}

struct Operators {
  std::size_t count = 0;
  std::size_t connected = 0;  // have an output
  bool named = true;          // all types are names
};

Operators count_operators(ByteSpan net, std::uint32_t field_number) {
  Operators out;
  ProtoReader reader(net);
  while (const auto field = reader.next()) {
    if (field->number != field_number) continue;
    ++out.count;
    out.named = out.named && (field->cut || is_type_name(proto_text(field->bytes, kTypeField)));
    if (proto_field(field->bytes, 2)) ++out.connected;
  }
  return out;
}

std::optional<ModelProbe> probe(ByteSpan bytes, const ProtoSchema& schema,
                                std::uint32_t operator_field, std::string_view id) {
  const ProtoFit fit = fit_proto_schema(bytes, schema);
  if (!fit.required) return std::nullopt;
  const ByteSpan net = bytes.first(static_cast<std::size_t>(fit.size));
  const Operators operators = count_operators(net, operator_field);
  if (!operators.named || operators.connected == 0) return std::nullopt;
  ModelProbe found{id, fit.size, {}, {{"operators", std::to_string(operators.count)}}};
  if (fit.cut)
    found.gaps.push_back({"network", "it is cut off: its last field goes on behind the end"});
  return found;
}

}  // namespace

std::optional<ModelProbe> probe_caffe2(ByteSpan bytes) {
  auto found = probe(bytes, kCaffe2, 2, "caffe2");
  if (!found) return found;
  const std::string name = proto_text(bytes.first(static_cast<std::size_t>(found->size)), 1);
  if (!name.empty()) found->facts.emplace_back("name", name);
  return found;
}

std::optional<ModelProbe> probe_mace(ByteSpan bytes) {
  auto found = probe(bytes, kMace, 1, "mace");
  // Weights lie in a file of their own or in the tensors; a border is always told.
  if (!found) return found;
  const ByteSpan net = bytes.first(static_cast<std::size_t>(found->size));
  if (!proto_field(net, 3) && !proto_field(net, 100)) return std::nullopt;
  if (const auto input = proto_field(net, 100))
    found->facts.emplace_back("input", proto_text(input->bytes, 1));
  if (const auto output = proto_field(net, 101))
    found->facts.emplace_back("output", proto_text(output->bytes, 1));
  return found;
}

}  // namespace dl
