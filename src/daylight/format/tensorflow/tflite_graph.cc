// SPDX-License-Identifier: Apache-2.0
// Turns a parsed TensorFlow Lite model, its metadata and its label file into a model graph.
#include "daylight/format/tensorflow/tflite_graph.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/tensorflow/tflite.h"
#include "daylight/format/tensorflow/tflite_metadata.h"

namespace dl {
namespace {

std::string dtype_name(TfliteType type) {
  switch (type) {
    case TfliteType::kFloat32:
    case TfliteType::kFloat16:
    case TfliteType::kInt8:
    case TfliteType::kUint8:
    case TfliteType::kInt16:
    case TfliteType::kInt32:
    case TfliteType::kInt64:
    case TfliteType::kBool:
    case TfliteType::kString:
      return tflite_type_name(type);
    default:
      return "other";
  }
}

GraphTensor border_tensor(const TfliteTensor& tensor) {
  GraphTensor out;
  out.name = tensor.name.substr(0, kMaxGraphName);
  const auto& shape = tensor.shape_signature.empty() ? tensor.shape : tensor.shape_signature;
  for (const std::int32_t side : shape) out.shape.push_back(std::max<std::int64_t>(side, -1));
  out.dtype = dtype_name(tensor.type);
  const auto finite = [](float scale) { return std::isfinite(scale); };
  if (tensor.quantization && tensor.quantization->scale.size() <= kMaxGraphScales &&
      tensor.quantization->zero_point.size() <= kMaxGraphScales &&
      std::all_of(tensor.quantization->scale.begin(), tensor.quantization->scale.end(), finite)) {
    out.quant_scale = tensor.quantization->scale;
    out.quant_zero_point = tensor.quantization->zero_point;
  }
  return out;
}

std::string number_list(const std::vector<float>& numbers) {
  std::string out;
  for (const float number : numbers)
    out += (out.empty() ? "" : " ") + format_double(static_cast<double>(number));
  return out;
}

class TfliteDescriber {
 public:
  TfliteDescriber(ByteSpan bytes, const TfliteModel& model) : bytes_(bytes), model_(model) {}

  ModelGraph describe() {
    add_borders();
    for (std::size_t i = 0; i < model_.subgraphs.size(); ++i) add_operators(i);
    add_weights();
    add_metadata();
    graph_.graph_hash = tflite_graph_hash(model_);
    graph_.gaps.insert(graph_.gaps.begin(), model_.gaps.begin(), model_.gaps.end());
    return std::move(graph_);
  }

 private:
  void gap(std::string where, std::string why) {
    graph_.gaps.push_back({std::move(where), std::move(why)});
  }
  void put(std::string key, std::string value) {
    if (!value.empty()) graph_.metadata.emplace_back(std::move(key), std::move(value));
  }

  void add_borders() {
    if (model_.subgraphs.empty()) return;
    const TfliteSubgraph& main = model_.subgraphs.front();
    const auto add = [&](const std::vector<std::int32_t>& ports, std::vector<GraphTensor>& out) {
      for (const std::int32_t port : ports) {
        if (out.size() >= kMaxGraphBorders) return gap("subgraph 0", "too many borders");
        out.push_back(border_tensor(main.tensors[static_cast<std::size_t>(port)]));
      }
    };
    add(main.inputs, graph_.inputs);
    add(main.outputs, graph_.outputs);
  }

  void add_operators(std::size_t number) {
    const TfliteSubgraph& subgraph = model_.subgraphs[number];
    const auto names = [&](const std::vector<std::int32_t>& tensors) {
      std::vector<std::string> out;
      for (const std::int32_t tensor : tensors) {
        if (tensor < 0) {
          out.emplace_back();
          continue;
        }
        const std::string& name = subgraph.tensors[static_cast<std::size_t>(tensor)].name;
        out.push_back(name.size() <= kMaxGraphName ? name : "#" + std::to_string(tensor));
      }
      return out;
    };
    for (const TfliteOperator& op : subgraph.operators) {
      if (graph_.operators.size() >= kMaxGraphOperators) {
        gap("subgraph " + std::to_string(number), "too many operators");
        return;
      }
      std::string detail;
      if (op.code < model_.operator_codes.size())
        detail = "version=" + std::to_string(model_.operator_codes[op.code].version);
      if (!op.activation.empty()) detail += " activation=" + op.activation;
      if (number != 0) detail += " subgraph=" + std::to_string(number);
      graph_.operators.push_back(
          {model_.operator_name(op), detail, names(op.inputs), names(op.outputs)});
    }
  }

  // Buffers that tensors use, each once, in the file's order of buffers.
  void add_weights() {
    std::vector<std::uint64_t> elements(model_.buffers.size(), 0);
    for (const TfliteSubgraph& subgraph : model_.subgraphs) {
      for (const TfliteTensor& tensor : subgraph.tensors) {
        if (model_.is_constant(tensor)) elements[tensor.buffer] = element_count(tensor);
      }
    }
    WeightsDigest weights;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (elements[i] != 0) weights.add(model_.buffers[i].data, elements[i]);
    }
    weights.finish(graph_);
  }

  std::uint64_t element_count(const TfliteTensor& tensor) const {
    constexpr std::uint64_t kByteBits = 8;
    const std::uint32_t bits = tflite_type_bits(tensor.type);
    const std::uint64_t stored = model_.buffers[tensor.buffer].data.size();
    if (bits == 0) return 0;
    std::uint64_t count = 1;
    for (const std::int32_t side : tensor.shape) {
      count = multiply_checked(count, static_cast<std::uint64_t>(std::max(side, 0))).value_or(0);
    }
    // A sparse tensor stores fewer; a hostile shape may claim anything.
    return std::min(count, stored * kByteBits / bits);
  }

  void add_metadata() {
    put("converter_description", model_.description);
    const ByteSpan bytes = model_.metadata_bytes("TFLITE_METADATA");
    std::vector<std::string> label_files;
    if (!bytes.empty()) {
      if (const auto metadata = read_tflite_metadata(bytes)) {
        add_texts(*metadata);
        label_files = label_file_names(*metadata);
        for (const FormatGap& part : metadata->gaps) gap("metadata " + part.where, part.why);
      } else {
        gap("metadata", metadata.error().what);
      }
    }
    const std::string_view runtime = as_text(model_.metadata_bytes("min_runtime_version"));
    put("min_runtime_version", std::string(runtime.substr(0, runtime.find('\0'))));
    add_labels(label_files);
  }

  void add_texts(const TfliteMetadata& metadata) {
    put("name", metadata.name);
    put("description", metadata.description);
    put("version", metadata.version);
    put("author", metadata.author);
    put("license", metadata.license);
    if (metadata.subgraphs.empty()) return;
    const auto add = [&](const char* side, const std::vector<TfliteTensorMetadata>& tensors) {
      for (std::size_t i = 0; i < std::min(tensors.size(), kMaxGraphBorders); ++i)
        add_tensor_texts(side + std::to_string(i) + ".", tensors[i]);
    };
    add("input_", metadata.subgraphs.front().inputs);
    add("output_", metadata.subgraphs.front().outputs);
  }

  void add_tensor_texts(const std::string& key, const TfliteTensorMetadata& tensor) {
    put(key + "name", tensor.name);
    put(key + "description", tensor.description);
    if (tensor.content.color_space == TfliteColorSpace::kRgb) put(key + "color_space", "rgb");
    if (tensor.content.color_space == TfliteColorSpace::kGrayscale)
      put(key + "color_space", "grayscale");
    for (const TfliteProcessUnit& unit : tensor.process_units) {
      if (unit.kind != TfliteProcessKind::kNormalization) continue;
      put(key + "mean", number_list(unit.mean));
      put(key + "std", number_list(unit.std));
    }
    put(key + "min", number_list(tensor.min));
    put(key + "max", number_list(tensor.max));
  }

  static std::vector<std::string> label_file_names(const TfliteMetadata& metadata) {
    std::vector<std::string> names;
    if (metadata.subgraphs.empty()) return names;
    for (const TfliteTensorMetadata& tensor : metadata.subgraphs.front().outputs) {
      for (const TfliteAssociatedFile& file : tensor.files) {
        if (file.kind == TfliteFileKind::kAxisLabels || file.kind == TfliteFileKind::kValueLabels)
          names.push_back(file.name);
      }
    }
    return names;
  }

  void add_labels(const std::vector<std::string>& wanted) {
    TflitePackedFiles packed = read_tflite_packed_files(bytes_, model_.size);
    graph_.gaps.insert(graph_.gaps.end(), packed.gaps.begin(), packed.gaps.end());
    for (const TflitePackedFile& file : packed.files) {
      const bool named = std::find(wanted.begin(), wanted.end(), file.name) != wanted.end();
      const bool looks = wanted.empty() && to_lower(file.name).find("label") != std::string::npos;
      if (!named && !looks) continue;
      std::vector<std::string> labels = split_labels(file.content);
      if (labels.size() > kMaxGraphLabels) {
        gap("label file", "has too many lines");
        return;
      }
      graph_.labels = std::move(labels);
      put("label_file", file.name);
      return;
    }
  }

  ByteSpan bytes_;
  const TfliteModel& model_;
  ModelGraph graph_;
};

}  // namespace

ModelGraph describe_tflite_graph(ByteSpan bytes, const ModelProbe& /*probe*/) {
  const auto model = read_tflite(bytes);
  if (model) return TfliteDescriber(bytes, *model).describe();
  ModelGraph graph;
  graph.gaps.push_back({"model", model.error().what});
  return graph;
}

}  // namespace dl
