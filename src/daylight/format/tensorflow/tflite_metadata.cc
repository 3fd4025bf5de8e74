// SPDX-License-Identifier: Apache-2.0
// Walks the metadata flatbuffer; field numbers are those of the published schema (version 1.5).
#include "daylight/format/tensorflow/tflite_metadata.h"

#include <algorithm>
#include <string>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/encoding/flat_budget.h"
#include "daylight/format/encoding/flatbuffer.h"

namespace dl {
namespace {

constexpr std::string_view kIdentifier = "M001";

class MetadataReader {
 public:
  explicit MetadataReader(ByteSpan bytes)
      : bytes_(bytes),
        buffer_(bytes),
        budget_(buffer_, kMaxMetadataElementsPerByte * bytes.size()) {}

  Result<TfliteMetadata> read() {
    TfliteMetadata out;
    const auto identifier = subspan_checked(bytes_, 4, kIdentifier.size());
    out.has_identifier = identifier && as_text(*identifier) == kIdentifier;
    const auto root = FlatTable::root(buffer_);
    if (!root) return fail(ErrorCode::kCorrupt, "metadata has no root table");
    out.name = budget_.copy(root->text(0));
    out.description = budget_.copy(root->text(1));
    out.version = budget_.copy(root->text(2));
    out.author = budget_.copy(root->text(4));
    out.license = budget_.copy(root->text(5));
    out.min_parser_version = budget_.copy(root->text(7));
    each(root->tables(3),
         [&](const FlatTable& table) { out.subgraphs.push_back(subgraph(table)); });
    out.files = files(root->tables(6));
    if (out.subgraphs.empty()) return fail(ErrorCode::kCorrupt, "metadata describes no subgraph");
    if (!out.has_identifier) buffer_.damage(4, "metadata has no identifier M001");
    out.gaps = buffer_.gaps().list();
    return out;
  }

 private:
  template <typename Use>
  void each(const FlatTables& tables, const Use& use) {
    for (std::size_t i = 0; i < tables.size() && budget_.spend(1); ++i) {
      if (const auto table = tables.at(i)) use(*table);
    }
  }

  TfliteSubgraphMetadata subgraph(const FlatTable& table) {
    TfliteSubgraphMetadata out;
    out.name = budget_.copy(table.text(0));
    out.description = budget_.copy(table.text(1));
    out.inputs = tensors(table.tables(2));
    out.outputs = tensors(table.tables(3));
    out.files = files(table.tables(4));
    out.input_units = process_units(table.tables(5));
    out.output_units = process_units(table.tables(6));
    each(table.tables(9), [&](const FlatTable& custom) {
      const std::string_view data = as_text(custom.vector<std::uint8_t>(1).bytes());
      out.custom.push_back({budget_.copy(custom.text(0)), budget_.copy(data)});
    });
    return out;
  }

  // A damaged one stays, empty, because positions match the graph's inputs and outputs.
  std::vector<TfliteTensorMetadata> tensors(const FlatTables& tables) {
    std::vector<TfliteTensorMetadata> out;
    for (std::size_t i = 0; i < tables.size() && budget_.spend(1); ++i) {
      const auto table = tables.at(i);
      out.push_back(table ? tensor(*table) : TfliteTensorMetadata{});
    }
    return out;
  }

  TfliteTensorMetadata tensor(const FlatTable& table) {
    TfliteTensorMetadata out;
    out.name = budget_.copy(table.text(0));
    out.description = budget_.copy(table.text(1));
    for (std::size_t i = 0; i < table.text_count(2) && budget_.spend(1); ++i) {
      out.dimension_names.push_back(budget_.copy(table.text_at(2, i)));
    }
    if (const auto part = table.table(3)) out.content = content(*part);
    out.process_units = process_units(table.tables(4));
    if (const auto stats = table.table(5)) {
      out.max = budget_.copy(stats->vector<float>(0));
      out.min = budget_.copy(stats->vector<float>(1));
    }
    out.files = files(table.tables(6));
    return out;
  }

  TfliteContent content(const FlatTable& table) {
    TfliteContent out;
    const std::uint8_t kind = table.scalar<std::uint8_t>(0, 0);
    if (kind <= static_cast<std::uint8_t>(TfliteContentKind::kAudio)) {
      out.kind = static_cast<TfliteContentKind>(kind);
    } else {
      buffer_.damage(table.position(), "content of unknown kind " + std::to_string(kind));
    }
    if (const auto properties = table.table(1)) read_properties(*properties, out);
    if (const auto range = table.table(2)) {
      out.range.emplace(range->scalar<std::int32_t>(0, 0), range->scalar<std::int32_t>(1, 0));
    }
    return out;
  }

  void read_properties(const FlatTable& table, TfliteContent& out) {
    switch (out.kind) {
      case TfliteContentKind::kImage:
        out.color_space = color_space(table);
        if (const auto size = table.table(1)) {
          out.default_width = size->scalar<std::uint32_t>(0, 0);
          out.default_height = size->scalar<std::uint32_t>(1, 0);
        }
        break;
      case TfliteContentKind::kBoundingBox:
        out.box_order = budget_.copy(table.vector<std::uint32_t>(0));
        out.box_type = table.scalar<std::uint8_t>(1, 0);
        out.coordinate_type = table.scalar<std::uint8_t>(2, 0);
        break;
      case TfliteContentKind::kAudio:
        out.sample_rate = table.scalar<std::uint32_t>(0, 0);
        out.channels = table.scalar<std::uint32_t>(1, 0);
        break;
      case TfliteContentKind::kFeature:
      case TfliteContentKind::kUnknown:
        break;
    }
  }

  TfliteColorSpace color_space(const FlatTable& table) {
    const std::uint8_t number = table.scalar<std::uint8_t>(0, 0);
    if (number <= static_cast<std::uint8_t>(TfliteColorSpace::kGrayscale)) {
      return static_cast<TfliteColorSpace>(number);
    }
    buffer_.damage(table.position(), "unknown color space " + std::to_string(number));
    return TfliteColorSpace::kUnknown;
  }

  std::vector<TfliteProcessUnit> process_units(const FlatTables& tables) {
    std::vector<TfliteProcessUnit> out;
    each(tables, [&](const FlatTable& table) { out.push_back(process_unit(table)); });
    return out;
  }

  TfliteProcessUnit process_unit(const FlatTable& table) {
    TfliteProcessUnit out;
    const std::uint8_t kind = table.scalar<std::uint8_t>(0, 0);
    if (kind > static_cast<std::uint8_t>(TfliteProcessKind::kRegexTokenizer)) {
      buffer_.damage(table.position(), "process unit of unknown kind " + std::to_string(kind));
      return out;
    }
    out.kind = static_cast<TfliteProcessKind>(kind);
    const auto options = table.table(1);
    if (!options) return out;
    switch (out.kind) {
      case TfliteProcessKind::kNormalization:
        out.mean = budget_.copy(options->vector<float>(0));
        out.std = budget_.copy(options->vector<float>(1));
        break;
      case TfliteProcessKind::kScoreCalibration:
        out.score_transformation = options->scalar<std::uint8_t>(0, 0);
        out.default_score = options->scalar<float>(1, 0.0F);
        break;
      case TfliteProcessKind::kScoreThresholding:
        out.score_threshold = options->scalar<float>(0, 0.0F);
        break;
      default:
        break;
    }
    return out;
  }

  std::vector<TfliteAssociatedFile> files(const FlatTables& tables) {
    std::vector<TfliteAssociatedFile> out;
    each(tables, [&](const FlatTable& table) {
      TfliteAssociatedFile file;
      file.name = budget_.copy(table.text(0));
      file.description = budget_.copy(table.text(1));
      const std::uint8_t kind = table.scalar<std::uint8_t>(2, 0);
      if (kind <= static_cast<std::uint8_t>(TfliteFileKind::kScannIndex)) {
        file.kind = static_cast<TfliteFileKind>(kind);
      } else {
        buffer_.damage(table.position(), "file of unknown kind " + std::to_string(kind));
      }
      file.locale = budget_.copy(table.text(3));
      file.version = budget_.copy(table.text(4));
      out.push_back(std::move(file));
    });
    return out;
  }

  ByteSpan bytes_;
  FlatBuffer buffer_;
  FlatBudget budget_;
};

// An archive begins with a local file header; one without files is an end record only, and needs no
// reading.
bool begins_zip_with_files(ByteSpan bytes) {
  const auto head = subspan_checked(bytes, 0, 4);
  return head && as_text(*head) == std::string_view("PK\x03\x04", 4);
}

void read_packed_file(const ZipArchive& archive, const ZipEntry& entry, TflitePackedFiles& out) {
  const std::string where = "packed file " + std::string(entry.name);
  const auto content = archive.read(entry, {.limit = kMaxAssociatedFileSize});
  if (!content) {
    out.gaps.push_back({where, describe(content.error())});
    return;
  }
  if (content->gap) out.gaps.push_back(*content->gap);
  out.files.push_back({std::string(entry.name), std::string(as_text(content->bytes()))});
}

}  // namespace

Result<TfliteMetadata> read_tflite_metadata(ByteSpan bytes) { return MetadataReader(bytes).read(); }

TflitePackedFiles read_tflite_packed_files(ByteSpan file, std::uint64_t model_size) {
  TflitePackedFiles out;
  const auto behind = subspan_checked(
      file, model_size, file.size() - std::min<std::uint64_t>(model_size, file.size()));
  if (!behind || !begins_zip_with_files(*behind)) return out;
  // Offsets in the archive count from the model's start or, from other writers, from the archive's
  // own.
  auto archive = ZipArchive::open(file, "packed files");
  if (!archive) {
    out.gaps.push_back({"packed files", describe(archive.error())});
    return out;
  }
  out.gaps = archive->gaps().list();
  for (const ZipEntry& entry : archive->entries()) {
    if (out.files.size() == kMaxAssociatedFiles) {
      out.gaps.push_back(
          {"packed files", "only the first " + std::to_string(kMaxAssociatedFiles) + " were read"});
      break;
    }
    read_packed_file(*archive, entry, out);
  }
  return out;
}

std::vector<std::string> split_labels(std::string_view content) {
  std::vector<std::string> labels;
  for (const std::string& line : split(content, '\n')) labels.emplace_back(trim(line));
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  return labels;
}

}  // namespace dl
