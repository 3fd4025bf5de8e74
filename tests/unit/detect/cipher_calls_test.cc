// SPDX-License-Identifier: Apache-2.0
// Apps written here whose code takes a cipher off a model: found, opened, and followed again by the
// steps.
#include "daylight/detect/cipher_calls.h"

#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/detect/detector.h"
#include "daylight/format/archive/stored_cipher.h"
#include "support/flow_app.h"

namespace dl {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes model_bytes() {
  const std::string bytes =
      read_file(testing::project_file("examples/mirror/models/gender.tflite")).value();
  return {bytes.begin(), bytes.end()};
}

std::string as_string(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// A class with load(Context): reads the asset to its end into v0 (byte[]), runs `decrypt`, which
// leaves the plain bytes in v0, and hands them out. Registers v1 to v9 are free.
std::string app_text(const std::string& decrypt, const std::string& more = "") {
  return R"(
.class public Lapp/Vault;
.super Ljava/lang/Object;
.method public static load(Landroid/content/Context;)[B
    .locals 12
    invoke-virtual {p0}, Landroid/content/Context;->getAssets()Landroid/content/res/AssetManager;
    move-result-object v0
    const-string v1, "model.enc"
    invoke-virtual {v0, v1}, Landroid/content/res/AssetManager;->open(Ljava/lang/String;)Ljava/io/InputStream;
    move-result-object v1
    invoke-virtual {v1}, Ljava/io/InputStream;->available()I
    move-result v2
    new-array v0, v2, [B
    invoke-virtual {v1, v0}, Ljava/io/InputStream;->read([B)I
)" + decrypt +
         R"(
    return-object v0
.end method
)" + more;
}

// v0 = Cipher(`transformation`, key in v1, start value in v2 or none).doFinal(v0)
std::string cipher_text(const std::string& transformation, const std::string& algorithm,
                        bool start) {
  std::string out = R"(
    new-instance v3, Ljavax/crypto/spec/SecretKeySpec;
    const-string v4, ")" +
                    algorithm + R"("
    invoke-direct {v3, v1, v4}, Ljavax/crypto/spec/SecretKeySpec;-><init>([BLjava/lang/String;)V
    const-string v4, ")" +
                    transformation + R"("
    invoke-static {v4}, Ljavax/crypto/Cipher;->getInstance(Ljava/lang/String;)Ljavax/crypto/Cipher;
    move-result-object v5
    const/4 v6, 0x2
)";
  if (start) {
    out += R"(
    new-instance v7, Ljavax/crypto/spec/IvParameterSpec;
    invoke-direct {v7, v2}, Ljavax/crypto/spec/IvParameterSpec;-><init>([B)V
    invoke-virtual {v5, v6, v3, v7}, Ljavax/crypto/Cipher;->init(ILjava/security/Key;Ljava/security/spec/AlgorithmParameterSpec;)V
)";
  } else {
    out += "    invoke-virtual {v5, v6, v3}, Ljavax/crypto/Cipher;->init(ILjava/security/Key;)V\n";
  }
  return out + R"(
    invoke-virtual {v5, v0}, Ljavax/crypto/Cipher;->doFinal([B)[B
    move-result-object v0
)";
}

std::string text_bytes(const std::string& to, const std::string& text) {
  return "    const-string " + to + ", \"" + text + "\"\n    invoke-virtual {" + to +
         "}, Ljava/lang/String;->getBytes()[B\n    move-result-object " + to + "\n";
}

// for (v1 = 0; v1 < v0.length; v1++) { v2 = v0[v1]; `body`; v0[v1] = v2 }
std::string loop_text(const std::string& before, const std::string& body) {
  return before + R"(
    array-length v3, v0
    const/4 v1, 0x0
    :head
    if-ge v1, v3, :end
    aget-byte v2, v0, v1
)" + body +
         R"(
    int-to-byte v2, v2
    aput-byte v2, v0, v1
    add-int/lit8 v1, v1, 0x1
    goto :head
    :end
)";
}

struct Opened {
  Inventory inventory;
  bool built = false;
};

Opened inventory_of(const std::string& smali, const Bytes& hidden) {
  const auto made = testing::make_flow_app(smali, {{"model.enc", as_string(hidden)}});
  if (!made) return {};
  auto inventory = detect(*made->package, RuleSet::builtin(), {}, null_log());
  if (!inventory) return {};
  // Whatever is listed can be followed again, without the code.
  for (const ModelRecord& model : inventory->models) {
    const auto again = made->package->located_bytes(model.location.entry, model.location.offset,
                                                    model.location.size);
    EXPECT_TRUE(again) << describe(again.error());
    if (again && model.format == "tflite") {
      EXPECT_EQ(Bytes(again->bytes.begin(), again->bytes.end()), model_bytes());
    }
  }
  return {std::move(*inventory), true};
}

void expect_opened(const std::string& smali, const Bytes& hidden, const std::string& state,
                   const std::string& step) {
  const Opened opened = inventory_of(smali, hidden);
  ASSERT_TRUE(opened.built);
  ASSERT_EQ(opened.inventory.models.size(), 1U);
  const ModelRecord& model = opened.inventory.models[0];
  EXPECT_EQ(model.format, "tflite");
  EXPECT_EQ(model.encryption, state);
  EXPECT_FALSE(model.encryption_key.empty());
  EXPECT_TRUE(model.location.entry.back().starts_with(step)) << model.location.entry.back();
  const bool evidence =
      std::any_of(model.evidence.begin(), model.evidence.end(), [](const Evidence& each) {
        return each.rule == "cipher.code" && each.method.starts_with("Lapp/Vault;->");
      });
  EXPECT_TRUE(evidence);
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

class CipherCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::smali_is_installed()) GTEST_SKIP() << "smali is not installed";
  }
};

TEST_F(CipherCalls, AesWithConstantText) {
  const std::string key = "0123456789abcdef";
  const std::string iv = "fedcba9876543210";
  const auto hidden = encipher({"aes-cbc", bytes_of(key), bytes_of(iv)}, model_bytes()).value();
  expect_opened(app_text(text_bytes("v1", key) + text_bytes("v2", iv) +
                         cipher_text("AES/CBC/PKCS5Padding", "AES", true)),
                hidden, "encrypted", "~aes-cbc@0+");
}

TEST_F(CipherCalls, KeyFromDigestOfText) {
  const Bytes key = *message_digest("MD5", as_bytes(std::string("open sesame")));
  const auto hidden = encipher({"aes-ecb", key}, model_bytes()).value();
  expect_opened(app_text(R"(
    const-string v1, "MD5"
    invoke-static {v1}, Ljava/security/MessageDigest;->getInstance(Ljava/lang/String;)Ljava/security/MessageDigest;
    move-result-object v2
)" + text_bytes("v1", "open sesame") +
                         R"(
    invoke-virtual {v2, v1}, Ljava/security/MessageDigest;->digest([B)[B
    move-result-object v1
)" + cipher_text("AES", "AES", false)),
                hidden, "encrypted", "~aes-ecb@0+");
}

TEST_F(CipherCalls, CounterModeWithStartInTheFile) {
  const std::string key = "0123456789abcdef0123456789abcdef";
  const Bytes iv = bytes_of("nonce in a file.");
  Bytes hidden = iv;
  const auto body = encipher({"aes-ctr", bytes_of(key), iv}, model_bytes()).value();
  hidden.insert(hidden.end(), body.begin(), body.end());
  expect_opened(app_text(R"(
    array-length v5, v0
    const/16 v4, 0x10
    const/4 v3, 0x0
    invoke-static {v0, v3, v4}, Ljava/util/Arrays;->copyOfRange([BII)[B
    move-result-object v2
    invoke-static {v0, v4, v5}, Ljava/util/Arrays;->copyOfRange([BII)[B
    move-result-object v0
)" + text_bytes("v1", key) +
                         cipher_text("AES/CTR/NoPadding", "AES", true)),
                hidden, "encrypted", "~aes-ctr@16+");
}

TEST_F(CipherCalls, Rc4AndDes) {
  expect_opened(app_text(text_bytes("v1", "Key") + cipher_text("RC4", "RC4", false)),
                encipher({"rc4", bytes_of("Key")}, model_bytes()).value(), "encrypted", "~rc4@0+");
  expect_opened(
      app_text(text_bytes("v1", "8 bytes!") + text_bytes("v2", "start it") +
               cipher_text("DES/CBC/PKCS5Padding", "DES", true)),
      encipher({"des-cbc", bytes_of("8 bytes!"), bytes_of("start it")}, model_bytes()).value(),
      "encrypted", "~des-cbc@0+");
}

TEST_F(CipherCalls, LoopWithLongKeyFromFormula) {
  // k = k * 5 + i + 77 modulo 1009, its low byte: a period beyond what bytes alone show.
  Bytes hidden = model_bytes();
  for (std::size_t i = 0; i < hidden.size(); ++i)
    hidden[i] ^= static_cast<std::uint8_t>((i % 1009) * (i % 1009) + 13);
  expect_opened(app_text(loop_text("", R"(
    rem-int/lit16 v4, v1, 0x3f1
    mul-int/2addr v4, v4
    add-int/lit8 v4, v4, 0xd
    xor-int/2addr v2, v4
)")),
                hidden, "xor", "~xor@0+");
}

TEST_F(CipherCalls, AddedKeyAndNibbles) {
  const std::string key = "a longer key than most, and added instead of XORed";
  Bytes hidden = model_bytes();
  for (std::size_t i = 0; i < hidden.size(); ++i)
    hidden[i] = static_cast<std::uint8_t>(hidden[i] + key[i % key.size()]);
  expect_opened(app_text(loop_text(text_bytes("v5", key) + "    array-length v6, v5\n", R"(
    rem-int v4, v1, v6
    aget-byte v4, v5, v4
    sub-int v2, v2, v4
)")),
                hidden, "encrypted", "~add@0+");
  hidden = model_bytes();
  for (std::uint8_t& byte : hidden)
    byte = static_cast<std::uint8_t>(~((byte >> 4U) | (byte << 4U)));
  expect_opened(app_text(loop_text("", R"(
    not-int v2, v2
    and-int/lit16 v2, v2, 0xff
    shr-int/lit8 v4, v2, 0x4
    shl-int/lit8 v2, v2, 0x4
    or-int/2addr v2, v4
)")),
                hidden, "encrypted", "~map@0+");
}

TEST_F(CipherCalls, KeyInAStaticArrayAndAMethodOfItsOwn) {
  Bytes hidden = model_bytes();
  Bytes key(200);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i * i * 7 + i);
  for (std::size_t i = 0; i < hidden.size(); ++i) hidden[i] ^= key[i % key.size()];
  std::string array = "    .array-data 1\n";
  for (const std::uint8_t byte : key)
    array += "        " + std::to_string(static_cast<std::int8_t>(byte)) + "t\n";
  const std::string more = R"(
.method static constructor <clinit>()V
    .locals 1
    const/16 v0, 0xc8
    new-array v0, v0, [B
    fill-array-data v0, :data
    sput-object v0, Lapp/Vault;->KEY:[B
    return-void
    :data
)" + array + R"(    .end array-data
.end method
.method static mix([B[B)V
    .locals 4
    const/4 v1, 0x0
    :head
    array-length v0, p0
    if-ge v1, v0, :end
    aget-byte v2, p0, v1
    array-length v3, p1
    rem-int v3, v1, v3
    aget-byte v3, p1, v3
    xor-int/2addr v2, v3
    int-to-byte v2, v2
    aput-byte v2, p0, v1
    add-int/lit8 v1, v1, 0x1
    goto :head
    :end
    return-void
.end method
)";
  std::string text = app_text(R"(
    sget-object v1, Lapp/Vault;->KEY:[B
    invoke-static {v0, v1}, Lapp/Vault;->mix([B[B)V
)",
                              more);
  text.insert(text.find(".method"), ".field static KEY:[B\n");
  expect_opened(text, hidden, "xor", "~xor@0+");
}

TEST_F(CipherCalls, StreamOfKeysIsNamedButNotOpened) {
  // java.util.Random(42).nextInt() for each byte: its key never repeats.
  Bytes hidden = model_bytes();
  std::uint64_t state = (42U ^ 0x5DEECE66DULL) & ((std::uint64_t{1} << 48U) - 1);
  for (std::uint8_t& byte : hidden) {
    state = (state * 0x5DEECE66DULL + 0xB) & ((std::uint64_t{1} << 48U) - 1);
    byte ^= static_cast<std::uint8_t>(state >> 16U);
  }
  const Opened opened = inventory_of(app_text(loop_text(R"(
    new-instance v5, Ljava/util/Random;
    const-wide/16 v6, 0x2a
    invoke-direct {v5, v6, v7}, Ljava/util/Random;-><init>(J)V
)",
                                                        R"(
    invoke-virtual {v5}, Ljava/util/Random;->nextInt()I
    move-result v4
    xor-int/2addr v2, v4
)")),
                                     hidden);
  ASSERT_TRUE(opened.built);
  ASSERT_EQ(opened.inventory.models.size(), 1U);
  EXPECT_EQ(opened.inventory.models[0].encryption, "encrypted");
  EXPECT_EQ(opened.inventory.models[0].format, "unknown");
  const bool named = std::any_of(
      opened.inventory.gaps.begin(), opened.inventory.gaps.end(),
      [](const Gap& gap) { return gap.why.find("Lapp/Vault;->load") != std::string::npos; });
  EXPECT_TRUE(named);
}

TEST_F(CipherCalls, OtherCodeGivesNoKey) {
  const auto hidden =
      encipher({"aes-cbc", bytes_of("0123456789abcdef"), Bytes(16, 3)}, model_bytes()).value();
  // A checksum, a wrong key, and a loop that never ends.
  for (const std::string& text :
       {app_text(loop_text("    const/4 v5, 0x0\n", "    xor-int/2addr v5, v2\n")),
        app_text(text_bytes("v1", "another key 1234") + cipher_text("AES", "AES", false)),
        app_text(
            loop_text("", "    xor-int/lit8 v2, v2, 0x11\n    add-int/lit8 v1, v1, -0x1\n"))}) {
    const Opened opened = inventory_of(text, hidden);
    ASSERT_TRUE(opened.built);
    EXPECT_TRUE(opened.inventory.models.empty());
    EXPECT_FALSE(opened.inventory.gaps.empty());
  }
}

}  // namespace
}  // namespace dl
