// SPDX-License-Identifier: Apache-2.0
// Programs in adb's place: what they may not do to us. And the lines of adb and of phones.
#include "daylight/capture/device/adb.h"

#include <gmock/gmock.h>

#include <fstream>

#include "daylight/capture/device/device_facts.h"
#include "daylight/capture/device/package_pull.h"
#include "support/shared_data.h"

namespace dl::capture {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A shell script in adb's place.
class FakeAdb {
 public:
  explicit FakeAdb(const std::string& script) {
    const auto file = folder_.path() / "adb";
    std::ofstream(file) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    adb_.emplace(*Adb::find(file));
  }
  const Adb& operator*() const { return *adb_; }
  const Adb* operator->() const { return &*adb_; }
  std::filesystem::path file(const std::string& name) const { return folder_.path() / name; }

 private:
  dl::testing::TemporaryFolder folder_;
  std::optional<Adb> adb_;
};

TEST(Adb, GivesWordsAsTheyAreAndTheAnswerWhole) {
  const FakeAdb adb(R"(printf '%s|' "$@"; echo wrong >&2; exit 3)");
  const auto answer = adb->run({"-s", "a b", "shell", "x'; y $(z) \\"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->out, "-s|a b|shell|x'; y $(z) \\|");
  EXPECT_EQ(answer->err, "wrong\n");
  EXPECT_EQ(answer->exit_code, 3);
}

TEST(Adb, DoesNotWaitForWhatItLeavesBehind) {
  const FakeAdb adb("sleep 30 & echo started");
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = adb->run({"devices"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->out, "started\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Adb, EndlessAnswersAreCutOff) {
  const FakeAdb adb("exec yes");
  EXPECT_EQ(adb->run({"devices"}).error().code, ErrorCode::kLimit);
  const auto file = adb.file("out");
  EXPECT_EQ(adb->run_to_file({"devices"}, file, 1000).error().code, ErrorCode::kLimit);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Adb, FilesStayOnlyWhereTheCommandEndsWell) {
  const FakeAdb adb(R"(printf 'a\000b'; exit "$1")");
  EXPECT_EQ(adb->run_to_file({"1"}, adb.file("bad"), 1000)->exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(adb.file("bad")));
  ASSERT_TRUE(adb->run_to_file({"0"}, adb.file("good"), 1000));
  EXPECT_EQ(std::filesystem::file_size(adb.file("good")), 3U);
  EXPECT_EQ(adb->run_to_file({"0"}, adb.file("good"), 1000).error().code, ErrorCode::kIo);
}

TEST(Adb, WhatDiesIsAnError) {
  const FakeAdb adb("kill -9 $$");
  EXPECT_EQ(adb->run({"devices"}).error().code, ErrorCode::kIo);
  EXPECT_EQ(Adb::find("/nowhere/adb").error().code, ErrorCode::kNotFound);
}

TEST(Adb, NamesAndQuotes) {
  EXPECT_TRUE(is_package_name("com.example.app_2"));
  for (const char* const bad :
       {"", ".", "a b", "a;b", "a'b", "-x", "../x", "a\nb", "a/b", "\xc3\xa9"})
    EXPECT_FALSE(is_package_name(bad)) << bad;
  EXPECT_EQ(quoted_for_shell("id -u"), "'id -u'");
  EXPECT_EQ(quoted_for_shell("a'b"), "'a'\\''b'");
}

TEST(DeviceFacts, ReadsWhatItKnowsAndPassesOverTheRest) {
  const auto devices = read_device_list(
      "* daemon started successfully\nList of devices attached\r\nABC device product:p "
      "model:Pixel_8\nx\n\nXYZ   offline\n");
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].serial, "ABC");
  EXPECT_EQ(devices[0].model, "Pixel_8");
  EXPECT_EQ(devices[1].state, "offline");
  const auto properties =
      read_properties("[a.b]: [c d]\r\n[empty]: []\n[x\n]: [\n[]: []\n[two]: [a]: [b]\n");
  EXPECT_EQ(properties.at("a.b"), "c d");
  EXPECT_EQ(properties.at("empty"), "");
  EXPECT_EQ(properties.at("two"), "a]: [b");
}

TEST(PackagePull, ReadsWhatThePackageManagerSays) {
  EXPECT_THAT(
      read_package_paths("package:/d/split_x.apk\r\nWARNING: x\npackage:\npackage:/d/base.apk\n"),
      ElementsAre("/d/base.apk", "/d/split_x.apk"));
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "package:/d/" + std::to_string(i) + "\n";
  EXPECT_EQ(read_package_paths(many).size(), kMaxSplits);
  InstalledPackage package;
  read_package_dump(
      "    versionCode=12 minSdk=21\n    versionName=1.0 (x)\n    pkgFlags=[ DEBUGGABLE HAS_CODE "
      "]\n"
      "    installerPackageName=null\n",
      package);
  EXPECT_EQ(package.version_code, "12");
  EXPECT_EQ(package.version_name, "1.0 (x)");
  EXPECT_EQ(package.installer, "");
  EXPECT_TRUE(package.debuggable);
  read_package_dump("pkgFlags=[ HAS_CODE NOT_DEBUGGABLE ", package);
  EXPECT_FALSE(package.debuggable);
  EXPECT_EQ(package.version_name, "");
}

}  // namespace
}  // namespace dl::capture
