// SPDX-License-Identifier: Apache-2.0
// Ciphers under which apps keep their models, by name, key and start value: taken off again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

// Longest key, start value and table in a step of a chain.
inline constexpr std::size_t kMaxCipherKey = 4096;
// Rounds of a key derivation that are worked out.
inline constexpr std::uint32_t kMaxKeyRounds = 2'000'000;
// Bytes of a derived key.
inline constexpr std::size_t kMaxDerivedKey = 256;

// name: aes-ecb aes-cbc aes-ctr aes-cfb aes-cfb8 aes-ofb aes-gcm des-ecb des-cbc des3-ecb des3-cbc
// rc4 chacha20, and aes-ecb-raw, aes-cbc-raw ... for blocks without padding; add (plain = byte +
// key[i % n]), map (plain = key[byte], 256 bytes), reverse (no key).
struct CipherSpec {
  std::string name;
  std::vector<std::uint8_t> key = {};
  // AES: 16 bytes (gcm: 12 or others); DES: 8; chacha20: the counter (4, little-endian), the nonce
  // (12); others: none.
  std::vector<std::uint8_t> iv = {};

  friend bool operator==(const CipherSpec&, const CipherSpec&) = default;
};

// Whether `name` is one of the above.
bool is_cipher_name(std::string_view name);
// Whether the name's cipher turns each byte by itself, in order: what goes in comes out, at once.
bool is_stream_cipher(std::string_view name);

// The plain bytes. Block ciphers work on whole blocks (what is left over is dropped) and take
// PKCS #7 padding off where it is there, unless the name ends in "-raw". aes-gcm takes the last 16
// bytes as the tag and does not check it: other data may have been authenticated along with these.
// kInvalidArgument for a name, key or start value that the cipher does not have; thread safe.
Result<std::vector<std::uint8_t>> decipher(const CipherSpec& spec, ByteSpan bytes);
// The other way: what decipher() undoes (padding added, tag appended). The same failures.
Result<std::vector<std::uint8_t>> encipher(const CipherSpec& spec, ByteSpan bytes);

// The digest of the bytes by its Java name: MD5, SHA-1 (SHA, SHA1), SHA-224, SHA-256, SHA-384,
// SHA-512; nothing for others.
std::optional<std::vector<std::uint8_t>> message_digest(std::string_view name, ByteSpan bytes);
// PBKDF2 (RFC 8018) with HMAC over the named digest; nothing beyond the limits.
std::optional<std::vector<std::uint8_t>> derive_key(std::string_view digest, ByteSpan password,
                                                    ByteSpan salt, std::uint32_t rounds,
                                                    std::size_t size);
// HMAC (RFC 2104) over the named digest.
std::optional<std::vector<std::uint8_t>> keyed_digest(std::string_view digest, ByteSpan key,
                                                      ByteSpan bytes);

}  // namespace dl
