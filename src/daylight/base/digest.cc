// SPDX-License-Identifier: Apache-2.0
// SHA-256 through OpenSSL's EVP interface.
#include "daylight/base/digest.h"

#include <openssl/evp.h>

#include <array>
#include <cassert>

namespace dl {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  const int ok = EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
  assert(ok == 1);
  static_cast<void>(ok);
}

Sha256::~Sha256() = default;

void Sha256::update(ByteSpan bytes) {
  EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Sha256::finish_hex() {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return to_hex(ByteSpan(digest.data(), size));
}

std::string sha256_hex(ByteSpan bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish_hex();
}

Sha256Bytes sha256_bytes(ByteSpan bytes) {
  // Looked up once: OpenSSL 3 otherwise searches its providers for every digest.
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Sha256Bytes digest{};
  const int ok = EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, kind, nullptr);
  assert(ok == 1);
  static_cast<void>(ok);
  return digest;
}

}  // namespace dl
