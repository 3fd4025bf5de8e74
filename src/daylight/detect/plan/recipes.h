// SPDX-License-Identifier: Apache-2.0
// The recipes that come with the program and the user's own, and what they find in an app.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/artifact/recipe.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// Methods of one app that one recipe may select.
inline constexpr std::size_t kMaxRecipeMethods = 400;

// Immutable after building; later recipes replace earlier ones of the same id.
class RecipeSet {
 public:
  static const RecipeSet& builtin();
  // kInvalidArgument or kCorrupt names the file and field.
  Result<void> add(std::string_view json, const std::string& where);

  const std::vector<Recipe>& recipes() const { return recipes_; }
  // Of the recipes in order of id: part of a plan's provenance.
  std::string digest() const;

 private:
  std::vector<Recipe> recipes_;  // by id
};

// One probe that a recipe asks for.
struct RecipeHit {
  const Recipe* recipe = nullptr;
  const RecipeProbe* probe = nullptr;
  program::MethodId method = program::kNoId;  // kNoId: a place in a library, as the selector says
  bool receives = false;                      // an answer of the app's own callback
  std::vector<std::string> decode;
};

// By recipe, then probe, then method. `near` are the classes that lead to a model's run. A method
// is selected by its own name or by the name that its API had before renaming, and only if the app
// calls or implements it.
std::vector<RecipeHit> apply_recipes(const program::AppPackage& app, const program::AppCode& code,
                                     const Inventory& inventory, const RecipeSet& recipes,
                                     const std::set<program::ClassId>& near);

}  // namespace dl
