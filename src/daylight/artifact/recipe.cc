// SPDX-License-Identifier: Apache-2.0
// Recipes to and from plain structs.
#include "daylight/artifact/recipe.h"

#include "daylight/artifact/decode_rule.h"
#include "daylight/artifact/json_fields.h"
#include "daylight/artifact/selector.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::string_view kMatched = "arg*=";

Result<void> check_selector(const std::string& text, const std::string& where) {
  if (const auto selector = parse_selector(text); !selector)
    return fail(selector.error().code, selector.error().what, where, selector.error().hint);
  return {};
}

Json to_json(const RecipeMatch& match) {
  Json json = Json::object();
  if (!match.frameworks.empty()) json["frameworks"] = match.frameworks;
  if (!match.libraries.empty()) json["libraries"] = match.libraries;
  if (!match.methods.empty()) json["methods"] = match.methods;
  if (!match.json_keys.empty()) {
    json["json_keys"] = match.json_keys;
    json["at_least"] = match.at_least;
  }
  if (!match.list_of.empty()) json["list_of"] = match.list_of;
  return json;
}

Result<RecipeMatch> match_from_json(const Json& json, const std::string& where) {
  RecipeMatch match;
  FieldReader fields(json, where);
  fields.text_list("frameworks", match.frameworks);
  fields.text_list("libraries", match.libraries);
  fields.text_list("methods", match.methods);
  fields.text_list("json_keys", match.json_keys);
  fields.unsigned_number("at_least", match.at_least);
  fields.text_list("list_of", match.list_of);
  TRY_VOID(fields.finish());
  if (match.frameworks.empty() && match.libraries.empty() && match.methods.empty() &&
      match.json_keys.empty() && match.list_of.empty()) {
    return fail(ErrorCode::kInvalidArgument, "has no condition", where,
                "name frameworks, libraries, methods, json_keys or list_of");
  }
  for (const std::string& library : match.libraries) {
    if (!TextPattern::parse(library))
      return fail(ErrorCode::kInvalidArgument, "is no pattern: " + printable(library), where);
  }
  for (const std::string& method : match.methods) TRY_VOID(check_selector(method, where));
  for (const std::string& kind : match.list_of) {
    if (kind != "text" && kind != "number")
      return fail(ErrorCode::kInvalidArgument, "fields are text or number", where + ".list_of");
  }
  if (match.at_least == 0 || (!match.json_keys.empty() && match.at_least > match.json_keys.size()))
    return fail(ErrorCode::kInvalidArgument, "can never hold", where + ".at_least");
  if (!match.json_keys.empty() && !match.list_of.empty())
    return fail(ErrorCode::kInvalidArgument, "json_keys and list_of exclude each other", where);
  return match;
}

Json to_json(const RecipeProbe& probe) {
  return {{"selector", probe.selector}, {"role", probe.role}, {"decode", probe.decode}};
}

Result<RecipeProbe> probe_from_json(const Json& json, const std::string& where) {
  RecipeProbe probe;
  FieldReader fields(json, where);
  fields.required_text("selector", probe.selector);
  fields.required_text("role", probe.role);
  fields.text_list("decode", probe.decode);
  TRY_VOID(fields.finish());
  TRY_VOID(check_selector(probe.selector, where + ".selector"));
  for (const std::string& rule : probe.decode) {
    if (const auto read = parse_decode_rule(decode_for_argument(rule, 0)); !read)
      return fail(read.error().code, read.error().what, where + ".decode", read.error().hint);
  }
  return probe;
}

}  // namespace

std::string decode_for_argument(const std::string& rule, int argument) {
  if (!rule.starts_with(kMatched)) return rule;
  return "arg" + std::to_string(argument) + "=" + rule.substr(kMatched.size());
}

Json to_json(const Recipe& recipe) {
  Json json = {{"schema", "daylight/recipe/1"},     {"id", recipe.id},
               {"description", recipe.description}, {"match", to_json(recipe.match)},
               {"probes", Json::array()},           {"heads", Json::array()}};
  for (const RecipeProbe& probe : recipe.probes) json["probes"].push_back(to_json(probe));
  for (const ProbeHead& head : recipe.heads) json["heads"].push_back(to_json(head));
  return json;
}

Result<Recipe> recipe_from_json(const Json& json, const std::string& where) {
  Recipe recipe;
  std::string schema;
  FieldReader fields(json, where);
  fields.required_text("schema", schema);
  fields.required_text("id", recipe.id);
  fields.text("description", recipe.description);
  fields.record("match", recipe.match, match_from_json);
  fields.list("probes", recipe.probes, probe_from_json);
  fields.list("heads", recipe.heads, probe_head_from_json);
  TRY_VOID(fields.finish());
  if (schema != "daylight/recipe/1")
    return fail(ErrorCode::kInvalidArgument, "is no recipe", where,
                "begin it with \"schema\": \"daylight/recipe/1\"");
  if (!json.contains("match")) return fail(ErrorCode::kInvalidArgument, "has no match", where);
  if (recipe.probes.empty() || recipe.probes.size() > kMaxRecipeProbes)
    return fail(ErrorCode::kInvalidArgument,
                "has no probes, or more than " + std::to_string(kMaxRecipeProbes), where);
  return recipe;
}

}  // namespace dl
