// SPDX-License-Identifier: Apache-2.0
// Tab-separated models.
#include "daylight/report/model_tsv.h"

#include <vector>

#include "daylight/base/text.h"
#include "daylight/report/phrases.h"
#include "daylight/report/shown_inventory.h"

namespace dl {
namespace {

// Long enough for any chain of entries that an app can hold; a field that is longer is cut.
constexpr std::size_t kMaxField = 4000;

const std::vector<std::string>& titles() {
  static const std::vector<std::string> kTitles = {
      "app_sha256",   "package",    "version",    "id",     "format",      "file",
      "entry",        "offset",     "size",       "url",    "sha256",      "graph_hash",
      "weights_hash", "parameters", "encryption", "inputs", "outputs",     "labels",
      "tasks",        "sensitive",  "use",        "origin", "origin_name", "known"};
  return kTitles;
}

std::string field(const std::string& text) { return printable(text, kMaxField); }

std::string tensors(const std::vector<TensorInfo>& list) {
  std::vector<std::string> parts;
  for (const TensorInfo& tensor : list) {
    std::vector<std::string> sides;
    for (const std::int64_t side : tensor.shape) sides.push_back(std::to_string(side));
    parts.push_back(tensor.dtype + "[" + join(sides, ",") + "]");
  }
  return join(parts, "; ");
}

std::vector<std::string> row(const Inventory& inventory, const ModelRecord& model) {
  std::vector<std::string> tasks;
  bool sensitive = false;
  for (const TaskRecord& task : inventory.tasks) {
    if (task.model != model.id) continue;
    tasks.push_back(task.task + ":" + task.confidence);
    sensitive = sensitive || task.sensitive;
  }
  return {inventory.app.sha256,
          inventory.app.package,
          inventory.app.version_name,
          model.id,
          model.format,
          model.location.file,
          join(model.location.entry, "!"),
          std::to_string(model.location.offset),
          std::to_string(model.location.size),
          model.location.url,
          model.sha256,
          model.graph_hash,
          model.weights_hash,
          std::to_string(model.parameters),
          model.encryption,
          tensors(model.inputs),
          tensors(model.outputs),
          std::to_string(model.labels.size()),
          join(tasks, "; "),
          sensitive ? "yes" : "no",
          to_string(model.use),
          model.origin.kind,
          model.origin.name,
          model.known};
}

}  // namespace

std::string render_model_tsv(const Inventory& full) {
  const Inventory inventory = shown_inventory(full);
  std::string out = join(titles(), "\t") + "\n";
  for (const ModelRecord& model : inventory.models) {
    std::vector<std::string> fields;
    for (const std::string& text : row(inventory, model)) fields.push_back(field(text));
    out += join(fields, "\t") + "\n";
  }
  return out;
}

}  // namespace dl
