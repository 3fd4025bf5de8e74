// SPDX-License-Identifier: Apache-2.0
// Walks dlib's serialisation of shape predictors (image_processing/shape_predictor.h of that
// project) and the first layers of its networks.
#include "daylight/format/classic/dlib_dat.h"

#include <algorithm>
#include <map>
#include <string>

#include "daylight/base/text.h"

namespace dl {
namespace {

class DlibReader {
 public:
  explicit DlibReader(ByteSpan bytes) : reader_(bytes) {}

  bool ok() const { return ok_ && reader_.ok(); }
  std::uint64_t offset() const { return reader_.offset(); }
  std::uint64_t remaining() const { return reader_.remaining(); }

  // A whole number of at most eight bytes.
  std::int64_t integer() {
    const std::uint8_t head = reader_.u8();
    const std::uint8_t size = head & 0x0fU;
    if (size == 0 || size > 8 || (head & 0x70U) != 0) {
      ok_ = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::uint8_t i = 0; i < size; ++i) value |= std::uint64_t{reader_.u8()} << (8U * i);
    const auto magnitude = static_cast<std::int64_t>(value & ~(std::uint64_t{1} << 63U));
    return (head & 0x80U) != 0 ? -magnitude : magnitude;
  }
  // A count, not more than there are bytes.
  std::uint64_t count(std::uint64_t most) {
    const std::int64_t value = integer();
    if (value < 0 || static_cast<std::uint64_t>(value) > std::min(most, remaining())) ok_ = false;
    return ok_ ? static_cast<std::uint64_t>(value) : 0;
  }
  // Mantissa and exponent.
  void real() {
    integer();
    const std::int64_t exponent = integer();
    constexpr std::int64_t kWidest = 40000;
    if (exponent < -kWidest || exponent > kWidest) ok_ = false;
  }
  // Rows and columns, written as negative numbers; then the elements.
  std::uint64_t column(std::uint64_t most_rows) {
    const std::int64_t rows = -integer();
    const std::int64_t columns = -integer();
    if (rows <= 0 || static_cast<std::uint64_t>(rows) > most_rows || columns != 1) ok_ = false;
    for (std::int64_t i = 0; i < rows && ok(); ++i) real();
    return ok() ? static_cast<std::uint64_t>(rows) : 0;
  }
  std::string_view text(std::uint64_t most) {
    const std::uint64_t size = count(most);
    return as_text(reader_.take(size));
  }

 private:
  ByteReader reader_;
  bool ok_ = true;
};

struct Predictor {
  std::uint64_t rows = 0;
  std::uint64_t cascades = 0;
  std::uint64_t trees = 0;
};

// Splits (two indices and a threshold each), then one column of leaves for each end.
void read_tree(DlibReader& reader, std::uint64_t rows) {
  constexpr std::uint64_t kMostNodes = 1U << 16U;
  const std::uint64_t splits = reader.count(kMostNodes);
  for (std::uint64_t i = 0; i < splits && reader.ok(); ++i) {
    reader.count(kMostNodes);
    reader.count(kMostNodes);
    reader.real();
  }
  const std::uint64_t leaves = reader.count(kMostNodes);
  for (std::uint64_t i = 0; i < leaves && reader.ok(); ++i) reader.column(rows);
}

bool read_predictor(DlibReader& reader, Predictor& out) {
  if (reader.integer() != 1) return false;
  out.rows = reader.column(2 * kMaxDlibLandmarks);
  if (!reader.ok() || out.rows % 2 != 0) return false;
  out.cascades = reader.count(1000);
  if (out.cascades == 0) return false;
  for (std::uint64_t i = 0; i < out.cascades && reader.ok(); ++i) {
    const std::uint64_t trees = reader.count(kMaxDlibTrees);
    out.trees += trees;
    for (std::uint64_t k = 0; k < trees && reader.ok(); ++k) read_tree(reader, out.rows);
  }
  // For each cascade: which landmark each pixel hangs on, and where it lies from there.
  if (reader.count(1000) != out.cascades) return false;
  for (std::uint64_t i = 0; i < out.cascades && reader.ok(); ++i) {
    const std::uint64_t anchors = reader.count(kMaxDlibTrees);
    for (std::uint64_t k = 0; k < anchors && reader.ok(); ++k) reader.count(kMaxDlibLandmarks);
  }
  if (reader.count(1000) != out.cascades) return false;
  for (std::uint64_t i = 0; i < out.cascades && reader.ok(); ++i) {
    const std::uint64_t deltas = reader.count(kMaxDlibTrees);
    for (std::uint64_t k = 0; k < deltas && reader.ok(); ++k) {
      reader.real();
      reader.real();
    }
  }
  return reader.ok() && out.trees > 0;
}

std::optional<ModelProbe> probe_predictor(ByteSpan bytes) {
  DlibReader reader(bytes);
  Predictor predictor;
  if (!read_predictor(reader, predictor)) return std::nullopt;
  ModelProbe out{"dlib_dat", reader.offset(), {}};
  out.facts = {{"kind", "shape predictor"},
               {"landmarks", std::to_string(predictor.rows / 2)},
               {"cascades", std::to_string(predictor.cascades)},
               {"trees", std::to_string(predictor.trees)}};
  return out;
}

// Names that dlib's layers write before their own content.
constexpr std::string_view kLayerNames[] = {
    "con_",       "cont_",     "affine_",   "bn_con",      "bn_fc",     "fc_",         "relu_",
    "prelu_",     "sig_",      "htan_",     "softmax_",    "max_pool_", "avg_pool_",   "add_prev_",
    "mult_prev_", "concat_",   "input_rgb", "input_gra",   "input<",    "dropout_",    "resize_",
    "scale_",     "upsample_", "skip_",     "leaky_relu_", "mish_",     "l2normalize_"};

bool is_layer(std::string_view text) {
  return std::any_of(std::begin(kLayerNames), std::end(kLayerNames),
                     [&](std::string_view name) { return text.starts_with(name); });
}

// Texts with a length before them ("\x01\x05con_5") in the first part of the file.
std::map<std::string, std::size_t> layer_counts(ByteSpan bytes) {
  constexpr std::size_t kLookedAt = std::size_t{8} << 20;
  constexpr std::size_t kLongest = 48;
  std::map<std::string, std::size_t> counts;
  const std::size_t end = std::min(bytes.size(), kLookedAt);
  for (std::size_t at = 0; at + 3 < end; ++at) {
    if (bytes[at] != 1) continue;
    const std::size_t size = bytes[at + 1];
    if (size < 3 || size > kLongest || at + 2 + size > bytes.size()) continue;
    const std::string_view text = as_text(bytes.subspan(at + 2, size));
    if (is_layer(text)) ++counts[printable(text)];
  }
  return counts;
}

std::optional<ModelProbe> probe_network(ByteSpan bytes) {
  DlibReader reader(bytes);
  const std::int64_t version = reader.integer();
  constexpr std::uint64_t kLongestName = 64;
  const std::string_view loss = reader.text(kLongestName);
  if (!reader.ok() || version < 1 || version > 8 || !loss.starts_with("loss_")) return std::nullopt;
  const auto counts = layer_counts(bytes);
  if (counts.empty()) return std::nullopt;
  ModelProbe out{"dlib_dat", bytes.size(), {}};
  std::string layers;
  for (const auto& [name, number] : counts)
    layers += (layers.empty() ? "" : " ") + name + ":" + std::to_string(number);
  out.facts = {{"kind", "neural network"}, {"loss", printable(loss)}, {"layers", layers}};
  return out;
}

}  // namespace

std::optional<ModelProbe> probe_dlib(ByteSpan bytes) {
  // Both begin with a version of one byte.
  if (bytes.size() < 16 || bytes[0] != 1 || bytes[1] == 0 || bytes[1] > 8) return std::nullopt;
  if (auto network = probe_network(bytes)) return network;
  return probe_predictor(bytes);
}

}  // namespace dl
