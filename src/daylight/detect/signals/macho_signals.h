// SPDX-License-Identifier: Apache-2.0
// What a Mach-O image says, in the terms of the framework rules.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daylight/detect/signals/native_signals.h"
#include "daylight/format/code/macho.h"

namespace dl {

// The facts of one image, and the texts that they view. Must not be copied or outlive the image.
struct MachoFacts {
  std::vector<std::string> names;
  BinaryFacts facts;

  MachoFacts() = default;
  MachoFacts(const MachoFacts&) = delete;
  MachoFacts& operator=(const MachoFacts&) = delete;
};

// Libraries as links, symbols without the leading underscore that C has there, Objective-C classes
// under the linker's name ("_OBJC_CLASS_$_MLModel") as imports and exports, data sections at their
// place in the whole file. `path` is the file's own name, with or without folders.
void read_macho_facts(const MachoFile& file, std::string_view path, MachoFacts& out);

}  // namespace dl
