// SPDX-License-Identifier: Apache-2.0
// Who signed an APK, by the v1 (JAR), v2, v3 and v3.1 schemes, and whether the signature covers
// these very bytes.
//
// Source: Android's "APK Signature Scheme v2/v3" pages and the JAR File Specification.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/format_gap.h"

namespace dl {

inline constexpr std::uint64_t kMaxSigningBlockSize = std::uint64_t{64} << 20;
inline constexpr std::size_t kMaxApkSigners = 64;  // of one scheme
inline constexpr std::uint64_t kMaxSignatureFileSize = std::uint64_t{32}
                                                       << 20;  // MANIFEST.MF, *.SF, *.RSA

enum class SigningScheme { kV1, kV2, kV3, kV31 };
// "v1", "v2", "v3", "v3.1".
std::string_view scheme_name(SigningScheme scheme);

// One signer of one scheme.
struct ApkSigner {
  SigningScheme scheme = SigningScheme::kV1;
  std::string certificate;    // DER; "" if there is none
  std::string cert_sha256;    // of the DER certificate, lower-case hexadecimal; "" if there is none
  std::string cert_subject;   // RFC 2253 text; from the file, hostile
  std::string algorithm;      // such as "RSA-PKCS1-SHA256"
  std::uint32_t min_sdk = 0;  // v3 and v3.1 only
  std::uint32_t max_sdk = 0;
  // True only if the signature over the signed data verifies with the certificate's key AND the
  // signed digests are those of the archive's content. A self-made certificate is as good as any:
  // Android asks for no authority.
  bool valid = false;
  std::string why_invalid;  // "" if valid
};

struct SigningReport {
  std::vector<ApkSigner> signers;  // v1, then v2, v3, v3.1, each in the order of the file
  GapList gaps;
};

// Reads every scheme that is there; never fails: what cannot be read is a gap. Reads the whole
// archive once for each content digest that v2/v3 use, and unpacks every entry for v1 (pass
// verify_content = false to skip both: then `valid` is false and why_invalid says so).
SigningReport read_signers(const ZipArchive& archive, bool verify_content = true);

}  // namespace dl
