// SPDX-License-Identifier: Apache-2.0
// An app's resources and assets in a package of our own: for apps whose own manifest Android's
// framework refuses (a split APK, a damaged or protected manifest).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "daylight/base/result.h"

namespace dl::capture {

// A carrier is not made larger than this.
inline constexpr std::uint64_t kMaxCarrierBytes = std::uint64_t{1} << 30;

// A manifest in Android's binary form: <manifest package><uses-sdk/><application/></manifest>, with
// no component in it. `package` is ASCII of at most 250 bytes.
std::string neutral_manifest(const std::string& package);

// Writes `to`: the manifest above, and of `apk` resources.arsc, res/ and assets/ as they are stored
// there, byte for byte. Names that lead out of a folder, and second entries of one name, are left
// out. kLimit above kMaxCarrierBytes, otherwise as ZipArchive::open().
Result<void> write_carrier(const std::filesystem::path& apk, const std::string& package,
                           const std::filesystem::path& to);

}  // namespace dl::capture
