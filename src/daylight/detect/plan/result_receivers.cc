// SPDX-License-Identifier: Apache-2.0
// Looks for the consumer's side of machine learning, which renaming does not hide.
#include "daylight/detect/plan/result_receivers.h"

#include <algorithm>
#include <deque>
#include <map>

namespace dl {
namespace {

using program::AppCode;
using program::CallSite;
using program::ClassId;
using program::ClassIndex;
using program::kNoId;
using program::MethodId;
using program::TypeUse;
using program::TypeUseKind;

constexpr std::string_view kString = "Ljava/lang/String;";

int first_argument(const ClassIndex& index, MethodId method,
                   const std::set<std::string_view>& types) {
  const auto& parameters = index.proto(method).parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i] != kNoId && types.contains(index.descriptor(parameters[i])))
      return static_cast<int>(i);
  }
  return -1;
}

// new JSONObject(text), new JSONArray(text), x.fromJson(text ...).
bool parses_json(const AppCode& code, MethodId method) {
  const ClassIndex& index = code.index();
  for (const CallSite& call : code.facts().calls(method)) {
    const std::string_view owner = index.method_owner(call.callee);
    const std::string_view name = index.method_name(call.callee);
    const bool made = name == "<init>" && first_argument(index, call.callee, {kString}) == 0 &&
                      (owner == "Lorg/json/JSONObject;" || owner == "Lorg/json/JSONArray;" ||
                       owner == "Lorg/json/JSONTokener;");
    if (made || name == "fromJson" || name == "parseObject") return true;
  }
  return false;
}

// The method and what it calls in the app, nearest first.
std::vector<MethodId> around(const AppCode& code, MethodId method) {
  std::vector<MethodId> out = {method};
  std::set<MethodId> known = {method};
  std::size_t level = 0;
  for (int depth = 0; depth < kMaxReceiverDepth; ++depth) {
    const std::size_t end = out.size();
    for (; level < end; ++level) {
      for (const CallSite& call : code.facts().calls(out[level])) {
        for (const MethodId target : code.graph().targets(call)) {
          if (out.size() == kMaxReceiverMethods) return out;
          if (code.index().method_info(target).has_code() && known.insert(target).second)
            out.push_back(target);
        }
      }
    }
  }
  return out;
}

bool has_kinds(const ClassIndex& index, ClassId id, const std::vector<std::string>& kinds) {
  const auto& info = index.class_info(id);
  if (!info.defined() || info.fields.empty() || info.fields.size() > kMaxResultFields) return false;
  const auto has = [&](const std::string& kind) {
    return std::any_of(info.fields.begin(), info.fields.end(), [&](program::FieldId field) {
      constexpr std::uint32_t kStatic = 0x8;
      if ((index.field_info(field).access & kStatic) != 0) return false;
      const std::string_view type = index.descriptor(index.field_info(field).type);
      return kind == "text" ? type == kString : type == "F" || type == "D";
    });
  };
  return std::all_of(kinds.begin(), kinds.end(), has);
}

}  // namespace

std::vector<ResultReceiver> json_receivers(const AppCode& code,
                                           const std::vector<std::string>& keys,
                                           std::size_t at_least) {
  const ClassIndex& index = code.index();
  const std::set<std::string_view> wanted(keys.begin(), keys.end());
  std::vector<ResultReceiver> out;
  for (MethodId method = 0; method < index.method_count(); ++method) {
    if (out.size() == kMaxReceivers) break;
    if (!index.method_info(method).has_code()) continue;
    const int argument = first_argument(index, method, {kString});
    if (argument < 0 || !parses_json(code, method)) continue;
    std::set<std::string> seen;
    for (const MethodId part : around(code, method)) {
      for (const program::StringUse& use : code.facts().strings(part)) {
        if (wanted.contains(use.text)) seen.emplace(use.text);
      }
    }
    if (seen.size() >= at_least) out.push_back({method, argument, {seen.begin(), seen.end()}});
  }
  return out;
}

std::vector<ResultReceiver> list_receivers(const AppCode& code,
                                           const std::vector<std::string>& kinds,
                                           const std::set<ClassId>& near) {
  const ClassIndex& index = code.index();
  // Where objects of a class are made.
  std::map<ClassId, bool> fits;
  std::set<ClassId> made_elsewhere;
  for (ClassId id = 0; id < index.class_count(); ++id) {
    if (has_kinds(index, id, kinds) && code.apis().class_of(id) == nullptr) fits[id] = true;
  }
  if (fits.empty()) return {};
  for (MethodId method = 0; method < index.method_count(); ++method) {
    const ClassId owner = index.method_info(method).owner;
    for (const TypeUse& use : code.facts().types(method)) {
      if (use.kind == TypeUseKind::kNew && fits.contains(use.type) && !near.contains(owner))
        made_elsewhere.insert(use.type);
    }
  }
  const auto is_result = [&](ClassId id) {
    return fits.contains(id) && !made_elsewhere.contains(id);
  };
  std::vector<ResultReceiver> out;
  for (MethodId method = 0; method < index.method_count() && out.size() < kMaxReceivers; ++method) {
    if (!index.method_info(method).defined() || index.method_name(method) == "<init>") continue;
    const auto& parameters = index.proto(method).parameters;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i] == kNoId) continue;
      const std::string_view type = index.descriptor(parameters[i]);
      ClassId found = kNoId;
      if (type.starts_with('[')) {
        const ClassId element = index.find_class(type.substr(1));
        if (element != kNoId && is_result(element)) found = element;
      } else if (type == "Ljava/util/List;" || type == "Ljava/util/ArrayList;" ||
                 type == "Ljava/util/Collection;") {
        for (const TypeUse& use : code.facts().types(method)) {
          if (use.kind == TypeUseKind::kCast && is_result(use.type)) found = use.type;
        }
      }
      if (found == kNoId) continue;
      out.push_back({method, static_cast<int>(i), {std::string(index.descriptor(found))}});
      break;
    }
  }
  return out;
}

}  // namespace dl
