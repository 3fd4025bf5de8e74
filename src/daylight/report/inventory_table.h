// SPDX-License-Identifier: Apache-2.0
// An inventory as a table for a terminal: models, runtimes, calls, tasks, gaps.
#pragma once

#include <string>

#include "daylight/artifact/inventory.h"

namespace dl {

// Rows of one section that are shown; the last line counts the others.
inline constexpr std::size_t kMaxTableModels = 40;
inline constexpr std::size_t kMaxTableRows = 30;
inline constexpr std::size_t kMaxTableGaps = 8;

// Plain text in lines of at most kTextWidth columns with a final newline: the app, what may be said
// of it (never that it infers what is only present), then a section each for models, runtimes,
// calls by API, tasks and gaps, as far as there are any. Text of the app is made printable; keys
// are not shown.
std::string render_inventory_table(const Inventory& inventory);

// The app's name, version, digest and signers in wrapped lines that begin with `label`.
std::string app_lines(const AppInfo& app, const std::string& label, std::size_t indent);

}  // namespace dl
