// SPDX-License-Identifier: Apache-2.0
// Field numbers are those of the public framework.proto.
#include "daylight/format/engines/paddle.h"

#include <array>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

using K = ProtoKind;

constexpr std::array<ProtoRule, 2> kArgumentRules = {
    {{1, K::kText, nullptr, false, true}, {2, K::kText, nullptr, true}}};
constexpr ProtoSchema kArgument = {kArgumentRules, 0};

constexpr std::array<ProtoRule, 5> kOperatorRules = {{
    {1, K::kMessage, &kArgument, true},         // inputs
    {2, K::kMessage, &kArgument, true},         // outputs
    {3, K::kText, nullptr, false, true},        // type
    {4, K::kBytes, nullptr, true},              // attrs
    {5, K::kVarint, nullptr, false, false, 1},  // is_target
}};
constexpr ProtoSchema kOperator = {kOperatorRules, 16};

constexpr std::array<ProtoRule, 3> kVariableRules = {{
    {1, K::kText, nullptr, false, true},        // name
    {2, K::kBytes, nullptr, false, true},       // type
    {3, K::kVarint, nullptr, false, false, 1},  // persistable
}};
constexpr ProtoSchema kVariable = {kVariableRules, 32};

constexpr std::array<ProtoRule, 5> kBlockRules = {{
    {1, K::kVarint, nullptr, false, true, 100000},  // idx
    {2, K::kVarint, nullptr, false, true},          // parent_idx: -1 for the first
    {3, K::kMessage, &kVariable, true},             // vars
    {4, K::kMessage, &kOperator, true},             // ops
    {5, K::kVarint},                                // forward_block_idx
}};
constexpr ProtoSchema kBlock = {kBlockRules, 0};

constexpr std::array<ProtoRule, 1> kVersionRules = {{{1, K::kVarint}}};
constexpr ProtoSchema kVersion = {kVersionRules, 0};

constexpr std::array<ProtoRule, 3> kProgramRules = {{
    {1, K::kMessage, &kBlock, true, true},  // blocks
    {4, K::kMessage, &kVersion},            // version
    {5, K::kBytes},                         // op_version_map
}};
constexpr ProtoSchema kProgram = {kProgramRules, 0};

}  // namespace

std::optional<ModelProbe> probe_paddle_pb(ByteSpan bytes) {
  const ProtoFit fit = fit_proto_schema(bytes, kProgram);
  if (!fit.required) return std::nullopt;
  std::uint64_t blocks = 0;
  std::uint64_t operators = 0;
  std::string version;
  ProtoReader program(bytes.first(static_cast<std::size_t>(fit.size)));
  while (const auto field = program.next()) {
    if (field->number == 4) version = std::to_string(proto_integer(field->bytes, 1, 0));
    if (field->number != 1) continue;
    ++blocks;
    ProtoReader block(field->bytes);
    while (const auto part = block.next()) operators += part->number == 4 ? 1 : 0;
  }
  if (operators == 0) return std::nullopt;
  ModelProbe probe{"paddle_pb", fit.size, {}, {{"blocks", std::to_string(blocks)}}};
  probe.facts.emplace_back("operators", std::to_string(operators));
  if (!version.empty()) probe.facts.emplace_back("version", version);
  if (fit.cut)
    probe.gaps.push_back({"program", "it is cut off: its last field goes on behind the end"});
  return probe;
}

}  // namespace dl
