// SPDX-License-Identifier: Apache-2.0
// Matches the shapes of known API classes against the app's classes until nothing new is found.
#include "daylight/program/code/fingerprint.h"

#include <algorithm>
#include <set>

#include "daylight/base/text.h"
#include "daylight/format/code/dex_code.h"

namespace dl::program {
namespace {

std::string descriptor_of(std::string_view dotted) {
  std::string text = "L";
  for (const char c : dotted) text += c == '.' ? '/' : c;
  return text + ';';
}

// "Lx/Y;->name" into its parts; a name may end in "*".
struct CallPattern {
  std::string owner;
  std::string name;
  bool prefix = false;
};
CallPattern split_call(const std::string& text) {
  CallPattern out;
  const std::size_t arrow = text.find("->");
  if (arrow == std::string::npos) return out;
  out.owner = text.substr(0, arrow);
  out.name = text.substr(arrow + 2);
  if (out.name.ends_with('*')) {
    out.name.pop_back();
    out.prefix = true;
  }
  return out;
}

}  // namespace

// One run over one app.
class ApiMatcher {
 public:
  ApiMatcher(const ClassIndex& index, const CodeFacts& facts, const ApiRules& rules,
             ApiNames& names)
      : index_(index), facts_(facts), rules_(rules), names_(names) {
    names_.index_ = &index;
    names_.rules_ = &rules;
  }

  void run() {
    match_by_name();
    collect_features();
    for (int round = 0; round < kMaxFingerprintRounds; ++round) {
      if (!match_by_shape()) break;
    }
    order_classes();
    match_methods();
  }

 private:
  void match_by_name();
  void collect_features();
  bool match_by_shape();
  void order_classes();
  void match_methods();
  void match_class_methods(const ApiClass& cls, const std::vector<MethodId>& methods);
  void add_method(const ApiClass& cls, const ApiMethodRule& rule, MethodId method);
  void add_overloads(const ApiClass& cls, const ApiMethodRule& rule,
                     const std::vector<MethodId>& methods, std::vector<MethodId> known);

  void add(ClassId id, const ApiClassRule& rule, bool renamed, std::string confidence,
           std::vector<std::string> reasons);
  std::vector<ClassId> candidates(const ApiShape& shape) const;
  bool fits(ClassId id, const ApiShape& shape, std::vector<std::string>& reasons) const;
  bool hierarchy_fits(ClassId id, const ApiShape& shape, std::vector<std::string>& reasons) const;
  bool code_fits(ClassId id, const ApiShape& shape, std::vector<std::string>& reasons) const;
  bool has_instructions(ClassId id, const std::vector<std::string>& wanted) const;
  bool parameter_fits(ClassId id, const ApiParameter& parameter) const;

  // The class that a canonical or platform name means in this app; kNoId if there is none.
  ClassId named(const std::string& dotted) const;
  bool type_fits(ClassId type, std::string_view pattern) const;
  bool descriptor_fits(MethodId method, std::string_view pattern) const;
  bool calls_pattern(MethodId method, const CallPattern& pattern) const;
  bool class_calls(ClassId id, const std::string& call) const;

  const ClassIndex& index_;
  const CodeFacts& facts_;
  const ApiRules& rules_;
  ApiNames& names_;
  std::map<std::string, std::vector<ClassId>, std::less<>>
      classes_by_string_;  // of the rules' strings only
  std::map<std::string, std::vector<ClassId>, std::less<>>
      classes_by_call_;  // of the shapes' calls only
};

void ApiMatcher::add(ClassId id, const ApiClassRule& rule, bool renamed, std::string confidence,
                     std::vector<std::string> reasons) {
  names_.by_canonical_.emplace(rule.name, id);
  names_.by_class_.emplace(id, names_.classes_.size());
  names_.classes_.push_back({id, &rule, renamed, std::move(confidence), std::move(reasons)});
}

void ApiMatcher::match_by_name() {
  for (const ApiClassRule& rule : rules_.classes()) {
    if (names_.by_canonical_.contains(rule.name)) continue;
    const ClassId id = index_.find_class(descriptor_of(rule.name));
    if (id != kNoId) add(id, rule, false, "high", {"class name"});
  }
}

void ApiMatcher::collect_features() {
  std::map<MethodId, std::vector<ClassId>*> wanted_calls;
  for (const ApiClassRule& rule : rules_.classes()) {
    if (!rule.shape || names_.by_canonical_.contains(rule.name)) continue;
    for (const auto* list : {&rule.shape->strings, &rule.shape->any_strings}) {
      for (const std::string& text : *list) classes_by_string_[text];
    }
    for (const std::string& call : rule.shape->calls) {
      const CallPattern pattern = split_call(call);
      for (const MethodId method : index_.find_methods(pattern.owner, pattern.name)) {
        wanted_calls[method] = &classes_by_call_[call];
      }
    }
  }
  if (classes_by_string_.empty() && wanted_calls.empty()) return;
  for (MethodId method = 0; method < index_.method_count(); ++method) {
    const ClassId owner = index_.method_info(method).owner;
    for (const StringUse& use : facts_.strings(method)) {
      const auto found = classes_by_string_.find(use.text);
      if (found != classes_by_string_.end()) found->second.push_back(owner);
    }
    if (wanted_calls.empty()) continue;
    for (const CallSite& site : facts_.calls(method)) {
      const auto found = wanted_calls.find(site.callee);
      if (found != wanted_calls.end()) found->second->push_back(owner);
    }
  }
  for (auto* table : {&classes_by_string_, &classes_by_call_}) {
    for (auto& [text, classes] : *table) {
      std::sort(classes.begin(), classes.end());
      classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    }
  }
}

ClassId ApiMatcher::named(const std::string& dotted) const {
  const auto known = names_.by_canonical_.find(dotted);
  if (known != names_.by_canonical_.end()) return known->second;
  return index_.find_class(descriptor_of(dotted));
}

bool ApiMatcher::type_fits(ClassId type, std::string_view pattern) const {
  std::string_view actual = index_.descriptor(type);
  while (pattern.starts_with('[') && actual.starts_with('[')) {
    pattern.remove_prefix(1);
    actual.remove_prefix(1);
  }
  if (pattern == actual) return true;
  if (!pattern.starts_with('L') || !actual.starts_with('L')) return false;
  if (pattern == "L*;") return true;
  const ClassId element = index_.find_class(actual);
  const auto known = names_.by_class_.find(element);
  if (known == names_.by_class_.end()) return false;
  return descriptor_of(names_.classes_[known->second].rule->name) == pattern;
}

bool ApiMatcher::descriptor_fits(MethodId method, std::string_view pattern) const {
  if (pattern.empty()) return true;
  if (!pattern.starts_with('(')) return false;
  const ProtoInfo& proto = index_.proto(method);
  std::size_t at = 1;
  const auto next_type = [&]() -> std::string_view {
    const std::size_t start = at;
    while (at < pattern.size() && pattern[at] == '[') ++at;
    if (at < pattern.size() && pattern[at] == 'L') {
      while (at < pattern.size() && pattern[at] != ';') ++at;
    }
    at = std::min(at + 1, pattern.size());
    return pattern.substr(start, at - start);
  };
  for (const ClassId parameter : proto.parameters) {
    if (at >= pattern.size() || pattern[at] == ')') return false;
    if (parameter == kNoId || !type_fits(parameter, next_type())) return false;
  }
  if (at >= pattern.size() || pattern[at] != ')') return false;
  ++at;
  return proto.result != kNoId && type_fits(proto.result, next_type());
}

bool ApiMatcher::calls_pattern(MethodId method, const CallPattern& pattern) const {
  for (const CallSite& site : facts_.calls(method)) {
    if (index_.method_owner(site.callee) != pattern.owner) continue;
    const std::string_view name = index_.method_name(site.callee);
    if (pattern.prefix ? name.starts_with(pattern.name) : name == pattern.name) return true;
  }
  return false;
}

bool ApiMatcher::class_calls(ClassId id, const std::string& call) const {
  const CallPattern pattern = split_call(call);
  return std::any_of(index_.class_info(id).methods.begin(), index_.class_info(id).methods.end(),
                     [&](MethodId method) { return calls_pattern(method, pattern); });
}

// The classes that a shape's strongest clue leaves; all defined ones where it has no such clue.
std::vector<ClassId> ApiMatcher::candidates(const ApiShape& shape) const {
  if (!shape.strings.empty()) return classes_by_string_.at(shape.strings.front());
  std::vector<ClassId> out;
  if (!shape.any_strings.empty()) {
    for (const std::string& text : shape.any_strings) {
      const auto& classes = classes_by_string_.at(text);
      out.insert(out.end(), classes.begin(), classes.end());
    }
  } else if (!shape.calls.empty()) {
    const auto found = classes_by_call_.find(shape.calls.front());
    if (found != classes_by_call_.end()) out = found->second;
  } else if (!shape.superclass.empty()) {
    const ClassId parent = named(shape.superclass);
    if (parent != kNoId)
      out.assign(index_.direct_subtypes(parent).begin(), index_.direct_subtypes(parent).end());
  } else if (!shape.superclass_of.empty()) {
    const ClassId child = named(shape.superclass_of);
    if (child != kNoId) out.push_back(index_.class_info(child).superclass);
  } else if (!shape.interface_of.empty()) {
    const ClassId child = named(shape.interface_of);
    if (child != kNoId) out = index_.class_info(child).interfaces;
  } else {
    for (ClassId id = 0; id < index_.class_count(); ++id) out.push_back(id);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool ApiMatcher::hierarchy_fits(ClassId id, const ApiShape& shape,
                                std::vector<std::string>& reasons) const {
  const ClassInfo& info = index_.class_info(id);
  if (!shape.superclass.empty()) {
    if (info.superclass == kNoId || info.superclass != named(shape.superclass)) return false;
    reasons.push_back("extends " + shape.superclass);
  }
  if (!shape.superclass_of.empty()) {
    const ClassId child = named(shape.superclass_of);
    if (child == kNoId || index_.class_info(child).superclass != id) return false;
    reasons.push_back("is extended by " + shape.superclass_of);
  }
  if (!shape.interface_of.empty()) {
    const ClassId child = named(shape.interface_of);
    if (child == kNoId) return false;
    const auto& interfaces = index_.class_info(child).interfaces;
    if (std::find(interfaces.begin(), interfaces.end(), id) == interfaces.end()) return false;
    reasons.push_back("is implemented by " + shape.interface_of);
  }
  if (shape.leaf && *shape.leaf != index_.direct_subtypes(id).empty()) return false;
  return true;
}

bool ApiMatcher::parameter_fits(ClassId id, const ApiParameter& parameter) const {
  const ClassId owner = named(parameter.class_name);
  if (owner == kNoId) return false;
  for (const MethodId method : index_.class_info(owner).methods) {
    if (index_.method_name(method) != parameter.method ||
        !descriptor_fits(method, parameter.descriptor))
      continue;
    const auto& parameters = index_.proto(method).parameters;
    if (parameter.index < parameters.size() && parameters[parameter.index] == id) return true;
  }
  return false;
}

bool ApiMatcher::has_instructions(ClassId id, const std::vector<std::string>& wanted) const {
  std::set<std::string_view> missing(wanted.begin(), wanted.end());
  for (const MethodId method : index_.class_info(id).methods) {
    const auto code = index_.code(method);
    if (!code) continue;
    DexInstructionReader reader(*code);
    DexInstruction instruction;
    while (!missing.empty() && reader.next(instruction)) {
      if (instruction.is_payload()) continue;
      const std::string_view name = instruction.info().name;
      std::erase_if(missing,
                    [&](std::string_view beginning) { return name.starts_with(beginning); });
    }
  }
  return missing.empty();
}

bool ApiMatcher::code_fits(ClassId id, const ApiShape& shape,
                           std::vector<std::string>& reasons) const {
  const ClassInfo& info = index_.class_info(id);
  const auto uses = [&](const std::string& text) {
    const auto& classes = classes_by_string_.at(text);
    return std::binary_search(classes.begin(), classes.end(), id);
  };
  for (const std::string& text : shape.strings) {
    if (!uses(text)) return false;
    reasons.push_back("string \"" + text + "\"");
  }
  if (!shape.any_strings.empty()) {
    const auto found = std::find_if(shape.any_strings.begin(), shape.any_strings.end(), uses);
    if (found == shape.any_strings.end()) return false;
    reasons.push_back("string \"" + *found + "\"");
  }
  for (const std::string& call : shape.calls) {
    if (!class_calls(id, call)) return false;
    reasons.push_back("calls " + call);
  }
  for (const std::string& call : shape.not_calls) {
    if (class_calls(id, call)) return false;
  }
  for (const std::string& created : shape.creates) {
    const ClassId type = named(created);
    if (type == kNoId) return false;
    const bool creates =
        std::any_of(info.methods.begin(), info.methods.end(), [&](MethodId method) {
          const auto uses_of = facts_.types(method);
          return std::any_of(uses_of.begin(), uses_of.end(), [&](const TypeUse& use) {
            return use.kind == TypeUseKind::kNew && use.type == type;
          });
        });
    if (!creates) return false;
    reasons.push_back("creates " + created);
  }
  if (!shape.instructions.empty()) {
    if (!has_instructions(id, shape.instructions)) return false;
    reasons.push_back("computes with " + join(shape.instructions, ", "));
  }
  return true;
}

bool ApiMatcher::fits(ClassId id, const ApiShape& shape, std::vector<std::string>& reasons) const {
  const ClassInfo& info = index_.class_info(id);
  if (!hierarchy_fits(id, shape, reasons)) return false;
  for (const std::string& pattern : shape.methods) {
    const bool has = std::any_of(info.methods.begin(), info.methods.end(),
                                 [&](MethodId method) { return descriptor_fits(method, pattern); });
    if (!has) return false;
    reasons.push_back("has a method " + pattern);
  }
  for (const std::string& pattern : shape.abstract_methods) {
    const bool has = std::any_of(info.methods.begin(), info.methods.end(), [&](MethodId method) {
      return (index_.method_info(method).definition->access & kDexAbstract) != 0 &&
             descriptor_fits(method, pattern);
    });
    if (!has || !info.is_interface()) return false;
    reasons.push_back("is an interface with " + pattern);
  }
  for (const std::string& pattern : shape.field_types) {
    const bool has = std::any_of(info.fields.begin(), info.fields.end(), [&](FieldId field) {
      return index_.field_info(field).type != kNoId &&
             type_fits(index_.field_info(field).type, pattern);
    });
    if (!has) return false;
    reasons.push_back("has a field " + pattern);
  }
  if (shape.parameter_of) {
    if (!parameter_fits(id, *shape.parameter_of)) return false;
    reasons.push_back("is a parameter of " + shape.parameter_of->class_name + "." +
                      shape.parameter_of->method);
  }
  return code_fits(id, shape, reasons);
}

bool ApiMatcher::match_by_shape() {
  bool found_any = false;
  for (const ApiClassRule& rule : rules_.classes()) {
    if (!rule.shape || names_.by_canonical_.contains(rule.name)) continue;
    ClassId only = kNoId;
    std::vector<std::string> reasons;
    int count = 0;
    for (const ClassId id : candidates(*rule.shape)) {
      if (id == kNoId || !index_.class_info(id).defined() || names_.by_class_.contains(id))
        continue;
      std::vector<std::string> found;
      if (!fits(id, *rule.shape, found)) continue;
      ++count;
      only = id;
      reasons = std::move(found);
    }
    // Two classes of the same shape: naming either would be a guess.
    if (count != 1) continue;
    add(only, rule, true, rule.confidence, std::move(reasons));
    found_any = true;
  }
  return found_any;
}

void ApiMatcher::order_classes() {
  std::sort(names_.classes_.begin(), names_.classes_.end(),
            [](const ApiClass& a, const ApiClass& b) { return a.id < b.id; });
  names_.by_class_.clear();
  for (std::size_t i = 0; i < names_.classes_.size(); ++i)
    names_.by_class_.emplace(names_.classes_[i].id, i);
}

void ApiMatcher::match_class_methods(const ApiClass& cls, const std::vector<MethodId>& methods) {
  for (const ApiMethodRule& rule : cls.rule->methods) {
    std::vector<MethodId> by_name;
    std::vector<MethodId> by_shape;
    for (const MethodId method : methods) {
      if (names_.by_method_.contains(method)) continue;
      const std::string_view name = index_.method_name(method);
      if (name == rule.name && descriptor_fits(method, rule.descriptor)) by_name.push_back(method);
      if (name.starts_with('<') != rule.name.starts_with('<') || name.starts_with('<')) continue;
      const bool called =
          !rule.calls.empty() &&
          std::all_of(rule.calls.begin(), rule.calls.end(), [&](const std::string& call) {
            return calls_pattern(method, split_call(call));
          });
      const bool clue = rule.calls.empty() ? !rule.descriptor.empty() : called;
      if (clue && descriptor_fits(method, rule.descriptor)) by_shape.push_back(method);
    }
    const bool own_name = !by_name.empty();
    // A class that kept its name may still have lost its methods' names.
    const bool name_kept = std::any_of(methods.begin(), methods.end(), [&](MethodId method) {
      return index_.method_name(method) == rule.name;
    });
    const bool may_be_renamed = index_.class_info(cls.id).defined() && !name_kept;
    if (!own_name && !may_be_renamed && rule.calls.empty()) continue;
    if (!own_name && rule.calls.empty() && by_shape.size() > 1) continue;  // a guess
    for (const MethodId method : own_name ? by_name : by_shape) add_method(cls, rule, method);
    if (!rule.calls.empty()) add_overloads(cls, rule, methods, own_name ? by_name : by_shape);
  }
}

void ApiMatcher::add_method(const ApiClass& cls, const ApiMethodRule& rule, MethodId method) {
  names_.by_method_.emplace(method, names_.methods_.size());
  names_.methods_.push_back({method, &cls, cls.rule->name + "." + rule.name, rule.role,
                             cls.renamed || index_.method_name(method) != rule.name});
}

// Overloads that only add default arguments: they call one that is known and return the same.
void ApiMatcher::add_overloads(const ApiClass& cls, const ApiMethodRule& rule,
                               const std::vector<MethodId>& methods, std::vector<MethodId> known) {
  while (!known.empty()) {
    std::vector<MethodId> found;
    for (const MethodId method : methods) {
      const bool constructor = index_.method_name(method).starts_with('<');
      if (constructor || names_.by_method_.contains(method) ||
          !descriptor_fits(method, rule.descriptor))
        continue;
      const auto sites = facts_.calls(method);
      const bool overload = std::any_of(sites.begin(), sites.end(), [&](const CallSite& site) {
        return std::find(known.begin(), known.end(), site.callee) != known.end() &&
               index_.proto(site.callee).result == index_.proto(method).result;
      });
      if (overload) found.push_back(method);
    }
    for (const MethodId method : found) add_method(cls, rule, method);
    known = std::move(found);
  }
}

void ApiMatcher::match_methods() {
  std::map<ClassId, std::vector<MethodId>> by_owner;
  for (MethodId method = 0; method < index_.method_count(); ++method) {
    const ClassId owner = index_.method_info(method).owner;
    if (names_.by_class_.contains(owner)) by_owner[owner].push_back(method);
  }
  for (const ApiClass& cls : names_.classes_) {
    const auto methods = by_owner.find(cls.id);
    if (methods != by_owner.end()) match_class_methods(cls, methods->second);
  }
  std::sort(names_.methods_.begin(), names_.methods_.end(),
            [](const ApiMethod& a, const ApiMethod& b) { return a.id < b.id; });
  names_.by_method_.clear();
  for (std::size_t i = 0; i < names_.methods_.size(); ++i)
    names_.by_method_.emplace(names_.methods_[i].id, i);
}

ApiNames ApiNames::match(const ClassIndex& index, const CodeFacts& facts, const ApiRules& rules) {
  ApiNames names;
  ApiMatcher(index, facts, rules, names).run();
  return names;
}

const ApiClass* ApiNames::class_of(ClassId id) const {
  const auto found = by_class_.find(id);
  return found == by_class_.end() ? nullptr : &classes_[found->second];
}

const ApiMethod* ApiNames::method_of(MethodId id) const {
  const auto found = by_method_.find(id);
  return found == by_method_.end() ? nullptr : &methods_[found->second];
}

ClassId ApiNames::find(std::string_view canonical) const {
  const auto found = by_canonical_.find(canonical);
  return found == by_canonical_.end() ? kNoId : found->second;
}

std::string ApiNames::canonical_class(ClassId id) const {
  const ApiClass* known = class_of(id);
  return known != nullptr ? known->rule->name : dotted_class_name(index_->descriptor(id));
}

}  // namespace dl::program
