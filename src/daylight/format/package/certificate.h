// SPDX-License-Identifier: Apache-2.0
// Certificates, public keys, signatures and digests as APK signing uses them.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

enum class DigestAlgorithm { kMd5, kSha1, kSha256, kSha384, kSha512 };

// "SHA256" and so on.
std::string_view digest_name(DigestAlgorithm algorithm);

// The raw digest of the parts, one behind the other.
std::string digest_of(DigestAlgorithm algorithm, std::initializer_list<ByteSpan> parts);

// Bytes of Base64 text (white space inside is skipped); nothing if it is none.
std::optional<std::string> decode_base64(std::string_view text);

struct Certificate {
  std::string der;         // its own bytes
  std::string sha256;      // of the DER bytes, lower-case hexadecimal
  std::string subject;     // RFC 2253 text; hostile
  std::string key_type;    // "RSA", "DSA", "EC" or ""
  std::string public_key;  // SubjectPublicKeyInfo, DER
};

// kCorrupt if the bytes are no DER certificate.
Result<Certificate> read_certificate(ByteSpan der, const std::string& where);

enum class SignaturePadding { kNone, kPkcs1, kPss };  // kNone for DSA and ECDSA

// Whether `signature` is one of `data` by the key; false as well if key or signature are broken.
// PSS salts are as long as the digest.
bool verify_signature(ByteSpan public_key, DigestAlgorithm algorithm, SignaturePadding padding,
                      ByteSpan data, ByteSpan signature);

// The signers of a PKCS#7 block (META-INF/*.RSA) over detached content.
struct Pkcs7Signature {
  std::vector<Certificate> signers;
  std::vector<std::string> algorithms;  // such as "RSA-SHA256", one for each signer
  bool valid =
      false;  // every signer's signature over `content` verifies; certificates are not judged
};

// kCorrupt if the block is no PKCS#7 signature.
Result<Pkcs7Signature> verify_pkcs7(ByteSpan block, ByteSpan content, const std::string& where);

}  // namespace dl
