// SPDX-License-Identifier: Apache-2.0
// Reads ncnn param files, text and binary.
#include "daylight/format/engines/ncnn.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "daylight/base/text.h"
#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

constexpr std::string_view kTextMagic = "7767517";
constexpr std::uint32_t kBinaryMagic = 7767517;
constexpr std::int32_t kEndOfParams = -233;
// Numbers at and below this are arrays: -23300 - id.
constexpr std::int32_t kArrayIds = -23300;
constexpr int kMaxParamId = 1000;

// Layer types by their number in the binary form: the order in which ncnn registers them, which
// only grows.
constexpr std::array<std::string_view, 110> kLayerTypes = {"AbsVal",
                                                           "ArgMax",
                                                           "BatchNorm",
                                                           "Bias",
                                                           "BNLL",
                                                           "Concat",
                                                           "Convolution",
                                                           "Crop",
                                                           "Deconvolution",
                                                           "Dropout",
                                                           "Eltwise",
                                                           "ELU",
                                                           "Embed",
                                                           "Exp",
                                                           "Flatten",
                                                           "InnerProduct",
                                                           "Input",
                                                           "Log",
                                                           "LRN",
                                                           "MemoryData",
                                                           "MVN",
                                                           "Pooling",
                                                           "Power",
                                                           "PReLU",
                                                           "Proposal",
                                                           "Reduction",
                                                           "ReLU",
                                                           "Reshape",
                                                           "ROIPooling",
                                                           "Scale",
                                                           "Sigmoid",
                                                           "Slice",
                                                           "Softmax",
                                                           "Split",
                                                           "SPP",
                                                           "TanH",
                                                           "Threshold",
                                                           "Tile",
                                                           "RNN",
                                                           "LSTM",
                                                           "BinaryOp",
                                                           "UnaryOp",
                                                           "ConvolutionDepthWise",
                                                           "Padding",
                                                           "Squeeze",
                                                           "ExpandDims",
                                                           "Normalize",
                                                           "Permute",
                                                           "PriorBox",
                                                           "DetectionOutput",
                                                           "Interp",
                                                           "DeconvolutionDepthWise",
                                                           "ShuffleChannel",
                                                           "InstanceNorm",
                                                           "Clip",
                                                           "Reorg",
                                                           "YoloDetectionOutput",
                                                           "Quantize",
                                                           "Dequantize",
                                                           "Yolov3DetectionOutput",
                                                           "PSROIPooling",
                                                           "ROIAlign",
                                                           "Packing",
                                                           "Requantize",
                                                           "Cast",
                                                           "HardSigmoid",
                                                           "SELU",
                                                           "HardSwish",
                                                           "Noop",
                                                           "PixelShuffle",
                                                           "DeepCopy",
                                                           "Mish",
                                                           "StatisticsPooling",
                                                           "Swish",
                                                           "Gemm",
                                                           "GroupNorm",
                                                           "LayerNorm",
                                                           "Softplus",
                                                           "GRU",
                                                           "MultiHeadAttention",
                                                           "GELU",
                                                           "Convolution1D",
                                                           "Pooling1D",
                                                           "ConvolutionDepthWise1D",
                                                           "Convolution3D",
                                                           "ConvolutionDepthWise3D",
                                                           "Pooling3D",
                                                           "MatMul",
                                                           "Deconvolution1D",
                                                           "DeconvolutionDepthWise1D",
                                                           "Deconvolution3D",
                                                           "DeconvolutionDepthWise3D",
                                                           "Einsum",
                                                           "DeformableConv2D",
                                                           "GLU",
                                                           "Fold",
                                                           "Unfold",
                                                           "GridSample",
                                                           "CumulativeSum",
                                                           "CopyTo",
                                                           "Erf",
                                                           "Diag",
                                                           "CELU",
                                                           "Shrink",
                                                           "RMSNorm",
                                                           "Spectrogram",
                                                           "InverseSpectrogram",
                                                           "Flip",
                                                           "SDPA",
                                                           "RotaryEmbed"};

// Words of one line after another.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}

  // The next line without its end; nothing at the end of the text or for one that is too long.
  std::optional<std::string_view> next() {
    if (at_ >= text_.size()) return std::nullopt;
    const std::string_view rest = text_.substr(at_, kMaxNcnnLine);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos && rest.size() == kMaxNcnnLine) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    if (!is_plain_text(line, kMaxNcnnLine)) return std::nullopt;
    at_ += end == std::string_view::npos ? rest.size() : end + 1;
    return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
  }
  std::size_t offset() const { return at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::optional<std::uint64_t> count_of(std::string_view word, std::uint64_t limit) {
  std::uint64_t value = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || read.ptr != word.data() + word.size() || value > limit) return std::nullopt;
  return value;
}

std::optional<double> number_of(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  const auto value = parse_double(word);
  // Whole numbers keep all digits; others have the precision that ncnn gives them.
  if (!value || word.find_first_of(".eE") == std::string_view::npos) return value;
  return static_cast<double>(static_cast<float>(*value));
}

bool is_type_name(std::string_view word) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '-' || c == '/';
  };
  return !word.empty() && word.size() < 200 && std::all_of(word.begin(), word.end(), is_part) &&
         (word[0] < '0' || word[0] > '9');
}

// "0=16", "-23303=2,0.5,1": false if it is none.
bool read_param(std::string_view word, NcnnLayer& layer) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  const auto id = parse_integer(key);
  if (!id) {
    if (layer.attributes.size() >= kMaxNcnnAttributes) return false;
    layer.attributes.emplace_back(key, value);
    return true;
  }
  NcnnParam param;
  param.is_array = *id <= kArrayIds;
  const long long number = param.is_array ? kArrayIds - *id : *id;
  if (number < 0 || number > kMaxParamId) return false;
  if (param.is_array) {
    const std::vector<std::string> parts = split(value, ',');
    const auto count = count_of(parts.empty() ? "" : parts[0], kMaxNcnnArray);
    if (!count || parts.size() != *count + 1) return false;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      const auto element = number_of(parts[i]);
      if (!element) return false;
      param.values.push_back(*element);
    }
  } else if (const auto single = number_of(value)) {
    param.values.push_back(*single);
  } else {
    param.text = value;
  }
  layer.params.insert_or_assign(static_cast<int>(number), std::move(param));
  return true;
}

std::optional<NcnnLayer> read_layer_line(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() < 4 || !is_type_name(words[0])) return std::nullopt;
  const auto bottoms = count_of(words[2], kMaxNcnnLayerBlobs);
  const auto tops = count_of(words[3], kMaxNcnnLayerBlobs);
  if (!bottoms || !tops || words.size() < 4 + *bottoms + *tops) return std::nullopt;
  NcnnLayer layer;
  layer.type = words[0];
  layer.name = words[1];
  std::size_t at = 4;
  for (std::uint64_t i = 0; i < *bottoms; ++i) layer.bottoms.emplace_back(words[at++]);
  for (std::uint64_t i = 0; i < *tops; ++i) layer.tops.emplace_back(words[at++]);
  for (; at < words.size(); ++at) {
    if (!read_param(words[at], layer)) return std::nullopt;
  }
  return layer;
}

tl::unexpected<Error> no_network(std::string what) {
  return fail(ErrorCode::kCorrupt, std::move(what), "ncnn param");
}

Result<NcnnNetwork> read_text(ByteSpan bytes) {
  LineReader lines(as_text(bytes));
  const auto magic = lines.next();
  if (!magic || trim(*magic) != kTextMagic) return no_network("no first line 7767517");
  const auto counts = lines.next();
  const auto words = words_of(counts.value_or(""));
  const auto layers = words.size() == 2 ? count_of(words[0], kMaxNcnnLayers) : std::nullopt;
  const auto blobs = words.size() == 2 ? count_of(words[1], kMaxNcnnBlobs) : std::nullopt;
  if (!layers || !blobs || *layers == 0) return no_network("no counts of layers and blobs");
  NcnnNetwork network;
  while (network.layers.size() < *layers) {
    const std::size_t before = lines.offset();
    const auto line = lines.next();
    if (line && trim(*line).empty()) continue;
    auto layer = line ? read_layer_line(*line) : std::nullopt;
    if (!layer) {
      network.gaps.push_back({"layer " + std::to_string(network.layers.size()),
                              line ? "its line cannot be read" : "the file ends before it"});
      network.size = before;
      break;
    }
    network.layers.push_back(std::move(*layer));
    network.size = lines.offset();
  }
  if (network.layers.empty()) return no_network("no layer");
  return network;
}

// Bits of the binary form: a whole number where they are a small one, else a float.
double binary_number(std::uint32_t bits) {
  const auto integer = std::bit_cast<std::int32_t>(bits);
  constexpr std::int32_t kSmall = 1 << 23;
  if (std::abs(static_cast<std::int64_t>(integer)) < kSmall) return integer;
  const float value = std::bit_cast<float>(bits);
  return std::isfinite(value) ? static_cast<double>(value) : static_cast<double>(integer);
}

bool read_binary_params(ByteReader& in, NcnnLayer& layer) {
  for (std::int32_t id = in.i32(); id != kEndOfParams; id = in.i32()) {
    NcnnParam param;
    param.is_array = id <= kArrayIds;
    const std::int64_t number = param.is_array ? std::int64_t{kArrayIds} - id : id;
    if (!in.ok() || number < 0 || number > kMaxParamId) return false;
    const std::uint64_t count = param.is_array ? in.u32() : 1;
    if (count > kMaxNcnnArray || count * 4 > in.remaining()) return false;
    for (std::uint64_t i = 0; i < count; ++i) param.values.push_back(binary_number(in.u32()));
    layer.params.insert_or_assign(static_cast<int>(number), std::move(param));
  }
  return in.ok();
}

bool read_binary_blobs(ByteReader& in, std::uint64_t count, std::uint64_t blobs,
                       std::vector<std::string>& out) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint32_t blob = in.u32();
    if (!in.ok() || blob >= blobs) return false;
    out.push_back(std::to_string(blob));
  }
  return true;
}

std::optional<NcnnLayer> read_binary_layer(ByteReader& in, std::uint64_t blobs) {
  NcnnLayer layer;
  const std::uint32_t type = in.u32();
  const std::uint32_t bottoms = in.u32();
  const std::uint32_t tops = in.u32();
  if (!in.ok() || bottoms > kMaxNcnnLayerBlobs || tops > kMaxNcnnLayerBlobs) return std::nullopt;
  // Numbers with bit 8 are the app's own layers.
  if (type > 4096) return std::nullopt;
  layer.type =
      type < kLayerTypes.size() ? std::string(kLayerTypes[type]) : "layer_" + std::to_string(type);
  if (!read_binary_blobs(in, bottoms, blobs, layer.bottoms) ||
      !read_binary_blobs(in, tops, blobs, layer.tops) || !read_binary_params(in, layer))
    return std::nullopt;
  return layer;
}

Result<NcnnNetwork> read_binary(ByteSpan bytes) {
  ByteReader in(bytes);
  const std::uint32_t magic = in.u32();
  const std::uint32_t layers = in.u32();
  const std::uint32_t blobs = in.u32();
  if (!in.ok() || magic != kBinaryMagic || layers == 0 || layers > kMaxNcnnLayers ||
      blobs > kMaxNcnnBlobs)
    return no_network("no binary header");
  NcnnNetwork network;
  network.binary = true;
  while (network.layers.size() < layers) {
    auto layer = read_binary_layer(in, blobs);
    if (!layer) {
      network.gaps.push_back(
          {"layer " + std::to_string(network.layers.size()), "it is damaged or cut off"});
      break;
    }
    network.layers.push_back(std::move(*layer));
    network.size = in.offset();
  }
  if (network.layers.empty()) return no_network("no layer");
  return network;
}

}  // namespace

std::int64_t NcnnLayer::integer(int id, std::int64_t otherwise) const {
  const auto found = params.find(id);
  if (found == params.end() || found->second.values.empty()) return otherwise;
  const double value = found->second.values.front();
  constexpr double kLargest = 9e15;
  return std::abs(value) < kLargest ? static_cast<std::int64_t>(value) : otherwise;
}

Result<NcnnNetwork> read_ncnn_param(ByteSpan bytes) {
  return as_text(bytes).starts_with(kTextMagic) ? read_text(bytes) : read_binary(bytes);
}

}  // namespace dl
