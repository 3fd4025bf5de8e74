// SPDX-License-Identifier: Apache-2.0
// What holds for every model format's probe and reader, whatever the bytes are.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <span>
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

// One format: it takes what it is, and the same bytes give the same answer twice.
inline void check_format(ByteSpan bytes, const ModelFormat& format) {
  const auto probe = format.probe(bytes);
  if (!probe) return;
  require(probe->format == format.id && probe->size > 0 && probe->size <= bytes.size());
  if (format.describe == nullptr) return;
  const ModelGraph graph = format.describe(bytes, *probe);
  check_graph(graph);
  require(format.describe(bytes, *probe).graph_hash == graph.graph_hash);
}

// A family's rows of the table.
inline void check_formats(ByteSpan bytes, std::span<const ModelFormat> formats) {
  for (const ModelFormat& format : formats) check_format(bytes, format);
}

inline int check_formats(const std::uint8_t* data, std::size_t size,
                         std::initializer_list<std::string_view> ids) {
  for (const std::string_view id : ids) {
    const ModelFormat* const format = model_format(id);
    require(format != nullptr);
    check_format({data, size}, *format);
  }
  return 0;
}

}  // namespace dl::fuzz
