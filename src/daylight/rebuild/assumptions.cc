// SPDX-License-Identifier: Apache-2.0
// What is declared or usual where code is silent.
#include "daylight/rebuild/assumptions.h"

#include <algorithm>

#include "daylight/rebuild/picture_steps.h"

namespace dl::rebuild {
namespace {

// Classes that an unlabelled head is still spread over.
constexpr std::int64_t kMaxNumberedLabels = 1000;

Json normalisation(const std::vector<double>& mean, const std::vector<double>& std) {
  return {{"mean", mean}, {"std", std}};
}

// inputs[i].normalization {mean, std} or process_units of the model's metadata.
std::optional<Json> declared_normalisation(const ModelRecord& model, std::size_t input) {
  if (!model.metadata.is_object()) return std::nullopt;
  const auto inputs = model.metadata.find("inputs");
  if (inputs == model.metadata.end() || !inputs->is_array() || input >= inputs->size())
    return std::nullopt;
  const Json& own = (*inputs)[input];
  if (!own.is_object()) return std::nullopt;
  const auto found = own.find("normalization");
  const Json* values = found != own.end() && found->is_object() ? &*found : nullptr;
  if (values == nullptr) return std::nullopt;
  const auto mean = values->find("mean");
  const auto std = values->find("std");
  if (mean == values->end() || std == values->end() || !mean->is_array() || !std->is_array() ||
      mean->empty() || std->empty())
    return std::nullopt;
  for (const Json* list : {&*mean, &*std}) {
    for (const Json& value : *list) {
      if (!value.is_number()) return std::nullopt;
    }
  }
  for (const Json& value : *std) {
    if (value.get<double>() == 0) return std::nullopt;
  }
  return Json{{"mean", *mean}, {"std", *std}};
}

}  // namespace

std::optional<PictureShape> picture_shape(const TensorInfo& tensor) {
  std::vector<std::int64_t> shape = tensor.shape;
  if (shape.size() == 3) shape.insert(shape.begin(), 1);
  if (shape.size() != 4 || (shape[3] != 1 && shape[3] != 3) || shape[1] < 8 || shape[2] < 8)
    return std::nullopt;
  return PictureShape{shape[1], shape[2], shape[3]};
}

DraftStep assumed_source() {
  DraftStep step;
  step.kind = StepKind::kSource;
  step.op = "user-image";
  step.params = {{"api", "unknown"}};
  step.proof = assumed_proof("where the picture comes from was not found in the code");
  return step;
}

DraftStep assumed_decoding() {
  DraftStep step;
  step.kind = StepKind::kDecode;
  step.op = "decode-image";
  step.params = {{"decoder", "assumed"}};
  step.proof = assumed_proof("how the picture is decoded was not found in the code");
  return step;
}

DraftStep assumed_resize(const PictureShape& shape, const std::string& why) {
  DraftStep step;
  step.op = "resize";
  step.params = {{"width", shape.width}, {"height", shape.height}, {"kernel", "android-bilinear"}};
  step.proof = assumed_proof(why);
  step.alternatives = kernel_alternatives(step.params);
  return step;
}

DraftStep assumed_packing(const PictureShape& shape, const std::string& dtype,
                          const std::string& why) {
  DraftStep step;
  step.op = "to-tensor";
  const std::string type = dtype == "uint8" ? "uint8" : "float32";
  step.params = {{"order", shape.channels == 1 ? "GRAY" : "RGB"}, {"dtype", type}};
  step.proof = assumed_proof(why);
  if (shape.channels == 3) {
    step.alternatives.push_back({"bgr",
                                 "to-tensor",
                                 {{"order", "BGR"}, {"dtype", type}},
                                 "models trained through OpenCV take blue first"});
  }
  return step;
}

std::vector<DraftStep> assumed_normalisation(const ModelRecord& model, std::size_t input,
                                             const std::string& why) {
  std::vector<DraftStep> steps;
  if (input >= model.inputs.size()) return steps;
  const TensorInfo& tensor = model.inputs[input];
  if (tensor.dtype == "uint8") return steps;
  DraftStep step;
  step.op = "normalize";
  if (const auto declared = declared_normalisation(model, input)) {
    step.params = *declared;
    step.proof =
        declared_proof("model-metadata", "the model's metadata names this normalisation; " + why);
    Evidence evidence;
    evidence.kind = "asset";
    evidence.file = model.location.file;
    evidence.entry = model.location.entry;
    evidence.rule = "rebuild.model-metadata";
    evidence.excerpt = dump_json_line(*declared);
    step.evidence.push_back(std::move(evidence));
  } else {
    step.params = normalisation({0}, {255});
    step.proof = assumed_proof(why);
    step.alternatives.push_back({"minus-one-to-one", "normalize", normalisation({127.5}, {127.5}),
                                 "the other common range"});
    step.alternatives.push_back(
        {"as-they-are", "normalize", normalisation({0}, {1}), "the model may normalise by itself"});
  }
  steps.push_back(std::move(step));
  if (tensor.dtype == "int8" && !tensor.quant_scale.empty()) {
    DraftStep quantise;
    quantise.op = "quantize";
    quantise.params = {
        {"scale", tensor.quant_scale[0]},
        {"zero_point", tensor.quant_zero_point.empty() ? 0 : tensor.quant_zero_point[0]},
        {"dtype", "int8"}};
    quantise.proof = declared_proof("model", "the input tensor's quantisation");
    steps.push_back(std::move(quantise));
  }
  return steps;
}

std::optional<AssumedAnswer> assumed_answer(const ModelRecord& model, const std::string& why) {
  if (model.outputs.empty()) return std::nullopt;
  const TensorInfo& output = model.outputs[0];
  std::int64_t count = 1;
  for (const std::int64_t side : output.shape) {
    if (side <= 0 || side > 100000 || count > 100000) return std::nullopt;
    count *= side;
  }
  AssumedAnswer answer;
  DraftStep first;
  first.kind = StepKind::kPostprocess;
  first.op = "output";
  first.params = {{"index", 0}};
  first.proof = assumed_proof(why);
  answer.steps.push_back(std::move(first));
  DraftStep second;
  second.kind = StepKind::kPostprocess;
  second.proof = assumed_proof(why);
  if (count == 1) {
    answer.kind = "scalar";
    second.op = "element";
    second.params = {{"index", std::vector<std::int64_t>(output.shape.size(), 0)}};
    answer.steps.push_back(std::move(second));
    return answer;
  }
  // A map, boxes or an embedding has no highest score.
  std::int64_t wide = 0;
  for (const std::int64_t side : output.shape) wide += side > 1 ? 1 : 0;
  if (wide != 1 || count > kMaxNumberedLabels) return std::nullopt;
  answer.kind = "label";
  const bool labelled = static_cast<std::int64_t>(model.labels.size()) == count;
  // Scores end in a softmax or a sigmoid; numbers that do not may be an embedding.
  if (!labelled && model.last_operator != "SOFTMAX" && model.last_operator != "LOGISTIC")
    return std::nullopt;
  if (labelled) {
    answer.labels = model.labels;
    answer.labels_proof = declared_proof("model-metadata", "a label file inside the model");
  } else {
    for (std::int64_t i = 0; i < count; ++i) answer.labels.push_back("class-" + std::to_string(i));
    answer.labels_proof =
        assumed_proof("the order and meaning of the classes are not known; they are numbered");
  }
  second.op = "argmax";
  second.params = {{"labels", answer.labels}};
  answer.steps.push_back(std::move(second));
  return answer;
}

}  // namespace dl::rebuild
