// SPDX-License-Identifier: Apache-2.0
// The models of an inventory as tab-separated values: one line each, for grep, cut and
// spreadsheets.
#pragma once

#include <string>

#include "daylight/artifact/inventory.h"

namespace dl {

// A header line, then one line for each model in the inventory's order, with a final newline.
// Columns are documented in docs/formats/inventory.md and only ever added at the end. Every field
// is one printable piece of text: tabs, line breaks and other control characters stand as \u{...}
// or \xNN. Lists are separated by "; ", entry chains by "!". Keys are left out.
std::string render_model_tsv(const Inventory& inventory);

}  // namespace dl
