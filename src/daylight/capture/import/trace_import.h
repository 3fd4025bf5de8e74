// SPDX-License-Identifier: Apache-2.0
// Traces out of what other tools logged. Formats and what each cannot say: docs/formats/imports.md.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/capture/import/import_source.h"

namespace dl::capture {

// "jack", "jnitrace", "frida-trace", "logcat".
std::vector<std::string> import_formats();

// By the beginning of a file; nothing where no format fits.
std::optional<std::string> guess_import_format(std::string_view beginning);

// Nothing for a name that is none.
std::unique_ptr<ImportSource> make_import(const std::string& format, ImportEvents& events);

struct ImportOptions {
  std::string format;                                 // "": by the file's beginning
  std::function<bool()> stop = [] { return false; };  // asked at each MiB
};

struct ImportDone {
  std::string format;
  ImportReport found;
  bool stopped = false;
};

// Reads the file in pieces, and gives its events to the sink as it goes; memory does not grow with
// the file. kInvalidArgument: the format is unknown, or nothing shows which it is; kIo.
Result<ImportDone> import_trace(const std::filesystem::path& file, const ImportOptions& options,
                                TraceSink& sink);

}  // namespace dl::capture
