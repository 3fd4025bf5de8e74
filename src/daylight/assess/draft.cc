// SPDX-License-Identifier: Apache-2.0
// Reading of method names, and the names of hypotheses.
#include "daylight/assess/draft.h"

#include "daylight/base/text.h"

namespace dl::assess {

Result<Methods> read_methods(const AssessOptions& options) {
  Methods methods;
  methods.interval = TRY(proportion_method_from_string(options.interval));
  methods.adjustment = TRY(adjustment_from_string(options.adjustment));
  if (options.bootstrap_interval == "percentile") {
    methods.bootstrap = BootstrapMethod::kPercentile;
  } else if (options.bootstrap_interval != "bca") {
    return fail(ErrorCode::kInvalidArgument, "the bootstrap interval '" +
                                                 printable(options.bootstrap_interval) +
                                                 "' is not one of bca, percentile");
  }
  methods.kruskal_wallis = options.error_test == "kruskal-wallis";
  if (!methods.kruskal_wallis && options.error_test != "permutation") {
    return fail(ErrorCode::kInvalidArgument, "the test '" + printable(options.error_test) +
                                                 "' is not one of permutation, kruskal-wallis");
  }
  return methods;
}

std::string hypothesis_id(const std::string& head, const std::string& metric,
                          const std::string& label, const std::string& attribute) {
  return head + "/" + metric + (label.empty() ? "" : ":" + label) + "/" + attribute;
}

void note_detectable(Hypothesis& hypothesis, const std::string& group,
                     const std::optional<double>& difference) {
  if (!difference) return;
  if (!hypothesis.least_detectable || *difference < *hypothesis.least_detectable) {
    hypothesis.least_detectable = difference;
  }
  if (!hypothesis.most_detectable || *difference > *hypothesis.most_detectable) {
    hypothesis.most_detectable = difference;
    hypothesis.most_detectable_group = group;
  }
}

}  // namespace dl::assess
