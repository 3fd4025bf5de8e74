// SPDX-License-Identifier: Apache-2.0
// Models whose cipher is only in native code: libraries built here from text, for both machines,
// with and without optimisation, stripped. Found, opened, and followed again by the steps.
#include "daylight/detect/native_ciphers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "daylight/base/file.h"
#include "daylight/detect/detector.h"
#include "daylight/detect/located_model.h"
#include "support/native_library.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Bytes = std::vector<std::uint8_t>;

Bytes model_bytes() {
  const std::string bytes =
      read_file(testing::project_file("examples/mirror/models/age.tflite")).value();
  return {bytes.begin(), bytes.end()};
}

// The model under a key stream of `count` bytes, repeated.
std::string hidden_with(const Bytes& key) {
  Bytes bytes = model_bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(bytes[i] ^ key[i % key.size()]);
  return {bytes.begin(), bytes.end()};
}

// A key of `size` bytes that no line of code makes.
Bytes rough_key(std::size_t size) {
  Bytes key(size);
  std::uint32_t state = 0x2545f491;
  for (std::uint8_t& byte : key) {
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    byte = static_cast<std::uint8_t>(state >> 11U);
  }
  return key;
}

std::string array_text(const Bytes& bytes) {
  std::string out = "{";
  for (const std::uint8_t byte : bytes) out += std::to_string(byte) + ",";
  return out + "}";
}

// s = s * 1664525 + 1013904223, the byte at bit 16: repeats after 16 million bytes.
Bytes generated_stream(std::size_t size) {
  Bytes out(size);
  std::uint32_t state = 20240607;
  for (std::uint8_t& byte : out) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 16U);
  }
  return out;
}

constexpr const char* kGenerator = R"(
extern "C" void open_up(unsigned char* data, unsigned long size) {
  unsigned state = 20240607;
  for (unsigned long i = 0; i < size; ++i) {
    state = state * 1664525u + 1013904223u;
    data[i] ^= (unsigned char)(state >> 16);
  }
}
)";

struct Machine {
  const char* target;
  const char* folder;
  const char* level;
};

struct Opened {
  Inventory inventory;
  const ModelRecord* model() const {
    for (const ModelRecord& each : inventory.models) {
      if (each.format == "tflite") return &each;
    }
    return nullptr;
  }
};

std::string cipher_excerpt(const ModelRecord& model, const std::string& rule) {
  for (const Evidence& evidence : model.evidence) {
    if (evidence.rule == rule) return evidence.excerpt;
  }
  return "";
}

class NativeCiphersOn : public ::testing::TestWithParam<Machine> {
 protected:
  void SetUp() override {
    if (!testing::can_build_native_libraries()) GTEST_SKIP() << "clang-14 or lld-14 is absent here";
  }

  // An archive with one library of this text and the hidden bytes. What is listed as a model can be
  // followed again to the very bytes.
  Opened inventory_of(const std::string& text, const std::string& hidden,
                      const Bytes& plain = model_bytes()) {
    const auto library = testing::build_native_library(
        text, GetParam().target, std::string("-Wl,-s -fno-builtin ") + GetParam().level);
    EXPECT_TRUE(library);
    const testing::TemporaryFolder folder;
    const auto path = folder.path() / "made.apk";
    std::ofstream(path, std::ios::binary)
        << testing::build_zip({{.name = "assets/data.bin", .content = hidden},
                               {.name = std::string("lib/") + GetParam().folder + "/libguard.so",
                                .content = library.value_or("")}})
               .bytes;
    const auto app = program::AppPackage::open(path, null_log());
    EXPECT_TRUE(app) << describe(app.error());
    if (!app) return {};
    auto inventory = detect(*app, RuleSet::builtin(), {}, null_log());
    EXPECT_TRUE(inventory);
    if (!inventory) return {};
    for (const ModelRecord& model : inventory->models) {
      if (model.format != "tflite") continue;
      const auto again =
          located_model(*app, model.location.entry, model.location.offset, model.location.size);
      EXPECT_TRUE(again) << describe(again.error());
      if (again) {
        EXPECT_EQ(Bytes(again->bytes.begin(), again->bytes.end()), plain);
      }
    }
    return {std::move(*inventory)};
  }
};

TEST_P(NativeCiphersOn, AStreamThatDoesNotRepeat) {
  const auto opened = inventory_of(kGenerator, hidden_with(generated_stream(model_bytes().size())));
  const ModelRecord* const model = opened.model();
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->encryption, "encrypted");
  EXPECT_THAT(model->encryption_key, IsEmpty());
  EXPECT_THAT(model->location.entry.back(), HasSubstr("~native@0+182724:0x"));
  EXPECT_THAT(cipher_excerpt(*model, "cipher.native-code"), HasSubstr("assets/data.bin"));
}

// Nothing else in the app gives this model away: without the library it is not found.
TEST_P(NativeCiphersOn, WithoutTheLoopNothingIsFound) {
  const auto opened = inventory_of("extern \"C\" int other(int x) { return x + 1; }",
                                   hidden_with(generated_stream(model_bytes().size())));
  EXPECT_EQ(opened.model(), nullptr);
}

TEST_P(NativeCiphersOn, ALongKeyInTheLibrarysData) {
  const Bytes key = rough_key(700);
  const auto opened = inventory_of("static const unsigned char key[] = " + array_text(key) + R"(;
extern "C" void open_up(const unsigned char* in, unsigned char* out, unsigned long size) {
  for (unsigned long i = 0; i < size; ++i) out[i] = in[i] ^ key[i % sizeof key];
}
)",
                                   hidden_with(key));
  const ModelRecord* const model = opened.model();
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->encryption, "xor");
  EXPECT_EQ(model->encryption_key.size(), 2 * key.size());
  EXPECT_THAT(cipher_excerpt(*model, "cipher.native-code"), HasSubstr("key of 700 bytes"));
}

// A formula over the index, which clang turns into vectors of whole numbers.
TEST_P(NativeCiphersOn, AFormulaOfTheIndex) {
  Bytes key(model_bytes().size());
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto x = static_cast<std::uint32_t>(i);
    key[i] = static_cast<std::uint8_t>((x * 7 + 3) ^ (x * x >> 9U) ^ (x >> 5U));
  }
  const auto opened = inventory_of(R"(
extern "C" void open_up(unsigned char* data, unsigned size) {
  for (unsigned i = 0; i < size; ++i)
    data[i] ^= (unsigned char)((i * 7 + 3) ^ (i * i >> 9) ^ (i >> 5));
}
)",
                                   hidden_with(key));
  ASSERT_NE(opened.model(), nullptr);
  EXPECT_THAT(opened.model()->location.entry.back(), HasSubstr("~native@"));
}

// The key is handed over by a caller, which gets its bytes from Java.
TEST_P(NativeCiphersOn, AKeyThatTheCallerHandsOver) {
  const Bytes key = rough_key(300);
  const auto opened = inventory_of("static const unsigned char secret[] = " + array_text(key) + R"(;
struct Env { void** table; };
extern "C" __attribute__((noinline)) void mix(unsigned char* data, long size,
                                          const unsigned char* key, int count) {
  for (long i = 0; i < size; ++i) data[i] ^= key[i % count];
}
extern "C" void* Java_app_Guard_open(Env* env, void*, void* array) {
  using Length = int (*)(Env*, void*);
  using Elements = unsigned char* (*)(Env*, void*, void*);
  using Release = void (*)(Env*, void*, void*, int);
  const int size = ((Length)env->table[171])(env, array);
  unsigned char* const bytes = ((Elements)env->table[184])(env, array, nullptr);
  mix(bytes, size, secret, sizeof secret);
  ((Release)env->table[192])(env, array, bytes, 0);
  return array;
}
)",
                                   hidden_with(key));
  const ModelRecord* const model = opened.model();
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->encryption, "xor");
  EXPECT_THAT(cipher_excerpt(*model, "cipher.native-code"),
              HasSubstr("called from Java_app_Guard_open"));
}

// The library reads the asset itself, and a table is made first.
TEST_P(NativeCiphersOn, AnAssetThatTheLibraryReads) {
  Bytes table(256);
  for (std::size_t i = 0; i < 256; ++i) table[i] = static_cast<std::uint8_t>(i);
  std::uint8_t j = 0;
  const std::string secret = "not a word";
  for (std::size_t i = 0; i < 256; ++i) {
    j = static_cast<std::uint8_t>(j + table[i] + static_cast<std::uint8_t>(secret[i % 10]));
    std::swap(table[i], table[j]);
  }
  Bytes stream(model_bytes().size());
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  for (std::uint8_t& byte : stream) {
    a = static_cast<std::uint8_t>(a + 1);
    b = static_cast<std::uint8_t>(b + table[a]);
    std::swap(table[a], table[b]);
    byte = table[static_cast<std::uint8_t>(table[a] + table[b])];
  }
  const auto opened = inventory_of(R"(
extern "C" void* AAssetManager_fromJava(void*, void*);
extern "C" void* AAssetManager_open(void*, const char*, int);
extern "C" long AAsset_getLength(void*);
extern "C" int AAsset_read(void*, void*, unsigned long);
extern "C" void* malloc(unsigned long);
extern "C" void* TfLiteModelCreate(const void*, unsigned long);
extern "C" void* Java_app_Guard_load(void* env, void*, void* manager) {
  void* asset = AAssetManager_open(AAssetManager_fromJava(env, manager), "data.bin", 0);
  const long size = AAsset_getLength(asset);
  unsigned char* data = (unsigned char*)malloc(size);
  AAsset_read(asset, data, size);
  const char* secret = "not a word";
  unsigned char table[256];
  for (int i = 0; i < 256; ++i) table[i] = i;
  unsigned char j = 0;
  for (int i = 0; i < 256; ++i) {
    j = j + table[i] + secret[i % 10];
    unsigned char t = table[i]; table[i] = table[j]; table[j] = t;
  }
  unsigned char a = 0, b = 0;
  for (long i = 0; i < size; ++i) {
    a = a + 1;
    b = b + table[a];
    unsigned char t = table[a]; table[a] = table[b]; table[b] = t;
    data[i] ^= table[(unsigned char)(table[a] + table[b])];
  }
  return TfLiteModelCreate(data, size);
}
)",
                                   hidden_with(stream));
  ASSERT_NE(opened.model(), nullptr);
}

// Too small for statistics.
TEST_P(NativeCiphersOn, AFileTooSmallForStatistics) {
  const std::string tiny = testing::build_tiny_tflite({.description = std::string(700, 'x')});
  Bytes hidden(tiny.begin(), tiny.end());
  const Bytes stream = generated_stream(hidden.size());
  for (std::size_t i = 0; i < hidden.size(); ++i)
    hidden[i] = static_cast<std::uint8_t>(hidden[i] ^ stream[i]);
  const auto opened =
      inventory_of(kGenerator, {hidden.begin(), hidden.end()}, Bytes(tiny.begin(), tiny.end()));
  ASSERT_NE(opened.model(), nullptr);
}

// Checksums, and a mixer of two arguments, decrypt nothing: no key is reported.
TEST_P(NativeCiphersOn, ChecksumsAreNoCiphers) {
  const auto opened = inventory_of(R"(
static unsigned table[256];
extern "C" unsigned crc(const unsigned char* data, unsigned long size) {
  for (unsigned n = 0; n < 256; ++n) {
    unsigned c = n;
    for (int k = 0; k < 8; ++k) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[n] = c;
  }
  unsigned c = ~0u;
  for (unsigned long i = 0; i < size; ++i) c = table[(c ^ data[i]) & 255] ^ (c >> 8);
  return ~c;
}
extern "C" void memxor(unsigned char* to, const unsigned char* from, unsigned long size) {
  for (unsigned long i = 0; i < size; ++i) to[i] ^= from[i];
}
)",
                                   hidden_with(generated_stream(model_bytes().size())));
  EXPECT_EQ(opened.model(), nullptr);
  for (const ModelRecord& model : opened.inventory.models)
    EXPECT_THAT(model.encryption_key, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Machines, NativeCiphersOn,
                         ::testing::Values(Machine{testing::kArm64Android, "arm64-v8a", "-O0"},
                                           Machine{testing::kArm64Android, "arm64-v8a", "-O2"},
                                           Machine{testing::kX86_64Android, "x86_64", "-O0"},
                                           Machine{testing::kX86_64Android, "x86_64", "-O2"}),
                         [](const auto& param) {
                           return std::string(param.param.folder).substr(0, 3) +
                                  (param.param.level + 1);
                         });

}  // namespace
}  // namespace dl
