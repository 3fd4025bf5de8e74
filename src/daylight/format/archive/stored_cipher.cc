// SPDX-License-Identifier: Apache-2.0
// Ciphers by name, on top of OpenSSL; RC4 and the byte-wise ones here.
#include "daylight/format/archive/stored_cipher.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kTagSize = 16;
constexpr std::string_view kRaw = "-raw";
// OpenSSL counts bytes in an int.
constexpr std::size_t kSlice = std::size_t{1} << 24;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

struct BlockCipher {
  std::string_view name;
  std::size_t key_size;
  const EVP_CIPHER* (*cipher)();
};
// DES is triple DES with one key three times.
constexpr std::array kBlockCiphers = {
    BlockCipher{"aes-ecb", 16, EVP_aes_128_ecb},    BlockCipher{"aes-ecb", 24, EVP_aes_192_ecb},
    BlockCipher{"aes-ecb", 32, EVP_aes_256_ecb},    BlockCipher{"aes-cbc", 16, EVP_aes_128_cbc},
    BlockCipher{"aes-cbc", 24, EVP_aes_192_cbc},    BlockCipher{"aes-cbc", 32, EVP_aes_256_cbc},
    BlockCipher{"aes-ctr", 16, EVP_aes_128_ctr},    BlockCipher{"aes-ctr", 24, EVP_aes_192_ctr},
    BlockCipher{"aes-ctr", 32, EVP_aes_256_ctr},    BlockCipher{"aes-cfb", 16, EVP_aes_128_cfb128},
    BlockCipher{"aes-cfb", 24, EVP_aes_192_cfb128}, BlockCipher{"aes-cfb", 32, EVP_aes_256_cfb128},
    BlockCipher{"aes-cfb8", 16, EVP_aes_128_cfb8},  BlockCipher{"aes-cfb8", 24, EVP_aes_192_cfb8},
    BlockCipher{"aes-cfb8", 32, EVP_aes_256_cfb8},  BlockCipher{"aes-ofb", 16, EVP_aes_128_ofb},
    BlockCipher{"aes-ofb", 24, EVP_aes_192_ofb},    BlockCipher{"aes-ofb", 32, EVP_aes_256_ofb},
    BlockCipher{"aes-gcm", 16, EVP_aes_128_gcm},    BlockCipher{"aes-gcm", 24, EVP_aes_192_gcm},
    BlockCipher{"aes-gcm", 32, EVP_aes_256_gcm},    BlockCipher{"des-ecb", 24, EVP_des_ede3_ecb},
    BlockCipher{"des-cbc", 24, EVP_des_ede3_cbc},   BlockCipher{"des3-ecb", 24, EVP_des_ede3_ecb},
    BlockCipher{"des3-cbc", 24, EVP_des_ede3_cbc},  BlockCipher{"chacha20", 32, EVP_chacha20},
};

std::string_view base_name(std::string_view name) {
  if (name.ends_with(kRaw)) name.remove_suffix(kRaw.size());
  return name;
}

bool has_blocks(std::string_view name) {
  const std::string_view base = base_name(name);
  return base.ends_with("-ecb") || base.ends_with("-cbc");
}

std::size_t block_size(std::string_view name) { return name.starts_with("des") ? 8 : 16; }

tl::unexpected<Error> unusable(const CipherSpec& spec, const char* why) {
  return fail(ErrorCode::kInvalidArgument, why, printable(spec.name));
}

std::vector<std::uint8_t> full_key(const CipherSpec& spec) {
  std::vector<std::uint8_t> key = spec.key;
  const bool one = spec.name.starts_with("des-") && key.size() == 8;
  const bool two = spec.name.starts_with("des3-") && key.size() == 16;
  if (one) key.insert(key.end(), spec.key.begin(), spec.key.end());
  if (one || two) key.insert(key.end(), spec.key.begin(), spec.key.begin() + 8);
  return key;
}

std::vector<std::uint8_t> rc4(ByteSpan key, ByteSpan bytes) {
  std::array<std::uint8_t, 256> state{};
  std::iota(state.begin(), state.end(), std::uint8_t{0});
  std::uint8_t j = 0;
  for (std::size_t i = 0; i < state.size(); ++i) {
    j = static_cast<std::uint8_t>(j + state[i] + key[i % key.size()]);
    std::swap(state[i], state[j]);
  }
  std::vector<std::uint8_t> out(bytes.begin(), bytes.end());
  std::uint8_t i = 0;
  j = 0;
  for (std::uint8_t& byte : out) {
    i = static_cast<std::uint8_t>(i + 1);
    j = static_cast<std::uint8_t>(j + state[i]);
    std::swap(state[i], state[j]);
    byte ^= state[static_cast<std::uint8_t>(state[i] + state[j])];
  }
  return out;
}

void strip_padding(std::vector<std::uint8_t>& plain, std::size_t block) {
  if (plain.empty()) return;
  const std::size_t count = plain.back();
  if (count == 0 || count > block || count > plain.size()) return;
  const auto first = plain.end() - static_cast<std::ptrdiff_t>(count);
  if (std::all_of(first, plain.end(), [&](std::uint8_t byte) { return byte == count; }))
    plain.erase(first, plain.end());
}

// Runs the cipher over all bytes; padding and tags are the caller's.
Result<std::vector<std::uint8_t>> run_cipher(const CipherSpec& spec, ByteSpan bytes, bool decrypt,
                                             std::vector<std::uint8_t>* tag) {
  const auto key = full_key(spec);
  const std::string_view base = base_name(spec.name);
  const auto* const found = std::find_if(
      kBlockCiphers.begin(), kBlockCiphers.end(),
      [&](const BlockCipher& each) { return each.name == base && each.key_size == key.size(); });
  if (found == kBlockCiphers.end()) return unusable(spec, "no such cipher, or no key of its size");
  const EVP_CIPHER* const cipher = found->cipher();
  const bool gcm = base == "aes-gcm";
  const auto iv_size = static_cast<std::size_t>(EVP_CIPHER_iv_length(cipher));
  if (gcm ? spec.iv.empty() || spec.iv.size() > 128 : spec.iv.size() != iv_size)
    return unusable(spec, "the start value has another size than the cipher's");
  const Context context(EVP_CIPHER_CTX_new());
  bool good = context && EVP_CipherInit_ex(context.get(), cipher, nullptr, nullptr, nullptr,
                                           decrypt ? 0 : 1) == 1;
  if (good && gcm)
    good = EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_IVLEN,
                               static_cast<int>(spec.iv.size()), nullptr) == 1;
  good = good && EVP_CipherInit_ex(context.get(), nullptr, nullptr, key.data(),
                                   spec.iv.empty() ? nullptr : spec.iv.data(), -1) == 1;
  if (!good) return unusable(spec, "the cipher is not to be had");
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  std::vector<std::uint8_t> out(bytes.size() + 2 * kTagSize);
  std::size_t done = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kSlice) {
    const ByteSpan slice = bytes.subspan(at, std::min(kSlice, bytes.size() - at));
    int written = 0;
    if (EVP_CipherUpdate(context.get(), out.data() + done, &written, slice.data(),
                         static_cast<int>(slice.size())) != 1)
      return unusable(spec, "the cipher gave up");
    done += static_cast<std::size_t>(written);
  }
  int rest = 0;
  // With GCM the end checks a tag that is not given here: the bytes are out already.
  if (EVP_CipherFinal_ex(context.get(), out.data() + done, &rest) == 1)
    done += static_cast<std::size_t>(rest);
  if (gcm && !decrypt && tag != nullptr) {
    tag->resize(kTagSize);
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagSize),
                        tag->data());
  }
  out.resize(done);
  return out;
}

// The ciphers that are not OpenSSL's; nothing for others.
std::optional<std::vector<std::uint8_t>> run_bytewise(const CipherSpec& spec, ByteSpan bytes,
                                                      bool decrypt) {
  std::vector<std::uint8_t> out(bytes.begin(), bytes.end());
  if (spec.name == "reverse") {
    std::reverse(out.begin(), out.end());
    return out;
  }
  if (spec.key.empty() || spec.key.size() > kMaxCipherKey) return std::nullopt;
  if (spec.name == "rc4" && spec.key.size() <= 256) return rc4(spec.key, bytes);
  if (spec.name == "add") {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint8_t part = spec.key[i % spec.key.size()];
      out[i] = static_cast<std::uint8_t>(decrypt ? out[i] + part : out[i] - part);
    }
    return out;
  }
  if (spec.name == "map" && spec.key.size() == 256) {
    std::array<std::uint8_t, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (decrypt) {
        table[i] = spec.key[i];
      } else {
        table[spec.key[i]] = static_cast<std::uint8_t>(i);
      }
    }
    for (std::uint8_t& byte : out) byte = table[byte];
    return out;
  }
  return std::nullopt;
}

const EVP_MD* digest_named(std::string_view name) {
  const std::string lower = to_lower(name);
  if (lower == "md5") return EVP_md5();
  if (lower == "sha-1" || lower == "sha1" || lower == "sha") return EVP_sha1();
  if (lower == "sha-224" || lower == "sha224") return EVP_sha224();
  if (lower == "sha-256" || lower == "sha256") return EVP_sha256();
  if (lower == "sha-384" || lower == "sha384") return EVP_sha384();
  if (lower == "sha-512" || lower == "sha512") return EVP_sha512();
  return nullptr;
}

}  // namespace

bool is_cipher_name(std::string_view name) {
  if (name == "rc4" || name == "add" || name == "map" || name == "reverse") return true;
  if (name.ends_with(kRaw) && !has_blocks(name)) return false;
  return std::any_of(kBlockCiphers.begin(), kBlockCiphers.end(),
                     [&](const BlockCipher& each) { return each.name == base_name(name); });
}

bool is_stream_cipher(std::string_view name) {
  return name != "reverse" && name != "aes-gcm" && is_cipher_name(name) && !has_blocks(name);
}

Result<std::vector<std::uint8_t>> decipher(const CipherSpec& spec, ByteSpan bytes) {
  if (auto out = run_bytewise(spec, bytes, true)) return std::move(*out);
  if (has_blocks(spec.name))
    bytes = bytes.first(bytes.size() / block_size(spec.name) * block_size(spec.name));
  if (spec.name == "aes-gcm") bytes = bytes.first(bytes.size() - std::min(bytes.size(), kTagSize));
  auto out = TRY(run_cipher(spec, bytes, true, nullptr));
  if (has_blocks(spec.name) && !spec.name.ends_with(kRaw))
    strip_padding(out, block_size(spec.name));
  return out;
}

Result<std::vector<std::uint8_t>> encipher(const CipherSpec& spec, ByteSpan bytes) {
  if (auto out = run_bytewise(spec, bytes, false)) return std::move(*out);
  std::vector<std::uint8_t> padded(bytes.begin(), bytes.end());
  if (has_blocks(spec.name)) {
    const std::size_t block = block_size(spec.name);
    const std::size_t count = block - padded.size() % block;
    if (!spec.name.ends_with(kRaw))
      padded.resize(padded.size() + count, static_cast<std::uint8_t>(count));
    padded.resize(padded.size() / block * block);
  }
  std::vector<std::uint8_t> tag;
  auto out = TRY(run_cipher(spec, padded, false, &tag));
  out.insert(out.end(), tag.begin(), tag.end());
  return out;
}

std::optional<std::vector<std::uint8_t>> message_digest(std::string_view name, ByteSpan bytes) {
  const EVP_MD* const kind = digest_named(name);
  if (kind == nullptr) return std::nullopt;
  std::vector<std::uint8_t> out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr) != 1)
    return std::nullopt;
  out.resize(size);
  return out;
}

std::optional<std::vector<std::uint8_t>> derive_key(std::string_view digest, ByteSpan password,
                                                    ByteSpan salt, std::uint32_t rounds,
                                                    std::size_t size) {
  const EVP_MD* const kind = digest_named(digest);
  const bool bounded = rounds > 0 && rounds <= kMaxKeyRounds && size > 0 &&
                       size <= kMaxDerivedKey && password.size() <= kMaxCipherKey &&
                       salt.size() <= kMaxCipherKey;
  if (kind == nullptr || !bounded) return std::nullopt;
  std::vector<std::uint8_t> out(size);
  if (PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.data()),
                        static_cast<int>(password.size()), salt.data(),
                        static_cast<int>(salt.size()), static_cast<int>(rounds), kind,
                        static_cast<int>(size), out.data()) != 1)
    return std::nullopt;
  return out;
}

std::optional<std::vector<std::uint8_t>> keyed_digest(std::string_view digest, ByteSpan key,
                                                      ByteSpan bytes) {
  const EVP_MD* const kind = digest_named(digest);
  if (kind == nullptr || key.size() > kMaxCipherKey) return std::nullopt;
  std::vector<std::uint8_t> out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  if (HMAC(kind, key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), out.data(),
           &size) == nullptr)
    return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace dl
