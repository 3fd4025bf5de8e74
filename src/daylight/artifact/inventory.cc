// SPDX-License-Identifier: Apache-2.0
// inventory.json to and from plain structs.
#include "daylight/artifact/inventory.h"

#include <cmath>
#include <limits>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

Json to_json(const Origin& origin) {
  Json json = {{"kind", origin.kind}};
  if (!origin.name.empty()) json["name"] = origin.name;
  if (!origin.version.empty()) json["version"] = origin.version;
  return json;
}

Json to_json(const TensorInfo& tensor) {
  Json json = {{"name", printable(tensor.name)}, {"shape", tensor.shape}, {"dtype", tensor.dtype}};
  if (!tensor.quant_scale.empty()) {
    json["quantization"] = {{"scale", tensor.quant_scale}, {"zero_point", tensor.quant_zero_point}};
  }
  return json;
}

// Declared before list_to_json, which finds only names that stand before it.
Json to_json(const ModelCompanion& companion);
Json to_json(const ModelRecord& model);
Json to_json(const FrameworkRecord& framework);
Json to_json(const CallRecord& call);
Json to_json(const TaskRecord& task);

template <typename T>
Json list_to_json(const std::vector<T>& list) {
  Json json = Json::array();
  for (const T& item : list) json.push_back(to_json(item));
  return json;
}

Json app_to_json(const AppInfo& app) {
  Json files = Json::array();
  for (const AppFile& file : app.files) {
    files.push_back({{"name", printable(file.name)}, {"sha256", file.sha256}, {"size", file.size}});
  }
  Json signers = Json::array();
  for (const Signer& signer : app.signers) {
    signers.push_back(
        {{"cert_sha256", signer.cert_sha256}, {"scheme", signer.scheme}, {"valid", signer.valid}});
  }
  Json json = {{"package", printable(app.package)},
               {"version_name", printable(app.version_name)},
               {"version_code", app.version_code},
               {"sha256", app.sha256},
               {"files", std::move(files)},
               {"splits", app.splits},
               {"abis", app.abis},
               {"signers", std::move(signers)},
               {"permissions", app.permissions}};
  if (!app.shape.empty()) json["shape"] = app.shape;
  return json;
}

Json to_json(const ModelLocation& location) {
  Json json = {{"file", printable(location.file)},
               {"entry", location.entry},
               {"offset", location.offset},
               {"size", location.size}};
  if (!location.url.empty()) json["url"] = printable(location.url, 1000);
  return json;
}

Json to_json(const ModelCompanion& companion) {
  return {{"role", companion.role},
          {"entry", companion.entry},
          {"sha256", companion.sha256},
          {"size", companion.size}};
}

Json to_json(const ModelRecord& model) {
  Json encryption = {{"state", model.encryption}};
  if (!model.encryption_key.empty()) encryption["key"] = model.encryption_key;
  Json json = {{"id", model.id},
               {"format", model.format},
               {"location", to_json(model.location)},
               {"sha256", model.sha256},
               {"graph_hash", model.graph_hash},
               {"weights_hash", model.weights_hash},
               {"parameters", model.parameters},
               {"encryption", std::move(encryption)},
               {"inputs", list_to_json(model.inputs)},
               {"outputs", list_to_json(model.outputs)},
               {"operators", model.operators},
               {"last_operator", model.last_operator},
               {"metadata", model.metadata},
               {"labels", model.labels}};
  if (!model.companions.empty()) json["companions"] = list_to_json(model.companions);
  if (!model.known.empty()) json["known"] = printable(model.known, 300);
  json["origin"] = to_json(model.origin);
  json["use"] = to_string(model.use);
  json["evidence"] = to_json(model.evidence);
  return json;
}

Json to_json(const FrameworkRecord& framework) {
  Json json = {{"id", framework.id}};
  if (!framework.version.empty()) json["version"] = printable(framework.version);
  json["layer"] = framework.layer;
  json["linked"] = framework.linked;
  json["origin"] = to_json(framework.origin);
  json["evidence"] = to_json(framework.evidence);
  return json;
}

Json to_json(const CallRecord& call) {
  Json json = {{"id", call.id},
               {"api", call.api},
               {"framework", call.framework},
               {"caller", printable(call.caller, 1000)},
               {"class", printable(call.klass, 1000)},
               {"method", printable(call.method, 1000)}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = printable(value, 1000);
  };
  add("fingerprint", call.fingerprint);
  add("original_class", call.original_class);
  add("original_method", call.original_method);
  add("original_caller", call.original_caller);
  json["obfuscated"] = call.obfuscated;
  json["use"] = to_string(call.use);
  json["origin"] = to_json(call.origin);
  json["evidence"] = to_json(call.evidence);
  return json;
}

Json to_json(const TaskRecord& task) {
  Json json = {{"id", task.id},
               {"task", task.task},
               {"sensitive", task.sensitive},
               {"confidence", task.confidence}};
  if (!task.model.empty()) json["model"] = task.model;
  json["use"] = to_string(task.use);
  json["evidence"] = to_json(task.evidence);
  return json;
}

Result<Origin> origin_from_json(const Json& json, const std::string& where) {
  Origin origin;
  FieldReader fields(json, where);
  fields.text("kind", origin.kind);
  fields.text("name", origin.name);
  fields.text("version", origin.version);
  TRY_VOID(fields.finish());
  return origin;
}

Result<std::vector<std::int64_t>> whole_numbers(const Json& json, const std::string& where) {
  if (!json.is_array()) return fail(ErrorCode::kCorrupt, "expected a list of whole numbers", where);
  std::vector<std::int64_t> out;
  for (const Json& item : json) {
    const bool fits = item.is_number_integer() &&
                      !(item.is_number_unsigned() &&
                        item.get<std::uint64_t>() >
                            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    if (!fits) return fail(ErrorCode::kCorrupt, "expected a list of whole numbers", where);
    out.push_back(item.get<std::int64_t>());
  }
  return out;
}

Result<std::vector<float>> floats(const Json& json, const std::string& where) {
  if (!json.is_array()) return fail(ErrorCode::kCorrupt, "expected a list of numbers", where);
  std::vector<float> out;
  for (const Json& item : json) {
    if (!item.is_number() || std::abs(item.get<double>()) > std::numeric_limits<float>::max()) {
      return fail(ErrorCode::kCorrupt, "expected a list of numbers", where);
    }
    out.push_back(item.get<float>());
  }
  return out;
}

Result<TensorInfo> tensor_from_json(const Json& json, const std::string& where) {
  TensorInfo tensor;
  FieldReader fields(json, where);
  fields.text("name", tensor.name);
  fields.text("dtype", tensor.dtype);
  TRY_VOID(fields.finish());
  if (json.contains("shape")) {
    tensor.shape = TRY(whole_numbers(json["shape"], where + ".shape"));
  }
  if (json.contains("quantization") && json["quantization"].is_object()) {
    const Json& quantization = json["quantization"];
    if (quantization.contains("scale")) {
      tensor.quant_scale = TRY(floats(quantization["scale"], where + ".quantization.scale"));
    }
    if (quantization.contains("zero_point")) {
      tensor.quant_zero_point =
          TRY(whole_numbers(quantization["zero_point"], where + ".quantization.zero_point"));
    }
  }
  return tensor;
}

Result<std::vector<Evidence>> evidence_of(const Json& json, const std::string& where) {
  if (!json.contains("evidence")) return std::vector<Evidence>{};
  return evidence_list_from_json(json["evidence"], where + ".evidence");
}

// Fields that models, calls and tasks share.
template <typename T>
Result<void> read_use_and_evidence(const Json& json, const std::string& where, T& record) {
  std::string use = "present";
  FieldReader fields(json, where);
  fields.text("use", use);
  TRY_VOID(fields.finish());
  auto parsed = use_from_string(use);
  if (!parsed) return fail(ErrorCode::kCorrupt, parsed.error().what, where + ".use");
  record.use = *parsed;
  record.evidence = TRY(evidence_of(json, where));
  return {};
}

Result<ModelLocation> location_from_json(const Json& json, const std::string& where) {
  ModelLocation location;
  FieldReader fields(json, where);
  fields.text("file", location.file);
  fields.text_list("entry", location.entry);
  fields.unsigned_number("offset", location.offset);
  fields.unsigned_number("size", location.size);
  fields.text("url", location.url);
  TRY_VOID(fields.finish());
  return location;
}

Result<ModelCompanion> companion_from_json(const Json& json, const std::string& where) {
  ModelCompanion companion;
  FieldReader fields(json, where);
  fields.required_text("role", companion.role);
  fields.text_list("entry", companion.entry);
  fields.text("sha256", companion.sha256);
  fields.unsigned_number("size", companion.size);
  TRY_VOID(fields.finish());
  return companion;
}

Result<ModelRecord> model_from_json(const Json& json, const std::string& where) {
  ModelRecord model;
  FieldReader fields(json, where);
  fields.required_text("id", model.id);
  fields.required_text("format", model.format);
  fields.record("location", model.location, location_from_json);
  fields.text("sha256", model.sha256);
  fields.text("graph_hash", model.graph_hash);
  fields.text("weights_hash", model.weights_hash);
  fields.unsigned_number("parameters", model.parameters);
  fields.list("inputs", model.inputs, tensor_from_json);
  fields.list("outputs", model.outputs, tensor_from_json);
  fields.text_list("operators", model.operators);
  fields.text("last_operator", model.last_operator);
  fields.any("metadata", model.metadata);
  fields.text_list("labels", model.labels);
  fields.list("companions", model.companions, companion_from_json);
  fields.text("known", model.known);
  fields.record("origin", model.origin, origin_from_json);
  TRY_VOID(fields.finish());
  if (json.contains("encryption")) {
    FieldReader encryption(json["encryption"], where + ".encryption");
    encryption.text("state", model.encryption);
    encryption.text("key", model.encryption_key);
    TRY_VOID(encryption.finish());
  }
  TRY_VOID(read_use_and_evidence(json, where, model));
  return model;
}

Result<FrameworkRecord> framework_from_json(const Json& json, const std::string& where) {
  FrameworkRecord framework;
  FieldReader fields(json, where);
  fields.required_text("id", framework.id);
  fields.text("version", framework.version);
  fields.text("layer", framework.layer);
  fields.text("linked", framework.linked);
  fields.record("origin", framework.origin, origin_from_json);
  TRY_VOID(fields.finish());
  framework.evidence = TRY(evidence_of(json, where));
  return framework;
}

Result<CallRecord> call_from_json(const Json& json, const std::string& where) {
  CallRecord call;
  FieldReader fields(json, where);
  fields.text("id", call.id);
  fields.required_text("api", call.api);
  fields.text("framework", call.framework);
  fields.text("caller", call.caller);
  fields.text("class", call.klass);
  fields.text("method", call.method);
  fields.text("fingerprint", call.fingerprint);
  fields.text("original_class", call.original_class);
  fields.text("original_method", call.original_method);
  fields.text("original_caller", call.original_caller);
  fields.boolean("obfuscated", call.obfuscated);
  fields.record("origin", call.origin, origin_from_json);
  TRY_VOID(fields.finish());
  TRY_VOID(read_use_and_evidence(json, where, call));
  return call;
}

Result<TaskRecord> task_from_json(const Json& json, const std::string& where) {
  TaskRecord task;
  FieldReader fields(json, where);
  fields.required_text("id", task.id);
  fields.required_text("task", task.task);
  fields.boolean("sensitive", task.sensitive);
  fields.text("confidence", task.confidence);
  fields.text("model", task.model);
  TRY_VOID(fields.finish());
  TRY_VOID(read_use_and_evidence(json, where, task));
  return task;
}

Result<AppInfo> app_from_json(const Json& json, const std::string& where) {
  AppInfo app;
  FieldReader fields(json, where);
  fields.text("package", app.package);
  fields.text("version_name", app.version_name);
  fields.text("version_code", app.version_code);
  fields.text("shape", app.shape);
  fields.required_text("sha256", app.sha256);
  fields.list("files", app.files, [](const Json& item, const std::string& at) -> Result<AppFile> {
    AppFile file;
    FieldReader record(item, at);
    record.required_text("name", file.name);
    record.text("sha256", file.sha256);
    record.unsigned_number("size", file.size);
    TRY_VOID(record.finish());
    return file;
  });
  fields.text_list("splits", app.splits);
  fields.text_list("abis", app.abis);
  fields.text_list("permissions", app.permissions);
  fields.list("signers", app.signers,
              [](const Json& item, const std::string& at) -> Result<Signer> {
                Signer signer;
                FieldReader record(item, at);
                record.text("cert_sha256", signer.cert_sha256);
                record.text("scheme", signer.scheme);
                record.boolean("valid", signer.valid);
                TRY_VOID(record.finish());
                return signer;
              });
  TRY_VOID(fields.finish());
  return app;
}

}  // namespace

Json to_json(const Inventory& inventory) {
  Json json = artifact_head("inventory", inventory.provenance);
  json["app"] = app_to_json(inventory.app);
  json["models"] = list_to_json(inventory.models);
  json["frameworks"] = list_to_json(inventory.frameworks);
  json["calls"] = list_to_json(inventory.calls);
  json["tasks"] = list_to_json(inventory.tasks);
  json["gaps"] = to_json(inventory.gaps);
  return json;
}

Result<Inventory> inventory_from_json(const Json& json, const std::string& where) {
  Inventory inventory;
  inventory.provenance = TRY(read_artifact_head(json, "inventory", where));
  FieldReader fields(json, where);
  fields.record("app", inventory.app, app_from_json);
  fields.list("models", inventory.models, model_from_json);
  fields.list("frameworks", inventory.frameworks, framework_from_json);
  fields.list("calls", inventory.calls, call_from_json);
  fields.list("tasks", inventory.tasks, task_from_json);
  fields.list("gaps", inventory.gaps, gap_from_json);
  TRY_VOID(fields.finish());
  if (inventory.app.sha256.empty()) return fail(ErrorCode::kCorrupt, "names no app", where);
  return inventory;
}

}  // namespace dl
