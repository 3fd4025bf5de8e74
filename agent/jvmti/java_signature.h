// SPDX-License-Identifier: Apache-2.0
// A method's descriptor as parameters: how each is read, and where the processor's convention has
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "native_frame.h"

namespace dl::jvmti {

// How a value of a declared type is read. kObject: what it is is asked of each value.
enum class ValueShape : std::uint8_t { kScalar, kArray, kString, kObject, kVoid };

struct JavaParameter {
  char letter = 'V';  // Z B C S I J F D L V; L: any reference
  char element = 0;   // kArray: of the elements
  ValueShape shape = ValueShape::kVoid;
  std::string type;  // as in Java source: "float[]"
};

struct JavaSignature {
  std::vector<JavaParameter> parameters;
  JavaParameter result;
};

// A method has at most 255 parameters. Nothing for what is no descriptor.
std::optional<JavaSignature> parse_java_signature(std::string_view descriptor);

// "float[]" of "[F". Nothing for what is no type.
std::optional<std::string> java_type_name(std::string_view descriptor);

// Bytes of one element of a primitive type; 0 for others.
std::size_t element_bytes(char letter);
// float32 ... of a primitive type, "" for others.
const char* element_dtype(char letter);

// Where an argument of a native method lies.
struct ArgumentPlace {
  enum class In : std::uint8_t { kInteger, kVector, kStack };
  In in = In::kInteger;
  std::uint16_t number = 0;  // of the register, or 8 bytes on the stack

  std::uint64_t value(const NativeFrame& frame) const {
    if (in == In::kInteger) return frame.integers[number];
    return in == In::kVector ? frame.vectors[number] : frame.stack[number];
  }
};

// Of a native method, whose first two arguments are the environment and the class or object.
struct NativeLayout {
  std::vector<ArgumentPlace> places;
  std::size_t stack_words = 0;
};
NativeLayout native_layout(const JavaSignature& signature);

// The bits of a value of this type in its register; the upper ones are not defined there.
std::uint64_t bits_of(char letter, std::uint64_t value);

}  // namespace dl::jvmti
