// SPDX-License-Identifier: Apache-2.0
// Fuzzes resource tables and every question that can be asked of them.
#include <algorithm>
#include <cstdint>

#include "daylight/format/package/arsc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto table = dl::ResourceTable::parse({data, size}, "fuzz.arsc");
  if (!table) return 0;
  const std::size_t asked = std::min<std::size_t>(table->values().size(), 200);
  for (std::size_t i = 0; i < asked; ++i) {
    const dl::ArscValue& value = table->values()[i];
    if (value.config >= table->configs().size()) __builtin_trap();
    static_cast<void>(table->type_name(value.id) + table->entry_name(value.id));
    static_cast<void>(table->string_of(value.id));
    static_cast<void>(table->array_of(value.id));
    static_cast<void>(table->files_of(value.id));
  }
  static_cast<void>(table->id_of("raw", "model"));
  return 0;
}
