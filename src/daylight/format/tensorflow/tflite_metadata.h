// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite metadata (identifier M001): how a model's author says that inputs are prepared
// and outputs are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/tensorflow/tflite.h"

namespace dl {

// Elements (tables, numbers, characters) for each byte of the metadata: parts may be shared.
inline constexpr std::uint64_t kMaxMetadataElementsPerByte = 2;
// A label or vocabulary file beyond this size is left out, with a gap.
inline constexpr std::uint64_t kMaxAssociatedFileSize = std::uint64_t{16} << 20;
// Files in the ZIP behind a model that are listed.
inline constexpr std::size_t kMaxAssociatedFiles = 1024;

// The numbers are the schema's own.
enum class TfliteFileKind : std::uint8_t {
  kUnknown = 0,
  kDescriptions = 1,
  kAxisLabels = 2,
  kValueLabels = 3,
  kScoreCalibration = 4,
  kVocabulary = 5,
  kScannIndex = 6,
};

// A file that the metadata names. Its content lies in the ZIP behind the model: see
// TflitePackedFile.
struct TfliteAssociatedFile {
  std::string name;
  std::string description;
  TfliteFileKind kind = TfliteFileKind::kUnknown;
  std::string locale;  // "en", "de-CH" or empty
  std::string version;
};

enum class TfliteContentKind : std::uint8_t {
  kUnknown = 0,
  kFeature = 1,
  kImage = 2,
  kBoundingBox = 3,
  kAudio = 4
};
enum class TfliteColorSpace : std::uint8_t { kUnknown = 0, kRgb = 1, kGrayscale = 2 };

struct TfliteContent {
  TfliteContentKind kind = TfliteContentKind::kUnknown;
  // kImage
  TfliteColorSpace color_space = TfliteColorSpace::kUnknown;
  std::uint32_t default_width = 0;  // 0: not stated
  std::uint32_t default_height = 0;
  // kBoundingBox: 1 left-top-right-bottom, 2 corner and size, 3 centre and size; coordinates 0:
  // ratios, 1: pixels; `box_order` as in the schema, empty for the default order
  std::uint8_t box_type = 0;
  std::uint8_t coordinate_type = 0;
  std::vector<std::uint32_t> box_order;
  // kAudio
  std::uint32_t sample_rate = 0;
  std::uint32_t channels = 0;
  // Dimensions of the tensor that the content covers, first and last; absent: all but the batch.
  std::optional<std::pair<std::int32_t, std::int32_t>> range;
};

enum class TfliteProcessKind : std::uint8_t {
  kNone = 0,
  kNormalization = 1,
  kScoreCalibration = 2,
  kScoreThresholding = 3,
  kBertTokenizer = 4,
  kSentencePiece = 5,
  kRegexTokenizer = 6,
};

// One step outside of the graph. kNormalization: (x - mean) / std for each channel, one value
// serves all channels.
struct TfliteProcessUnit {
  TfliteProcessKind kind = TfliteProcessKind::kNone;
  std::vector<float> mean;
  std::vector<float> std;
  std::uint8_t score_transformation =
      0;                      // kScoreCalibration: 0 identity, 1 log, 2 inverse logistic
  float default_score = 0;    // kScoreCalibration
  float score_threshold = 0;  // kScoreThresholding
};

struct TfliteTensorMetadata {
  std::string name;
  std::string description;
  std::vector<std::string> dimension_names;
  TfliteContent content;
  std::vector<TfliteProcessUnit> process_units;  // in the order in which they apply
  std::vector<float> min;                        // for each channel, or one for all
  std::vector<float> max;
  std::vector<TfliteAssociatedFile> files;
};

// Data in a format of its own, for instance of a face detector's anchors.
struct TfliteCustomMetadata {
  std::string name;
  std::string data;
};

struct TfliteSubgraphMetadata {
  std::string name;
  std::string description;
  std::vector<TfliteTensorMetadata> inputs;  // in the order of TfliteSubgraph::inputs
  std::vector<TfliteTensorMetadata> outputs;
  std::vector<TfliteAssociatedFile> files;
  std::vector<TfliteProcessUnit> input_units;  // that work on several tensors
  std::vector<TfliteProcessUnit> output_units;
  std::vector<TfliteCustomMetadata> custom;
};

struct TfliteMetadata {
  std::string name;
  std::string description;
  std::string version;
  std::string author;
  std::string license;
  std::string min_parser_version;
  std::vector<TfliteSubgraphMetadata> subgraphs;
  std::vector<TfliteAssociatedFile> files;
  bool has_identifier = false;  // "M001" at offset 4
  std::vector<FormatGap> gaps;
};

// Reads the flatbuffer of the entry "TFLITE_METADATA" (TfliteModel::metadata_bytes). kCorrupt
// without a root table that has at least one subgraph; damage elsewhere empties the part and adds a
// gap. Keeps no views.
Result<TfliteMetadata> read_tflite_metadata(ByteSpan bytes);

// A file in the ZIP that writers append to a model (its offsets count from the model's start).
struct TflitePackedFile {
  std::string name;
  std::string content;
};
struct TflitePackedFiles {
  std::vector<TflitePackedFile> files;
  std::vector<FormatGap> gaps;
};
// The files of the ZIP behind the model, in its own order. `file` is the whole file that begins
// with the model; `model_size` is TfliteModel::size. No ZIP there: no files and no gap.
TflitePackedFiles read_tflite_packed_files(ByteSpan file, std::uint64_t model_size);

// A label file as a list: one label a line, line ends LF or CRLF, spaces around a label removed,
// empty lines at the end dropped (one in the middle stays, because positions count).
std::vector<std::string> split_labels(std::string_view content);

}  // namespace dl
