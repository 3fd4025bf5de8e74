// SPDX-License-Identifier: Apache-2.0
// Seeded random numbers that are the same on every machine and with every standard library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace dl::assess {

// xoshiro256** 1.0 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS
// 47:36, 2021), its state filled by SplitMix64 from the seed and a hash of `purpose`. Each use
// names its purpose, so adding one analysis does not move the draws of another. The standard
// library's distributions are not used: they differ between libraries. Not thread safe.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view purpose);

  std::uint64_t next();
  // Uniform on [0, bound), without bias (Lemire, "Fast random integer generation in an interval",
  // 2019). 0 for bound 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform on [0, 1) in steps of 2^-53.
  double uniform();
  // Standard normal, by inversion of one uniform.
  double normal();
  // Number of successes in n trials, exact: inversion for small n·p, else Hörmann's BTRS ("The
  // generation of binomial random variates", J. Stat. Comput. Simul. 46, 1993). p is clamped to [0,
  // 1].
  std::uint64_t binomial(std::uint64_t n, double p);
  // Number of marked among `drawn` items taken without replacement from a population of which
  // `marked` are marked (both at most `population`): exact, by inversion from the mode.
  std::uint64_t hypergeometric(std::uint64_t population, std::uint64_t marked, std::uint64_t drawn);
  // Splits n over the categories of `weights` (not negative, any sum > 0): the multinomial as a
  // chain of conditional binomials. `counts` has the size of `weights`; all zero when no weight is
  // positive.
  void multinomial(std::uint64_t n, std::span<const double> weights,
                   std::span<std::uint64_t> counts);

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
    }
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace dl::assess
