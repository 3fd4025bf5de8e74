// SPDX-License-Identifier: Apache-2.0
// Breadth-first exploration from the manifest's components (rapid type analysis with framework
// callbacks).
#include <algorithm>
#include <array>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "daylight/base/hex.h"
#include "daylight/program/code/call_graph.h"

namespace dl::program {
namespace {

// Methods that the platform calls on an object it was given, besides everything of the form
// on<Upper...>. Names of the Android and Java platforms, which no build can rename.
constexpr std::array kCallbackNames = {"run",
                                       "call",
                                       "compute",
                                       "invoke",
                                       "invokeSuspend",
                                       "apply",
                                       "accept",
                                       "get",
                                       "test",
                                       "compare",
                                       "compareTo",
                                       "equals",
                                       "hashCode",
                                       "toString",
                                       "close",
                                       "iterator",
                                       "next",
                                       "hasNext",
                                       "finalize",
                                       "uncaughtException",
                                       "newThread",
                                       "doInBackground",
                                       "handleMessage",
                                       "attachBaseContext",
                                       "getView",
                                       "getItem",
                                       "getCount",
                                       "getItemId",
                                       "getItemViewType",
                                       "getFilter",
                                       "instantiateItem",
                                       "destroyItem",
                                       "isViewFromObject",
                                       "surfaceCreated",
                                       "surfaceChanged",
                                       "surfaceDestroyed",
                                       "afterTextChanged",
                                       "beforeTextChanged",
                                       "query",
                                       "insert",
                                       "update",
                                       "delete",
                                       "getType",
                                       "bulkInsert",
                                       "openFile",
                                       "draw",
                                       "dispatchDraw",
                                       "dispatchTouchEvent",
                                       "dispatchKeyEvent",
                                       "performFiltering",
                                       "publishResults",
                                       "analyze",
                                       "loadInBackground",
                                       "deliverResult",
                                       "doWork",
                                       "startWork",
                                       "createFromParcel",
                                       "newArray",
                                       "writeToParcel",
                                       "describeContents",
                                       "read",
                                       "write",
                                       "shouldOverrideUrlLoading",
                                       "shouldInterceptRequest",
                                       "loadClass",
                                       "findClass",
                                       "publish",
                                       "flush",
                                       "instantiateActivity",
                                       "instantiateApplication",
                                       "instantiateService",
                                       "instantiateReceiver",
                                       "instantiateProvider",
                                       "transform",
                                       "getInterpolation",
                                       "evaluate",
                                       "filter",
                                       "intercept",
                                       "create",
                                       "runOnce",
                                       "awaitTermination",
                                       "execute"};

bool is_callback_name(std::string_view name) {
  if (name.size() > 2 && name.starts_with("on") && name[2] >= 'A' && name[2] <= 'Z') return true;
  static const std::unordered_set<std::string_view> names(kCallbackNames.begin(),
                                                          kCallbackNames.end());
  return names.contains(name);
}

// "org.example.Main" → "Lorg/example/Main;"
std::string descriptor_of(std::string_view dotted) {
  std::string text = "L";
  for (const char c : dotted) text += c == '.' ? '/' : c;
  text += ';';
  return text;
}

const char* kind_name(ManifestComponentKind kind) {
  switch (kind) {
    case ManifestComponentKind::kActivity:
    case ManifestComponentKind::kActivityAlias:
      return "activity";
    case ManifestComponentKind::kService:
      return "service";
    case ManifestComponentKind::kReceiver:
      return "receiver";
    case ManifestComponentKind::kProvider:
      return "provider";
  }
  return "component";
}

// Name and type of a method without its class.
std::uint64_t selector(const MethodInfo& method) {
  return (std::uint64_t{method.name} << 32) | method.proto;
}

}  // namespace

struct Reachability::Explorer {
  const CallGraph& graph;
  Reachability& out;
  const ClassIndex& index = graph.index();
  const CodeFacts& facts = graph.facts();

  std::deque<MethodId> queue = {};
  // Virtual calls seen so far by selector: when a class is instantiated later, its overrides of
  // these are reached.
  std::unordered_map<std::uint64_t, std::vector<std::pair<ClassId, Parent>>> called = {};
  std::vector<ClassId> instances = {};  // instantiated classes of the app, in order of discovery
  std::vector<bool> initialised = {};

  void reach(MethodId method, Parent parent) {
    if (method == kNoId || out.reached(method)) return;
    out.parent_[method] = parent;
    queue.push_back(method);
  }

  void initialise(ClassId id, Parent from) {
    for (int depth = 0; id != kNoId && depth < kMaxInheritanceDepth; ++depth) {
      if (initialised[id]) return;
      initialised[id] = true;
      for (const MethodId method : index.class_info(id).methods) {
        if (index.method_name(method) == "<clinit>")
          reach(method, {from.from, from.pc, Step::kInitialiser});
      }
      id = index.class_info(id).superclass;
    }
  }

  // The platform may call the overrides of its own methods on any object that exists.
  void reach_callbacks(ClassId id, Parent from) {
    if (index.external_ancestor(id) == kNoId) return;
    ClassId current = id;
    for (int depth = 0; current != kNoId && depth < kMaxInheritanceDepth; ++depth) {
      for (const MethodId method : index.class_info(current).methods) {
        const MethodInfo& info = index.method_info(method);
        if (!info.has_code() || (info.definition->access & (kDexStatic | kDexPrivate)) != 0)
          continue;
        if (!is_callback_name(index.method_name(method))) continue;
        if (index.resolve_virtual(id, method) == method)
          reach(method, {from.from, from.pc, Step::kCallback});
      }
      current = index.class_info(current).superclass;
    }
  }

  void instantiate(ClassId id, Parent from) {
    if (id == kNoId || out.instantiated_[id] || !index.class_info(id).defined()) return;
    out.instantiated_[id] = true;
    instances.push_back(id);
    initialise(id, from);
    reach_callbacks(id, from);
    // Virtual calls that were seen before this class had an object.
    ClassId current = id;
    for (int depth = 0; current != kNoId && depth < kMaxInheritanceDepth; ++depth) {
      for (const MethodId method : index.class_info(current).methods) {
        const auto seen = called.find(selector(index.method_info(method)));
        if (seen == called.end() || index.resolve_virtual(id, method) != method) continue;
        for (const auto& [owner, parent] : seen->second) {
          if (index.is_subtype(id, owner)) {
            reach(method, parent);
            break;
          }
        }
      }
      current = index.class_info(current).superclass;
    }
  }

  void follow_virtual(MethodId caller, const CallSite& site) {
    const MethodInfo& named = index.method_info(site.callee);
    const Parent parent{caller, site.pc, Step::kCall};
    auto& owners = called[selector(named)];
    if (std::any_of(owners.begin(), owners.end(),
                    [&](const auto& o) { return o.first == named.owner; }))
      return;
    owners.emplace_back(named.owner, parent);
    bool complete = true;
    for (const ClassId type : index.subtypes(named.owner, kMaxVirtualTargets, &complete)) {
      if (!out.instantiated_[type]) continue;
      reach(index.resolve_virtual(type, site.callee), parent);
    }
    if (complete) return;
    // Too many subclasses to list: ask every object that exists.
    for (const ClassId type : instances) {
      if (index.is_subtype(type, named.owner))
        reach(index.resolve_virtual(type, site.callee), parent);
    }
  }

  void follow_calls(MethodId caller) {
    for (const CallSite& site : facts.calls(caller)) {
      if (site.kind == InvokeKind::kVirtual || site.kind == InvokeKind::kInterface) {
        follow_virtual(caller, site);
        continue;
      }
      const MethodId target = index.resolve(site.callee);
      if (target == kNoId) continue;
      if (site.kind == InvokeKind::kStatic) {
        initialise(index.method_info(target).owner, {caller, site.pc, Step::kCall});
      }
      reach(target, {caller, site.pc, Step::kCall});
    }
  }

  void follow_types(MethodId caller) {
    for (const TypeUse& use : facts.types(caller)) {
      if (use.kind == TypeUseKind::kNew) instantiate(use.type, {caller, use.pc, Step::kCall});
      // A class object that is handed out is made by whoever gets it: intents, fragments, workers.
      if (use.kind == TypeUseKind::kConstClass)
        make_by_reflection(use.type, {caller, use.pc, Step::kReflection});
    }
    for (const FieldUse& use : facts.fields(caller)) {
      if (use.is_static)
        initialise(index.field_info(use.field).owner, {caller, use.pc, Step::kCall});
    }
  }

  // Constant strings that are names of the app's classes, in a method that loads classes by name.
  void follow_reflection(MethodId caller) {
    bool loads = false;
    for (const CallSite& site : facts.calls(caller)) {
      const std::string_view name = index.method_name(site.callee);
      const std::string_view owner = index.method_owner(site.callee);
      loads = loads || (name == "forName" && owner == "Ljava/lang/Class;") ||
              (name == "loadClass" && owner == "Ljava/lang/ClassLoader;");
    }
    if (!loads) return;
    for (const StringUse& use : facts.strings(caller)) {
      if (use.text.find('.') == std::string_view::npos) continue;
      const ClassId id = index.find_class(descriptor_of(use.text));
      if (id != kNoId) make_by_reflection(id, {caller, use.pc, Step::kReflection});
    }
  }

  // Instantiated by code that we do not see: its constructors that such code can call.
  void make_by_reflection(ClassId id, Parent from) {
    if (!index.class_info(id).defined() || index.class_info(id).is_interface()) return;
    for (const MethodId method : index.class_info(id).methods) {
      if (index.method_name(method) != "<init>") continue;
      if (!index.proto(method).parameters.empty()) continue;
      reach(method, from);
      instantiate(id, from);
    }
  }

  void add_entry(std::string_view dotted, const std::string& kind) {
    const ClassId id = index.find_class(descriptor_of(dotted));
    if (id == kNoId || !index.class_info(id).defined()) {
      out.gaps_.add("AndroidManifest.xml",
                    kind + " " + std::string(dotted) + " is not defined in the app's DEX files");
      return;
    }
    const std::size_t before = queue.size();
    for (const MethodId method : index.class_info(id).methods) {
      if (index.method_name(method) == "<init>") reach(method, {kNoId, 0, Step::kEntry});
    }
    out.instantiated_[id] = true;
    instances.push_back(id);
    initialise(id, {kNoId, 0, Step::kEntry});
    reach_callbacks(id, {kNoId, 0, Step::kEntry});
    for (std::size_t i = before; i < queue.size(); ++i) {
      out.parent_[queue[i]].how = Step::kEntry;
      out.entries_.push_back({queue[i], kind + " " + std::string(dotted)});
    }
  }

  void add_entries(const ManifestInfo& manifest) {
    if (!manifest.application_class.empty()) add_entry(manifest.application_class, "application");
    if (!manifest.component_factory.empty())
      add_entry(manifest.component_factory, "component factory");
    std::unordered_set<std::string> seen;
    for (const ManifestComponent& component : manifest.components) {
      const std::string& name = component.target.empty() ? component.name : component.target;
      if (!component.enabled || !seen.insert(name).second) continue;
      add_entry(name, kind_name(component.kind));
    }
  }

  void run() {
    while (!queue.empty()) {
      const MethodId method = queue.front();
      queue.pop_front();
      follow_calls(method);
      follow_types(method);
      follow_reflection(method);
    }
  }
};

Reachability Reachability::explore(const CallGraph& graph, const ManifestInfo* manifest) {
  Reachability reach;
  reach.index_ = &graph.index();
  reach.parent_.resize(graph.index().method_count());
  reach.instantiated_.resize(graph.index().class_count(), false);
  if (manifest == nullptr) {
    reach.gaps_.add("AndroidManifest.xml", "no manifest was read: entry points are unknown");
    return reach;
  }
  Explorer explorer{graph, reach};
  explorer.initialised.resize(graph.index().class_count(), false);
  explorer.add_entries(*manifest);
  explorer.run();
  return reach;
}

std::string Reachability::entry_reason(MethodId method) const {
  if (!reached(method)) return {};
  while (parent_[method].how != Step::kEntry) method = parent_[method].from;
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const EntryPoint& entry) { return entry.method == method; });
  return found == entries_.end() ? std::string() : found->why;
}

std::vector<std::string> Reachability::path(MethodId method) const {
  std::vector<std::string> steps;
  if (!reached(method)) return steps;
  constexpr std::array<std::string_view, 6> kHow = {
      "", "", "called", "callback of an object made", "static initialiser run", "class named"};
  MethodId current = method;
  // Each method was reached by one reached before it, so this ends at an entry.
  while (current != kNoId) {
    const Parent& parent = parent_[current];
    std::string step = index_->method_text(current);
    if (parent.how != Step::kEntry) {
      step += " (" + std::string(kHow[static_cast<std::size_t>(parent.how)]) + " at 0x" +
              hex_number(parent.pc) + ")";
    }
    steps.push_back(std::move(step));
    if (parent.how == Step::kEntry) break;
    current = parent.from;
  }
  std::reverse(steps.begin(), steps.end());
  if (steps.size() > kMaxPathSteps) {
    const std::size_t cut = steps.size() - kMaxPathSteps;
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(kMaxPathSteps / 2);
    steps.erase(first, first + static_cast<std::ptrdiff_t>(cut));
    steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(kMaxPathSteps / 2),
                 "... " + std::to_string(cut) + " steps left out ...");
  }
  return steps;
}

}  // namespace dl::program
