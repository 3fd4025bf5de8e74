// SPDX-License-Identifier: Apache-2.0
// Machine learning as an app's manifest and DEX code show it: frameworks, and every call of their
// APIs.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/rules/known_models.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/detect/signals/sdk_markers.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// Classes of one framework that are named as evidence; the last line counts the others.
inline constexpr std::size_t kMaxClassEvidence = 12;
// Bytes of a path that is shown as one evidence.
inline constexpr std::size_t kMaxPathText = 1600;

// What the passes over code need. All parts outlive the passes.
struct CodeContext {
  const program::AppPackage& app;
  const program::AppCode& code;
  const RuleSet& rules;
  const KnownModels* known = nullptr;  // null: no model is known
  const SdkMarkers* sdks = nullptr;    // null: every class that is not the app's is unknown
};

// Frameworks whose classes are in the DEX files: by a known API's name or shape, by so many names
// of the rule's list, by digest; and those that constants name (see reflection.h).
std::vector<FrameworkRecord> java_frameworks(const CodeContext& context);
// Frameworks that the manifest declares (ML Kit's DEPENDENCIES and components).
std::vector<FrameworkRecord> manifest_frameworks(const program::AppPackage& app,
                                                 const RuleSet& rules);
// Call sites of API methods that have a role, outside of the frameworks' own code, by caller, then
// address; then those by reflection. Numbered ids.
std::vector<CallRecord> api_calls(const CodeContext& context);

// Evidence that a class is there.
Evidence class_evidence(const CodeContext& context, program::ClassId id, std::string rule,
                        const std::string& excerpt);

// Tells the frameworks' own classes from those that use them. Immutable.
class FrameworkCode {
 public:
  explicit FrameworkCode(const CodeContext& context);
  // A known API class, one that lies beside such a class of its own name, or in a framework's
  // package.
  bool owns(program::ClassId id) const;

 private:
  const CodeContext& context_;
  std::set<std::string> packages_;
};

// Who wrote a class: an SDK of the rules, the app itself (the package of its manifest or of a
// component), or unknown.
Origin origin_of_class(const CodeContext& context, program::ClassId id);

// Evidence at an instruction of a method, with the byte offset inside its DEX file.
Evidence code_evidence(const CodeContext& context, program::MethodId method, std::uint32_t pc,
                       std::string rule, const std::string& excerpt);
// A path from a manifest entry point to the method, as evidence. The method must be reached.
Evidence path_evidence(const CodeContext& context, program::MethodId method);

}  // namespace dl
