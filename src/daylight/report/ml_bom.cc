// SPDX-License-Identifier: Apache-2.0
// Components, model cards and dependencies of an ML-BOM.
#include "daylight/report/ml_bom.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/report/phrases.h"
#include "daylight/report/record_phrases.h"
#include "daylight/report/shown_inventory.h"

namespace dl {
namespace {

constexpr std::size_t kMaxText = 2000;

// Packages under which the authors of a framework publish it for Android.
struct PublishedPackage {
  const char* framework;
  const char* package;
};
constexpr std::array<PublishedPackage, 8> kPackages = {{
    {"tflite", "pkg:maven/org.tensorflow/tensorflow-lite"},
    {"tflite_support", "pkg:maven/org.tensorflow/tensorflow-lite-support"},
    {"litert", "pkg:maven/com.google.ai.edge.litert/litert"},
    {"onnxruntime", "pkg:maven/com.microsoft.onnxruntime/onnxruntime-android"},
    {"pytorch", "pkg:maven/org.pytorch/pytorch_android"},
    {"executorch", "pkg:maven/org.pytorch/executorch-android"},
    {"opencv", "pkg:maven/org.opencv/opencv"},
    {"vosk", "pkg:maven/com.alphacephei/vosk-android"},
}};

class Properties {
 public:
  void add(const std::string& name, const std::string& value) {
    if (value.empty()) return;
    list_.push_back({{"name", "daylight:" + name}, {"value", printable(value, kMaxText)}});
  }
  void add_count(const std::string& name, std::uint64_t value) {
    if (value > 0) add(name, std::to_string(value));
  }
  // Into `component`, if there is any.
  void put(Json& component) && {
    if (!list_.empty()) component["properties"] = std::move(list_);
  }

 private:
  Json list_ = Json::array();
};

Json hashes(const std::string& sha256) {
  return Json::array({{{"alg", "SHA-256"}, {"content", sha256}}});
}

std::string path_text(const std::string& file, const std::vector<std::string>& entry) {
  std::string text = printable(file);
  for (const std::string& part : entry) text += "!" + printable(part);
  return text;
}

Json occurrences(const std::vector<Evidence>& evidence) {
  Json list = Json::array();
  for (const Evidence& item : evidence) {
    if (list.size() == kMaxBomOccurrences) break;
    Json occurrence = {{"location", path_text(item.file, item.entry)}};
    // The schema's consumers hold an offset in 64 bits with a sign.
    if (item.offset && *item.offset <= 0x7fffffffffffffffULL) occurrence["offset"] = *item.offset;
    if (!item.method.empty()) occurrence["symbol"] = printable(item.method, kMaxText);
    occurrence["additionalContext"] =
        printable(item.rule + (item.excerpt.empty() ? "" : ": ") + item.excerpt, kMaxText);
    list.push_back(std::move(occurrence));
  }
  return list;
}

std::string metadata_text(const ModelRecord& model, const char* key) {
  if (!model.metadata.is_object() || !model.metadata.contains(key)) return "";
  const Json& value = model.metadata[key];
  return value.is_string() ? printable(value.get<std::string>(), kMaxText) : "";
}

// An address as an IRI reference: what may not stand in one is percent-encoded.
std::string web_address(const std::string& url) {
  constexpr std::string_view kAllowed = "-._~:/?#[]@!$&'()*+,;=%";
  std::string out;
  for (const char c : url.substr(0, kMaxText)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += plain || kAllowed.find(c) != std::string_view::npos
               ? std::string(1, c)
               : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// What people would call it: its published name, what it says itself, or its file.
std::string model_name(const ModelRecord& model) {
  if (!model.known.empty()) return printable(model.known);
  if (std::string own = metadata_text(model, "name"); !own.empty()) return own;
  const std::string& url = model.location.url;
  std::string file =
      url.empty() ? entry_file_name(model.location.entry) : url.substr(url.rfind('/') + 1);
  if (file.empty()) file = model.location.file;
  return printable(file.empty() ? model.id : file);
}

std::vector<const TaskRecord*> tasks_of(const Inventory& inventory, const ModelRecord& model) {
  std::vector<const TaskRecord*> tasks;
  for (const TaskRecord& task : inventory.tasks) {
    if (task.model == model.id && task.task != kUnknownTask) tasks.push_back(&task);
  }
  return tasks;
}

bool has_operator(const ModelRecord& model, const std::vector<std::string>& names) {
  return std::any_of(model.operators.begin(), model.operators.end(), [&](const std::string& op) {
    const std::string upper = to_lower(op);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return upper.find(name) != std::string::npos;
    });
  });
}

// The family that the operators show; empty where none was read.
std::string architecture_family(const ModelRecord& model) {
  if (model.operators.empty()) return "";
  if (has_operator(model, {"lstm", "gru", "rnn"})) return "recurrent neural network";
  if (has_operator(model, {"conv"})) return "convolutional neural network";
  if (has_operator(model, {"attention"})) return "transformer network";
  if (has_operator(model, {"tree_ensemble", "treeensemble"})) return "tree ensemble";
  if (has_operator(model, {"fully_connected", "gemm", "matmul", "innerproduct", "linear"}))
    return "feed-forward neural network";
  return "";
}

Json borders(const std::vector<TensorInfo>& tensors) {
  Json list = Json::array();
  for (const TensorInfo& tensor : tensors) {
    std::string text = tensor_phrase(tensor);
    if (!tensor.name.empty()) text += " " + printable(tensor.name);
    list.push_back({{"format", printable(text, kMaxText)}});
  }
  return list;
}

Json considerations(const std::vector<const TaskRecord*>& tasks, const ModelRecord& model) {
  Json out = Json::object();
  Json risks = Json::array();
  for (const TaskRecord* task : tasks) {
    out["useCases"].push_back(task_name(task->task) + " (" + printable(task->confidence) +
                              " confidence; " + use_phrase(task->use) + ")");
    if (!task->sensitive) continue;
    const std::string what = task->use >= Use::kReachable
                                 ? "The app has a path to a model that tells "
                                 : "The app holds a model that could tell ";
    risks.push_back({{"name", what + task_name(task->task) + " of a person, a sensitive task"}});
  }
  if (!risks.empty()) out["ethicalConsiderations"] = std::move(risks);
  if (const std::string words = encryption_phrase(model); !words.empty())
    out["technicalLimitations"].push_back(capitalised(words));
  return out;
}

Json model_card(const Inventory& inventory, const ModelRecord& model) {
  const auto tasks = tasks_of(inventory, model);
  Json parameters = Json::object();
  std::vector<std::string> names;
  names.reserve(tasks.size());
  for (const TaskRecord* task : tasks) names.push_back(printable(task->task));
  if (!names.empty()) parameters["task"] = join(names, ", ");
  if (const std::string family = architecture_family(model); !family.empty())
    parameters["architectureFamily"] = family;
  if (!model.known.empty()) parameters["modelArchitecture"] = printable(model.known);
  if (!model.inputs.empty()) parameters["inputs"] = borders(model.inputs);
  if (!model.outputs.empty()) parameters["outputs"] = borders(model.outputs);
  Json card = Json::object();
  if (!parameters.empty()) card["modelParameters"] = std::move(parameters);
  Json considered = considerations(tasks, model);
  if (!considered.empty()) card["considerations"] = std::move(considered);
  return card;
}

Json model_component(const Inventory& inventory, const ModelRecord& model) {
  Json out = {{"type", "machine-learning-model"}, {"bom-ref", printable(model.id)}};
  out["name"] = model_name(model);
  if (std::string author = metadata_text(model, "author"); !author.empty())
    out["authors"] = Json::array({{{"name", author}}});
  if (std::string version = metadata_text(model, "version"); !version.empty())
    out["version"] = version;
  if (std::string text = metadata_text(model, "description"); !text.empty())
    out["description"] = text;
  if (!model.sha256.empty()) out["hashes"] = hashes(model.sha256);
  if (std::string license = metadata_text(model, "license"); !license.empty())
    out["licenses"] = Json::array({{{"license", {{"name", license}}}}});
  if (!model.location.url.empty()) {
    out["externalReferences"] =
        Json::array({{{"type", "distribution"}, {"url", web_address(model.location.url)}}});
  }
  Json card = model_card(inventory, model);
  if (!card.empty()) out["modelCard"] = std::move(card);
  Json found = occurrences(model.evidence);
  if (!found.empty()) out["evidence"] = {{"occurrences", std::move(found)}};
  Properties properties;
  properties.add("format", model.format);
  properties.add("use", to_string(model.use));
  properties.add("origin", model.origin.kind);
  properties.add("originName", model.origin.name);
  properties.add("location", location_phrase(model));
  properties.add("graphHash", model.graph_hash);
  properties.add("weightsHash", model.weights_hash);
  properties.add_count("parameters", model.parameters);
  properties.add_count("labels", model.labels.size());
  properties.add("encryption", model.encryption == "none" ? "" : model.encryption);
  properties.add("known", model.known);
  std::move(properties).put(out);
  return out;
}

// One component for each framework and layer: what is linked and what is only declared are two
// findings.
std::string framework_ref(const FrameworkRecord& framework) {
  return printable("framework:" + framework.id + ":" + framework.layer + ":" + framework.linked);
}

Json framework_component(const FrameworkRecord& framework) {
  Json out = {{"type", "library"}, {"bom-ref", framework_ref(framework)}};
  out["name"] = printable(framework.origin.name.empty() ? framework.id : framework.origin.name);
  if (!framework.version.empty()) out["version"] = printable(framework.version);
  if (const std::string purl = framework_purl(framework); !purl.empty()) out["purl"] = purl;
  Json found = occurrences(framework.evidence);
  if (!found.empty()) out["evidence"] = {{"occurrences", std::move(found)}};
  Properties properties;
  properties.add("framework", framework.id);
  properties.add("layer", framework.layer);
  properties.add("linked", framework.linked);
  std::move(properties).put(out);
  return out;
}

Json app_component(const AppInfo& app) {
  const std::string file = app.files.empty() ? std::string("app") : printable(app.files[0].name);
  Json out = {{"type", "application"}, {"bom-ref", "app"}};
  out["name"] = app.package.empty() ? file : printable(app.package);
  if (!app.version_name.empty()) out["version"] = printable(app.version_name);
  if (!app.sha256.empty()) out["hashes"] = hashes(app.sha256);
  Properties properties;
  properties.add("file", file);
  properties.add("versionCode", app.version_code);
  std::set<std::string> certificates;
  for (const Signer& signer : app.signers) {
    if (signer.valid && certificates.insert(signer.cert_sha256).second)
      properties.add("signerCertificateSha256", signer.cert_sha256);
  }
  std::move(properties).put(out);
  return out;
}

// The app depends on all that was found in it; a model on the runtime of its own format.
Json dependencies(const Inventory& inventory, const std::set<std::string>& frameworks) {
  Json of_app = Json::array();
  Json list = Json::array();
  for (const ModelRecord& model : inventory.models) {
    of_app.push_back(printable(model.id));
    Json of_model = Json::array();
    for (const FrameworkRecord& framework : inventory.frameworks) {
      if (framework.id == model.format && framework.layer == "native")
        of_model.push_back(framework_ref(framework));
    }
    Json item = {{"ref", printable(model.id)}};
    if (!of_model.empty()) item["dependsOn"] = std::move(of_model);
    list.push_back(std::move(item));
  }
  for (const std::string& ref : frameworks) {
    of_app.push_back(ref);
    list.push_back({{"ref", ref}});
  }
  Json app = {{"ref", "app"}};
  if (!of_app.empty()) app["dependsOn"] = std::move(of_app);
  list.insert(list.begin(), std::move(app));
  return list;
}

}  // namespace

std::string content_uuid(const std::string& text) {
  std::string hex = sha256_hex(text).substr(0, 32);
  constexpr std::string_view kDigits = "0123456789abcdef";
  hex[12] = '8';                                      // version
  hex[16] = kDigits[8U + kDigits.find(hex[16]) % 4];  // variant
  return "urn:uuid:" + hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string framework_purl(const FrameworkRecord& framework) {
  // What the app merely calls on the device is in no package of the app.
  if (framework.linked == "unbundled") return "";
  for (const PublishedPackage& known : kPackages) {
    if (framework.id != known.framework) continue;
    const bool plain = !framework.version.empty() &&
                       framework.version.find_first_not_of("0123456789.") == std::string::npos;
    return std::string(known.package) + (plain ? "@" + framework.version : "");
  }
  return "";
}

Json inventory_to_ml_bom(const Inventory& full) {
  const Inventory inventory = shown_inventory(full);
  Json components = Json::array();
  for (const ModelRecord& model : inventory.models)
    components.push_back(model_component(inventory, model));
  std::set<std::string> frameworks;
  for (const FrameworkRecord& framework : inventory.frameworks) {
    if (frameworks.insert(framework_ref(framework)).second)
      components.push_back(framework_component(framework));
  }
  Json tool = {{"type", "application"},
               {"name", inventory.provenance.tool},
               {"version", inventory.provenance.version}};
  Json metadata = {{"tools", {{"components", Json::array({std::move(tool)})}}},
                   {"component", app_component(inventory.app)}};
  if (!inventory.gaps.empty()) {
    metadata["properties"] = Json::array(
        {{{"name", "daylight:gaps"}, {"value", std::to_string(inventory.gaps.size())}}});
  }
  Json body = {{"metadata", std::move(metadata)},
               {"components", std::move(components)},
               {"dependencies", dependencies(inventory, frameworks)}};
  Json out = {{"$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json"},
              {"bomFormat", "CycloneDX"},
              {"specVersion", "1.6"},
              {"serialNumber", content_uuid(dump_json_line(body))},
              {"version", 1}};
  out.update(body);
  return out;
}

}  // namespace dl
