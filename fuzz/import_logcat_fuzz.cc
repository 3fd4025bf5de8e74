// SPDX-License-Identifier: Apache-2.0
// A plain Android log.
#include "import_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return dl::fuzz::check_import("logcat", data, size);
}
