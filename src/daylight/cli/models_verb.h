// SPDX-License-Identifier: Apache-2.0
// `daylight models`: the user's own table of known models.
#pragma once

#include <filesystem>
#include <string>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/cli/terminal.h"
#include "daylight/detect/rules/known_models.h"

namespace dl::cli {

inline constexpr std::uint64_t kMaxKnownModelsFile = std::uint64_t{256} << 20;

// $XDG_DATA_HOME/daylight/known_models.json, else ~/.local/share/...; empty where neither variable
// names a folder.
std::filesystem::path user_known_models();

// The table in a file. A file that is absent is an empty table where `may_be_absent`.
Result<KnownModels> read_known_models(const std::filesystem::path& path, bool may_be_absent);

// The entry for a model's bytes: digests of what its format's reader finds, or of the whole file
// where no format is recognised.
KnownModel describe_known_model(ByteSpan bytes, bool with_graph);

// models add, models list.
Result<ExitCode> run_models_verb(const std::string& verb, const ModelsOptions& options,
                                 Terminal& terminal);

}  // namespace dl::cli
