// SPDX-License-Identifier: Apache-2.0
// Ciphers against published vectors and against themselves, and as steps of a chain.
#include "daylight/format/archive/stored_cipher.h"

#include <gtest/gtest.h>

#include "daylight/format/archive/container.h"

namespace dl {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes unhex(const std::string& text) {
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return out;
}

TEST(StoredCipher, PublishedVectors) {
  // NIST SP 800-38A, F.2.1 and F.5.1 (first blocks).
  const Bytes key = unhex("2b7e151628aed2a6abf7158809cf4f3c");
  const Bytes plain = unhex("6bc1bee22e409f96e93d7e117393172a");
  EXPECT_EQ(decipher({"aes-cbc", key, unhex("000102030405060708090a0b0c0d0e0f")},
                     unhex("7649abac8119b246cee98e9b12e9197d"))
                .value(),
            plain);
  EXPECT_EQ(decipher({"aes-ctr", key, unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")},
                     unhex("874d6191b620e3261bef6864990db6ce"))
                .value(),
            plain);
  // A well-known RC4 vector.
  EXPECT_EQ(decipher({"rc4", bytes_of("Key")}, unhex("bbf316e8d940af0ad3")).value(),
            bytes_of("Plaintext"));
  // RFC 6070, case 2.
  EXPECT_EQ(derive_key("sha1", as_bytes("password"), as_bytes("salt"), 2, 20).value(),
            unhex("ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"));
  EXPECT_EQ(message_digest("MD5", as_bytes("")).value(), unhex("d41d8cd98f00b204e9800998ecf8427e"));
  // RFC 2202, case 2.
  EXPECT_EQ(keyed_digest("md5", as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).value(),
            unhex("750c783e6ab0b503eaa86e310a5db738"));
}

TEST(StoredCipher, TakesOffWhatItPutsOn) {
  const Bytes plain = bytes_of("thirty-seven bytes of something plain");
  const Bytes key(32, 0x5a);
  const Bytes iv(16, 7);
  for (const CipherSpec& spec : std::vector<CipherSpec>{{"aes-ecb", Bytes(16, 1)},
                                                        {"aes-cbc", key, iv},
                                                        {"aes-ctr", key, iv},
                                                        {"aes-cfb", key, iv},
                                                        {"aes-cfb8", key, iv},
                                                        {"aes-ofb", key, iv},
                                                        {"aes-gcm", key, Bytes(12, 3)},
                                                        {"des-ecb", bytes_of("8 bytes!")},
                                                        {"des3-cbc", Bytes(24, 9), Bytes(8, 1)},
                                                        {"rc4", bytes_of("k")},
                                                        {"chacha20", key, iv},
                                                        {"add", bytes_of("abc")},
                                                        {"reverse"}}) {
    const auto hidden = encipher(spec, plain);
    ASSERT_TRUE(hidden) << spec.name;
    EXPECT_NE(*hidden, plain) << spec.name;
    EXPECT_EQ(decipher(spec, *hidden).value(), plain) << spec.name;
    EXPECT_TRUE(is_cipher_name(spec.name));
    // The same as a step, behind a header of three bytes.
    Bytes file = bytes_of("hdr");
    file.insert(file.end(), hidden->begin(), hidden->end());
    const auto opened =
        open_step(Content::owned(Bytes(file)), cipher_step(spec, 3, hidden->size()));
    ASSERT_TRUE(opened) << spec.name;
    EXPECT_EQ(Bytes(opened->bytes.begin(), opened->bytes.end()), plain) << spec.name;
  }
}

TEST(StoredCipher, RefusesWhatCannotBe) {
  const Bytes data(64);
  EXPECT_FALSE(decipher({"aes-cbc", Bytes(15), Bytes(16)}, data));
  EXPECT_FALSE(decipher({"aes-cbc", Bytes(16), Bytes(8)}, data));
  EXPECT_FALSE(decipher({"rc4"}, data));
  EXPECT_FALSE(decipher({"map", Bytes(255)}, data));
  EXPECT_FALSE(decipher({"enigma", Bytes(16)}, data));
  EXPECT_TRUE(decipher({"aes-gcm", Bytes(16), Bytes(12)}, Bytes(3)).value().empty());
  EXPECT_FALSE(is_cipher_name("aes-ctr-raw"));
  EXPECT_FALSE(derive_key("sha1", data, data, kMaxKeyRounds + 1, 16));
  for (const std::string step : {"~aes-cbc@0+64", "~aes-cbc@0+64:00", "~aes-cbc@0+65:00:00",
                                 "~rc4@0+64:", "~rc4@0+64:0g", "~none@0+1:00"}) {
    EXPECT_FALSE(open_step(Content::owned(Bytes(data)), step)) << step;
  }
}

}  // namespace
}  // namespace dl
