// SPDX-License-Identifier: Apache-2.0
// The passes of detection, in order.
#include "daylight/detect/detector.h"

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/detect/app_info.h"
#include "daylight/detect/cipher_calls.h"
#include "daylight/detect/model_use.h"
#include "daylight/detect/native/native_calls.h"
#include "daylight/detect/scan/entry_scan.h"
#include "daylight/detect/scan/joined_addresses.h"
#include "daylight/detect/scan/model_folders.h"
#include "daylight/detect/signals/signals.h"
#include "daylight/detect/tasks.h"
#include "daylight/format/tensorflow/tflite_metadata.h"

namespace dl {
namespace {

// A text file of labels that lies beside a model and has as many lines as the model has scores.
void attach_label_files(const program::AppPackage& app, std::vector<ModelRecord>& models) {
  for (const program::AppEntry& entry : app.entries()) {
    const std::string name = to_lower(entry.name);
    if (name.find("label") == std::string::npos || !name.ends_with(".txt")) continue;
    const auto content = app.entry_bytes(entry);
    if (!content) continue;
    const auto labels = split_labels(as_text(content->bytes));
    for (ModelRecord& model : models) {
      if (!model.labels.empty() || model.outputs.empty() || model.outputs.front().shape.size() > 2)
        continue;
      const auto& shape = model.outputs.front().shape;
      if (shape.empty() || labels.size() < 2 ||
          shape.back() != static_cast<std::int64_t>(labels.size()))
        continue;
      model.labels = labels;
      Evidence evidence{"asset", app.file_name(), app.chain_of(entry)};
      evidence.rule = "label-file-beside";
      evidence.excerpt = printable(join(labels, ", "), 120);
      model.evidence.push_back(std::move(evidence));
    }
  }
}

// The order of the layers in which one framework shows itself.
int layer_rank(const FrameworkRecord& record) {
  if (record.layer == "native") return 0;
  if (record.layer == "java") return 1;
  return record.layer == "script" ? 2 : 3;
}

void add_frameworks(std::vector<FrameworkRecord> more, std::vector<FrameworkRecord>& all) {
  for (FrameworkRecord& record : more) all.push_back(std::move(record));
}

// A system framework that the app never calls is not a finding: every app could.
void drop_unused_system_frameworks(const RuleSet& rules, const std::vector<CallRecord>& calls,
                                   std::vector<FrameworkRecord>& frameworks) {
  std::erase_if(frameworks, [&](const FrameworkRecord& record) {
    const FrameworkRule* rule = rules.framework(record.id);
    if (rule == nullptr || rule->kind != "system") return false;
    return std::none_of(calls.begin(), calls.end(),
                        [&](const CallRecord& call) { return call.framework == record.id; });
  });
}

// An app whose code should be here; a folder, a file or an archive of models has none.
bool is_android(const program::AppPackage& app) {
  return app.shape() == program::AppShape::kApk || app.shape() == program::AppShape::kSplitSet ||
         app.shape() == program::AppShape::kBundle || app.manifest().has_value();
}

void add_code_gaps(const program::AppPackage& app, const program::AppCode& code,
                   std::vector<Gap>& gaps) {
  for (const FormatGap& gap : app.gaps())
    gaps.push_back({printable(gap.where), printable(gap.why)});
  for (const FormatGap& gap : code.index().gaps().list())
    gaps.push_back({printable(gap.where), printable(gap.why)});
  for (const FormatGap& gap : code.facts().gaps().list())
    gaps.push_back({printable(gap.where), printable(gap.why)});
  for (const FormatGap& gap : code.reach().gaps().list()) {
    if (is_android(app)) gaps.push_back({printable(gap.where), printable(gap.why)});
  }
  if (app.dex_files().empty() && is_android(app))
    gaps.push_back({app.file_name(), "no DEX code was read: calls and use are unknown"});
}

// A model that no code names may be loaded under a name put together at run time.
void note_unnamed_models(const std::vector<ModelRecord>& models, const std::vector<ModelCode>& code,
                         std::vector<Gap>& gaps) {
  for (std::size_t i = 0; i < models.size(); ++i) {
    // An address in code is what code fetches.
    const bool fetched = !models[i].location.url.empty() &&
                         std::any_of(models[i].evidence.begin(), models[i].evidence.end(),
                                     [](const Evidence& each) { return each.kind != "asset"; });
    if (!code[i].naming.empty() || fetched) continue;
    gaps.push_back({printable(models[i].location.entry.front()),
                    "no code names this model: how it is loaded is unknown"});
  }
}

// Code that runs models of which none is here: they come from the network, or are hidden.
void note_missing_models(const std::vector<ModelRecord>& models,
                         const std::vector<CallRecord>& calls, std::vector<Gap>& gaps) {
  if (!models.empty()) return;
  for (const CallRecord& call : calls) {
    if (!call.api.starts_with("org.tensorflow.lite.Interpreter")) continue;
    gaps.push_back({printable(call.caller, 300),
                    "runs a model, but none was found in the app: it may be fetched, decrypted or "
                    "put together at run time"});
    return;
  }
}

// Calls inside native libraries, behind those of Java.
void add_native_calls(NativeCallFindings found, Inventory& inventory) {
  for (CallRecord& call : found.calls) {
    call.id = "call-" + std::to_string(inventory.calls.size() + 1);
    inventory.calls.push_back(std::move(call));
  }
  inventory.gaps.insert(inventory.gaps.end(), found.gaps.begin(), found.gaps.end());
}

const KnownModels& known_models(const DetectOptions& options) {
  return options.known == nullptr ? KnownModels::builtin() : *options.known;
}

}  // namespace

Provenance detect_provenance(const program::AppPackage& app, const RuleSet& rules,
                             const DetectOptions& options) {
  Provenance provenance;
  provenance.inputs.push_back({"app", app.file_name(), app.sha256()});
  provenance.options["rules"] = rules.digest();
  provenance.options["verify_signatures"] = options.verify_signatures;
  provenance.options["known_models"] = known_models(options).digest();
  return provenance;
}

Result<Inventory> detect(const program::AppPackage& app, const RuleSet& rules,
                         const DetectOptions& options, LogSink& log) {
  const auto code = program::AppCode::build(app);
  return detect(app, *code, rules, options, log);
}

Result<Inventory> detect(const program::AppPackage& app, const program::AppCode& code,
                         const RuleSet& rules, const DetectOptions& options, LogSink& log) {
  const KnownModels& known = known_models(options);
  const SdkMarkers sdks(rules, code.index(), code.facts());
  const CodeContext context{app, code, rules, &known, &sdks};
  Inventory inventory;
  inventory.provenance = detect_provenance(app, rules, options);
  inventory.app = describe_app(app, options.verify_signatures, inventory.gaps);

  app.release_pages();
  NativeCalls native_calls(context);
  EntryFindings entries = TRY(scan_entries(app, rules, options.threads, log, &native_calls));
  TRY_VOID(open_hidden_models(context, log, entries));
  inventory.models = std::move(entries.models);
  add_joined_addresses(context, inventory.models, inventory.gaps);
  group_model_folders(app, inventory.models, entries.gaps);
  note_delivery(app, inventory.models);
  for (std::size_t i = 0; i < inventory.models.size(); ++i)
    inventory.models[i].id = "model-" + std::to_string(i + 1);
  attach_label_files(app, inventory.models);
  name_known_models(known, inventory.models);

  inventory.calls = api_calls(context);
  add_frameworks(std::move(entries.frameworks), inventory.frameworks);
  add_frameworks(java_frameworks(context), inventory.frameworks);
  add_frameworks(manifest_frameworks(app, rules), inventory.frameworks);
  drop_unused_system_frameworks(rules, inventory.calls, inventory.frameworks);
  std::stable_sort(inventory.frameworks.begin(), inventory.frameworks.end(),
                   [](const FrameworkRecord& a, const FrameworkRecord& b) {
                     return layer_rank(a) < layer_rank(b);
                   });

  const auto model_code = link_models_to_code(context, inventory.calls, inventory.models);
  inventory.tasks = infer_tasks(context, entries, inventory.models, model_code, inventory.calls);

  inventory.gaps.insert(inventory.gaps.end(), entries.gaps.begin(), entries.gaps.end());
  add_code_gaps(app, code, inventory.gaps);
  if (is_android(app)) note_unnamed_models(inventory.models, model_code, inventory.gaps);
  note_missing_models(inventory.models, inventory.calls, inventory.gaps);
  add_native_calls(native_calls.finish(), inventory);
  return inventory;
}

}  // namespace dl
