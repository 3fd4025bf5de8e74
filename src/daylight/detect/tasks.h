// SPDX-License-Identifier: Apache-2.0
// What an app's models and calls are for: each task with its evidence, confidence and use.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/model_use.h"
#include "daylight/detect/scan/entry_scan.h"
#include "daylight/detect/signals/signals.h"

namespace dl {

// Evidence of one kind that a task keeps.
inline constexpr std::size_t kMaxTaskEvidence = 6;

// Weights of kinds of evidence; the confidence follows from their sum (docs/design/detect.md).
inline constexpr int kKnownModelWeight = 5;  // the bytes or weights of a published model
inline constexpr int kKnownGraphWeight = 2;  // the graph of a published model, trained anew
inline constexpr int kDeclaredWeight = 4;    // an API or manifest entry that says the task
inline constexpr int kLabelsWeight = 4;      // the model's own labels
inline constexpr int kKnownFileWeight = 3;   // a file name known from other apps
inline constexpr int kNameWeight = 2;        // a word in a file name
inline constexpr int kStringWeight = 2;      // a word in a string near the model's code
inline constexpr int kShapeAloneWeight = 2;  // a shape that few other tasks have
inline constexpr int kTensorNameWeight = 1;
inline constexpr int kShapeWeight = 1;  // a shape that allows the task

// Whether a model's borders satisfy a shape rule.
bool fits_shape(const ModelRecord& model, const ShapeRule& rule);
// The words of a name: "modelAge_q2" → model, age, q, and neighbours joined: modelage, ageq. Lower
// case.
std::vector<std::string> name_words(std::string_view name);

// Tasks of models first (in model order), then of calls, manifest and native methods. `models` have
// ids. Ids are filled.
std::vector<TaskRecord> infer_tasks(const CodeContext& context, const EntryFindings& entries,
                                    const std::vector<ModelRecord>& models,
                                    const std::vector<ModelCode>& model_code,
                                    const std::vector<CallRecord>& calls);

}  // namespace dl
