// SPDX-License-Identifier: Apache-2.0
// One answer for each picture, head and alternative, from rows that may hold several faces, frames
// and runs.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/artifact/predictions.h"
#include "daylight/artifact/samples.h"

namespace dl::assess {

inline constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// How a picture ended. Everything but kOk is a failure to predict and stays in the denominators.
enum class Outcome : std::uint8_t {
  kOk,
  kNoFace,
  kMultiFace,
  kParseError,
  kCrash,
  kTimeout,
  kMissing,  // no row at all
};
inline constexpr std::size_t kOutcomeCount = 7;
const char* to_string(Outcome outcome);

struct Answer {
  Outcome outcome = Outcome::kMissing;
  int label = -1;            // index into HeadAnswers::labels; -1: none
  double score = kNoNumber;  // of the label, or the probability of a head that gives no label
  double value = kNoNumber;
};

// The answers of one head under one alternative ("" is the pipeline itself), in the order of the
// samples.
struct HeadAnswers {
  std::string head;
  std::string alternative;
  std::string source;               // replayed|captured|given ...
  std::vector<std::string> labels;  // distinct, as spelled
  std::vector<Answer> answers;
};

struct CollectedAnswers {
  std::vector<HeadAnswers> heads;  // by head in order of first appearance, then by alternative
  std::vector<Gap>
      limits;  // rows without a sample, samples without a row, merged rows, sources left out
};

// Joins by file name. Names are compared without "./" and with '/' for '\'; if no name matches at
// all, by the last part of the path where that is unique on both sides. Several faces that were all
// answered are one kMultiFace; several runs or frames of one face are one answer: the mean of the
// numbers, or the most frequent label with the mean of its scores; a tie between labels is no
// answer (kParseError, with a limit that counts them); failed runs count only when none succeeded.
// Of several sources of one head the captured one is taken where it has a row for every sample,
// else the most complete. kNotFound when no row belongs to any sample. `samples_name` names the
// file in messages.
Result<CollectedAnswers> collect_answers(const Predictions& predictions, const Samples& samples,
                                         const std::string& predictions_name,
                                         const std::string& samples_name);

}  // namespace dl::assess
