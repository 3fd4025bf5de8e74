// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes by every row of formats that are FlatBuffers, and checks what all rows
// promise.
#include <cstdint>
#include <cstdlib>

#include "daylight/format/probe/model_probe.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes{data, size};
  for (const dl::ModelFormat& format : dl::flatbuffer_model_formats()) {
    const auto probe = format.probe(bytes);
    if (!probe) continue;
    require(probe->format == format.id && probe->size <= size && probe->size > 0);
    if (format.describe == nullptr) continue;
    const dl::ModelGraph graph = format.describe(bytes, *probe);
    require(graph.inputs.size() <= dl::kMaxGraphBorders);
    require(graph.outputs.size() <= dl::kMaxGraphBorders);
    require(graph.operators.size() <= dl::kMaxGraphOperators);
    require(graph.graph_hash.empty() || graph.graph_hash.size() == 64);
    require(graph.graph_hash == format.describe(bytes, *probe).graph_hash);
  }
  return 0;
}
