// SPDX-License-Identifier: Apache-2.0
// Digests of methods and classes without their names.
#include "daylight/program/code/code_fingerprint.h"

#include <algorithm>
#include <set>
#include <vector>

#include "daylight/base/digest.h"

namespace dl::program {
namespace {

constexpr std::string_view kAnyClass = "L?;";

// "[Lapp/X;" -> "[L?;" where the app defines app.X; other types as they stand.
std::string neutral_type(const ClassIndex& index, ClassId type) {
  const std::string_view text = index.descriptor(type);
  const std::size_t arrays = std::min(text.find_first_not_of('['), text.size());
  const std::string_view element = text.substr(arrays);
  const ClassId id = arrays == 0 ? type : index.find_class(element);
  const bool own = id != kNoId && id < index.class_count() && index.class_info(id).defined();
  return std::string(text.substr(0, arrays)) + std::string(own ? kAnyClass : element);
}

std::string neutral_descriptor(const ClassIndex& index, MethodId method) {
  const ProtoInfo& proto = index.proto(method);
  std::string out = "(";
  for (const ClassId parameter : proto.parameters) out += neutral_type(index, parameter);
  return out + ")" + neutral_type(index, proto.result);
}

// The shape of a method that is defined: constructors keep their names in every build.
std::string method_shape(const ClassIndex& index, MethodId method) {
  const MethodInfo& info = index.method_info(method);
  std::string out = info.is_static() ? "static " : "";
  if (info.is_native()) out += "native ";
  const std::string_view name = index.method_name(method);
  if (!name.empty() && name.front() == '<') out += name;
  return out + neutral_descriptor(index, method);
}

// A call as "what the app cannot rename", or "" for a call within the app.
std::string outside_call(const ClassIndex& index, const ApiNames& apis, const CallSite& site) {
  const MethodId target = index.resolve(site.callee);
  for (const MethodId id : {site.callee, target}) {
    const ApiMethod* api = id == kNoId ? nullptr : apis.method_of(id);
    if (api != nullptr && !api->role.empty()) return "api " + api->name;
  }
  if (target != kNoId && index.method_info(target).defined()) return "";
  ClassId owner = index.method_info(site.callee).owner;
  // An inherited method may be called by the name of the app's own class.
  if (owner < index.class_count() && index.class_info(owner).defined()) {
    owner = index.external_ancestor(owner);
    if (owner == kNoId) return "";
  }
  return "call " + std::string(index.descriptor(owner)) + "->" +
         std::string(index.method_name(site.callee)) + neutral_descriptor(index, site.callee);
}

std::string digest_half(std::vector<std::string> facts) {
  std::sort(facts.begin(), facts.end());
  Sha256 hash;
  for (const std::string& fact : facts) {
    hash.update(as_bytes(fact));
    hash.update(as_bytes(std::string_view("\n")));
  }
  return hash.finish_hex().substr(0, kFingerprintHalf);
}

std::string method_half(const ClassIndex& index, const CodeFacts& facts, const ApiNames& apis,
                        MethodId method) {
  std::vector<std::string> out = {"method " + method_shape(index, method)};
  for (const CallSite& site : facts.calls(method)) {
    if (std::string call = outside_call(index, apis, site); !call.empty())
      out.push_back(std::move(call));
  }
  for (const TypeUse& use : facts.types(method)) {
    const std::string type = neutral_type(index, use.type);
    if (type != kAnyClass) out.push_back("type " + type);
  }
  return digest_half(std::move(out));
}

std::vector<std::string> class_facts(const ClassIndex& index, ClassId id) {
  std::vector<std::string> out;
  for (const ClassId ancestor : index.ancestors(id)) {
    if (!index.class_info(ancestor).defined())
      out.push_back("is " + std::string(index.descriptor(ancestor)));
  }
  const ClassInfo& info = index.class_info(id);
  for (const MethodId method : info.methods) out.push_back("method " + method_shape(index, method));
  for (const FieldId field : info.fields)
    out.push_back("field " + neutral_type(index, index.field_info(field).type));
  return out;
}

}  // namespace

std::string code_fingerprint(const ClassIndex& index, const CodeFacts& facts, const ApiNames& apis,
                             MethodId method) {
  if (method >= index.method_count() || !index.method_info(method).has_code()) return "";
  return method_half(index, facts, apis, method) +
         digest_half(class_facts(index, index.method_info(method).owner));
}

std::string class_digest(const ClassIndex& index, const CodeFacts& facts, ClassId id) {
  if (id >= index.class_count() || !index.class_info(id).defined()) return "";
  std::set<std::string> constants;
  for (const MethodId method : index.class_info(id).methods) {
    for (const StringUse& use : facts.strings(method)) constants.emplace(use.text);
  }
  const auto telling =
      std::count_if(constants.begin(), constants.end(),
                    [](const std::string& text) { return text.size() >= kMinDigestStringSize; });
  if (static_cast<std::size_t>(telling) < kMinDigestStrings) return "";
  std::vector<std::string> out = class_facts(index, id);
  for (const std::string& text : constants) out.push_back("constant " + text);
  return class_digest_counts(index, id) + digest_half(std::move(out));
}

std::string class_digest_counts(const ClassIndex& index, ClassId id) {
  const ClassInfo& info = index.class_info(id);
  return std::to_string(info.methods.size()) + "." + std::to_string(info.fields.size()) + ".";
}

}  // namespace dl::program
