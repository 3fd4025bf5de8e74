// SPDX-License-Identifier: Apache-2.0
// Java's arithmetic where it is not that of C++: wrapping, shifts, division, conversions, NaN.
#include "daylight/program/interpreter/dex_numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "daylight/format/code/dex_opcode.h"
#include "daylight/program/interpreter/java_text.h"

namespace dl::program {
namespace {

constexpr std::int64_t kMinInt = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMinLong = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMaxLong = std::numeric_limits<std::int64_t>::max();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(DexNumbers, IntegersWrapAndDivideLikeJava) {
  EXPECT_EQ(dex_arithmetic(kOpAddInt, kMaxInt, 1), kMinInt);
  EXPECT_EQ(dex_arithmetic(kOpMulInt, kMinInt, -1), kMinInt);
  EXPECT_EQ(dex_arithmetic(kOpDivInt, kMinInt, -1), kMinInt);
  EXPECT_EQ(dex_arithmetic(kOpRemInt, kMinInt, -1), 0);
  EXPECT_EQ(dex_arithmetic(kOpRemInt, -7, 3), -1);
  EXPECT_EQ(dex_arithmetic(kOpDivInt, 1, 0), std::nullopt);
  EXPECT_EQ(dex_arithmetic(kOpAddLong, kMaxLong, 1), kMinLong);
  EXPECT_EQ(dex_arithmetic(kOpDivLong, kMinLong, -1), kMinLong);
  EXPECT_EQ(dex_arithmetic(kOpRemLong, 5, 0), std::nullopt);
}

TEST(DexNumbers, ShiftsTakeTheLowerBitsOfTheirCount) {
  EXPECT_EQ(dex_arithmetic(kOpShlInt, 1, 33), 2);
  EXPECT_EQ(dex_arithmetic(kOpShrInt, -8, 1), -4);
  EXPECT_EQ(dex_arithmetic(kOpUshrInt, -1, 28), 15);
  EXPECT_EQ(dex_arithmetic(kOpUshrInt, -1, 0), -1);
  EXPECT_EQ(dex_arithmetic(kOpShlLong, 1, 65), 2);
  EXPECT_EQ(dex_arithmetic(kOpUshrLong, -1, 60), 15);
}

TEST(DexNumbers, TheFormsOfOneOperationAgree) {
  EXPECT_EQ(dex_arithmetic_in_place(kOpAddInt2addr, 40, 2), 42);
  EXPECT_EQ(dex_arithmetic_with_literal(kOpAddIntLit8, 40, 2), 42);
  EXPECT_EQ(dex_arithmetic_with_literal(kOpAddIntLit16, 40, 2), 42);
  // The second of the literal forms subtracts the register from the constant.
  EXPECT_EQ(dex_arithmetic_with_literal(kOpRsubIntLit8, 2, 44), 42);
  EXPECT_EQ(dex_arithmetic_with_literal(kOpUshrIntLit8, -1, 28), 15);
}

TEST(DexNumbers, RealsFollowTheirStandard) {
  EXPECT_EQ(as_float(*dex_arithmetic(kOpDivFloat, of_float(1), of_float(0))), INFINITY);
  EXPECT_EQ(as_double(*dex_arithmetic(kOpRemDouble, of_double(-7.5), of_double(2))), -1.5);
  EXPECT_TRUE(std::isnan(as_float(*dex_arithmetic(kOpRemFloat, of_float(1), of_float(0)))));
}

TEST(DexNumbers, ConversionsSaturateAndCut) {
  EXPECT_EQ(dex_conversion(kOpFloatToInt, of_float(1e20F)), kMaxInt);
  EXPECT_EQ(dex_conversion(kOpFloatToInt, of_float(-1e20F)), kMinInt);
  EXPECT_EQ(dex_conversion(kOpFloatToInt, of_float(kNan)), 0);
  EXPECT_EQ(dex_conversion(kOpDoubleToLong, of_double(1e300)), kMaxLong);
  EXPECT_EQ(dex_conversion(kOpDoubleToInt, of_double(-2.9)), -2);
  EXPECT_EQ(dex_conversion(kOpIntToByte, 200), -56);
  EXPECT_EQ(dex_conversion(kOpIntToChar, -1), 65535);
  EXPECT_EQ(dex_conversion(kOpIntToShort, 40000), -25536);
  EXPECT_EQ(dex_conversion(kOpLongToInt, std::int64_t{1} << 32), 0);
  EXPECT_EQ(dex_conversion(kOpNegLong, kMinLong), kMinLong);
}

TEST(DexNumbers, ComparisonsSayWhichWayNanGoes) {
  EXPECT_EQ(dex_comparison(kOpCmplFloat, of_float(kNan), of_float(1)), -1);
  EXPECT_EQ(dex_comparison(kOpCmpgFloat, of_float(kNan), of_float(1)), 1);
  EXPECT_EQ(dex_comparison(kOpCmplDouble, of_double(2), of_double(1)), 1);
  EXPECT_EQ(dex_comparison(kOpCmpLong, kMinLong, kMaxLong), -1);
  EXPECT_TRUE(dex_branch_holds(kOpIfEqz, 0, 0));
  EXPECT_TRUE(dex_branch_holds(kOpIfLez, -1, 0));
  EXPECT_FALSE(dex_branch_holds(kOpIfEq, 1, 2));
}

TEST(JavaText, GoesThereAndBack) {
  for (const char* text : {"", "a", "\xc3\xa4\xe2\x82\xac", "\xf0\x9f\x99\x82!"})
    EXPECT_EQ(utf8_of(utf16_of(text)), text);
  EXPECT_EQ(utf16_of("\xf0\x9f\x99\x82").size(), 2U);
  EXPECT_EQ(utf8_of(utf16_of("a\xff"
                             "b")),
            "a\xef\xbf\xbd"
            "b");
}

}  // namespace
}  // namespace dl::program
