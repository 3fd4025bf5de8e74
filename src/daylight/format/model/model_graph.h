// SPDX-License-Identifier: Apache-2.0
// What a model file says about itself, the same for every format: borders, operators, weights,
// labels.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/digest.h"
#include "daylight/format/format_gap.h"

namespace dl {

// Operators of one graph that are listed; more become a gap.
inline constexpr std::size_t kMaxGraphOperators = 100000;
// Borders (inputs, outputs) of one graph that are listed; more become a gap.
inline constexpr std::size_t kMaxGraphBorders = 4096;
// Characters of a tensor's name, which operators repeat; a longer one gives way to its number.
inline constexpr std::size_t kMaxGraphName = 256;
// Sides of a border's shape, and scales of its quantisation, that readers keep.
inline constexpr std::size_t kMaxBorderRank = 64;
inline constexpr std::size_t kMaxGraphScales = 1024;
// Labels that are kept of one model; more become a gap.
inline constexpr std::size_t kMaxGraphLabels = 20000;

// A tensor at the border of a graph. Names are the app's bytes: hostile text, printed by those who
// show them.
struct GraphTensor {
  std::string name;
  std::vector<std::int64_t> shape;  // -1: any size; empty: a scalar, or not known
  std::string dtype;                // float32 float16 int8 uint8 ... "other"; "" not known
  std::vector<float> quant_scale = {};
  std::vector<std::int64_t> quant_zero_point = {};
};

// One operator in the order in which the file lists it.
struct GraphOperator {
  std::string name;    // the format's own term: CONV_2D, Conv, Convolution ...
  std::string detail;  // what changes the computation apart from weights, as "key=value" pairs in a
                       // fixed order; may be empty
  std::vector<std::string> inputs;  // tensor names (or numbers as text)
  std::vector<std::string> outputs;
};

struct ModelGraph {
  std::vector<GraphTensor> inputs;
  std::vector<GraphTensor> outputs;
  std::vector<GraphOperator> operators;
  // Numbers that training set (elements of constant tensors), where the file tells.
  std::uint64_t parameters = 0;
  // SHA-256, hex. The graph's covers operators, their details, how they hang together and shapes,
  // but no weights and no names: two models that differ in training only have the same. Empty where
  // the graph was not read.
  std::string graph_hash;
  // SHA-256, hex, over the constant tensors in the file's order; empty where none was read.
  std::string weights_hash;
  std::vector<std::string> labels;
  // Name, producer, version, author, licence, description ... by key; in a fixed order.
  std::vector<std::pair<std::string, std::string>> metadata;
  // The exact size in bytes of the file of weights that belongs to this graph, where weights stand
  // in a file of their own (ncnn, TNN ...).
  std::optional<std::uint64_t> weight_file_size;
  std::vector<FormatGap> gaps;
};

// Sets graph.graph_hash by the rule that all formats share: tensors are numbered by first
// appearance, so names do not count. Text that is hashed, one line each: "daylight-graph 2",
// "format <id>", "in <n>:<dtype>[<shape>]" for each input, "op <name> <detail> <input numbers> >
// <output numbers>", "out <n>:<dtype>[<shape>]" for each output.
void set_graph_hash(std::string_view format, ModelGraph& graph);

// Collects the constant tensors of one model in the file's order.
class WeightsDigest {
 public:
  // `elements` numbers that lie as `bytes` in the file.
  void add(ByteSpan bytes, std::uint64_t elements);
  // Fills parameters and weights_hash; the hash stays empty if nothing was added.
  void finish(ModelGraph& graph);

 private:
  Sha256 hash_;
  std::uint64_t parameters_ = 0;
  bool any_ = false;
};

}  // namespace dl
