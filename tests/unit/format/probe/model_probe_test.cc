// SPDX-License-Identifier: Apache-2.0
// Models are found by structure: whole files, renamed files, inside other files; and nothing else
// is taken for one.
#include "daylight/format/probe/model_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/tensorflow/tflite.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"

namespace dl {
namespace {

using testing::build_tiny_tflite;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ModelProbe, KnowsAModelByItsStructure) {
  for (const bool identifier : {true, false}) {
    const std::string bytes = build_tiny_tflite({.identifier = identifier});
    const auto found = probe_model(as_bytes(bytes));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->format, "tflite");
    EXPECT_EQ(found->size, bytes.size());
    EXPECT_TRUE(found->gaps.empty());
  }
}

TEST(ModelProbe, ADamagedModelIsStillOne) {
  const std::string bytes = build_tiny_tflite({.first_operator_code = 9});
  const auto found = probe_model(as_bytes(bytes));
  ASSERT_TRUE(found);
  EXPECT_THAT(found->gaps.at(0).why, HasSubstr("operator code"));
}

TEST(ModelProbe, IdentifiersAloneAreNoModel) {
  EXPECT_FALSE(probe_model({}));
  EXPECT_FALSE(probe_model(as_bytes("TFL3")));
  EXPECT_FALSE(probe_model(as_bytes(std::string("\x10\0\0\0TFL3", 8) + std::string(500, '\0'))));
  EXPECT_FALSE(probe_model(as_bytes(std::string("\x10\0\0\0TFL3", 8) + std::string(500, '\xff'))));
}

TEST(ModelProbe, RandomBytesAreNoModel) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(512, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % (round % 2 == 0 ? 256 : 12));
    bytes.replace(0, 8, std::string("\x1c\0\0\0TFL3", 8));
    EXPECT_FALSE(probe_model(as_bytes(bytes)));
  }
}

TEST(FindModelsInside, GivesOffsetsAndSizes) {
  const std::string one = build_tiny_tflite();
  const std::string two = build_tiny_tflite({.description = "another", .weight = 1.0F});
  const std::string bytes =
      "header TFL3 of something" + one + "TFL3" + std::string(37, 'x') + two + "tail";
  const EmbeddedModels found = find_models_inside(as_bytes(bytes));
  EXPECT_TRUE(found.complete);
  ASSERT_EQ(found.models.size(), 2U);
  EXPECT_EQ(found.models[0].offset, bytes.find(one));
  EXPECT_EQ(found.models[0].model.size, one.size());
  EXPECT_EQ(found.models[1].offset, bytes.find(two));
  EXPECT_EQ(found.models[1].model.size, two.size());
}

TEST(FindModelsInside, CutOutModelsEqualTheOriginal) {
  DAYLIGHT_SHARED_OR_SKIP(path, "models/model_lite_age_nonq.tflite");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const std::string bytes =
      std::string(4097, 'l') + std::string(as_text(file->bytes())) + std::string(999, 'l');
  const EmbeddedModels found = find_models_inside(as_bytes(bytes));
  ASSERT_EQ(found.models.size(), 1U);
  EXPECT_EQ(found.models[0].offset, 4097U);
  EXPECT_EQ(found.models[0].model.size, file->bytes().size());
}

TEST(FindModelsInside, ManyFalseBeginningsCostLittle) {
  // Every eight bytes a root offset and the identifier, all pointing to one root without tensors.
  using testing::Flat;
  const std::string root =
      Flat::table({{0, Flat::number<std::uint32_t>(3)}, {2, Flat::list({Flat::table({})})}})
          .buffer("");
  const std::size_t count = 50000;
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto offset = static_cast<std::uint32_t>(
        8 * (count - i) + load_le<std::uint32_t>(as_bytes(root), 0).value());
    for (unsigned k = 0; k < 4; ++k) bytes.push_back(static_cast<char>(offset >> (8 * k)));
    bytes += "TFL3";
  }
  bytes += root;
  EXPECT_TRUE(find_models_inside(as_bytes(bytes)).models.empty());
}

TEST(FindModelsInside, AModelInsideAModelIsNotListed) {
  const std::string inner = build_tiny_tflite();
  const std::string outer = build_tiny_tflite({.metadata = inner});
  const EmbeddedModels found = find_models_inside(as_bytes(outer));
  ASSERT_EQ(found.models.size(), 1U);
  EXPECT_EQ(found.models[0].offset, 0U);
}

TEST(FindModelsInside, StopsAtTheLimit) {
  std::string bytes;
  const std::string one = build_tiny_tflite();
  for (std::size_t i = 0; i < kMaxEmbeddedModels + 5; ++i) bytes += one;
  const EmbeddedModels found = find_models_inside(as_bytes(bytes));
  EXPECT_EQ(found.models.size(), kMaxEmbeddedModels);
  EXPECT_FALSE(found.complete);
}

class ProbeOfApp : public ::testing::TestWithParam<const char*> {};

// In every app the models are the entries that end in .tflite (their makers did not rename them),
// and nothing else: not the runtime's libraries either, which hold the identifier as a literal.
TEST_P(ProbeOfApp, ModelsAreExactlyTheTfliteFiles) {
  DAYLIGHT_SHARED_OR_SKIP(path, std::string("apps/") + GetParam() + ".apk");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto archive = ZipArchive::open(file->bytes(), GetParam());
  ASSERT_TRUE(archive) << describe(archive.error());
  std::vector<std::string> expected;
  std::vector<std::string> probed;
  std::vector<std::string> inside;
  for (const ZipEntry& entry : archive->entries()) {
    const std::string name(entry.name);
    if (name.size() > 7 && name.substr(name.size() - 7) == ".tflite") expected.push_back(name);
    const auto content = archive->read(entry);
    if (!content) continue;
    if (probe_model(content->bytes())) probed.push_back(name);
    if (!find_models_inside(content->bytes()).models.empty()) inside.push_back(name);
  }
  EXPECT_EQ(probed, expected);
  EXPECT_EQ(inside, expected);
}

INSTANTIATE_TEST_SUITE_P(Apps, ProbeOfApp,
                         ::testing::Values("blooddonation", "calibreboxnew",
                                           "droidbench-ContentProvider1", "emotionly",
                                           "facedetection-1core", "facegauge-obf",
                                           "facegauge-plain", "instapaper", "ra-detect_person",
                                           "ra-faceapp", "ra-moveapp_0.3", "ra-peekatbayntun",
                                           "ra-tflite", "settings_apk-debug"));

TEST(ModelProbe, OtherFormatsAreNotTflite) {
  DAYLIGHT_SHARED_OR_SKIP(folder, "models");
  std::size_t others = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".tflite") continue;
    const auto file = MappedFile::open(entry.path());
    ASSERT_TRUE(file);
    const auto found = probe_model(file->bytes());
    EXPECT_FALSE(found && found->format == "tflite") << entry.path();
    ++others;
  }
  EXPECT_GT(others, 5U);
}

TEST(ModelFormats, EachHasOneRow) {
  std::set<std::string_view> ids;
  for (const ModelFormat& format : model_formats())
    EXPECT_TRUE(ids.insert(format.id).second) << format.id;
}

}  // namespace
}  // namespace dl
