// SPDX-License-Identifier: Apache-2.0
// Keys are those that LightGBM writes.
#include "daylight/format/classic/lightgbm.h"

#include <array>

#include "daylight/base/text.h"
#include "daylight/format/encoding/text_lines.h"

namespace dl {

std::optional<ModelProbe> probe_lightgbm(ByteSpan bytes) {
  const std::string_view text = as_text(bytes);
  if (!text.starts_with("tree\n") && !text.starts_with("tree\r\n")) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, const char*>, 5> kFacts = {
      {{"version", "version"},
       {"num_class", "classes"},
       {"objective", "objective"},
       {"feature_names", "features"},
       {"max_feature_idx", "last_feature"}}};
  ModelProbe probe{"lightgbm", 0, {}};
  TextLines lines(text);
  lines.next();
  std::size_t trees = 0;
  std::size_t header = 0;
  bool leaves = false;
  bool ended = false;
  while (const auto found = lines.next()) {
    const std::string_view line = trim(*found);
    probe.size = lines.offset();
    if (line.starts_with("pandas_categorical:")) break;
    ended |= line == "end of trees";
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    trees += key == "Tree" ? 1 : 0;
    leaves |= key == "leaf_value";
    if (trees != 0) continue;
    ++header;
    for (const auto& [name, fact] : kFacts)
      if (key == name) probe.facts.emplace_back(fact, line.substr(equals + 1, 4096));
  }
  if (header < 3 || trees == 0 || !leaves) return std::nullopt;
  probe.facts.emplace_back("trees", std::to_string(trees));
  if (!ended) probe.gaps.push_back({"trees", "the file ends before their end is stated"});
  return probe;
}

}  // namespace dl
