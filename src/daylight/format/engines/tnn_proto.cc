// SPDX-License-Identifier: Apache-2.0
// The order of the lines is that of TNN's model interpreter.
#include "daylight/format/engines/tnn_proto.h"

#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/encoding/text_lines.h"

namespace dl {
namespace {

// The fourth number of the first line, by version of the format; the first version has none.
constexpr long long kSecondVersion = 4206624770;
constexpr long long kThirdVersion = 4206624772;
constexpr long long kMaxLayers = 100000;

// The content of a line that is quoted and ends with a comma inside, or nothing.
std::optional<std::vector<std::string>> quoted_words(std::optional<std::string_view> line) {
  if (!line) return std::nullopt;
  std::string_view text = trim(*line);
  if (text.size() < 3 || text.front() != '"') return std::nullopt;
  const std::size_t end = text.rfind('"');
  if (end == 0) return std::nullopt;
  text = trim(text.substr(1, end - 1));
  if (!text.ends_with(',')) return std::nullopt;
  text.remove_suffix(1);
  std::vector<std::string> words;
  for (std::string& word : split(text, ' '))
    if (!trim(word).empty()) words.emplace_back(trim(word));
  return words;
}

// "Convolution conv1 1 1 in out ...": the stated blobs are there.
bool is_layer(const std::vector<std::string>& words) {
  if (words.size() < 4) return false;
  const auto inputs = parse_integer(words[2]);
  const auto outputs = parse_integer(words[3]);
  return inputs && outputs && *inputs >= 0 && *outputs > 0 && *inputs + *outputs < 4096 &&
         words.size() >= 4 + static_cast<std::size_t>(*inputs + *outputs) &&
         !parse_integer(words[0]);
}

}  // namespace

std::optional<ModelProbe> probe_tnn_proto(ByteSpan bytes) {
  if (bytes.empty() || bytes[0] != '"') return std::nullopt;
  TextLines lines(as_text(bytes));
  const auto header = quoted_words(lines.next());
  if (!header || header->size() < 3 || header->size() > 4 || !parse_integer((*header)[0]))
    return std::nullopt;
  const auto version = header->size() == 4 ? parse_integer((*header)[3]) : std::optional(0LL);
  if (!version || (*version != 0 && *version != kSecondVersion && *version != kThirdVersion))
    return std::nullopt;
  const auto inputs = quoted_words(lines.next());
  const auto blobs = quoted_words(lines.next());
  const auto outputs = quoted_words(lines.next());
  const auto count_line = quoted_words(lines.next());
  if (!inputs || inputs->empty() || !blobs || !outputs || outputs->empty() || !count_line ||
      count_line->size() != 1)
    return std::nullopt;
  const auto count = parse_integer((*count_line)[0]);
  if (!count || *count < 1 || *count > kMaxLayers) return std::nullopt;
  long long layers = 0;
  std::size_t size = lines.offset();
  while (layers < *count) {
    const auto words = quoted_words(lines.next());
    if (!words || !is_layer(*words)) break;
    ++layers;
    size = lines.offset();
  }
  if (layers == 0) return std::nullopt;
  ModelProbe probe{"tnn_proto", size, {}};
  if (layers < *count)
    probe.gaps.push_back({"layer " + std::to_string(layers), "its line cannot be read"});
  probe.facts = {{"inputs", join(*inputs, " ")},
                 {"outputs", join(*outputs, " ")},
                 {"layers", std::to_string(*count)},
                 {"version", *version == 0                ? "1"
                             : *version == kSecondVersion ? "2"
                                                          : "3"}};
  return probe;
}

}  // namespace dl
