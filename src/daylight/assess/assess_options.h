// SPDX-License-Identifier: Apache-2.0
// What the user may choose about an assessment; the defaults are what the documentation describes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daylight/assess/labels.h"

namespace dl::assess {

// Fewer people than this in a denominator: shown with n, left out of the tests, listed among the
// limits.
inline constexpr std::size_t kDefaultMinGroup = 10;

struct AssessOptions {
  // (head, column of the samples). Heads not named here are matched by name; a head with an empty
  // column is not assessed.
  std::vector<std::pair<std::string, std::string>> targets;
  std::vector<std::string> by;        // attributes to group by; empty: every one with few values
  int intersections = 1;              // up to this many attributes together
  std::uint64_t bootstrap = 2000;     // replicates; 0: no intervals for errors
  std::uint64_t permutations = 9999;  // draws of each permutation test
  std::uint64_t seed = 1;
  std::string age_truth = "midpoint";      // midpoint|edge-distance|bounds
  std::string interval = "wilson";         // wilson|clopper-pearson|jeffreys, of single rates
  std::string bootstrap_interval = "bca";  // bca|percentile
  std::string error_test = "permutation";  // permutation|kruskal-wallis, the omnibus test of errors
  std::string adjustment = "benjamini-hochberg";
  double confidence = 0.95;
  double fdr = 0.05;  // the level that verdicts are read at
  std::size_t min_group = kDefaultMinGroup;
  std::vector<LabelRule> label_rules;
  // (head, label): what a head that gives one number answers when it is at least `threshold`.
  // Without an entry the head's name must say it ("gender_pmale"); it is never chosen by how well
  // it scores.
  std::vector<std::pair<std::string, std::string>> positive;
  double threshold = 0.5;
  // The labels that a head can answer, where a pipeline says so: a true label outside them is an
  // error.
  std::map<std::string, std::vector<std::string>> head_labels;
  // How messages and limits call the two inputs.
  std::string predictions_name = "predictions";
  std::string samples_name = "samples";
};

}  // namespace dl::assess
