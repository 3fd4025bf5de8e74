// SPDX-License-Identifier: Apache-2.0
// What `daylight guest` says of a library, as a person reads it: one printable line for each text.
#pragma once

#include <filesystem>
#include <string>

#include "daylight/cli/guest_answer_check.h"

namespace dl::cli {

// Each of an answer of its kind.
std::string render_natives(const CheckedAnswer& answer);
std::string render_exports(const CheckedAnswer& answer);
std::string render_call(const CheckedAnswer& answer);
// `folder`: where the trace lies.
std::string render_trace(const CheckedAnswer& answer, const std::filesystem::path& folder);

}  // namespace dl::cli
