// SPDX-License-Identifier: Apache-2.0
// How Core ML models are known, and what stands behind their description; numbers are those of the
// public Model.proto.
#include "daylight/format/coreml/coreml.h"

#include <algorithm>
#include <array>

#include "daylight/format/coreml/coreml_description.h"
#include "daylight/format/coreml/coreml_layers.h"
#include "daylight/format/coreml/coreml_program.h"
#include "daylight/format/encoding/protobuf.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

constexpr std::uint32_t kDescriptionField = 2;
constexpr std::uint32_t kUpdatableField = 10;
constexpr std::uint32_t kProgram = 502;
// Classifiers hold their labels as strings in field 100, as integers in 101.
constexpr std::uint32_t kStringLabels = 100;
constexpr std::uint32_t kIntegerLabels = 101;

// Bytes of the fields that make a model: a version, a description, one type.
struct Extent {
  std::uint64_t size = 0;
  bool complete = false;
  bool cut = false;
};

Extent measure(ByteSpan bytes) {
  Extent extent;
  bool version = false;
  bool description = false;
  bool updatable = false;
  ProtoReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1 && !version && field->wire == ProtoWire::kVarint &&
        field->value <= kMaxCoremlVersion && field->value > 0) {
      version = true;
    } else if (field->number == kDescriptionField && !description && field->is_message() &&
               !field->cut && is_coreml_description(field->bytes)) {
      description = true;
    } else if (field->number == kUpdatableField && !updatable && field->value <= 1) {
      updatable = true;
    } else if (!extent.complete && version && description && field->is_message() &&
               !coreml_type_name(field->number).empty()) {
      extent.complete = true;
      extent.cut = field->cut;
    } else {
      break;
    }
    extent.size = field->cut ? bytes.size() : reader.offset();
  }
  return extent;
}

// Class labels of a classifier, strings or numbers.
void read_labels(ByteSpan classifier, std::vector<std::string>& labels) {
  ProtoReader reader(classifier);
  while (const auto field = reader.next()) {
    if ((field->number != kStringLabels && field->number != kIntegerLabels) || !field->is_message())
      continue;
    ProtoReader vector(field->bytes);
    while (const auto element = vector.next()) {
      if (element->number != 1 || labels.size() > kMaxGraphLabels) continue;
      if (field->number == kStringLabels) {
        labels.emplace_back(element->text());
      } else {
        std::vector<std::int64_t> numbers;
        append_proto_integers(*element, kMaxGraphLabels, numbers);
        for (const std::int64_t number : numbers) labels.push_back(std::to_string(number));
      }
    }
  }
}

class ModelReader {
 public:
  explicit ModelReader(ModelGraph& graph) : graph_(graph), filler_(graph) {}

  void read(ByteSpan model) {
    filler_.metadata("specification_version", std::to_string(proto_integer(model, 1, 0)));
    if (const auto description = proto_field(model, kDescriptionField))
      read_coreml_description(description->bytes, filler_, metadata_labels_);
    read_type(model, "", 0);
    if (graph_.labels.empty())
      for (std::string& label : metadata_labels_) filler_.label(std::move(label));
    filler_.finish();
    set_graph_hash("coreml", graph_);
    weights_.digest.finish(graph_);
    graph_.parameters += weights_.elsewhere;
  }

 private:
  // The one field of a model that says what it is.
  void read_type(ByteSpan model, const std::string& prefix, int depth) {
    ProtoReader reader(model);
    while (const auto field = reader.next()) {
      const std::string_view type = coreml_type_name(field->number);
      if (type.empty() || !field->is_message()) continue;
      filler_.metadata(prefix.empty() ? "type" : prefix + "type", type);
      read_model(*field, type, prefix, depth, model);
    }
  }

  void read_model(const ProtoField& field, std::string_view type, const std::string& prefix,
                  int depth, ByteSpan model) {
    std::vector<std::string> labels;
    if (type == "pipeline") {
      read_pipeline(field.bytes, prefix, depth);
    } else if (type.starts_with("pipeline")) {
      const auto pipeline = proto_field(field.bytes, 1);
      if (pipeline) read_pipeline(pipeline->bytes, prefix, depth);
    } else if (type.starts_with("neuralNetwork")) {
      read_coreml_layers(field.bytes, prefix, filler_, weights_);
      if (field.number == 403) read_labels(field.bytes, labels);
    } else if (field.number == kProgram) {
      read_coreml_program(field.bytes, prefix, filler_, weights_, labels);
    } else {
      read_other(type, prefix, model);
      if (type.ends_with("Classifier")) read_labels(field.bytes, labels);
    }
    if (graph_.labels.empty())
      for (std::string& label : labels) filler_.label(std::move(label));
  }

  void read_pipeline(ByteSpan pipeline, const std::string& prefix, int depth) {
    if (depth >= kMaxCoremlPipelineDepth) {
      filler_.gap("pipeline", "it is nested too deeply to be read");
      return;
    }
    int number = 0;
    ProtoReader reader(pipeline);
    while (const auto field = reader.next()) {
      if (field->number != 1) continue;
      read_type(field->bytes, prefix + "model" + std::to_string(number++) + "/", depth + 1);
    }
  }

  // A model without layers: one operator between the features it names.
  void read_other(std::string_view type, const std::string& prefix, ByteSpan model) {
    GraphOperator op;
    op.name = type;
    if (const auto description = proto_field(model, kDescriptionField)) {
      ProtoReader reader(description->bytes);
      while (const auto field = reader.next()) {
        if (field->number == 1) op.inputs.push_back(prefix + proto_text(field->bytes, 1));
        if (field->number == 10) op.outputs.push_back(prefix + proto_text(field->bytes, 1));
      }
    }
    filler_.operation(std::move(op));
  }

  ModelGraph& graph_;
  GraphFiller filler_;
  CoremlWeights weights_;
  std::vector<std::string> metadata_labels_;
};

}  // namespace

std::optional<ModelProbe> probe_coreml(ByteSpan bytes) {
  const Extent extent = measure(bytes);
  if (!extent.complete) return std::nullopt;
  ModelProbe probe{"coreml", extent.size, {}};
  if (extent.cut)
    probe.gaps.push_back({"model", "it is cut off: its last field goes on behind the end"});
  return probe;
}

ModelGraph describe_coreml(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  ModelReader(graph).read(
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(probe.size, bytes.size()))));
  return graph;
}

}  // namespace dl
