// SPDX-License-Identifier: Apache-2.0
// Turns calls into probes and finds the app's own ways to its models.
#include "daylight/detect/plan/planner.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "daylight/artifact/selector.h"
#include "daylight/base/text.h"
#include "daylight/detect/plan/call_constants.h"
#include "daylight/detect/plan/native_probes.h"
#include "daylight/detect/plan/native_signatures.h"
#include "daylight/detect/plan/probe_decode.h"

namespace dl {
namespace {

using program::ApiMethod;
using program::AppCode;
using program::CallerSite;
using program::CallSite;
using program::ClassId;
using program::ClassIndex;
using program::kNoId;
using program::MethodId;

constexpr std::string_view kImageFramework = "android_image";

class Planner {
 public:
  Planner(const program::AppPackage& app, const AppCode& code, const Inventory& inventory,
          const RecipeSet& recipes)
      : app_(app), code_(code), index_(code.index()), inventory_(inventory), recipes_(recipes) {}

  ProbePlan run() {
    out_.provenance.inputs.push_back({"app", app_.file_name(), inventory_.app.sha256});
    out_.provenance.options["inventory"] = fingerprint("inventory", inventory_.provenance);
    out_.provenance.options["recipes"] = recipes_.digest();
    max_bytes_ = largest_tensor();
    probe_calls();
    probe_natives();
    probe_watched_natives();
    probe_pictures();
    probe_libraries();
    probe_exports();
    find_entries();
    use_recipes();
    for (Probe& probe : out_.probes) add_model_shapes(inventory_, probe);
    for (std::size_t i = 0; i < out_.probes.size(); ++i)
      out_.probes[i].id = "probe-" + std::to_string(i + 1);
    if (out_.probes.empty())
      out_.gaps.push_back({app_.file_name(), "the inventory names nothing that could be watched"});
    return std::move(out_);
  }

 private:
  std::uint64_t largest_tensor() const;
  std::uint64_t largest_model() const;
  // The probe's place in the list.
  std::size_t add_java_probe(MethodId method, const std::string& role,
                             const std::vector<std::string>& why);
  void probe_calls();
  void probe_natives();
  void probe_watched_natives();
  void probe_libraries();
  void add_native_probe(Probe probe);
  void probe_pictures();
  void probe_exports();
  void find_entries();
  void use_recipes();
  void use_hit(const RecipeHit& hit);
  Entry entry_of(MethodId method, const std::set<std::string>& why) const;
  std::string receiver_of(MethodId method) const;
  std::vector<std::string> why_all() const;

  const program::AppPackage& app_;
  const AppCode& code_;
  const ClassIndex& index_;
  const Inventory& inventory_;
  const RecipeSet& recipes_;
  ProbePlan out_;
  std::uint64_t max_bytes_ = kDefaultProbeBytes;
  std::map<std::string, std::size_t> by_selector_;
  // Methods from which a model's run is reached: distance, and the calls at the end.
  std::map<MethodId, std::pair<int, std::set<std::string>>> leads_to_run_;
  std::set<std::string> model_calls_;
};

std::uint64_t Planner::largest_tensor() const {
  std::uint64_t bytes = kDefaultProbeBytes;
  for (const ModelRecord& model : inventory_.models) {
    for (const auto* tensors : {&model.inputs, &model.outputs}) {
      for (const TensorInfo& tensor : *tensors) {
        std::uint64_t size = 8;
        for (const std::int64_t dimension : tensor.shape) {
          if (dimension > 0)
            size = multiply_checked(size, static_cast<std::uint64_t>(dimension))
                       .value_or(kMaxProbeBytes);
        }
        bytes = std::max(bytes, std::min(size, kMaxProbeBytes));
      }
    }
  }
  return bytes;
}

std::uint64_t Planner::largest_model() const {
  std::uint64_t bytes = max_bytes_;
  for (const ModelRecord& model : inventory_.models)
    bytes = std::max(bytes, std::min(model.location.size, kMaxProbeBytes));
  return bytes;
}

std::size_t Planner::add_java_probe(MethodId method, const std::string& role,
                                    const std::vector<std::string>& why) {
  const std::string selector = print_selector(
      java_selector(index_.method_owner(method), index_.method_name(method),
                    index_.method_descriptor(method), index_.method_info(method).is_native()));
  const auto [found, is_new] = by_selector_.emplace(selector, out_.probes.size());
  if (!is_new) {
    auto& reasons = out_.probes[found->second].why;
    for (const std::string& reason : why) {
      if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
        reasons.push_back(reason);
    }
    return found->second;
  }
  Probe probe;
  probe.layer = "java";
  probe.selector = selector;
  probe.role = role;
  for (const DecodeRule& rule : decode_of_method(code_, method, role))
    probe.decode.push_back(print_decode_rule(rule));
  probe.max_bytes = role == "model-load" ? largest_model() : max_bytes_;
  probe.max_calls = kMaxProbeCalls;
  probe.why = why;
  out_.probes.push_back(std::move(probe));
  return out_.probes.size() - 1;
}

void Planner::probe_calls() {
  for (const CallRecord& call : inventory_.calls) {
    const std::size_t paren = call.method.find('(');
    if (paren == std::string::npos || call.api.starts_with("native:")) continue;
    const MethodId method =
        index_.find_method(call.klass, call.method.substr(0, paren), call.method.substr(paren));
    if (method == kNoId) {
      out_.gaps.push_back({call.id, "the method called is not in the app's code: " +
                                        printable(call.klass + "->" + call.method)});
      continue;
    }
    const ApiMethod* api = code_.apis().method_of(method);
    if (api == nullptr) {
      const MethodId target = index_.resolve(method);
      if (target != kNoId) api = code_.apis().method_of(target);
    }
    add_java_probe(method, api != nullptr && !api->role.empty() ? api->role : "model-run",
                   {call.id});
  }
}

// Native methods of a framework are the last place in Java where bytes can be seen, whoever calls
// them.
void Planner::probe_natives() {
  std::set<std::string> frameworks;
  for (const CallRecord& call : inventory_.calls) frameworks.insert(call.framework);
  for (const ApiMethod& api : code_.apis().methods()) {
    if (!index_.method_info(api.id).is_native() || api.role.empty()) continue;
    if (!frameworks.contains(api.owner->rule->framework)) continue;
    add_java_probe(api.id, api.role, why_all());
  }
}

// Native methods behind which the app's own libraries work. Those that run a model are where ways
// to a model end, as calls of a framework are.
void Planner::probe_watched_natives() {
  for (const WatchedNative& native : watched_natives(code_, inventory_)) {
    add_java_probe(native.method, native.role, native.why);
    const bool known = code_.apis().class_of(index_.method_info(native.method).owner) != nullptr;
    if (known || native.role != "model-run") continue;
    model_calls_.insert(native.why.begin(), native.why.end());
    auto& entry = leads_to_run_[native.method];
    entry.first = 0;
    entry.second.insert(native.why.begin(), native.why.end());
  }
}

std::vector<std::string> Planner::why_all() const {
  std::vector<std::string> ids;
  for (const ModelRecord& model : inventory_.models) ids.push_back(model.id);
  // Without a model the tasks are all that is known.
  if (ids.empty()) {
    for (const TaskRecord& task : inventory_.tasks) ids.push_back(task.id);
  }
  return ids;
}

// Picture operations that the app calls in methods on the way to a model, or in their classes.
void Planner::probe_pictures() {
  std::deque<MethodId> queue;
  for (const auto& [native, lead] : leads_to_run_) queue.push_back(native);
  for (const CallRecord& call : inventory_.calls) {
    const bool runs = call.api.ends_with(".run") ||
                      call.api.ends_with(".runForMultipleInputsOutputs") ||
                      call.api.ends_with(".runSignature") || call.api.ends_with(".forward") ||
                      call.api.ends_with(".process") || call.api.ends_with(".detect") ||
                      call.api.ends_with(".findFaces") || call.api.ends_with(".classify") ||
                      call.api.ends_with(".segment") || call.api.ends_with(".detectMultiScale") ||
                      call.api.ends_with(".runMethod");
    if (!runs) continue;
    const std::size_t arrow = call.caller.find("->");
    const std::size_t paren = call.caller.find('(');
    if (arrow == std::string::npos || paren == std::string::npos) continue;
    const MethodId caller = index_.find_method(call.caller.substr(0, arrow),
                                               call.caller.substr(arrow + 2, paren - arrow - 2),
                                               call.caller.substr(paren));
    if (caller == kNoId) continue;
    // The platform's own face finder is watched, but running it answers nothing about a model of
    // the app.
    if (call.framework != "android_fw") model_calls_.insert(call.id);
    auto& entry = leads_to_run_[caller];
    entry.first = 0;
    entry.second.insert(call.id);
    queue.push_back(caller);
  }
  while (!queue.empty()) {
    const MethodId method = queue.front();
    queue.pop_front();
    const auto [distance, calls] = leads_to_run_.at(method);
    if (distance >= kMaxEntryDistance) continue;
    for (const CallerSite& site : code_.graph().callers(method)) {
      const auto [found, is_new] = leads_to_run_.try_emplace(site.caller, distance + 1, calls);
      if (is_new) {
        queue.push_back(site.caller);
      } else {
        found->second.second.insert(calls.begin(), calls.end());
      }
    }
  }
  std::set<ClassId> classes;
  for (const auto& [method, lead] : leads_to_run_) classes.insert(index_.method_info(method).owner);
  for (const ClassId id : classes) {
    for (const MethodId method : index_.class_info(id).methods) {
      for (const CallSite& site : code_.facts().calls(method)) {
        const ApiMethod* api = code_.apis().method_of(site.callee);
        if (api == nullptr || api->owner->rule->framework != kImageFramework || api->role.empty())
          continue;
        add_java_probe(site.callee, api->role, why_all());
      }
    }
  }
}

// Exports of runtimes that nothing was seen to call: another library may, or code that was not
// read.
void Planner::probe_exports() {
  for (const FrameworkRecord& framework : inventory_.frameworks) {
    if (framework.layer != "native") continue;
    for (const Evidence& evidence : framework.evidence) {
      if (!evidence.rule.ends_with(".export") || evidence.entry.empty() ||
          evidence.method.starts_with("Java_"))
        continue;
      const std::string& entry = evidence.entry.back();
      Probe probe;
      probe.layer = "native";
      probe.selector =
          print_selector(symbol_selector(entry.substr(entry.rfind('/') + 1), evidence.method));
      if (const NativeSignature* known = runtime_signature(evidence.method)) {
        probe.role = known->role;
        probe.decode = decode_of(*known);
      } else {
        const bool loads = evidence.method.find("Create") != std::string::npos;
        probe.role = loads ? "model-load" : "model-run";
      }
      probe.why = why_all();
      add_native_probe(std::move(probe));
    }
  }
}

void Planner::probe_libraries() {
  for (Probe& probe : library_probes(app_, inventory_, out_.gaps))
    add_native_probe(std::move(probe));
}

void Planner::add_native_probe(Probe probe) {
  if (probe.why.empty() || !by_selector_.emplace(probe.selector, out_.probes.size()).second) return;
  probe.max_bytes = probe.role == "model-load" ? largest_model() : max_bytes_;
  probe.max_calls = kMaxProbeCalls;
  out_.probes.push_back(std::move(probe));
}

// How an agent comes by the object on which to call the method.
std::string Planner::receiver_of(MethodId method) const {
  if (index_.method_info(method).is_static()) return "static";
  for (const MethodId other : index_.class_info(index_.method_info(method).owner).methods) {
    if (index_.method_name(other) != "<init>") continue;
    const auto& parameters = index_.proto(other).parameters;
    const bool simple = std::all_of(parameters.begin(), parameters.end(), [&](ClassId parameter) {
      return parameter != kNoId && index_.descriptor(parameter) == "Landroid/content/Context;";
    });
    const ClassId ancestor = index_.external_ancestor(index_.method_info(method).owner);
    // Platform components are made by the platform.
    const bool component =
        ancestor != kNoId && index_.descriptor(ancestor).starts_with("Landroid/app/");
    if (simple && !component) return "new";
  }
  return "app-provided";
}

Entry Planner::entry_of(MethodId method, const std::set<std::string>& why) const {
  Entry entry;
  entry.klass = std::string(index_.method_owner(method));
  entry.method = std::string(index_.method_name(method));
  entry.descriptor = std::string(index_.method_descriptor(method));
  entry.receiver = receiver_of(method);
  entry.why.assign(why.begin(), why.end());
  const auto& parameters = index_.proto(method).parameters;
  for (const ClassId parameter : parameters) {
    entry.args.push_back(
        {parameter == kNoId ? std::string() : std::string(index_.descriptor(parameter)), false,
         nullptr});
  }
  // A constant counts where all of the app's own call sites pass the same one.
  bool first = true;
  std::size_t sites = 0;
  for (const CallerSite& site : code_.graph().callers(method)) {
    if (++sites > kMaxConstantSites) break;
    const auto constants = constant_arguments(index_, site.caller, site.pc);
    for (std::size_t i = 0; i < entry.args.size() && i < constants.size(); ++i) {
      EntryArgument& argument = entry.args[i];
      if (first && constants[i]) {
        argument.has_constant = true;
        argument.constant = *constants[i];
      } else if (!first && argument.has_constant &&
                 (!constants[i] || *constants[i] != argument.constant)) {
        argument.has_constant = false;
        argument.constant = nullptr;
      }
    }
    if (!constants.empty()) first = false;
  }
  return entry;
}

void Planner::find_entries() {
  std::vector<std::pair<int, MethodId>> ordered;
  for (const auto& [method, lead] : leads_to_run_) {
    const bool constructor = index_.method_name(method).starts_with('<');
    const bool runs_model =
        std::any_of(lead.second.begin(), lead.second.end(),
                    [&](const std::string& call) { return model_calls_.contains(call); });
    if (!constructor && runs_model && takes_picture(index_, method) &&
        code_.apis().class_of(index_.method_info(method).owner) == nullptr) {
      ordered.emplace_back(lead.first, method);
    }
  }
  std::sort(ordered.begin(), ordered.end());
  for (const auto& [distance, method] : ordered) {
    if (out_.entries.size() == kMaxPlanEntries) {
      out_.gaps.push_back({app_.file_name(), std::to_string(ordered.size() - kMaxPlanEntries) +
                                                 " more entry points than are listed"});
      return;
    }
    out_.entries.push_back(entry_of(method, leads_to_run_.at(method).second));
  }
  if (ordered.empty() && !inventory_.models.empty()) {
    out_.gaps.push_back(
        {app_.file_name(), "no method of the app takes a picture and leads to a model's run"});
  }
}

void Planner::use_recipes() {
  std::set<ClassId> near;
  for (const auto& [method, lead] : leads_to_run_) near.insert(index_.method_info(method).owner);
  for (const RecipeHit& hit : apply_recipes(app_, code_, inventory_, recipes_, near)) use_hit(hit);
}

// What a recipe says of a value goes before what its type says.
void Planner::use_hit(const RecipeHit& hit) {
  const std::vector<std::string> why = {"recipe:" + hit.recipe->id};
  if (hit.method == kNoId) {
    Probe probe;
    probe.layer = "native";
    probe.selector = print_selector(*parse_selector(hit.probe->selector));
    probe.role = hit.probe->role;
    probe.decode = hit.decode;
    probe.why = why;
    probe.heads = hit.recipe->heads;
    add_native_probe(std::move(probe));
    return;
  }
  Probe& probe = out_.probes[add_java_probe(hit.method, hit.probe->role, why)];
  for (const std::string& rule : hit.decode) {
    const std::string place = rule.substr(0, rule.find('=') + 1);
    const auto known =
        std::find_if(probe.decode.begin(), probe.decode.end(),
                     [&](const std::string& text) { return text.starts_with(place); });
    if (known == probe.decode.end()) {
      probe.decode.push_back(rule);
    } else {
      *known = rule;
    }
  }
  if (probe.heads.empty()) probe.heads = hit.recipe->heads;
  if (!hit.receives || out_.entries.size() == kMaxPlanEntries) return;
  Entry entry = entry_of(hit.method, {why.front()});
  entry.kind = "result";
  out_.entries.push_back(std::move(entry));
}

}  // namespace

ProbePlan plan(const program::AppPackage& app, const Inventory& inventory) {
  const auto code = AppCode::build(app);
  return plan(app, *code, inventory);
}

ProbePlan plan(const program::AppPackage& app, const AppCode& code, const Inventory& inventory,
               const RecipeSet& recipes) {
  return Planner(app, code, inventory, recipes).run();
}

}  // namespace dl
