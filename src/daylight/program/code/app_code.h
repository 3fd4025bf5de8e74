// SPDX-License-Identifier: Apache-2.0
// Everything that stages ask about an app's DEX code, built once: classes, facts, calls, API names,
// reachability.
#pragma once

#include <memory>

#include "daylight/program/code/call_graph.h"
#include "daylight/program/code/class_index.h"
#include "daylight/program/code/code_facts.h"
#include "daylight/program/code/fingerprint.h"
#include "daylight/program/package/app_package.h"

namespace dl::program {

// Immutable; const methods are thread safe; the package must outlive it (and not be moved), `rules`
// too. Parts hold pointers to each other, so the object lies on the heap.
class AppCode {
 public:
  static std::unique_ptr<const AppCode> build(const AppPackage& app,
                                              const ApiRules& rules = ApiRules::builtin());

  const ClassIndex& index() const { return index_; }
  const CodeFacts& facts() const { return facts_; }
  const CallGraph& graph() const { return graph_; }
  const ApiNames& apis() const { return apis_; }
  const Reachability& reach() const { return reach_; }

 private:
  AppCode(const AppPackage& app, const ApiRules& rules);

  ClassIndex index_;
  CodeFacts facts_;
  CallGraph graph_;
  ApiNames apis_;
  Reachability reach_;
};

}  // namespace dl::program
