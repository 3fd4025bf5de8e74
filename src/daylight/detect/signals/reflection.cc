// SPDX-License-Identifier: Apache-2.0
// Looks at the constants of methods that load classes or libraries by name.
#include "daylight/detect/signals/reflection.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daylight/base/text.h"
#include "daylight/program/code/code_fingerprint.h"

namespace dl {
namespace {

using program::ApiClassRule;
using program::ApiMethodRule;
using program::CallSite;
using program::ClassIndex;
using program::MethodId;
using program::StringUse;

struct Loader {
  std::string_view owner;
  std::string_view name;
};
constexpr std::array<Loader, 4> kClassLoaders = {
    {{"Ljava/lang/Class;", "forName"},
     {"Ljava/lang/ClassLoader;", "loadClass"},
     {"Ldalvik/system/DexClassLoader;", "loadClass"},
     {"Ldalvik/system/PathClassLoader;", "loadClass"}}};
constexpr std::array<Loader, 2> kMethodGetters = {
    {{"Ljava/lang/Class;", "getMethod"}, {"Ljava/lang/Class;", "getDeclaredMethod"}}};
constexpr std::array<Loader, 7> kLibraryLoaders = {
    {{"Ljava/lang/System;", "loadLibrary"},
     {"Ljava/lang/System;", "load"},
     {"Ljava/lang/Runtime;", "loadLibrary"},
     {"Ljava/lang/Runtime;", "load"},
     {"Lcom/facebook/soloader/SoLoader;", "loadLibrary"},
     {"Lcom/facebook/soloader/nativeloader/NativeLoader;", "loadLibrary"},
     {"Lcom/getkeepsafe/relinker/ReLinker;", "loadLibrary"}}};

// What a class name in a constant means.
struct NamedClass {
  const FrameworkRule* framework = nullptr;
  const ApiClassRule* api = nullptr;  // null: a listed class that is no known API
};

class NamedCode {
 public:
  explicit NamedCode(const CodeContext& context);

  std::vector<NamedFramework> frameworks() const;
  std::vector<CallRecord> calls(const FrameworkCode& own) const;

 private:
  bool calls_any(MethodId method, const std::vector<MethodId>& loaders) const;
  const NamedClass* class_named(std::string_view text) const;
  const FrameworkRule* library_named(std::string_view text) const;
  CallRecord record(MethodId method, const NamedClass& named, const ApiMethodRule& api,
                    const StringUse& use) const;

  const CodeContext& context_;
  const ClassIndex& index_;
  std::unordered_map<std::string, NamedClass> classes_;  // dotted names
  std::vector<MethodId> class_loaders_;
  std::vector<MethodId> method_getters_;
  std::vector<MethodId> library_loaders_;
};

std::vector<MethodId> methods_of(const ClassIndex& index, std::span<const Loader> loaders) {
  std::vector<MethodId> out;
  for (const Loader& loader : loaders) {
    for (const MethodId id : index.find_methods(loader.owner, loader.name)) out.push_back(id);
  }
  std::sort(out.begin(), out.end());
  return out;
}

NamedCode::NamedCode(const CodeContext& context)
    : context_(context),
      index_(context.code.index()),
      class_loaders_(methods_of(index_, kClassLoaders)),
      method_getters_(methods_of(index_, kMethodGetters)),
      library_loaders_(methods_of(index_, kLibraryLoaders)) {
  for (const ApiClassRule& api : context.code.apis().rules().classes()) {
    const FrameworkRule* const framework = context.rules.framework(api.framework);
    if (framework != nullptr) classes_.emplace(api.name, NamedClass{framework, &api});
  }
  for (const FrameworkRule& rule : context.rules.frameworks()) {
    for (const std::string& name : rule.classes) classes_.emplace(name, NamedClass{&rule, nullptr});
  }
}

bool NamedCode::calls_any(MethodId method, const std::vector<MethodId>& loaders) const {
  if (loaders.empty()) return false;
  const auto sites = context_.code.facts().calls(method);
  return std::any_of(sites.begin(), sites.end(), [&](const CallSite& site) {
    return std::binary_search(loaders.begin(), loaders.end(), site.callee);
  });
}

const NamedClass* NamedCode::class_named(std::string_view text) const {
  std::string dotted(text);
  std::replace(dotted.begin(), dotted.end(), '/', '.');
  const auto found = classes_.find(dotted);
  return found == classes_.end() ? nullptr : &found->second;
}

// "ncnn", "libncnn.so" and "/data/x/libncnn.so" are the same library.
const FrameworkRule* NamedCode::library_named(std::string_view text) const {
  const std::string_view name = text.substr(text.rfind('/') + 1);
  if (name.empty()) return nullptr;
  const std::string file =
      name.ends_with(".so") ? std::string(name) : "lib" + std::string(name) + ".so";
  for (const FrameworkRule& rule : context_.rules.frameworks()) {
    for (const std::string& pattern : rule.libraries) {
      if (matches_pattern(file, pattern)) return &rule;
    }
  }
  return nullptr;
}

std::vector<NamedFramework> NamedCode::frameworks() const {
  std::vector<NamedFramework> out;
  std::map<std::pair<const FrameworkRule*, std::string>, std::size_t> counts;
  const auto add = [&](const FrameworkRule& rule, MethodId method, const StringUse& use,
                       const char* what, const std::string& excerpt) {
    if (++counts[{&rule, what}] > kMaxNamedEvidence) return;
    out.push_back({&rule, code_evidence(context_, method, use.pc, rule.id + "." + what, excerpt)});
  };
  for (MethodId method = 0; method < index_.method_count(); ++method) {
    const auto strings = context_.code.facts().strings(method);
    if (strings.empty()) continue;
    const bool classes = calls_any(method, class_loaders_);
    const bool libraries = calls_any(method, library_loaders_);
    if (!classes && !libraries) continue;
    for (const StringUse& use : strings) {
      if (const NamedClass* named = classes ? class_named(use.text) : nullptr)
        add(*named->framework, method, use, "reflection",
            "loads the class \"" + std::string(use.text) + "\" by name");
      if (const FrameworkRule* rule = libraries ? library_named(use.text) : nullptr)
        add(*rule, method, use, "load-library",
            "loads the library \"" + std::string(use.text) + "\"");
    }
  }
  return out;
}

CallRecord NamedCode::record(MethodId method, const NamedClass& named, const ApiMethodRule& api,
                             const StringUse& use) const {
  CallRecord out;
  out.api = named.api->name + "." + api.name;
  out.framework = named.framework->id;
  out.caller = index_.method_text(method);
  out.klass = named.api->name;
  out.method = api.name + api.descriptor;
  out.fingerprint =
      program::code_fingerprint(index_, context_.code.facts(), context_.code.apis(), method);
  out.origin = origin_of_class(context_, index_.method_info(method).owner);
  out.evidence.push_back(code_evidence(
      context_, method, use.pc, "reflection",
      "asks for the method \"" + std::string(use.text) + "\" of a class that it loads by name"));
  if (context_.code.reach().reached(method)) {
    out.use = Use::kReachable;
    out.evidence.push_back(path_evidence(context_, method));
  }
  return out;
}

std::vector<CallRecord> NamedCode::calls(const FrameworkCode& own) const {
  std::vector<CallRecord> out;
  for (MethodId method = 0; method < index_.method_count(); ++method) {
    if (!calls_any(method, class_loaders_) || !calls_any(method, method_getters_)) continue;
    if (own.owns(index_.method_info(method).owner)) continue;
    const auto strings = context_.code.facts().strings(method);
    std::vector<const NamedClass*> classes;
    for (const StringUse& use : strings) {
      const NamedClass* const named = class_named(use.text);
      if (named != nullptr && named->api != nullptr) classes.push_back(named);
    }
    for (const NamedClass* named : classes) {
      for (const StringUse& use : strings) {
        const auto& methods = named->api->methods;
        const auto api = std::find_if(methods.begin(), methods.end(), [&](const auto& rule) {
          return !rule.role.empty() && rule.name == use.text;
        });
        if (api != methods.end()) out.push_back(record(method, *named, *api, use));
      }
    }
  }
  return out;
}

}  // namespace

std::vector<NamedFramework> named_frameworks(const CodeContext& context) {
  return NamedCode(context).frameworks();
}

std::vector<CallRecord> reflected_calls(const CodeContext& context,
                                        const FrameworkCode& frameworks) {
  return NamedCode(context).calls(frameworks);
}

}  // namespace dl
