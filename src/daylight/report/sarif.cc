// SPDX-License-Identifier: Apache-2.0
// Results and rules of a SARIF run.
#include "daylight/report/sarif.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/report/phrases.h"
#include "daylight/report/record_phrases.h"
#include "daylight/report/sarif_locations.h"
#include "daylight/report/shown_inventory.h"

namespace dl {
namespace {

constexpr const char* kSchemaUri =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

// What a kind of finding means, for the rules of the driver.
struct RuleText {
  std::string name;
  std::string brief;
  std::string help;
  std::string level = "note";
  std::vector<std::string> tags = {};
};

// Parts of a digest cannot run into each other.
std::string digest_of(const std::vector<std::string>& parts) {
  Sha256 hash;
  for (const std::string& part : parts) {
    hash.update(as_bytes(std::to_string(part.size()) + ":"));
    hash.update(as_bytes(part));
  }
  return hash.finish_hex();
}

const char* level_of(const TaskRecord& task) { return task.sensitive ? "warning" : "note"; }

class SarifRun {
 public:
  explicit SarifRun(const Inventory& inventory) : inventory_(inventory), artifacts_(inventory) {}

  Json build() {
    for (const ModelRecord& model : inventory_.models) add_model(model);
    for (const FrameworkRecord& framework : inventory_.frameworks) add_framework(framework);
    for (const CallRecord& call : inventory_.calls) add_call(call);
    for (const TaskRecord& task : inventory_.tasks) add_task(task);
    for (const Gap& gap : inventory_.gaps) add_gap(gap);
    Json driver = {{"name", "Daylight"},
                   {"semanticVersion", inventory_.provenance.version},
                   {"shortDescription",
                    {{"text", "Finds what the machine learning inside a mobile app does."}}},
                   {"rules", rules_}};
    Json run = {{"tool", {{"driver", std::move(driver)}}}};
    run["originalUriBaseIds"] = {
        {"APP", {{"description", {{"text", "The folder that holds the analysed app."}}}}}};
    run["artifacts"] = artifacts_.take();
    run["results"] = results_;
    run["columnKind"] = "unicodeCodePoints";
    run["properties"] = {{"package", printable(inventory_.app.package)},
                         {"versionName", printable(inventory_.app.version_name)},
                         {"appSha256", inventory_.app.sha256},
                         {"options", inventory_.provenance.options}};
    return run;
  }

 private:
  // The rule's index; it is described at its first result.
  std::size_t rule_index(const std::string& id, const RuleText& text) {
    const auto [found, is_new] = rule_by_id_.emplace(id, rules_.size());
    if (is_new) {
      Json rule = {{"id", id},
                   {"name", text.name},
                   {"shortDescription", {{"text", sarif_text(text.brief)}}},
                   {"help", {{"text", sarif_text(text.help)}}},
                   {"defaultConfiguration", {{"level", text.level}}}};
      if (!text.tags.empty()) rule["properties"] = {{"tags", text.tags}};
      rules_.push_back(std::move(rule));
    }
    return found->second;
  }

  // A result with what all have in common.
  Json result(const std::string& rule, const RuleText& text, const std::string& level,
              const std::string& message) {
    const std::size_t index = rule_index(rule, text);
    return {{"ruleId", rule},
            {"ruleIndex", index},
            {"level", level},
            {"message", {{"text", sarif_text(message, 2000)}}}};
  }

  void add_evidence(const std::vector<Evidence>& evidence, Json& out) {
    Json related = Json::array();
    for (const Evidence& item : evidence) {
      if (related.size() == kMaxSarifEvidence) break;
      related.push_back(artifacts_.location(item, related.size()));
    }
    if (!related.empty()) out["relatedLocations"] = std::move(related);
    if (evidence.size() > kMaxSarifEvidence) {
      out["properties"]["furtherEvidence"] = evidence.size() - kMaxSarifEvidence;
    }
  }

  // The place of the first observation that names an entry; the app itself where none does.
  Json place_of(const std::vector<Evidence>& evidence) {
    for (const Evidence& item : evidence) {
      if (item.entry.empty()) continue;
      Json place = artifacts_.location(item.file, item.entry, item.offset);
      if (!item.method.empty())
        place["logicalLocations"] = Json::array({logical_location(item.method)});
      return place;
    }
    return app_place();
  }

  Json app_place() {
    const std::string file =
        inventory_.app.files.empty() ? "app" : inventory_.app.files.front().name;
    return artifacts_.location(file, {});
  }

  void add_model(const ModelRecord& model) {
    artifacts_.add_model(model);
    const bool remote = !model.location.url.empty();
    if (remote) {
      const RuleText text{
          "RemoteModel", "A model that the app fetches at run time",
          "The model is not in the app: what it does can change without an update."};
      add_model_result(model, "remote-model", text,
                       "The app fetches a " + model.format + " model from " + model.location.url);
      return;
    }
    const RuleText text{"Model", "A machine-learning model of format " + model.format,
                        "The bytes have the structure of this format. Whether code leads to the "
                        "model is in the property use."};
    std::string message = "Model " + location_phrase(model) + ", format " + model.format;
    if (const std::string borders = borders_phrase(model); !borders.empty())
      message += ", " + borders;
    add_model_result(model, "model/" + model.format, text, message);
    if (model.encryption != "xor" && model.encryption != "encrypted") return;
    const RuleText hidden{"EncryptedModel", "A model that is encrypted or hidden",
                          "What the model does was kept from readers of the app."};
    add_model_result(model, "encrypted-model", hidden,
                     "Model " + location_phrase(model) + " is " + encryption_phrase(model));
  }

  void add_model_result(const ModelRecord& model, const std::string& rule, const RuleText& text,
                        const std::string& message) {
    Json out = result(rule, text, "note", message);
    const ModelLocation& at = model.location;
    Json place = at.url.empty() ? artifacts_.location(at.file, at.entry, at.offset, at.size)
                                : place_of(model.evidence);
    out["locations"] = Json::array({std::move(place)});
    Json& prints = out["partialFingerprints"] = Json::object();
    if (!model.sha256.empty()) prints["modelSha256/v1"] = model.sha256;
    if (!model.weights_hash.empty()) prints["weightsHash/v1"] = model.weights_hash;
    if (!model.graph_hash.empty()) prints["graphHash/v1"] = model.graph_hash;
    if (!at.url.empty()) prints["modelUrl/v1"] = sha256_hex(at.url);
    if (prints.empty()) prints["modelPlace/v1"] = digest_of(at.entry);
    out["properties"] = {{"id", model.id},
                         {"format", model.format},
                         {"use", to_string(model.use)},
                         {"origin", model.origin.kind},
                         {"encryption", model.encryption}};
    if (!model.known.empty()) out["properties"]["known"] = printable(model.known, 300);
    add_evidence(model.evidence, out);
    results_.push_back(std::move(out));
  }

  void add_framework(const FrameworkRecord& framework) {
    const RuleText text{"Framework", "The machine-learning framework " + framework.id,
                        "The framework is in the app or is called by it. Presence is not use."};
    std::string message = framework.origin.name.empty() ? framework.id : framework.origin.name;
    if (!framework.version.empty()) message += " " + framework.version;
    message += ", " + framework.layer + ", " + framework.linked;
    Json out = result("framework/" + framework.id, text, "note", message);
    out["locations"] = Json::array({place_of(framework.evidence)});
    out["partialFingerprints"] = {
        {"framework/v1", digest_of({framework.id, framework.layer, framework.linked})}};
    out["properties"] = {{"id", framework.id},
                         {"layer", framework.layer},
                         {"linked", framework.linked},
                         {"version", printable(framework.version)}};
    add_evidence(framework.evidence, out);
    results_.push_back(std::move(out));
  }

  // Code that has a fingerprint keeps it when it is renamed; other code is told by its names, and
  // native code that is only called by its place by what it mentions.
  static std::vector<std::string> call_identity(const CallRecord& call) {
    if (!call.fingerprint.empty()) return {call.api, call.fingerprint};
    if (has_position_name(call)) return {call.api, call.klass, call.method};
    return {call.api, call.caller};
  }

  void add_call(const CallRecord& call) {
    const RuleText text{"Call", "A call of " + call.api,
                        "A call site of a machine-learning function, by its canonical name, also "
                        "where the app's build renamed it."};
    Json out = result("call/" + call.api, text, "note",
                      caller_phrase(call) + " calls " + call.api +
                          (call.obfuscated ? " under another name" : ""));
    Json place = place_of(call.evidence);
    place["logicalLocations"] = Json::array(
        {logical_location(call.original_caller.empty() ? call.caller : call.original_caller)});
    out["locations"] = Json::array({std::move(place)});
    out["partialFingerprints"] = {{"callSite/v1", digest_of(call_identity(call))}};
    out["properties"] = {{"id", call.id},
                         {"use", to_string(call.use)},
                         {"framework", call.framework},
                         {"origin", call.origin.kind},
                         {"obfuscated", call.obfuscated}};
    add_evidence(call.evidence, out);
    results_.push_back(std::move(out));
  }

  const ModelRecord* model_of(const TaskRecord& task) const {
    for (const ModelRecord& model : inventory_.models) {
      if (model.id == task.model) return &model;
    }
    return nullptr;
  }

  void add_task(const TaskRecord& task) {
    RuleText text{"Task",
                  task.task == kUnknownTask ? "A model whose purpose is not known"
                                            : "Machine learning for " + task_name(task.task),
                  "What the evidence says the model or call is for. Below the use \"reachable\" "
                  "nothing says that the app does it."};
    text.level = level_of(task);
    if (task.sensitive) text.tags = {"sensitive", "privacy"};
    std::string message = capitalised(task_phrase(task.task));
    if (task.sensitive) message += " (sensitive)";
    message += ": " + task.confidence + " confidence, " + use_phrase(task.use);
    const ModelRecord* model = model_of(task);
    if (model != nullptr) message += "; model " + location_phrase(*model);
    Json out = result("task/" + task.task, text, level_of(task), message);
    Json place = model != nullptr && model->location.url.empty()
                     ? artifacts_.location(model->location.file, model->location.entry,
                                           model->location.offset, model->location.size)
                     : place_of(task.evidence);
    out["locations"] = Json::array({std::move(place)});
    out["partialFingerprints"] = {{"task/v1", digest_of({task.task, task_subject(task, model)})}};
    out["properties"] = {{"id", task.id},
                         {"use", to_string(task.use)},
                         {"confidence", task.confidence},
                         {"sensitive", task.sensitive}};
    if (model != nullptr) out["properties"]["model"] = model->id;
    add_evidence(task.evidence, out);
    results_.push_back(std::move(out));
  }

  // By content what a task was read from: the model's bytes, its address, or the kind of evidence.
  static std::string task_subject(const TaskRecord& task, const ModelRecord* model) {
    if (model != nullptr) return model->sha256.empty() ? model->location.url : model->sha256;
    return task.evidence.empty() ? "" : task.evidence.front().rule;
  }

  void add_gap(const Gap& gap) {
    const RuleText text{"Gap", "Something that could not be read or decided",
                        "What lies behind a gap is not known: nothing in these results speaks of "
                        "it."};
    Json out = result("gap", text, "note", gap.where + ": " + gap.why);
    out["locations"] = Json::array({app_place()});
    out["partialFingerprints"] = {{"gap/v1", digest_of({gap.where, gap.why})}};
    out["properties"] = {{"where", printable(gap.where, 400)}};
    results_.push_back(std::move(out));
  }

  const Inventory& inventory_;
  SarifArtifacts artifacts_;
  std::map<std::string, std::size_t> rule_by_id_;
  Json rules_ = Json::array();
  Json results_ = Json::array();
};

}  // namespace

Json inventory_to_sarif(const Inventory& inventory) {
  Json runs = Json::array();
  const Inventory shown = shown_inventory(inventory);
  runs.push_back(SarifRun(shown).build());
  return {{"$schema", kSchemaUri}, {"version", "2.1.0"}, {"runs", std::move(runs)}};
}

}  // namespace dl
