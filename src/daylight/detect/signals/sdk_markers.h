// SPDX-License-Identifier: Apache-2.0
// Which classes of an app belong to which software development kit, also where a build renamed or
// moved them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "daylight/detect/rules/rules.h"
#include "daylight/program/code/class_index.h"
#include "daylight/program/code/code_facts.h"

namespace dl {

// Classes with a kit's markers that a package must hold before its other classes are taken for the
// kit's too.
inline constexpr std::size_t kMinMarkedClasses = 2;
// In a package of a single word one of so many classes must have them.
inline constexpr std::size_t kCommonGroundShare = 4;

// Immutable; const methods are thread safe; all that it was built from must outlive it.
class SdkMarkers {
 public:
  SdkMarkers(const RuleSet& rules, const program::ClassIndex& index,
             const program::CodeFacts& facts);

  // The rule whose kit a class belongs to by its name: a listed one, or in the longest package that
  // fits. Null if there is none.
  const OriginRule* origin_by_name(program::ClassId id) const;
  // The same by what a build does not rename: a marker in the class's code, or marked classes of
  // one kit and of no other in its package. The default package, or one of a single word, is
  // nobody's.
  const OriginRule* origin_by_mark(program::ClassId id) const;

 private:
  const OriginRule* by_package(std::string_view package) const;

  const RuleSet& rules_;
  const program::ClassIndex& index_;
  std::unordered_map<std::string, const OriginRule*> by_name_;       // dotted class names
  std::unordered_map<program::ClassId, const OriginRule*> by_mark_;  // null: marks of several kits
  std::unordered_map<std::string, const OriginRule*> by_marked_package_;
};

}  // namespace dl
