// SPDX-License-Identifier: Apache-2.0
// An assessment while it is being made: the artifact so far, and which of its numbers belong to one
// hypothesis.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daylight/artifact/assessment.h"
#include "daylight/assess/assess_options.h"
#include "daylight/assess/intervals.h"
#include "daylight/assess/mean_bootstrap.h"
#include "daylight/assess/multiplicity.h"

namespace dl::assess {

// The options, read.
struct Methods {
  ProportionMethod interval = ProportionMethod::kWilson;
  BootstrapMethod bootstrap = BootstrapMethod::kBca;
  Adjustment adjustment = Adjustment::kBenjaminiHochberg;
  bool kruskal_wallis = false;
};
Result<Methods> read_methods(const AssessOptions& options);

// One hypothesis: "this metric of this head is the same in every group of this attribute set". Its
// omnibus test and the comparisons of its groups with the rest.
struct Hypothesis {
  std::string head;
  std::string metric;
  std::string label;
  std::string attribute;
  std::string unit;  // of the metric; "" for a rate
  bool rate = true;
  bool errors = true;    // about errors, so that it speaks for a verdict; selection rates do not
  std::size_t test = 0;  // index into Assessment::tests
  std::vector<std::size_t> differences;  // indices into Assessment::disparities that have a p
  std::optional<double> overall;         // the metric for everyone who is in a group
  std::optional<double>
      least_detectable;  // over the tested groups: the smallest and the largest difference
  std::optional<double> most_detectable;  // that would be found with the power of power.h
  std::string most_detectable_group;
};

struct Draft {
  Assessment assessment;
  std::vector<Hypothesis> hypotheses;
};

inline constexpr const char* kErrorFamily = "omnibus: errors";
inline constexpr const char* kSelectionFamily = "omnibus: selection rates";

// "age/mae/race", "gender/tpr:Female/race&age": names a hypothesis in ids and families.
std::string hypothesis_id(const std::string& head, const std::string& metric,
                          const std::string& label, const std::string& attribute);

// Keeps the detectable difference of one more group.
void note_detectable(Hypothesis& hypothesis, const std::string& group,
                     const std::optional<double>& difference);

}  // namespace dl::assess
