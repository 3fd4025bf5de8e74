// SPDX-License-Identifier: Apache-2.0
// What one stage of a run did, for the terminal and the journal.
#pragma once

#include <cstddef>
#include <string>

namespace dl::cli {

struct StageReport {
  std::string stage;
  bool up_to_date = false;  // nothing had to be done
  double seconds = 0;
  std::string summary;            // one line
  std::size_t failed_inputs = 0;  // pictures that could not be read
};

}  // namespace dl::cli
