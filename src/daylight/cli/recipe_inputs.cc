// SPDX-License-Identifier: Apache-2.0
// Reads folders of recipes.
#include "daylight/cli/recipe_inputs.h"

#include <algorithm>
#include <vector>

#include "daylight/base/file.h"
#include "daylight/cli/models_verb.h"

namespace dl::cli {

std::filesystem::path user_recipes() {
  const auto known = user_known_models();
  return known.empty() ? known : known.parent_path() / "recipes";
}

Result<RecipeSet> read_recipes(const std::filesystem::path& given) {
  RecipeSet recipes = RecipeSet::builtin();
  const auto folder = given.empty() ? user_recipes() : given;
  std::error_code error;
  if (folder.empty() || !std::filesystem::is_directory(folder, error)) {
    if (given.empty()) return recipes;
    return fail(ErrorCode::kNotFound, "there is no such folder", given.string(),
                "give the folder that holds your recipes as *.json");
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".json") continue;
    if (files.size() == kMaxRecipeFiles)
      return fail(ErrorCode::kLimit,
                  "has more than " + std::to_string(kMaxRecipeFiles) + " recipes", folder.string());
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files)
    TRY_VOID(recipes.add(TRY(read_file(file, kMaxRecipeFile)), file.string()));
  return recipes;
}

}  // namespace dl::cli
