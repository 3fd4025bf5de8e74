// SPDX-License-Identifier: Apache-2.0
// The calls of TensorFlow Lite's C API, in the order in which an app makes them.
// Sources: tensorflow/lite/c/c_api.h, tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h.
#include "daylight/guest/runtimes/tflite_library.h"

#include <array>
#include <cstring>
#include <utility>

#include "daylight/guest/native_call.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kMaxTensors = 1'000;

// TfLiteXNNPackDelegateOptions as far as every version agrees: the rest is zero by default. Room
// for what later versions add.
struct XnnpackOptions {
  std::int32_t threads = 0;
  std::uint32_t flags = 0;
  std::array<std::uint64_t, 31> rest{};
};

}  // namespace

TfliteModel::TfliteModel(TfliteModel&& other) noexcept
    : guest_(std::exchange(other.guest_, nullptr)),
      library_(other.library_),
      version_(std::move(other.version_)),
      bytes_(other.bytes_),
      bytes_size_(other.bytes_size_),
      model_(other.model_),
      options_(other.options_),
      delegate_(other.delegate_),
      interpreter_(other.interpreter_),
      inputs_(std::move(other.inputs_)),
      outputs_(std::move(other.outputs_)) {}

TfliteModel::~TfliteModel() {
  if (guest_ == nullptr) return;
  if (interpreter_ != 0) (void)call("TfLiteInterpreterDelete", {interpreter_});
  if (options_ != 0) (void)call("TfLiteInterpreterOptionsDelete", {options_});
  // Not before the interpreter that uses it.
  if (delegate_ != 0) (void)call("TfLiteXNNPackDelegateDelete", {delegate_});
  if (model_ != 0) (void)call("TfLiteModelDelete", {model_});
  if (bytes_ != 0) guest_->arena().unmap(bytes_, bytes_size_);
}

Result<std::uint64_t> TfliteModel::call(const char* function,
                                        std::initializer_list<std::uint64_t> arguments) {
  const auto address = library_->find(function);
  if (!address)
    return fail(ErrorCode::kUnsupported, std::string("does not export ") + function,
                library_->name);
  const auto done =
      guest_->call(*address, std::span<const std::uint64_t>(arguments.begin(), arguments.size()));
  if (done) return done->integer;
  return fail(
      done.error().kind == GuestFault::Kind::kStopped ? ErrorCode::kCancelled : ErrorCode::kCorrupt,
      std::string(function) + " ends with a fault: " + words_of(done.error()), library_->name);
}

Result<std::vector<std::uint64_t>> TfliteModel::tensor_sizes(const char* count,
                                                             const char* tensor) {
  const auto number = static_cast<std::uint32_t>(TRY(call(count, {interpreter_})));
  if (number > kMaxTensors)
    return fail(ErrorCode::kLimit, "the model has more tensors than any does", library_->name);
  std::vector<std::uint64_t> out;
  for (std::uint32_t i = 0; i < number; ++i) {
    const std::uint64_t each = TRY(call(tensor, {interpreter_, i}));
    out.push_back(TRY(call("TfLiteTensorByteSize", {each})));
  }
  return out;
}

// With the flags that the library itself sets by default: which kernels of 8 bits it has. They are
// asked of a delegate without options, since the function that gives them returns a structure.
Result<void> TfliteModel::add_xnnpack(int threads) {
  const auto refuse = [&] {
    return fail(ErrorCode::kUnsupported, "makes no XNNPACK delegate on this device",
                library_->name);
  };
  const std::uint64_t plain = TRY(call("TfLiteXNNPackDelegateCreate", {0}));
  if (plain == 0) return refuse();
  XnnpackOptions options;
  options.threads = threads;
  options.flags = static_cast<std::uint32_t>(TRY(call("TfLiteXNNPackDelegateGetFlags", {plain})));
  TRY(call("TfLiteXNNPackDelegateDelete", {plain}));
  const std::uint64_t place = TRY(guest_->arena().map(sizeof(options), kPageRead | kPageWrite));
  std::memcpy(reinterpret_cast<void*>(place), &options, sizeof(options));
  const auto made = call("TfLiteXNNPackDelegateCreate", {place});
  guest_->arena().unmap(place, sizeof(options));
  delegate_ = TRY(made);
  if (delegate_ == 0) return refuse();
  TRY(call("TfLiteInterpreterOptionsAddDelegate", {options_, delegate_}));
  return {};
}

Result<TfliteModel> TfliteModel::load(Guest& guest, const GuestLibrary& library, ByteSpan model,
                                      const TfliteOptions& options) {
  TfliteModel out(guest, library);
  const std::uint64_t version = TRY(out.call("TfLiteVersion", {}));
  out.version_ = std::string(guest.arena().text(version, 64).value_or("?"));
  out.bytes_size_ = model.size();
  out.bytes_ = TRY(guest.arena().map(model.size(), kPageRead | kPageWrite));
  std::memcpy(reinterpret_cast<void*>(out.bytes_), model.data(), model.size());
  TRY_VOID(guest.arena().protect(out.bytes_, model.size(), kPageRead));
  out.model_ = TRY(out.call("TfLiteModelCreate", {out.bytes_, model.size()}));
  if (out.model_ == 0) return fail(ErrorCode::kCorrupt, "refuses the model", library.name);
  out.options_ = TRY(out.call("TfLiteInterpreterOptionsCreate", {}));
  TRY(out.call("TfLiteInterpreterOptionsSetNumThreads",
               {out.options_, static_cast<std::uint64_t>(options.threads)}));
  if (options.xnnpack) TRY_VOID(out.add_xnnpack(options.threads));
  out.interpreter_ = TRY(out.call("TfLiteInterpreterCreate", {out.model_, out.options_}));
  if (out.interpreter_ == 0 && options.xnnpack)
    return fail(
        ErrorCode::kUnsupported,
        "makes no interpreter with XNNPACK for the model, as for shapes that change: Java's "
        "Interpreter then goes on without it",
        library.name);
  if (out.interpreter_ == 0)
    return fail(ErrorCode::kCorrupt, "makes no interpreter for the model", library.name);
  const std::uint64_t status =
      TRY(out.call("TfLiteInterpreterAllocateTensors", {out.interpreter_}));
  if (static_cast<std::uint32_t>(status) != 0)
    return fail(ErrorCode::kCorrupt, "cannot place the model's tensors", library.name);
  out.inputs_ = TRY(
      out.tensor_sizes("TfLiteInterpreterGetInputTensorCount", "TfLiteInterpreterGetInputTensor"));
  out.outputs_ = TRY(out.tensor_sizes("TfLiteInterpreterGetOutputTensorCount",
                                      "TfLiteInterpreterGetOutputTensor"));
  return out;
}

Result<std::vector<std::uint8_t>> TfliteModel::run(ByteSpan inputs) {
  std::uint64_t wanted = 0;
  for (const std::uint64_t size : inputs_) wanted += size;
  if (inputs.size() != wanted)
    return fail(ErrorCode::kInvalidArgument,
                "the model takes " + std::to_string(wanted) + " bytes, not " +
                    std::to_string(inputs.size()),
                library_->name);
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const std::uint64_t tensor = TRY(call("TfLiteInterpreterGetInputTensor", {interpreter_, i}));
    const std::uint64_t data = TRY(call("TfLiteTensorData", {tensor}));
    if (!guest_->arena().allows(data, inputs_[i], kPageWrite))
      return fail(ErrorCode::kCorrupt, "has no memory for an input", library_->name);
    std::memcpy(reinterpret_cast<void*>(data), inputs.data() + at, inputs_[i]);
    at += inputs_[i];
  }
  const std::uint64_t status = TRY(call("TfLiteInterpreterInvoke", {interpreter_}));
  if (static_cast<std::uint32_t>(status) != 0)
    return fail(
        ErrorCode::kCorrupt,
        "the inference fails with status " + std::to_string(static_cast<std::uint32_t>(status)),
        library_->name);
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::uint64_t tensor = TRY(call("TfLiteInterpreterGetOutputTensor", {interpreter_, i}));
    const std::uint64_t data = TRY(call("TfLiteTensorData", {tensor}));
    outputs_[i] = TRY(call("TfLiteTensorByteSize", {tensor}));
    const auto bytes = guest_->arena().bytes(data, outputs_[i]);
    if (!bytes) return fail(ErrorCode::kCorrupt, "has no memory for an output", library_->name);
    out.insert(out.end(), bytes->begin(), bytes->end());
  }
  return out;
}

}  // namespace dl::guest
