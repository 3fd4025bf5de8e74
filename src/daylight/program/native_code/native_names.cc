// SPDX-License-Identifier: Apache-2.0
// Reads mangled names as far as they consist of plain identifiers.
#include "daylight/program/native_code/native_names.h"

namespace dl::program {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The length of "<digits><name>" at the start of `text`; 0 if there is none. `name` becomes the
// name.
std::size_t source_name(std::string_view text, std::string_view& name) {
  std::size_t digits = 0;
  std::size_t length = 0;
  while (digits < text.size() && digits < 4 && is_digit(text[digits])) {
    length = length * 10 + static_cast<std::size_t>(text[digits] - '0');
    ++digits;
  }
  if (digits == 0 || length == 0 || length > text.size() - digits) return 0;
  name = text.substr(digits, length);
  return digits + length;
}

// Reads "St"? and identifiers up to an "E" from the front of `text`, which moves behind it. "" if
// anything else stands there.
std::string nested_name(std::string_view& text) {
  std::string out;
  if (text.starts_with("St")) {
    out = "std";
    text.remove_prefix(2);
  }
  std::string_view name;
  while (!text.empty() && text.front() != 'E') {
    const std::size_t size = source_name(text, name);
    if (size == 0) return {};
    if (!out.empty()) out += "::";
    out += name == "_GLOBAL__N_1" ? std::string_view("(anonymous)") : name;
    text.remove_prefix(size);
  }
  if (text.empty()) return {};
  text.remove_prefix(1);
  return out;
}

}  // namespace

std::string class_name_of_rtti(std::string_view mangled) {
  std::string_view rest = mangled;
  if (rest.empty() || rest.front() != 'N') {
    std::string_view name;
    return !rest.empty() && source_name(rest, name) == rest.size() ? std::string(name)
                                                                   : std::string(mangled);
  }
  rest.remove_prefix(1);
  std::string out = nested_name(rest);
  return out.empty() || !rest.empty() ? std::string(mangled) : out;
}

std::string readable_symbol(std::string_view symbol) {
  if (!symbol.starts_with("_Z")) return std::string(symbol);
  std::string_view rest = symbol.substr(2);
  std::string_view name;
  if (rest.starts_with('N')) {
    rest.remove_prefix(rest.starts_with("NK") ? 2 : 1);
    std::string out = nested_name(rest);
    return out.empty() ? std::string(symbol) : out;
  }
  if (rest.starts_with('L')) rest.remove_prefix(1);
  return source_name(rest, name) != 0 ? std::string(name) : std::string(symbol);
}

}  // namespace dl::program
