// SPDX-License-Identifier: Apache-2.0
// Models that are bare pickles: PyTorch's old save format, and estimators of Python libraries.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"
#include "daylight/format/model/read_model.h"

namespace dl {

// torch.save before 1.6: a magic number, a version, the object, the storages' keys and the storages
// behind it. The size is exact.
std::optional<ReadModel> read_torch_legacy(ByteSpan bytes, ReadDepth depth);

// A pickle that would import an estimator of scikit-learn, XGBoost, LightGBM, CatBoost, Keras or
// PyTorch. Facts: classes (names of all that it would import), protocol. joblib's files, which put
// arrays between the instructions, are read up to the first array; their size is that of the range.
std::optional<ModelProbe> probe_pickled_model(ByteSpan bytes);

}  // namespace dl
