// SPDX-License-Identifier: Apache-2.0
// From an inventory to the plan of what a capture agent watches, and where it may enter.
#pragma once

#include "daylight/artifact/inventory.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/detect/plan/recipes.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// One buffer that a probe copies, unless the models' own tensors are larger.
inline constexpr std::uint64_t kDefaultProbeBytes = std::uint64_t{16} << 20;
// No probe ever copies more than this of one buffer.
inline constexpr std::uint64_t kMaxProbeBytes = std::uint64_t{256} << 20;
// Calls that a probe records before it falls silent.
inline constexpr std::uint64_t kMaxProbeCalls = 10000;
// Steps from an entry point down to the model's run.
inline constexpr int kMaxEntryDistance = 8;
// Entry points of one plan, the nearest to a model first; more become a gap.
inline constexpr std::size_t kMaxPlanEntries = 64;

// Call sites of one entry point that are asked for constants.
inline constexpr std::size_t kMaxConstantSites = 64;

// Probes on every ML call of the inventory, on the natives and exports behind them, and on the
// platform's picture operations around them; entries are the app's own methods that take a picture
// and lead to a model's run, with the constants of the app's own call sites, and methods that
// receive answers. Recipes add probes, decoders and heads, and are named in `why`. `inventory` must
// be of this app. Deterministic; never fails: what cannot be planned is a gap.
ProbePlan plan(const program::AppPackage& app, const Inventory& inventory);
ProbePlan plan(const program::AppPackage& app, const program::AppCode& code,
               const Inventory& inventory, const RecipeSet& recipes = RecipeSet::builtin());

}  // namespace dl
