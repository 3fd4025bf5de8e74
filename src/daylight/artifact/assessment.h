// SPDX-License-Identifier: Apache-2.0
// assessment.json: how the answers do for each group of people, with intervals, tests and limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/artifact/provenance.h"

namespace dl {

// A group of people: "race=Black", or an intersection "race=Black & gender=Female"; "" is everyone.
// One number about one group. low/high are absent when not estimable; `why` then says so.
struct Estimate {
  std::string head;
  std::string metric;  // accuracy, tpr, fpr, selection_rate, mae, signed_error, failure_rate ...
  std::string label = {};  // for per-label metrics (tpr of "Female"); else ""
  std::string attribute;   // "race", "race&gender", or "" for everyone
  std::string group;       // "Black", "Black & Female", or "" for everyone
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
  std::uint64_t n = 0;              // denominator
  std::optional<double> k;          // numerator of a proportion
  std::string method;               // wilson|bootstrap-percentile|bootstrap-bca|...
  std::string source;               // replayed|captured|given
  std::string denominator = "all";  // all|answered: whether failures to predict count
  std::string why = {};
};

// One group against the rest.
struct Disparity {
  std::string head;
  std::string metric;
  std::string label = {};
  std::string attribute;
  std::string group;
  std::string kind;  // difference|ratio
  std::string reference = "rest";
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
  std::string method;
  std::optional<double> p = {};
  std::optional<double> p_adjusted = {};
  std::string family = {};
  std::uint64_t n_group = 0;
  std::uint64_t n_reference = 0;
  std::string why = {};
};

// One omnibus hypothesis test.
struct TestResult {
  std::string id;
  std::string family;
  std::string head;
  std::string metric;
  std::string label = {};  // for per-label metrics; else ""
  std::string attribute;
  std::string method;  // chi-squared|kruskal-wallis|permutation ...
  std::optional<double> statistic;
  std::optional<double> df;
  std::optional<double> p;
  std::optional<double> p_adjusted;
  std::string why = {};
};

// A sentence that a reader may quote, with what it rests on (ids of tests and disparities as text).
struct Verdict {
  std::string id;
  std::string head;
  std::string attribute;
  std::string outcome;  // disparity-found|no-disparity-found|not-decidable
  std::string text;
  std::vector<std::string> basis;
};

// What one alternative of the pipeline changes in the answers.
struct Sensitivity {
  std::string alternative;
  std::string head;
  std::string attribute;  // "" for everyone
  std::string group;
  std::uint64_t n = 0;
  std::optional<double> mean_change;  // signed, alternative - pipeline
  std::optional<double> mean_abs_change;
  std::optional<double> max_abs_change;
  std::uint64_t label_changes = 0;
  // accuracy or mae of this group under the alternative, and alternative - pipeline.
  std::string metric = {};
  std::optional<double> metric_value = {};
  std::optional<double> metric_change = {};
  bool verdicts_survive = true;
  std::string why = {};
};

struct AgeTruthTable {
  std::string convention;  // midpoint|edge-distance|bounds|exact
  struct Row {
    std::string bracket;
    double low = 0;
    std::optional<double> high;  // absent: open
    double midpoint = 0;
  };
  std::vector<Row> rows;
};

// How a head was matched to a column of the truth.
struct TargetMatch {
  std::string head;
  std::string column;
  std::string how;   // given|name
  std::string kind;  // label|scalar
  std::vector<std::pair<std::string, std::string>>
      label_map;  // prediction label -> truth label, where they differ
  std::optional<AgeTruthTable> age_truth = {};
};

struct OutcomeCount {
  std::string head;
  std::string attribute;
  std::string group;
  std::string status;
  std::uint64_t n = 0;
};

struct Assessment {
  Provenance provenance;
  std::vector<TargetMatch> targets;
  std::vector<OutcomeCount> outcomes;
  std::vector<Estimate> estimates;
  std::vector<Disparity> disparities;
  std::vector<TestResult> tests;
  std::vector<Verdict> verdicts;
  std::vector<Sensitivity> sensitivity;
  Json confounds = Json::array();
  std::vector<Gap> limits;         // what this assessment cannot say, and why
  Json settings = Json::object();  // confidence, fdr, bootstrap, groups left out and why
};

Json to_json(const Assessment& assessment);
Result<Assessment> assessment_from_json(const Json& json, const std::string& where);

}  // namespace dl
