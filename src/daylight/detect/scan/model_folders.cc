// SPDX-License-Identifier: Apache-2.0
// Groups records and files by the folder that is the model.
#include "daylight/detect/scan/model_folders.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/detect/scan/model_record.h"

namespace dl {
namespace {

using Chain = std::vector<std::string>;

constexpr const char* kCompiled = "coreml_compiled";
constexpr const char* kPackage = "mlpackage";
constexpr const char* kSavedModel = "tf_savedmodel";
constexpr std::string_view kSavedModelFile = "saved_model.pb";

struct Folder {
  std::string format;
  std::vector<std::size_t> models;                // indices of records
  std::vector<const program::AppEntry*> entries;  // files, where the folder lies in the app itself
};
// By the chain of the folder: the steps around it and its path with a slash.
using Folders = std::map<Chain, Folder>;

// The end of the folder "…/X<suffix>/" in a name; nothing if there is none.
std::optional<std::size_t> folder_end(std::string_view name, std::string_view suffix) {
  const std::size_t at = to_lower(name).find(std::string(suffix) + "/");
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  return at + suffix.size() + 1;
}

// The folder that a Core ML file belongs to: the outermost one.
std::optional<std::pair<std::size_t, const char*>> coreml_folder(std::string_view name) {
  const auto package = folder_end(name, ".mlpackage");
  const auto compiled = folder_end(name, ".mlmodelc");
  if (package && (!compiled || *package < *compiled)) return std::pair(*package, kPackage);
  if (compiled) return std::pair(*compiled, kCompiled);
  return std::nullopt;
}

Chain folder_chain(const Chain& file, std::size_t end) {
  Chain out = file;
  out.back().resize(end);
  return out;
}

std::string_view file_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

class FolderGrouping {
 public:
  FolderGrouping(const program::AppPackage& app, std::vector<ModelRecord>& models,
                 std::vector<Gap>& gaps)
      : app_(app), given_(coreml_folder(app.file_name() + "/")), models_(models), gaps_(gaps) {}

  void run();

 private:
  std::optional<std::pair<std::size_t, const char*>> folder_of(const Chain& file) const;
  void collect_models();
  void collect_entries();
  void join(const Chain& chain, const Folder& folder);
  std::size_t main_record(const Folder& folder);
  ModelRecord record_without_parts(const Chain& chain, const Folder& folder) const;
  void take_parts(const Chain& chain, const Folder& folder, std::size_t main, ModelRecord& record);
  void add_companions(const Chain& chain, const Folder& folder, ModelRecord& record);
  void drop_gaps(const Chain& chain, const ModelRecord& record);

  const program::AppPackage& app_;
  // Where the folder of a model was given itself, no name of a file says so.
  const std::optional<std::pair<std::size_t, const char*>> given_;
  std::vector<ModelRecord>& models_;
  std::vector<Gap>& gaps_;
  Folders folders_;
  std::set<std::size_t> joined_;  // records that are part of another
};

void FolderGrouping::run() {
  collect_models();
  collect_entries();
  if (folders_.empty()) return;
  const std::size_t known = models_.size();
  for (const auto& [chain, folder] : folders_) join(chain, folder);
  std::vector<ModelRecord> kept;
  for (std::size_t i = 0; i < models_.size(); ++i) {
    if (i >= known || !joined_.contains(i)) kept.push_back(std::move(models_[i]));
  }
  models_ = std::move(kept);
  std::stable_sort(models_.begin(), models_.end(), [](const ModelRecord& a, const ModelRecord& b) {
    return a.location.entry != b.location.entry ? a.location.entry < b.location.entry
                                                : a.location.offset < b.location.offset;
  });
}

std::optional<std::pair<std::size_t, const char*>> FolderGrouping::folder_of(
    const Chain& file) const {
  if (given_ && file.size() == 1) return std::pair(std::size_t{0}, given_->second);
  return coreml_folder(file.back());
}

void FolderGrouping::collect_models() {
  for (std::size_t i = 0; i < models_.size(); ++i) {
    const ModelLocation& location = models_[i].location;
    if (location.entry.empty() || !location.url.empty()) continue;
    const std::string& name = location.entry.back();
    if (const auto folder = folder_of(location.entry)) {
      Folder& of = folders_[folder_chain(location.entry, folder->first)];
      of.format = folder->second;
      of.models.push_back(i);
    } else if (models_[i].format == kSavedModel && file_part(name) == kSavedModelFile) {
      Folder& of = folders_[folder_chain(location.entry, name.size() - kSavedModelFile.size())];
      of.format = kSavedModel;
      of.models.push_back(i);
    }
  }
}

void FolderGrouping::collect_entries() {
  for (const program::AppEntry& entry : app_.entries()) {
    if (entry.shadowed || entry.size == 0 || entry.step.empty()) continue;
    const Chain chain = app_.chain_of(entry);
    const std::string& name = chain.back();
    if (const auto folder = folder_of(chain)) {
      Folder& of = folders_[folder_chain(chain, folder->first)];
      of.format = folder->second;
      of.entries.push_back(&entry);
      continue;
    }
    for (const std::string_view below : {"variables/", "assets/"}) {
      const std::size_t at = name.rfind(below);
      if (at == std::string::npos || (at > 0 && name[at - 1] != '/')) continue;
      const auto found = folders_.find(folder_chain(chain, at));
      if (found != folders_.end() && found->second.format == kSavedModel)
        found->second.entries.push_back(&entry);
    }
  }
}

// The record that says what the model computes; the others are read for borders and labels.
std::size_t FolderGrouping::main_record(const Folder& folder) {
  constexpr std::array<std::string_view, 6> kOrder = {"model.mil",      "model.espresso.net",
                                                      "saved_model.pb", "metadata.json",
                                                      "coremldata.bin", "model.espresso.shape"};
  // The outermost of several with the same name.
  const auto rank = [&](std::size_t i) {
    const std::string& path = models_[i].location.entry.back();
    const auto depth = std::count(path.begin(), path.end(), '/');
    if (models_[i].format == "coreml") return std::pair(std::ptrdiff_t{-1}, depth);
    const auto found = std::find(kOrder.begin(), kOrder.end(), file_part(path));
    return std::pair(found - kOrder.begin(), depth);
  };
  return *std::min_element(folder.models.begin(), folder.models.end(),
                           [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
}

void FolderGrouping::join(const Chain& chain, const Folder& folder) {
  ModelRecord record;
  if (folder.models.empty()) {
    record = record_without_parts(chain, folder);
    gaps_.push_back({printable(dl::join(chain, "!"), 600),
                     "a compiled model of which no part could be read: layers are unknown"});
  } else {
    const std::size_t main = main_record(folder);
    record = models_[main];
    take_parts(chain, folder, main, record);
  }
  record.format = folder.format;
  if (folder.format != kSavedModel)
    record.metadata["folder"] =
        printable(chain.back().empty() ? app_.file_name() + "/" : chain.back());
  add_companions(chain, folder, record);
  drop_gaps(chain, record);
  joined_.insert(folder.models.begin(), folder.models.end());
  models_.push_back(std::move(record));
}

ModelRecord FolderGrouping::record_without_parts(const Chain& chain, const Folder& folder) const {
  const program::AppEntry* file = folder.entries.front();
  for (const program::AppEntry* entry : folder.entries) {
    if (file_part(entry->step) == "coremldata.bin") file = entry;
  }
  ModelRecord record;
  record.location = {app_.file_name(), app_.chain_of(*file), 0, file->size};
  if (const auto content = app_.read_once(*file)) record.sha256 = sha256_hex(content->bytes);
  Evidence evidence{"asset", app_.file_name(), record.location.entry};
  evidence.rule = folder.format + ".folder";
  evidence.excerpt = printable(chain.back());
  record.evidence.push_back(std::move(evidence));
  return record;
}

// A file of the folder itself: those below describe the models of a pipeline.
bool describes_model(const Chain& folder, const ModelRecord& part) {
  const std::string& path = part.location.entry.back();
  return path == folder.back() + "metadata.json" || path == folder.back() + "coremldata.bin";
}

void FolderGrouping::take_parts(const Chain& chain, const Folder& folder, std::size_t main,
                                ModelRecord& record) {
  for (const std::size_t i : folder.models) {
    if (i == main) continue;
    const ModelRecord& part = models_[i];
    // What describes a model for others has its borders with shapes and types.
    const bool describes = describes_model(chain, part);
    if (!part.inputs.empty() && (describes || record.inputs.empty())) record.inputs = part.inputs;
    if (!part.outputs.empty() && (describes || record.outputs.empty()))
      record.outputs = part.outputs;
    if (record.labels.empty()) record.labels = part.labels;
    if (record.operators.empty()) record.operators = part.operators;
    if (record.graph_hash.empty()) record.graph_hash = part.graph_hash;
    if (record.weights_hash.empty()) record.weights_hash = part.weights_hash;
    record.parameters = std::max(record.parameters, part.parameters);
    for (const auto& [key, value] : part.metadata.items()) {
      if (!record.metadata.contains(key)) record.metadata[key] = value;
    }
    record.evidence.insert(record.evidence.end(), part.evidence.begin(), part.evidence.end());
  }
}

const char* role_of(std::string_view path) {
  const std::string name = to_lower(file_part(path));
  if (name.ends_with(".weights") || name == "weight.bin" ||
      to_lower(path).find("variables/") != std::string::npos)
    return "weights";
  if (name.starts_with("model.") || name.ends_with(".mlmodel")) return "graph";
  return name.find("label") != std::string::npos ? "labels" : "metadata";
}

void FolderGrouping::add_companions(const Chain& chain, const Folder& folder, ModelRecord& record) {
  std::map<Chain, ModelCompanion> found;
  for (const std::size_t i : folder.models) {
    const ModelRecord& part = models_[i];
    found[part.location.entry] = {role_of(part.location.entry.back()), part.location.entry,
                                  part.sha256, part.location.size};
  }
  for (const program::AppEntry* entry : folder.entries) {
    if (found.size() > kMaxFolderCompanions) {
      gaps_.push_back(
          {printable(dl::join(chain, "!"), 600),
           "the folder has more files than are listed: " + std::to_string(folder.entries.size())});
      break;
    }
    const Chain file = app_.chain_of(*entry);
    if (found.contains(file)) continue;
    const auto content = app_.read_once(*entry);
    if (!content) continue;  // the scan of all entries says so
    found[file] = {role_of(file.back()), file, sha256_hex(content->bytes), content->bytes.size()};
  }
  found.erase(record.location.entry);
  for (auto& [file, companion] : found) record.companions.push_back(std::move(companion));
}

// A file of the folder is explained by the model: that it is no model by itself is no gap. Nor is
// it that weights lie in another file, where that file is here.
void FolderGrouping::drop_gaps(const Chain& chain, const ModelRecord& record) {
  const std::string folder = printable(dl::join(chain, "!"), 600);
  const bool weights =
      std::any_of(record.companions.begin(), record.companions.end(),
                  [](const ModelCompanion& companion) { return companion.role == "weights"; });
  const bool layers = !record.operators.empty();
  std::erase_if(gaps_, [&](const Gap& gap) {
    if (!gap.where.starts_with(folder)) return false;
    if (gap.where.ends_with(": weights")) return weights;
    if (gap.where.ends_with(": layers")) return layers;
    return gap.why.starts_with("is named like a model") ||
           gap.why.starts_with("is encrypted, by") || gap.why.starts_with("begins like a model");
  });
}

}  // namespace

void group_model_folders(const program::AppPackage& app, std::vector<ModelRecord>& models,
                         std::vector<Gap>& gaps) {
  FolderGrouping(app, models, gaps).run();
}

}  // namespace dl
