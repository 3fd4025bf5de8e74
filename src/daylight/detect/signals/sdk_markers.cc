// SPDX-License-Identifier: Apache-2.0
// Finds the markers of kits in one pass over all constants.
#include "daylight/detect/signals/sdk_markers.h"

#include <map>
#include <set>

#include "daylight/base/text.h"

namespace dl {
namespace {

using program::ClassId;
using program::MethodId;

std::string package_of_class(const program::ClassIndex& index, ClassId id) {
  const std::string name = dotted_class_name(index.descriptor(id));
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos ? std::string() : name.substr(0, dot);
}

// Builds put the classes of all packages into the default one, which is nobody's, or into one of a
// single word ("m"): there a kit's markers speak for its neighbours only where they are many.
bool speaks_for_package(const std::string& package, std::size_t marked, std::size_t classes) {
  if (package.empty() || marked < kMinMarkedClasses) return false;
  return package.find('.') != std::string::npos || marked * kCommonGroundShare >= classes;
}

}  // namespace

SdkMarkers::SdkMarkers(const RuleSet& rules, const program::ClassIndex& index,
                       const program::CodeFacts& facts)
    : rules_(rules), index_(index) {
  std::unordered_map<std::string_view, const OriginRule*> by_string;
  for (const OriginRule& rule : rules.origins()) {
    for (const std::string& name : rule.classes) by_name_.emplace(name, &rule);
    for (const std::string& text : rule.strings) by_string.emplace(text, &rule);
  }
  if (by_string.empty()) return;
  for (MethodId method = 0; method < index.method_count(); ++method) {
    for (const program::StringUse& use : facts.strings(method)) {
      const auto mark = by_string.find(std::string_view(use.text));
      if (mark == by_string.end()) continue;
      const auto [known, added] = by_mark_.emplace(index.method_info(method).owner, mark->second);
      if (!added && known->second != mark->second) known->second = nullptr;
    }
  }
  std::map<std::string, std::pair<const OriginRule*, std::size_t>> packages;
  for (const auto& [id, rule] : by_mark_) {
    const std::string package = package_of_class(index, id);
    const auto [known, added] = packages.emplace(package, std::pair{rule, std::size_t{1}});
    if (added) continue;
    ++known->second.second;
    if (known->second.first != rule) known->second.first = nullptr;
  }
  std::unordered_map<std::string, std::size_t> classes;
  for (ClassId id = 0; id < index.class_count() && !packages.empty(); ++id) {
    if (index.class_info(id).defined()) ++classes[package_of_class(index, id)];
  }
  for (const auto& [package, found] : packages) {
    if (found.first != nullptr && speaks_for_package(package, found.second, classes[package]))
      by_marked_package_.emplace(package, found.first);
  }
}

const OriginRule* SdkMarkers::by_package(std::string_view package) const {
  const OriginRule* best = nullptr;
  for (const OriginRule& rule : rules_.origins()) {
    const std::string& above = rule.package;
    if (above.empty() || !package.starts_with(above)) continue;
    if (package.size() != above.size() && package[above.size()] != '.') continue;
    if (best == nullptr || above.size() > best->package.size()) best = &rule;
  }
  return best;
}

const OriginRule* SdkMarkers::origin_by_name(ClassId id) const {
  const auto named = by_name_.find(dotted_class_name(index_.descriptor(id)));
  return named != by_name_.end() ? named->second : by_package(package_of_class(index_, id));
}

const OriginRule* SdkMarkers::origin_by_mark(ClassId id) const {
  if (const auto marked = by_mark_.find(id); marked != by_mark_.end()) return marked->second;
  const auto neighbours = by_marked_package_.find(package_of_class(index_, id));
  return neighbours == by_marked_package_.end() ? nullptr : neighbours->second;
}

}  // namespace dl
