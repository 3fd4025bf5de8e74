// SPDX-License-Identifier: Apache-2.0
// One app in every shape in which it may come gives the same code, libraries and assets.
#include "daylight/program/package/app_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "daylight/base/digest.h"
#include "daylight/program/package/app_package.h"
#include "support/shared_data.h"

namespace dl::program {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

void write(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

// Packs a folder with Python's own zip writer; `stored` entries are not compressed.
void zip_folder(const fs::path& folder, const fs::path& out, bool stored) {
  std::ostringstream command;
  command
      << "python3 -c \"import os,sys,zipfile\n"
      << "z=zipfile.ZipFile(sys.argv[2],'w',zipfile." << (stored ? "ZIP_STORED" : "ZIP_DEFLATED")
      << ")\n"
      << "for d,_,fs in sorted(os.walk(sys.argv[1])):\n"
      << "  for f in sorted(fs): p=os.path.join(d,f); z.write(p,os.path.relpath(p,sys.argv[1]))\n"
      << "z.close()\" " << folder << " " << out;
  ASSERT_EQ(std::system(command.str().c_str()), 0);
}

// What a set of splits looks like on disk: the code in the base, libraries and assets in splits.
class Shapes : public ::testing::Test {
 protected:
  void SetUp() override {
    DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
    apk_ = path;
    auto app = AppPackage::open(apk_, null_log());
    ASSERT_TRUE(app);
    plain_.emplace(std::move(*app));
    for (const AppEntry& entry : plain_->entries()) {
      const auto content = plain_->entry_bytes(entry);
      ASSERT_TRUE(content);
      const bool native = entry.name.starts_with("lib/");
      const bool asset = entry.name.starts_with("assets/");
      const char* const split = native ? "native" : asset ? "assets" : "base";
      write(folder_.path() / "unpacked" / entry.name, as_text(content->bytes));
      write(folder_.path() / split / entry.name, as_text(content->bytes));
      const std::string module = entry.name == "AndroidManifest.xml" ? "base/manifest/" + entry.name
                                 : entry.name.ends_with(".dex")      ? "base/dex/" + entry.name
                                                                     : "base/" + entry.name;
      write(folder_.path() / "bundle" / module, as_text(content->bytes));
    }
    write(folder_.path() / "bundle" / "BundleConfig.pb", "\x0a\x02\x12\x00");
    fs::create_directories(set());
    zip_folder(folder_.path() / "base", set() / "base.apk", false);
    zip_folder(folder_.path() / "native", set() / "split_config.arm64_v8a.apk", true);
    zip_folder(folder_.path() / "assets", set() / "split_assets.apk", false);
  }
  fs::path set() const { return folder_.path() / "set"; }

  // The same code, libraries and models, and bytes that are found again by their chain.
  void expect_same(const AppPackage& app, const std::vector<std::string>& model_chain) {
    ASSERT_TRUE(app.manifest());
    EXPECT_EQ(app.manifest()->package, "org.corpus.facegauge");
    ASSERT_EQ(app.dex_files().size(), plain_->dex_files().size());
    EXPECT_EQ(app.dex_files()[0].classes().size(), plain_->dex_files()[0].classes().size());
    ASSERT_EQ(app.native_libraries().size(), 2U);
    EXPECT_EQ(app.native_libraries()[1].abi, "armeabi-v7a");
    const auto model = app.asset_bytes("model_age_q.tflite");
    ASSERT_TRUE(model);
    const auto located = app.located_bytes(model_chain, 0, model->bytes.size());
    ASSERT_TRUE(located) << describe(located.error());
    EXPECT_EQ(sha256_hex(located->bytes),
              sha256_hex(plain_->asset_bytes("model_age_q.tflite")->bytes));
  }

  fs::path apk_;
  std::optional<AppPackage> plain_;
  const testing::TemporaryFolder folder_;
};

TEST_F(Shapes, FolderOfSplits) {
  const auto app = AppPackage::open(set(), null_log());
  ASSERT_TRUE(app) << describe(app.error());
  EXPECT_EQ(app->shape(), AppShape::kSplitSet);
  EXPECT_EQ(app->file_name(), "set");
  EXPECT_THAT(app->splits(),
              ElementsAre("base.apk", "split_assets.apk", "split_config.arm64_v8a.apk"));
  expect_same(*app, {"split_assets.apk", "assets/model_age_q.tflite"});
  const auto again = AppPackage::open(set() / "", null_log());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->file_name(), "set");
  EXPECT_EQ(again->sha256(), app->sha256());
  write(set() / "split_assets.apk.idsig", "x");
  EXPECT_NE(AppPackage::open(set(), null_log())->sha256(), app->sha256());
}

TEST_F(Shapes, ArchiveOfSplits) {
  for (const bool stored : {true, false}) {
    const fs::path apks = folder_.path() / (stored ? "app.apks" : "app.xapk");
    zip_folder(set(), apks, stored);
    const auto app = AppPackage::open(apks, null_log());
    ASSERT_TRUE(app) << describe(app.error());
    EXPECT_EQ(app->shape(), AppShape::kSplitSet);
    EXPECT_EQ(app->sha256(), *sha256_of_file(apks));
    expect_same(*app, {"split_assets.apk", "assets/model_age_q.tflite"});
    // No APK is listed a second time as a file of its own.
    for (const AppEntry& entry : app->entries()) EXPECT_FALSE(entry.name.ends_with(".apk"));
  }
}

TEST_F(Shapes, Bundle) {
  const fs::path aab = folder_.path() / "app.aab";
  zip_folder(folder_.path() / "bundle", aab, false);
  const auto app = AppPackage::open(aab, null_log());
  ASSERT_TRUE(app) << describe(app.error());
  EXPECT_EQ(app->shape(), AppShape::kBundle);
  expect_same(*app, {"base/assets/model_age_q.tflite"});
}

TEST_F(Shapes, UnpackedFolder) {
  const auto app = AppPackage::open(folder_.path() / "unpacked", null_log());
  ASSERT_TRUE(app) << describe(app.error());
  EXPECT_EQ(app->shape(), AppShape::kFolder);
  expect_same(*app, {"assets/model_age_q.tflite"});
}

TEST_F(Shapes, AppData) {
  const fs::path data = folder_.path() / "data";
  write(data / "files" / "late.tflite",
        as_text(plain_->asset_bytes("model_gender_q.tflite")->bytes));
  fs::create_directories(data / "files" / "splitcompat");
  fs::copy_file(set() / "split_assets.apk", data / "files" / "splitcompat" / "late.apk");
  const auto app = AppPackage::open(apk_, null_log(), data);
  ASSERT_TRUE(app) << describe(app.error());
  EXPECT_NE(app->sha256(), plain_->sha256());
  const auto late = app->located_bytes({kAppDataStep, "files/late.tflite"}, 4, 4);
  ASSERT_TRUE(late) << describe(late.error());
  EXPECT_EQ(as_text(late->bytes), "TFL3");
  const auto module = app->located_bytes(
      {kAppDataStep, "files/splitcompat/late.apk", "assets/model_age_q.tflite"}, 4, 4);
  ASSERT_TRUE(module) << describe(module.error());
  const fs::path tar = folder_.path() / "data.tar";
  ASSERT_EQ(
      std::system(("tar -C " + folder_.path().string() + " -cf " + tar.string() + " data").c_str()),
      0);
  const auto packed = AppPackage::open(apk_, null_log(), tar);
  ASSERT_TRUE(packed) << describe(packed.error());
  const auto member =
      packed->located_bytes({kAppDataStep, "data.tar", "data/files/late.tflite"}, 4, 4);
  ASSERT_TRUE(member) << describe(member.error());
  EXPECT_EQ(as_text(member->bytes), "TFL3");
  write(folder_.path() / "noise.bin", "no archive");
  const auto bad = AppPackage::open(apk_, null_log(), folder_.path() / "noise.bin");
  ASSERT_FALSE(bad);
  EXPECT_THAT(describe(bad.error()), HasSubstr("neither a folder nor an archive"));
}

TEST_F(Shapes, CodeInAssetsIsRead) {
  const auto dex = plain_->entry_bytes("classes.dex");
  ASSERT_TRUE(dex);
  write(folder_.path() / "carried" / "assets" / "plugin.dex", as_text(dex->bytes));
  write(folder_.path() / "jar" / "classes.dex", as_text(dex->bytes));
  zip_folder(folder_.path() / "jar", folder_.path() / "carried" / "assets" / "plugin.jar", false);
  const fs::path apk = folder_.path() / "carried.apk";
  write(folder_.path() / "carried" / "AndroidManifest.xml",
        as_text(plain_->entry_bytes("AndroidManifest.xml")->bytes));
  zip_folder(folder_.path() / "carried", apk, false);
  const auto app = AppPackage::open(apk, null_log());
  ASSERT_TRUE(app) << describe(app.error());
  ASSERT_EQ(app->dex_files().size(), 2U);
  EXPECT_THAT(app->dex_chain(0), ElementsAre("assets/plugin.dex"));
  EXPECT_THAT(app->dex_chain(1), ElementsAre("assets/plugin.jar", "classes.dex"));
}

TEST_F(Shapes, SingleFile) {
  const fs::path model = folder_.path() / "unpacked" / "assets" / "model_age_q.tflite";
  const auto app = AppPackage::open(model, null_log());
  ASSERT_TRUE(app) << describe(app.error());
  EXPECT_EQ(app->shape(), AppShape::kFile);
  ASSERT_THAT(app->entries(), SizeIs(1));
  EXPECT_TRUE(app->chain_of(app->entries()[0]).empty());
  EXPECT_EQ(as_text(app->located_bytes({}, 4, 4)->bytes), "TFL3");
}

TEST(AppLayout, LinksAreNotFollowed) {
  const testing::TemporaryFolder folder;
  write(folder.path() / "a", "content");
  fs::create_symlink("/etc/passwd", folder.path() / "link");
  fs::create_directory_symlink("/", folder.path() / "root");
  const auto layout = AppLayout::open(folder.path(), {});
  ASSERT_TRUE(layout);
  EXPECT_THAT(layout->entries(), SizeIs(1));
  EXPECT_EQ(layout->gaps().count(), 2U);
}

}  // namespace
}  // namespace dl::program
