// SPDX-License-Identifier: Apache-2.0
// Reads the length-prefixed structures of the signing block and checks them against the archive's
// bytes.
#include "daylight/format/package/signing_block.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daylight/format/package/certificate.h"
#include "daylight/format/package/content_digest.h"

namespace dl {
namespace {

constexpr std::string_view kBlockMagic = "APK Sig Block 42";
constexpr std::uint64_t kBlockFooterSize = 24;  // size and magic
constexpr std::uint32_t kRotationAttribute = 0x3ba06f8c;

struct SchemeId {
  std::uint32_t id;
  SigningScheme scheme;
};
constexpr std::array<SchemeId, 3> kSchemes{{
    {0x7109871a, SigningScheme::kV2},
    {0xf05368c0, SigningScheme::kV3},
    {0x1b93ad61, SigningScheme::kV31},
}};

// Algorithms by their number in the block, strongest content digest first: Android checks the first
// that is there.
struct BlockAlgorithm {
  std::uint32_t id;
  DigestAlgorithm digest;
  SignaturePadding padding;
  ContentDigest content;
  std::string_view name;
};
constexpr std::array<BlockAlgorithm, 10> kAlgorithms{{
    {0x0102, DigestAlgorithm::kSha512, SignaturePadding::kPss, ContentDigest::kChunkedSha512,
     "RSA-PSS-SHA512"},
    {0x0104, DigestAlgorithm::kSha512, SignaturePadding::kPkcs1, ContentDigest::kChunkedSha512,
     "RSA-PKCS1-SHA512"},
    {0x0202, DigestAlgorithm::kSha512, SignaturePadding::kNone, ContentDigest::kChunkedSha512,
     "ECDSA-SHA512"},
    {0x0101, DigestAlgorithm::kSha256, SignaturePadding::kPss, ContentDigest::kChunkedSha256,
     "RSA-PSS-SHA256"},
    {0x0103, DigestAlgorithm::kSha256, SignaturePadding::kPkcs1, ContentDigest::kChunkedSha256,
     "RSA-PKCS1-SHA256"},
    {0x0201, DigestAlgorithm::kSha256, SignaturePadding::kNone, ContentDigest::kChunkedSha256,
     "ECDSA-SHA256"},
    {0x0301, DigestAlgorithm::kSha256, SignaturePadding::kNone, ContentDigest::kChunkedSha256,
     "DSA-SHA256"},
    {0x0421, DigestAlgorithm::kSha256, SignaturePadding::kPkcs1, ContentDigest::kVerity,
     "RSA-PKCS1-SHA256-verity"},
    {0x0423, DigestAlgorithm::kSha256, SignaturePadding::kNone, ContentDigest::kVerity,
     "ECDSA-SHA256-verity"},
    {0x0425, DigestAlgorithm::kSha256, SignaturePadding::kNone, ContentDigest::kVerity,
     "DSA-SHA256-verity"},
}};

// The next part with a 32-bit length before it; empty and failed if it is cut.
ByteSpan take_prefixed(ByteReader& reader) { return reader.take(reader.u32()); }

// Pairs of a number and prefixed bytes, as digests and signatures are kept: by number; nothing if
// cut.
std::optional<std::map<std::uint32_t, ByteSpan>> read_numbered(ByteSpan bytes) {
  std::map<std::uint32_t, ByteSpan> numbered;
  ByteReader reader(bytes);
  while (reader.remaining() > 0) {
    ByteReader item(take_prefixed(reader));
    const std::uint32_t id = item.u32();
    const ByteSpan value = take_prefixed(item);
    if (!reader.ok() || !item.ok()) return std::nullopt;
    numbered.emplace(id, value);
  }
  return numbered;
}

class BlockVerifier {
 public:
  BlockVerifier(const ZipArchive& archive, bool verify_content, GapList& gaps)
      : archive_(archive), verify_content_(verify_content), gaps_(gaps) {}

  std::vector<ApkSigner> verify();

 private:
  std::optional<ByteSpan> find_block();
  void read_scheme(SigningScheme scheme, ByteSpan value);
  ApkSigner read_signer(SigningScheme scheme, ByteSpan bytes);
  std::string check_signature(ApkSigner& signer, ByteSpan signed_data, ByteSpan signatures,
                              ByteSpan public_key);
  std::string check_signed_data(ApkSigner& signer, ByteSpan signed_data, ByteSpan public_key);
  std::string check_certificate(ApkSigner& signer, ByteSpan certificates,
                                ByteSpan public_key) const;
  std::string check_content(const BlockAlgorithm& algorithm, ByteSpan digests, ByteSpan signatures);
  const std::string& content_digest(ContentDigest kind);
  void gap(std::string why) { gaps_.add(archive_.name(), std::move(why)); }

  const ZipArchive& archive_;
  bool verify_content_;
  GapList& gaps_;
  std::uint64_t block_offset_ = 0;
  const BlockAlgorithm* algorithm_ = nullptr;  // of the signer that is being read
  ByteSpan signatures_;
  std::map<ContentDigest, std::string> content_digests_;
  std::vector<ApkSigner> signers_;
};

std::vector<ApkSigner> BlockVerifier::verify() {
  const auto block = find_block();
  if (!block) return {};
  std::map<std::uint32_t, ByteSpan> pairs;
  ByteReader reader(*block);
  while (reader.remaining() > 0) {
    const std::uint64_t size = reader.u64();
    ByteReader pair(reader.take(size));
    const std::uint32_t id = pair.u32();
    if (!reader.ok() || !pair.ok()) {
      gap("the APK Signing Block is broken: a pair reaches beyond it");
      break;
    }
    if (!pairs.emplace(id, pair.take(pair.remaining())).second)
      gap("the APK Signing Block has an id twice");
  }
  for (const SchemeId& scheme : kSchemes) {
    const auto found = pairs.find(scheme.id);
    if (found != pairs.end()) read_scheme(scheme.scheme, found->second);
  }
  return std::move(signers_);
}

// The pairs of the block that ends where the central directory begins.
std::optional<ByteSpan> BlockVerifier::find_block() {
  const std::uint64_t end = archive_.central_directory_offset();
  if (archive_.entries().empty() || end < kBlockFooterSize + 8 || end > archive_.bytes().size())
    return std::nullopt;
  const ByteSpan before = archive_.bytes().first(static_cast<std::size_t>(end));
  if (!as_text(before).ends_with(kBlockMagic)) return std::nullopt;
  const std::uint64_t size = load_le<std::uint64_t>(before, end - kBlockFooterSize).value_or(0);
  if (size < kBlockFooterSize || size > end - 8 || size > kMaxSigningBlockSize) {
    gap("the APK Signing Block has an impossible size");
    return std::nullopt;
  }
  block_offset_ = end - size - 8;
  if (load_le<std::uint64_t>(before, block_offset_) != size)
    gap("the APK Signing Block gives two different sizes");
  return before.subspan(static_cast<std::size_t>(block_offset_ + 8),
                        static_cast<std::size_t>(size - kBlockFooterSize));
}

void BlockVerifier::read_scheme(SigningScheme scheme, ByteSpan value) {
  ByteReader outer(value);
  ByteReader reader(take_prefixed(outer));
  while (outer.ok() && reader.remaining() > 0) {
    const ByteSpan signer = take_prefixed(reader);
    if (!reader.ok() || signers_.size() >= 3 * kMaxApkSigners) break;
    signers_.push_back(read_signer(scheme, signer));
  }
  if (!outer.ok() || !reader.ok())
    gap("the " + std::string(scheme_name(scheme)) + " signers are cut");
}

ApkSigner BlockVerifier::read_signer(SigningScheme scheme, ByteSpan bytes) {
  ApkSigner signer;
  signer.scheme = scheme;
  ByteReader reader(bytes);
  const ByteSpan signed_data = take_prefixed(reader);
  if (scheme != SigningScheme::kV2) {
    signer.min_sdk = reader.u32();
    signer.max_sdk = reader.u32();
  }
  const ByteSpan signatures = take_prefixed(reader);
  const ByteSpan public_key = take_prefixed(reader);
  std::string signature_fault = "the signer is cut";
  if (reader.ok()) signature_fault = check_signature(signer, signed_data, signatures, public_key);
  const std::string data_fault = check_signed_data(signer, signed_data, public_key);
  signer.why_invalid = signature_fault.empty() ? data_fault : signature_fault;
  signer.valid = signer.why_invalid.empty();
  return signer;
}

// Why the strongest signature does not verify; "" if it does. Notes its algorithm.
std::string BlockVerifier::check_signature(ApkSigner& signer, ByteSpan signed_data,
                                           ByteSpan signatures, ByteSpan public_key) {
  algorithm_ = nullptr;
  signatures_ = signatures;
  const auto numbered = read_numbered(signatures);
  if (!numbered) return "its signatures are cut";
  const auto strongest =
      std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                   [&](const BlockAlgorithm& known) { return numbered->contains(known.id); });
  if (strongest == kAlgorithms.end()) return "it has no signature of a known algorithm";
  algorithm_ = &*strongest;
  signer.algorithm = strongest->name;
  const bool verified = verify_signature(public_key, strongest->digest, strongest->padding,
                                         signed_data, numbered->at(strongest->id));
  return verified ? "" : "the signature does not verify";
}

std::string BlockVerifier::check_signed_data(ApkSigner& signer, ByteSpan signed_data,
                                             ByteSpan public_key) {
  ByteReader reader(signed_data);
  const ByteSpan digests = take_prefixed(reader);
  const ByteSpan certificates = take_prefixed(reader);
  std::string fault = check_certificate(signer, certificates, public_key);
  std::uint32_t min_sdk = signer.min_sdk;
  std::uint32_t max_sdk = signer.max_sdk;
  if (signer.scheme != SigningScheme::kV2) {
    min_sdk = reader.u32();
    max_sdk = reader.u32();
  }
  ByteReader attributes(take_prefixed(reader));
  if (!reader.ok()) return "its signed data is cut";
  if (min_sdk != signer.min_sdk || max_sdk != signer.max_sdk)
    return "its SDK range is not the signed one";
  while (attributes.remaining() > 0) {
    ByteReader attribute(take_prefixed(attributes));
    if (attribute.u32() == kRotationAttribute && attribute.ok()) {
      gap("a " + std::string(scheme_name(signer.scheme)) +
          " signer has a proof of key rotation, which is not read");
    }
  }
  if (!fault.empty()) return fault;
  return algorithm_ == nullptr ? "" : check_content(*algorithm_, digests, signatures_);
}

// The first certificate is the signer's; its key must be the one that the signature was checked
// with.
std::string BlockVerifier::check_certificate(ApkSigner& signer, ByteSpan certificates,
                                             ByteSpan public_key) const {
  ByteReader reader(certificates);
  const ByteSpan der = take_prefixed(reader);
  if (!reader.ok()) return "its certificate is missing";
  const auto certificate = read_certificate(der, archive_.name());
  if (!certificate) return "its certificate cannot be read";
  signer.certificate = certificate->der;
  signer.cert_sha256 = certificate->sha256;
  signer.cert_subject = certificate->subject;
  return as_bytes(certificate->public_key).size() == public_key.size() &&
                 certificate->public_key == as_text(public_key)
             ? ""
             : "its key is not that of its certificate";
}

std::string BlockVerifier::check_content(const BlockAlgorithm& algorithm, ByteSpan digests,
                                         ByteSpan signatures) {
  const auto signed_digests = read_numbered(digests);
  const auto signed_by = read_numbered(signatures);
  if (!signed_digests || !signed_by) return "its digests are cut";
  const bool same_algorithms =
      std::equal(signed_digests->begin(), signed_digests->end(), signed_by->begin(),
                 signed_by->end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (!same_algorithms) return "its digests and signatures are of different algorithms";
  if (!verify_content_) return "the content was not checked";
  return content_digest(algorithm.content) == as_text(signed_digests->at(algorithm.id))
             ? ""
             : "the archive is not what was signed";
}

const std::string& BlockVerifier::content_digest(ContentDigest kind) {
  const auto [found, added] = content_digests_.try_emplace(kind);
  if (added) found->second = apk_content_digest(archive_, block_offset_, kind);
  return found->second;
}

}  // namespace

std::vector<ApkSigner> read_block_signers(const ZipArchive& archive, bool verify_content,
                                          GapList& gaps) {
  return BlockVerifier(archive, verify_content, gaps).verify();
}

}  // namespace dl
