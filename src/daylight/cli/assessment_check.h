// SPDX-License-Identifier: Apache-2.0
// Whether the numbers of an assessment can be true together.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/assessment.h"

namespace dl::cli {

// One line for each number that cannot stand: an interval that is upside down or beside its value,
// a rate outside [0, 1], a count above its total or not the rate's, a p outside [0, 1]. A schema
// sees none of these.
std::vector<std::string> implausible_numbers(const Assessment& assessment);

}  // namespace dl::cli
