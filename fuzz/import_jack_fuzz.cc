// SPDX-License-Identifier: Apache-2.0
// The log of the instrumented Android runtime.
#include "import_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return dl::fuzz::check_import("jack", data, size);
}
