// SPDX-License-Identifier: Apache-2.0
// The recipes of a run: those that come with the program, and the user's own.
#pragma once

#include <filesystem>

#include "daylight/base/result.h"
#include "daylight/detect/plan/recipes.h"

namespace dl::cli {

// Files of one folder of recipes.
inline constexpr std::size_t kMaxRecipeFiles = 1000;

// $XDG_DATA_HOME/daylight/recipes, else ~/.local/share/daylight/recipes; empty where neither
// variable is set.
std::filesystem::path user_recipes();

// The built-in recipes and all *.json of `given`, or of the user's folder where `given` is empty
// (it may be absent), in order of file name; a recipe replaces one of the same id. The Error names
// the file that is no recipe.
Result<RecipeSet> read_recipes(const std::filesystem::path& given);

}  // namespace dl::cli
