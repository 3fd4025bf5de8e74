// SPDX-License-Identifier: Apache-2.0
// Builds everything that stages ask about code from arbitrary bytes read as DEX: classes, facts,
// calls, names, reachability.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "daylight/program/code/call_graph.h"
#include "daylight/program/code/class_index.h"
#include "daylight/program/code/code_facts.h"
#include "daylight/program/code/fingerprint.h"

namespace {

using dl::program::kNoId;

// What must hold on any input.
void require(bool condition) {
  if (!condition) std::abort();
}

// The first class with code is the app's activity.
dl::ManifestInfo manifest_of(const dl::program::ClassIndex& index) {
  dl::ManifestInfo manifest;
  manifest.package = "fuzz";
  for (dl::program::ClassId id = 0; id < index.class_count() && manifest.components.size() < 3;
       ++id) {
    if (!index.class_info(id).defined()) continue;
    dl::ManifestComponent component;
    component.name = dl::dotted_class_name(index.descriptor(id));
    manifest.components.push_back(component);
  }
  return manifest;
}

void check(const dl::program::ClassIndex& index, const dl::program::CallGraph& graph,
           const dl::program::Reachability& reach) {
  for (dl::program::MethodId method = 0; method < index.method_count() && method < 300; ++method) {
    const auto resolved = index.resolve(method);
    require(resolved == kNoId || index.method_info(resolved).defined());
    for (const auto& site : graph.facts().calls(method)) {
      for (const auto target : graph.targets(site)) require(target < index.method_count());
    }
    for (const auto& site : graph.callers(method)) require(site.caller < index.method_count());
    require(reach.reached(method) != reach.path(method).empty());
  }
  for (dl::program::ClassId id = 0; id < index.class_count() && id < 300; ++id) {
    require(index.is_subtype(id, id));
    for (const auto child : index.direct_subtypes(id)) require(child < index.class_count());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto files = dl::DexFile::open_all({data, size}, "fuzz.dex");
  if (!files) return 0;
  const auto index = dl::program::ClassIndex::build(*files);
  const auto facts = dl::program::CodeFacts::build(index);
  const auto graph = dl::program::CallGraph::build(index, facts);
  const auto names = dl::program::ApiNames::match(index, facts, dl::program::ApiRules::builtin());
  for (const auto& cls : names.classes())
    require(cls.id < index.class_count() && cls.rule != nullptr);
  const dl::ManifestInfo manifest = manifest_of(index);
  const auto reach = dl::program::Reachability::explore(graph, &manifest);
  check(index, graph, reach);
  return 0;
}
