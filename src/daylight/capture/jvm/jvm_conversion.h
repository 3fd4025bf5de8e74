// SPDX-License-Identifier: Apache-2.0
// An app's DEX files as Java classes, with its native methods wrapped.
#pragma once

#include <filesystem>

#include "daylight/base/json.h"
#include "daylight/base/result.h"
#include "daylight/capture/jvm/jvm_parts.h"

namespace dl::capture {

struct ConvertedApp {
  std::filesystem::path jar;
  Json report;         // {"classes", "natives", "failed": ["Lo/a;.b"]}
  bool fresh = false;  // made now, not found in the cache
};

// The jar is kept in `cache` by the digests of the app and of what converts it; made in a jail
// where it is not there. What is made of an app's bytes is as little to be trusted as they are: it
// is only ever used inside of a jail. kCorrupt where the app's code cannot be converted, kLimit.
Result<ConvertedApp> convert_app(const JvmParts& parts, const std::filesystem::path& apk,
                                 const std::filesystem::path& cache, bool without_missing_parts);

// The user's own cache: XDG_CACHE_HOME or ~/.cache; below `otherwise` where neither is set.
std::filesystem::path jvm_cache_folder(const std::filesystem::path& otherwise);

}  // namespace dl::capture
