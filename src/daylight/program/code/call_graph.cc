// SPDX-License-Identifier: Apache-2.0
// Call edges by class hierarchy analysis.
#include "daylight/program/code/call_graph.h"

#include <algorithm>

namespace dl::program {

CallGraph CallGraph::build(const ClassIndex& index, const CodeFacts& facts) {
  CallGraph graph;
  graph.index_ = &index;
  graph.facts_ = &facts;
  std::vector<std::uint32_t> fill(index.method_count() + 1, 0);
  for (MethodId caller = 0; caller < index.method_count(); ++caller) {
    for (const CallSite& site : facts.calls(caller)) ++fill[site.callee + 1];
  }
  for (std::size_t i = 1; i < fill.size(); ++i) fill[i] += fill[i - 1];
  graph.caller_start_ = fill;
  graph.caller_list_.resize(fill.back());
  for (MethodId caller = 0; caller < index.method_count(); ++caller) {
    for (const CallSite& site : facts.calls(caller)) {
      graph.caller_list_[fill[site.callee]++] = {caller, site.callee, site.pc, site.kind};
    }
  }
  return graph;
}

std::vector<MethodId> CallGraph::targets(const CallSite& site) const {
  const ClassIndex& index = *index_;
  const ClassId owner = index.method_info(site.callee).owner;
  const MethodId definition = index.resolve(site.callee);
  if (site.kind == InvokeKind::kStatic || site.kind == InvokeKind::kDirect ||
      site.kind == InvokeKind::kSuper || site.kind == InvokeKind::kDynamic) {
    return {definition == kNoId ? site.callee : definition};
  }
  std::vector<MethodId> out;
  bool complete = true;
  for (const ClassId type : index.subtypes(owner, kMaxVirtualTargets, &complete)) {
    const MethodId target = index.resolve_virtual(type, site.callee);
    if (target != kNoId && index.method_info(target).has_code()) out.push_back(target);
  }
  if (!complete)
    out = definition == kNoId ? std::vector<MethodId>{} : std::vector<MethodId>{definition};
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.empty()) out.push_back(definition == kNoId ? site.callee : definition);
  return out;
}

std::span<const CallerSite> CallGraph::named_callers(MethodId method) const {
  return std::span<const CallerSite>(caller_list_)
      .subspan(caller_start_[method], caller_start_[method + 1] - caller_start_[method]);
}

std::vector<CallerSite> CallGraph::callers(MethodId method) const {
  const ClassIndex& index = *index_;
  const MethodInfo& info = index.method_info(method);
  // A call may name the method by its own class, by an ancestor (virtual), or by a subclass that
  // inherits it.
  std::vector<ClassId> owners = index.subtypes(info.owner, kMaxVirtualTargets);
  const std::vector<ClassId> ancestors = index.ancestors(info.owner);
  owners.insert(owners.end(), ancestors.begin(), ancestors.end());
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  std::vector<CallerSite> out;
  for (const ClassId owner : owners) {
    const MethodId named = index.find_method(index.descriptor(owner), index.method_name(method),
                                             index.method_descriptor(method));
    if (named == kNoId) continue;
    for (const CallerSite& site : named_callers(named)) {
      const auto reached = targets({site.named, site.pc, site.kind});
      if (std::binary_search(reached.begin(), reached.end(), method)) out.push_back(site);
    }
  }
  std::sort(out.begin(), out.end(), [](const CallerSite& a, const CallerSite& b) {
    return a.caller != b.caller ? a.caller < b.caller : a.pc < b.pc;
  });
  return out;
}

}  // namespace dl::program
