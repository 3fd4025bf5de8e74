// SPDX-License-Identifier: Apache-2.0
// Follows an interpreter back to the names of assets.
#include "daylight/rebuild/model_binding.h"

#include <algorithm>

namespace dl::rebuild {
namespace {

using program::FlowGraph;
using program::FlowNode;
using program::FlowOp;
using program::NodeId;

bool names_model(const ModelRecord& model, std::string_view text) {
  if (model.location.entry.empty() || text.empty()) return false;
  const std::string& entry = model.location.entry.back();
  if (entry == text || entry == "assets/" + std::string(text)) return true;
  // A path inside another container, or a file name alone.
  return entry.size() > text.size() && entry.ends_with(text) &&
         entry[entry.size() - text.size() - 1] == '/';
}

bool opens_files(std::string_view api) {
  return api.find("AssetManager.open") != std::string_view::npos ||
         api.find("loadMappedFile") != std::string_view::npos ||
         api.find("FileInputStream") != std::string_view::npos || api.starts_with("new java.io.") ||
         api.find("openRawResource") != std::string_view::npos;
}

}  // namespace

ModelBinding bind_model(const FlowGraph& graph, const program::FlowRun& run,
                        const Inventory& inventory, const CodeEvidence& evidence) {
  ModelBinding binding;
  std::vector<std::string> names;
  for (const NodeId id : graph.reachable(run.interpreter)) {
    const FlowNode& node = graph.at(id);
    if (node.op != FlowOp::kString) continue;
    names.emplace_back(node.text);
    for (const ModelRecord& model : inventory.models) {
      if (!names_model(model, node.text)) continue;
      if (binding.model == nullptr) {
        binding.model = &model;
        binding.proof.kind = "static";
        evidence.add(binding.evidence, node.site, "rebuild.model-name");
      } else if (binding.model != &model && std::find(binding.others.begin(), binding.others.end(),
                                                      &model) == binding.others.end()) {
        binding.others.push_back(&model);
      }
    }
  }
  if (binding.model != nullptr) {
    for (const NodeId id : graph.reachable(run.interpreter)) {
      const FlowNode& node = graph.at(id);
      if (node.op == FlowOp::kCall && opens_files(node.text))
        evidence.add(binding.evidence, node.site, "rebuild.model-open");
    }
    evidence.add_node(binding.evidence, run.interpreter, "rebuild.interpreter");
    evidence.add(binding.evidence, run.site, "rebuild.model-run");
    return binding;
  }
  evidence.add(binding.evidence, run.site, "rebuild.model-run");
  std::vector<const ModelRecord*> runnable;
  for (const ModelRecord& model : inventory.models) {
    if (model.format == "tflite") runnable.push_back(&model);
  }
  std::erase_if(names, [](const std::string& name) {
    return name.find('.') == std::string::npos || name.find(' ') != std::string::npos;
  });
  if (runnable.size() == 1 && names.empty()) {
    binding.model = runnable[0];
    binding.proof.why = "the app's only model; how the interpreter gets it was not followed";
    return binding;
  }
  binding.why = names.empty()
                    ? "which model the interpreter is made from was not understood"
                    : "the interpreter is made from '" + names[0] + "', which is not in the app";
  return binding;
}

}  // namespace dl::rebuild
