// SPDX-License-Identifier: Apache-2.0
// Short ways to build predictions and samples, and to find a number in an assessment.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daylight/assess/assessor.h"

namespace dl::assess::testing {

inline Samples make_samples(std::vector<std::string> attributes,
                            const std::vector<std::vector<std::string>>& rows) {
  Samples samples;
  samples.attributes = std::move(attributes);
  for (const auto& row : rows) {
    Sample sample;
    sample.file = "img/" + std::to_string(samples.rows.size()) + ".png";
    sample.values = row;
    samples.rows.push_back(std::move(sample));
  }
  return samples;
}

inline Prediction labelled(const Samples& samples, std::size_t i, const std::string& head,
                           const std::string& label) {
  Prediction prediction;
  prediction.file = samples.rows[i].file;
  prediction.head = head;
  prediction.label = label;
  return prediction;
}

inline Prediction valued(const Samples& samples, std::size_t i, const std::string& head,
                         double value) {
  Prediction prediction;
  prediction.file = samples.rows[i].file;
  prediction.head = head;
  prediction.value = value;
  return prediction;
}

inline Prediction failed(const Samples& samples, std::size_t i, const std::string& head,
                         PredictionStatus status) {
  Prediction prediction;
  prediction.file = samples.rows[i].file;
  prediction.head = head;
  prediction.status = status;
  return prediction;
}

struct Where {
  std::string head;
  std::string metric;
  std::string label = {};
  std::string attribute = {};
  std::string group = {};
  std::string denominator = {};  // "" is any
};

inline const Estimate* find_estimate(const Assessment& assessment, const Where& where) {
  for (const Estimate& e : assessment.estimates) {
    if (e.head == where.head && e.metric == where.metric && e.label == where.label &&
        e.attribute == where.attribute && e.group == where.group &&
        (where.denominator.empty() || e.denominator == where.denominator)) {
      return &e;
    }
  }
  return nullptr;
}

inline const Disparity* find_disparity(const Assessment& assessment, const Where& where,
                                       const std::string& kind = "difference") {
  for (const Disparity& d : assessment.disparities) {
    if (d.head == where.head && d.metric == where.metric && d.label == where.label &&
        d.attribute == where.attribute && d.group == where.group && d.kind == kind) {
      return &d;
    }
  }
  return nullptr;
}

inline const TestResult* find_test(const Assessment& assessment, const std::string& id) {
  for (const TestResult& test : assessment.tests) {
    if (test.id == id) return &test;
  }
  return nullptr;
}

inline const Verdict* find_verdict(const Assessment& assessment, const std::string& id) {
  for (const Verdict& verdict : assessment.verdicts) {
    if (verdict.id == id) return &verdict;
  }
  return nullptr;
}

inline Assessment assess_or_fail(const Predictions& predictions, const Samples& samples,
                                 const AssessOptions& options) {
  auto result = assess(predictions, samples, options, null_log());
  if (!result) {
    ADD_FAILURE() << describe(result.error());
    return {};
  }
  return std::move(result).value();
}

}  // namespace dl::assess::testing
