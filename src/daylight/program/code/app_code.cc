// SPDX-License-Identifier: Apache-2.0
// Builds the parts in the order in which they need each other.
#include "daylight/program/code/app_code.h"

namespace dl::program {

AppCode::AppCode(const AppPackage& app, const ApiRules& rules)
    : index_(ClassIndex::build(app.dex_files())),
      facts_(CodeFacts::build(index_)),
      graph_(CallGraph::build(index_, facts_)),
      apis_(ApiNames::match(index_, facts_, rules)),
      reach_(Reachability::explore(graph_, app.manifest() ? &*app.manifest() : nullptr)) {}

std::unique_ptr<const AppCode> AppCode::build(const AppPackage& app, const ApiRules& rules) {
  return std::unique_ptr<const AppCode>(new AppCode(app, rules));
}

}  // namespace dl::program
