// SPDX-License-Identifier: Apache-2.0
// Mangles Java names.
#include "daylight/program/native_code/jni_names.h"

#include <cstdint>

namespace dl::program {
namespace {

// The UTF-16 code unit at `at` of modified UTF-8, which has one to three bytes; `at` moves behind
// it.
std::uint32_t next_unit(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80; };
  const std::uint32_t first = byte(at);
  if ((first & 0xe0U) == 0xc0 && continues(at + 1)) {
    const std::uint32_t unit = (first & 0x1fU) << 6U | (byte(at + 1) & 0x3fU);
    at += 2;
    return unit;
  }
  if ((first & 0xf0U) == 0xe0 && continues(at + 1) && continues(at + 2)) {
    const std::uint32_t unit =
        (first & 0x0fU) << 12U | (byte(at + 1) & 0x3fU) << 6U | (byte(at + 2) & 0x3fU);
    at += 3;
    return unit;
  }
  ++at;
  return first;
}

bool is_plain(std::uint32_t unit) {
  return (unit >= '0' && unit <= '9') || (unit >= 'a' && unit <= 'z') ||
         (unit >= 'A' && unit <= 'Z');
}

void append_escaped(std::uint32_t unit, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "_0";
  for (unsigned shift = 16; shift != 0; shift -= 4) out += kDigits[(unit >> (shift - 4)) & 15U];
}

// "Lpkg/Class;" -> "pkg/Class".
std::string_view inner_name(std::string_view descriptor) {
  if (descriptor.size() >= 2 && descriptor.front() == 'L' && descriptor.back() == ';')
    return descriptor.substr(1, descriptor.size() - 2);
  return descriptor;
}

}  // namespace

std::string jni_mangled(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t unit = next_unit(text, at);
    switch (unit) {
      case '/':
        out += '_';
        break;
      case '_':
        out += "_1";
        break;
      case ';':
        out += "_2";
        break;
      case '[':
        out += "_3";
        break;
      default:
        if (is_plain(unit)) {
          out += static_cast<char>(unit);
        } else {
          append_escaped(unit, out);
        }
    }
  }
  return out;
}

std::string jni_short_name(std::string_view class_descriptor, std::string_view method) {
  return "Java_" + jni_mangled(inner_name(class_descriptor)) + "_" + jni_mangled(method);
}

std::string jni_long_name(std::string_view class_descriptor, std::string_view method,
                          std::string_view method_descriptor) {
  const std::size_t open = method_descriptor.find('(');
  const std::size_t close = method_descriptor.rfind(')');
  std::string_view parameters;
  if (open != std::string_view::npos && close != std::string_view::npos && close > open)
    parameters = method_descriptor.substr(open + 1, close - open - 1);
  return jni_short_name(class_descriptor, method) + "__" + jni_mangled(parameters);
}

}  // namespace dl::program
