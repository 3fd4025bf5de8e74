// SPDX-License-Identifier: Apache-2.0
// Which weights each ncnn layer reads, by its parameters, and the walk over a weight file.
#include <functional>
#include <unordered_map>

#include "daylight/base/digest.h"
#include "daylight/format/engines/ncnn.h"

namespace dl {
namespace {

constexpr std::uint32_t kFloat16Tag = 0x01306B47;
constexpr std::uint32_t kInt8Tag = 0x000D4B38;
constexpr std::uint32_t kRawTag = 0x0002C056;
constexpr std::uint64_t kCodebookSize = 256 * sizeof(float);
// More than any network has; keeps sums from overflowing.
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40U;

// The blocks of one layer, as they are put together.
class Blocks {
 public:
  explicit Blocks(const NcnnLayer& layer) : layer_(layer) {}

  std::int64_t param(int id, std::int64_t otherwise = 0) const {
    return layer_.integer(id, otherwise);
  }
  // Numbers with a tag before them.
  void tagged(std::int64_t elements, bool int8 = false) { add(elements, true, int8); }
  // Plain float32 numbers.
  void plain(std::int64_t elements) { add(elements, false, false); }
  void not_known() { known_ = false; }

  std::optional<std::vector<NcnnWeights>> take() {
    if (!known_) return std::nullopt;
    return std::move(blocks_);
  }

 private:
  void add(std::int64_t elements, bool is_tagged, bool int8) {
    if (elements < 0 || static_cast<std::uint64_t>(elements) > kMaxElements) known_ = false;
    blocks_.push_back({static_cast<std::uint64_t>(elements), is_tagged, int8});
  }

  const NcnnLayer& layer_;
  std::vector<NcnnWeights> blocks_;
  bool known_ = true;
};

// A product that is too large, or of a size that makes no sense, makes the layer unknown instead of
// overflowing.
std::int64_t product(std::initializer_list<std::int64_t> factors) {
  std::int64_t all = 1;
  for (const std::int64_t factor : factors) {
    if (factor < 0 || __builtin_mul_overflow(all, factor, &all)) return -1;
  }
  return all;
}

std::int64_t quotient(std::int64_t value, std::int64_t by) {
  return by > 0 && value >= 0 ? value / by : -1;
}

void weight_and_bias(Blocks& out, int weight_size_id, int bias_id, int dynamic_id) {
  if (dynamic_id != 0 && out.param(dynamic_id) != 0) return;
  out.tagged(out.param(weight_size_id));
  if (out.param(bias_id) != 0) out.plain(out.param(0));
}

void convolution(Blocks& out) {
  if (out.param(19) != 0) return;  // dynamic weight
  const std::int64_t scale_term = out.param(8);
  out.tagged(out.param(6), scale_term != 0);
  if (out.param(5) != 0) out.plain(out.param(0));
  if (scale_term == 0) return;
  out.plain(out.param(0));
  out.plain(1);
  if (scale_term > 100) out.plain(1);
}

void depthwise_convolution(Blocks& out) {
  if (out.param(19) != 0) return;
  const std::int64_t scale_term = out.param(8);
  out.tagged(out.param(6), scale_term != 0);
  if (out.param(5) != 0) out.plain(out.param(0));
  if (scale_term == 0) return;
  out.plain(scale_term % 100 == 1 ? out.param(7, 1) : 1);
  out.plain(1);
  if (scale_term > 100) out.plain(1);
}

void convolution_1d(Blocks& out) { weight_and_bias(out, 6, 5, 19); }
void convolution_3d(Blocks& out) { weight_and_bias(out, 6, 5, 0); }
void deconvolution(Blocks& out) { weight_and_bias(out, 6, 5, 28); }

void inner_product(Blocks& out) {
  const std::int64_t scale_term = out.param(8);
  if (scale_term >= 400) out.not_known();
  out.tagged(out.param(2), scale_term != 0);
  if (out.param(1) != 0) out.plain(out.param(0));
  if (scale_term == 0) return;
  out.plain(out.param(0));
  out.plain(1);
}

void embed(Blocks& out) {
  const std::int64_t scale_term = out.param(18);
  if (scale_term >= 400) out.not_known();
  out.tagged(out.param(3), scale_term != 0);
  if (out.param(2) != 0) out.plain(out.param(0));
  if (scale_term != 0) out.plain(1);
}

void batch_norm(Blocks& out) {
  for (int i = 0; i < 4; ++i) out.plain(out.param(0));
}

void scale(Blocks& out) {
  if (out.param(0) == -233) return;  // the scale is the second input
  out.plain(out.param(0));
  if (out.param(1) != 0) out.plain(out.param(0));
}

// Group, instance and layer normalisation: a factor and an offset where they are learned.
void affine(Blocks& out, int channels_id, int affine_id) {
  if (out.param(affine_id, 1) == 0) return;
  out.plain(out.param(channels_id));
  out.plain(out.param(channels_id));
}

void rms_norm(Blocks& out) {
  if (out.param(2, 1) != 0) out.plain(out.param(0));
}

void one_vector(Blocks& out, int size_id) { out.plain(out.param(size_id)); }

void dequantize(Blocks& out) {
  out.plain(out.param(0, 1));
  if (out.param(1) != 0) out.plain(out.param(1));
}

void requantize(Blocks& out) {
  out.plain(out.param(0, 1));
  out.plain(out.param(1, 1));
  if (out.param(2) != 0) out.plain(out.param(2));
}

void memory_data(Blocks& out) {
  std::int64_t elements = 1;
  for (const int id : {0, 1, 2, 11}) {
    if (out.param(id) != 0) elements = product({elements, out.param(id)});
  }
  if (out.param(21, 1) == 0) {
    out.tagged(elements);
  } else {
    out.plain(elements);
  }
}

void padding(Blocks& out) {
  if (out.param(6) != 0) out.plain(out.param(6));
}

// Gates of a recurrent layer: 4 of LSTM, 3 of GRU, 1 of RNN; the bias of a GRU has 4 rows.
void recurrent(Blocks& out, std::int64_t gates, std::int64_t bias_rows) {
  const std::int64_t outputs = out.param(0);
  const std::int64_t directions = out.param(2) == 2 ? 2 : 1;
  const std::int64_t hidden = gates == 4 ? out.param(3, outputs) : outputs;
  const std::int64_t inputs = quotient(quotient(quotient(out.param(1), directions), hidden), gates);
  const bool int8 = out.param(8) != 0;
  out.tagged(product({inputs, hidden, gates, directions}), int8);
  out.tagged(product({hidden, bias_rows, directions}));
  out.tagged(product({outputs, hidden, gates, directions}), int8);
  if (outputs != hidden) out.tagged(product({hidden, outputs, directions}));
  if (!int8) return;
  out.plain(product({hidden, gates, directions}));
  out.plain(product({hidden, gates, directions}));
}

void multi_head_attention(Blocks& out) {
  const std::int64_t embedding = out.param(0);
  const std::int64_t query = quotient(out.param(2), embedding);
  const std::int64_t scale_term = out.param(18);
  if (scale_term >= 400) out.not_known();
  const bool int8 = scale_term != 0;
  for (const std::int64_t width : {query, out.param(3, embedding), out.param(4, embedding)}) {
    out.tagged(product({embedding, width}), int8);
    out.plain(embedding);
  }
  out.tagged(product({query, embedding}), int8);
  out.plain(query);
  if (!int8) return;
  for (int i = 0; i < 3; ++i) out.plain(embedding);
  out.plain(1);
}

std::int64_t gemm_addend(const Blocks& out, std::int64_t rows, std::int64_t columns) {
  switch (out.param(10)) {
    case 0:
      return 1;
    case 1:
    case 2:
      return rows;
    case 3:
      return product({rows, columns});
    case 4:
      return columns;
    default:
      return 0;
  }
}

void gemm(Blocks& out) {
  const std::int64_t rows = out.param(7);
  const std::int64_t columns = out.param(8);
  const std::int64_t depth = out.param(9);
  const std::int64_t term = out.param(18);
  if (term >= 400) out.not_known();  // weights in blocks of few bits
  const bool int8 = term != 0;
  if (out.param(4) == 1) out.tagged(product({rows, depth}), int8);
  if (out.param(5) == 1) out.tagged(product({depth, columns}), int8);
  if (out.param(6) == 1 && out.param(10) != -1) out.tagged(gemm_addend(out, rows, columns));
  if (!int8) return;
  if (out.param(4) == 1) out.plain(rows);
  if (out.param(5) == 1) out.plain(1);
}

using Layout = std::function<void(Blocks&)>;

// All layer types of ncnn. Those without weights have an empty layout.
const std::unordered_map<std::string_view, Layout>& layouts() {
  static const auto* const kLayouts = [] {
    auto* all = new std::unordered_map<std::string_view, Layout>{
        {"Convolution", convolution},
        {"ConvolutionDepthWise", depthwise_convolution},
        {"Convolution1D", convolution_1d},
        {"ConvolutionDepthWise1D", convolution_1d},
        {"Convolution3D", convolution_3d},
        {"ConvolutionDepthWise3D", convolution_3d},
        {"Deconvolution", deconvolution},
        {"DeconvolutionDepthWise", deconvolution},
        {"Deconvolution1D", deconvolution},
        {"DeconvolutionDepthWise1D", deconvolution},
        {"Deconvolution3D", convolution_3d},
        {"DeconvolutionDepthWise3D", convolution_3d},
        {"DeformableConv2D", convolution_3d},
        {"InnerProduct", inner_product},
        {"Embed", embed},
        {"BatchNorm", batch_norm},
        {"Bias", [](Blocks& out) { one_vector(out, 0); }},
        {"PReLU", [](Blocks& out) { one_vector(out, 0); }},
        {"Normalize", [](Blocks& out) { one_vector(out, 3); }},
        {"Quantize", [](Blocks& out) { out.plain(out.param(0, 1)); }},
        {"Dequantize", dequantize},
        {"Requantize", requantize},
        {"Scale", scale},
        {"GroupNorm", [](Blocks& out) { affine(out, 1, 3); }},
        {"InstanceNorm", [](Blocks& out) { affine(out, 0, 2); }},
        {"LayerNorm", [](Blocks& out) { affine(out, 0, 2); }},
        {"RMSNorm", rms_norm},
        {"MemoryData", memory_data},
        {"Padding", padding},
        {"LSTM", [](Blocks& out) { recurrent(out, 4, 4); }},
        {"GRU", [](Blocks& out) { recurrent(out, 3, 4); }},
        {"RNN", [](Blocks& out) { recurrent(out, 1, 1); }},
        {"MultiHeadAttention", multi_head_attention},
        {"Gemm", gemm},
    };
    for (const std::string_view type : {"AbsVal",
                                        "ArgMax",
                                        "BinaryOp",
                                        "BNLL",
                                        "Cast",
                                        "CELU",
                                        "Clip",
                                        "Concat",
                                        "CopyTo",
                                        "Crop",
                                        "CumulativeSum",
                                        "DeepCopy",
                                        "DetectionOutput",
                                        "Diag",
                                        "Dropout",
                                        "Einsum",
                                        "Eltwise",
                                        "ELU",
                                        "Erf",
                                        "Exp",
                                        "ExpandDims",
                                        "Flatten",
                                        "Flip",
                                        "Fold",
                                        "GELU",
                                        "GLU",
                                        "GridSample",
                                        "HardSigmoid",
                                        "HardSwish",
                                        "Input",
                                        "Interp",
                                        "InverseSpectrogram",
                                        "Log",
                                        "LRN",
                                        "MatMul",
                                        "Mish",
                                        "MVN",
                                        "Noop",
                                        "Packing",
                                        "Permute",
                                        "PixelShuffle",
                                        "Pooling",
                                        "Pooling1D",
                                        "Pooling3D",
                                        "Power",
                                        "PriorBox",
                                        "Proposal",
                                        "PSROIPooling",
                                        "Reduction",
                                        "ReLU",
                                        "Reorg",
                                        "Reshape",
                                        "ROIAlign",
                                        "ROIPooling",
                                        "RotaryEmbed",
                                        "SDPA",
                                        "SELU",
                                        "Shrink",
                                        "ShuffleChannel",
                                        "Sigmoid",
                                        "Slice",
                                        "Softmax",
                                        "Softplus",
                                        "Spectrogram",
                                        "Split",
                                        "SPP",
                                        "Squeeze",
                                        "StatisticsPooling",
                                        "Swish",
                                        "TanH",
                                        "Threshold",
                                        "Tile",
                                        "UnaryOp",
                                        "Unfold",
                                        "YoloDetectionOutput",
                                        "Yolov3DetectionOutput"}) {
      all->emplace(type, [](Blocks&) {});
    }
    return all;
  }();
  return *kLayouts;
}

std::uint64_t aligned(std::uint64_t size) { return (size + 3) / 4 * 4; }

// Bytes of a block behind its tag, by the tag as ncnn reads it.
std::uint64_t tagged_size(std::uint32_t tag, std::uint64_t elements, NcnnWeightsFit& fit) {
  if (tag == kFloat16Tag) {
    ++fit.float16_blocks;
    return aligned(elements * 2);
  }
  if (tag == kInt8Tag) {
    ++fit.int8_blocks;
    return aligned(elements);
  }
  if (tag == 0 || tag == kRawTag) return elements * 4;
  return kCodebookSize + aligned(elements);  // indices into 256 values
}

}  // namespace

std::optional<std::vector<NcnnWeights>> ncnn_layer_weights(const NcnnLayer& layer) {
  const auto layout = layouts().find(layer.type);
  if (layout == layouts().end()) return std::nullopt;
  Blocks blocks(layer);
  layout->second(blocks);
  return blocks.take();
}

NcnnWeightsFit check_ncnn_weights(const NcnnNetwork& network, ByteSpan weights) {
  NcnnWeightsFit fit;
  Sha256 hash;
  ByteReader in(weights);
  for (const NcnnLayer& layer : network.layers) {
    const auto blocks = ncnn_layer_weights(layer);
    if (!blocks) {
      fit.why = "layers of type " + layer.type + " are not known";
      return fit;
    }
    for (const NcnnWeights& block : *blocks) {
      const std::uint32_t tag = block.tagged ? in.u32() : 0;
      hash.update(in.take(tagged_size(tag, block.elements, fit)));
      fit.parameters += block.elements;
      if (!in.ok()) {
        fit.why = "it ends inside of the weights of layer " + layer.name;
        return fit;
      }
    }
    fit.size = in.offset();
  }
  fit.exact = in.remaining() == 0;
  if (fit.exact) {
    fit.weights_hash = hash.finish_hex();
  } else {
    fit.why = std::to_string(in.remaining()) + " bytes are left behind the last layer's weights";
  }
  return fit;
}

}  // namespace dl
