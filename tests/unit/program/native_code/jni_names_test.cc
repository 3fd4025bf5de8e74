// SPDX-License-Identifier: Apache-2.0
// Symbols of native methods, compared with what javac writes into C headers.
#include "daylight/program/native_code/jni_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl::program {
namespace {

TEST(JniNames, EscapesOfTheSpecification) {
  EXPECT_EQ(jni_short_name("Lp/q/r/A;", "f"), "Java_p_q_r_A_f");
  EXPECT_EQ(jni_long_name("Lp/q/r/A;", "f", "(ILjava/lang/String;)D"),
            "Java_p_q_r_A_f__ILjava_lang_String_2");
  EXPECT_EQ(jni_long_name("LA;", "f", "([[J)V"), "Java_A_f___3_3J");
  EXPECT_EQ(jni_long_name("LA;", "f", "()V"), "Java_A_f__");
  EXPECT_EQ(jni_short_name("La_b/C$D;", "_x"), "Java_a_1b_C_00024D__1x");
  EXPECT_EQ(jni_mangled("a_1;["), "a_11_2_3");
  // Modified UTF-8: a letter of two bytes, one of three, and a pair of surrogates.
  EXPECT_EQ(jni_mangled("\xc3\xbc\xe4\xbd\xa0"), "_000fc_04f60");
  EXPECT_EQ(jni_mangled("\xed\xa0\xbd\xed\xb8\x80"), "_0d83d_0de00");
  EXPECT_EQ(jni_mangled("\xc0\x80"), "_00000");
}

TEST(JniNames, DamagedTextIsMangledByteByByte) {
  EXPECT_EQ(jni_mangled("\xc3"), "_000c3");
  EXPECT_EQ(jni_mangled("\xe4\xbd"), "_000e4_000bd");
  EXPECT_EQ(jni_mangled("\xff"), "_000ff");
  EXPECT_EQ(jni_short_name("", ""), "Java__");
  EXPECT_EQ(jni_long_name("LA;", "f", "broken"), "Java_A_f__");
}

// javac overloads get the long form, others the short one.
TEST(JniNames, AreThoseOfJavac) {
  if (!testing::run_command("command -v javac")) GTEST_SKIP() << "javac is absent here";
  const testing::TemporaryFolder folder;
  const std::string source = (folder.path() / "Na_me.java").string();
  std::ofstream(source) << "package a_b.c1;\n"
                           "public class Na_me {\n"
                           "  native void plain_one();\n"
                           "  native int over(int a);\n"
                           "  native int over(long[][] a, String b, Inner_1 c);\n"
                           "  static native void $dollar();\n"
                           "  native void \u00fc\u4f60();\n"
                           "  static class Inner_1 { native void deep(); }\n"
                           "}\n";
  ASSERT_TRUE(testing::run_command("cd '" + folder.path().string() +
                                   "' && javac -encoding UTF-8 -d . -h . Na_me.java 2>&1"));
  std::set<std::string> truth;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() != ".h") continue;
    const std::string text = read_file(entry.path()).value_or("");
    const std::regex name(R"(JNICALL (Java_\w+))");
    for (auto at = std::sregex_iterator(text.begin(), text.end(), name);
         at != std::sregex_iterator(); ++at)
      truth.insert((*at)[1]);
  }
  const std::string owner = "La_b/c1/Na_me;";
  const std::set<std::string> ours = {
      jni_short_name(owner, "plain_one"),
      jni_long_name(owner, "over", "(I)I"),
      jni_long_name(owner, "over", "([[JLjava/lang/String;La_b/c1/Na_me$Inner_1;)I"),
      jni_short_name(owner, "$dollar"),
      jni_short_name(owner, "\xc3\xbc\xe4\xbd\xa0"),
      jni_short_name("La_b/c1/Na_me$Inner_1;", "deep")};
  EXPECT_EQ(ours, truth);
}

}  // namespace
}  // namespace dl::program
