// SPDX-License-Identifier: Apache-2.0
// Finds the code around each model by its file name.
#include "daylight/detect/model_use.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "daylight/base/text.h"
#include "daylight/detect/scan/model_record.h"
#include "daylight/detect/scan/remote_models.h"
#include "daylight/format/code/dex_code.h"

namespace dl {
namespace {

using program::CallSite;
using program::ClassId;
using program::ClassIndex;
using program::kNoId;
using program::MethodId;
using program::StringUse;

// The texts by which code may ask for an entry: "assets/a/b.tflite" is "a/b.tflite" or "b.tflite";
// a raw resource has no name.
std::vector<std::string> names_of_entry(const std::string& entry) {
  std::vector<std::string> names{entry};
  constexpr std::string_view kAssets = "assets/";
  if (entry.starts_with(kAssets)) names.push_back(entry.substr(kAssets.size()));
  names.push_back(entry.substr(entry.rfind('/') + 1));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

class ModelLinker {
 public:
  ModelLinker(const CodeContext& context, const std::vector<CallRecord>& calls,
              const std::vector<ModelRecord>& models)
      : context_(context), index_(context.code.index()) {
    for (const CallRecord& call : calls) calling_methods_.insert(call.caller);
    collect_names(models);
  }

  ModelCode link(std::size_t model) const {
    ModelCode out;
    const auto found = naming_.find(model);
    if (found == naming_.end()) return out;
    for (const auto& [method, pc] : found->second) out.naming.push_back(method);
    out.near = near_methods(out.naming);
    for (const MethodId method : out.near) {
      for (const StringUse& use : context_.code.facts().strings(method)) {
        out.strings.push_back({method, use.pc, std::string(use.text)});
      }
      add_resource_strings(method, out.strings);
    }
    return out;
  }

  // The instruction that names the model in this method.
  std::uint32_t naming_pc(std::size_t model, MethodId method) const {
    for (const auto& [candidate, pc] : naming_.at(model)) {
      if (candidate == method) return pc;
    }
    return 0;
  }

 private:
  // Texts that the method takes from the app's string resources, by their ids.
  void add_resource_strings(MethodId method, std::vector<NearString>& out) const {
    const auto code = index_.code(method);
    if (!code) return;
    DexInstructionReader reader(*code);
    DexInstruction instruction;
    while (reader.next(instruction)) {
      if (instruction.is_payload()) continue;
      if (instruction.opcode != kOpConst && instruction.opcode != kOpConstHigh16) continue;
      const auto id = static_cast<std::uint32_t>(instruction.literal);
      // 0x7f is the package id of an app's own resources.
      if (id >> 24U != 0x7fU || context_.app.resources() == nullptr) continue;
      if (context_.app.resources()->type_name(id) != "string") continue;
      if (auto text = context_.app.resources()->string_of(id))
        out.push_back({method, instruction.pc, std::move(*text)});
    }
  }

  void collect_names(const std::vector<ModelRecord>& models) {
    std::unordered_multimap<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < models.size(); ++i) {
      if (!models[i].location.url.empty()) {
        by_name.emplace(models[i].location.url, i);
        by_name.emplace("/" + std::string(url_file_name(models[i].location.url)), i);
      }
      for (const std::string& step : location_names(models[i].location)) {
        for (std::string& name : names_of_entry(step)) by_name.emplace(std::move(name), i);
      }
    }
    if (by_name.empty()) return;
    for (MethodId method = 0; method < index_.method_count(); ++method) {
      for (const StringUse& use : context_.code.facts().strings(method)) {
        const auto [first, last] = by_name.equal_range(std::string(use.text));
        for (auto it = first; it != last; ++it) naming_[it->second].emplace_back(method, use.pc);
      }
    }
    collect_static_names(by_name);
  }

  // A name in a static final field stands in no code: methods that read the field name the model.
  void collect_static_names(const std::unordered_multimap<std::string, std::size_t>& by_name) {
    std::unordered_map<program::FieldId, std::vector<std::size_t>> fields;
    for (std::uint32_t dex = 0; dex < index_.files().size(); ++dex) {
      const DexFile& file = index_.files()[dex];
      for (const DexClass& cls : file.classes()) {
        if (cls.static_values_offset == 0) continue;
        const auto values = file.static_values(cls);
        if (!values) continue;
        for (std::size_t i = 0; i < values->size() && i < cls.static_fields.size(); ++i) {
          if ((*values)[i].kind != DexValueKind::kString) continue;
          const auto [first, last] =
              by_name.equal_range(std::string(file.string((*values)[i].index)));
          for (auto it = first; it != last; ++it) {
            fields[index_.field_of(dex, cls.static_fields[i].field)].push_back(it->second);
          }
        }
      }
    }
    if (fields.empty()) return;
    for (MethodId method = 0; method < index_.method_count(); ++method) {
      for (const program::FieldUse& use : context_.code.facts().fields(method)) {
        const auto found = use.write ? fields.end() : fields.find(index_.resolve_field(use.field));
        if (found == fields.end()) continue;
        for (const std::size_t model : found->second) naming_[model].emplace_back(method, use.pc);
      }
    }
  }

  bool class_calls_models(ClassId id) const {
    const auto& methods = index_.class_info(id).methods;
    return std::any_of(methods.begin(), methods.end(), [&](MethodId method) {
      return calling_methods_.contains(index_.method_text(method));
    });
  }

  // The naming methods' classes, the classes they hand the name to where those call models, and
  // callers of all these, two steps up.
  std::vector<MethodId> near_methods(const std::vector<MethodId>& naming) const {
    std::set<ClassId> classes;
    for (const MethodId method : naming) {
      classes.insert(index_.method_info(method).owner);
      for (const CallSite& site : context_.code.facts().calls(method)) {
        const ClassId owner = index_.method_info(site.callee).owner;
        if (index_.class_info(owner).defined() && context_.code.apis().class_of(owner) == nullptr &&
            class_calls_models(owner)) {
          classes.insert(owner);
        }
      }
    }
    std::vector<MethodId> near;
    std::unordered_set<MethodId> seen;
    const auto add = [&](MethodId method) {
      if (near.size() < kMaxNearMethods && seen.insert(method).second) near.push_back(method);
    };
    for (const ClassId id : classes) {
      for (const MethodId method : index_.class_info(id).methods) add(method);
    }
    std::size_t level_start = 0;
    for (int level = 0; level < 2; ++level) {
      const std::size_t level_end = near.size();
      for (std::size_t i = level_start; i < level_end; ++i) {
        for (const program::CallerSite& site : context_.code.graph().callers(near[i]))
          add(site.caller);
      }
      level_start = level_end;
    }
    return near;
  }

  const CodeContext& context_;
  const ClassIndex& index_;
  std::unordered_set<std::string> calling_methods_;
  std::unordered_map<std::size_t, std::vector<std::pair<MethodId, std::uint32_t>>> naming_;
};

}  // namespace

std::vector<ModelCode> link_models_to_code(const CodeContext& context,
                                           const std::vector<CallRecord>& calls,
                                           std::vector<ModelRecord>& models) {
  const bool runs_models = std::any_of(calls.begin(), calls.end(), [](const CallRecord& call) {
    return call.use == Use::kReachable && call.framework != "android_fw";
  });
  const ModelLinker linker(context, calls, models);
  std::vector<ModelCode> out;
  for (std::size_t i = 0; i < models.size(); ++i) {
    ModelRecord& model = models[i];
    out.push_back(linker.link(i));
    model.origin = {"unknown", "", ""};
    for (const MethodId method : out.back().naming) {
      model.evidence.push_back(code_evidence(context, method, linker.naming_pc(i, method),
                                             "model-name",
                                             "uses the name of " + location_text(model.location)));
      const Origin origin =
          origin_of_class(context, context.code.index().method_info(method).owner);
      if (model.origin.kind == "unknown") model.origin = origin;
      if (model.use == Use::kReachable || !runs_models || !context.code.reach().reached(method))
        continue;
      model.use = Use::kReachable;
      model.evidence.push_back(path_evidence(context, method));
    }
  }
  return out;
}

}  // namespace dl
