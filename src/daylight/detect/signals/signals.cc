// SPDX-License-Identifier: Apache-2.0
// Frameworks and API calls from manifest and DEX code.
#include "daylight/detect/signals/signals.h"

#include <algorithm>
#include <map>
#include <set>

#include "daylight/base/text.h"
#include "daylight/detect/signals/reflection.h"
#include "daylight/program/code/code_fingerprint.h"

namespace dl {
namespace {

using program::ApiClass;
using program::ApiMethod;
using program::CallSite;
using program::ClassId;
using program::ClassIndex;
using program::ClassInfo;
using program::kNoId;
using program::MethodId;

// Platform classes that are watched for what they do to pictures; using them is not machine
// learning.
constexpr std::string_view kImageFramework = "android_image";

std::string package_of(std::string_view dotted) {
  const std::size_t dot = dotted.rfind('.');
  return dot == std::string_view::npos ? std::string() : std::string(dotted.substr(0, dot));
}

bool is_below(std::string_view package, std::string_view above) {
  return package == above || (package.starts_with(above) && package[above.size()] == '.');
}

// The first two parts of a package: what one author owns.
std::string owner_part(std::string_view package) {
  const auto parts = split(package, '.');
  return parts.size() < 2 ? std::string(package) : parts[0] + "." + parts[1];
}

// "x.Y" -> "Lx/Y;"
std::string class_descriptor(const std::string& dotted) {
  std::string out = "L" + dotted + ";";
  std::replace(out.begin(), out.end(), '.', '/');
  return out;
}

// How a class was recognised, in words.
std::string class_excerpt(const ClassIndex& index, const ApiClass& cls) {
  std::string text(index.descriptor(cls.id));
  if (cls.renamed)
    text += " is " + cls.rule->name + " (" + cls.confidence + "): " + join(cls.reasons, "; ");
  return text;
}

void add_class_evidence(const CodeContext& context, const std::vector<const ApiClass*>& classes,
                        FrameworkRecord& record) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (i == kMaxClassEvidence) {
      record.evidence.push_back({"code", context.app.file_name()});
      record.evidence.back().rule = record.id + ".class";
      record.evidence.back().excerpt =
          "and " + std::to_string(classes.size() - i) + " more classes";
      return;
    }
    record.evidence.push_back(class_evidence(context, classes[i]->id, record.id + ".class",
                                             class_excerpt(context.code.index(), *classes[i])));
  }
}

// Renamed classes and the app's own definitions first: they say most.
bool says_more(const ClassIndex& index, const ApiClass* a, const ApiClass* b) {
  const bool a_defined = index.class_info(a->id).defined();
  const bool b_defined = index.class_info(b->id).defined();
  if (a_defined != b_defined) return a_defined;
  return a->rule->name < b->rule->name;
}

FrameworkRecord& java_record(const CodeContext& context,
                             std::map<std::string, FrameworkRecord>& records,
                             const FrameworkRule& rule, ClassId id) {
  FrameworkRecord& record = records[rule.id];
  if (record.linked.empty())
    record.linked = context.code.index().class_info(id).defined() ? "static" : "unbundled";
  return record;
}

// Frameworks of which so many listed classes are there.
void add_listed_classes(const CodeContext& context,
                        std::map<std::string, FrameworkRecord>& records) {
  const ClassIndex& index = context.code.index();
  for (const FrameworkRule& rule : context.rules.frameworks()) {
    std::vector<ClassId> there;
    for (const std::string& name : rule.classes) {
      const ClassId id = index.find_class(class_descriptor(name));
      if (id != kNoId && context.code.apis().class_of(id) == nullptr) there.push_back(id);
    }
    if (there.empty() || (there.size() < rule.need_classes && !records.contains(rule.id))) continue;
    for (std::size_t i = 0; i < there.size() && i < kMaxClassEvidence; ++i) {
      java_record(context, records, rule, there[i])
          .evidence.push_back(class_evidence(context, there[i], rule.id + ".class",
                                             std::string(index.descriptor(there[i]))));
    }
  }
}

// Frameworks of which a class is there under any name.
void add_digested_classes(const CodeContext& context,
                          std::map<std::string, FrameworkRecord>& records) {
  const ClassIndex& index = context.code.index();
  std::map<std::string, const FrameworkRule*> wanted;
  std::set<std::string> counts;
  for (const FrameworkRule& rule : context.rules.frameworks()) {
    for (const std::string& digest : rule.class_digests) {
      wanted.emplace(digest, &rule);
      counts.insert(digest.substr(0, digest.rfind('.') + 1));
    }
  }
  if (wanted.empty()) return;
  for (ClassId id = 0; id < index.class_count(); ++id) {
    if (!index.class_info(id).defined() || context.code.apis().class_of(id) != nullptr ||
        !counts.contains(program::class_digest_counts(index, id)))
      continue;
    const auto found = wanted.find(program::class_digest(index, context.code.facts(), id));
    if (found == wanted.end()) continue;
    java_record(context, records, *found->second, id)
        .evidence.push_back(
            class_evidence(context, id, found->second->id + ".class-digest",
                           std::string(index.descriptor(id)) + " has the digest " + found->first));
  }
}

// Frameworks that constants name: classes for reflection, native libraries.
void add_named_frameworks(const CodeContext& context,
                          std::map<std::string, FrameworkRecord>& records) {
  for (NamedFramework& named : named_frameworks(context)) {
    FrameworkRecord& record = records[named.rule->id];
    if (record.linked.empty()) record.linked = "unbundled";
    record.evidence.push_back(std::move(named.evidence));
  }
}

CallRecord call_record(const CodeContext& context, MethodId caller, const CallSite& site,
                       const ApiMethod& api) {
  const ClassIndex& index = context.code.index();
  CallRecord record;
  record.api = api.name;
  record.framework = api.owner->rule->framework;
  record.caller = index.method_text(caller);
  record.klass = std::string(index.method_owner(site.callee));
  record.method = std::string(index.method_name(site.callee)) +
                  std::string(index.method_descriptor(site.callee));
  record.obfuscated = api.renamed;
  record.fingerprint =
      program::code_fingerprint(index, context.code.facts(), context.code.apis(), caller);
  record.origin = origin_of_class(context, index.method_info(caller).owner);
  record.evidence.push_back(code_evidence(context, caller, site.pc, "call-site",
                                          "calls " + index.method_text(site.callee)));
  if (api.owner->renamed) {
    record.evidence.push_back(class_evidence(context, api.owner->id, "api-fingerprint",
                                             class_excerpt(index, *api.owner)));
  }
  if (context.code.reach().reached(caller)) {
    record.use = Use::kReachable;
    record.evidence.push_back(path_evidence(context, caller));
  }
  return record;
}

}  // namespace

Evidence class_evidence(const CodeContext& context, ClassId id, std::string rule,
                        const std::string& excerpt) {
  const ClassInfo& info = context.code.index().class_info(id);
  Evidence out{"code", context.app.file_name()};
  if (info.defined()) out.entry = context.app.dex_chain(info.dex);
  out.rule = std::move(rule);
  out.excerpt = printable(excerpt, 400);
  return out;
}

FrameworkCode::FrameworkCode(const CodeContext& context) : context_(context) {
  // Whatever else lies beside a known class of a framework under its own name is the framework's.
  for (const ApiClass& cls : context.code.apis().classes()) {
    if (!cls.renamed) packages_.insert(package_of(cls.rule->name));
  }
}

bool FrameworkCode::owns(ClassId id) const {
  if (context_.code.apis().class_of(id) != nullptr) return true;
  const std::string package = package_of(dotted_class_name(context_.code.index().descriptor(id)));
  if (packages_.contains(package)) return true;
  return std::any_of(context_.rules.frameworks().begin(), context_.rules.frameworks().end(),
                     [&](const FrameworkRule& rule) {
                       return std::any_of(
                           rule.packages.begin(), rule.packages.end(),
                           [&](const std::string& above) { return is_below(package, above); });
                     });
}

Evidence code_evidence(const CodeContext& context, MethodId method, std::uint32_t pc,
                       std::string rule, const std::string& excerpt) {
  const ClassIndex& index = context.code.index();
  const program::MethodInfo& info = index.method_info(method);
  Evidence out{"code", context.app.file_name()};
  if (info.dex != kNoId) out.entry = context.app.dex_chain(info.dex);
  if (const auto code = index.code(method)) {
    // A code item's header is 16 bytes; addresses count 16-bit units.
    out.offset = code->offset + 16 + std::uint64_t{2} * pc;
  }
  out.method = printable(index.method_text(method), 400);
  out.rule = std::move(rule);
  out.excerpt = printable(excerpt, 400);
  return out;
}

Evidence path_evidence(const CodeContext& context, MethodId method) {
  const ClassIndex& index = context.code.index();
  const auto& reach = context.code.reach();
  Evidence out{"code", context.app.file_name()};
  if (index.method_info(method).dex != kNoId) {
    out.entry = context.app.dex_chain(index.method_info(method).dex);
  }
  out.method = printable(index.method_text(method), 400);
  out.rule = "reachable-path";
  out.excerpt =
      printable(reach.entry_reason(method) + ": " + join(reach.path(method), " -> "), kMaxPathText);
  return out;
}

Origin origin_of_class(const CodeContext& context, ClassId id) {
  const std::string name = dotted_class_name(context.code.index().descriptor(id));
  const std::string package = package_of(name);
  if (const ApiClass* known = context.code.apis().class_of(id)) {
    const FrameworkRule* rule = context.rules.framework(known->rule->framework);
    if (rule != nullptr) return {"sdk", rule->name};
  }
  if (context.sdks != nullptr) {
    if (const OriginRule* const rule = context.sdks->origin_by_name(id)) return {"sdk", rule->name};
  }
  const auto& manifest = context.app.manifest();
  if (manifest && !package.empty()) {
    if (owner_part(package) == owner_part(manifest->package))
      return {"first-party", manifest->package};
    for (const ManifestComponent& component : manifest->components) {
      // An activity with the launcher's filter is the app's own, whatever its package.
      const bool launcher =
          std::find(component.categories.begin(), component.categories.end(),
                    "android.intent.category.LAUNCHER") != component.categories.end();
      const std::string& target = component.target.empty() ? component.name : component.target;
      if (launcher && owner_part(package_of(target)) == owner_part(package))
        return {"first-party", manifest->package};
    }
  }
  if (context.sdks != nullptr) {
    if (const OriginRule* const rule = context.sdks->origin_by_mark(id)) return {"sdk", rule->name};
  }
  return {"unknown", ""};
}

std::vector<FrameworkRecord> java_frameworks(const CodeContext& context) {
  const ClassIndex& index = context.code.index();
  std::map<std::string, std::vector<const ApiClass*>> classes;
  for (const ApiClass& cls : context.code.apis().classes()) {
    const std::string& framework = cls.rule->framework;
    const FrameworkRule* rule = context.rules.framework(framework);
    if (framework == kImageFramework || rule == nullptr) continue;
    classes[framework].push_back(&cls);
  }
  std::map<std::string, FrameworkRecord> records;
  for (auto& [framework, list] : classes) {
    std::sort(list.begin(), list.end(),
              [&](const ApiClass* a, const ApiClass* b) { return says_more(index, a, b); });
    FrameworkRecord& record = records[framework];
    record.id = framework;
    record.linked = index.class_info(list.front()->id).defined() ? "static" : "unbundled";
    add_class_evidence(context, list, record);
  }
  add_listed_classes(context, records);
  add_digested_classes(context, records);
  add_named_frameworks(context, records);
  std::vector<FrameworkRecord> out;
  for (const FrameworkRule& rule : context.rules.frameworks()) {
    const auto found = records.find(rule.id);
    if (found == records.end()) continue;
    found->second.id = rule.id;
    found->second.layer = "java";
    found->second.origin = {rule.kind == "system" ? "unknown" : "sdk", rule.name};
    out.push_back(std::move(found->second));
  }
  return out;
}

std::vector<FrameworkRecord> manifest_frameworks(const program::AppPackage& app,
                                                 const RuleSet& rules) {
  std::vector<FrameworkRecord> out;
  if (!app.manifest()) return out;
  for (const FrameworkRule& rule : rules.frameworks()) {
    FrameworkRecord record{rule.id, "", "manifest", "unbundled", {"sdk", rule.name}, {}};
    const auto add = [&](const char* what, const std::string& excerpt) {
      Evidence evidence{"manifest", app.file_name(), app.manifest_chain()};
      evidence.rule = rule.id + "." + what;
      evidence.excerpt = printable(excerpt);
      record.evidence.push_back(std::move(evidence));
    };
    for (const ManifestMetaData& data : app.manifest()->meta_data) {
      if (std::find(rule.meta_data.begin(), rule.meta_data.end(), data.name) ==
          rule.meta_data.end())
        continue;
      add("meta-data", data.name + " = " + data.value);
    }
    for (const ManifestComponent& component : app.manifest()->components) {
      if (std::find(rule.components.begin(), rule.components.end(), component.name) ==
          rule.components.end())
        continue;
      add("component", component.name);
    }
    if (!record.evidence.empty()) out.push_back(std::move(record));
  }
  return out;
}

std::vector<CallRecord> api_calls(const CodeContext& context) {
  const ClassIndex& index = context.code.index();
  const auto& apis = context.code.apis();
  const FrameworkCode frameworks(context);
  std::vector<CallRecord> out;
  for (MethodId caller = 0; caller < index.method_count(); ++caller) {
    for (const CallSite& site : context.code.facts().calls(caller)) {
      const ApiMethod* api = apis.method_of(site.callee);
      if (api == nullptr) {
        const MethodId target = index.resolve(site.callee);
        if (target != kNoId) api = apis.method_of(target);
      }
      if (api == nullptr || api->role.empty() || api->owner->rule->framework == kImageFramework)
        continue;
      if (frameworks.owns(index.method_info(caller).owner)) continue;
      out.push_back(call_record(context, caller, site, *api));
    }
  }
  for (CallRecord& call : reflected_calls(context, frameworks)) out.push_back(std::move(call));
  for (std::size_t i = 0; i < out.size(); ++i) out[i].id = "call-" + std::to_string(i + 1);
  return out;
}

}  // namespace dl
