// SPDX-License-Identifier: Apache-2.0
// The names of an obfuscated app's own developers, added to what detection found.
#pragma once

#include "daylight/artifact/inventory.h"
#include "daylight/program/code/name_mapping.h"

namespace dl {

// Fills original_class, original_method and original_caller of every call that the mapping names,
// and original_method of every evidence with a method. What the file could not tell becomes gaps:
// its own lines that were left out, and a mapping that names none of the methods found.
void add_original_names(const program::NameMapping& mapping, Inventory& inventory);

}  // namespace dl
