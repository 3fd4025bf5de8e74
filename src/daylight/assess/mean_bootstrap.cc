// SPDX-License-Identifier: Apache-2.0
// Resampling of values or of bins of values, and the intervals from the replicates.
#include "daylight/assess/mean_bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace dl::assess {
namespace {

constexpr double kTieTolerance = 1e-12;

std::vector<double> resample_singly(std::span<const double> values, std::uint64_t replicates,
                                    RandomStream& stream) {
  std::vector<double> means(replicates);
  // Two indices from one draw: 32 bits each are reduced by multiplication, whose bias is below
  // n/2^32 < 10^-6.
  const std::uint64_t n = values.size();
  for (double& mean : means) {
    double sum = 0.0;
    std::uint64_t i = 0;
    for (; i + 1 < n; i += 2) {
      const std::uint64_t bits = stream.next();
      sum += values[((bits >> 32) * n) >> 32] + values[((bits & 0xffffffffULL) * n) >> 32];
    }
    if (i < n) sum += values[static_cast<std::size_t>(stream.below(n))];
    mean = sum / static_cast<double>(n);
  }
  return means;
}

struct Bins {
  std::vector<double> weights;  // how many values lie in each
  std::vector<double> means;
  std::vector<double> variances;  // within each, with divisor n
};

Bins bins_of(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::size_t> ends;
  for (std::size_t i = 1; i <= sorted.size() && ends.size() <= kMeanBins; ++i) {
    if (i == sorted.size() || sorted[i] != sorted[i - 1]) ends.push_back(i);
  }
  if (ends.size() > kMeanBins) {
    ends.clear();
    for (std::size_t b = 1; b <= kMeanBins; ++b) ends.push_back(b * sorted.size() / kMeanBins);
  }
  Bins bins;
  std::size_t start = 0;
  for (const std::size_t end : ends) {
    const Moments part = moments_of(std::span(sorted).subspan(start, end - start));
    bins.weights.push_back(static_cast<double>(part.n));
    bins.means.push_back(part.mean);
    bins.variances.push_back(part.m2 / static_cast<double>(part.n));
    start = end;
  }
  return bins;
}

std::vector<double> resample_bins(std::span<const double> values, std::uint64_t replicates,
                                  RandomStream& stream) {
  const Bins bins = bins_of(values);
  std::vector<std::uint64_t> counts(bins.weights.size());
  std::vector<double> means(replicates);
  for (double& mean : means) {
    stream.multinomial(values.size(), bins.weights, counts);
    double sum = 0.0;
    double variance = 0.0;
    for (std::size_t b = 0; b < counts.size(); ++b) {
      sum += static_cast<double>(counts[b]) * bins.means[b];
      variance += static_cast<double>(counts[b]) * bins.variances[b];
    }
    if (variance > 0.0) sum += std::sqrt(variance) * stream.normal();
    mean = sum / static_cast<double>(values.size());
  }
  return means;
}

BootstrapEstimate without_interval(std::optional<double> value, std::string why) {
  return {value, {}, {}, {}, std::move(why)};
}

}  // namespace

ResampledMean resample_mean(std::span<const double> values, std::uint64_t replicates,
                            RandomStream& stream) {
  ResampledMean result;
  result.moments = moments_of(values);
  if (values.empty()) return result;
  result.means = values.size() <= kMaxValuesResampledSingly
                     ? resample_singly(values, replicates, stream)
                     : resample_bins(values, replicates, stream);
  return result;
}

// All strata but one, as one population.
struct MeanBootstrap::Rest {
  double n = 0.0;
  double mean = 0.0;
  std::vector<double> means;  // replicates
  double squares = 0.0;  // sums of squared and cubed influence values on the mean, over n² and n³
  double cubes = 0.0;
  bool varies = false;
};

MeanBootstrap::MeanBootstrap(std::span<const ResampledMean> strata, double confidence,
                             BootstrapMethod method)
    : strata_(strata), confidence_(confidence), method_(method) {
  for (const ResampledMean& stratum : strata) {
    const auto n = static_cast<double>(stratum.moments.n);
    n_ += n;
    sum_ += n * stratum.moments.mean;
    squares_ += stratum.moments.m2;
    cubes_ += stratum.moments.m3;
    replicate_sums_.resize(std::max(replicate_sums_.size(), stratum.means.size()));
    for (std::size_t b = 0; b < stratum.means.size(); ++b) {
      replicate_sums_[b] += n * stratum.means[b];
    }
  }
}

MeanBootstrap::Rest MeanBootstrap::rest_of(std::size_t group) const {
  const ResampledMean& own = strata_[group];
  const auto n = static_cast<double>(own.moments.n);
  Rest rest;
  rest.n = n_ - n;
  if (!(rest.n > 0.0)) return rest;
  rest.mean = (sum_ - n * own.moments.mean) / rest.n;
  rest.means = replicate_sums_;
  for (std::size_t b = 0; b < own.means.size(); ++b) rest.means[b] -= n * own.means[b];
  for (double& mean : rest.means) mean /= rest.n;
  for (std::size_t s = 0; s < strata_.size(); ++s) {
    rest.varies = rest.varies || (s != group && strata_[s].moments.m2 > 0.0);
  }
  rest.squares = std::max(0.0, squares_ - own.moments.m2) / (rest.n * rest.n);
  rest.cubes = (cubes_ - own.moments.m3) / (rest.n * rest.n * rest.n);
  return rest;
}

BootstrapEstimate MeanBootstrap::interval(double value, std::vector<double> replicates,
                                          double cubes, double squares) const {
  // A resample that is the data again equals the estimate up to the rounding of its sum; BCa counts
  // such ties.
  for (double& replicate : replicates) {
    if (std::abs(replicate - value) <= kTieTolerance * std::abs(value)) replicate = value;
  }
  std::sort(replicates.begin(), replicates.end());
  if (method_ == BootstrapMethod::kBca) {
    const double acceleration = cubes / (6.0 * std::pow(squares, 1.5));
    if (const auto bca = bca_interval(replicates, value, acceleration, confidence_)) {
      return {value, bca->low, bca->high, "bootstrap-bca", {}};
    }
  }
  const Interval percentile = percentile_interval(replicates, confidence_);
  return {value, percentile.low, percentile.high, "bootstrap-percentile", {}};
}

BootstrapEstimate MeanBootstrap::mean(std::size_t group) const {
  const Moments& moments = strata_[group].moments;
  if (moments.n == 0) return without_interval({}, "no answer");
  if (strata_[group].means.empty())
    return without_interval(moments.mean, "no bootstrap was asked for");
  if (moments.n < 2) return without_interval(moments.mean, "one answer only");
  if (!(moments.m2 > 0.0)) return without_interval(moments.mean, "all values are the same");
  const auto n = static_cast<double>(moments.n);
  return interval(moments.mean, strata_[group].means, moments.m3 / (n * n * n),
                  moments.m2 / (n * n));
}

BootstrapEstimate MeanBootstrap::difference(std::size_t group) const {
  const Moments& moments = strata_[group].moments;
  const Rest rest = rest_of(group);
  if (moments.n == 0) return without_interval({}, "no answer in the group");
  if (!(rest.n > 0.0)) return without_interval({}, "no answer in the rest");
  const double value = moments.mean - rest.mean;
  if (strata_[group].means.empty()) return without_interval(value, "no bootstrap was asked for");
  if (moments.n < 2 || rest.n < 2.0) return without_interval(value, "one answer only");
  if (!(moments.m2 > 0.0) || !rest.varies)
    return without_interval(value, "all values are the same");
  std::vector<double> replicates = strata_[group].means;
  for (std::size_t b = 0; b < replicates.size(); ++b) replicates[b] -= rest.means[b];
  const auto n = static_cast<double>(moments.n);
  return interval(value, std::move(replicates), moments.m3 / (n * n * n) - rest.cubes,
                  moments.m2 / (n * n) + rest.squares);
}

BootstrapEstimate MeanBootstrap::ratio(std::size_t group) const {
  const Moments& moments = strata_[group].moments;
  const Rest rest = rest_of(group);
  if (moments.n == 0) return without_interval({}, "no answer in the group");
  if (!(rest.n > 0.0)) return without_interval({}, "no answer in the rest");
  if (!(rest.mean > 0.0)) return without_interval({}, "the mean of the rest is not positive");
  const double value = moments.mean / rest.mean;
  if (strata_[group].means.empty()) return without_interval(value, "no bootstrap was asked for");
  if (moments.n < 2 || rest.n < 2.0) return without_interval(value, "one answer only");
  if (!(moments.m2 > 0.0) || !rest.varies)
    return without_interval(value, "all values are the same");
  std::vector<double> replicates = strata_[group].means;
  for (std::size_t b = 0; b < replicates.size(); ++b) {
    if (!(rest.means[b] > 0.0))
      return without_interval(value, "a resampled mean of the rest is zero");
    replicates[b] /= rest.means[b];
  }
  // Influence: dx / rest.mean for a value of the group, -value · dx / rest.mean for one of the
  // rest.
  const auto n = static_cast<double>(moments.n);
  const double by_square = 1.0 / (rest.mean * rest.mean);
  const double by_cube = by_square / rest.mean;
  return interval(value, std::move(replicates),
                  by_cube * (moments.m3 / (n * n * n) - value * value * value * rest.cubes),
                  by_square * (moments.m2 / (n * n) + value * value * rest.squares));
}

}  // namespace dl::assess
