// SPDX-License-Identifier: Apache-2.0
// Extracted models: the bytes that the inventory speaks of, inside of the folder, whatever the
// names say.
#include "daylight/cli/extraction.h"

#include <gtest/gtest.h>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/cli/terminal.h"
#include "support/shared_data.h"

namespace dl::cli {
namespace {

TEST(FileNamePart, NeverLeadsOut) {
  EXPECT_EQ(file_name_part("assets/a b/m\u00f6del.tflite"), "m__del.tflite");
  EXPECT_EQ(file_name_part("../../etc/passwd"), "passwd");
  EXPECT_EQ(file_name_part("x\\..\\y"), "y");
  EXPECT_EQ(file_name_part(".."), "model");
  EXPECT_EQ(file_name_part("a/"), "model");
  EXPECT_EQ(file_name_part(".hidden"), "hidden");
  EXPECT_EQ(file_name_part(std::string("a\0b\n", 4)), "a_b_");
  EXPECT_EQ(file_name_part(std::string(500, 'x') + ".tflite").size(), kMaxExtractedName);
}

TEST(DecryptXor, RepeatsTheKeyFromItsPhase) {
  EXPECT_EQ(decrypt_xor(as_bytes(std::string_view("\x01\x02\x03")), "01"),
            std::string("\0\x03\x02", 3));
  EXPECT_EQ(decrypt_xor(as_bytes(std::string_view("abc")), "0001", 1), "`bb");
  EXPECT_FALSE(decrypt_xor({}, ""));
  EXPECT_FALSE(decrypt_xor({}, "1"));
  EXPECT_FALSE(decrypt_xor({}, "zz"));
  EXPECT_FALSE(decrypt_xor({}, std::string(514, '0')));
}

class ExtractionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = testing::shared_data("apps/facegauge-plain.apk");
    if (!path) GTEST_SKIP() << "shared data is absent";
    auto app = program::AppPackage::open(*path, log_);
    ASSERT_TRUE(app);
    app_ = std::make_unique<program::AppPackage>(std::move(*app));
    bytes_ = std::string(as_text(app_->entry_bytes(kEntry)->bytes));
    ModelRecord model;
    model.id = "model-1";
    model.format = "tflite";
    model.location = {app_->file_name(), {kEntry}, 0, bytes_.size(), ""};
    model.sha256 = sha256_hex(bytes_);
    inventory_.models = {model};
    inventory_.provenance.inputs = {{"app", app_->file_name(), app_->sha256()}};
  }
  Json index() const {
    const auto text = read_file(folder_.path() / "out" / "index.json");
    return text ? *parse_json(*text, "index.json") : Json();
  }

  static constexpr const char* kEntry = "assets/model_age_q.tflite";
  Terminal log_{true};
  testing::TemporaryFolder folder_;
  std::unique_ptr<program::AppPackage> app_;
  std::string bytes_;
  Inventory inventory_;
};

TEST_F(ExtractionTest, WritesTheBytesAndAnIndex) {
  const auto done = extract_models(*app_, inventory_, folder_.path() / "out");
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(done->written, 1U);
  EXPECT_TRUE(done->failed.empty());
  EXPECT_EQ(index()["models"][0]["path"], "model-1-model_age_q.tflite");
  EXPECT_EQ(*read_file(folder_.path() / "out" / "model-1-model_age_q.tflite"), bytes_);
}

TEST_F(ExtractionTest, AWrongDigestWritesNothing) {
  inventory_.models[0].sha256 = std::string(64, '0');
  const auto done = extract_models(*app_, inventory_, folder_.path() / "out");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->written, 0U);
  ASSERT_EQ(done->failed.size(), 1U);
  EXPECT_EQ(index()["failed"].size(), 1U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path() / "out"), {}), 1);
}

TEST_F(ExtractionTest, AHiddenModelIsDecrypted) {
  ModelRecord& model = inventory_.models[0];
  model.encryption = "xor";
  model.encryption_key = "5a3c";
  const std::string plain = *decrypt_xor(as_bytes(bytes_), model.encryption_key);
  model.sha256 = sha256_hex(plain);
  ASSERT_TRUE(extract_models(*app_, inventory_, folder_.path() / "out"));
  EXPECT_EQ(index()["models"][0]["decrypted"], true);
  EXPECT_EQ(*read_file(folder_.path() / "out" / "model-1-model_age_q.tflite"), plain);
}

TEST_F(ExtractionTest, HostileIdsAndEqualNamesStayInside) {
  inventory_.models.resize(3, inventory_.models[0]);
  for (ModelRecord& model : inventory_.models) model.id = "../../../m";
  ModelRecord remote = inventory_.models[0];
  remote.location = {app_->file_name(), {"classes.dex"}, 0, 0, "https://models.example/x"};
  inventory_.models.push_back(remote);
  const auto done = extract_models(*app_, inventory_, folder_.path() / "out");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->written, 3U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path() / "out"), {}), 4);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
  EXPECT_FALSE(index()["models"][3].contains("path"));
}

TEST_F(ExtractionTest, CompanionsLieBeside) {
  ModelCompanion companion{"labels", {"AndroidManifest.xml"}, "", 0};
  const auto content = app_->entry_bytes("AndroidManifest.xml");
  ASSERT_TRUE(content);
  companion.size = content->bytes.size();
  companion.sha256 = sha256_hex(content->bytes);
  inventory_.models[0].companions = {companion};
  ASSERT_TRUE(extract_models(*app_, inventory_, folder_.path() / "out"));
  const std::string path = index()["models"][0]["companions"][0]["path"];
  EXPECT_EQ(path, "model-1-AndroidManifest.xml");
  EXPECT_EQ(*sha256_of_file(folder_.path() / "out" / path), companion.sha256);
}

}  // namespace
}  // namespace dl::cli
