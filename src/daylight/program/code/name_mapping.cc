// SPDX-License-Identifier: Apache-2.0
// Reading of mapping files, and the way back from obfuscated names.
#include "daylight/program/code/name_mapping.h"

#include <algorithm>
#include <optional>

#include "daylight/base/text.h"

namespace dl::program {
namespace {

constexpr std::string_view kArrow = " -> ";
constexpr std::size_t kMaxArrayDimensions = 255;

struct Primitive {
  std::string_view name;
  char descriptor;
};
constexpr Primitive kPrimitives[] = {{"void", 'V'}, {"boolean", 'Z'}, {"byte", 'B'},
                                     {"char", 'C'}, {"short", 'S'},   {"int", 'I'},
                                     {"long", 'J'}, {"float", 'F'},   {"double", 'D'}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "12:34:rest" -> "12:34" and moves `text` behind it; "" where no range stands there.
std::string take_range(std::string_view& text) {
  std::size_t at = 0;
  int colons = 0;
  while (at < text.size() && (is_digit(text[at]) || text[at] == ':')) {
    if (text[at] == ':') ++colons;
    ++at;
  }
  if (at == 0 || colons == 0 || text[at - 1] != ':') return "";
  std::string range(text.substr(0, at - 1));
  text.remove_prefix(at);
  return range;
}

// "(int,java.lang.String)" -> "(ILjava/lang/String;)"; nothing for text that is none.
std::optional<std::string> parameter_descriptor(std::string_view list) {
  std::string out = "(";
  std::size_t count = 0;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string type = type_descriptor(trim(list.substr(0, comma)));
    if (type.empty() || ++count > kMaxMappedParameters) return std::nullopt;
    out += type;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return out + ")";
}

}  // namespace

std::string type_descriptor(std::string_view java_name) {
  std::string prefix;
  while (java_name.ends_with("[]") && prefix.size() < kMaxArrayDimensions) {
    java_name.remove_suffix(2);
    prefix += '[';
  }
  for (const Primitive& primitive : kPrimitives) {
    if (java_name == primitive.name) return prefix + primitive.descriptor;
  }
  if (java_name.empty() || java_name.find_first_of(" ()[];,:/<>") != std::string_view::npos)
    return "";
  std::string out = prefix + "L" + std::string(java_name) + ";";
  std::replace(out.begin(), out.end(), '.', '/');
  return out;
}

// Reads line by line; `current` is the class whose members follow.
struct NameMapping::Parser {
  NameMapping& out;
  const std::string& where;
  Class* current = nullptr;
  std::size_t number = 0;
  bool any_class = false;  // told or read

  void bad_line(const char* why) {
    out.gaps_.add(where + ":" + std::to_string(number), std::string("line left out: ") + why);
  }

  void read_class(std::string_view line) {
    current = nullptr;
    any_class = true;
    const std::size_t arrow = line.find(kArrow);
    if (arrow == std::string_view::npos || !line.ends_with(":")) {
      bad_line("no class, field or method");
      return;
    }
    const std::string original = type_descriptor(line.substr(0, arrow));
    const std::string_view target = line.substr(arrow + kArrow.size());
    const std::string obfuscated = type_descriptor(target.substr(0, target.size() - 1));
    if (original.size() < 3 || obfuscated.size() < 3 || original[0] != 'L') {
      bad_line("no name of a class");
      return;
    }
    if (out.classes_.size() >= kMaxMappedClasses) {
      bad_line("more classes than are read");
      return;
    }
    // The first one wins, as the first definition of a class does.
    const auto [found, is_new] = out.classes_.try_emplace(obfuscated);
    if (!is_new) {
      bad_line("a second class of this name");
      return;
    }
    found->second.original = original;
    current = &found->second;
  }

  void read_method(std::string_view left, std::string_view obfuscated, std::string range) {
    const std::size_t open = left.find('(');
    const std::size_t close = left.find(')', open);
    const std::size_t space = left.find(' ');
    if (close == std::string_view::npos || space == std::string_view::npos || space > open) {
      bad_line("no method");
      return;
    }
    const std::string result = type_descriptor(left.substr(0, space));
    const auto parameters = parameter_descriptor(left.substr(open + 1, close - open - 1));
    const std::string_view name = trim(left.substr(space + 1, open - space - 1));
    if (result.empty() || !parameters || name.empty() || name.find(' ') != std::string_view::npos) {
      bad_line("no method");
      return;
    }
    Method method{std::string(obfuscated), std::string(name), *parameters + result,
                  std::move(range)};
    // Frames that were inlined share the range of the method that holds them, which is the last.
    if (!method.range.empty() && !current->methods.empty() &&
        current->methods.back().obfuscated == method.obfuscated &&
        current->methods.back().range == method.range) {
      current->methods.back() = std::move(method);
      return;
    }
    current->methods.push_back(std::move(method));
  }

  void read_member(std::string_view line) {
    if (current == nullptr) {
      // Members of a class that was left out are told by the class.
      if (!any_class) bad_line("a member before any class");
      return;
    }
    const std::size_t arrow = line.rfind(kArrow);
    if (arrow == std::string_view::npos) {
      bad_line("no member");
      return;
    }
    std::string_view left = trim(line.substr(0, arrow));
    const std::string_view obfuscated = trim(line.substr(arrow + kArrow.size()));
    if (obfuscated.empty() || out.members_ >= kMaxMappedMembers) {
      bad_line(obfuscated.empty() ? "no member" : "more members than are read");
      return;
    }
    ++out.members_;
    std::string range = take_range(left);
    if (left.find('(') != std::string_view::npos) {
      read_method(left, obfuscated, std::move(range));
      return;
    }
    const std::size_t space = left.find(' ');
    const std::string type = type_descriptor(left.substr(0, std::min(space, left.size())));
    if (space == std::string_view::npos || type.empty()) {
      bad_line("no member");
      return;
    }
    current->fields.push_back(
        {std::string(obfuscated), std::string(trim(left.substr(space + 1))), type});
  }

  void read_line(std::string_view line) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#') return;
    if (line.size() > kMaxMappingLine) {
      bad_line("too long");
    } else if (line.front() == ' ' || line.front() == '\t') {
      read_member(text);
    } else {
      read_class(text);
    }
  }
};

Result<NameMapping> NameMapping::parse(std::string_view text, const std::string& where) {
  if (text.size() > kMaxMappingBytes) {
    return fail(ErrorCode::kLimit, "is larger than any mapping file that is read", where);
  }
  NameMapping out;
  Parser parser{out, where};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    parser.read_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (out.classes_.empty()) {
    return fail(ErrorCode::kInvalidArgument, "names no class: it is no mapping file", where,
                "give the mapping.txt that the build of this app wrote");
  }
  return out;
}

std::string NameMapping::original_class(std::string_view descriptor) const {
  const std::size_t arrays = std::min(descriptor.find_first_not_of('['), descriptor.size());
  const auto found = classes_.find(std::string(descriptor.substr(arrays)));
  if (found == classes_.end()) return "";
  return std::string(descriptor.substr(0, arrays)) + found->second.original;
}

std::string NameMapping::original_descriptor(std::string_view descriptor) const {
  std::string out;
  while (!descriptor.empty()) {
    const std::size_t end =
        descriptor.front() == 'L' ? descriptor.find(';') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += descriptor.front();
      descriptor.remove_prefix(1);
      continue;
    }
    const std::string_view type = descriptor.substr(0, end + 1);
    const std::string original = original_class(type);
    out += original.empty() ? std::string(type) : original;
    descriptor.remove_prefix(end + 1);
  }
  return out;
}

std::string NameMapping::original_method(std::string_view owner, std::string_view name,
                                         std::string_view descriptor) const {
  const auto found = classes_.find(std::string(owner));
  if (found == classes_.end()) return "";
  const std::string wanted = original_descriptor(descriptor);
  const Method* match = nullptr;
  for (const Method& method : found->second.methods) {
    if (method.obfuscated != name || method.descriptor != wanted) continue;
    if (match != nullptr && match->name != method.name) return "";
    match = &method;
  }
  return match == nullptr ? "" : match->name + match->descriptor;
}

std::string NameMapping::original_method_text(std::string_view method) const {
  const std::size_t arrow = method.find("->");
  const std::size_t open = method.find('(', std::min(arrow, method.size()));
  if (arrow == std::string_view::npos || open == std::string_view::npos) return "";
  const std::string_view owner = method.substr(0, arrow);
  const std::string_view name = method.substr(arrow + 2, open - arrow - 2);
  const std::string_view descriptor = method.substr(open);
  const std::string original_owner = original_class(owner);
  std::string rest = original_method(owner, name, descriptor);
  if (rest.empty()) rest = std::string(name) + original_descriptor(descriptor);
  const std::string text =
      (original_owner.empty() ? std::string(owner) : original_owner) + "->" + rest;
  return text == method && original_owner.empty() ? "" : text;
}

std::string NameMapping::original_field(std::string_view owner, std::string_view name,
                                        std::string_view type) const {
  const auto found = classes_.find(std::string(owner));
  if (found == classes_.end()) return "";
  const std::string wanted = original_descriptor(type);
  for (const Field& field : found->second.fields) {
    if (field.obfuscated == name && field.type == wanted) return field.name;
  }
  return "";
}

}  // namespace dl::program
