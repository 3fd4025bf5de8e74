// SPDX-License-Identifier: Apache-2.0
// The commands that make a report's artifacts again, from the provenance that they carry.
#pragma once

#include <string>
#include <vector>

#include "daylight/report/reporter.h"

namespace dl {

// Shell lines: a check of the inputs' digests, then one `daylight` command for each artifact. File names come from the inputs and
// are quoted for a POSIX shell; an option that is a list repeats nothing but joins by commas, `true` is a bare flag, `false`
// and null are left out.
std::vector<std::string> reproduction_commands(const ReportInputs& inputs);

// `text` as one word of a POSIX shell; plain words stay as they are.
std::string shell_word(const std::string& text);

}  // namespace dl
