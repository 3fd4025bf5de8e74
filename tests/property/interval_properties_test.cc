// SPDX-License-Identifier: Apache-2.0
// What every interval keeps whatever the counts: it holds its estimate, stays in range, mirrors,
// and narrows with what is known.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "daylight/assess/intervals.h"
#include "daylight/assess/power.h"

namespace dl::assess {
namespace {

constexpr double kSlack = 1e-9;

// Small counts, where intervals go wrong, as often as large ones. n is above zero.
Count drawn_count() {
  const auto n = *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(1, 12),
                                 rc::gen::inRange<std::uint64_t>(1, 400),
                                 rc::gen::inRange<std::uint64_t>(1, 2'000'000));
  return {*rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, n + 1),
                          rc::gen::element<std::uint64_t>(0, n)),
          n};
}

double drawn_confidence() { return *rc::gen::element(0.5, 0.8, 0.9, 0.95, 0.99, 0.999); }

ProportionMethod drawn_method() {
  return *rc::gen::element(ProportionMethod::kWilson, ProportionMethod::kClopperPearson,
                           ProportionMethod::kJeffreys);
}

double width(const Interval& interval) { return interval.high - interval.low; }
Count failures(Count count) { return {count.n - count.k, count.n}; }
bool near(double a, double b) { return std::abs(a - b) <= kSlack * std::max(1.0, std::abs(a)); }

RC_GTEST_PROP(ProportionInterval, HoldsTheRateAndStaysInRange, ()) {
  const Count count = drawn_count();
  const auto method = drawn_method();
  const auto interval = proportion_interval(count, drawn_confidence(), method);
  RC_ASSERT(interval.has_value());
  RC_ASSERT(interval->low >= 0.0 && interval->high <= 1.0);
  RC_ASSERT(interval->low < interval->high);
  // Jeffreys' equal tails may leave out a rate of exactly zero or one.
  const bool edge = count.k == 0 || count.k == count.n;
  if (method == ProportionMethod::kJeffreys && edge) return;
  RC_ASSERT(interval->low <= count.rate() + kSlack && count.rate() - kSlack <= interval->high);
}

RC_GTEST_PROP(ProportionInterval, MirrorsWhenSuccessAndFailureAreExchanged, ()) {
  const Count count = drawn_count();
  const double confidence = drawn_confidence();
  const auto method = drawn_method();
  const auto one = proportion_interval(count, confidence, method);
  const auto other = proportion_interval(failures(count), confidence, method);
  RC_ASSERT(near(one->low, 1.0 - other->high));
  RC_ASSERT(near(one->high, 1.0 - other->low));
}

RC_GTEST_PROP(ProportionInterval, GrowsWithConfidence, ()) {
  const Count count = drawn_count();
  const auto method = drawn_method();
  const auto narrow = proportion_interval(count, 0.8, method);
  const auto wide = proportion_interval(count, 0.95, method);
  RC_ASSERT(wide->low <= narrow->low + kSlack);
  RC_ASSERT(wide->high >= narrow->high - kSlack);
  RC_ASSERT(width(*wide) > width(*narrow));
}

RC_GTEST_PROP(ProportionInterval, ShrinksWhenTheSameRateIsSeenOnMorePeople, ()) {
  const Count count = drawn_count();
  const auto times = *rc::gen::inRange<std::uint64_t>(2, 30);
  const auto method = drawn_method();
  const double confidence = drawn_confidence();
  const auto few = proportion_interval(count, confidence, method);
  const auto many = proportion_interval({count.k * times, count.n * times}, confidence, method);
  RC_ASSERT(width(*many) < width(*few));
}

RC_GTEST_PROP(ProportionInterval, RisesWithEachSuccess, ()) {
  const Count count = drawn_count();
  RC_PRE(count.k < count.n);
  const auto method = drawn_method();
  const double confidence = drawn_confidence();
  const auto fewer = proportion_interval(count, confidence, method);
  const auto more = proportion_interval({count.k + 1, count.n}, confidence, method);
  RC_ASSERT(more->low >= fewer->low && more->high >= fewer->high);
}

RC_GTEST_PROP(ClopperPearson, IsNeverNarrowerThanJeffreys, ()) {
  const Count count = drawn_count();
  const double confidence = drawn_confidence();
  const auto exact = proportion_interval(count, confidence, ProportionMethod::kClopperPearson);
  const auto bayes = proportion_interval(count, confidence, ProportionMethod::kJeffreys);
  RC_ASSERT(exact->low <= bayes->low + kSlack && exact->high >= bayes->high - kSlack);
}

RC_GTEST_PROP(NewcombeDifference, IsAntisymmetricAndHoldsTheDifference, ()) {
  const Count a = drawn_count();
  const Count b = drawn_count();
  const double confidence = drawn_confidence();
  const auto one = newcombe_difference(a, b, confidence);
  const auto other = newcombe_difference(b, a, confidence);
  RC_ASSERT(near(one->low, -other->high) && near(one->high, -other->low));
  RC_ASSERT(one->low >= -1.0 - kSlack && one->high <= 1.0 + kSlack);
  const double difference = a.rate() - b.rate();
  RC_ASSERT(one->low <= difference + kSlack && difference - kSlack <= one->high);
  // Failures instead of successes turn it round.
  const auto mirrored = newcombe_difference(failures(a), failures(b), confidence);
  RC_ASSERT(near(one->low, -mirrored->high) && near(one->high, -mirrored->low));
  const auto wider = newcombe_difference(a, b, (1.0 + confidence) / 2.0);
  RC_ASSERT(wider->low <= one->low + kSlack && wider->high >= one->high - kSlack);
}

RC_GTEST_PROP(ScoreRatio, TurnsOverWhenTheGroupsAreExchanged, ()) {
  const Count a = drawn_count();
  const Count b = drawn_count();
  const double confidence = drawn_confidence();
  const auto one = score_ratio(a, b, confidence);
  const auto other = score_ratio(b, a, confidence);
  RC_ASSERT(one.has_value() == (a.k + b.k > 0));
  RC_ASSERT(one.has_value() == other.has_value());
  if (!one) return;
  RC_ASSERT(one->low >= 0.0);
  RC_ASSERT((one->low > 0.0) == other->high.has_value());
  RC_ASSERT((other->low > 0.0) == one->high.has_value());
  const auto inverse = [](double x, double y) { return std::abs(x * y - 1.0) < 1e-4; };
  if (one->low > 0.0) RC_ASSERT(inverse(one->low, *other->high));
  if (one->high) RC_ASSERT(inverse(*one->high, other->low));
}

RC_GTEST_PROP(ScoreRatio, HoldsTheRatioAndGrowsWithConfidence, ()) {
  const Count a = drawn_count();
  const Count b = drawn_count();
  RC_PRE(b.k > 0);
  const double confidence = drawn_confidence();
  const auto interval = score_ratio(a, b, confidence);
  RC_ASSERT(interval.has_value());
  const double ratio = a.rate() / b.rate();
  const double slack = 1e-6 * (1.0 + ratio);
  RC_ASSERT(interval->low <= ratio + slack);
  RC_ASSERT(!interval->high || *interval->high >= ratio - slack);
  const auto wider = score_ratio(a, b, (1.0 + confidence) / 2.0);
  RC_ASSERT(wider->low <= interval->low + slack);
  if (wider->high) RC_ASSERT(interval->high && *wider->high >= *interval->high - slack);
}

std::vector<double> drawn_replicates() {
  auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(-1000, 1000), [](int x) { return x / 8.0; })));
  std::sort(values.begin(), values.end());
  return values;
}

RC_GTEST_PROP(SortedQuantile, LiesBetweenTheEndsRisesWithQAndMirrors, ()) {
  const std::vector<double> sorted = drawn_replicates();
  const double p = *rc::gen::inRange(0, 1001) / 1000.0;
  const double q = *rc::gen::inRange(0, 1001) / 1000.0;
  const double at = sorted_quantile(sorted, std::min(p, q));
  const double above = sorted_quantile(sorted, std::max(p, q));
  RC_ASSERT(sorted.front() <= at && at <= above + kSlack && above <= sorted.back());
  std::vector<double> turned;
  for (auto it = sorted.rbegin(); it != sorted.rend(); ++it) turned.push_back(-*it);
  RC_ASSERT(near(sorted_quantile(sorted, p), -sorted_quantile(turned, 1.0 - p)));
  RC_ASSERT(sorted_quantile(sorted, 0.0) == sorted.front());
  RC_ASSERT(sorted_quantile(sorted, 1.0) == sorted.back());
}

RC_GTEST_PROP(BootstrapIntervals, MoveAndStretchWithTheirReplicates, ()) {
  const std::vector<double> sorted = drawn_replicates();
  const double shift = *rc::gen::inRange(-50, 50);
  const double scale = *rc::gen::inRange(1, 9);
  const double estimate = sorted[*rc::gen::inRange<std::size_t>(0, sorted.size())];
  const double acceleration = *rc::gen::inRange(-20, 21) / 100.0;
  const double confidence = drawn_confidence();
  std::vector<double> moved;
  for (const double value : sorted) moved.push_back(scale * value + shift);
  const auto check = [&](const Interval& from, const Interval& to) {
    RC_ASSERT(near(to.low, scale * from.low + shift) && near(to.high, scale * from.high + shift));
    RC_ASSERT(sorted.front() <= from.low && from.low <= from.high && from.high <= sorted.back());
  };
  check(percentile_interval(sorted, confidence), percentile_interval(moved, confidence));
  const auto bca = bca_interval(sorted, estimate, acceleration, confidence);
  const auto bca_moved = bca_interval(moved, scale * estimate + shift, acceleration, confidence);
  RC_ASSERT(bca.has_value() == bca_moved.has_value());
  if (bca) check(*bca, *bca_moved);
}

RC_GTEST_PROP(DetectableDifference, ShrinksWithMorePeopleAndGrowsWithPower, ()) {
  const Count rest = drawn_count();
  const auto n = *rc::gen::inRange<std::uint64_t>(2, 5000);
  const auto found = detectable_rate_difference(rest, n, 0.05);
  const auto more_people = detectable_rate_difference(rest, n * 2, 0.05);
  const auto stricter = detectable_rate_difference(rest, n, 0.01);
  const auto surer = detectable_rate_difference(rest, n, 0.05, 0.95);
  if (found) {
    RC_ASSERT(*found > 0.0 && *found <= 1.0);
    RC_ASSERT(more_people && *more_people <= *found + 1e-6);
  }
  // A difference of less than a fraction of one person cannot be seen.
  if (found) RC_ASSERT(*found * static_cast<double>(n) > 0.1);
  if (stricter) RC_ASSERT(found && *stricter >= *found - 1e-6);
  if (surer) RC_ASSERT(found && *surer >= *found - 1e-6);
}

}  // namespace
}  // namespace dl::assess
