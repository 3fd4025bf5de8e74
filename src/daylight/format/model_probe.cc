// SPDX-License-Identifier: Apache-2.0
// The table of model formats and the search for models inside other bytes.
#include "daylight/format/model_probe.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace dl {
namespace {

std::vector<ModelFormat> all_formats() {
  std::vector<ModelFormat> all;
  for (const auto& family :
       {flatbuffer_model_formats(), archive_model_formats(), header_model_formats(),
        text_model_formats(), protobuf_model_formats()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

// The next offset at or behind `from` where the mark stands in its place, or the end of the bytes.
std::uint64_t next_candidate(ByteSpan bytes, const ModelMark& mark, std::uint64_t from) {
  const std::size_t at =
      as_text(bytes).find(mark.bytes, static_cast<std::size_t>(from + mark.offset));
  return at == std::string_view::npos ? bytes.size() : at - mark.offset;
}

void carve(ByteSpan bytes, const ModelFormat& format, const ModelMark& mark, EmbeddedModels& out) {
  std::uint64_t offset = next_candidate(bytes, mark, 0);
  while (offset < bytes.size() && out.complete) {
    auto found = format.probe(bytes.subspan(static_cast<std::size_t>(offset)));
    const std::uint64_t step = found ? std::max<std::uint64_t>(found->size, 1) : 1;
    if (found) out.models.push_back({offset, std::move(*found)});
    out.complete = out.models.size() < kMaxEmbeddedModels;
    offset = next_candidate(bytes, mark, offset + step);
  }
}

// A model that begins inside another one is part of it.
void drop_nested(std::vector<EmbeddedModel>& models) {
  std::uint64_t end = 0;
  std::erase_if(models, [&](const EmbeddedModel& model) {
    if (model.offset < end) return true;
    end = model.offset + model.model.size;
    return false;
  });
}

}  // namespace

std::span<const ModelFormat> model_formats() {
  static const std::vector<ModelFormat> kFormats = all_formats();
  return kFormats;
}

const ModelFormat* model_format(std::string_view id) {
  for (const ModelFormat& format : model_formats()) {
    if (format.id == id) return &format;
  }
  return nullptr;
}

std::optional<ModelProbe> probe_model(ByteSpan bytes) {
  for (const ModelFormat& format : model_formats()) {
    if (auto found = format.probe(bytes)) return found;
  }
  return std::nullopt;
}

EmbeddedModels find_models_inside(ByteSpan bytes) {
  EmbeddedModels out;
  for (const ModelFormat& format : model_formats()) {
    if (!format.carve) continue;
    for (const ModelMark& mark : format.marks) carve(bytes, format, mark, out);
  }
  const auto earlier = [](const EmbeddedModel& a, const EmbeddedModel& b) {
    return a.offset < b.offset;
  };
  std::stable_sort(out.models.begin(), out.models.end(), earlier);
  drop_nested(out.models);
  return out;
}

}  // namespace dl
