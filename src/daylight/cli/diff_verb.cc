// SPDX-License-Identifier: Apache-2.0
// Reading of both sides of a difference.
#include "daylight/cli/diff_verb.h"

#include <fstream>

#include "daylight/base/file.h"
#include "daylight/base/json.h"
#include "daylight/cli/case_folder.h"
#include "daylight/cli/detect_inputs.h"

namespace dl::cli {
namespace {

// No app begins like a JSON object: neither a ZIP nor a tar does.
bool looks_like_json(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  char first = 0;
  while (file.get(first) && (first == ' ' || first == '\n' || first == '\r' || first == '\t')) {
  }
  return file && first == '{';
}

Result<Inventory> read_inventory(const std::filesystem::path& path) {
  const std::string text = TRY(read_file(path));
  return inventory_from_json(TRY(parse_json(text, path.string())), path.string());
}

}  // namespace

Result<Inventory> inventory_of(const std::filesystem::path& path, LogSink& log) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    if (std::filesystem::exists(path / kInventoryFile, error))
      return read_inventory(path / kInventoryFile);
    if (std::filesystem::exists(path / kJournalFile, error)) {
      return fail(ErrorCode::kNotFound, "is a case without an inventory", path.string(),
                  "run 'daylight detect APP --case' on it first");
    }
  } else if (looks_like_json(path)) {
    return read_inventory(path);
  }
  const DetectInputs inputs = TRY(DetectInputs::read({}));
  const auto app = TRY(program::AppPackage::open(path, log));
  const auto code = program::AppCode::build(app);
  // What a reader of inventory.json has, so that both sides are worded alike.
  return inventory_from_json(to_json(TRY(inputs.detect(app, *code, log))), path.string());
}

Result<InventoryDiff> diff_of(const std::filesystem::path& before,
                              const std::filesystem::path& after, LogSink& log) {
  const Inventory old_inventory = TRY(inventory_of(before, log));
  const Inventory new_inventory = TRY(inventory_of(after, log));
  return diff_inventories(old_inventory, new_inventory);
}

}  // namespace dl::cli
