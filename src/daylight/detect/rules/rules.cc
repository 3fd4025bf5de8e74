// SPDX-License-Identifier: Apache-2.0
// Reads and checks the rule files.
#include "daylight/detect/rules/rules.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/digest.h"
#include "daylight/base/embedded.h"
#include "daylight/base/json.h"
#include "daylight/base/text.h"

namespace dl {

namespace embedded {
std::span<const File> detect_rules();
}  // namespace embedded

namespace {

// A key that the program does not know is a mistake in the rules, and must not be passed over.
Result<void> only_keys(const Json& json, std::initializer_list<std::string_view> known,
                       const std::string& where) {
  if (!json.is_object()) return {};
  for (const auto& [key, value] : json.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return fail(ErrorCode::kInvalidArgument, "unknown key \"" + key + "\"", where);
    }
  }
  return {};
}

void integers(FieldReader& reader, const Json& json, const char* name,
              std::vector<std::int64_t>& out) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  if (!json.is_object() || found == json.end()) return;
  for (const Json& item : *found) {
    if (!item.is_number_integer()) {
      reader.fail_with({ErrorCode::kInvalidArgument,
                        std::string("\"") + name + "\" holds no whole number", reader.where()});
      return;
    }
    out.push_back(item.get<std::int64_t>());
  }
}

std::optional<std::string> from_hex(std::string_view hex) {
  std::string out;
  if (hex.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    int value = 0;
    for (const char c : hex.substr(i, 2)) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const std::size_t digit = kDigits.find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      value = value * 16 + static_cast<int>(digit);
    }
    out += static_cast<char>(value);
  }
  return out;
}

Result<MagicRule> read_magic(const Json& json, const std::string& where) {
  TRY_VOID(only_keys(json, {"offset", "hex"}, where));
  FieldReader reader(json, where);
  MagicRule out;
  std::string hex;
  reader.unsigned_number("offset", out.offset);
  reader.required_text("hex", hex);
  TRY_VOID(reader.finish());
  const auto bytes = from_hex(hex);
  if (!bytes) return fail(ErrorCode::kInvalidArgument, "\"hex\" is not hexadecimal", where);
  out.bytes = *bytes;
  return out;
}

Result<FormatRule> read_format(const Json& json, const std::string& where) {
  TRY_VOID(only_keys(json, {"id", "name", "extensions", "magic", "source"}, where));
  FieldReader reader(json, where);
  FormatRule out;
  reader.required_text("id", out.id);
  reader.required_text("name", out.name);
  reader.text_list("extensions", out.extensions);
  reader.list("magic", out.magic, read_magic);
  TRY_VOID(reader.finish());
  return out;
}

Result<BuildRule> read_build(const Json& json, const std::string& where) {
  TRY_VOID(only_keys(json, {"id", "version"}, where));
  FieldReader reader(json, where);
  BuildRule out;
  reader.required_text("id", out.id);
  reader.text("version", out.version);
  TRY_VOID(reader.finish());
  if (out.id.empty() || !from_hex(out.id))
    return fail(ErrorCode::kInvalidArgument, "\"id\" is not hexadecimal", where);
  return out;
}

// How many of the `have` things must be there.
Result<void> check_need(std::uint64_t need, std::size_t have, const std::string& where) {
  if (have == 0 || (need > 0 && need <= have)) return {};
  return fail(ErrorCode::kInvalidArgument, "\"need\" is not between 1 and the number of names",
              where);
}

Result<ScriptRule> read_script(const Json& json, const std::string& where) {
  TRY_VOID(only_keys(json, {"kind", "literals", "need"}, where));
  FieldReader reader(json, where);
  ScriptRule out;
  reader.required_text("kind", out.kind);
  reader.text_list("literals", out.literals);
  reader.unsigned_number("need", out.need);
  TRY_VOID(reader.finish());
  TRY_VOID(check_need(out.need, out.literals.size(), where));
  return out;
}

// "classes": the list, how many of it, and digests.
Result<void> read_class_list(const Json& json, const std::string& where, FrameworkRule& out) {
  TRY_VOID(only_keys(json, {"names", "need", "digests"}, where));
  FieldReader reader(json, where);
  reader.text_list("names", out.classes);
  reader.unsigned_number("need", out.need_classes);
  reader.text_list("digests", out.class_digests);
  TRY_VOID(reader.finish());
  return check_need(out.need_classes, out.classes.size(), where);
}

Result<void> read_version(const Json& json, const std::string& where, FrameworkRule& out) {
  TRY_VOID(only_keys(json, {"after", "bare"}, where));
  FieldReader reader(json, where);
  reader.text("after", out.version_after);
  reader.boolean("bare", out.version_bare);
  return reader.finish();
}

Result<FrameworkRule> read_framework(const Json& json, const std::string& where) {
  TRY_VOID(only_keys(json,
                     {"id", "name", "kind", "libraries", "links", "exports", "imports", "literals",
                      "need", "rtti", "scripts", "build_ids", "classes", "meta_data", "version",
                      "components", "packages", "source"},
                     where));
  FieldReader reader(json, where);
  FrameworkRule out;
  reader.required_text("id", out.id);
  reader.required_text("name", out.name);
  reader.required_text("kind", out.kind);
  reader.text_list("libraries", out.libraries);
  reader.text_list("links", out.links);
  reader.text_list("exports", out.exports);
  reader.text_list("imports", out.imports);
  reader.text_list("literals", out.literals);
  reader.unsigned_number("need", out.need);
  reader.text_list("rtti", out.rtti);
  reader.list("build_ids", out.build_ids, read_build);
  reader.list("scripts", out.scripts, read_script);
  reader.text_list("packages", out.packages);
  reader.text_list("meta_data", out.meta_data);
  reader.text_list("components", out.components);
  Json classes = Json::object();
  reader.any("classes", classes);
  Json version = Json::object();
  reader.any("version", version);
  TRY_VOID(reader.finish());
  TRY_VOID(read_class_list(classes, where + ".classes", out));
  TRY_VOID(read_version(version, where + ".version", out));
  constexpr std::array<std::string_view, 4> kKinds = {"runtime", "library", "engine", "system"};
  if (std::find(kKinds.begin(), kKinds.end(), out.kind) == kKinds.end())
    return fail(ErrorCode::kInvalidArgument, "unknown kind \"" + out.kind + "\"", where);
  TRY_VOID(check_need(out.need, out.literals.size(), where));
  return out;
}

Result<TaskRule> read_task(const Json& json, const std::string& where) {
  TRY_VOID(only_keys(json,
                     {"id", "sensitive", "input", "tokens", "file_tokens", "files", "phrases",
                      "labels", "apis", "dependencies"},
                     where));
  FieldReader reader(json, where);
  TaskRule out;
  reader.required_text("id", out.id);
  reader.boolean("sensitive", out.sensitive);
  reader.text("input", out.input);
  reader.text_list("tokens", out.tokens);
  reader.text_list("file_tokens", out.file_tokens);
  reader.text_list("files", out.files);
  reader.text_list("phrases", out.phrases);
  reader.text_list("apis", out.apis);
  reader.text_list("dependencies", out.dependencies);
  reader.list("labels", out.labels,
              [](const Json& item, const std::string& at) -> Result<std::vector<std::string>> {
                std::vector<std::string> set;
                if (!item.is_array())
                  return fail(ErrorCode::kInvalidArgument, "is not a list of labels", at);
                for (const Json& label : item) {
                  if (!label.is_string())
                    return fail(ErrorCode::kInvalidArgument, "holds a label that is no text", at);
                  set.push_back(label.get<std::string>());
                }
                return set;
              });
  TRY_VOID(reader.finish());
  return out;
}

Result<ShapeRule> read_shape(const Json& json, const std::string& where) {
  TRY_VOID(only_keys(
      json,
      {"id", "text", "input", "input_side", "input_sizes", "inputs", "elements", "sizes", "shape",
       "last", "not_last", "operators", "dense", "classes", "not_classes", "supports", "alone"},
      where));
  FieldReader reader(json, where);
  ShapeRule out;
  reader.required_text("id", out.id);
  reader.required_text("text", out.text);
  reader.text("input", out.input);
  reader.text_list("last", out.last);
  reader.text_list("not_last", out.not_last);
  reader.text_list("operators", out.operators);
  reader.boolean("dense", out.dense);
  reader.text_list("supports", out.supports);
  reader.text("alone", out.alone);
  integers(reader, json, "input_side", out.input_side);
  integers(reader, json, "input_sizes", out.input_sizes);
  integers(reader, json, "elements", out.elements);
  integers(reader, json, "sizes", out.sizes);
  integers(reader, json, "shape", out.shape);
  integers(reader, json, "classes", out.classes);
  integers(reader, json, "not_classes", out.not_classes);
  if (json.is_object() && json.contains("inputs")) {
    std::uint64_t inputs = 0;
    reader.unsigned_number("inputs", inputs);
    out.inputs = inputs;
  }
  TRY_VOID(reader.finish());
  for (const auto* range : {&out.input_side, &out.elements, &out.classes}) {
    if (range->empty() || (range->size() == 2 && range->front() <= range->back())) continue;
    return fail(ErrorCode::kInvalidArgument, "a range is not [least, greatest]", where);
  }
  return out;
}

Result<OriginRule> read_origin(const Json& json, const std::string& where) {
  TRY_VOID(only_keys(json, {"package", "name", "classes", "strings"}, where));
  FieldReader reader(json, where);
  OriginRule out;
  reader.text("package", out.package);
  reader.required_text("name", out.name);
  reader.text_list("classes", out.classes);
  reader.text_list("strings", out.strings);
  TRY_VOID(reader.finish());
  if (out.package.empty() && out.classes.empty() && out.strings.empty())
    return fail(ErrorCode::kInvalidArgument, "neither package nor classes nor strings", where);
  return out;
}

// A rule file: its schema line, then its lists.
Result<Json> open_rules(std::string_view text, const std::string& where,
                        const std::string& schema) {
  Json json = TRY(parse_json(text, where));
  if (!json.is_object() || json.value("schema", "") != schema) {
    return fail(ErrorCode::kInvalidArgument, "the schema is not " + schema, where);
  }
  return json;
}

std::string_view embedded_text(std::string_view name) {
  for (const embedded::File& file : embedded::detect_rules()) {
    if (file.name == name) return file.bytes;
  }
  return {};
}

}  // namespace

Result<RuleSet> RuleSet::parse(std::string_view formats, std::string_view frameworks,
                               std::string_view tasks, std::string_view origins) {
  RuleSet rules;
  const Json format_json = TRY(open_rules(formats, "formats.json", "daylight/format-rules/1"));
  FieldReader format_reader(format_json, "formats.json");
  format_reader.list("formats", rules.formats_, read_format);
  TRY_VOID(format_reader.finish());

  const Json framework_json =
      TRY(open_rules(frameworks, "frameworks.json", "daylight/framework-rules/1"));
  FieldReader framework_reader(framework_json, "frameworks.json");
  framework_reader.list("frameworks", rules.frameworks_, read_framework);
  TRY_VOID(framework_reader.finish());

  const Json task_json = TRY(open_rules(tasks, "tasks.json", "daylight/task-rules/1"));
  FieldReader task_reader(task_json, "tasks.json");
  task_reader.list("tasks", rules.tasks_, read_task);
  task_reader.list("shapes", rules.shapes_, read_shape);
  TRY_VOID(task_reader.finish());

  const Json origin_json = TRY(open_rules(origins, "sdk_origins.json", "daylight/origin-rules/1"));
  FieldReader origin_reader(origin_json, "sdk_origins.json");
  origin_reader.list("origins", rules.origins_, read_origin);
  TRY_VOID(origin_reader.finish());

  for (const ShapeRule& shape : rules.shapes_) {
    for (const std::string& task : shape.supports) {
      if (rules.task(task) == nullptr) {
        return fail(ErrorCode::kInvalidArgument, "unknown task \"" + task + "\"",
                    "tasks.json: shape " + shape.id);
      }
    }
  }
  std::string all;
  for (const std::string_view text : {formats, frameworks, tasks, origins}) all += sha256_hex(text);
  all += sha256_hex(embedded_text("native_anchors.json"));
  all += sha256_hex(embedded_text("remote_models.json"));
  rules.digest_ = sha256_hex(all);
  return rules;
}

const RuleSet& RuleSet::builtin() {
  static const RuleSet rules = [] {
    auto parsed = parse(embedded_text("formats.json"), embedded_text("frameworks.json"),
                        embedded_text("tasks.json"), embedded_text("sdk_origins.json"));
    return parsed ? std::move(*parsed) : RuleSet{};
  }();
  return rules;
}

const FrameworkRule* RuleSet::framework(std::string_view id) const {
  const auto found = std::find_if(frameworks_.begin(), frameworks_.end(),
                                  [&](const FrameworkRule& rule) { return rule.id == id; });
  return found == frameworks_.end() ? nullptr : &*found;
}

const TaskRule* RuleSet::task(std::string_view id) const {
  const auto found = std::find_if(tasks_.begin(), tasks_.end(),
                                  [&](const TaskRule& rule) { return rule.id == id; });
  return found == tasks_.end() ? nullptr : &*found;
}

bool matches_pattern(std::string_view text, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return text == pattern;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  // Each piece between stars where it first occurs; the last one at the end.
  for (std::size_t next = pattern.find('*'); next != std::string_view::npos;
       next = pattern.find('*')) {
    const std::size_t at = text.find(pattern.substr(0, next));
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + next);
    pattern.remove_prefix(next + 1);
  }
  return text.ends_with(pattern);
}

}  // namespace dl
