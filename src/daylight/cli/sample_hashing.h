// SPDX-License-Identifier: Apache-2.0
// Every picture of a sample set is there and is the one that was imported.
#pragma once

#include <filesystem>

#include "daylight/artifact/samples.h"
#include "daylight/base/log.h"

namespace dl::cli {

// Fills each row's sha256 from the picture on disk. Errors: a picture is missing (kNotFound, names
// the first and how many), or it is not the one that the table's sha256 names (kCorrupt). `csv` is
// for messages. Reads every picture once, on all processors.
Result<void> hash_pictures(Samples& samples, const std::filesystem::path& csv, LogSink& log);

}  // namespace dl::cli
