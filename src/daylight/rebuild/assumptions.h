// SPDX-License-Identifier: Apache-2.0
// Steps that code does not show: from the model's metadata, else the usual ones, each with its
// plausible alternatives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/rebuild/pipeline_draft.h"

namespace dl::rebuild {

// Height, width and channels of a picture that a tensor takes, in NHWC order. Nothing if it takes
// none.
struct PictureShape {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
};
std::optional<PictureShape> picture_shape(const TensorInfo& tensor);

// `why` goes into each proof.
DraftStep assumed_source();
DraftStep assumed_decoding();
DraftStep assumed_resize(const PictureShape& shape, const std::string& why);
DraftStep assumed_packing(const PictureShape& shape, const std::string& dtype,
                          const std::string& why);
// The normalisation that the model's metadata declares, else [0, 1] with [-1, 1] and [0, 255] as
// alternatives; quantised inputs that are not uint8 are quantised from [0, 1]. Empty where a uint8
// input takes the colours as they are.
std::vector<DraftStep> assumed_normalisation(const ModelRecord& model, std::size_t input,
                                             const std::string& why);
// From the first output to an answer: its one element, or its highest score with the model's own
// labels.
struct AssumedAnswer {
  std::vector<DraftStep> steps;
  std::string kind;
  std::vector<std::string> labels;
  Proof labels_proof;
};
std::optional<AssumedAnswer> assumed_answer(const ModelRecord& model, const std::string& why);

}  // namespace dl::rebuild
