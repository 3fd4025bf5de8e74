// SPDX-License-Identifier: Apache-2.0
// Turns a parsed TensorFlow Lite model into an inventory record.
#include "daylight/detect/model_record.h"

#include <algorithm>
#include <cmath>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/format/tflite.h"
#include "daylight/format/tflite_metadata.h"

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

TensorInfo describe_tensor(const TfliteTensor& tensor) {
  TensorInfo out;
  out.name = tensor.name;
  const auto& shape = tensor.shape_signature.empty() ? tensor.shape : tensor.shape_signature;
  // What is below zero is not known; only -1 says so in an inventory.
  for (const std::int32_t side : shape) out.shape.push_back(std::max<std::int64_t>(side, -1));
  out.dtype = dtype_name(tensor.type);
  const auto finite = [](float scale) { return std::isfinite(scale); };
  if (tensor.quantization &&
      std::all_of(tensor.quantization->scale.begin(), tensor.quantization->scale.end(), finite)) {
    out.quant_scale = tensor.quantization->scale;
    out.quant_zero_point = tensor.quantization->zero_point;
  }
  return out;
}

void describe_graph(const TfliteModel& model, ModelRecord& record) {
  record.graph_hash = tflite_graph_hash(model);
  if (!model.description.empty()) record.metadata["converter_description"] = model.description;
  if (model.subgraphs.empty()) return;
  const TfliteSubgraph& graph = model.subgraphs.front();
  const auto tensor_at = [&](std::int32_t index) -> const TfliteTensor* {
    const auto at = static_cast<std::size_t>(index);
    return index >= 0 && at < graph.tensors.size() ? &graph.tensors[at] : nullptr;
  };
  for (const std::int32_t index : graph.inputs) {
    if (const TfliteTensor* tensor = tensor_at(index))
      record.inputs.push_back(describe_tensor(*tensor));
  }
  for (const std::int32_t index : graph.outputs) {
    if (const TfliteTensor* tensor = tensor_at(index))
      record.outputs.push_back(describe_tensor(*tensor));
  }
  for (const TfliteOperator& op : graph.operators) {
    const std::string name = model.operator_name(op);
    if (std::find(record.operators.begin(), record.operators.end(), name) ==
        record.operators.end()) {
      record.operators.push_back(name);
    }
    if (!graph.outputs.empty() && std::find(op.outputs.begin(), op.outputs.end(),
                                            graph.outputs.front()) != op.outputs.end()) {
      record.last_operator = name;
    }
  }
}

Json describe_tensor_metadata(const TfliteTensorMetadata& tensor) {
  Json out = Json::object();
  if (!tensor.name.empty()) out["name"] = tensor.name;
  if (!tensor.description.empty()) out["description"] = tensor.description;
  if (tensor.content.color_space == TfliteColorSpace::kRgb) out["color_space"] = "rgb";
  if (tensor.content.color_space == TfliteColorSpace::kGrayscale) out["color_space"] = "grayscale";
  for (const TfliteProcessUnit& unit : tensor.process_units) {
    if (unit.kind != TfliteProcessKind::kNormalization) continue;
    out["normalization"] = {{"mean", unit.mean}, {"std", unit.std}};
  }
  if (!tensor.min.empty()) out["min"] = tensor.min;
  if (!tensor.max.empty()) out["max"] = tensor.max;
  for (const TfliteAssociatedFile& file : tensor.files) out["files"].push_back(file.name);
  return out;
}

void describe_metadata(const TfliteMetadata& metadata, ModelRecord& record) {
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) record.metadata[key] = value;
  };
  put("name", metadata.name);
  put("description", metadata.description);
  put("version", metadata.version);
  put("author", metadata.author);
  put("license", metadata.license);
  if (metadata.subgraphs.empty()) return;
  for (const TfliteTensorMetadata& tensor : metadata.subgraphs.front().inputs) {
    record.metadata["inputs"].push_back(describe_tensor_metadata(tensor));
  }
  for (const TfliteTensorMetadata& tensor : metadata.subgraphs.front().outputs) {
    record.metadata["outputs"].push_back(describe_tensor_metadata(tensor));
  }
}

// Names of the label files that the metadata ties to an output.
std::vector<std::string> label_file_names(const TfliteMetadata& metadata) {
  std::vector<std::string> names;
  if (metadata.subgraphs.empty()) return names;
  for (const TfliteTensorMetadata& tensor : metadata.subgraphs.front().outputs) {
    for (const TfliteAssociatedFile& file : tensor.files) {
      if (file.kind == TfliteFileKind::kAxisLabels || file.kind == TfliteFileKind::kValueLabels) {
        names.push_back(file.name);
      }
    }
  }
  return names;
}

void describe_labels(const TflitePackedFiles& packed, const std::vector<std::string>& wanted,
                     ModelRecord& record, std::vector<Gap>& gaps) {
  for (const TflitePackedFile& file : packed.files) {
    const bool named = std::find(wanted.begin(), wanted.end(), file.name) != wanted.end();
    const bool looks = wanted.empty() && to_lower(file.name).find("label") != std::string::npos;
    if (!named && !looks) continue;
    auto labels = split_labels(file.content);
    if (labels.size() > kMaxModelLabels) {
      gaps.push_back({location_text(record.location),
                      "the label file " + printable(file.name) + " has too many lines"});
      return;
    }
    record.labels = std::move(labels);
    Evidence evidence{"asset", record.location.file, record.location.entry};
    evidence.entry.push_back(file.name);
    evidence.rule = "tflite.label-file";
    evidence.excerpt = printable(join(record.labels, ", "), 120);
    record.evidence.push_back(std::move(evidence));
    return;
  }
}

void describe_tflite(ByteSpan container, ModelRecord& record, std::vector<Gap>& gaps) {
  const std::string where = location_text(record.location);
  const auto model = read_tflite(container);
  if (!model) {
    gaps.push_back({where, model.error().what});
    return;
  }
  describe_graph(*model, record);
  std::vector<std::string> label_files;
  const ByteSpan metadata_bytes = model->metadata_bytes("TFLITE_METADATA");
  if (!metadata_bytes.empty()) {
    if (const auto metadata = read_tflite_metadata(metadata_bytes)) {
      describe_metadata(*metadata, record);
      label_files = label_file_names(*metadata);
      for (const FormatGap& gap : metadata->gaps)
        gaps.push_back({where + ": metadata " + gap.where, gap.why});
    } else {
      gaps.push_back({where + ": metadata", metadata.error().what});
    }
  }
  const TflitePackedFiles packed = read_tflite_packed_files(container, model->size);
  for (const FormatGap& gap : packed.gaps) gaps.push_back({where + ": " + gap.where, gap.why});
  describe_labels(packed, label_files, record, gaps);
  std::size_t operators = 0;
  for (const TfliteSubgraph& graph : model->subgraphs) operators += graph.operators.size();
  record.evidence.front().excerpt =
      std::to_string(operators) + " operators, " +
      std::to_string(model->subgraphs.front().tensors.size()) + " tensors" +
      (model->has_identifier ? ", identifier TFL3" : ", no identifier");
}

}  // namespace

ModelRecord describe_model(ByteSpan container, const ModelProbe& probe, ModelLocation location,
                           std::vector<Gap>& gaps) {
  ModelRecord record;
  record.format = std::string(probe.format);
  record.location = std::move(location);
  const auto bytes = subspan_checked(container, 0, probe.size);
  record.sha256 = sha256_hex(bytes ? *bytes : container);
  Evidence evidence;
  const bool in_library =
      !record.location.entry.empty() && record.location.entry.back().ends_with(".so");
  evidence.kind = in_library ? "native" : "asset";
  evidence.file = record.location.file;
  evidence.entry = record.location.entry;
  evidence.offset = record.location.offset;
  evidence.rule = record.format + ".structure";
  record.evidence.push_back(std::move(evidence));
  for (const FormatGap& gap : probe.gaps) {
    gaps.push_back({location_text(record.location) + ": " + gap.where, gap.why});
  }
  if (record.format == "tflite") describe_tflite(container, record, gaps);
  return record;
}

std::string location_text(const ModelLocation& location) {
  std::string text = join(location.entry, "!");
  if (location.offset != 0) text += " at byte " + std::to_string(location.offset);
  return printable(text);
}

}  // namespace dl
