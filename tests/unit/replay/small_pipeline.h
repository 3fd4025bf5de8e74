// SPDX-License-Identifier: Apache-2.0
// A pipeline over the two small models that the project itself made.
#pragma once

#include "daylight/artifact/pipeline.h"
#include "daylight/base/blob_store.h"

namespace dl::testing {

// Heads "age" (scalar) and "gender" (label, over the model's scores) behind one decoding and one
// face crop; both resize with android-bilinear. Puts the models into the store.
Pipeline small_pipeline(const BlobStore& store);

}  // namespace dl::testing
