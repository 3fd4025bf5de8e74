// SPDX-License-Identifier: Apache-2.0
// Reads and checks.
#include "daylight/capture/jvm/harness_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daylight/base/file.h"
#include "daylight/base/text.h"

namespace dl::capture {
namespace {

constexpr const char* kHint = "docs/formats/harness.md has the form";
constexpr std::uint64_t kMaxHarnessFile = std::uint64_t{1} << 20;
// A value is an object with one of these.
constexpr std::array kKinds = {"picture", "const", "context", "assets", "new", "call", "field"};

tl::unexpected<Error> refuse(const std::string& where, const std::string& what) {
  return fail(ErrorCode::kInvalidArgument, what, printable(where, 300), kHint);
}

// "com.app.Model", "o/a", "Lo/a;" as a descriptor; "" for what is none.
std::string class_descriptor(std::string name) {
  if (name.starts_with('L') && name.ends_with(';')) name = name.substr(1, name.size() - 2);
  std::replace(name.begin(), name.end(), '.', '/');
  const bool plain =
      !name.empty() && name.size() <= 500 && name.find_first_of(";[ ()<>") == std::string::npos;
  return plain ? "L" + name + ";" : "";
}

// Checks values in depth, and counts them.
class ValueCheck {
 public:
  Result<void> value(const Json& json, const std::string& where, int depth) {
    if (depth > kMaxHarnessDepth || ++seen_ > kMaxHarnessValues)
      return refuse(where, "too many values in values");
    if (json.is_null()) return {};
    if (!json.is_object()) return refuse(where, "is no value: an object or null");
    const auto kinds = std::count_if(kKinds.begin(), kKinds.end(),
                                     [&](const char* kind) { return json.contains(kind); });
    if (kinds != 1)
      return refuse(where, "wants one of picture, const, context, assets, new, call, field");
    for (const char* const name : {"new", "call", "field"}) {
      if (json.contains(name) && !json[name].is_string())
        return refuse(where, std::string(name) + " wants a name");
    }
    if (json.contains("const") && json["const"].is_structured())
      return refuse(where, "const wants a number, a text, true, false or null");
    TRY_VOID(picture(json, where));
    if (json.contains("on")) TRY_VOID(value(json["on"], where + ".on", depth + 1));
    return json.contains("args") ? list(json["args"], where + ".args", depth + 1) : Result<void>();
  }

  Result<void> list(const Json& json, const std::string& where, int depth) {
    if (json.is_null()) return {};
    if (!json.is_array()) return refuse(where, "is no list");
    for (std::size_t i = 0; i < json.size(); ++i)
      TRY_VOID(value(json[i], fmt::format("{}[{}]", where, i), depth));
    return {};
  }

 private:
  static Result<void> picture(const Json& json, const std::string& where) {
    if (!json.contains("picture") || json["picture"] == true) return {};
    const Json& size = json["picture"];
    const auto side = [&](const char* name) {
      return size.is_object() && size.contains(name) && size[name].is_number_integer() &&
             size[name] > 0 && size[name] <= 8192;
    };
    if (side("width") && side("height")) return {};
    return refuse(where, "picture wants true, or a width and height of 1 to 8192");
  }

  std::size_t seen_ = 0;
};

Json at(const Json& json, const char* name) {
  return json.contains(name) ? json[name] : Json(nullptr);
}

Result<std::string> text_of(const Json& json, const char* name, const std::string& where,
                            bool needed) {
  if (!json.contains(name)) {
    if (!needed) return std::string();
    return refuse(where, std::string("has no ") + name);
  }
  if (!json[name].is_string()) return refuse(where, std::string(name) + " is no text");
  return json[name].get<std::string>();
}

Result<HarnessEntry> entry_from_json(const Json& json, const std::string& where) {
  if (!json.is_object()) return refuse(where, "is no entry");
  HarnessEntry out;
  out.entry.klass = class_descriptor(TRY(text_of(json, "class", where, true)));
  if (out.entry.klass.empty()) return refuse(where, "class is no class's name");
  out.entry.method = TRY(text_of(json, "method", where, true));
  out.entry.descriptor = TRY(text_of(json, "descriptor", where, false));
  out.entry.receiver = "new";
  out.receiver = at(json, "receiver");
  out.args = at(json, "args");
  out.before = at(json, "before");
  ValueCheck check;
  TRY_VOID(check.value(out.receiver, where + ".receiver", 0));
  TRY_VOID(check.list(out.args, where + ".args", 0));
  TRY_VOID(check.list(out.before, where + ".before", 0));
  return out;
}

}  // namespace

HarnessEntry harness_of(const Entry& entry) {
  HarnessEntry out;
  out.entry = entry;
  return out;
}

Result<std::vector<HarnessEntry>> harness_from_json(const Json& json, const std::string& where) {
  if (!json.is_object() || !json.contains("schema") || json["schema"] != "daylight/harness/1")
    return refuse(where, "has no line \"schema\": \"daylight/harness/1\"");
  if (!json.contains("entries") || !json["entries"].is_array() || json["entries"].empty())
    return refuse(where, "has no entries");
  std::vector<HarnessEntry> out;
  for (std::size_t i = 0; i < json["entries"].size(); ++i)
    out.push_back(
        TRY(entry_from_json(json["entries"][i], fmt::format("{}: entries[{}]", where, i))));
  return out;
}

Result<std::vector<HarnessEntry>> read_harness(const std::filesystem::path& file) {
  const std::string text = TRY(read_file(file, kMaxHarnessFile));
  return harness_from_json(TRY(parse_json(text, file.string())), file.string());
}

}  // namespace dl::capture
