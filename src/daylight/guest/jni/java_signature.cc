// SPDX-License-Identifier: Apache-2.0
// Types of parameters and results out of a method's descriptor.
#include <cstring>

#include "daylight/guest/jni/java_world.h"

namespace dl::guest {

std::optional<JavaSignature> parse_signature(std::string_view descriptor) {
  JavaSignature out;
  if (descriptor.empty() || descriptor.front() != '(') return std::nullopt;
  std::size_t at = 1;
  const auto skip_type = [&]() -> std::optional<char> {
    const std::size_t begin = at;
    while (at < descriptor.size() && descriptor[at] == '[') ++at;
    if (at >= descriptor.size()) return std::nullopt;
    const char first = descriptor[at];
    if (first == 'L') {
      const std::size_t end = descriptor.find(';', at);
      if (end == std::string_view::npos) return std::nullopt;
      at = end + 1;
      return 'L';
    }
    if (std::strchr("ZBCSIJFDV", first) == nullptr) return std::nullopt;
    ++at;
    return descriptor[begin] == '[' ? 'L' : first;
  };
  while (at < descriptor.size() && descriptor[at] != ')') {
    const auto type = skip_type();
    if (!type || *type == 'V' || out.parameters.size() >= 255) return std::nullopt;
    out.parameters += *type;
  }
  if (at >= descriptor.size()) return std::nullopt;
  ++at;
  const std::size_t begin = at;
  const auto result = skip_type();
  if (!result || at != descriptor.size()) return std::nullopt;
  out.result = *result;
  out.result_type = std::string(descriptor.substr(begin));
  return out;
}

}  // namespace dl::guest
