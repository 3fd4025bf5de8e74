// SPDX-License-Identifier: Apache-2.0
// Step-up and step-down adjustments over the sorted p values.
#include "daylight/assess/multiplicity.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "daylight/base/text.h"

namespace dl::assess {
namespace {

constexpr std::array kAdjustments = {Adjustment::kBenjaminiHochberg,
                                     Adjustment::kBenjaminiYekutieli, Adjustment::kHolm,
                                     Adjustment::kHochberg, Adjustment::kBonferroni};

// What the p value of rank `rank` (1 is the smallest) of `m` is multiplied with.
double factor(Adjustment adjustment, std::size_t rank, std::size_t m) {
  const auto count = static_cast<double>(m);
  const auto place = static_cast<double>(rank);
  switch (adjustment) {
    case Adjustment::kBenjaminiHochberg:
      return count / place;
    case Adjustment::kBenjaminiYekutieli: {
      double harmonic = 0.0;
      for (std::size_t i = 1; i <= m; ++i) harmonic += 1.0 / static_cast<double>(i);
      return harmonic * count / place;
    }
    case Adjustment::kHolm:
    case Adjustment::kHochberg:
      return count - place + 1.0;
    case Adjustment::kBonferroni:
      return count;
  }
  return count;
}

bool steps_down(Adjustment adjustment) { return adjustment == Adjustment::kHolm; }

}  // namespace

const char* to_string(Adjustment adjustment) {
  switch (adjustment) {
    case Adjustment::kBenjaminiHochberg:
      return "benjamini-hochberg";
    case Adjustment::kBenjaminiYekutieli:
      return "benjamini-yekutieli";
    case Adjustment::kHolm:
      return "holm";
    case Adjustment::kHochberg:
      return "hochberg";
    case Adjustment::kBonferroni:
      return "bonferroni";
  }
  return "benjamini-hochberg";
}

Result<Adjustment> adjustment_from_string(const std::string& text) {
  for (const Adjustment adjustment : kAdjustments) {
    if (text == to_string(adjustment)) return adjustment;
  }
  return fail(ErrorCode::kInvalidArgument,
              "the adjustment '" + printable(text) +
                  "' is not one of benjamini-hochberg, benjamini-yekutieli, holm, hochberg, "
                  "bonferroni");
}

std::vector<double> adjust_p_values(std::span<const double> p, Adjustment adjustment) {
  const std::size_t m = p.size();
  std::vector<std::size_t> order(m);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  // The factor of the harmonic sum is the same for every rank up to m / rank: computed once.
  const double base = m == 0 ? 1.0 : factor(adjustment, m, m);
  std::vector<double> adjusted(m);
  const auto scaled = [&](std::size_t rank) {
    const double multiplier = adjustment == Adjustment::kBenjaminiYekutieli
                                  ? base * static_cast<double>(m) / static_cast<double>(rank)
                                  : factor(adjustment, rank, m);
    return std::min(1.0, p[order[rank - 1]] * multiplier);
  };
  if (steps_down(adjustment)) {
    double running = 0.0;
    for (std::size_t rank = 1; rank <= m; ++rank) {
      running = std::max(running, scaled(rank));
      adjusted[order[rank - 1]] = running;
    }
    return adjusted;
  }
  double running = 1.0;
  for (std::size_t rank = m; rank >= 1; --rank) {
    running = std::min(running, scaled(rank));
    adjusted[order[rank - 1]] = running;
  }
  return adjusted;
}

}  // namespace dl::assess
