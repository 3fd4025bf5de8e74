// SPDX-License-Identifier: Apache-2.0
// Types and names between Java source and descriptors.
#include "daylight/capture/import/pretty_method.h"

#include <algorithm>
#include <array>

#include "daylight/artifact/selector.h"

namespace dl::capture {
namespace {

struct Primitive {
  std::string_view name;
  char descriptor;
  std::size_t bytes;
  std::string_view dtype;
};
constexpr std::array<Primitive, 9> kPrimitives = {{{"void", 'V', 0, ""},
                                                   {"boolean", 'Z', 1, "bool"},
                                                   {"byte", 'B', 1, "int8"},
                                                   {"char", 'C', 2, "uint16"},
                                                   {"short", 'S', 2, "int16"},
                                                   {"int", 'I', 4, "int32"},
                                                   {"long", 'J', 8, "int64"},
                                                   {"float", 'F', 4, "float32"},
                                                   {"double", 'D', 8, "float64"}}};
constexpr std::size_t kMaxDimensions = 255;

const Primitive* primitive(std::string_view name) {
  const auto found = std::find_if(kPrimitives.begin(), kPrimitives.end(),
                                  [&](const Primitive& each) { return each.name == name; });
  return found == kPrimitives.end() ? nullptr : &*found;
}

const Primitive* element_of(std::string_view type) {
  if (!type.ends_with("[]")) return nullptr;
  return primitive(type.substr(0, type.size() - 2));
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string descriptor_of_type(std::string_view type) {
  std::string out;
  while (type.ends_with("[]") && out.size() < kMaxDimensions) {
    out += '[';
    type.remove_suffix(2);
  }
  if (const Primitive* const found = primitive(type)) return out + found->descriptor;
  std::string name(type);
  std::replace(name.begin(), name.end(), '.', '/');
  return out + "L" + name + ";";
}

std::string type_of_descriptor(std::string_view descriptor) {
  std::string suffix;
  while (descriptor.starts_with('[') && suffix.size() < 2 * kMaxDimensions) {
    suffix += "[]";
    descriptor.remove_prefix(1);
  }
  if (descriptor.starts_with('L') && descriptor.ends_with(';')) {
    std::string name(descriptor.substr(1, descriptor.size() - 2));
    std::replace(name.begin(), name.end(), '/', '.');
    return name + suffix;
  }
  for (const Primitive& each : kPrimitives)
    if (descriptor.size() == 1 && descriptor[0] == each.descriptor)
      return std::string(each.name) + suffix;
  return std::string(descriptor) + suffix;
}

std::size_t element_bytes(std::string_view type) {
  const Primitive* const found = element_of(type);
  return found == nullptr ? 0 : found->bytes;
}

std::string dtype_of_array(std::string_view type) {
  const Primitive* const found = element_of(type);
  return found == nullptr ? "" : std::string(found->dtype);
}

std::string PrettyMethod::descriptor() const {
  std::string out = "(";
  for (const std::string& each : parameters) out += descriptor_of_type(each);
  return out + ")" + descriptor_of_type(result);
}

std::string PrettyMethod::selector(bool native) const {
  return print_selector(java_selector("L" + klass + ";", name, descriptor(), native));
}

std::optional<PrettyMethod> parse_pretty_method(std::string_view text) {
  text = trimmed(text);
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || !text.ends_with(')')) return std::nullopt;
  const std::string_view head = text.substr(0, open);
  const std::size_t space = head.rfind(' ');
  const std::size_t dot = head.rfind('.');
  if (space == std::string_view::npos || dot == std::string_view::npos || dot < space + 2 ||
      dot + 1 == head.size())
    return std::nullopt;
  PrettyMethod out;
  out.result = trimmed(head.substr(0, space));
  out.klass = head.substr(space + 1, dot - space - 1);
  std::replace(out.klass.begin(), out.klass.end(), '.', '/');
  out.name = head.substr(dot + 1);
  std::string_view rest = trimmed(text.substr(open + 1, text.size() - open - 2));
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    out.parameters.emplace_back(trimmed(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return out;
}

}  // namespace dl::capture
