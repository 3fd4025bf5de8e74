// SPDX-License-Identifier: Apache-2.0
// How Core ML models are known, their borders, labels and metadata; numbers are those of the public
// Model.proto and FeatureTypes.proto.
#include "daylight/format/coreml/coreml.h"

#include <algorithm>
#include <array>

#include "daylight/format/coreml/coreml_layers.h"
#include "daylight/format/coreml/coreml_program.h"
#include "daylight/format/encoding/protobuf.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {
namespace {

using K = ProtoKind;

constexpr std::array<ProtoRule, 3> kFeatureRules = {{{1, K::kText}, {2, K::kText}, {3, K::kBytes}}};
constexpr ProtoSchema kFeature = {kFeatureRules, 0};

constexpr std::array<ProtoRule, 9> kDescriptionRules = {{
    {1, K::kMessage, &kFeature, true},   // input
    {10, K::kMessage, &kFeature, true},  // output
    {11, K::kText},                      // predictedFeatureName
    {12, K::kText},                      // predictedProbabilitiesName
    {13, K::kMessage, &kFeature, true},  // state
    {20, K::kBytes, nullptr, true},      // functions
    {21, K::kText},                      // defaultFunctionName
    {50, K::kMessage, &kFeature, true},  // trainingInput
    {100, K::kBytes},                    // metadata
}};
constexpr ProtoSchema kDescription = {kDescriptionRules, 0};

struct ModelType {
  std::uint32_t number;
  std::string_view name;
};
constexpr std::array<ModelType, 37> kTypes = {{{200, "pipelineClassifier"},
                                               {201, "pipelineRegressor"},
                                               {202, "pipeline"},
                                               {300, "glmRegressor"},
                                               {301, "supportVectorRegressor"},
                                               {302, "treeEnsembleRegressor"},
                                               {303, "neuralNetworkRegressor"},
                                               {304, "bayesianProbitRegressor"},
                                               {400, "glmClassifier"},
                                               {401, "supportVectorClassifier"},
                                               {402, "treeEnsembleClassifier"},
                                               {403, "neuralNetworkClassifier"},
                                               {404, "kNearestNeighborsClassifier"},
                                               {500, "neuralNetwork"},
                                               {501, "itemSimilarityRecommender"},
                                               {502, "mlProgram"},
                                               {555, "customModel"},
                                               {556, "linkedModel"},
                                               {560, "classConfidenceThresholding"},
                                               {600, "oneHotEncoder"},
                                               {601, "imputer"},
                                               {602, "featureVectorizer"},
                                               {603, "dictVectorizer"},
                                               {604, "scaler"},
                                               {606, "categoricalMapping"},
                                               {607, "normalizer"},
                                               {609, "arrayFeatureExtractor"},
                                               {610, "nonMaximumSuppression"},
                                               {900, "identity"},
                                               {2000, "textClassifier"},
                                               {2001, "wordTagger"},
                                               {2002, "visionFeaturePrint"},
                                               {2003, "soundAnalysisPreprocessing"},
                                               {2004, "gazetteer"},
                                               {2005, "wordEmbedding"},
                                               {2006, "audioFeaturePrint"},
                                               {3000, "serializedModel"}}};

std::string_view type_of(std::uint32_t number) {
  for (const ModelType& type : kTypes)
    if (type.number == number) return type.name;
  return "";
}

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

bool is_description(ByteSpan message) {
  const ProtoFit fit = fit_proto_schema(message, kDescription);
  return fit.size == message.size() && !fit.cut && fit.fields > 0;
}

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
               !field->cut && is_description(field->bytes)) {
      description = true;
    } else if (field->number == kUpdatableField && !updatable && field->value <= 1) {
      updatable = true;
    } else if (!extent.complete && version && description && field->is_message() &&
               !type_of(field->number).empty()) {
      extent.complete = true;
      extent.cut = field->cut;
    } else {
      break;
    }
    extent.size = field->cut ? bytes.size() : reader.offset();
  }
  return extent;
}

std::string array_type(std::int64_t type) {
  switch (type) {
    case 65552:
      return "float16";
    case 65568:
      return "float32";
    case 65600:
      return "float64";
    case 131080:
      return "int8";
    case 131104:
      return "int32";
    default:
      return type == 0 ? "" : "other";
  }
}

std::string colour_text(std::int64_t colour) {
  return colour == 20 ? "RGB" : colour == 30 ? "BGR" : colour >= 10 ? "grey" : "";
}

// The type of a feature; `note` says what a tensor does not: that it is a picture, and its colours.
void read_feature_type(ByteSpan message, GraphTensor& tensor, std::string& note) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    switch (field->number) {
      case 1:
        tensor.dtype = "int64";
        break;
      case 2:
        tensor.dtype = "float64";
        break;
      case 3:
        tensor.dtype = "string";
        break;
      case 4: {
        const std::int64_t colour = proto_integer(field->bytes, 3, 0);
        const std::int64_t channels = colour == 20 || colour == 30 ? 3 : colour >= 10 ? 1 : -1;
        tensor.dtype = colour == 40 ? "float16" : "uint8";
        tensor.shape = {channels, proto_integer(field->bytes, 2, -1),
                        proto_integer(field->bytes, 1, -1)};
        note = "image " + colour_text(colour);
        break;
      }
      case 5: {
        ProtoReader array(field->bytes);
        while (const auto part = array.next()) {
          if (part->number == 1) append_proto_integers(*part, kMaxGraphRank, tensor.shape);
          if (part->number == 2) tensor.dtype = array_type(part->integer());
        }
        break;
      }
      case 6:
        tensor.dtype = "other";
        note = "dictionary";
        break;
      case 7:
        tensor.dtype = "other";
        note = "sequence";
        break;
      default:
        break;
    }
  }
}

void read_metadata(ByteSpan message, GraphFiller& filler, std::vector<std::string>& labels) {
  filler.metadata("description", proto_text(message, 1));
  filler.metadata("version", proto_text(message, 2));
  filler.metadata("author", proto_text(message, 3));
  filler.metadata("license", proto_text(message, 4));
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number != 100) continue;
    const std::string key = proto_text(field->bytes, 1);
    const std::string value = proto_text(field->bytes, 2);
    filler.metadata(key, value);
    if (is_label_key(key) && labels.empty()) labels = labels_from_text(value);
  }
}

void read_description(ByteSpan message, GraphFiller& filler, std::vector<std::string>& labels) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 1 || field->number == 10) {
      GraphTensor tensor;
      std::string note;
      tensor.name = proto_text(field->bytes, 1);
      if (const auto type = proto_field(field->bytes, 3))
        read_feature_type(type->bytes, tensor, note);
      const std::string about = proto_text(field->bytes, 2);
      const std::string side = field->number == 1 ? "input " : "output ";
      filler.metadata(side + tensor.name + " type", note);
      filler.metadata(side + tensor.name + " description", about);
      if (field->number == 1) {
        filler.input(std::move(tensor));
      } else {
        filler.output(std::move(tensor));
      }
    }
    if (field->number == 11) filler.metadata("predicted_feature", field->text());
    if (field->number == 12) filler.metadata("predicted_probabilities", field->text());
    if (field->number == 100) read_metadata(field->bytes, filler, labels);
  }
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
      read_description(description->bytes, filler_, metadata_labels_);
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
      const std::string_view type = type_of(field->number);
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
