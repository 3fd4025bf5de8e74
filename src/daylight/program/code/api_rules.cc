// SPDX-License-Identifier: Apache-2.0
// Reads and checks rules/api_fingerprints.json.
#include <span>

#include "daylight/base/embedded.h"
#include "daylight/base/json.h"
#include "daylight/program/code/fingerprint.h"

namespace dl::embedded {
std::span<const File> program_rules();
}  // namespace dl::embedded

namespace dl::program {
namespace {

constexpr const char* kSchema = "daylight/api-fingerprints/1";

// Reads keys of one rule object; remembers the first thing that is wrong. Keys that nobody asked
// for are wrong too.
class RuleReader {
 public:
  RuleReader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json.is_object()) problem_ = "is not an object";
  }

  std::string text(const char* key, bool required = false) {
    const Json* value = find(key);
    if (value == nullptr) {
      if (required) note(key, "is missing");
      return {};
    }
    if (value->is_string()) return value->get<std::string>();
    note(key, "is not a string");
    return {};
  }

  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> out;
    const Json* value = find(key);
    if (value == nullptr) return out;
    if (!value->is_array()) {
      note(key, "is not a list");
      return out;
    }
    for (const Json& item : *value) {
      if (!item.is_string()) {
        note(key, "holds something that is not a string");
        return out;
      }
      out.push_back(item.get<std::string>());
    }
    return out;
  }

  const Json* find(const char* key) {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(key);
    if (found == json_.end()) return nullptr;
    ++seen_;
    return &*found;
  }

  void note(const std::string& key, const char* what) {
    if (problem_.empty()) problem_ = "key \"" + key + "\" " + what;
  }

  Result<void> finish() {
    if (problem_.empty() && seen_ != json_.size()) problem_ = "has an unknown key";
    if (problem_.empty()) return {};
    return fail(ErrorCode::kInvalidArgument, problem_, where_);
  }

 private:
  const Json& json_;
  std::string where_;
  std::string problem_;
  std::size_t seen_ = 0;
};

Result<ApiParameter> parse_parameter(const Json& json, const std::string& where) {
  RuleReader reader(json, where);
  ApiParameter out;
  out.class_name = reader.text("class", true);
  out.method = reader.text("method", true);
  out.descriptor = reader.text("descriptor", true);
  const Json* index = reader.find("index");
  if (index == nullptr || !index->is_number_unsigned()) {
    reader.note("index", "is not a number");
  } else {
    out.index = index->get<std::size_t>();
  }
  TRY_VOID(reader.finish());
  return out;
}

Result<ApiShape> parse_shape(const Json& json, const std::string& where) {
  RuleReader reader(json, where);
  ApiShape out;
  out.strings = reader.texts("strings");
  out.any_strings = reader.texts("any_strings");
  out.calls = reader.texts("calls");
  out.not_calls = reader.texts("not_calls");
  out.creates = reader.texts("creates");
  out.methods = reader.texts("methods");
  out.abstract_methods = reader.texts("abstract_methods");
  out.field_types = reader.texts("field_types");
  out.instructions = reader.texts("instructions");
  out.superclass = reader.text("superclass");
  out.superclass_of = reader.text("superclass_of");
  out.interface_of = reader.text("interface_of");
  if (const Json* leaf = reader.find("leaf")) {
    if (leaf->is_boolean()) {
      out.leaf = leaf->get<bool>();
    } else {
      reader.note("leaf", "is not true or false");
    }
  }
  if (const Json* parameter = reader.find("parameter_of")) {
    out.parameter_of = TRY(parse_parameter(*parameter, where + ".parameter_of"));
  }
  TRY_VOID(reader.finish());
  return out;
}

Result<ApiMethodRule> parse_method(const Json& json, const std::string& where) {
  RuleReader reader(json, where);
  ApiMethodRule out;
  out.name = reader.text("name", true);
  out.descriptor = reader.text("descriptor");
  out.role = reader.text("role");
  out.calls = reader.texts("calls");
  TRY_VOID(reader.finish());
  return out;
}

Result<ApiClassRule> parse_class(const Json& json, const std::string& where) {
  RuleReader reader(json, where);
  ApiClassRule out;
  out.name = reader.text("name", true);
  out.framework = reader.text("framework", true);
  const std::string confidence = reader.text("confidence");
  if (!confidence.empty()) out.confidence = confidence;
  if (out.confidence != "low" && out.confidence != "medium" && out.confidence != "high") {
    reader.note("confidence", "is none of low, medium, high");
  }
  if (const Json* shape = reader.find("shape"))
    out.shape = TRY(parse_shape(*shape, where + ".shape"));
  if (const Json* methods = reader.find("methods")) {
    if (!methods->is_array()) reader.note("methods", "is not a list");
    std::size_t number = 0;
    for (const Json& method : *methods) {
      out.methods.push_back(
          TRY(parse_method(method, where + ".methods[" + std::to_string(number++) + "]")));
    }
  }
  TRY_VOID(reader.finish());
  return out;
}

}  // namespace

Result<ApiRules> ApiRules::parse(std::string_view json, const std::string& where) {
  const Json root = TRY(parse_json(json, where));
  RuleReader reader(root, where);
  if (reader.text("schema", true) != kSchema)
    reader.note("schema", "is not daylight/api-fingerprints/1");
  reader.text("note");
  ApiRules rules;
  const Json* classes = reader.find("classes");
  if (classes == nullptr || !classes->is_array()) {
    return fail(ErrorCode::kInvalidArgument, "key \"classes\" is not a list", where);
  }
  std::size_t number = 0;
  for (const Json& item : *classes) {
    const std::string item_where = where + ": classes[" + std::to_string(number++) + "]";
    rules.classes_.push_back(TRY(parse_class(item, item_where)));
    rules.by_name_.emplace(rules.classes_.back().name, rules.classes_.size() - 1);
  }
  TRY_VOID(reader.finish());
  return rules;
}

const ApiRules& ApiRules::builtin() {
  static const ApiRules rules = [] {
    for (const embedded::File& file : embedded::program_rules()) {
      // The build's own rules are checked by a test; damaged ones would leave an empty set, which
      // names nothing.
      if (auto parsed = parse(file.bytes, std::string(file.name))) return std::move(*parsed);
    }
    return ApiRules{};
  }();
  return rules;
}

const ApiClassRule* ApiRules::find(std::string_view canonical) const {
  const auto found = by_name_.find(canonical);
  return found == by_name_.end() ? nullptr : &classes_[found->second];
}

}  // namespace dl::program
