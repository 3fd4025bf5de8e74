// SPDX-License-Identifier: Apache-2.0
// Reads directives one by one; numbers are printed by this machine's own printf.
#include "daylight/guest/libc/text_format.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>
#include <vector>

namespace dl::guest {
namespace {

enum class Length { kNone, kChar, kShort, kLong, kLongDouble };

struct Directive {
  std::string flags;
  std::optional<int> width;
  std::optional<int> precision;
  Length length = Length::kNone;
  char conversion = 0;
};

class Formatter {
 public:
  Formatter(CallFrame& frame, ArgumentSource& arguments, int error)
      : frame_(frame), arguments_(arguments), error_(error) {}

  std::string run(std::string_view format) {
    std::size_t at = 0;
    while (at < format.size() && out_.size() < kMaxFormatted && frame_.refusal().empty()) {
      const std::size_t percent = std::min(format.find('%', at), format.size());
      out_.append(format.substr(at, percent - at));
      at = percent;
      if (at >= format.size()) break;
      ++at;
      if (at < format.size() && format[at] == '%') {
        out_ += '%';
        ++at;
        continue;
      }
      const auto directive = read(format, at);
      if (!directive) break;
      print(*directive);
    }
    return std::move(out_);
  }

 private:
  std::optional<int> number(std::string_view format, std::size_t& at) {
    if (at < format.size() && format[at] == '*') {
      ++at;
      return std::clamp(static_cast<int>(arguments_.next_integer()), -kMaxFieldWidth,
                        kMaxFieldWidth);
    }
    std::optional<int> out;
    while (at < format.size() && format[at] >= '0' && format[at] <= '9') {
      out = std::min(out.value_or(0) * 10 + (format[at] - '0'), kMaxFieldWidth);
      ++at;
    }
    return out;
  }

  std::optional<Directive> read(std::string_view format, std::size_t& at) {
    Directive out;
    while (at < format.size() && std::strchr("-+ #0'", format[at]) != nullptr)
      out.flags += format[at++];
    out.width = number(format, at);
    if (out.width && *out.width < 0) {
      out.flags += '-';
      out.width = -*out.width;
    }
    if (at < format.size() && format[at] == '.') {
      ++at;
      out.precision = number(format, at).value_or(0);
      if (*out.precision < 0) out.precision.reset();
    }
    while (at < format.size() && std::strchr("hljztqL", format[at]) != nullptr) {
      const char c = format[at++];
      if (c == 'h') {
        out.length = out.length == Length::kShort ? Length::kChar : Length::kShort;
      } else {
        out.length = c == 'L' ? Length::kLongDouble : Length::kLong;
      }
    }
    if (at >= format.size()) return std::nullopt;
    out.conversion = format[at++];
    return out;
  }

  // "%" flags width precision `length` conversion.
  static std::string native(const Directive& directive, const char* length) {
    std::string out = "%" + directive.flags;
    if (directive.width) out += std::to_string(*directive.width);
    if (directive.precision) out += "." + std::to_string(*directive.precision);
    return out + length + directive.conversion;
  }

  template <typename T>
  void put(const std::string& format, T value) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    const int size = std::snprintf(nullptr, 0, format.c_str(), value);
    if (size < 0) return;
    std::string text(static_cast<std::size_t>(size) + 1, '\0');
    std::snprintf(text.data(), text.size(), format.c_str(), value);
#pragma GCC diagnostic pop
    text.pop_back();
    out_ += text;
  }

  void pad(const Directive& directive, std::string_view text) {
    const auto width = static_cast<std::size_t>(directive.width.value_or(0));
    const std::size_t fill = width > text.size() ? width - text.size() : 0;
    const bool left = directive.flags.find('-') != std::string::npos;
    if (!left) out_.append(fill, ' ');
    out_.append(text);
    if (left) out_.append(fill, ' ');
  }

  void put_integer(const Directive& directive) {
    const std::uint64_t raw = arguments_.next_integer();
    const bool is_signed = directive.conversion == 'd' || directive.conversion == 'i';
    if (is_signed) {
      auto value = static_cast<long long>(static_cast<std::int32_t>(raw));
      if (directive.length == Length::kLong) value = static_cast<long long>(raw);
      if (directive.length == Length::kShort) value = static_cast<std::int16_t>(raw);
      // The lowest byte, with its sign.
      if (directive.length == Length::kChar) value = static_cast<long long>(raw << 56U) >> 56U;
      put(native(directive, "ll"), value);
      return;
    }
    auto value = static_cast<unsigned long long>(static_cast<std::uint32_t>(raw));
    if (directive.length == Length::kLong) value = raw;
    if (directive.length == Length::kShort) value = static_cast<std::uint16_t>(raw);
    if (directive.length == Length::kChar) value = static_cast<std::uint8_t>(raw);
    put(native(directive, "ll"), value);
  }

  void put_text(const Directive& directive) {
    const std::uint64_t address = arguments_.next_integer();
    if (address == 0) {
      pad(directive, std::string_view("(null)").substr(
                         0, static_cast<std::size_t>(directive.precision.value_or(6))));
      return;
    }
    if (directive.length == Length::kLong) {
      put_wide(directive, address);
      return;
    }
    // With a precision the text need not end.
    if (directive.precision) {
      const auto most = static_cast<std::uint64_t>(*directive.precision);
      std::uint64_t size = 0;
      while (size < most && (frame_.arena().access_at(address + size) & kPageRead) != 0 &&
             *reinterpret_cast<const char*>(address + size) != '\0')
        ++size;
      pad(directive, {reinterpret_cast<const char*>(address), size});
      return;
    }
    const auto text = frame_.arena().text(address, kMaxFormatted);
    if (!text) {
      frame_.refuse("a text to be printed is not readable");
      return;
    }
    pad(directive, *text);
  }

  // Code points of 32 bits, as wchar_t is on Android.
  void put_wide(const Directive& directive, std::uint64_t address) {
    std::string text;
    const auto most = static_cast<std::size_t>(directive.precision.value_or(kMaxFieldWidth));
    for (std::size_t i = 0; text.size() < most; ++i) {
      const auto bytes = frame_.arena().bytes(address + 4 * i, 4);
      if (!bytes) {
        frame_.refuse("a text to be printed is not readable");
        return;
      }
      std::uint32_t unit = 0;
      std::memcpy(&unit, bytes->data(), 4);
      if (unit == 0) break;
      append_utf8(unit, text);
    }
    pad(directive, text);
  }

  static void append_utf8(std::uint32_t point, std::string& out) {
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x800) {
      out += static_cast<char>(0xc0U | (point >> 6U));
      out += static_cast<char>(0x80U | (point & 0x3fU));
    } else if (point < 0x10000) {
      out += static_cast<char>(0xe0U | (point >> 12U));
      out += static_cast<char>(0x80U | ((point >> 6U) & 0x3fU));
      out += static_cast<char>(0x80U | (point & 0x3fU));
    } else {
      out += static_cast<char>(0xf0U | ((point >> 18U) & 7U));
      out += static_cast<char>(0x80U | ((point >> 12U) & 0x3fU));
      out += static_cast<char>(0x80U | ((point >> 6U) & 0x3fU));
      out += static_cast<char>(0x80U | (point & 0x3fU));
    }
  }

  void print(const Directive& directive) {
    switch (directive.conversion) {
      case 'd':
      case 'i':
      case 'u':
      case 'o':
      case 'x':
      case 'X':
        put_integer(directive);
        return;
      case 'c': {
        const auto unit = static_cast<std::uint32_t>(arguments_.next_integer());
        std::string text;
        if (directive.length == Length::kLong) {
          append_utf8(unit, text);
        } else {
          text += static_cast<char>(unit);
        }
        pad(directive, text);
        return;
      }
      case 's':
        put_text(directive);
        return;
      case 'p': {
        Directive hex = directive;
        hex.conversion = 'x';
        hex.flags += '#';
        const std::uint64_t value = arguments_.next_integer();
        if (value == 0) {
          pad(directive, "0x0");
        } else {
          put(native(hex, "ll"), static_cast<unsigned long long>(value));
        }
        return;
      }
      case 'a':
      case 'A':
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (directive.length == Length::kLongDouble) {
          put(native(directive, "L"), arguments_.next_long_double());
        } else {
          put(native(directive, ""), arguments_.next_double());
        }
        return;
      case 'm':
        pad(directive, std::strerror(error_));
        return;
      case 'n':
        frame_.refuse("%n is not allowed");
        return;
      default:
        out_ += '%';
        out_ += directive.conversion;
    }
  }

  CallFrame& frame_;
  ArgumentSource& arguments_;
  int error_;
  std::string out_;
};

}  // namespace

std::string format_text(CallFrame& frame, std::string_view format, ArgumentSource& arguments,
                        int error) {
  return Formatter(frame, arguments, error).run(format);
}

}  // namespace dl::guest
