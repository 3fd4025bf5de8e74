// SPDX-License-Identifier: Apache-2.0
// The libraries of this process: which one an address is in, and which one exports a native method.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dl::jvmti {

struct LoadedLibrary {
  std::string name;  // of the file
  std::string path;
  std::string build_id;  // lower-case hexadecimal, or empty
  std::uint64_t base = 0;
  std::uint64_t size = 0;
};
// Nothing for an address in no library. Thread safe.
std::optional<LoadedLibrary> library_at(const void* address);

// "Java_pkg_Class_method", by the rules of JNI; with `descriptor` the long form for overloads.
std::string jni_symbol(std::string_view klass, std::string_view method,
                       std::string_view descriptor = {});

// The function that a loaded library exports for the method, or nullptr. Thread safe.
void* exported_native(std::string_view klass, std::string_view method, std::string_view descriptor);

}  // namespace dl::jvmti
