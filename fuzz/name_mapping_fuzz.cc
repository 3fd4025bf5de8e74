// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as the mapping file of an obfuscated build, and asks it for names.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "daylight/program/code/name_mapping.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto mapping = dl::program::NameMapping::parse(text, "fuzz.txt");
  if (!mapping) return 0;
  if (mapping->class_count() == 0 || mapping->class_count() > size) std::abort();
  for (const char* name : {"La/b;", "La;", "[[La;", "", "L"}) {
    static_cast<void>(mapping->original_class(name));
    static_cast<void>(mapping->original_descriptor(name));
    static_cast<void>(mapping->original_field(name, "a", "I"));
  }
  static_cast<void>(mapping->original_method_text("La/b;->a(La/c;)F"));
  static_cast<void>(mapping->original_method_text(text));
  return 0;
}
