// SPDX-License-Identifier: Apache-2.0
// xoshiro256** and the exact samplers on top of it.
#include "daylight/assess/random_stream.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "daylight/assess/special_functions.h"

namespace dl::assess {
namespace {

// Below this expected count inversion is faster than rejection, and BTRS is not valid.
constexpr double kInversionLimit = 10.0;

std::uint64_t splitmix64(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// FNV-1a, 64 bits.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash;
}

// log k! - ((k + 1/2) log(k + 1) - (k + 1) + log(2π)/2): the remainder of Stirling's formula, to
// about 1e-13.
double stirling_remainder(double k) {
  constexpr std::array<double, 10> kTable = {
      0.08106146679532726,  0.04134069595540929, 0.02767792568499834, 0.02079067210376509,
      0.01664469118982119,  0.01387612882307075, 0.01189670994589177, 0.01041126526197209,
      0.009255462182712733, 0.008330563433362871};
  if (k < 10.0) return kTable[static_cast<std::size_t>(k)];
  const double square = (k + 1.0) * (k + 1.0);
  return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0);
}

double log_factorial(double k) {
  constexpr double kHalfLogTwoPi = 0.91893853320467274178;
  return (k + 0.5) * std::log(k + 1.0) - (k + 1.0) + kHalfLogTwoPi + stirling_remainder(k);
}

std::uint64_t binomial_by_inversion(RandomStream& stream, std::uint64_t n, double p) {
  const double q = 1.0 - p;
  const double odds = p / q;
  const double start = std::exp(static_cast<double>(n) * std::log1p(-p));
  while (true) {
    double u = stream.uniform();
    double mass = start;
    // Rounding may leave a sliver of u after the last category; then the draw is made again.
    for (std::uint64_t k = 0; k <= n; ++k) {
      if (u < mass) return k;
      u -= mass;
      mass *= odds * static_cast<double>(n - k) / static_cast<double>(k + 1);
      if (mass <= 0.0) break;
    }
  }
}

std::uint64_t binomial_by_rejection(RandomStream& stream, std::uint64_t trials, double p) {
  const double n = static_cast<double>(trials);
  const double spread = std::sqrt(n * p * (1.0 - p));
  const double b = 1.15 + 2.53 * spread;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double centre = n * p + 0.5;
  const double quick = 0.92 - 4.2 / b;
  const double odds = p / (1.0 - p);
  const double alpha = (2.83 + 5.1 / b) * spread;
  const double mode = std::floor((n + 1.0) * p);
  while (true) {
    const double u = stream.uniform() - 0.5;
    const double v = stream.uniform();
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2.0 * a / us + b) * u + centre);
    if (us >= 0.07 && v <= quick) return static_cast<std::uint64_t>(k);
    if (!(k >= 0.0) || k > n) continue;
    const double bound = (mode + 0.5) * std::log((mode + 1.0) / (odds * (n - mode + 1.0))) +
                         (n + 1.0) * std::log((n - mode + 1.0) / (n - k + 1.0)) +
                         (k + 0.5) * std::log(odds * (n - k + 1.0) / (k + 1.0)) +
                         stirling_remainder(mode) + stirling_remainder(n - mode) -
                         stirling_remainder(k) - stirling_remainder(n - k);
    if (std::log(v * alpha / (a / (us * us) + b)) <= bound) return static_cast<std::uint64_t>(k);
  }
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view purpose) {
  std::uint64_t mix = seed ^ hash_of(purpose);
  for (auto& word : state_) word = splitmix64(mix);
}

std::uint64_t RandomStream::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  Wide product = static_cast<Wide>(next()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = bound == 0 ? 0 : (0 - bound) % bound;
    while (static_cast<std::uint64_t>(product) < threshold) {
      product = static_cast<Wide>(next()) * bound;
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

double RandomStream::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double RandomStream::normal() {
  // The middle of the step, so that neither 0 nor 1 is drawn.
  return normal_quantile((static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53);
}

std::uint64_t RandomStream::binomial(std::uint64_t n, double p) {
  if (n == 0 || !(p > 0.0)) return 0;
  if (p >= 1.0) return n;
  if (p > 0.5) return n - binomial(n, 1.0 - p);
  return static_cast<double>(n) * p < kInversionLimit ? binomial_by_inversion(*this, n, p)
                                                      : binomial_by_rejection(*this, n, p);
}

std::uint64_t RandomStream::hypergeometric(std::uint64_t population, std::uint64_t marked,
                                           std::uint64_t drawn) {
  const std::uint64_t low = marked + drawn > population ? marked + drawn - population : 0;
  const std::uint64_t high = std::min(marked, drawn);
  if (low >= high) return low;
  const double all = static_cast<double>(population);
  const double good = static_cast<double>(marked);
  const double taken = static_cast<double>(drawn);
  const double bad_left = all - good - taken;  // may be negative: then k is at least its negation
  const auto mode =
      std::clamp(static_cast<std::uint64_t>((good + 1.0) * (taken + 1.0) / (all + 2.0)), low, high);
  const double m = static_cast<double>(mode);
  const double at_mode =
      std::exp(log_factorial(good) + log_factorial(all - good) + log_factorial(taken) +
               log_factorial(all - taken) - log_factorial(all) - log_factorial(m) -
               log_factorial(good - m) - log_factorial(taken - m) - log_factorial(bad_left + m));
  while (true) {
    // From the mode outwards, so that the expected number of steps is the standard deviation.
    double u = uniform() - at_mode;
    if (u < 0.0) return mode;
    double up = at_mode;
    double down = at_mode;
    double above = m;
    double below_mode = m;
    while (up > 0.0 || down > 0.0) {
      up *= (good - above) * (taken - above) / ((above + 1.0) * (bad_left + above + 1.0));
      above += 1.0;
      u -= up;
      if (up > 0.0 && u < 0.0) return static_cast<std::uint64_t>(above);
      down *= below_mode * (bad_left + below_mode) /
              ((good - below_mode + 1.0) * (taken - below_mode + 1.0));
      below_mode -= 1.0;
      u -= down;
      if (down > 0.0 && u < 0.0) return static_cast<std::uint64_t>(below_mode);
    }
    // Rounding left a sliver of u beyond the last category: draw again.
  }
}

void RandomStream::multinomial(std::uint64_t n, std::span<const double> weights,
                               std::span<std::uint64_t> counts) {
  std::fill(counts.begin(), counts.end(), 0);
  double left = 0.0;
  std::size_t last = weights.size();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    left += weights[i];
    if (weights[i] > 0.0) last = i;
  }
  if (last == weights.size()) return;
  for (std::size_t i = 0; i < last && n > 0; ++i) {
    if (!(weights[i] > 0.0)) continue;
    counts[i] = binomial(n, weights[i] / left);
    n -= counts[i];
    left -= weights[i];
  }
  // What is left belongs to the last category with a weight, whatever rounding did to `left`.
  counts[last] += n;
}

}  // namespace dl::assess
