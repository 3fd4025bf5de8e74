// SPDX-License-Identifier: Apache-2.0
// PyTorch Mobile as the app ships it, driven by its own native methods as org.pytorch does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/guest/guest.h"

namespace dl::guest {

// Element types by the numbers that org.pytorch.DType has for them.
enum class PytorchType : std::int32_t {
  kUint8 = 1,
  kInt8 = 2,
  kInt32 = 3,
  kFloat32 = 4,
  kInt64 = 5,
  kFloat64 = 6
};
std::uint64_t size_of(PytorchType type);  // bytes of an element; 0 for other numbers

struct PytorchTensor {
  PytorchType type = PytorchType::kFloat32;
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> bytes;  // contiguous, first dimension outermost
};

// One module of a guest's libpytorch_jni_lite.so. One thread at a time. The guest must outlive it.
class PytorchModule {
 public:
  // `asset` is the module's name below the package's "assets/"; the library is loaded and its
  // JNI_OnLoad has run, as has that of libfbjni.so. kCorrupt where the library refuses it or
  // faults.
  static Result<PytorchModule> load(Guest& guest, const std::string& asset);

  // forward(): tensors in, one tensor or a tuple of them out. kInvalidArgument where bytes and
  // shape of an input do not agree, kUnsupported for other answers than tensors.
  Result<std::vector<PytorchTensor>> forward(const std::vector<PytorchTensor>& inputs);

 private:
  PytorchModule(Guest& guest, JavaHeld peer) : guest_(&guest), peer_(std::move(peer)) {}

  Guest* guest_;
  JavaHeld peer_;  // an org.pytorch.LiteNativePeer
};

}  // namespace dl::guest
