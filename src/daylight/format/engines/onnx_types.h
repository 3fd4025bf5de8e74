// SPDX-License-Identifier: Apache-2.0
// ONNX's numbers of element types, which ORT's flatbuffers share.
#pragma once

#include <cstdint>
#include <string>

namespace dl {

// "float32" for TensorProto.DataType 1; "" for 0 (undefined) and less, "other" for numbers that are
// not known. Source: the public onnx.proto and ort.fbs.
std::string onnx_type_name(std::int64_t type);

}  // namespace dl
