// SPDX-License-Identifier: Apache-2.0
// Answers of an app's methods as predictions.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/predictions.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/base/json.h"

namespace dl::capture {

// The text at `key`; "" where the answer is no object or has no text there.
std::string text_at(const Json& answer, const char* key);

// The list at `key`; an empty one where there is none.
Json list_at(const Json& answer, const char* key);

// "AgeEstimationModel.predictAge" of "Lorg/app/AgeEstimationModel;" and its method.
std::string head_of(const Entry& entry);

// What one entry answered for one picture, {"value": ...} or {"error": "..."}, as a row: a number
// is a value; a list of numbers is scores, whose largest one is the label "0", "1" ...; a text is a
// label. Other answers, and none, are a row without an answer (parse-error). Floats of Java are
// floats here: the method's type says so.
Prediction prediction_of(const std::string& file, const Entry& entry, const Json& answer);

}  // namespace dl::capture
