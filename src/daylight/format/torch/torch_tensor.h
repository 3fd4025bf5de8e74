// SPDX-License-Identifier: Apache-2.0
// Tensors in the pickles of PyTorch: which storage, type and shape.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/format/encoding/pickle.h"

namespace dl {

struct TorchTensor {
  std::string storage;  // key: the name of an archive member, or of a part behind the pickle
  std::string dtype;    // float32 ..., "other"
  std::vector<std::int64_t> shape;
  std::uint64_t storage_elements = 0;
  bool quantised = false;
};

// The tensor that a call rebuilds; false if the value is no such call.
bool read_torch_tensor(const Pickle& pickle, const PickleValue& value, TorchTensor& out);

// All tensors of a pickle in the order in which it builds them.
std::vector<TorchTensor> torch_tensors(const Pickle& pickle);

// A constant as text for operator details: numbers, short texts, lists, "float32[3,4]" for
// tensors; what is deep or long is cut.
std::string torch_constant_text(const Pickle& pickle, const PickleValue& value);

// "float32" for the storage class "torch FloatStorage".
std::string torch_storage_dtype(std::string_view storage_class);

}  // namespace dl
