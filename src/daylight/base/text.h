// SPDX-License-Identifier: Apache-2.0
// Text from strangers: made safe to print, split, trimmed, and turned into numbers without
// exceptions or locales.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

// One printable line: control characters, bidirectional overrides and bytes that are not UTF-8
// become \xNN or \u{...}; what is longer than `limit` + 3 bytes is cut to at most `limit` and
// "...". Done twice it gives the same as once.
std::string printable(std::string_view text, std::size_t limit = 200);

// The same text; each byte that is part of no UTF-8 character becomes U+FFFD.
std::string valid_utf8(std::string_view text);

std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
// ASCII only.
std::string to_lower(std::string_view text);

// The whole text as a finite number ("C" locale), or nothing.
std::optional<double> parse_double(std::string_view text);
std::optional<long long> parse_integer(std::string_view text);

// The shortest text that reads back as the same double; "" for NaN.
std::string format_double(double value);

}  // namespace dl
