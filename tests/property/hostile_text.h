// SPDX-License-Identifier: Apache-2.0
// Draws text as strangers write it: what separates, quotes, hides or breaks is likelier than
// letters.
#pragma once

#include <rapidcheck.h>

#include <numeric>
#include <string>
#include <vector>

namespace dl::testing {

// Well-formed UTF-8 that is awkward in CSV, JSON or on a terminal. No zero byte.
inline rc::Gen<std::string> awkward_text() {
  const auto piece = rc::gen::element<std::string>(
      "a", "Z", "7", " ", ",", "\"", "\"\"", "\n", "\r\n", "\t", ";", "'", "\\", "{", "]", "-", "+",
      "=", "\x1b[31m", "\x7f", "\xc3\xab", "\xe2\x80\xae", "\xef\xbb\xbf", "\xe2\x80\x93",
      "\xf0\x9f\x98\x80", "null", "1e9", "\xc2\x85", "\xe2\x80\xa8");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        return std::accumulate(pieces.begin(), pieces.end(), std::string());
                      });
}

// Any bytes, often UTF-8 that is damaged.
inline rc::Gen<std::string> hostile_bytes() {
  const auto damaged =
      rc::gen::map(rc::gen::pair(awkward_text(), rc::gen::arbitrary<std::string>()),
                   [](const std::pair<std::string, std::string>& parts) {
                     const auto half = parts.first.size() / 2;
                     return parts.first.substr(0, half) + parts.second + parts.first.substr(half);
                   });
  return rc::gen::oneOf(rc::gen::arbitrary<std::string>(), awkward_text(), damaged);
}

// What a name looks like: never empty, nothing that is made printable on its way out.
inline rc::Gen<std::string> plain_name() {
  const auto letter = rc::gen::element('a', 'b', 'Z', '0', '9', '_', '-', '.', '/', ' ', ',', '"');
  return rc::gen::nonEmpty(rc::gen::container<std::string>(letter));
}

}  // namespace dl::testing
