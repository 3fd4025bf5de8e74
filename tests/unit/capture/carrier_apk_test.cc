// SPDX-License-Identifier: Apache-2.0
#include "daylight/capture/jvm/carrier_apk.h"

#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/package/android_manifest.h"
#include "daylight/format/package/axml.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl::capture {
namespace {

using testing::build_zip;

ByteSpan bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(CarrierApk, ItsManifestIsOneWithoutComponents) {
  const std::string manifest = neutral_manifest("org.example.app");
  const auto document = parse_axml(bytes_of(manifest), "manifest");
  ASSERT_TRUE(document) << describe(document.error());
  const auto info = read_manifest(*document, nullptr, "manifest");
  ASSERT_TRUE(info) << describe(info.error());
  EXPECT_EQ(info->package, "org.example.app");
}

// A program that others wrote reads it, too.
TEST(CarrierApk, AaptReadsIt) {
  const testing::TemporaryFolder folder;
  const auto apk = folder.path() / "app.apk";
  const auto carrier = folder.path() / "carrier.apk";
  ASSERT_TRUE(write_file_atomic(apk, build_zip({{"assets/labels.txt", "cat\ndog\n"}}).bytes));
  ASSERT_TRUE(write_carrier(apk, "org.example.app", carrier));
  if (!testing::run_command("command -v aapt")) GTEST_SKIP() << "aapt is not installed";
  const auto badging = testing::run_command("aapt dump badging " + carrier.string());
  ASSERT_TRUE(badging);
  EXPECT_NE(badging->find("package: name='org.example.app' versionCode='1'"), std::string::npos);
  EXPECT_NE(badging->find("sdkVersion:'21'"), std::string::npos);
  EXPECT_NE(badging->find("targetSdkVersion:'34'"), std::string::npos);
  const auto listing = testing::run_command("unzip -t " + carrier.string());
  EXPECT_TRUE(listing);
}

TEST(CarrierApk, CarriesResourcesAndAssetsAsTheyAreStored) {
  const testing::TemporaryFolder folder;
  const auto apk = folder.path() / "app.apk";
  const auto carrier = folder.path() / "carrier.apk";
  const std::string model(1001, 'm');
  ASSERT_TRUE(
      write_file_atomic(apk, build_zip({{"AndroidManifest.xml", "no manifest"},
                                        {"classes.dex", "code"},
                                        {"assets/model.tflite", model},
                                        {"assets/text.txt", std::string(500, 't'), true},
                                        {"assets/../../out", "leads out"},
                                        {"assets/model.tflite", "a second one of this name"},
                                        {"res/raw/a", "b"},
                                        {"resources.arsc", "table"}})
                                 .bytes));
  ASSERT_TRUE(write_carrier(apk, "a.b", carrier));
  const auto file = MappedFile::open(carrier);
  ASSERT_TRUE(file);
  const auto zip = ZipArchive::open(file->bytes(), "carrier");
  ASSERT_TRUE(zip) << describe(zip.error());
  EXPECT_TRUE(zip->gaps().empty());
  std::vector<std::string> names;
  for (const ZipEntry& entry : zip->entries()) {
    names.emplace_back(entry.name);
    const auto content = zip->read(entry);
    ASSERT_TRUE(content) << entry.name;
    EXPECT_FALSE(content->gap) << entry.name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"AndroidManifest.xml", "assets/model.tflite",
                                             "assets/text.txt", "res/raw/a", "resources.arsc"}));
  const ZipEntry* const stored = zip->find("assets/model.tflite");
  ASSERT_NE(stored, nullptr);
  EXPECT_FALSE(stored->deflated());
  EXPECT_EQ(stored->data_offset % 4, 0U) << "native code maps it";
  EXPECT_EQ(std::string(stored->data.begin(), stored->data.end()), model);
  EXPECT_TRUE(zip->find("assets/text.txt")->deflated());
}

TEST(CarrierApk, WhatIsNoArchiveIsAnError) {
  const testing::TemporaryFolder folder;
  const auto apk = folder.path() / "app.apk";
  ASSERT_TRUE(write_file_atomic(apk, ""));
  EXPECT_FALSE(write_carrier(apk, "a.b", folder.path() / "carrier.apk"));
  EXPECT_FALSE(write_carrier(folder.path() / "absent.apk", "a.b", folder.path() / "carrier.apk"));
}

}  // namespace
}  // namespace dl::capture
