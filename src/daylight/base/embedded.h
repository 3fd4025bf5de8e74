// SPDX-License-Identifier: Apache-2.0
// The shape of files that the build embeds into the program (rules, schemas, the report page).
#pragma once

#include <span>
#include <string_view>

namespace dl::embedded {

// One embedded file: its name without folders, and its bytes.
struct File {
  std::string_view name;
  std::string_view bytes;
};

}  // namespace dl::embedded
