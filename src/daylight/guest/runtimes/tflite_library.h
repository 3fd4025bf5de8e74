// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite as the app ships it, driven by its own C API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/guest/guest.h"

namespace dl::guest {

struct TfliteOptions {
  int threads = 1;
  // With XNNPACK's kernels, as Java's Interpreter and many apps ask for; otherwise the built-in
  // ones.
  bool xnnpack = false;
};

// One model in one interpreter of a guest's library. One thread at a time. The guest must outlive
// it.
class TfliteModel {
 public:
  // `library` is loaded already. kUnsupported where it has no C API, or no XNNPACK that runs on
  // this device or with this model; kCorrupt where it refuses the model or faults (the error says
  // where).
  static Result<TfliteModel> load(Guest& guest, const GuestLibrary& library, ByteSpan model,
                                  const TfliteOptions& options);
  ~TfliteModel();
  TfliteModel(TfliteModel&& other) noexcept;
  TfliteModel& operator=(TfliteModel&&) = delete;

  const std::string& version() const { return version_; }
  // Sizes in bytes of the tensors, in the model's order. Those of outputs are known after the first
  // run: some models make their shapes as they go.
  const std::vector<std::uint64_t>& input_sizes() const { return inputs_; }
  const std::vector<std::uint64_t>& output_sizes() const { return outputs_; }

  // The raw bytes of all inputs in order to those of all outputs in order.
  // kInvalidArgument for another number of bytes.
  Result<std::vector<std::uint8_t>> run(ByteSpan inputs);

 private:
  TfliteModel(Guest& guest, const GuestLibrary& library) : guest_(&guest), library_(&library) {}
  Result<void> add_xnnpack(int threads);
  Result<std::uint64_t> call(const char* function, std::initializer_list<std::uint64_t> arguments);
  Result<std::vector<std::uint64_t>> tensor_sizes(const char* count, const char* tensor);

  Guest* guest_;
  const GuestLibrary* library_;
  std::string version_;
  std::uint64_t bytes_ = 0;  // the model's, in the guest
  std::uint64_t bytes_size_ = 0;
  std::uint64_t model_ = 0;
  std::uint64_t options_ = 0;
  std::uint64_t delegate_ = 0;  // XNNPACK
  std::uint64_t interpreter_ = 0;
  std::vector<std::uint64_t> inputs_;
  std::vector<std::uint64_t> outputs_;
};

}  // namespace dl::guest
