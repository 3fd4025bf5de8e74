// SPDX-License-Identifier: Apache-2.0
// predictions.*.csv: one row for each picture, face and head; failures to predict are rows too.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/provenance.h"

namespace dl {

enum class PredictionStatus { kOk, kNoFace, kMultiFace, kParseError, kCrash, kTimeout };
const char* to_string(PredictionStatus status);
Result<PredictionStatus> prediction_status_from_string(const std::string& text);

// One answer, or one failure (then label, score and value are empty).
struct Prediction {
  std::string file;
  int face = 0;
  std::optional<int> frame = {};
  std::optional<double> t_ms = {};
  int run = 0;
  std::string alternative = {};  // id of a pipeline's alternative; "" is the pipeline itself
  std::string head;
  PredictionStatus status = PredictionStatus::kOk;
  std::string label = {};  // label heads: the chosen label
  std::optional<double> score =
      {};  // label and probability heads: the score of `label`, or the probability
  std::optional<double> value = {};  // scalar heads
  std::string source = {};           // replayed|captured|...
};

// A score or value beyond this (either sign) is refused: its square must not overflow in a sum over
// all people.
inline constexpr double kMaxPredictionValue = 1e12;

struct Predictions {
  // Absent for a file that others brought without a .meta.json.
  std::optional<Provenance> provenance;
  std::vector<Prediction> rows;
};

// The columns, in order: file,face,frame,t_ms,run,alternative,head,status,label,score,value,source.
std::string predictions_header();
std::string dump_prediction(const Prediction& prediction);

// Only file, head and one of label, score, value are required of a file that others bring. A wide
// table (file + one column for each head) is accepted too when there is no column `head`: numbers
// become value, other text label. Errors name the line and column. Reads <path>.meta.json beside it
// where present.
Result<Predictions> read_predictions(const std::filesystem::path& csv);

}  // namespace dl
