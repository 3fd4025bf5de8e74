// SPDX-License-Identifier: Apache-2.0
// An inventory as it may be shown and passed on: without the keys that open an app's models.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/inventory.h"

namespace dl {

// "assets/x!~xor@0+64:5a3c!y" -> "assets/x!~xor@0+64!y": a step that takes a key off says so
// without the key.
std::string without_keys(std::string_view text);

// The same records with "known" for a key that was recovered, and no key in any place, excerpt or
// gap.
Inventory shown_inventory(Inventory inventory);

// The name of the file that holds a model: the last step of the chain that names a member, without
// folders ("assets/a.zip", "~gzip" -> "a.zip"); empty for an empty chain.
std::string entry_file_name(const std::vector<std::string>& entry);

}  // namespace dl
