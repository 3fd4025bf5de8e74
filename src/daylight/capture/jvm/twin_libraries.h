// SPDX-License-Identifier: Apache-2.0
// The same libraries for another processor: from the published AAR whose arm64 library is the
// app's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/base/result.h"

namespace dl::capture {

// AARs in a folder that are looked at, and bytes of one library.
inline constexpr std::size_t kMaxTwinArchives = 1'024;
inline constexpr std::uint64_t kMaxTwinLibrary = std::uint64_t{512} << 20;

// One library of the app and its twin.
struct TwinLibrary {
  std::string name;     // "libtensorflowlite_jni.so"
  std::string archive;  // file name of the AAR
  std::string proof;    // "SHA-256" or "build-id": what is the same of the two arm64 libraries
  std::string sha256;   // of the twin
};

struct TwinLibraries {
  std::vector<TwinLibrary> found;
  std::vector<Gap> gaps;  // arm64 libraries without a twin, AARs that cannot be read
};

// Looks for the x86-64 twin of each library in lib/arm64-v8a/ of `apk`: an AAR of `folder` whose
// jni/arm64-v8a/NAME has the same bytes or the same build-id, and that has jni/x86_64/NAME. Equal
// bytes go before an equal build-id, then the AARs' names decide. Writes the twins into `out`,
// which must be there. kNotFound where none is found, otherwise as ZipArchive::open() for `apk`.
Result<TwinLibraries> find_twins(const std::filesystem::path& apk,
                                 const std::filesystem::path& folder,
                                 const std::filesystem::path& out);

}  // namespace dl::capture
