// SPDX-License-Identifier: Apache-2.0
// Tables of known models.
#include "daylight/detect/rules/known_models.h"

#include <algorithm>
#include <cassert>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/digest.h"
#include "daylight/base/embedded.h"
#include "daylight/base/text.h"
#include "daylight/detect/rules/rules.h"

namespace dl {

namespace embedded {
std::span<const File> known_model_table();
}

namespace {

constexpr const char* kSchema = "daylight/known-models/1";
constexpr std::size_t kDigestDigits = 64;

bool is_digest(const std::string& text) {
  return text.size() == kDigestDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<void> check_entry(const KnownModel& model, const std::string& where) {
  for (const std::string* digest : {&model.sha256, &model.weights_hash, &model.graph_hash}) {
    if (!digest->empty() && !is_digest(*digest)) {
      return fail(ErrorCode::kInvalidArgument,
                  "'" + printable(*digest) + "' is no SHA-256 in lower-case hexadecimal", where);
    }
  }
  if (model.sha256.empty() && model.weights_hash.empty() && model.graph_hash.empty())
    return fail(ErrorCode::kInvalidArgument, "has no digest", where);
  for (const std::string& task : model.tasks) {
    if (RuleSet::builtin().task(task) == nullptr)
      return fail(ErrorCode::kInvalidArgument, "there is no task '" + printable(task) + "'", where);
  }
  return {};
}

Result<KnownModel> known_model_from_json(const Json& json, const std::string& where) {
  KnownModel model;
  FieldReader fields(json, where);
  fields.required_text("name", model.name);
  fields.text("sha256", model.sha256);
  fields.text("weights_hash", model.weights_hash);
  fields.text("graph_hash", model.graph_hash);
  fields.text_list("tasks", model.tasks);
  fields.text("source", model.source);
  TRY_VOID(fields.finish());
  TRY_VOID(check_entry(model, where));
  return model;
}

const char* how(KnownBy by) {
  switch (by) {
    case KnownBy::kBytes:
      return "the same bytes as ";
    case KnownBy::kWeights:
      return "the same weights as ";
    case KnownBy::kGraph:
      return "the same graph, other weights, as ";
    case KnownBy::kNothing:
      break;
  }
  return "";
}

}  // namespace

Result<KnownModels> KnownModels::parse(std::string_view json, const std::string& where) {
  const Json parsed = TRY(parse_json(json, where));
  std::string schema;
  std::vector<KnownModel> list;
  FieldReader fields(parsed, where);
  fields.text("schema", schema);
  fields.list("models", list, known_model_from_json);
  TRY_VOID(fields.finish());
  if (schema != kSchema) {
    return fail(ErrorCode::kInvalidArgument, "is no table of known models", where,
                std::string("its schema must be ") + kSchema);
  }
  if (list.size() > kMaxKnownModels)
    return fail(ErrorCode::kLimit, "has more entries than are read", where);
  KnownModels models;
  for (KnownModel& model : list) models.add(std::move(model));
  return models;
}

const KnownModels& KnownModels::builtin() {
  static const KnownModels kBuiltin = [] {
    auto models = parse(embedded::known_model_table().front().bytes, "known_models.json");
    assert(models);
    return models ? std::move(*models) : KnownModels{};
  }();
  return kBuiltin;
}

void KnownModels::index(std::size_t at) {
  const KnownModel& model = models_[at];
  if (!model.sha256.empty()) by_sha256_[model.sha256] = at;
  if (!model.weights_hash.empty()) by_weights_[model.weights_hash] = at;
  if (!model.graph_hash.empty()) by_graph_[model.graph_hash] = at;
}

void KnownModels::add(KnownModel model) {
  auto found = models_.end();
  if (model.sha256.empty()) {
    found = std::find_if(models_.begin(), models_.end(), [&](const KnownModel& other) {
      return other.sha256.empty() && other.weights_hash == model.weights_hash &&
             other.graph_hash == model.graph_hash;
    });
  } else if (const auto known = by_sha256_.find(model.sha256); known != by_sha256_.end()) {
    found = models_.begin() + static_cast<std::ptrdiff_t>(known->second);
  }
  if (found == models_.end()) found = models_.insert(found, KnownModel{});
  *found = std::move(model);
  index(static_cast<std::size_t>(found - models_.begin()));
}

void KnownModels::add_all(const KnownModels& other) {
  for (const KnownModel& model : other.models_) add(model);
}

KnownMatch KnownModels::find(const ModelRecord& model) const {
  const auto look = [&](const auto& table, const std::string& key) -> const KnownModel* {
    const auto found = key.empty() ? table.end() : table.find(key);
    return found == table.end() ? nullptr : &models_[found->second];
  };
  if (const KnownModel* hit = look(by_sha256_, model.sha256)) return {hit, KnownBy::kBytes};
  if (const KnownModel* hit = look(by_weights_, model.weights_hash))
    return {hit, KnownBy::kWeights};
  if (const KnownModel* hit = look(by_graph_, model.graph_hash)) return {hit, KnownBy::kGraph};
  return {};
}

std::string KnownModels::digest() const { return sha256_hex(dump_json_line(to_json(*this))); }

Json to_json(const KnownModels& models) {
  Json list = Json::array();
  for (const KnownModel& model : models.models()) {
    Json item = {{"name", printable(model.name)}};
    if (!model.sha256.empty()) item["sha256"] = model.sha256;
    if (!model.weights_hash.empty()) item["weights_hash"] = model.weights_hash;
    if (!model.graph_hash.empty()) item["graph_hash"] = model.graph_hash;
    item["tasks"] = model.tasks;
    if (!model.source.empty()) item["source"] = printable(model.source, 400);
    list.push_back(std::move(item));
  }
  return {{"schema", kSchema}, {"models", std::move(list)}};
}

void name_known_models(const KnownModels& known, std::vector<ModelRecord>& models) {
  for (ModelRecord& model : models) {
    const KnownMatch match = known.find(model);
    if (match.model == nullptr) continue;
    if (match.by != KnownBy::kGraph) model.known = match.model->name;
    Evidence evidence{"asset", model.location.file, model.location.entry, model.location.offset};
    evidence.rule = "known-model";
    evidence.excerpt = how(match.by) + printable(match.model->name);
    if (!match.model->source.empty())
      evidence.excerpt += " (" + printable(match.model->source) + ")";
    model.evidence.push_back(std::move(evidence));
  }
}

}  // namespace dl
