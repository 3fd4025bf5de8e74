// SPDX-License-Identifier: Apache-2.0
// Fuzzes property lists of both forms; what is read can be written.
#include <cstdint>

#include "daylight/format/package/property_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = dl::parse_property_list({data, size}, "fuzz");
  if (list && size < 4096) static_cast<void>(dl::dump_json_line(list->root));
  return 0;
}
