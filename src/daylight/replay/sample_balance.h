// SPDX-License-Identifier: Apache-2.0
// As many samples from every group: so that no group's errors weigh more than another's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/artifact/samples.h"

namespace dl {

// One combination of values.
struct BalanceCell {
  std::vector<std::string> values;  // one for each attribute balanced by
  std::size_t available = 0;
  std::size_t kept = 0;
};

struct BalancedSamples {
  Samples samples;                 // the kept rows, in their order
  std::vector<BalanceCell> cells;  // that have rows, sorted by their values
  // Combinations of values that occur apart but never together: they cannot be balanced and are not
  // in the table.
  std::vector<std::vector<std::string>> empty_cells;
  std::size_t without_value = 0;  // rows left out because one of the attributes is empty
};

// Keeps as many rows of every cell as the smallest has. Which rows: within a cell they are ranked
// by SHA-256("<seed>\n<file>\n"), so the choice depends on nothing but seed and file names, and is
// the same everywhere; a smaller quota is a subset of a larger one. kInvalidArgument where `by` is
// empty, names an attribute that is not there (the Error lists those that are), names one twice, or
// no row has all values.
Result<BalancedSamples> balance_samples(const Samples& samples, const std::vector<std::string>& by,
                                        std::uint64_t seed);

}  // namespace dl
