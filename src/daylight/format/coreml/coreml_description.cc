// SPDX-License-Identifier: Apache-2.0
// Numbers are those of the public Model.proto and FeatureTypes.proto.
#include "daylight/format/coreml/coreml_description.h"

#include <array>
#include <optional>
#include <utility>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

using K = ProtoKind;

constexpr std::array<ProtoRule, 3> kFeatureRules = {{{1, K::kText}, {2, K::kText}, {3, K::kBytes}}};
constexpr ProtoSchema kFeature = {kFeatureRules, 0};

constexpr std::array<ProtoRule, 6> kFunctionRules = {{
    {1, K::kText},                      // name
    {2, K::kMessage, &kFeature, true},  // input
    {3, K::kMessage, &kFeature, true},  // output
    {4, K::kText},                      // predictedFeatureName
    {5, K::kText},                      // predictedProbabilitiesName
    {6, K::kMessage, &kFeature, true},  // state
}};
constexpr ProtoSchema kFunction = {kFunctionRules, 0};

constexpr std::array<ProtoRule, 9> kDescriptionRules = {{
    {1, K::kMessage, &kFeature, true},    // input
    {10, K::kMessage, &kFeature, true},   // output
    {11, K::kText},                       // predictedFeatureName
    {12, K::kText},                       // predictedProbabilitiesName
    {13, K::kMessage, &kFeature, true},   // state
    {20, K::kMessage, &kFunction, true},  // functions
    {21, K::kText},                       // defaultFunctionName
    {50, K::kMessage, &kFeature, true},   // trainingInput
    {100, K::kBytes},                     // metadata
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

void read_feature(ByteSpan message, bool input, GraphFiller& filler) {
  GraphTensor tensor;
  std::string note;
  tensor.name = proto_text(message, 1);
  if (const auto type = proto_field(message, 3)) read_feature_type(type->bytes, tensor, note);
  const std::string side = input ? "input " : "output ";
  filler.metadata(side + tensor.name + " type", note);
  filler.metadata(side + tensor.name + " description", proto_text(message, 2));
  if (input) {
    filler.input(std::move(tensor));
  } else {
    filler.output(std::move(tensor));
  }
}

// The features of a message in which inputs and outputs have these numbers.
void read_features(ByteSpan message, std::uint32_t input, std::uint32_t output,
                   GraphFiller& filler) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == input || field->number == output)
      read_feature(field->bytes, field->number == input, filler);
  }
}

// The function that runs where none is named; nothing where the model has no functions.
std::optional<ByteSpan> default_function(ByteSpan description) {
  const std::string name = proto_text(description, 21);
  std::optional<ByteSpan> first;
  ProtoReader reader(description);
  while (const auto field = reader.next()) {
    if (field->number != 20) continue;
    if (!first) first = field->bytes;
    if (!name.empty() && proto_text(field->bytes, 1) == name) return field->bytes;
  }
  return first;
}

}  // namespace

std::string_view coreml_type_name(std::uint32_t number) {
  for (const ModelType& type : kTypes)
    if (type.number == number) return type.name;
  return "";
}

bool is_coreml_description(ByteSpan message) {
  const ProtoFit fit = fit_proto_schema(message, kDescription);
  return fit.size == message.size() && !fit.cut && fit.fields > 0;
}

void read_coreml_description(ByteSpan message, GraphFiller& filler,
                             std::vector<std::string>& labels) {
  read_features(message, 1, 10, filler);
  if (const auto function = default_function(message)) {
    read_features(*function, 2, 3, filler);
    filler.metadata("function", proto_text(*function, 1));
  }
  filler.metadata("predicted_feature", proto_text(message, 11));
  filler.metadata("predicted_probabilities", proto_text(message, 12));
  if (const auto metadata = proto_field(message, 100))
    read_metadata(metadata->bytes, filler, labels);
}

}  // namespace dl
