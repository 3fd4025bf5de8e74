// SPDX-License-Identifier: Apache-2.0
// A hand-made pipeline over the two real models of the shared data, and the answers that another
// program gave.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/samples.h"
#include "daylight/base/blob_store.h"

namespace dl::testing {

// Age (200 x 200, x 116) and gender (128 x 128, Male and Female) behind one decoding and one face
// crop, resized with `kernel`. Puts both models into the store.
Pipeline faces_pipeline(const std::filesystem::path& age_model,
                        const std::filesystem::path& gender_model, const std::string& kernel,
                        const BlobStore& store);

// The first `limit` rows of the faces' table.
Samples faces_samples(const std::filesystem::path& labels_csv, std::size_t limit);

// file -> {age in years, probability of Male} of two columns, as Pillow and ai-edge-litert computed
// them.
struct ExpectedFace {
  double age = 0.0;
  double male = 0.0;
};
std::map<std::string, ExpectedFace> expected_faces(const std::filesystem::path& csv,
                                                   const std::string& age_column,
                                                   const std::string& male_column);

}  // namespace dl::testing
