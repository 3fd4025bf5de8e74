// SPDX-License-Identifier: Apache-2.0
// Fuzzes signing blocks, JAR signatures, and single certificates and PKCS#7 blocks.
#include <cstdint>

#include "daylight/format/package/certificate.h"
#include "daylight/format/package/signing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes(data, size);
  static_cast<void>(dl::read_certificate(bytes, "fuzz"));
  static_cast<void>(dl::verify_pkcs7(bytes, bytes, "fuzz"));
  const auto archive = dl::ZipArchive::open(bytes, "fuzz.apk");
  if (!archive) return 0;
  for (const dl::ApkSigner& signer : dl::read_signers(*archive).signers) {
    if (signer.valid != signer.why_invalid.empty()) __builtin_trap();
    if (signer.valid && signer.cert_sha256.size() != 64) __builtin_trap();
  }
  return 0;
}
