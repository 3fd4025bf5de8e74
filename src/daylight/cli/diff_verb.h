// SPDX-License-Identifier: Apache-2.0
// `daylight diff OLD NEW`: two versions of an app, each as an app, a case or an inventory.
#pragma once

#include <filesystem>

#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/report/inventory_diff.h"

namespace dl::cli {

// The inventory that `path` stands for: the file itself, the one in a case, or that of an app,
// which is looked at anew and written nowhere. An Error says what the path is not.
Result<Inventory> inventory_of(const std::filesystem::path& path, LogSink& log);

Result<InventoryDiff> diff_of(const std::filesystem::path& before,
                              const std::filesystem::path& after, LogSink& log);

}  // namespace dl::cli
