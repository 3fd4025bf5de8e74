// SPDX-License-Identifier: Apache-2.0
// Fingerprints of code: equal where only names and constants differ, different where code does.
#include "daylight/program/code/code_fingerprint.h"

#include <gtest/gtest.h>

#include "support/smali.h"
#include "support/small_app.h"

namespace dl::program {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at))
    text.replace(at, from.size(), to), at += to.size();
  return text;
}

constexpr const char* kSource = R"(
.class public Lapp/Age;
.super Landroid/app/Activity;
.field helper:Lapp/Helper;
.method public predict(Landroid/graphics/Bitmap;Lapp/Helper;)I
    .locals 3
    const-string v0, "model.tflite"
    const/16 v1, 0x40
    invoke-virtual {p2, v0}, Lapp/Helper;->use(Ljava/lang/String;)V
    invoke-virtual {p0}, Lapp/Age;->getAssets()Landroid/content/res/AssetManager;
    invoke-virtual {p1}, Landroid/graphics/Bitmap;->getWidth()I
    move-result v2
    return v2
.end method
.method public abstract none()V
.end method
.class public Lapp/Helper;
.super Ljava/lang/Object;
.method public use(Ljava/lang/String;)V
    .locals 0
    return-void
.end method
)";

// The fingerprint of `method` of `owner` in the program that this smali makes; "?" without one.
std::string fingerprint_of(const std::string& smali, const char* owner, const char* method) {
  const auto dex = testing::assemble_smali(smali);
  if (!dex) return "?";
  const std::vector<std::string> contents = {*dex};
  const auto files = testing::open_dex_files(contents);
  const ClassIndex index = ClassIndex::build(files);
  const CodeFacts facts = CodeFacts::build(index);
  const ApiNames apis = ApiNames::match(index, facts, ApiRules::builtin());
  const auto found = index.find_methods(owner, method);
  return found.size() == 1 ? code_fingerprint(index, facts, apis, found.front()) : "?";
}

class CodeFingerprintTest : public ::testing::Test {
 protected:
  void SetUp() override {
    original_ = fingerprint_of(kSource, "Lapp/Age;", "predict");
    if (original_ == "?") GTEST_SKIP() << "the smali program is absent";
    ASSERT_EQ(original_.size(), 2 * kFingerprintHalf);
  }
  std::string method_half() const { return original_.substr(0, kFingerprintHalf); }
  std::string class_half() const { return original_.substr(kFingerprintHalf); }
  std::string original_;
};

TEST_F(CodeFingerprintTest, NamesAndConstantsDoNotCount) {
  std::string renamed = replaced(kSource, "Lapp/Age;", "La/a;");
  renamed = replaced(renamed, "Lapp/Helper;", "La/b;");
  renamed = replaced(replaced(renamed, "predict(", "a("), "use(", "a(");
  renamed = replaced(replaced(renamed, "model.tflite", "x"), "0x40", "0x20");
  EXPECT_EQ(fingerprint_of(renamed, "La/a;", "a"), original_);
}

TEST_F(CodeFingerprintTest, ACallOfThePlatformCounts) {
  const std::string other =
      fingerprint_of(replaced(kSource, "getWidth", "getHeight"), "Lapp/Age;", "predict");
  EXPECT_NE(other.substr(0, kFingerprintHalf), method_half());
  EXPECT_EQ(other.substr(kFingerprintHalf), class_half());
}

TEST_F(CodeFingerprintTest, AFieldChangesOnlyTheClass) {
  const std::string other = fingerprint_of(
      replaced(kSource, ".field helper", ".field more:I\n.field helper"), "Lapp/Age;", "predict");
  EXPECT_EQ(other.substr(0, kFingerprintHalf), method_half());
  EXPECT_NE(other.substr(kFingerprintHalf), class_half());
}

TEST_F(CodeFingerprintTest, AnInheritedMethodIsThePlatforms) {
  const std::string other =
      fingerprint_of(replaced(kSource, "Lapp/Age;->getAssets", "Landroid/app/Activity;->getAssets"),
                     "Lapp/Age;", "predict");
  EXPECT_EQ(other, original_);
}

TEST_F(CodeFingerprintTest, AMethodWithoutCodeHasNone) {
  EXPECT_EQ(fingerprint_of(kSource, "Lapp/Age;", "none"), "");
}

}  // namespace
}  // namespace dl::program
