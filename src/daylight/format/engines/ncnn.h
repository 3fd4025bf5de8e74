// SPDX-License-Identifier: Apache-2.0
// ncnn networks: the text and the binary form of a param file, and the weights that belong to it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/model/model_format.h"
#include "daylight/format/model/model_graph.h"

namespace dl {

// Layers and blobs that a param file may state.
inline constexpr std::uint64_t kMaxNcnnLayers = 100000;
inline constexpr std::uint64_t kMaxNcnnBlobs = 400000;
// Blobs of one layer, and values of one array parameter.
inline constexpr std::uint64_t kMaxNcnnLayerBlobs = 4096;
inline constexpr std::uint64_t kMaxNcnnArray = 65536;
// Attributes of one layer that are no numbered parameters.
inline constexpr std::size_t kMaxNcnnAttributes = 1000;
// Bytes of one line of the text form.
inline constexpr std::size_t kMaxNcnnLine = 1U << 20U;

// One parameter: a number, or an array of numbers. The binary form does not say which are whole
// numbers: bits that are a small integer are taken as one, others as a float.
struct NcnnParam {
  std::vector<double> values;
  std::string text;  // the text form's value, where it is no number
  bool is_array = false;
};

struct NcnnLayer {
  std::string type;  // the binary form's numbers are translated; "layer <n>" where not known
  std::string name;  // empty in the binary form
  std::vector<std::string> bottoms;
  std::vector<std::string> tops;
  std::map<int, NcnnParam> params;                              // by number
  std::vector<std::pair<std::string, std::string>> attributes;  // keys that are no numbers: pnnx

  // A parameter's first value as a whole number.
  std::int64_t integer(int id, std::int64_t otherwise) const;
};

struct NcnnNetwork {
  bool binary = false;
  std::vector<NcnnLayer> layers;
  std::uint64_t size = 0;  // bytes of the param file
  std::vector<FormatGap> gaps;
};

// Fails if the bytes do not begin with a param file with at least one whole layer. What is damaged
// behind that is a gap.
Result<NcnnNetwork> read_ncnn_param(ByteSpan bytes);

// One block of weights that a layer reads.
struct NcnnWeights {
  std::uint64_t elements = 0;
  bool tagged = false;  // 4 bytes before it say how the elements are stored; else float32
  bool int8 = false;    // the layer's parameters say that it is stored as 8-bit numbers
};
// What a layer reads from the weight file, in order; nothing for a type that is not known.
std::optional<std::vector<NcnnWeights>> ncnn_layer_weights(const NcnnLayer& layer);

// Whether weights fit a network: the file is walked by the network's layers, tag by tag.
struct NcnnWeightsFit {
  bool exact = false;      // all layers were read, and the file ended there
  std::uint64_t size = 0;  // bytes that the layers took
  std::uint64_t float16_blocks = 0;
  std::uint64_t int8_blocks = 0;
  std::uint64_t parameters = 0;
  std::string weights_hash;  // SHA-256, hex, over the blocks without their tags; empty if not exact
  std::string why;           // what does not fit
};
NcnnWeightsFit check_ncnn_weights(const NcnnNetwork& network, ByteSpan weights);

// Rows of the table: ncnn's text and binary form, and pnnx, which looks the same but names
// PyTorch's operators. weight_file_size is that of a file without half-precision numbers: one that
// was optimised is smaller, and check_ncnn_weights tells.
std::optional<ModelProbe> probe_ncnn_param(ByteSpan bytes);
std::optional<ModelProbe> probe_ncnn_param_bin(ByteSpan bytes);
std::optional<ModelProbe> probe_pnnx(ByteSpan bytes);
ModelGraph describe_ncnn(ByteSpan bytes, const ModelProbe& probe);

}  // namespace dl
