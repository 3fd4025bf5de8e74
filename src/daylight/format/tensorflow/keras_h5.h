// SPDX-License-Identifier: Apache-2.0
// Keras models and weights in HDF5 files.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// An HDF5 file that Keras wrote: its root, or the group "model_weights", says which Keras version,
// configuration or layers it holds (others' HDF5 files do not). Operators come from the
// configuration where the file has one, else they are the layers' names without connection; the
// parameters are the elements of all datasets of numbers but an optimiser's. Metadata:
// keras_version, backend, contents ("model" or "weights").
std::optional<ReadModel> read_keras_h5(ByteSpan bytes, ReadDepth depth);

}  // namespace dl
