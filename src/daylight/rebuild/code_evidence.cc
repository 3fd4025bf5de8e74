// SPDX-License-Identifier: Apache-2.0
// From a site of the flow graph to a line that a person can look up with a disassembler.
#include "daylight/rebuild/code_evidence.h"

#include <algorithm>

#include "daylight/base/text.h"

namespace dl::rebuild {
namespace {

// Registers, counts and sizes before a code item's first instruction.
constexpr std::uint64_t kCodeItemHeader = 16;
constexpr std::size_t kMaxExcerpt = 160;

}  // namespace

Evidence CodeEvidence::at(program::SiteId site, std::string_view rule) const {
  const program::FlowSite& where = graph_.site(site);
  const auto& index = code_.index();
  Evidence evidence;
  evidence.kind = "code";
  evidence.file = app_.file_name();
  evidence.method = printable(index.method_text(where.method), 400);
  evidence.rule = std::string(rule);
  if (where.dex < index.files().size()) {
    const DexFile& dex = index.files()[where.dex];
    evidence.entry = app_.dex_chain(where.dex);
    if (const auto body = index.code(where.method)) {
      evidence.offset = body->offset + kCodeItemHeader + std::uint64_t{where.pc} * 2;
      if (const auto instruction = decode_dex_instruction(*body, where.pc)) {
        evidence.excerpt = printable(dex_instruction_text(dex, *instruction), kMaxExcerpt);
      }
    }
  }
  return evidence;
}

void CodeEvidence::add(std::vector<Evidence>& list, program::SiteId site,
                       std::string_view rule) const {
  if (site == program::kNoSite || list.size() >= kMaxStepEvidence) return;
  const auto put = [&](const Evidence& one) {
    if (std::find(list.begin(), list.end(), one) == list.end()) list.push_back(one);
  };
  put(at(site, rule));
  const auto in_library = [&](program::SiteId id) {
    return code_.apis().class_of(code_.index().method_info(graph_.site(id).method).owner) !=
           nullptr;
  };
  program::SiteId caller = site;
  for (int depth = 0; depth < 64 && caller != program::kNoSite && in_library(caller); ++depth)
    caller = graph_.site(caller).caller;
  if (caller != program::kNoSite && caller != site)
    put(at(caller, std::string(rule) + ", called from"));
}

void CodeEvidence::add_node(std::vector<Evidence>& list, program::NodeId node,
                            std::string_view rule) const {
  if (node == program::kNoNode) return;
  const program::FlowNode& value = graph_.at(node);
  add(list, value.site, rule);
  for (const program::NodeId arg : value.args) {
    const program::FlowNode& operand = graph_.at(arg);
    const bool constant =
        operand.op == program::FlowOp::kInt || operand.op == program::FlowOp::kFloat ||
        operand.op == program::FlowOp::kString || operand.op == program::FlowOp::kBits;
    if (constant && operand.site != program::kNoSite)
      add(list, operand.site, std::string(rule) + ", constant");
  }
}

std::string CodeEvidence::method(program::SiteId site) const {
  return site == program::kNoSite
             ? std::string()
             : printable(code_.index().method_text(graph_.site(site).method), 400);
}

}  // namespace dl::rebuild
