// SPDX-License-Identifier: Apache-2.0
#include "daylight/capture/jvm/twin_libraries.h"

#include <gtest/gtest.h>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "support/elf_builder.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl::capture {
namespace {

using testing::build_elf;
using testing::build_zip;
using testing::ZipItem;

class TwinLibrariesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(aars_);
    std::filesystem::create_directories(out_);
  }
  void archive(const std::string& name, const std::vector<ZipItem>& items) {
    ASSERT_TRUE(write_file_atomic(name == "app.apk" ? folder_.path() / name : aars_ / name,
                                  build_zip(items).bytes));
  }
  Result<TwinLibraries> find() { return find_twins(folder_.path() / "app.apk", aars_, out_); }

  testing::TemporaryFolder folder_;
  std::filesystem::path aars_ = folder_.path() / "aars";
  std::filesystem::path out_ = folder_.path() / "out";
  const std::string arm64_ = build_elf({.soname = "liba.so", .build_id = "0102030405060708"});
  const std::string stripped_ =
      build_elf({.soname = "liba.so", .build_id = "0102030405060708", .strings = {"other bytes"}});
  const std::string other_ = build_elf({.soname = "liba.so", .build_id = "1111111111111111"});
};

TEST_F(TwinLibrariesTest, TheSameBytesMakeATwin) {
  archive("app.apk", {{"lib/arm64-v8a/liba.so", arm64_}});
  archive("a-2.0.aar", {{"jni/arm64-v8a/liba.so", other_}, {"jni/x86_64/liba.so", "wrong"}});
  archive("a-2.1.aar", {{"jni/arm64-v8a/liba.so", arm64_}, {"jni/x86_64/liba.so", "twin"}});
  const auto twins = find();
  ASSERT_TRUE(twins) << describe(twins.error());
  ASSERT_EQ(twins->found.size(), 1U);
  EXPECT_EQ(twins->found[0].archive, "a-2.1.aar");
  EXPECT_EQ(twins->found[0].proof, "SHA-256");
  EXPECT_EQ(twins->found[0].sha256, sha256_hex(std::string("twin")));
  EXPECT_TRUE(twins->gaps.empty());
  EXPECT_EQ(*read_file(out_ / "liba.so"), "twin");
}

TEST_F(TwinLibrariesTest, TheSameBuildIdIsTheNextBestProof) {
  archive("app.apk", {{"lib/arm64-v8a/liba.so", arm64_}});
  archive("1.aar", {{"jni/arm64-v8a/liba.so", stripped_}, {"jni/x86_64/liba.so", "by build-id"}});
  const auto by_id = find();
  ASSERT_TRUE(by_id);
  EXPECT_EQ(by_id->found.at(0).proof, "build-id");
  archive("2.aar", {{"jni/arm64-v8a/liba.so", arm64_}, {"jni/x86_64/liba.so", "by bytes"}});
  const auto by_bytes = find();
  ASSERT_TRUE(by_bytes);
  EXPECT_EQ(by_bytes->found.at(0).archive, "2.aar");
  EXPECT_EQ(*read_file(out_ / "liba.so"), "by bytes");
}

TEST_F(TwinLibrariesTest, ANameAloneProvesNothing) {
  archive("app.apk", {{"lib/arm64-v8a/liba.so", arm64_}});
  archive("a.aar", {{"jni/arm64-v8a/liba.so", other_}, {"jni/x86_64/liba.so", "not it"}});
  const auto twins = find();
  ASSERT_FALSE(twins);
  EXPECT_EQ(twins.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(out_ / "liba.so"));
}

TEST_F(TwinLibrariesTest, WhatHasNoTwinIsAGap) {
  archive("app.apk", {{"lib/arm64-v8a/liba.so", arm64_}, {"lib/arm64-v8a/libown.so", other_}});
  archive("a.aar", {{"jni/arm64-v8a/liba.so", arm64_}, {"jni/x86_64/liba.so", "twin"}});
  ASSERT_TRUE(write_file_atomic(aars_ / "broken.aar", ""));
  const auto twins = find();
  ASSERT_TRUE(twins);
  ASSERT_EQ(twins->gaps.size(), 2U);
  EXPECT_EQ(twins->gaps[0].where, "broken.aar");
  EXPECT_EQ(twins->gaps[1].where, "libown.so");
}

// An entry's name is hostile text.
TEST_F(TwinLibrariesTest, NamesThatLeadOutAreNoLibraries) {
  archive("app.apk", {{"lib/arm64-v8a/lib/../../x.so", arm64_}, {"lib/arm64-v8a/liba.so", arm64_}});
  archive("a.aar", {{"jni/arm64-v8a/lib/../../x.so", arm64_},
                    {"jni/x86_64/lib/../../x.so", "out"},
                    {"jni/arm64-v8a/liba.so", arm64_},
                    {"jni/x86_64/liba.so", "twin"}});
  const auto twins = find();
  ASSERT_TRUE(twins);
  EXPECT_EQ(twins->found.size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "x.so"));
}

}  // namespace
}  // namespace dl::capture
