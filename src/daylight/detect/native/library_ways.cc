// SPDX-License-Identifier: Apache-2.0
// Puts ways through one library into words.
#include "daylight/detect/native/library_ways.h"

#include <algorithm>
#include <optional>

#include "daylight/base/hex.h"
#include "daylight/base/text.h"
#include "daylight/program/native_code/native_names.h"

namespace dl {

using program::kNoId;
using program::kNoNode;
using program::MethodId;
using program::NativeClosure;
using program::NativeEdgeKind;
using program::NativeNode;

namespace {

constexpr std::size_t kMaxLabel = 160;

// The way that tells most comes first.
bool better(const NativeWay& a, const NativeWay& b) {
  if (a.reached != b.reached) return a.reached;
  if ((a.method == kNoId) != (b.method == kNoId)) return b.method == kNoId;
  if (a.indirect != b.indirect) return a.indirect < b.indirect;
  if (a.length != b.length) return a.length < b.length;
  return a.entry->name < b.entry->name;
}

std::string hit_words(const NativeHit& hit) {
  std::string name = program::readable_symbol(hit.what);
  switch (hit.how) {
    case NativeHit::How::kCalls:
      return "calls " + name;
    case NativeHit::How::kTakesAddress:
      return "takes the address of " + name;
    case NativeHit::How::kLooksUp:
      return "uses the name \"" + name + "\"";
    case NativeHit::How::kUsesLiteral:
      return "uses \"" + hit.what + "\"";
    case NativeHit::How::kIsEntry:
      return "is " + name;
  }
  return name;
}

}  // namespace

std::string_view library_file_name(std::string_view entry) {
  const std::size_t slash = entry.rfind('/');
  return slash == std::string_view::npos ? entry : entry.substr(slash + 1);
}

std::string LibraryWays::label(NativeNode node) const {
  return printable(program::readable_symbol(code.graph().label(node)), kMaxLabel);
}

Evidence LibraryWays::evidence(const std::string& rule) const {
  Evidence out{"native", context.app.file_name(), chain};
  out.rule = rule;
  return out;
}

bool LibraryWays::is_own_library(const std::string& framework) const {
  const FrameworkRule* rule = context.rules.framework(framework);
  if (rule == nullptr) return false;
  const std::string_view name = library_file_name(entry_name());
  return std::any_of(
      rule->libraries.begin(), rule->libraries.end(), [&](const std::string& pattern) {
        return matches_pattern(name, pattern) || matches_pattern(code.elf().soname(), pattern);
      });
}

std::vector<NativeWay> LibraryWays::ways_to(const NativeClosure& closure) const {
  std::vector<NativeWay> out;
  for (const NativeEntry& entry : entries) {
    if (!closure.reaches(entry.function)) continue;
    const auto& step = closure.step(entry.function);
    NativeWay way{&entry, kNoId, false, step.indirect, step.length};
    for (const MethodId method : entry.methods) {
      const bool reached = context.code.reach().reached(method);
      if (way.method == kNoId || (reached && !way.reached)) way.method = method;
      way.reached = way.reached || reached;
    }
    out.push_back(way);
  }
  std::stable_sort(out.begin(), out.end(), better);
  return out;
}

std::string LibraryWays::chain_text(const NativeClosure& closure, NativeNode from) const {
  std::vector<std::string> steps = {label(from)};
  for (NativeNode node = from; closure.step(node).next != kNoNode; node = closure.step(node).next) {
    const auto& step = closure.step(node);
    // A table's own edges lie in data and say no more than that it holds the function.
    if (!code.graph().is_function(node)) {
      steps.push_back(label(step.next) + " (in it)");
    } else if (step.kind == NativeEdgeKind::kCall) {
      steps.push_back(label(step.next) + " (called at 0x" + hex_number(step.at) + ")");
    } else {
      steps.push_back(label(step.next) + " (its address is taken at 0x" + hex_number(step.at) +
                      ")");
    }
  }
  if (steps.size() > kMaxChainSteps) {
    const std::size_t cut = steps.size() - kMaxChainSteps;
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(kMaxChainSteps / 2);
    steps.erase(first, first + static_cast<std::ptrdiff_t>(cut));
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(kMaxChainSteps / 2),
                 "... " + std::to_string(cut) + " steps left out ...");
  }
  return join(steps, " -> ");
}

std::map<std::string, std::string> LibraryWays::exports_to(const NativeClosure& closure) const {
  std::vector<NativeNode> found;
  for (const NativeNode node : closure.nodes()) {
    if (!code.graph().is_function(node)) continue;
    const auto& function = code.functions()[node];
    if (function.exported && !function.name.empty() && !function.is_stub()) found.push_back(node);
  }
  std::stable_sort(found.begin(), found.end(), [&](NativeNode a, NativeNode b) {
    return closure.step(a).length < closure.step(b).length;
  });
  if (found.size() > kMaxExportsOfCall) found.resize(kMaxExportsOfCall);
  std::map<std::string, std::string> out;
  for (const NativeNode node : found)
    out.emplace(code.functions()[node].name,
                std::string(library_file_name(entry_name())) + "!" + chain_text(closure, node));
  return out;
}

Evidence LibraryWays::hit_evidence(const NativeHit& hit) const {
  Evidence out = evidence("native-anchor." + hit.anchor->id);
  out.offset = code.elf().offset_of(hit.at);
  out.method = label(hit.function);
  out.excerpt = printable(hit_words(hit), 400);
  return out;
}

Evidence LibraryWays::way_evidence(const NativeClosure& closure, const std::vector<NativeWay>& ways,
                                   const std::string& beyond) const {
  const NativeWay& best = ways.front();
  Evidence out = evidence("native-path");
  out.method = label(best.entry->function);
  std::string text = chain_text(closure, best.entry->function);
  if (!best.entry->why.empty()) text = best.entry->name + " (" + best.entry->why + "): " + text;
  if (!beyond.empty()) text += " -> " + beyond;
  std::vector<std::string> others;
  for (std::size_t i = 1; i < ways.size() && i <= kMaxEntriesNamed; ++i)
    others.push_back(printable(ways[i].entry->name, kMaxLabel) +
                     (ways[i].indirect > 0 ? " (indirectly)" : ""));
  if (ways.size() > kMaxEntriesNamed + 1)
    others.push_back(std::to_string(ways.size() - kMaxEntriesNamed - 1) + " more");
  if (!others.empty()) text += "; also from " + join(others, ", ");
  out.excerpt = printable(text, kMaxPathText);
  return out;
}

}  // namespace dl
