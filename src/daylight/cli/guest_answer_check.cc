// SPDX-License-Identifier: Apache-2.0
// The shape of each answer, as a list of its members.
#include "daylight/cli/guest_answer_check.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace dl::cli {
namespace {

tl::unexpected<Error> not_ours() {
  return fail(ErrorCode::kCorrupt, "the guest's answer is none that we made", "guest");
}

using Check = bool (*)(const Json&);

bool anything(const Json&) { return true; }
bool is_text(const Json& value) { return value.is_string(); }
bool is_truth(const Json& value) { return value.is_boolean(); }
bool is_integer(const Json& value) { return value.is_number_integer(); }
bool is_count(const Json& value) { return value.is_number_unsigned(); }

// A member of an object. What else an object has is not looked at, and not rendered.
struct Member {
  const char* name;
  Check check;
  bool may_be_absent = false;
};
constexpr bool kMayBeAbsent = true;

bool has_members(const Json& value, std::initializer_list<Member> members) {
  if (!value.is_object()) return false;
  return std::all_of(members.begin(), members.end(), [&](const Member& member) {
    const auto found = value.find(member.name);
    return found == value.end() ? member.may_be_absent : member.check(*found);
  });
}

template <Check kEach>
bool is_list_of(const Json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), kEach);
}

bool is_gap(const Json& value) {
  return has_members(value, {{"where", is_text}, {"why", is_text}});
}

bool is_fault(const Json& value) {
  return has_members(
      value,
      {{"kind", is_text}, {"what", is_text}, {"backtrace", is_list_of<is_text>, kMayBeAbsent}});
}

// Exactly one of the two.
bool has_one_of(const Json& value, const char* one, const char* other) {
  return value.contains(one) != value.contains(other);
}

bool is_start(const Json& value) {
  return has_members(value, {{"exported", is_truth},
                             {"version", is_text, kMayBeAbsent},
                             {"fault", is_fault, kMayBeAbsent}}) &&
         has_one_of(value, "version", "fault");
}

bool is_library(const Json& value) {
  return has_members(value, {{"name", is_text}, {"build_id", is_text}});
}

bool is_missing_import(const Json& value) {
  return has_members(value, {{"library", is_text}, {"name", is_text}, {"weak", is_truth}});
}

bool is_lookup(const Json& value) {
  return has_members(
      value, {{"what", is_text}, {"name", is_text}, {"found", is_truth}, {"answer", is_text}});
}

bool is_log_line(const Json& value) {
  return has_members(value, {{"priority", is_integer}, {"tag", is_text}, {"text", is_text}});
}

bool is_wanted(const Json& value) {
  return has_members(value, {{"java", is_text}, {"times", is_count}});
}

bool is_dropped(const Json& value) {
  return has_members(value, {{"lookups", is_count}, {"log", is_count}});
}

bool is_written_file(const Json& value) {
  return has_members(value, {{"path", is_text}, {"size", is_count}});
}

bool are_files(const Json& value) {
  return has_members(value,
                     {{"written", is_list_of<is_written_file>}, {"removed", is_list_of<is_text>}});
}

bool is_native(const Json& value) {
  return has_members(value, {{"class", is_text},
                             {"name", is_text},
                             {"signature", is_text},
                             {"library", is_text},
                             {"offset", is_text, kMayBeAbsent},
                             {"address", is_text, kMayBeAbsent},
                             {"route", is_text},
                             {"problem", is_text, kMayBeAbsent}}) &&
         has_one_of(value, "offset", "address");
}

bool is_engine(const Json& value) {
  return has_members(value, {{"library", is_text},
                             {"receiver", is_text},
                             {"symbol", is_text},
                             {"name", is_text},
                             {"functions", is_list_of<is_text>},
                             {"texts", is_list_of<is_text>}});
}

bool is_export(const Json& value) {
  return has_members(
      value, {{"name", is_text}, {"kind", is_text}, {"offset", is_text}, {"size", is_count}});
}

bool is_call(const Json& value) {
  return has_members(value, {{"method", is_text, kMayBeAbsent},
                             {"result", anything, kMayBeAbsent},
                             {"fault", is_fault, kMayBeAbsent}}) &&
         has_one_of(value, "result", "fault");
}

bool is_model(const Json& value) {
  return has_members(value, {{"format", is_text},
                             {"sha256", is_text},
                             {"size", is_count},
                             {"where", is_text},
                             {"in_file", is_truth},
                             {"path", is_text, kMayBeAbsent}});
}

bool is_traced_fault(const Json& value) {
  return has_members(value, {{"call", is_text}, {"fault", is_fault}});
}

// What is told of every library that was loaded.
bool is_loaded(const Json& value) {
  return has_members(value, {{"library", is_text},
                             {"abi", is_text},
                             {"jni_on_load", is_start},
                             {"libraries", is_list_of<is_library>},
                             {"missing_imports", is_list_of<is_missing_import>},
                             {"lookups", is_list_of<is_lookup>},
                             {"log", is_list_of<is_log_line>},
                             {"dropped", is_dropped, kMayBeAbsent},
                             {"wanted_of_java", is_list_of<is_wanted>},
                             {"gaps", is_list_of<is_gap>},
                             {"files", are_files}});
}

bool has_shape(AnswerKind kind, const Json& value) {
  switch (kind) {
    case AnswerKind::kNatives:
      return is_loaded(value) && has_members(value, {{"natives", is_list_of<is_native>},
                                                     {"engines", is_list_of<is_engine>}});
    case AnswerKind::kExports:
      return has_members(value, {{"library", is_text},
                                 {"abi", is_text},
                                 {"build_id", is_text},
                                 {"exports", is_list_of<is_export>},
                                 {"gaps", is_list_of<is_gap>}});
    case AnswerKind::kCall:
      return is_loaded(value) &&
             has_members(value, {{"call", is_call}, {"nans_may_differ", is_truth}});
    case AnswerKind::kTrace:
      return has_members(value, {{"library", is_text},
                                 {"result", anything, kMayBeAbsent},
                                 {"nans_may_differ", is_truth},
                                 {"models", is_list_of<is_model>},
                                 {"faults", is_list_of<is_traced_fault>, kMayBeAbsent},
                                 {"gaps", is_list_of<is_gap>},
                                 {"files", are_files},
                                 {"events", is_count},
                                 {"calls", is_count},
                                 {"lost_events", is_count}});
  }
  return false;
}

// At least as many as parsing would make.
std::size_t values_in(std::string_view text) {
  std::size_t out = 1;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == ',' || c == '[' || c == '{')) {
      ++out;
    }
  }
  return out;
}

}  // namespace

Result<CheckedAnswer> CheckedAnswer::read(AnswerKind kind, std::string_view message,
                                          bool isolated) {
  if (values_in(message) > kMaxAnswerValues)
    return fail(ErrorCode::kLimit,
                "the guest's answer has more than " + std::to_string(kMaxAnswerValues) + " values",
                "guest");
  auto parsed = parse_json(message, "guest");
  // What is wrong with the text is the library's words: nobody else's code writes such.
  if (!parsed || !has_shape(kind, *parsed)) return not_ours();
  (*parsed)["isolated"] = isolated;
  return CheckedAnswer(std::move(*parsed));
}

bool CheckedAnswer::has_fault() const {
  const auto in = [this](const char* part) {
    const auto found = json_.find(part);
    return found != json_.end() && found->contains("fault");
  };
  return in("jni_on_load") || in("call") || json_.contains("faults");
}

void CheckedAnswer::add_gap(const std::string& where, const std::string& why) {
  json_["gaps"].push_back({{"where", where}, {"why", why}});
}

void CheckedAnswer::keep_files(const IsThere& model, const IsThere& written) {
  const auto absent = [this](const std::string& path) {
    add_gap("folder", path + " is said to be there, and is not");
  };
  for (Json& each : json_["models"]) {
    const std::string path = each.value("path", "");
    if (path.empty() || model(path)) continue;
    absent(path);
    each.erase("path");
  }
  Json kept = Json::array();
  for (Json& each : json_["files"]["written"]) {
    const std::string path = each["path"].get<std::string>();
    if (written(path)) {
      kept.push_back(std::move(each));
    } else {
      absent("files/" + path);
    }
  }
  json_["files"]["written"] = std::move(kept);
}

std::string ModelOutputs::to_message() && {
  bytes.push_back(nans_may_differ ? '\1' : '\0');
  return std::move(bytes);
}

Result<ModelOutputs> ModelOutputs::read(std::string message) {
  if (message.empty() || (message.back() != '\0' && message.back() != '\1')) return not_ours();
  const bool nans_may_differ = message.back() != '\0';
  message.pop_back();
  return ModelOutputs{std::move(message), nans_may_differ};
}

}  // namespace dl::cli
