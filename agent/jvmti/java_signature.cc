// SPDX-License-Identifier: Apache-2.0
// Source: The Java Virtual Machine Specification, 4.3; the conventions named in native_thunks.cc.
#include "java_signature.h"

#include <algorithm>

namespace dl::jvmti {
namespace {

constexpr std::size_t kMaxParameters = 255;

const char* primitive_name(char letter) {
  switch (letter) {
    case 'Z':
      return "boolean";
    case 'B':
      return "byte";
    case 'C':
      return "char";
    case 'S':
      return "short";
    case 'I':
      return "int";
    case 'J':
      return "long";
    case 'F':
      return "float";
    case 'D':
      return "double";
    case 'V':
      return "void";
    default:
      return nullptr;
  }
}

// Bytes of the type that `text` begins with; 0 where it begins with none.
std::size_t type_length(std::string_view text) {
  const std::size_t dimensions = std::min(text.find_first_not_of('['), text.size());
  if (dimensions == text.size()) return 0;
  if (text[dimensions] == 'L') {
    const std::size_t end = text.find(';', dimensions);
    return end == std::string_view::npos || end == dimensions + 1 ? 0 : end + 1;
  }
  const bool is_void = text[dimensions] == 'V';
  if (primitive_name(text[dimensions]) == nullptr || (is_void && dimensions > 0)) return 0;
  return dimensions + 1;
}

JavaParameter parameter_of(std::string_view type) {
  JavaParameter out;
  out.type = java_type_name(type).value_or(std::string());
  out.letter = type[0] == '[' ? 'L' : type[0];
  if (type == "V") return out;
  if (type[0] == '[' && type.size() == 2) {
    out.shape = ValueShape::kArray;
    out.element = type[1];
  } else if (out.letter == 'L') {
    out.shape = type == "Ljava/lang/String;" ? ValueShape::kString : ValueShape::kObject;
  } else {
    out.shape = ValueShape::kScalar;
  }
  return out;
}

}  // namespace

std::optional<std::string> java_type_name(std::string_view descriptor) {
  if (descriptor.empty() || type_length(descriptor) != descriptor.size()) return std::nullopt;
  const std::size_t dimensions = descriptor.find_first_not_of('[');
  const std::string_view element = descriptor.substr(dimensions);
  std::string out;
  if (element[0] == 'L') {
    out = element.substr(1, element.size() - 2);
    std::replace(out.begin(), out.end(), '/', '.');
  } else {
    out = primitive_name(element[0]);
  }
  for (std::size_t i = 0; i < dimensions; ++i) out += "[]";
  return out;
}

std::optional<JavaSignature> parse_java_signature(std::string_view descriptor) {
  if (!descriptor.starts_with('(')) return std::nullopt;
  JavaSignature out;
  std::string_view rest = descriptor.substr(1);
  while (!rest.empty() && rest[0] != ')') {
    const std::size_t length = type_length(rest);
    if (length == 0 || rest[0] == 'V' || out.parameters.size() >= kMaxParameters)
      return std::nullopt;
    out.parameters.push_back(parameter_of(rest.substr(0, length)));
    rest.remove_prefix(length);
  }
  if (rest.empty()) return std::nullopt;
  rest.remove_prefix(1);
  if (rest.empty() || type_length(rest) != rest.size()) return std::nullopt;
  out.result = parameter_of(rest);
  return out;
}

std::size_t element_bytes(char letter) {
  switch (letter) {
    case 'Z':
    case 'B':
      return 1;
    case 'C':
    case 'S':
      return 2;
    case 'I':
    case 'F':
      return 4;
    case 'J':
    case 'D':
      return 8;
    default:
      return 0;
  }
}

const char* element_dtype(char letter) {
  switch (letter) {
    case 'Z':
      return "bool";
    case 'B':
      return "int8";
    case 'C':
      return "uint16";
    case 'S':
      return "int16";
    case 'I':
      return "int32";
    case 'J':
      return "int64";
    case 'F':
      return "float32";
    case 'D':
      return "float64";
    default:
      return "";
  }
}

NativeLayout native_layout(const JavaSignature& signature) {
  using In = ArgumentPlace::In;
  NativeLayout out;
  std::size_t integers = 2;
  std::size_t vectors = 0;
  for (const JavaParameter& parameter : signature.parameters) {
    const bool floats = parameter.letter == 'F' || parameter.letter == 'D';
    std::size_t& next = floats ? vectors : integers;
    const std::size_t registers = floats ? kVectorRegisters : kIntegerRegisters;
    ArgumentPlace place;
    if (next < registers) {
      place = {floats ? In::kVector : In::kInteger, static_cast<std::uint16_t>(next++)};
    } else {
      place = {In::kStack, static_cast<std::uint16_t>(out.stack_words++)};
    }
    out.places.push_back(place);
  }
  return out;
}

std::uint64_t bits_of(char letter, std::uint64_t value) {
  switch (letter) {
    case 'V':
      return 0;
    case 'Z':
      return (value & 0xff) != 0 ? 1 : 0;
    case 'B':
      return static_cast<std::uint64_t>(static_cast<std::int8_t>(value));
    case 'C':
      return value & 0xffff;
    case 'S':
      return static_cast<std::uint64_t>(static_cast<std::int16_t>(value));
    case 'I':
      return static_cast<std::uint64_t>(static_cast<std::int32_t>(value));
    case 'F':
      return value & 0xffffffff;
    default:
      return value;
  }
}

}  // namespace dl::jvmti
