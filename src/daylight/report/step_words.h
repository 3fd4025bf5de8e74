// SPDX-License-Identifier: Apache-2.0
// A pipeline step in words: what it does and with which parameters.
#pragma once

#include <string>

#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"

namespace dl {

struct StepWords {
  std::string title;   // "Resize"
  std::string detail;  // "200 × 200, android-bilinear"; may be empty
};

// Any op and any params are accepted: what is unknown is shown by its name and its parameters.
// `inventory` may be null; with it a model step names its file.
StepWords step_words(const std::string& op, const Json& params, const Inventory* inventory);

// "Static: read from the app's code", "Assumed: ..." with residual, declarer and reason where the
// proof has them.
std::string proof_sentence(const Proof& proof);

}  // namespace dl
