// SPDX-License-Identifier: Apache-2.0
// What holds for every model format's probe and reader, whatever the bytes are.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include "daylight/format/model/model_graph.h"
#include "daylight/format/probe/model_probe.h"

namespace dl::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

inline void check_graph(const ModelGraph& graph) {
  require(graph.operators.size() <= kMaxGraphOperators);
  require(graph.inputs.size() <= kMaxGraphBorders);
  require(graph.outputs.size() <= kMaxGraphBorders);
  require(graph.labels.size() <= kMaxGraphLabels);
  require(graph.graph_hash.empty() || graph.graph_hash.size() == 64);
  require(graph.weights_hash.empty() || graph.weights_hash.size() == 64);
}

// Probes the formats and reads what they take; the same bytes give the same answer twice.
inline int check_formats(const std::uint8_t* data, std::size_t size,
                         std::initializer_list<std::string_view> ids) {
  const ByteSpan bytes{data, size};
  for (const std::string_view id : ids) {
    require(model_format(id) != nullptr);
    // A format that has two encodings has a row for each.
    for (const ModelFormat& format : model_formats()) {
      if (format.id != id) continue;
      const auto probe = format.probe(bytes);
      if (!probe) continue;
      require(probe->format == id && probe->size > 0 && probe->size <= size);
      if (format.describe == nullptr) continue;
      const ModelGraph graph = format.describe(bytes, *probe);
      check_graph(graph);
      require(format.describe(bytes, *probe).graph_hash == graph.graph_hash);
    }
  }
  return 0;
}

}  // namespace dl::fuzz
