// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as selectors, one a line; what is read survives being written.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daylight/artifact/selector.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto rule = dl::parse_capture_rule(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (!rule) continue;
    const std::string written = dl::print_capture_rule(*rule);
    // Escapes may make a name longer than may be read.
    if (written.size() > dl::kMaxPatternBytes) continue;
    const auto again = dl::parse_capture_rule(written);
    if (!again || *again != *rule || dl::print_capture_rule(*again) != written) std::abort();
  }
  return 0;
}
