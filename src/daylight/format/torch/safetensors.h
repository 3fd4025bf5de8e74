// SPDX-License-Identifier: Apache-2.0
// Tensors in the safetensors and NumPy formats.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// The format's own limit of its JSON header.
inline constexpr std::uint64_t kMaxSafetensorsHeader = 100'000'000;

// A length, a JSON object of tensors whose data lie behind it without overlap. Facts: tensors, the
// header's own metadata. The size is exact.
std::optional<ModelProbe> probe_safetensors(ByteSpan bytes);
// Parameters, weights hash (the data as it lies), the first 64 tensors' types and shapes.
ModelGraph describe_safetensors(ByteSpan bytes, const ModelProbe& probe);

// One array of NumPy (.npy), versions 1 to 3, with the header that numpy.save writes. Facts: dtype
// and shape, in this order. An array alone may be data of any kind, so it is no row of the table.
std::optional<ModelProbe> probe_numpy(ByteSpan bytes);

}  // namespace dl
