// SPDX-License-Identifier: Apache-2.0
// The seam between pipelines and inference engines: one runner is one interpreter of one model.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daylight/base/file.h"
#include "daylight/replay/tensor.h"

namespace dl {

inline constexpr std::size_t kMaxModelTensors = 1000;  // inputs or outputs of one model
inline constexpr std::size_t kMaxTensorDimensions = 16;
inline constexpr std::uint64_t kMaxTensorBytes = std::uint64_t{1} << 30;

// An input or output as the model declares it. A dimension of -1 is free.
struct TensorSpec {
  std::string name;
  ElementType type = ElementType::kFloat32;
  std::vector<std::int64_t> shape;
  float scale = 0.0F;  // 0: not quantised
  std::int32_t zero_point = 0;
};

// One interpreter. Not thread safe: one for each thread. Calls block.
class ModelRunner {
 public:
  virtual ~ModelRunner() = default;

  virtual const std::vector<TensorSpec>& inputs() const = 0;
  // Shapes may change with the shapes of the inputs.
  virtual const std::vector<TensorSpec>& outputs() const = 0;

  // Whether a tensor of this type and shape may be handed in as input `index`; the Error says what
  // would fit. As in Android's interpreter the element type and the number of bytes must agree,
  // unless a dimension is free.
  Result<void> accepts(std::size_t index, ElementType type,
                       const std::vector<std::int64_t>& shape) const;

  // Runs the model on one tensor for each input, in order. `outputs` is overwritten, its storage is
  // reused. kInvalidArgument if a tensor does not fit; kUnsupported or kCorrupt if the engine fails
  // on this input.
  virtual Result<void> run(std::span<const Tensor* const> tensors,
                           std::vector<Tensor>& outputs) = 0;
};

// How engines run. The same for every thread of a replay.
struct RunnerOptions {
  // The library's reference kernels: plain loops without XNNPACK and without a choice by processor,
  // so that the same library gives the same bytes on any processor of the kind. Slow: tens of
  // times.
  bool reference_kernels = false;
};

// A model's bytes, shared by the interpreters of all threads.
class RunnableModel {
 public:
  virtual ~RunnableModel() = default;
  // A new interpreter with its tensors allocated; the model lives as long as it. Thread safe.
  virtual Result<std::unique_ptr<ModelRunner>> make_runner(const RunnerOptions& options) const = 0;
};

// A TensorFlow Lite model. The structure is checked first, because the library trusts what a
// flatbuffer says: kCorrupt names the first damage, kUnsupported or kCorrupt what the library
// refuses.
Result<std::shared_ptr<const RunnableModel>> open_tflite(MappedFile file, const std::string& name);

}  // namespace dl
