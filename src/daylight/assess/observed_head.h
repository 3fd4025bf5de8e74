// SPDX-License-Identifier: Apache-2.0
// One head beside its truth: for each picture what was true, what was answered, and how far off.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/assessment.h"
#include "daylight/assess/age_truth.h"
#include "daylight/assess/answers.h"
#include "daylight/assess/targets.h"

namespace dl::assess {

// Most labels that a head of labels may have.
inline constexpr std::size_t kMaxHeadLabels = 1000;

// One alternative's answers ("" is the pipeline itself). Vectors have one entry for each sample.
struct ObservedAnswers {
  std::string alternative;
  std::string source;
  std::vector<Outcome> outcome;
  std::vector<int> label;     // label heads: index into ObservedHead::labels; -1 without an answer
  std::vector<double> score;  // label heads: of that label, kNoNumber where unknown
  std::vector<double> value;  // scalar heads: the answer
  std::vector<AgeError> error;  // scalar heads: of an answered picture that has a truth
};

struct ObservedHead {
  TargetMatch match;
  bool scalar = false;
  bool bounded = false;  // scalar, and errors are known as bounds only
  std::string unit;      // "years" where the truth is an age
  std::vector<std::string>
      labels;  // label heads: the truth's labels, then labels that are only answered
  std::vector<bool> has_truth;  // for each sample; without truth it takes no part
  std::vector<int> truth;       // label heads: index into labels; -1 without truth
  ObservedAnswers main;
  std::vector<ObservedAnswers> alternatives;
};

struct ObservedResult {
  ObservedHead head;
  std::vector<Gap> limits;
};

// `answers` are the head's answers, at least one; the one whose alternative is "" is the main one
// (else the first).
//
// A head of numbers whose column holds numbers or age brackets is scalar. A head of numbers whose
// column holds labels gives a probability: it answers the positive label from options.threshold up.
// A head of labels must speak the labels of its column: the same canonical label, the user's rules,
// words for gender, and brackets that overlap no true bracket (they are wrong everywhere) are
// understood; any other label is refused, and so is a true label outside what the head can answer.
// Errors name file, line, column, value and what to do.
Result<ObservedResult> observe_head(const Target& target,
                                    const std::vector<const HeadAnswers*>& answers,
                                    const Samples& samples, const AssessOptions& options);

}  // namespace dl::assess
