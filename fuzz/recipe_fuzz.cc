// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as a recipe; what is read survives being written.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daylight/detect/plan/recipes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dl::RecipeSet recipes;
  if (!recipes.add(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.json"))
    return 0;
  dl::RecipeSet again;
  const auto written = dl::dump_json(dl::to_json(recipes.recipes().front()));
  if (!again.add(written, "again.json") || again.digest() != recipes.digest()) std::abort();
  return 0;
}
