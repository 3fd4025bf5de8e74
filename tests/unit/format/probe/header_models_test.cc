// SPDX-License-Identifier: Apache-2.0
// Formats that are known by a header: GGUF and GGML, safetensors, NumPy, Tesseract.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/format/classic/gguf.h"
#include "daylight/format/classic/traineddata.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/format/torch/safetensors.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::put16;
using testing::put32;
using testing::put64;
using namespace std::string_literals;

void put_text(std::string& out, const std::string& text) {
  put64(out, text.size());
  out += text;
}

struct TinyGguf {
  std::uint32_t version = 3;
  std::uint32_t value_type = 8;
  std::uint64_t offset = 0;
  char weight = 'w';
};
std::string build_gguf(const TinyGguf& tiny = {}) {
  std::string out = "GGUF";
  put32(out, tiny.version);
  put64(out, 2);  // tensors
  put64(out, 2);  // pairs
  put_text(out, "general.architecture");
  put32(out, tiny.value_type);
  put_text(out, "llama");
  put_text(out, "tokenizer.ggml.tokens");
  put32(out, 9);
  put32(out, 8);
  put64(out, 2);
  put_text(out, "a");
  put_text(out, "bc");
  put_text(out, "w");
  put32(out, 2);
  put64(out, 4);
  put64(out, 2);
  put32(out, 0);  // float32
  put64(out, tiny.offset);
  put_text(out, "q");
  put32(out, 1);
  put64(out, 64);
  put32(out, 8);  // Q8_0: two blocks of 34 bytes
  put64(out, 32);
  out.resize((out.size() + 31) / 32 * 32, '\0');
  return out + std::string(32 + 96, tiny.weight);
}

TEST(Gguf, ReadsPairsAndTensors) {
  const std::string bytes = build_gguf();
  const auto probe = probe_model(as_bytes(bytes + "tail"));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "gguf");
  EXPECT_EQ(probe->size, bytes.size());
  EXPECT_THAT(probe->facts, Contains(Pair("general.architecture", "llama")));
  EXPECT_THAT(probe->facts, Contains(Pair("tensors", "2")));
  const ModelGraph graph = describe_gguf(as_bytes(bytes), *probe);
  EXPECT_EQ(graph.parameters, 72U);
  const std::string other = build_gguf({.weight = 'v'});
  EXPECT_NE(describe_gguf(as_bytes(other), *probe).weights_hash, graph.weights_hash);
  EXPECT_TRUE(probe->gaps.empty());
}

TEST(Gguf, DamageIsAGapOrNone) {
  const std::string far = build_gguf({.offset = 1U << 20U});
  ASSERT_TRUE(probe_gguf(as_bytes(far)));
  EXPECT_THAT(probe_gguf(as_bytes(far))->gaps.at(0).why, HasSubstr("outside"));
  const std::string version = build_gguf({.version = 9});
  EXPECT_FALSE(probe_gguf(as_bytes(version)));
  const std::string type = build_gguf({.value_type = 77});
  EXPECT_FALSE(probe_gguf(as_bytes(type)));
  EXPECT_FALSE(probe_gguf(as_bytes("GGUF"s + std::string(100, '\xff'))));
  const std::string bytes = build_gguf();
  EXPECT_FALSE(probe_gguf(as_bytes(bytes).first(100)));
}

TEST(GgmlLegacy, KnowsModelsByDimensionsAndVocabulary) {
  std::string bytes = "tjgg";
  for (const std::uint32_t number : {3U, 4U, 32U, 256U, 8U, 2U, 4U, 1U}) put32(bytes, number);
  for (int i = 0; i < 4; ++i) {
    put32(bytes, 3);
    bytes += "abc";
    put32(bytes, 0);
  }
  const auto probe = probe_ggml_legacy(as_bytes(bytes));
  ASSERT_TRUE(probe);
  EXPECT_THAT(probe->facts, Contains(Pair("version", "ggjt 3")));
  EXPECT_THAT(probe->facts, Contains(Pair("layers", "2")));
  EXPECT_FALSE(probe_ggml_legacy(as_bytes("tjgg"s + std::string(300, '\0'))));
  EXPECT_FALSE(probe_ggml_legacy(as_bytes("lmgg"s + std::string(300, 'x'))));
}

std::string build_safetensors(const std::string& header, std::size_t data) {
  std::string out;
  put64(out, header.size());
  return out + header + std::string(data, 'd');
}
constexpr char kTwoTensors[] =
    R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b":{"dtype":"I8","shape":[3],"data_offsets":[24,27]}})";

TEST(Safetensors, ReadsTensors) {
  const std::string bytes = build_safetensors(kTwoTensors, 27);
  const auto probe = probe_model(as_bytes(bytes + "tail"));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "safetensors");
  EXPECT_EQ(probe->size, bytes.size());
  const ModelGraph graph = describe_safetensors(as_bytes(bytes), *probe);
  EXPECT_EQ(graph.parameters, 9U);
  EXPECT_THAT(graph.metadata, Contains(Pair("tensor w", "F32[2,3]")));
  EXPECT_THAT(graph.metadata, Contains(Pair("format", "pt")));
}

TEST(Safetensors, OtherJsonIsNone) {
  for (const char* header :
       {"{}", R"({"a":1})", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9]}})",
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
        R"({"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}})",
        R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})"}) {
    EXPECT_FALSE(probe_safetensors(as_bytes(build_safetensors(header, 100)))) << header;
  }
  const std::string cut = build_safetensors(kTwoTensors, 5);
  ASSERT_TRUE(probe_safetensors(as_bytes(cut)));
  EXPECT_EQ(probe_safetensors(as_bytes(cut))->gaps.size(), 1U);
}

std::string build_numpy(const std::string& dictionary, std::size_t data) {
  std::string out = "\x93NUMPY\x01"s + '\0';
  put16(out, dictionary.size());
  return out + dictionary + std::string(data, 'd');
}

TEST(Numpy, ReadsOneArray) {
  const std::string bytes =
      build_numpy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", 24);
  const auto probe = probe_numpy(as_bytes(bytes + "tail"));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->size, bytes.size());
  EXPECT_THAT(probe->facts, Contains(Pair("dtype", "<f4")));
  EXPECT_THAT(probe->facts, Contains(Pair("shape", "2, 3")));
  EXPECT_FALSE(probe_numpy(as_bytes(build_numpy("{'descr': '<f4'}", 9))));
  EXPECT_FALSE(probe_numpy(as_bytes("\x93NUMPY\x09")));
}

std::string build_traineddata(std::int64_t unicharset, const std::string& characters) {
  std::string out;
  put32(out, 3);
  put64(out, static_cast<std::uint64_t>(std::int64_t{-1}));
  put64(out, static_cast<std::uint64_t>(unicharset));
  put64(out, static_cast<std::uint64_t>(std::int64_t{-1}));
  return out + characters;
}

TEST(Traineddata, ReadsTheTableOfParts) {
  const std::string bytes = build_traineddata(28, "112\nNULL 0 Common 0\n");
  const auto probe = probe_model(as_bytes(bytes));
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->format, "tesseract");
  EXPECT_THAT(probe->facts, Contains(Pair("components", "unicharset")));
  EXPECT_FALSE(probe_traineddata(as_bytes(build_traineddata(28, "hello"))));
  EXPECT_FALSE(probe_traineddata(as_bytes(build_traineddata(29, "x112\n"))));
  EXPECT_FALSE(probe_traineddata(as_bytes(build_traineddata(28000, "112\n"))));
}

TEST(HeaderModels, OrdinaryBytesAreNone) {
  for (const std::string& bytes :
       {std::string(1000, '\0'), std::string(1000, '\xff'), std::string(1000, '\x01'),
        "{\"json\": true}"s, "GGUF is a format"s, "PK\x03\x04"s}) {
    EXPECT_FALSE(probe_model(as_bytes(bytes))) << bytes.substr(0, 16);
  }
}

}  // namespace
}  // namespace dl
