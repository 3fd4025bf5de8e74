// SPDX-License-Identifier: Apache-2.0
// The commands that make a report's artifacts again, from the provenance that they carry.
#pragma once

#include <string>
#include <vector>

#include "daylight/report/reporter.h"

namespace dl {

// Shell lines: a check of the app's digest, then one `daylight` command for each artifact. File
// names come from the inputs and are quoted for a POSIX shell. Only options that the command line
// has are written: lists joined by commas (an empty one as "none"), `true` as a bare flag; `false`,
// null and empty text are left out.
std::vector<std::string> reproduction_commands(const ReportInputs& inputs);

// `text` as one word of a POSIX shell; plain words stay as they are.
std::string shell_word(const std::string& text);

// One command that makes the same audit with what may be exchanged in the pipeline: its
// alternatives, or other resize kernels where it has none and they were left out. Empty where the
// inputs hold no replay, or where it had everything exchanged.
std::string alternatives_command(const ReportInputs& inputs);

}  // namespace dl
