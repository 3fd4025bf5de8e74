// SPDX-License-Identifier: Apache-2.0
// The v1 scheme: META-INF/MANIFEST.MF, *.SF and *.RSA/.DSA/.EC of a signed JAR.
#pragma once

#include <vector>

#include "daylight/format/archive/zip.h"
#include "daylight/format/package/signing.h"

namespace dl {

inline constexpr std::size_t kMaxJarManifestSections = std::size_t{1} << 20;

// The signers of every signature block in META-INF, in the order of the archive. Empty if there is
// none. What cannot be read is a gap. `verify_content` false skips the digests of the entries: then
// no signer is valid.
std::vector<ApkSigner> read_jar_signers(const ZipArchive& archive, bool verify_content,
                                        GapList& gaps);

}  // namespace dl
