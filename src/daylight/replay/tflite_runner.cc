// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite behind the ModelRunner seam: one thread, XNNPACK unless plain kernels are asked
// for.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

#include "daylight/base/text.h"
#include "daylight/format/tensorflow/tflite.h"
#include "daylight/replay/model_runner.h"
#include "daylight/replay/tflite_c_api.h"

namespace dl {
namespace {

// Owns a C object of the library.
template <typename T, void (*kDelete)(T*)>
struct CDelete {
  void operator()(T* object) const { kDelete(object); }
};
using ModelHandle = std::unique_ptr<TfLiteModel, CDelete<TfLiteModel, TfLiteModelDelete>>;
using OptionsHandle =
    std::unique_ptr<TfLiteInterpreterOptions,
                    CDelete<TfLiteInterpreterOptions, TfLiteInterpreterOptionsDelete>>;
using InterpreterHandle =
    std::unique_ptr<TfLiteInterpreter, CDelete<TfLiteInterpreter, TfLiteInterpreterDelete>>;
using DelegateHandle =
    std::unique_ptr<TfLiteDelegate, CDelete<TfLiteDelegate, TfLiteXNNPackDelegateDelete>>;

// The library's own words about its last failure. The engine writes them, so its address must not
// change.
struct LastMessage {
  std::string text;

  static void report(void* user, const char* format, std::va_list arguments) {
    std::array<char, 512> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    std::string& text = static_cast<LastMessage*>(user)->text;
    if (!text.empty()) text += "; ";
    if (text.size() < 2 * line.size()) text += printable(trim(line.data()));
  }
  std::string take(const std::string& what) {
    std::string all = text.empty() ? what : what + ": " + text;
    text.clear();
    return all;
  }
};

// The library's own list of reference kernels, made once and never destroyed. It is larger than any
// resolver of the pinned library; the library's constructor fills it.
const void* reference_resolver() {
  alignas(std::max_align_t) static std::array<std::byte, 4096> storage;
  static const bool constructed = [] {
    tflite_reference_resolver_construct(storage.data());
    return true;
  }();
  return constructed ? storage.data() : nullptr;
}

const void* find_reference_builtin(void* user, std::int32_t op, int version) {
  return tflite_resolver_find_builtin(user, op, version);
}

const void* find_reference_custom(void* user, const char* op, int version) {
  return tflite_resolver_find_custom(user, op, version);
}

// The library would print a line for each delegate; what matters comes through the error reporter.
void silence_library() {
  constexpr int kSilent = 4;
  static const bool done = [] {
    tflite_set_minimum_log_severity(kSilent);
    return true;
  }();
  static_cast<void>(done);
}

Result<ElementType> element_type_of(int type) {
  switch (type) {
    case 1:
      return ElementType::kFloat32;
    case 2:
      return ElementType::kInt32;
    case 3:
      return ElementType::kUint8;
    case 4:
      return ElementType::kInt64;
    case 6:
      return ElementType::kBool;
    case 7:
      return ElementType::kInt16;
    case 9:
      return ElementType::kInt8;
    case 10:
      return ElementType::kFloat16;
    default:
      return fail(ErrorCode::kUnsupported, "a tensor of TensorFlow Lite's type " +
                                               std::to_string(type) + " at the model's border");
  }
}

// Puts -1 where the model file leaves a dimension open.
void mark_free_dimensions(const TfLiteTensor* tensor, TensorSpec& spec) {
  std::int32_t count = -1;
  if (TfLiteOpaqueTensorGetNumDimsSignature(tensor, &count) != kTfLiteStatusOk) return;
  if (count != static_cast<std::int32_t>(spec.shape.size())) return;
  for (std::int32_t i = 0; i < count; ++i) {
    std::int32_t dimension = 0;
    if (TfLiteOpaqueTensorGetDimSignature(tensor, i, &dimension) != kTfLiteStatusOk) return;
    if (dimension == -1) spec.shape[static_cast<std::size_t>(i)] = -1;
  }
}

enum class Dimensions { kAsDeclared, kAsAllocated };

Result<TensorSpec> spec_of(const TfLiteTensor* tensor, Dimensions wanted) {
  if (tensor == nullptr) return fail(ErrorCode::kCorrupt, "the model lacks a tensor");
  TensorSpec spec;
  spec.type = TRY(element_type_of(TfLiteTensorType(tensor)));
  const char* name = TfLiteTensorName(tensor);
  spec.name = name == nullptr ? "" : printable(name);
  const int dimensions = TfLiteTensorNumDims(tensor);
  if (dimensions < 0 || static_cast<std::size_t>(dimensions) > kMaxTensorDimensions) {
    return fail(ErrorCode::kLimit, "a tensor of " + std::to_string(dimensions) + " dimensions");
  }
  std::uint64_t bytes = size_of(spec.type);
  for (int i = 0; i < dimensions; ++i) {
    const int dimension = TfLiteTensorDim(tensor, i);
    spec.shape.push_back(dimension);
    if (dimension < 0) return fail(ErrorCode::kCorrupt, "a tensor with a negative dimension");
    bytes = multiply_checked(bytes, static_cast<std::uint64_t>(dimension)).value_or(UINT64_MAX);
  }
  if (bytes > kMaxTensorBytes) {
    return fail(ErrorCode::kLimit, "a tensor of " + describe_tensor(spec.type, spec.shape));
  }
  if (wanted == Dimensions::kAsDeclared) mark_free_dimensions(tensor, spec);
  const auto quantisation = TfLiteTensorQuantizationParams(tensor);
  spec.scale = quantisation.scale;
  spec.zero_point = quantisation.zero_point;
  return spec;
}

class TfliteRunner final : public ModelRunner {
 public:
  static Result<std::unique_ptr<ModelRunner>> make(std::shared_ptr<const RunnableModel> owner,
                                                   const TfLiteModel* model,
                                                   const RunnerOptions& options) {
    auto runner = std::unique_ptr<TfliteRunner>(new TfliteRunner(std::move(owner)));
    TRY_VOID(runner->set_up(model, options));
    return std::unique_ptr<ModelRunner>(std::move(runner));
  }

  const std::vector<TensorSpec>& inputs() const override { return inputs_; }
  const std::vector<TensorSpec>& outputs() const override { return outputs_; }

  Result<void> run(std::span<const Tensor* const> tensors, std::vector<Tensor>& outputs) override {
    if (tensors.size() != inputs_.size()) {
      return fail(ErrorCode::kInvalidArgument, "the model has " + std::to_string(inputs_.size()) +
                                                   " inputs, " + std::to_string(tensors.size()) +
                                                   " were given");
    }
    TRY_VOID(fit_inputs(tensors));
    for (std::size_t i = 0; i < tensors.size(); ++i) TRY_VOID(fill_input(i, *tensors[i]));
    if (TfLiteInterpreterInvoke(interpreter_.get()) != kTfLiteStatusOk) {
      return fail(ErrorCode::kUnsupported, message_.take("the model failed while running"));
    }
    // A model with free shapes knows its outputs only now.
    TRY_VOID(read_outputs(Dimensions::kAsAllocated));
    outputs.resize(outputs_.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) TRY_VOID(copy_output(i, outputs[i]));
    return {};
  }

 private:
  explicit TfliteRunner(std::shared_ptr<const RunnableModel> owner) : owner_(std::move(owner)) {}

  Result<void> set_up(const TfLiteModel* model, const RunnerOptions& options) {
    silence_library();
    const OptionsHandle settings(TfLiteInterpreterOptionsCreate());
    TfLiteInterpreterOptionsSetNumThreads(settings.get(), 1);
    TfLiteInterpreterOptionsSetErrorReporter(settings.get(), LastMessage::report, &message_);
    if (options.reference_kernels) {
      TfLiteInterpreterOptionsSetOpResolver(settings.get(), find_reference_builtin,
                                            find_reference_custom,
                                            const_cast<void*>(reference_resolver()));
    } else {
      delegate_.reset(TfLiteXNNPackDelegateCreate(nullptr));
      if (delegate_ != nullptr)
        TfLiteInterpreterOptionsAddDelegate(settings.get(), delegate_.get());
    }
    interpreter_.reset(TfLiteInterpreterCreate(model, settings.get()));
    if (interpreter_ == nullptr) {
      return fail(ErrorCode::kUnsupported,
                  message_.take("TensorFlow Lite makes no interpreter of the model"));
    }
    if (TfLiteInterpreterAllocateTensors(interpreter_.get()) != kTfLiteStatusOk) {
      return fail(ErrorCode::kCorrupt, message_.take("the model's tensors cannot be allocated"));
    }
    TRY_VOID(read_inputs());
    return read_outputs(Dimensions::kAsDeclared);
  }

  Result<void> read_inputs() {
    const int count = TfLiteInterpreterGetInputTensorCount(interpreter_.get());
    if (count < 1 || static_cast<std::size_t>(count) > kMaxModelTensors) {
      return fail(ErrorCode::kLimit, "a model of " + std::to_string(count) + " inputs");
    }
    for (int i = 0; i < count; ++i) {
      inputs_.push_back(TRY(spec_of(TfLiteInterpreterGetInputTensor(interpreter_.get(), i),
                                    Dimensions::kAsDeclared)));
    }
    return {};
  }

  Result<void> read_outputs(Dimensions wanted) {
    const int count = TfLiteInterpreterGetOutputTensorCount(interpreter_.get());
    if (count < 1 || static_cast<std::size_t>(count) > kMaxModelTensors) {
      return fail(ErrorCode::kLimit, "a model of " + std::to_string(count) + " outputs");
    }
    outputs_.resize(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      outputs_[static_cast<std::size_t>(i)] =
          TRY(spec_of(TfLiteInterpreterGetOutputTensor(interpreter_.get(), i), wanted));
    }
    return {};
  }

  // Checks the tensors and gives free dimensions the sizes of this run.
  Result<void> fit_inputs(std::span<const Tensor* const> tensors) {
    bool changed = false;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      TRY_VOID(accepts(i, tensors[i]->type, tensors[i]->shape));
      const auto index = static_cast<std::int32_t>(i);
      const auto* input = TfLiteInterpreterGetInputTensor(interpreter_.get(), index);
      if (TfLiteTensorByteSize(input) == tensors[i]->bytes.size()) continue;
      const std::vector<int> shape(tensors[i]->shape.begin(), tensors[i]->shape.end());
      if (TfLiteInterpreterResizeInputTensor(interpreter_.get(), index, shape.data(),
                                             static_cast<std::int32_t>(shape.size())) !=
          kTfLiteStatusOk) {
        return fail(ErrorCode::kInvalidArgument, message_.take("the input cannot be resized"));
      }
      changed = true;
    }
    if (changed && TfLiteInterpreterAllocateTensors(interpreter_.get()) != kTfLiteStatusOk) {
      return fail(ErrorCode::kUnsupported, message_.take("the model does not take this size"));
    }
    return {};
  }

  Result<void> fill_input(std::size_t index, const Tensor& tensor) {
    auto* input = TfLiteInterpreterGetInputTensor(interpreter_.get(), static_cast<int>(index));
    if (TfLiteTensorCopyFromBuffer(input, tensor.bytes.data(), tensor.bytes.size()) !=
        kTfLiteStatusOk) {
      return fail(ErrorCode::kInvalidArgument, message_.take("the input tensor was refused"));
    }
    return {};
  }

  Result<void> copy_output(std::size_t index, Tensor& tensor) {
    const TensorSpec& spec = outputs_[index];
    tensor.reshape(spec.type, spec.shape);
    tensor.scale = spec.scale;
    tensor.zero_point = spec.zero_point;
    const auto* output =
        TfLiteInterpreterGetOutputTensor(interpreter_.get(), static_cast<int>(index));
    if (TfLiteTensorCopyToBuffer(output, tensor.bytes.data(), tensor.bytes.size()) !=
        kTfLiteStatusOk) {
      return fail(ErrorCode::kCorrupt, message_.take("an output tensor cannot be read"));
    }
    return {};
  }

  // Destroyed from the last to the first: the interpreter goes before what it points to.
  std::shared_ptr<const RunnableModel> owner_;
  LastMessage message_;
  DelegateHandle delegate_;
  InterpreterHandle interpreter_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
};

class MappedModel final : public RunnableModel, public std::enable_shared_from_this<MappedModel> {
 public:
  MappedModel(MappedFile file, ModelHandle model)
      : file_(std::move(file)), model_(std::move(model)) {}

  Result<std::unique_ptr<ModelRunner>> make_runner(const RunnerOptions& options) const override {
    return TfliteRunner::make(shared_from_this(), model_.get(), options);
  }

 private:
  MappedFile file_;  // the library reads weights from it
  ModelHandle model_;
};

}  // namespace

Result<std::shared_ptr<const RunnableModel>> open_tflite(MappedFile file, const std::string& name) {
  const ByteSpan bytes = file.bytes();
  const auto structure = read_tflite(bytes);
  if (!structure) return fail(ErrorCode::kCorrupt, structure.error().what, name);
  if (!structure->gaps.empty()) {
    const auto& damage = structure->gaps.front();
    return fail(ErrorCode::kCorrupt, "the model is damaged: " + damage.where + ": " + damage.why,
                name);
  }
  ModelHandle model(TfLiteModelCreate(bytes.data(), bytes.size()));
  if (model == nullptr) {
    return fail(ErrorCode::kUnsupported, "TensorFlow Lite does not read the model", name);
  }
  return std::shared_ptr<const RunnableModel>(
      std::make_shared<MappedModel>(std::move(file), std::move(model)));
}

}  // namespace dl
