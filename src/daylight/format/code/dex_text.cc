// SPDX-License-Identifier: Apache-2.0
// DEX references and instructions as text, for evidence and for people.
#include <cstdio>

#include "daylight/format/code/dex.h"

namespace dl {
namespace {

std::string hex4(std::uint32_t value) {
  char text[16];
  std::snprintf(text, sizeof(text), "%04x", value);
  return text;
}

std::string_view primitive_name(char letter) {
  switch (letter) {
    case 'V':
      return "void";
    case 'Z':
      return "boolean";
    case 'B':
      return "byte";
    case 'S':
      return "short";
    case 'C':
      return "char";
    case 'I':
      return "int";
    case 'J':
      return "long";
    case 'F':
      return "float";
    case 'D':
      return "double";
    default:
      return {};
  }
}

std::string reference_text(const DexFile& dex, DexIndexKind kind, std::uint32_t index) {
  switch (kind) {
    case DexIndexKind::kString:
      return "\"" + std::string(dex.string(index)) + "\"";
    case DexIndexKind::kType:
      return std::string(dex.type_descriptor(index));
    case DexIndexKind::kField:
      return dex.field_text(index);
    case DexIndexKind::kMethod:
      return dex.method_text(index);
    case DexIndexKind::kProto:
      return dex.proto_text(index);
    case DexIndexKind::kCallSite:
      return "call_site_" + std::to_string(index);
    case DexIndexKind::kMethodHandle:
      return "method_handle_" + std::to_string(index);
    case DexIndexKind::kNone:
      break;
  }
  return {};
}

std::string argument_text(const DexInstruction& instruction) {
  const std::uint32_t count = instruction.argument_count;
  if (instruction.is_range()) {
    if (count == 0) return "{}";
    const std::string first = "{v" + std::to_string(instruction.c);
    return count == 1 ? first + "}"
                      : first + " .. v" + std::to_string(instruction.c + count - 1) + "}";
  }
  std::string text = "{";
  for (std::uint32_t i = 0; i < count; ++i) {
    text += (i == 0 ? "v" : ", v") + std::to_string(instruction.argument(i));
  }
  return text + "}";
}

// The operands in the order in which smali writes them.
std::string operand_text(const DexFile& dex, const DexInstruction& in) {
  const auto reg = [](std::uint32_t v) { return "v" + std::to_string(v); };
  const auto literal = [&] { return "#" + std::to_string(in.literal); };
  const auto target = [&] {
    return in.target == kDexNoPc ? std::string("outside") : hex4(in.target);
  };
  const auto reference = [&] { return reference_text(dex, in.info().index_kind, in.index); };
  switch (in.format) {
    case DexFormat::k10x:
    case DexFormat::kUnused:
    case DexFormat::kPayload:
      return {};
    case DexFormat::k12x:
    case DexFormat::k22x:
    case DexFormat::k32x:
      return reg(in.a) + ", " + reg(in.b);
    case DexFormat::k11n:
    case DexFormat::k21s:
    case DexFormat::k21h:
    case DexFormat::k31i:
    case DexFormat::k51l:
      return reg(in.a) + ", " + literal();
    case DexFormat::k11x:
      return reg(in.a);
    case DexFormat::k10t:
    case DexFormat::k20t:
    case DexFormat::k30t:
      return target();
    case DexFormat::k21t:
    case DexFormat::k31t:
      return reg(in.a) + ", " + target();
    case DexFormat::k21c:
    case DexFormat::k31c:
      return reg(in.a) + ", " + reference();
    case DexFormat::k23x:
      return reg(in.a) + ", " + reg(in.b) + ", " + reg(in.c);
    case DexFormat::k22b:
    case DexFormat::k22s:
      return reg(in.a) + ", " + reg(in.b) + ", " + literal();
    case DexFormat::k22t:
      return reg(in.a) + ", " + reg(in.b) + ", " + target();
    case DexFormat::k22c:
      return reg(in.a) + ", " + reg(in.b) + ", " + reference();
    case DexFormat::k35c:
    case DexFormat::k3rc:
      return argument_text(in) + ", " + reference();
    case DexFormat::k45cc:
    case DexFormat::k4rcc:
      return argument_text(in) + ", " + reference() + ", " + dex.proto_text(in.proto_index);
  }
  return {};
}

}  // namespace

std::string DexFile::proto_text(std::uint32_t proto_index) const {
  const DexProto signature = proto(proto_index);
  std::string text = "(";
  for (std::uint32_t i = 0; i < signature.parameters.size(); ++i)
    text += type_descriptor(signature.parameters[i]);
  text += ")";
  text += type_descriptor(signature.return_type);
  return text;
}

std::string DexFile::method_descriptor(std::uint32_t method_index) const {
  return proto_text(method(method_index).proto);
}

std::string DexFile::method_text(std::uint32_t method_index) const {
  std::string text(method_owner(method_index));
  text += "->";
  text += method_name(method_index);
  return text + method_descriptor(method_index);
}

std::string DexFile::field_text(std::uint32_t field_index) const {
  const DexFieldId id = field(field_index);
  std::string text(type_descriptor(id.owner));
  text += "->";
  text += string(id.name);
  text += ":";
  text += type_descriptor(id.type);
  return text;
}

std::string dotted_class_name(std::string_view descriptor) {
  std::size_t dimensions = 0;
  while (dimensions < descriptor.size() && descriptor[dimensions] == '[') ++dimensions;
  const std::string_view element = descriptor.substr(dimensions);
  std::string name;
  if (element.size() > 2 && element.front() == 'L' && element.back() == ';') {
    name = element.substr(1, element.size() - 2);
    for (char& c : name) {
      if (c == '/') c = '.';
    }
  } else if (element.size() == 1 && !primitive_name(element.front()).empty()) {
    name = primitive_name(element.front());
  } else {
    return std::string(descriptor);
  }
  for (std::size_t i = 0; i < dimensions; ++i) name += "[]";
  return name;
}

std::string dex_instruction_text(const DexFile& dex, const DexInstruction& instruction) {
  if (instruction.is_payload()) return "payload of " + std::to_string(instruction.size) + " units";
  const std::string operands = operand_text(dex, instruction);
  std::string text(instruction.info().name);
  return operands.empty() ? text : text + " " + operands;
}

}  // namespace dl
