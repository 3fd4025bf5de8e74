// SPDX-License-Identifier: Apache-2.0
// The table of model formats and the search for models inside other bytes.
#include "daylight/format/model_probe.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daylight/format/tflite.h"

namespace dl {
namespace {

std::optional<ModelProbe> probe_tflite(ByteSpan bytes) {
  if (!may_be_tflite(bytes)) return std::nullopt;
  auto model = read_tflite(bytes);
  if (!model) return std::nullopt;
  return ModelProbe{"tflite", model->size, std::move(model->gaps)};
}

constexpr std::array<ModelFormat, 1> kFormats = {{
    {"tflite", "TFL3", 4, probe_tflite},
}};

// The next offset at or behind `from` where the format's identifier stands in its place, or the end
// of the bytes.
std::uint64_t next_candidate(ByteSpan bytes, const ModelFormat& format, std::uint64_t from) {
  const std::size_t at = as_text(bytes).find(
      format.identifier, static_cast<std::size_t>(from + format.identifier_offset));
  return at == std::string_view::npos ? bytes.size() : at - format.identifier_offset;
}

}  // namespace

std::span<const ModelFormat> model_formats() { return kFormats; }

std::optional<ModelProbe> probe_model(ByteSpan bytes) {
  for (const ModelFormat& format : kFormats) {
    if (auto found = format.probe(bytes)) return found;
  }
  return std::nullopt;
}

EmbeddedModels find_models_inside(ByteSpan bytes) {
  EmbeddedModels out;
  for (const ModelFormat& format : kFormats) {
    if (format.identifier.empty()) continue;
    std::uint64_t offset = next_candidate(bytes, format, 0);
    while (offset < bytes.size() && out.complete) {
      auto found = format.probe(bytes.subspan(static_cast<std::size_t>(offset)));
      const std::uint64_t step = found ? std::max<std::uint64_t>(found->size, 1) : 1;
      if (found) out.models.push_back({offset, std::move(*found)});
      out.complete = out.models.size() < kMaxEmbeddedModels;
      offset = next_candidate(bytes, format, offset + step);
    }
  }
  const auto earlier = [](const EmbeddedModel& a, const EmbeddedModel& b) {
    return a.offset < b.offset;
  };
  std::stable_sort(out.models.begin(), out.models.end(), earlier);
  return out;
}

}  // namespace dl
