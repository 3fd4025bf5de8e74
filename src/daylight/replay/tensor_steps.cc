// SPDX-License-Identifier: Apache-2.0
// Steps from the tensor to the answer: normalise, quantise, run the model, read its outputs.
#include <algorithm>
#include <array>
#include <cmath>

#include "daylight/base/text.h"
#include "daylight/replay/step_compiler.h"
#include "daylight/replay/tensor_ops.h"

namespace dl::steps {
namespace {

using Compiler = Result<CompiledStep> (*)(const StepParams&, const ValueType&, CompileContext&);

constexpr std::int64_t kMaxIndex = std::int64_t{1} << 40;

ValueType kind_only(ValueKind kind) {
  ValueType type;
  type.kind = kind;
  return type;
}

// Elements of a shape; 0 if it is not known yet.
std::int64_t count_of(const std::vector<std::int64_t>& shape) {
  if (shape.empty()) return 0;
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) count *= std::max<std::int64_t>(dimension, 0);
  return count;
}

StepResult outside(std::int64_t index, std::size_t size) {
  return step_failure(
      PredictionStatus::kCrash,
      "the output has " + std::to_string(size) + " elements, no element " + std::to_string(index));
}

// The tensor that a step reads: its input, or a model's first output.
const Tensor& tensor_of(const StepValue& value, ValueKind kind) {
  return kind == ValueKind::kOutputs ? value.outputs.front() : value.tensor;
}

ValueType tensor_type_of(const ValueType& in) {
  if (in.kind != ValueKind::kOutputs) return in;
  ValueType type = kind_only(ValueKind::kTensor);
  if (!in.outputs.empty()) {
    type.element = in.outputs.front().type;
    type.shape = in.outputs.front().shape;
  }
  return type;
}

// --- before the model

Result<CompiledStep> compile_normalize(const StepParams& step, const ValueType& in,
                                       CompileContext&) {
  const auto mean = TRY(step.numbers("mean"));
  const auto std = TRY(step.numbers("std"));
  if (std::find(std.begin(), std.end(), 0.0F) != std.end()) {
    return step.refuse("a standard deviation is 0");
  }
  ValueType type = tensor_type_of(in);
  const std::int64_t channels = type.shape.empty() ? 0 : type.shape.back();
  for (const std::size_t given : {mean.size(), std.size()}) {
    if (given != 1 && channels != 0 && static_cast<std::int64_t>(given) != channels) {
      return step.refuse("there are " + std::to_string(given) + " values for " +
                         std::to_string(channels) + " channels");
    }
  }
  CompiledStep compiled;
  compiled.type = type;
  compiled.type.element = ElementType::kFloat32;
  compiled.function = [=, kind = in.kind](const StepValue& from, StepValue& out, StepWorker&) {
    normalize_tensor(tensor_of(from, kind), mean, std, out.tensor);
    return StepResult();
  };
  return compiled;
}

Result<ElementType> target_type(const StepParams& step) {
  const std::string name = TRY(step.text("dtype"));
  const auto type = element_type_from_string(name);
  if (!type || *type == ElementType::kFloat16) {
    return step.refuse("nothing is turned into '" + printable(name) + "'");
  }
  return *type;
}

Result<CompiledStep> compile_cast(const StepParams& step, const ValueType& in, CompileContext&) {
  const ElementType target = TRY(target_type(step));
  CompiledStep compiled;
  compiled.type = tensor_type_of(in);
  compiled.type.element = target;
  compiled.function = [=, kind = in.kind](const StepValue& from, StepValue& out, StepWorker&) {
    cast_tensor(tensor_of(from, kind), target, out.tensor);
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_quantize(const StepParams& step, const ValueType& in,
                                      CompileContext&) {
  const auto scale = static_cast<float>(TRY(step.number("scale")));
  if (scale == 0.0F) return step.refuse("the scale is 0");
  const auto zero_point =
      static_cast<std::int32_t>(TRY(step.integer_or("zero_point", 0, INT32_MIN, INT32_MAX)));
  const ElementType target = step.has("dtype") ? TRY(target_type(step)) : ElementType::kFloat32;
  const std::string rounding_name = TRY(step.text_or("rounding", "nearest"));
  if (rounding_name != "nearest" && rounding_name != "truncate") {
    return step.refuse("there is no rounding '" + printable(rounding_name) + "'");
  }
  const auto rounding =
      rounding_name == "nearest" ? QuantizeRounding::kNearest : QuantizeRounding::kCut;
  CompiledStep compiled;
  compiled.type = tensor_type_of(in);
  compiled.type.element = target;
  compiled.function = [=, kind = in.kind](const StepValue& from, StepValue& out, StepWorker&) {
    quantize_tensor(tensor_of(from, kind), scale, zero_point, target, rounding, out.tensor);
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_dequantize(const StepParams& step, const ValueType& in,
                                        CompileContext&) {
  const bool given = step.has("scale");
  const auto scale = static_cast<float>(TRY(step.number_or("scale", 1.0)));
  const auto zero_point =
      static_cast<std::int32_t>(TRY(step.integer_or("zero_point", 0, INT32_MIN, INT32_MAX)));
  CompiledStep compiled;
  compiled.type = tensor_type_of(in);
  compiled.type.element = ElementType::kFloat32;
  // Without parameters the tensor's own quantisation counts.
  compiled.function = [=, kind = in.kind](const StepValue& from, StepValue& out, StepWorker&) {
    const Tensor& tensor = tensor_of(from, kind);
    const bool own = !given && tensor.scale != 0.0F;
    dequantize_tensor(tensor, own ? tensor.scale : scale, own ? tensor.zero_point : zero_point,
                      out.tensor);
    return StepResult();
  };
  return compiled;
}

// --- the model

// The place of the model in the program; opens it the first time.
Result<std::size_t> model_slot(const StepParams& step, CompileContext& context) {
  const std::string sha256 = TRY(step.text("sha256"));
  for (std::size_t i = 0; i < context.models.size(); ++i) {
    if (context.models[i].sha256 == sha256) return i;
  }
  auto file = context.blobs.get(sha256);
  if (!file)
    return step.refuse("the model cannot be read: " + describe(file.error()), file.error().code);
  const auto barred = context.barred_models.find(sha256);
  if (barred != context.barred_models.end()) {
    return step.refuse(barred->second, ErrorCode::kUnsupported);
  }
  if (context.opening_model) context.opening_model(sha256);
  const auto model = open_tflite(std::move(*file), sha256);
  if (!model) return step.refuse(model.error().what, model.error().code);
  auto probe = (*model)->make_runner(context.runner_options);
  if (!probe) return step.refuse(probe.error().what, probe.error().code);
  if (context.opening_model) context.opening_model("");
  context.models.push_back({sha256, *model, std::move(*probe)});
  return context.models.size() - 1;
}

Result<CompiledStep> compile_tflite(const StepParams& step, const ValueType& in,
                                    CompileContext& context) {
  const std::size_t slot = TRY(model_slot(step, context));
  const ModelRunner& probe = *context.models[slot].probe;
  const ValueType type = tensor_type_of(in);
  const auto input = static_cast<std::size_t>(TRY(step.integer_or("input", 0, 0, 1000)));
  if (probe.inputs().size() != 1 || input != 0) {
    return step.refuse(
        "replay feeds models of one input; this one has " + std::to_string(probe.inputs().size()),
        ErrorCode::kUnsupported);
  }
  if (type.element != probe.inputs().front().type) {
    return step.refuse("the model wants " +
                       describe_tensor(probe.inputs().front().type, probe.inputs().front().shape) +
                       ", the step before gives " + to_string(type.element));
  }
  if (!type.shape.empty()) {
    const auto fits = probe.accepts(0, type.element, type.shape);
    if (!fits) return step.refuse(fits.error().what);
  }
  CompiledStep compiled;
  compiled.type = kind_only(ValueKind::kOutputs);
  compiled.type.outputs = probe.outputs();
  for (TensorSpec& output : compiled.type.outputs) {
    // Pictures go through one by one: an open batch is one.
    if (!output.shape.empty() && output.shape.front() == -1) output.shape.front() = 1;
  }
  compiled.function = [slot, kind = in.kind](const StepValue& from, StepValue& out,
                                             StepWorker& worker) -> StepResult {
    const std::array<const Tensor*, 1> tensors = {&tensor_of(from, kind)};
    const auto done = worker.runners[slot]->run(tensors, out.outputs);
    if (!done) return step_failure(PredictionStatus::kCrash, done.error().what);
    return {};
  };
  return compiled;
}

// --- after the model

Result<CompiledStep> compile_output(const StepParams& step, const ValueType& in, CompileContext&) {
  if (in.kind != ValueKind::kOutputs) return step.refuse("the step before is not a model");
  const auto index = static_cast<std::size_t>(
      TRY(step.integer_or("index", 0, 0, static_cast<std::int64_t>(kMaxModelTensors))));
  if (index >= in.outputs.size()) {
    return step.refuse("the model has " + std::to_string(in.outputs.size()) +
                       " outputs, no output " + std::to_string(index));
  }
  CompiledStep compiled;
  compiled.type = kind_only(ValueKind::kTensor);
  compiled.type.element = in.outputs[index].type;
  compiled.type.shape = in.outputs[index].shape;
  compiled.function = [index](const StepValue& from, StepValue& out, StepWorker&) {
    out.tensor = from.outputs[index];
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_element(const StepParams& step, const ValueType& in, CompileContext&) {
  const auto index = TRY(step.integers("index"));
  for (const std::int64_t part : index) {
    if (part < 0 || part > kMaxIndex) return step.refuse("an index is outside of every tensor");
  }
  CompiledStep compiled;
  compiled.type = kind_only(ValueKind::kScalar);
  compiled.function = [=, kind = in.kind](const StepValue& from, StepValue& out,
                                          StepWorker&) -> StepResult {
    const Tensor& tensor = tensor_of(from, kind);
    // One number counts elements in their order; otherwise there is one for each dimension.
    std::int64_t flat = index.front();
    if (index.size() > 1) {
      if (index.size() != tensor.shape.size()) {
        return step_failure(PredictionStatus::kCrash,
                            "the output has another number of dimensions");
      }
      flat = 0;
      for (std::size_t i = 0; i < index.size(); ++i) {
        if (index[i] >= tensor.shape[i]) return outside(index[i], tensor.size());
        flat = flat * tensor.shape[i] + index[i];
      }
    }
    if (static_cast<std::uint64_t>(flat) >= tensor.size()) return outside(flat, tensor.size());
    out.scalar = static_cast<float>(element_at(tensor, static_cast<std::size_t>(flat)));
    return {};
  };
  return compiled;
}

// An op on single numbers: of a scalar, or of each element of a tensor.
CompiledStep elementwise(const ValueType& in, const std::function<float(float)>& function) {
  CompiledStep compiled;
  if (in.kind == ValueKind::kScalar) {
    compiled.type = in;
    compiled.function = [function](const StepValue& from, StepValue& out, StepWorker&) {
      out.scalar = function(from.scalar);
      return StepResult();
    };
  } else {
    compiled.type = tensor_type_of(in);
    compiled.type.element = ElementType::kFloat32;
    compiled.function = [function, kind = in.kind](const StepValue& from, StepValue& out,
                                                   StepWorker&) {
      map_tensor(tensor_of(from, kind), function, out.tensor);
      return StepResult();
    };
  }
  return compiled;
}

Result<CompiledStep> compile_scale(const StepParams& step, const ValueType& in, CompileContext&) {
  const auto factor = static_cast<float>(TRY(step.number_or("factor", 1.0)));
  const auto offset = static_cast<float>(TRY(step.number_or("offset", 0.0)));
  return elementwise(in, [=](float x) { return x * factor + offset; });
}

Result<CompiledStep> compile_sigmoid(const StepParams&, const ValueType& in, CompileContext&) {
  return elementwise(in, sigmoid_of);
}

Result<CompiledStep> compile_clamp(const StepParams& step, const ValueType& in, CompileContext&) {
  const auto low = static_cast<float>(TRY(step.number("low")));
  const auto high = static_cast<float>(TRY(step.number("high")));
  if (!(low <= high)) return step.refuse("low is above high");
  return elementwise(in, [=](float x) { return std::min(std::max(x, low), high); });
}

Result<CompiledStep> compile_truncate(const StepParams&, const ValueType& in, CompileContext&) {
  return elementwise(in, [](float x) { return std::trunc(x); });
}

Result<CompiledStep> compile_softmax(const StepParams&, const ValueType& in, CompileContext&) {
  CompiledStep compiled;
  compiled.type = tensor_type_of(in);
  compiled.type.element = ElementType::kFloat32;
  compiled.function = [kind = in.kind](const StepValue& from, StepValue& out, StepWorker&) {
    softmax_tensor(tensor_of(from, kind), out.tensor);
    return StepResult();
  };
  return compiled;
}

Result<CompiledStep> compile_argmax(const StepParams& step, const ValueType& in, CompileContext&) {
  const auto labels = TRY(step.texts("labels"));
  if (TRY(step.integer_or("k", 1, 1, 1)) != 1) return step.refuse("only k = 1 gives one answer");
  const std::int64_t count = count_of(tensor_type_of(in).shape);
  if (count != 0 && count != static_cast<std::int64_t>(labels.size())) {
    return step.refuse("there are " + std::to_string(labels.size()) + " labels for " +
                       std::to_string(count) + " scores");
  }
  CompiledStep compiled;
  compiled.type = kind_only(ValueKind::kLabel);
  compiled.function = [labels, kind = in.kind](const StepValue& from, StepValue& out,
                                               StepWorker&) -> StepResult {
    const Tensor& tensor = tensor_of(from, kind);
    if (tensor.size() != labels.size()) {
      return outside(static_cast<std::int64_t>(labels.size()), tensor.size());
    }
    // The first of equal scores wins, as in a loop that asks for "greater".
    std::size_t best = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const double score = element_at(tensor, i);
      if (std::isnan(score)) {
        return step_failure(PredictionStatus::kParseError, "a score is not a number");
      }
      if (score > element_at(tensor, best)) best = i;
    }
    out.label = labels[best];
    out.score = element_at(tensor, best);
    return {};
  };
  return compiled;
}

// The number that a threshold looks at.
Result<std::function<StepResult(const StepValue&, double&)>> single_number(const StepParams& step,
                                                                           const ValueType& in) {
  const auto index = TRY(step.integer_or("index", 0, 0, kMaxIndex));
  const ValueKind kind = in.kind;
  return [index, kind](const StepValue& from, double& number) -> StepResult {
    if (kind == ValueKind::kScalar) {
      number = from.scalar;
      return {};
    }
    const Tensor& tensor = tensor_of(from, kind);
    if (static_cast<std::uint64_t>(index) >= tensor.size()) return outside(index, tensor.size());
    number = element_at(tensor, static_cast<std::size_t>(index));
    return {};
  };
}

Result<CompiledStep> compile_threshold(const StepParams& step, const ValueType& in,
                                       CompileContext&) {
  const double value = TRY(step.number("value"));
  const std::string below = TRY(step.text("below"));
  const std::string above = TRY(step.text("above"));
  const auto read = TRY(single_number(step, in));
  CompiledStep compiled;
  compiled.type = kind_only(ValueKind::kLabel);
  compiled.function = [=](const StepValue& from, StepValue& out, StepWorker&) -> StepResult {
    double number = 0.0;
    if (auto done = read(from, number); !done) return done;
    if (std::isnan(number)) {
      return step_failure(PredictionStatus::kParseError, "the score is not a number");
    }
    const bool is_above = number > value;
    out.label = is_above ? above : below;
    out.score.reset();
    // Where the number is a probability of `above`, the score is that of the label given.
    if (number >= 0.0 && number <= 1.0) out.score = is_above ? number : 1.0 - number;
    return {};
  };
  return compiled;
}

Result<CompiledStep> compile_compare(const StepParams& step, const ValueType& in, CompileContext&) {
  const auto index_a = TRY(step.integer("index_a", 0, kMaxIndex));
  const auto index_b = TRY(step.integer("index_b", 0, kMaxIndex));
  const std::string if_greater = TRY(step.text("if_greater"));
  const std::string otherwise = TRY(step.text("otherwise"));
  CompiledStep compiled;
  compiled.type = kind_only(ValueKind::kLabel);
  compiled.function = [=, kind = in.kind](const StepValue& from, StepValue& out,
                                          StepWorker&) -> StepResult {
    const Tensor& tensor = tensor_of(from, kind);
    for (const std::int64_t index : {index_a, index_b}) {
      if (static_cast<std::uint64_t>(index) >= tensor.size()) return outside(index, tensor.size());
    }
    const double a = element_at(tensor, static_cast<std::size_t>(index_a));
    const double b = element_at(tensor, static_cast<std::size_t>(index_b));
    if (std::isnan(a) || std::isnan(b)) {
      return step_failure(PredictionStatus::kParseError, "a score is not a number");
    }
    out.label = a > b ? if_greater : otherwise;
    out.score = a > b ? a : b;
    return {};
  };
  return compiled;
}

Result<CompiledStep> compile_expectation(const StepParams& step, const ValueType& in,
                                         CompileContext&) {
  const bool listed = step.has("values");
  const auto values = listed ? TRY(step.numbers("values")) : std::vector<float>();
  const auto start = static_cast<float>(TRY(step.number_or("start", 0.0)));
  const auto stride = static_cast<float>(TRY(step.number_or("step", 1.0)));
  CompiledStep compiled;
  compiled.type = kind_only(ValueKind::kScalar);
  compiled.function = [=, kind = in.kind](const StepValue& from, StepValue& out,
                                          StepWorker&) -> StepResult {
    const Tensor& tensor = tensor_of(from, kind);
    if (listed && tensor.size() != values.size()) {
      return outside(static_cast<std::int64_t>(values.size()), tensor.size());
    }
    out.scalar = 0.0F;
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      const float at = listed ? values[i] : start + static_cast<float>(i) * stride;
      out.scalar += static_cast<float>(element_at(tensor, i)) * at;
    }
    return {};
  };
  return compiled;
}

// --- sink

Result<CompiledStep> compile_shown(const StepParams&, const ValueType& in, CompileContext&) {
  CompiledStep compiled;
  compiled.type = in;
  compiled.function = [kind = in.kind](const StepValue& from, StepValue& out, StepWorker&) {
    if (kind == ValueKind::kTensor || kind == ValueKind::kOutputs) {
      out.tensor = tensor_of(from, kind);
    }
    out.scalar = from.scalar;
    out.label = from.label;
    out.score = from.score;
    return StepResult();
  };
  if (in.kind == ValueKind::kOutputs) compiled.type = tensor_type_of(in);
  return compiled;
}

// Which kinds of values an op reads.
enum class Reads { kTensors, kNumbers, kAnything };

struct OpEntry {
  const char* op;
  Reads reads;
  Compiler compile;
};

constexpr std::array kOps = {
    OpEntry{"normalize", Reads::kTensors, compile_normalize},
    OpEntry{"cast", Reads::kTensors, compile_cast},
    OpEntry{"quantize", Reads::kTensors, compile_quantize},
    OpEntry{"dequantize", Reads::kTensors, compile_dequantize},
    OpEntry{"tflite", Reads::kTensors, compile_tflite},
    OpEntry{"output", Reads::kTensors, compile_output},
    OpEntry{"element", Reads::kTensors, compile_element},
    OpEntry{"scale", Reads::kNumbers, compile_scale},
    OpEntry{"softmax", Reads::kTensors, compile_softmax},
    OpEntry{"sigmoid", Reads::kNumbers, compile_sigmoid},
    OpEntry{"clamp", Reads::kNumbers, compile_clamp},
    OpEntry{"truncate", Reads::kNumbers, compile_truncate},
    OpEntry{"argmax", Reads::kTensors, compile_argmax},
    OpEntry{"top-k", Reads::kTensors, compile_argmax},
    OpEntry{"threshold", Reads::kNumbers, compile_threshold},
    OpEntry{"compare", Reads::kTensors, compile_compare},
    OpEntry{"expectation", Reads::kTensors, compile_expectation},
    OpEntry{"shown", Reads::kAnything, compile_shown},
};

bool readable(Reads reads, ValueKind kind) {
  switch (kind) {
    case ValueKind::kTensor:
    case ValueKind::kOutputs:
      return true;
    case ValueKind::kScalar:
      return reads != Reads::kTensors;
    default:
      return reads == Reads::kAnything;
  }
}

}  // namespace

Result<CompiledStep> compile_tensor_step(const StepParams& step, const ValueType& in,
                                         CompileContext& context) {
  for (const OpEntry& entry : kOps) {
    if (step.op() != entry.op) continue;
    if (!readable(entry.reads, in.kind)) {
      return step.refuse(std::string("the op cannot read a value of kind ") + to_string(in.kind));
    }
    return entry.compile(step, in, context);
  }
  return CompiledStep{};
}

}  // namespace dl::steps
