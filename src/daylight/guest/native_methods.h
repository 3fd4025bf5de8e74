// SPDX-License-Identifier: Apache-2.0
// The native methods that a library provides, by whichever way it says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daylight/guest/guest.h"

namespace dl::guest {

struct NativeMethod {
  std::string owner;         // "org/tensorflow/lite/TensorFlowLite"
  std::string name;          // "nativeRuntimeVersion"
  std::string signature;     // "" where only a short symbol names it
  std::string library;       // file name; "" for an address in no library
  std::uint64_t offset = 0;  // address in the library's file; without a library the address itself
  enum class Route { kExport, kRegistered } route = Route::kExport;
  // Why no phone could call it, in words: registered with no code, with a signature that is none.
  std::string problem = {};
};

// "export" or "register-natives".
const char* name_of(NativeMethod::Route route);

// Class and method of a symbol "Java_pkg_Class_method" or "Java_pkg_Class_method__Lx_2I": the part
// of the signature in the latter is the parameters, "(Lx;I)". Nothing for what is no such symbol.
struct JniSymbol {
  std::string owner;
  std::string name;
  std::string parameters;
};
std::optional<JniSymbol> parse_jni_symbol(std::string_view symbol);

// Exports of all loaded libraries, in the order of the libraries and of their symbols, then what
// was registered, in order.
std::vector<NativeMethod> native_methods(Guest& guest);

}  // namespace dl::guest
