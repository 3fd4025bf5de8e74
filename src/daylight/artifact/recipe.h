// SPDX-License-Identifier: Apache-2.0
// Recipes: known shapes of apps and SDKs as data, from which plans get probes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/artifact/probe_plan.h"

namespace dl {

// Bytes of one recipe file, and probes of one recipe.
inline constexpr std::uint64_t kMaxRecipeFile = 1 << 20;
inline constexpr std::size_t kMaxRecipeProbes = 256;

// All conditions that are given must hold; at least one must be given.
struct RecipeMatch {
  std::vector<std::string> frameworks;  // one of these ids is in the inventory
  std::vector<std::string> libraries;   // the app has a library of one of these names (patterns)
  std::vector<std::string> methods;     // the app has a method that one of these selectors selects
  // A method that takes a text, reads it as JSON, and uses at least so many of these keys there or
  // up to two calls deeper. Probes of the recipe then stand on such methods only.
  std::vector<std::string> json_keys;
  std::uint64_t at_least = 1;
  // A method that takes a list or array of objects with a field of each of these kinds
  // (text|number). Probes of the recipe then stand on such methods only.
  std::vector<std::string> list_of;
};

struct RecipeProbe {
  std::string selector;             // java: or jni: are resolved in the app; so: and import: kept
  std::string role;                 // as Probe::role
  std::vector<std::string> decode;  // decode rules; "arg*" is the argument that matched
};

struct Recipe {
  std::string id;
  std::string description;
  RecipeMatch match;
  std::vector<RecipeProbe> probes;
  std::vector<ProbeHead> heads;
};

Json to_json(const Recipe& recipe);
// Refuses selectors and decode rules that cannot be read, and recipes without a condition.
Result<Recipe> recipe_from_json(const Json& json, const std::string& where);

// With `arg*` replaced by this argument.
std::string decode_for_argument(const std::string& rule, int argument);

}  // namespace dl
