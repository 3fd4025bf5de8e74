// SPDX-License-Identifier: Apache-2.0
// First values of buffers by their type, at their edges.
#include "daylight/capture/view/buffer_values.h"

#include <gtest/gtest.h>

#include <limits>

#include "sample_trace.h"

namespace dl::capture {
namespace {

using testing::float_bytes;
using testing::TemporaryFolder;

ByteSpan bytes(const std::string& text) { return as_bytes(text); }

TraceArgument argument(const std::string& type, const std::string& dtype = {}) {
  TraceArgument out;
  out.type = type;
  out.dtype = dtype;
  return out;
}

TEST(BufferValues, TypesComeFromTheDtypeFirst) {
  EXPECT_EQ(value_type(argument("byte[]", "uint8")), ValueType::kUint8);
  EXPECT_EQ(value_type(argument("byte[]")), ValueType::kInt8);
  EXPECT_EQ(value_type(argument("const float*")), ValueType::kFloat32);
  EXPECT_EQ(value_type(argument("double[][]")), ValueType::kFloat64);
  EXPECT_EQ(value_type(argument("const char*")), ValueType::kText);
  EXPECT_EQ(value_type(argument("java.lang.String")), ValueType::kText);
  EXPECT_EQ(value_type(argument("void*")), ValueType::kBytes);
  EXPECT_EQ(value_type(argument("pkg.Model", "bfloat999")), ValueType::kBytes);
}

TEST(BufferValues, FloatsHaveTheirOwnDigits) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::string floats = float_bytes({0.1F, -2.5F, nan, HUGE_VALF});
  EXPECT_EQ(values_text(ValueType::kFloat32, bytes(floats), false), "0.1 -2.5 nan inf");
  EXPECT_EQ(first_values(ValueType::kFloat32, bytes(floats)).dump(), R"([0.1,-2.5,"nan","inf"])");
}

TEST(BufferValues, HalvesAreExact) {
  // 1.0, -2.0, the smallest subnormal, infinity, 0.333251953125
  const std::string halves("\x00\x3c\x00\xc0\x01\x00\x00\x7c\x55\x35", 10);
  EXPECT_EQ(values_text(ValueType::kFloat16, bytes(halves), false),
            "1.0 -2.0 5.960464477539063e-08 inf 0.333251953125");
}

TEST(BufferValues, WholeNumbersKeepTheirSigns) {
  const std::string two("\xff\xff\x01\x80", 4);
  EXPECT_EQ(values_text(ValueType::kInt8, bytes(two), false), "-1 -1 1 -128");
  EXPECT_EQ(values_text(ValueType::kUint8, bytes(two), false), "255 255 1 128");
  EXPECT_EQ(values_text(ValueType::kInt16, bytes(two), true), "-1 -32767 ...");
  EXPECT_EQ(values_text(ValueType::kUint32, bytes(two), false), "2147614719");
}

TEST(BufferValues, AnElementThatIsCutIsLeftOut) {
  EXPECT_EQ(first_values(ValueType::kFloat64, bytes("1234567")).size(), 0U);
  EXPECT_EQ(first_values(ValueType::kInt32, bytes("123456789")).size(), 2U);
  EXPECT_EQ(values_text(ValueType::kFloat32, {}, false), "");
}

TEST(BufferValues, TextsEndAtTheirZeroAndAreSafe) {
  EXPECT_EQ(values_text(ValueType::kText, bytes(std::string("hi\x1b[31m\0more", 11)), false),
            "\"hi\\u{1b}[31m\"");
  EXPECT_EQ(values_text(ValueType::kBytes, bytes("2.16.1"), false), "\"2.16.1\"");
  EXPECT_EQ(values_text(ValueType::kBytes, bytes("\x01\xfe"), false), "01 fe");
}

TEST(BufferValues, ScalarsAreReadFromTheirBits) {
  TraceArgument scalar = argument("float");
  scalar.address = 0x3f000000;
  EXPECT_EQ(scalar_text(scalar), "0.5");
  scalar.type = "int";
  scalar.address = 0xffffffff;
  EXPECT_EQ(scalar_text(scalar), "-1");
  scalar.type = "pkg.Model";
  EXPECT_EQ(scalar_text(scalar), std::nullopt);
  scalar.type = "int";
  scalar.length = 4;  // an address, then
  EXPECT_EQ(scalar_text(scalar), std::nullopt);
}

TEST(BufferValues, BeginningsComeFromEventsAndBlobs) {
  const TemporaryFolder temporary;
  const auto writer = testing::new_writer(temporary.path() / "trace");
  const std::string large(1000, 'x');
  const TraceBuffer blob = writer->keep(bytes(large));
  ASSERT_EQ(blob.held, TraceHeld::kBlob);
  ASSERT_TRUE(writer->finish(TraceEnding::kFinished));
  auto reader = TraceReader::open(temporary.path() / "trace");
  ASSERT_TRUE(reader);
  const auto blobs = reader->blobs();
  ASSERT_TRUE(blobs);
  BufferBeginnings beginnings(*blobs);
  for (int twice = 0; twice < 2; ++twice)
    EXPECT_EQ(beginnings.of(blob), large.substr(0, BufferBeginnings::kBeginningBytes));
  EXPECT_EQ(beginnings.of({TraceHeld::kInline, 2, "ab", {}}), "ab");
  EXPECT_EQ(beginnings.of({TraceHeld::kBlob, 2, "", sha256_bytes(bytes("not there"))}),
            std::nullopt);
  EXPECT_EQ(beginnings.of({TraceHeld::kUnreadable, 2, "", {}}), std::nullopt);
}

}  // namespace
}  // namespace dl::capture
