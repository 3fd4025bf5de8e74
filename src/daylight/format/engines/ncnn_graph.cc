// SPDX-License-Identifier: Apache-2.0
// What ncnn and pnnx networks say: borders, layers with their parameters, the size of the weights.
#include <algorithm>
#include <cmath>
#include <set>

#include "daylight/base/text.h"
#include "daylight/format/engines/ncnn.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

// Array 30 lists the shapes of a layer's outputs: a note of the converter, not a parameter.
constexpr int kShapeHints = 30;

bool is_pnnx(const NcnnNetwork& network) {
  const auto has_module_name = [](const NcnnLayer& layer) {
    for (const std::string_view prefix :
         {"pnnx.", "nn.", "F.", "torch.", "Tensor.", "aten::", "prim::"})
      if (layer.type.starts_with(prefix)) return true;
    return false;
  };
  return std::any_of(network.layers.begin(), network.layers.end(), has_module_name);
}

// A network has layers that hang together: all inputs were made by earlier layers.
bool hangs_together(const NcnnNetwork& network) {
  std::set<std::string_view> made;
  for (const NcnnLayer& layer : network.layers) {
    for (const std::string& bottom : layer.bottoms)
      if (!made.contains(bottom)) return false;
    made.insert(layer.tops.begin(), layer.tops.end());
  }
  return !made.empty();
}

std::optional<ModelProbe> probe(ByteSpan bytes, bool binary, bool pnnx, std::string_view id) {
  auto network = read_ncnn_param(bytes);
  if (!network || network->binary != binary || is_pnnx(*network) != pnnx ||
      !hangs_together(*network))
    return std::nullopt;
  return ModelProbe{id, network->size, std::move(network->gaps)};
}

// Whole numbers as such, so that the text and the binary form give the same details.
void add_param(const std::string& key, const NcnnParam& param, DetailText& detail) {
  if (!param.text.empty()) return detail.text(key, param.text);
  const auto is_whole = [](double value) {
    return value == std::floor(value) && std::abs(value) < 1e9;
  };
  if (std::all_of(param.values.begin(), param.values.end(), is_whole)) {
    std::vector<std::int64_t> integers;
    for (const double value : param.values) integers.push_back(static_cast<std::int64_t>(value));
    return param.is_array || integers.empty() ? detail.integers(key, integers)
                                              : detail.integer(key, integers.front());
  }
  std::vector<float> numbers;
  for (const double value : param.values) numbers.push_back(static_cast<float>(value));
  return param.is_array ? detail.numbers(key, numbers) : detail.number(key, numbers.front());
}

// The shape of one output as converters note it: rank, then width, height, channels.
std::vector<std::int64_t> hinted_shape(const NcnnLayer& layer, std::size_t output) {
  const auto hints = layer.params.find(kShapeHints);
  if (hints == layer.params.end() || hints->second.values.size() < (output + 1) * 4) return {};
  const double* values = hints->second.values.data() + output * 4;
  const auto rank = static_cast<int>(std::clamp(values[0], 0.0, 3.0));
  std::vector<std::int64_t> shape;
  for (int i = rank; i >= 1; --i)
    shape.push_back(values[i] > 0 && values[i] < 1e9 ? static_cast<std::int64_t>(values[i]) : -1);
  return shape;
}

// An input layer's own parameters: 0 width, 1 height, 11 depth, 2 channels.
std::vector<std::int64_t> input_shape(const NcnnLayer& layer) {
  std::vector<std::int64_t> shape;
  for (const int id : {2, 11, 1, 0}) {
    const std::int64_t size = layer.integer(id, 0);
    if (size != 0 || (id != 11 && !shape.empty())) shape.push_back(size > 0 ? size : -1);
  }
  return shape.empty() ? hinted_shape(layer, 0) : shape;
}

// pnnx notes shapes as "#name=(1,3,224,224)f32".
GraphTensor pnnx_tensor(const NcnnLayer& layer, const std::string& name) {
  GraphTensor tensor;
  tensor.name = name;
  for (const auto& [key, value] : layer.attributes) {
    if (key != "#" + name || !value.starts_with('(')) continue;
    const std::size_t end = std::min(value.find(')'), value.size());
    for (const std::string& size : split(std::string_view(value).substr(1, end - 1), ','))
      if (!size.empty()) tensor.shape.push_back(parse_integer(size).value_or(-1));
    const std::string_view type = std::string_view(value).substr(std::min(end + 1, value.size()));
    tensor.dtype = type == "f32"   ? "float32"
                   : type == "f16" ? "float16"
                   : type == "i64" ? "int64"
                   : type == "i32" ? "int32"
                   : type.empty()  ? ""
                                   : "other";
  }
  return tensor;
}

GraphOperator operator_of(const NcnnLayer& layer) {
  GraphOperator op;
  DetailText detail;
  for (const auto& [id, param] : layer.params) {
    if (!(id == kShapeHints && param.is_array)) add_param(std::to_string(id), param, detail);
  }
  // "#name" is the shape of an operand, "$input" the name of one: neither changes the computation.
  for (const auto& [key, value] : layer.attributes) {
    if (!key.starts_with('#') && !key.starts_with('$')) detail.text(key, value);
  }
  op.name = layer.type;
  op.detail = detail.take();
  op.inputs = layer.bottoms;
  op.outputs = layer.tops;
  return op;
}

void add_borders(const NcnnNetwork& network, bool pnnx, GraphFiller& filler) {
  std::set<std::string_view> used;
  for (const NcnnLayer& layer : network.layers)
    used.insert(layer.bottoms.begin(), layer.bottoms.end());
  for (const NcnnLayer& layer : network.layers) {
    if (pnnx) {
      if (layer.type == "pnnx.Input")
        for (const std::string& top : layer.tops) filler.input(pnnx_tensor(layer, top));
      if (layer.type == "pnnx.Output")
        for (const std::string& bottom : layer.bottoms) filler.output(pnnx_tensor(layer, bottom));
      continue;
    }
    for (std::size_t i = 0; i < layer.tops.size(); ++i) {
      if (layer.type == "Input") {
        filler.input({layer.tops[i], input_shape(layer), "float32"});
      } else if (!used.contains(layer.tops[i])) {
        filler.output({layer.tops[i], hinted_shape(layer, i), "float32"});
      }
    }
  }
}

// The size of the weight file, and how many numbers it holds.
void add_weights(const NcnnNetwork& network, ModelGraph& graph, GraphFiller& filler) {
  std::uint64_t size = 0;
  for (const NcnnLayer& layer : network.layers) {
    const auto blocks = ncnn_layer_weights(layer);
    if (!blocks) {
      filler.gap("weight file",
                 "its size cannot be told: layers of type " + layer.type + " are not known");
      graph.parameters = 0;
      return;
    }
    for (const NcnnWeights& block : *blocks) {
      size +=
          (block.tagged ? 4 : 0) + (block.int8 ? (block.elements + 3) / 4 * 4 : block.elements * 4);
      graph.parameters += block.elements;
    }
  }
  if (network.gaps.empty()) graph.weight_file_size = size;
}

}  // namespace

std::optional<ModelProbe> probe_ncnn_param(ByteSpan bytes) {
  return probe(bytes, false, false, "ncnn_param");
}

std::optional<ModelProbe> probe_ncnn_param_bin(ByteSpan bytes) {
  return probe(bytes, true, false, "ncnn_param_bin");
}

std::optional<ModelProbe> probe_pnnx(ByteSpan bytes) { return probe(bytes, false, true, "pnnx"); }

ModelGraph describe_ncnn(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  const auto network = read_ncnn_param(bytes);
  if (!network) return graph;
  const bool pnnx = probe.format == "pnnx";
  GraphFiller filler(graph);
  for (const NcnnLayer& layer : network->layers) {
    if (!filler.operation(operator_of(layer))) break;
  }
  add_borders(*network, pnnx, filler);
  if (!pnnx) add_weights(*network, graph, filler);
  filler.finish();
  set_graph_hash(pnnx ? "pnnx" : "ncnn", graph);
  return graph;
}

}  // namespace dl
