// SPDX-License-Identifier: Apache-2.0
// Opening apps, and refusing what is none with one clear error.
#include "daylight/program/package/app_package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl::program {
namespace {

using ::testing::HasSubstr;

void write(const std::filesystem::path& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

Error error_of(const std::filesystem::path& path) {
  auto app = AppPackage::open(path, null_log());
  EXPECT_FALSE(app);
  return app ? Error{} : app.error();
}

TEST(AppPackage, RefusesWhatIsNoApp) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(error_of(folder.path() / "missing.apk").code, ErrorCode::kNotFound);
  const Error is_folder = error_of(folder.path());
  EXPECT_EQ(is_folder.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(describe(is_folder), HasSubstr("the folder holds no files"));
  EXPECT_FALSE(is_folder.hint.empty());

  write(folder.path() / "empty.apk", "");
  EXPECT_THAT(describe(error_of(folder.path() / "empty.apk")), HasSubstr("the file is empty"));
  write(folder.path() / "text.apk",
        "this is no archive at all, and long enough to hold an end record");
  EXPECT_THAT(describe(error_of(folder.path() / "text.apk")), HasSubstr("not an APK"));
  // An archive without entries.
  write(folder.path() / "zip.apk", std::string("PK\x05\x06", 4) + std::string(18, '\0'));
  EXPECT_THAT(describe(error_of(folder.path() / "zip.apk")), HasSubstr("not an APK"));
}

TEST(AppPackage, RefusesATruncatedApp) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  const auto whole = read_file(path);
  ASSERT_TRUE(whole);
  const testing::TemporaryFolder folder;
  for (const double part : {0.01, 0.5, 0.99}) {
    const auto cut = folder.path() / "cut.apk";
    write(cut, std::string_view(*whole).substr(
                   0, static_cast<std::size_t>(part * static_cast<double>(whole->size()))));
    const Error error = error_of(cut);
    EXPECT_THAT(describe(error), HasSubstr("cut off")) << part;
    EXPECT_FALSE(error.hint.empty());
  }
}

TEST(AppPackage, ReadsAnApp) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const auto app = AppPackage::open(path, null_log());
  ASSERT_TRUE(app) << describe(app.error());
  EXPECT_EQ(app->file_name(), "facegauge-plain.apk");
  EXPECT_EQ(app->sha256(), *sha256_of_file(path));
  ASSERT_TRUE(app->manifest());
  EXPECT_EQ(app->manifest()->package, "org.corpus.facegauge");
  ASSERT_EQ(app->dex_files().size(), 1U);
  ASSERT_EQ(app->native_libraries().size(), 2U);
  EXPECT_EQ(app->native_libraries()[0].abi, "arm64-v8a");
  EXPECT_EQ(app->native_libraries()[1].name, "libtensorflowlite_jni.so");
  EXPECT_TRUE(app->gaps().empty());
}

TEST(AppPackage, GivesContents) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const auto app = AppPackage::open(path, null_log());
  ASSERT_TRUE(app);
  const auto asset = app->asset_bytes("model_age_q.tflite");
  ASSERT_TRUE(asset);
  const auto entry = app->entry_bytes("assets/model_age_q.tflite");
  ASSERT_TRUE(entry);
  EXPECT_EQ(asset->bytes.size(), 2144480U);
  EXPECT_EQ(entry->bytes.data(), asset->bytes.data()) << "unpacked twice";
  const auto part = app->located_bytes({"assets/model_age_q.tflite"}, 4, 4);
  ASSERT_TRUE(part);
  EXPECT_EQ(as_text(part->bytes), "TFL3");
  EXPECT_EQ(app->located_bytes({"assets/model_age_q.tflite"}, 2144480, 1).error().code,
            ErrorCode::kCorrupt);
  EXPECT_EQ(app->located_bytes({"a", "b"}, 0, 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(app->located_bytes({"classes.dex", "b"}, 0, 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(app->entry_bytes("nowhere").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(app->asset_bytes("../classes.dex").error().code, ErrorCode::kNotFound);
}

TEST(AppPackage, StoredEntriesAreNotCopied) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/ra-tflite.apk");
  const auto app = AppPackage::open(path, null_log());
  ASSERT_TRUE(app);
  std::size_t stored = 0;
  for (const AppEntry& entry : app->entries()) {
    const auto content = app->entry_bytes(entry);
    ASSERT_TRUE(content) << entry.name;
    ASSERT_NE(entry.zip, nullptr);
    if (entry.zip->deflated() || entry.zip->data.empty()) continue;
    ++stored;
    EXPECT_EQ(content->bytes.data(), entry.zip->data.data()) << entry.name;
  }
  EXPECT_GT(stored, 0U);
}

TEST(AppPackage, SurvivesMoving) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  auto opened = AppPackage::open(path, null_log());
  ASSERT_TRUE(opened);
  const std::string before(opened->dex_files().front().string(10));
  const AppPackage moved = std::move(*opened);
  EXPECT_EQ(moved.dex_files().front().string(10), before);
  EXPECT_TRUE(moved.asset_bytes("model_lite_age_nonq.tflite"));
}

TEST(AppPackage, ReadsADamagedAppWithGaps) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/redex-test.apk");
  const auto app = AppPackage::open(path, null_log());
  ASSERT_TRUE(app) << describe(app.error());
  EXPECT_FALSE(app->gaps().empty());
}

}  // namespace
}  // namespace dl::program
