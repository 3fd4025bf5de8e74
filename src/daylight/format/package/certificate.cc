// SPDX-License-Identifier: Apache-2.0
// OpenSSL behind plain values; its error queue is left empty.
#include "daylight/format/package/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <limits>
#include <utility>

#include "daylight/base/digest.h"

namespace dl {
namespace {

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using X509Pointer = std::unique_ptr<X509, Freer<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using ContextPointer = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using BioPointer = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Pkcs7Pointer = std::unique_ptr<PKCS7, Freer<PKCS7_free>>;

const EVP_MD* digest_function(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kMd5:
      return EVP_md5();
    case DigestAlgorithm::kSha1:
      return EVP_sha1();
    case DigestAlgorithm::kSha256:
      return EVP_sha256();
    case DigestAlgorithm::kSha384:
      return EVP_sha384();
    case DigestAlgorithm::kSha512:
      return EVP_sha512();
  }
  return EVP_sha256();
}

std::string text_of(BIO* bio) {
  const char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string key_type_of(const EVP_PKEY* key) {
  switch (key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "RSA";
    case EVP_PKEY_DSA:
      return "DSA";
    case EVP_PKEY_EC:
      return "EC";
    default:
      return "";
  }
}

std::string der_of_key(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  std::string bytes;
  if (size > 0) bytes.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  std::string bytes;
  if (size > 0) bytes.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

Certificate describe_certificate(X509* certificate, std::string sha256) {
  Certificate described;
  described.der = der_of(certificate);
  described.sha256 = std::move(sha256);
  const BioPointer bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  described.subject = text_of(bio.get());
  described.key_type = key_type_of(X509_get0_pubkey(certificate));
  described.public_key = der_of_key(certificate);
  return described;
}

bool fits_int(ByteSpan bytes) {
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
}

// The digest that a signer says it used; null if it is none that OpenSSL knows.
const EVP_MD* digest_of_signer(PKCS7_SIGNER_INFO* info) {
  X509_ALGOR* digest = nullptr;
  PKCS7_SIGNER_INFO_get0_algs(info, nullptr, &digest, nullptr);
  const ASN1_OBJECT* object = nullptr;
  if (digest != nullptr) X509_ALGOR_get0(&object, nullptr, nullptr, digest);
  return object == nullptr ? nullptr : EVP_get_digestbyobj(object);
}

// PKCS7_verify would do this for all signers, but leaks on broken blocks; the parts below it do
// not.
bool verify_signer(PKCS7* pkcs7, PKCS7_SIGNER_INFO* info, X509* certificate, ByteSpan content) {
  const EVP_MD* const digest = digest_of_signer(info);
  BioPointer filter(BIO_new(BIO_f_md()));
  if (digest == nullptr || certificate == nullptr || filter == nullptr) return false;
  if (BIO_set_md(filter.get(), digest) != 1) return false;
  BIO* const sink = BIO_new(BIO_s_null());
  if (sink == nullptr) return false;
  BIO_push(filter.get(), sink);
  if (!content.empty() &&
      BIO_write(filter.get(), content.data(), static_cast<int>(content.size())) !=
          static_cast<int>(content.size())) {
    return false;
  }
  return PKCS7_signatureVerify(filter.get(), pkcs7, info, certificate) == 1;
}

std::string signer_algorithm(PKCS7_SIGNER_INFO* info, const std::string& key_type) {
  const EVP_MD* const digest = digest_of_signer(info);
  return key_type + "-" + (digest == nullptr ? "unknown" : EVP_MD_get0_name(digest));
}

}  // namespace

std::string_view digest_name(DigestAlgorithm algorithm) {
  switch (algorithm) {
    case DigestAlgorithm::kMd5:
      return "MD5";
    case DigestAlgorithm::kSha1:
      return "SHA1";
    case DigestAlgorithm::kSha256:
      return "SHA256";
    case DigestAlgorithm::kSha384:
      return "SHA384";
    case DigestAlgorithm::kSha512:
      return "SHA512";
  }
  return "";
}

std::string digest_of(DigestAlgorithm algorithm, std::initializer_list<ByteSpan> parts) {
  const ContextPointer context(EVP_MD_CTX_new());
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  bool ok = context != nullptr &&
            EVP_DigestInit_ex(context.get(), digest_function(algorithm), nullptr) == 1;
  for (const ByteSpan part : parts) {
    ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  ok = ok && EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()),
                                &size) == 1;
  digest.resize(ok ? size : 0);
  return digest;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  bool ended = false;
  for (const char c : text) {
    if (c == ' ' || c == '\r' || c == '\n' || c == '\t') continue;
    if (c == '=') {
      ended = true;
      continue;
    }
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t value = kAlphabet.find(c);
    if (ended || value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>((bits >> held) & 0xffU));
  }
  return bytes;
}

Result<Certificate> read_certificate(ByteSpan der, const std::string& where) {
  const unsigned char* cursor = der.data();
  const X509Pointer certificate(
      fits_int(der) ? d2i_X509(nullptr, &cursor, static_cast<long>(der.size())) : nullptr);
  if (certificate == nullptr) {
    ERR_clear_error();
    return fail(ErrorCode::kCorrupt, "no DER certificate", where);
  }
  Certificate described = describe_certificate(certificate.get(), sha256_hex(der));
  ERR_clear_error();
  return described;
}

bool verify_signature(ByteSpan public_key, DigestAlgorithm algorithm, SignaturePadding padding,
                      ByteSpan data, ByteSpan signature) {
  const unsigned char* cursor = public_key.data();
  const KeyPointer key(fits_int(public_key)
                           ? d2i_PUBKEY(nullptr, &cursor, static_cast<long>(public_key.size()))
                           : nullptr);
  const ContextPointer context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // owned by `context`
  bool ok = key != nullptr && context != nullptr &&
            EVP_DigestVerifyInit(context.get(), &options, digest_function(algorithm), nullptr,
                                 key.get()) == 1;
  const bool rsa = key_type_of(key.get()) == "RSA";
  ok = ok && rsa == (padding != SignaturePadding::kNone);
  if (ok && padding == SignaturePadding::kPss) {
    ok = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  ok = ok && EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(),
                              data.size()) == 1;
  ERR_clear_error();
  return ok;
}

Result<Pkcs7Signature> verify_pkcs7(ByteSpan block, ByteSpan content, const std::string& where) {
  const unsigned char* cursor = block.data();
  const Pkcs7Pointer pkcs7(
      fits_int(block) ? d2i_PKCS7(nullptr, &cursor, static_cast<long>(block.size())) : nullptr);
  if (pkcs7 == nullptr || !PKCS7_type_is_signed(pkcs7.get()) || pkcs7->d.sign == nullptr ||
      !fits_int(content)) {
    ERR_clear_error();
    return fail(ErrorCode::kCorrupt, "no PKCS#7 signature", where);
  }
  Pkcs7Signature signature;
  STACK_OF(PKCS7_SIGNER_INFO)* const infos = PKCS7_get_signer_info(pkcs7.get());
  const int count = infos == nullptr ? 0 : sk_PKCS7_SIGNER_INFO_num(infos);
  signature.valid = count > 0;
  for (int i = 0; i < count; ++i) {
    PKCS7_SIGNER_INFO* const info = sk_PKCS7_SIGNER_INFO_value(infos, i);
    X509* const certificate =
        pkcs7->d.sign->cert == nullptr || info->issuer_and_serial == nullptr
            ? nullptr
            : X509_find_by_issuer_and_serial(pkcs7->d.sign->cert, info->issuer_and_serial->issuer,
                                             info->issuer_and_serial->serial);
    Certificate described;
    if (certificate != nullptr) {
      described = describe_certificate(certificate, sha256_hex(der_of(certificate)));
    }
    signature.algorithms.push_back(signer_algorithm(info, described.key_type));
    signature.signers.push_back(std::move(described));
    signature.valid = signature.valid && verify_signer(pkcs7.get(), info, certificate, content);
  }
  ERR_clear_error();
  return signature;
}

}  // namespace dl
