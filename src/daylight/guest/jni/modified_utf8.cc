// SPDX-License-Identifier: Apache-2.0
// Source: Java Native Interface Specification, chapter 3, "Modified UTF-8 Strings".
#include "daylight/guest/jni/modified_utf8.h"

#include <cstdint>

namespace dl::guest {

std::u16string from_modified_utf8(std::string_view bytes) {
  std::u16string out;
  const auto at = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<std::uint8_t>(bytes[i]) : std::uint8_t{0};
  };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xc0U) == 0x80U; };
  for (std::size_t i = 0; i < bytes.size();) {
    const std::uint8_t first = at(i);
    if (first < 0x80) {
      out.push_back(first);
      ++i;
    } else if ((first & 0xe0U) == 0xc0U && follows(i + 1)) {
      out.push_back(static_cast<char16_t>(((first & 0x1fU) << 6U) | (at(i + 1) & 0x3fU)));
      i += 2;
    } else if ((first & 0xf0U) == 0xe0U && follows(i + 1) && follows(i + 2)) {
      out.push_back(static_cast<char16_t>(((first & 0x0fU) << 12U) | ((at(i + 1) & 0x3fU) << 6U) |
                                          (at(i + 2) & 0x3fU)));
      i += 3;
    } else if ((first & 0xf8U) == 0xf0U && follows(i + 1) && follows(i + 2) && follows(i + 3)) {
      // Ordinary UTF-8, which Android accepts too.
      const std::uint32_t point = ((first & 7U) << 18U) | ((at(i + 1) & 0x3fU) << 12U) |
                                  ((at(i + 2) & 0x3fU) << 6U) | (at(i + 3) & 0x3fU);
      if (point >= 0x10000 && point < 0x110000) {
        out.push_back(static_cast<char16_t>(0xd800U + ((point - 0x10000) >> 10U)));
        out.push_back(static_cast<char16_t>(0xdc00U + ((point - 0x10000) & 0x3ffU)));
      } else {
        out.push_back(u'\ufffd');
      }
      i += 4;
    } else {
      out.push_back(u'\ufffd');
      ++i;
    }
  }
  return out;
}

std::string to_modified_utf8(std::u16string_view units) {
  std::string out;
  for (const char16_t unit : units) {
    const std::uint32_t value = unit;
    if (value != 0 && value < 0x80) {
      out.push_back(static_cast<char>(value));
    } else if (value < 0x800) {
      out.push_back(static_cast<char>(0xc0U | (value >> 6U)));
      out.push_back(static_cast<char>(0x80U | (value & 0x3fU)));
    } else {
      out.push_back(static_cast<char>(0xe0U | (value >> 12U)));
      out.push_back(static_cast<char>(0x80U | ((value >> 6U) & 0x3fU)));
      out.push_back(static_cast<char>(0x80U | (value & 0x3fU)));
    }
  }
  return out;
}

}  // namespace dl::guest
