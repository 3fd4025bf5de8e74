// SPDX-License-Identifier: Apache-2.0
// From flags to the assessor's options: which attributes make groups when the user names none.
#pragma once

#include "daylight/artifact/samples.h"
#include "daylight/assess/assessor.h"
#include "daylight/base/json.h"
#include "daylight/cli/options.h"

namespace dl::cli {

// Without --by: every attribute with 2 to kMaxDefaultGroups distinct values that are not all
// numbers, leaving out columns that only repeat an earlier one. Errors name the column that is
// absent and those that are there.
inline constexpr std::size_t kMaxDefaultGroups = 12;
Result<assess::AssessOptions> assess_options(const AssessFlags& flags, const Samples& samples);

// All that the result depends on, for provenance.
Json options_to_json(const assess::AssessOptions& options);

}  // namespace dl::cli
