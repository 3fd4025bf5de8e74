// SPDX-License-Identifier: Apache-2.0
// The table of model formats and the search for models inside other bytes.
#include "daylight/format/probe/model_probe.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "daylight/format/literal_scanner.h"

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

// The marks of all formats that may be carved, as one scanner.
struct CarveTable {
  struct Row {
    const ModelFormat* format;
    std::uint64_t offset;
  };
  std::vector<Row> rows;  // one for each literal
  std::unique_ptr<LiteralScanner> scanner;
};

const CarveTable& carve_table() {
  static const CarveTable kTable = [] {
    CarveTable table;
    std::vector<std::string_view> literals;
    for (const ModelFormat& format : model_formats()) {
      if (!format.carve) continue;
      for (const ModelMark& mark : format.marks) {
        table.rows.push_back({&format, mark.offset});
        literals.push_back(mark.bytes);
      }
    }
    table.scanner = std::make_unique<LiteralScanner>(literals, LiteralScanner::Report::kEvery);
    return table;
  }();
  return kTable;
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

ModelCandidates find_model_candidates(ByteSpan bytes) {
  ModelCandidates out;
  const CarveTable& table = carve_table();
  std::set<std::pair<std::uint64_t, const ModelFormat*>> seen;
  const auto hits = table.scanner->scan(bytes);
  out.complete = hits.size() < kMaxLiteralHits;
  for (const LiteralHit& hit : hits) {
    const CarveTable::Row& row = table.rows[hit.literal];
    if (hit.offset < row.offset) continue;
    const std::uint64_t offset = hit.offset - row.offset;
    if (seen.emplace(offset, row.format).second) out.candidates.push_back({offset, row.format});
  }
  return out;
}

EmbeddedModels find_models_inside(ByteSpan bytes) {
  EmbeddedModels out;
  const ModelCandidates marked = find_model_candidates(bytes);
  out.complete = marked.complete;
  std::uint64_t end = 0;  // of the model found last
  for (const ModelCandidate& candidate : marked.candidates) {
    if (candidate.offset < end) continue;
    auto found = candidate.format->probe(bytes.subspan(static_cast<std::size_t>(candidate.offset)));
    if (!found) continue;
    end = candidate.offset + std::max<std::uint64_t>(found->size, 1);
    out.models.push_back({candidate.offset, std::move(*found)});
    if (out.models.size() == kMaxEmbeddedModels) {
      out.complete = false;
      break;
    }
  }
  const auto earlier = [](const EmbeddedModel& a, const EmbeddedModel& b) {
    return a.offset < b.offset;
  };
  std::stable_sort(out.models.begin(), out.models.end(), earlier);
  drop_nested(out.models);
  return out;
}

std::optional<EmbeddedModel> find_model_behind_header(ByteSpan bytes) {
  for (std::uint64_t offset = 1; offset <= kMaxVendorHeader && offset < bytes.size(); ++offset) {
    const ByteSpan rest = bytes.subspan(static_cast<std::size_t>(offset));
    for (const ModelFormat& format : model_formats()) {
      if (!format.marks.empty() || format.describe == nullptr) continue;
      auto found = format.probe(rest);
      if (found && found->size + kMaxVendorHeader >= rest.size() && found->size * 2 > rest.size())
        return EmbeddedModel{offset, std::move(*found)};
    }
  }
  return std::nullopt;
}

}  // namespace dl
