// SPDX-License-Identifier: Apache-2.0
// The stratified bootstrap of group means, of their differences from the rest, and of their ratios
// to it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daylight/assess/hypothesis_tests.h"
#include "daylight/assess/intervals.h"
#include "daylight/assess/random_stream.h"

namespace dl::assess {

// Up to this many values a group is resampled value by value. A larger one is cut into kMeanBins
// bins of its sorted values: how many of a resample fall into each bin is drawn exactly
// (multinomial), their sum within the bins by its normal limit. With at most kMeanBins distinct
// values the binned draw is exact. Time then no longer grows with n.
inline constexpr std::size_t kMaxValuesResampledSingly = 4096;
inline constexpr std::size_t kMeanBins = 128;

// One group: its moments and the means of its resamples.
struct ResampledMean {
  Moments moments;
  std::vector<double> means;  // one for each replicate; empty for an empty group
};
ResampledMean resample_mean(std::span<const double> values, std::uint64_t replicates,
                            RandomStream& stream);

enum class BootstrapMethod { kBca, kPercentile };

// An estimate with its interval, or why there is none. `low`/`high` absent while `value` is there:
// no interval.
struct BootstrapEstimate {
  std::optional<double> value = {};
  std::optional<double> low = {};
  std::optional<double> high = {};
  std::string method = {};  // bootstrap-bca|bootstrap-percentile
  std::string why = {};
};

// Intervals over strata that were resampled independently (each a group of one attribute set). BCa
// takes its acceleration from the empirical influence values of all strata (Efron and Tibshirani,
// 1993, chapters 14 and 22), and falls back to percentiles where it is not defined; `method` says
// which was used. Nothing is estimable from fewer than two values, or when all values are the same:
// a resample cannot vary then, and an interval of no width would be a lie. Thread safe; `strata`
// outlives the object.
class MeanBootstrap {
 public:
  MeanBootstrap(std::span<const ResampledMean> strata, double confidence, BootstrapMethod method);

  BootstrapEstimate mean(std::size_t group) const;
  // Mean of the group minus mean of all other strata; the rest is resampled stratum by stratum.
  BootstrapEstimate difference(std::size_t group) const;
  // Mean of the group over mean of the rest; not estimable when the rest's mean is not positive.
  BootstrapEstimate ratio(std::size_t group) const;

 private:
  struct Rest;
  Rest rest_of(std::size_t group) const;
  BootstrapEstimate interval(double value, std::vector<double> replicates, double cubes,
                             double squares) const;

  std::span<const ResampledMean> strata_;
  double confidence_;
  BootstrapMethod method_;
  // Over all strata; the rest of a group is this minus the group.
  double n_ = 0.0;
  double sum_ = 0.0;
  double squares_ = 0.0;
  double cubes_ = 0.0;
  std::vector<double> replicate_sums_;
};

}  // namespace dl::assess
