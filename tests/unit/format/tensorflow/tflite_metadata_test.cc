// SPDX-License-Identifier: Apache-2.0
// Model metadata and the label files packed behind a model.
#include "daylight/format/tensorflow/tflite_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "support/shared_data.h"
#include "support/tflite_builder.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using testing::build_tiny_metadata;
using testing::build_tiny_tflite;
using ::testing::ElementsAre;
using testing::Flat;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string gaps_of(const std::vector<FormatGap>& gaps) {
  std::string text;
  for (const FormatGap& gap : gaps) text += gap.where + ": " + gap.why + "\n";
  return text;
}

TfliteMetadata read(const std::string& bytes) {
  auto metadata = read_tflite_metadata(as_bytes(bytes));
  EXPECT_TRUE(metadata) << describe(metadata.error());
  return metadata ? std::move(*metadata) : TfliteMetadata{};
}

TEST(TfliteMetadata, SaysHowTheInputIsPrepared) {
  const std::string model_bytes =
      build_tiny_tflite({.metadata = build_tiny_metadata({.mean = {1, 2, 3}, .std = {4, 5, 6}})});
  const auto model = read_tflite(as_bytes(model_bytes));
  ASSERT_TRUE(model);
  const auto metadata = read_tflite_metadata(model->metadata_bytes("TFLITE_METADATA"));
  ASSERT_TRUE(metadata) << describe(metadata.error());
  EXPECT_EQ(gaps_of(metadata->gaps), "");
  EXPECT_TRUE(metadata->has_identifier);
  EXPECT_EQ(metadata->name, "tiny classifier");
  EXPECT_EQ(metadata->version, "v1");
  EXPECT_EQ(metadata->min_parser_version, "1.1.0");
  const TfliteTensorMetadata& input = metadata->subgraphs.at(0).inputs.at(0);
  EXPECT_EQ(input.name, "image");
  EXPECT_EQ(input.description, "a face");
  EXPECT_EQ(input.content.kind, TfliteContentKind::kImage);
  EXPECT_EQ(input.content.color_space, TfliteColorSpace::kRgb);
  EXPECT_EQ(input.content.default_width, 4U);
  EXPECT_FALSE(input.content.range);
  ASSERT_EQ(input.process_units.size(), 1U);
  EXPECT_EQ(input.process_units[0].kind, TfliteProcessKind::kNormalization);
  EXPECT_THAT(input.process_units[0].mean, ElementsAre(1, 2, 3));
  EXPECT_THAT(input.process_units[0].std, ElementsAre(4, 5, 6));
  EXPECT_THAT(input.max, ElementsAre(1));
  EXPECT_THAT(input.min, ElementsAre(-1));
}

TEST(TfliteMetadata, SaysWhatTheOutputMeans) {
  const TfliteMetadata metadata = read(build_tiny_metadata());
  const TfliteTensorMetadata& output = metadata.subgraphs.at(0).outputs.at(0);
  EXPECT_THAT(output.dimension_names, ElementsAre("batch", "class"));
  EXPECT_EQ(output.content.kind, TfliteContentKind::kFeature);
  EXPECT_EQ(output.content.range, std::pair(1, 1));
  ASSERT_EQ(output.files.size(), 1U);
  EXPECT_EQ(output.files[0].name, "labels.txt");
  EXPECT_EQ(output.files[0].kind, TfliteFileKind::kAxisLabels);
  EXPECT_EQ(output.files[0].locale, "en");
  ASSERT_EQ(output.process_units.size(), 1U);
  EXPECT_EQ(output.process_units[0].kind, TfliteProcessKind::kScoreThresholding);
  EXPECT_THAT(output.process_units[0].score_threshold, FloatEq(0.6F));
}

TEST(TfliteMetadata, UnknownKindsAreGaps) {
  const Flat unit = Flat::table({{0, Flat::number<std::uint8_t>(99)}});
  const Flat content = Flat::table({{0, Flat::number<std::uint8_t>(50)}});
  const Flat file = Flat::table({{0, Flat::text("f")}, {2, Flat::number<std::uint8_t>(77)}});
  const Flat tensor = Flat::table({{3, content}, {4, Flat::list({unit})}, {6, Flat::list({file})}});
  const Flat graph = Flat::table({{2, Flat::list({tensor})}});
  const TfliteMetadata metadata = read(Flat::table({{3, Flat::list({graph})}}).buffer("XXXX"));
  EXPECT_EQ(metadata.subgraphs.at(0).inputs.at(0).process_units.at(0).kind,
            TfliteProcessKind::kNone);
  EXPECT_THAT(gaps_of(metadata.gaps), HasSubstr("unknown kind 99"));
  EXPECT_THAT(gaps_of(metadata.gaps), HasSubstr("unknown kind 50"));
  EXPECT_THAT(gaps_of(metadata.gaps), HasSubstr("unknown kind 77"));
  EXPECT_THAT(gaps_of(metadata.gaps), HasSubstr("M001"));
}

TEST(TfliteMetadata, WhatIsNoneIsRefused) {
  EXPECT_FALSE(read_tflite_metadata({}));
  EXPECT_FALSE(read_tflite_metadata(as_bytes("M001M001M001")));
  EXPECT_FALSE(
      read_tflite_metadata(as_bytes(Flat::table({{0, Flat::text("no subgraph")}}).buffer("M001"))));
  const std::string good = build_tiny_metadata();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string cut = good.substr(0, size);
    const auto metadata = read_tflite_metadata(as_bytes(cut));
    EXPECT_TRUE(!metadata || !metadata->gaps.empty() || size + 3 >= good.size()) << size;
  }
}

TEST(TflitePackedFiles, LabelsBehindTheModel) {
  const std::string model = build_tiny_tflite({.metadata = build_tiny_metadata()});
  // As writers do it: the archive's offsets count from the model's first byte.
  std::string zip =
      testing::build_zip(
          {{.name = "labels.txt", .content = "Female\r\nMale\n"},
           {.name = "vocabulary.txt", .content = std::string(3000, 'v'), .deflate = true}})
          .bytes;
  const std::string file = model + zip;
  const std::uint64_t size = read_tflite(as_bytes(file))->size;
  ASSERT_EQ(size, model.size());
  const TflitePackedFiles packed = read_tflite_packed_files(as_bytes(file), size);
  ASSERT_EQ(packed.files.size(), 2U) << gaps_of(packed.gaps);
  EXPECT_EQ(packed.files[0].name, "labels.txt");
  EXPECT_THAT(split_labels(packed.files[0].content), ElementsAre("Female", "Male"));
  EXPECT_EQ(packed.files[1].content, std::string(3000, 'v'));
}

TEST(TflitePackedFiles, NothingBehindIsNoGap) {
  const std::string model = build_tiny_tflite();
  for (const std::string& tail :
       {std::string(), std::string("other bytes"), testing::build_zip({}).bytes}) {
    const TflitePackedFiles packed = read_tflite_packed_files(as_bytes(model + tail), model.size());
    EXPECT_THAT(packed.files, IsEmpty());
    EXPECT_EQ(gaps_of(packed.gaps), "");
  }
  EXPECT_THAT(read_tflite_packed_files(as_bytes(model), model.size() + 99).files, IsEmpty());
}

TEST(TflitePackedFiles, DamagedEntriesAreGaps) {
  const std::string model = build_tiny_tflite();
  std::string bytes =
      model + testing::build_zip({{.name = "a", .content = std::string(500, 'a'), .deflate = true},
                                  {.name = "b", .content = "fine"}})
                  .bytes;
  for (std::size_t i = 0; i < 4; ++i)
    bytes[model.size() + 31 + i] = '\xff';  // the first bytes of the compressed data
  const TflitePackedFiles packed = read_tflite_packed_files(as_bytes(bytes), model.size());
  EXPECT_NE(gaps_of(packed.gaps), "");
  ASSERT_FALSE(packed.files.empty());
  EXPECT_EQ(packed.files.back().content, "fine");
}

TEST(SplitLabels, KeepsPositions) {
  EXPECT_THAT(split_labels("a\n\nb\n\n\n"), ElementsAre("a", "", "b"));
  EXPECT_THAT(split_labels(" x \r\ny"), ElementsAre("x", "y"));
  EXPECT_THAT(split_labels(""), IsEmpty());
}

// Real metadata, written by the TensorFlow team's own tool.
TEST(TfliteMetadata, OfARealModel) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/ra-faceapp.apk");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto archive = ZipArchive::open(file->bytes(), "ra-faceapp.apk");
  ASSERT_TRUE(archive);
  const ZipEntry* entry = archive->find("assets/style_predict_quantized_256.tflite");
  ASSERT_NE(entry, nullptr);
  const auto content = archive->read(*entry);
  ASSERT_TRUE(content);
  const auto model = read_tflite(content->bytes());
  ASSERT_TRUE(model);
  const auto metadata = read_tflite_metadata(model->metadata_bytes("TFLITE_METADATA"));
  ASSERT_TRUE(metadata) << describe(metadata.error());
  EXPECT_EQ(gaps_of(metadata->gaps), "");
  EXPECT_EQ(metadata->name, "Arbitrary Style Predict");
  const TfliteTensorMetadata& input = metadata->subgraphs.at(0).inputs.at(0);
  EXPECT_EQ(input.content.color_space, TfliteColorSpace::kRgb);
  EXPECT_THAT(input.process_units.at(0).mean, ElementsAre(0));
  EXPECT_THAT(input.process_units.at(0).std, ElementsAre(255));
  EXPECT_EQ(metadata->subgraphs[0].inputs.size(), model->subgraphs[0].inputs.size());
  EXPECT_EQ(metadata->subgraphs[0].outputs.size(), model->subgraphs[0].outputs.size());
}

}  // namespace
}  // namespace dl
