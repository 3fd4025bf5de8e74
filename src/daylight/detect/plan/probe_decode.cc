// SPDX-License-Identifier: Apache-2.0
// Types to decoders; tensors of models to the arguments that carry them.
#include "daylight/detect/plan/probe_decode.h"

#include <algorithm>
#include <optional>

namespace dl {
namespace {

using program::AppCode;
using program::ClassId;
using program::ClassIndex;
using program::kNoId;
using program::MethodId;

// What an agent reads of a value of this type; "" for what it leaves alone.
std::string kind_of(std::string_view type) {
  if (type == "Landroid/graphics/Bitmap;") return "bitmap";
  if (type == "Landroid/media/Image;") return "image";
  if (type == "Ljava/nio/ByteBuffer;" || type == "Ljava/nio/MappedByteBuffer;" ||
      type == "Ljava/nio/Buffer;" || type == "[B")
    return "bytes";
  if (type == "Ljava/lang/String;") return "text";
  if (type == "[F") return "float-array";
  if (type == "[I") return "int-array";
  if (type == "Z" || type == "I" || type == "J" || type == "F" || type == "D" || type == "S" ||
      type == "B")
    return "number";
  // Arrays of arrays, boxes of inputs and maps of outputs hold tensors.
  if (type.starts_with('[') || type == "Ljava/lang/Object;" || type == "Ljava/util/Map;")
    return "tensor";
  return {};
}

// Also known carriers of tensors, where they are renamed.
std::string kind_of(const AppCode& code, ClassId type) {
  const std::string canonical = code.apis().canonical_class(type);
  for (const char* carrier : {".TensorImage", ".TensorBuffer", ".IValue", ".OnnxTensor"}) {
    if (canonical.ends_with(carrier)) return "tensor";
  }
  if (canonical == "org.opencv.core.Mat") return "tensor";
  return kind_of(code.index().descriptor(type));
}

bool is_buffer(std::string_view kind) {
  return kind != "number" && kind != "text" && !kind.empty();
}

// The class of "Lpkg/Class;->method(D)R".
std::string_view class_of_method(std::string_view text) {
  const std::size_t arrow = text.find("->");
  return arrow == std::string_view::npos ? std::string_view() : text.substr(0, arrow);
}

bool names_in_class(const ModelRecord& model, std::string_view klass) {
  return std::any_of(model.evidence.begin(), model.evidence.end(), [&](const Evidence& evidence) {
    return evidence.kind == "code" && evidence.rule != "path" &&
           class_of_method(evidence.method) == klass;
  });
}

std::vector<const ModelRecord*> models_of(const Inventory& inventory, const Probe& probe) {
  std::vector<const ModelRecord*> out;
  for (const CallRecord& call : inventory.calls) {
    if (std::find(probe.why.begin(), probe.why.end(), call.id) == probe.why.end()) continue;
    bool found = false;
    for (const ModelRecord& model : inventory.models) {
      if (!names_in_class(model, class_of_method(call.caller))) continue;
      out.push_back(&model);
      found = true;
    }
    // A call whose model is unknown may pass anything.
    if (!found) return {};
  }
  return out;
}

// "nhwc" or "nchw" where one side can only be the channels.
std::string layout_of(const std::vector<std::int64_t>& shape) {
  if (shape.size() != 4) return {};
  const auto channels = [](std::int64_t side) { return side == 1 || side == 3 || side == 4; };
  if (channels(shape[3]) && !channels(shape[1])) return "nhwc";
  if (channels(shape[1]) && !channels(shape[3])) return "nchw";
  return {};
}

// The only tensor on one side of all models; nothing where they differ.
std::optional<TensorInfo> common_tensor(const std::vector<const ModelRecord*>& models,
                                        std::vector<TensorInfo> ModelRecord::*side) {
  std::optional<TensorInfo> common;
  for (const ModelRecord* model : models) {
    if ((model->*side).size() != 1) return std::nullopt;
    const TensorInfo& tensor = (model->*side).front();
    if (common && (common->shape != tensor.shape || common->dtype != tensor.dtype))
      return std::nullopt;
    common = tensor;
  }
  return common;
}

void describe_tensor(const TensorInfo& tensor, DecodeRule& rule) {
  if (tensor.shape.size() > kMaxDecodeDimensions) return;
  rule.dtype = tensor.dtype;
  rule.shape = tensor.shape;
  rule.layout = layout_of(tensor.shape);
}

}  // namespace

bool takes_picture(const ClassIndex& index, MethodId method) {
  const auto& parameters = index.proto(method).parameters;
  return std::any_of(parameters.begin(), parameters.end(), [&](ClassId parameter) {
    if (parameter == kNoId) return false;
    const std::string_view type = index.descriptor(parameter);
    return type == "Landroid/graphics/Bitmap;" || type == "[B" || type == "Landroid/media/Image;" ||
           type == "[I" || type == "Ljava/nio/ByteBuffer;";
  });
}

std::vector<DecodeRule> decode_of_method(const AppCode& code, MethodId method,
                                         std::string_view role) {
  const ClassIndex& index = code.index();
  std::vector<DecodeRule> out;
  const auto& proto = index.proto(method);
  const bool silent = proto.result != kNoId && index.descriptor(proto.result) == "V";
  // A count or status says that the answer is in an argument.
  const bool gives_no_buffer =
      silent || (proto.result != kNoId && kind_of(code, proto.result) == "number");
  std::size_t buffers = 0;
  for (std::size_t i = 0; i < proto.parameters.size() && i <= kMaxArgument; ++i) {
    if (proto.parameters[i] == kNoId) continue;
    DecodeRule rule;
    rule.place = static_cast<int>(i);
    rule.kind = kind_of(code, proto.parameters[i]);
    // A native method that gives nothing back fills an object of the app.
    if (rule.kind.empty() && index.method_info(method).is_native() && silent &&
        index.class_info(proto.parameters[i]).defined()) {
      rule.kind = "object";
      rule.direction = PassDirection::kOut;
    } else if (is_buffer(rule.kind)) {
      ++buffers;
      const bool answer =
          role == "output" || (role == "model-run" && buffers > 1 && gives_no_buffer);
      rule.direction = answer ? PassDirection::kOut : PassDirection::kIn;
    }
    if (!rule.kind.empty()) out.push_back(std::move(rule));
  }
  if (proto.result != kNoId && !silent) {
    DecodeRule rule;
    rule.place = DecodeRule::kResult;
    rule.kind = kind_of(code, proto.result);
    if (!rule.kind.empty()) out.push_back(std::move(rule));
  }
  return out;
}

void add_model_shapes(const Inventory& inventory, Probe& probe) {
  if (probe.role != "model-run" && probe.role != "input" && probe.role != "output") return;
  const auto models = models_of(inventory, probe);
  if (models.empty()) return;
  const auto input = common_tensor(models, &ModelRecord::inputs);
  const auto output = common_tensor(models, &ModelRecord::outputs);
  for (std::string& text : probe.decode) {
    auto rule = parse_decode_rule(text);
    if (!rule || rule->kind != "tensor") continue;
    const bool answer = rule->direction == PassDirection::kOut ||
                        rule->place == DecodeRule::kResult || probe.role == "output";
    if (answer && output) describe_tensor(*output, *rule);
    if (!answer && input) describe_tensor(*input, *rule);
    text = print_decode_rule(*rule);
  }
}

}  // namespace dl
