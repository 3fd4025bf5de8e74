// SPDX-License-Identifier: Apache-2.0
// Gathers the signers of all schemes.
#include "daylight/format/package/signing.h"

#include <iterator>

#include "daylight/format/package/jar_signature.h"
#include "daylight/format/package/signing_block.h"

namespace dl {

std::string_view scheme_name(SigningScheme scheme) {
  switch (scheme) {
    case SigningScheme::kV1:
      return "v1";
    case SigningScheme::kV2:
      return "v2";
    case SigningScheme::kV3:
      return "v3";
    case SigningScheme::kV31:
      return "v3.1";
  }
  return "";
}

SigningReport read_signers(const ZipArchive& archive, bool verify_content) {
  SigningReport report;
  report.signers = read_jar_signers(archive, verify_content, report.gaps);
  const auto newer = read_block_signers(archive, verify_content, report.gaps);
  report.signers.insert(report.signers.end(), newer.begin(), newer.end());
  return report;
}

}  // namespace dl
