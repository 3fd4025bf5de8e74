// SPDX-License-Identifier: Apache-2.0
// Reads the header of LiteRT-LM bundles (schema/core/litertlm_header_schema.fbs of that project).
#include "daylight/format/tensorflow/litertlm.h"

#include <algorithm>
#include <array>
#include <string>

#include "daylight/base/text.h"
#include "daylight/format/encoding/flatbuffer.h"

namespace dl {
namespace {

constexpr std::string_view kMagic = "LITERTLM";
constexpr std::uint64_t kHeaderStart = 32;
constexpr std::uint64_t kHeaderEndAt = 24;
// Sections begin at multiples of this; headers are far smaller.
constexpr std::uint64_t kBlock = 16384;
constexpr std::uint8_t kStringValue = 9;  // in the union of values

constexpr std::array<std::string_view, 8> kSectionKinds = {
    "none",          "binary data",  "deprecated",   "TFLite model",
    "SentencePiece", "LLM metadata", "HF tokenizer", "TFLite weights"};

// The text of one key-value pair, "" where the value is no text.
std::string value_of(const FlatTable& pair) {
  if (pair.scalar<std::uint8_t>(1, 0) != kStringValue) return {};
  const auto value = pair.table(2);
  return value ? printable(value->text(0)) : std::string();
}

}  // namespace

std::optional<ModelProbe> probe_litertlm(ByteSpan bytes) {
  if (!as_text(bytes).starts_with(kMagic)) return std::nullopt;
  const auto end = load_le<std::uint64_t>(bytes, kHeaderEndAt);
  if (!end || *end <= kHeaderStart || *end > bytes.size()) return std::nullopt;
  FlatBuffer buffer(bytes.subspan(kHeaderStart, static_cast<std::size_t>(*end - kHeaderStart)));
  const auto root = FlatTable::root(buffer);
  const auto metadata = root ? root->table(1) : std::nullopt;
  if (!metadata) return std::nullopt;
  ByteReader version(bytes, kMagic.size());
  ModelProbe out{"litertlm", *end, {}};
  const std::string major = std::to_string(version.u32());
  const std::string minor = std::to_string(version.u32());
  out.facts = {{"version", major + "." + minor + "." + std::to_string(version.u32())}};
  const FlatTables sections = metadata->tables(0);
  if (sections.empty() || sections.size() > kMaxLitertlmSections) return std::nullopt;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto section = sections.at(i);
    if (!section) return std::nullopt;
    const auto start = section->scalar<std::uint64_t>(1, 0);
    const auto stop = section->scalar<std::uint64_t>(2, 0);
    const auto kind = std::size_t{section->scalar<std::uint8_t>(3, 0)};
    if (start < out.size || stop < start || start % kBlock != 0) return std::nullopt;
    out.size = stop;
    std::string text = kind < kSectionKinds.size() ? std::string(kSectionKinds[kind]) : "unknown";
    const FlatTables items = section->tables(0);
    for (std::size_t k = 0; k < std::min<std::size_t>(items.size(), 64); ++k) {
      const auto item = items.at(k);
      if (item && item->text(0) == "model_type") text += " " + value_of(*item);
    }
    constexpr std::size_t kListed = 64;
    if (i < kListed) out.facts.emplace_back("section " + std::to_string(i), text);
  }
  if (const auto system = root->table(0)) {
    const FlatTables entries = system->tables(0);
    for (std::size_t i = 0; i < std::min<std::size_t>(entries.size(), 64); ++i) {
      const auto entry = entries.at(i);
      if (entry && !value_of(*entry).empty())
        out.facts.emplace_back(printable(entry->text(0)), value_of(*entry));
    }
  }
  if (out.size > bytes.size()) {
    out.gaps = {{"sections", "the last one ends outside the file"}};
    out.size = bytes.size();
  }
  return out;
}

}  // namespace dl
