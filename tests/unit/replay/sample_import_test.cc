// SPDX-License-Identifier: Apache-2.0
// Importing and balancing data sets that the test writes into a folder.
#include "daylight/replay/sample_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/replay/resize_kernels.h"
#include "daylight/replay/sample_balance.h"
#include "picture_writer.h"
#include "support/shared_data.h"
#include "test_images.h"

namespace dl {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A picture of soft shapes, different for every seed, that survives recompression.
Image soft_image(int width, int height, std::uint32_t seed) {
  Image image;
  const Image coarse = testing::noisy_image(7, 7, 3, seed);
  resize_bicubic(coarse, width, height, image);
  return image;
}

class SampleImport : public ::testing::Test {
 protected:
  void picture(const std::string& name, std::uint32_t seed) {
    fs::create_directories((folder_.path() / name).parent_path());
    testing::write_jpeg(folder_.path() / name, soft_image(80, 90, seed), 90);
  }
  void text(const std::string& name, const std::string& content) {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name, std::ios::binary) << content;
  }
  Result<ImportReport> import(SampleSource source, const std::string& place = "",
                              const ImportOptions& options = {}) {
    return import_samples(source, folder_.path() / place, options, null_log());
  }
  static std::vector<std::string> lines(const ImportReport& report) {
    std::vector<std::string> found;
    for (const Sample& row : report.samples.rows) {
      std::string line = row.file;
      for (const std::string& value : row.values) line += "|" + value;
      found.push_back(line);
    }
    return found;
  }
  static std::vector<std::string> reasons(const ImportReport& report) {
    std::vector<std::string> found;
    for (const UnusableRow& row : report.unusable) {
      found.push_back(row.file + ":" + std::to_string(row.line) + ": " + row.why);
    }
    return found;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(SampleImport, FairFace) {
  picture("val/1.jpg", 1);
  picture("val/2.jpg", 2);
  text("val/5.jpg", "no picture");
  text("fairface_label_val.csv",
       "file,age,gender,race,service_test\n"
       "val/1.jpg,3-9,Male,East Asian,True\n"
       "val/2.jpg,more than 70,Female,Latino_Hispanic,False\n"
       "val/3.jpg,20-29,Male,White,False\n"
       "val/4.jpg,20-30,Male,White,False\n"
       "val/5.jpg,20-29,Female,Black,False\n"
       "val/1.jpg,3-9,Male,East Asian,True\n"
       "val/6.jpg,20-29,male,White,False\n");
  const auto report = import(SampleSource::kFairFace);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_THAT(report->samples.attributes, ElementsAre("age", "gender", "race"));
  EXPECT_THAT(lines(*report), ElementsAre("val/1.jpg|3-9|Male|East Asian",
                                          "val/2.jpg|more than 70|Female|Latino_Hispanic"));
  EXPECT_EQ(report->samples.rows[0].sha256, sha256_of_file(folder_.path() / "val/1.jpg").value());
  EXPECT_THAT(reasons(*report),
              ElementsAre(HasSubstr("val/4.jpg:5: FairFace has no age '20-30'"),
                          HasSubstr("val/1.jpg:7: the table lists the file a second time"),
                          HasSubstr("val/6.jpg:8: FairFace has no gender 'male'"),
                          HasSubstr("val/3.jpg:4: the picture cannot be read"),
                          HasSubstr("val/5.jpg:6: the picture cannot be decoded")));
  const Json json = to_json(*report);
  EXPECT_EQ(json["unusable"].size(), 5U);
  EXPECT_EQ(json["unusable"][0]["line"], 5);
  EXPECT_EQ(json["unusable"][0]["file"], "val/4.jpg");
  EXPECT_EQ(json["duplicates"], Json::array());
  EXPECT_EQ(json["ignored_files"], 0);
}

TEST_F(SampleImport, TheTableReadsBackAsSamples) {
  picture("a.jpg", 1);
  text("labels.csv", "file,age,gender,race\na.jpg,3-9,Male,White\n");
  const auto report = import(SampleSource::kFairFace);
  ASSERT_TRUE(report);
  text("samples.csv", dump_samples(report->samples));
  const auto samples = read_samples(folder_.path() / "samples.csv");
  ASSERT_TRUE(samples) << describe(samples.error());
  EXPECT_EQ(samples->rows[0].sha256, report->samples.rows[0].sha256);
}

TEST_F(SampleImport, UtkFace) {
  picture("part1/61_1_3_20170109150557335.jpg", 1);
  picture("part1/8_0_0_20170109150557336.jpg.chip.jpg", 2);
  text("part1/61_3_20170109150557335.jpg", "");
  text("part1/61_2_3_20170109150557335.jpg", "");
  text("part1/61_1_5_20170109150557335.jpg", "");
  text("part1/x_1_4_20170109150557335.jpg", "");
  text("readme.txt", "");
  const auto report = import(SampleSource::kUtkFace);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_THAT(lines(*report),
              ElementsAre("part1/61_1_3_20170109150557335.jpg|61|Female|Indian",
                          "part1/8_0_0_20170109150557336.jpg.chip.jpg|8|Male|White"));
  EXPECT_EQ(report->unusable.size(), 4U);
  EXPECT_EQ(report->ignored_files, 1U);
}

TEST_F(SampleImport, FoldersAreValues) {
  picture("White/Male/a.jpg", 1);
  picture("Black/Female/b.jpg", 2);
  picture("Black/c.jpg", 3);
  auto report = import(SampleSource::kFolders, "", {{}, {"race", "gender"}, 1});
  ASSERT_TRUE(report);
  EXPECT_THAT(report->samples.attributes, ElementsAre("race", "gender"));
  EXPECT_THAT(lines(*report),
              ElementsAre("Black/Female/b.jpg|Black|Female", "White/Male/a.jpg|White|Male"));
  EXPECT_THAT(reasons(*report),
              ElementsAre(HasSubstr("Black/c.jpg:0: it lies in 1 unnamed folders, not in 2")));
  report = import(SampleSource::kFolders);
  ASSERT_TRUE(report);
  EXPECT_THAT(report->samples.attributes, ElementsAre("group", "group2"));
}

TEST_F(SampleImport, NamedFolders) {
  picture("race=White/gender=Male/a.jpg", 1);
  picture("race=Black/b.jpg", 2);
  const auto report = import(SampleSource::kFolders);
  ASSERT_TRUE(report);
  EXPECT_THAT(report->samples.attributes, ElementsAre("gender", "race"));
  EXPECT_THAT(lines(*report),
              ElementsAre("race=Black/b.jpg||Black", "race=White/gender=Male/a.jpg|Male|White"));
}

TEST_F(SampleImport, CsvKeepsItsColumns) {
  picture("a.jpg", 1);
  picture("b.jpg", 2);
  const std::string digest = sha256_of_file(folder_.path() / "a.jpg").value();
  text("table.csv", "file,country,identity,weight,sha256\na.jpg, NL ,p1,2.5," + digest +
                        "\nb.jpg,DE,p2,,0000\nb2.jpg,DE,p3,-1,\n");
  const auto report = import(SampleSource::kCsv);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_THAT(lines(*report), ElementsAre("a.jpg|NL"));
  EXPECT_DOUBLE_EQ(report->samples.rows[0].weight, 2.5);
  EXPECT_THAT(report->samples.reserved.at("identity"), ElementsAre("p1"));
  EXPECT_THAT(reasons(*report)[0], HasSubstr("b.jpg:3: the picture has another SHA-256"));
}

TEST_F(SampleImport, DuplicatesAreReportedAndKept) {
  picture("a.jpg", 1);
  picture("b.jpg", 1);
  testing::write_jpeg(folder_.path() / "c.jpg", soft_image(80, 90, 1), 60);
  testing::write_png(folder_.path() / "d.png", soft_image(120, 135, 1));
  picture("e.jpg", 2);
  text("table.csv", "file,group\nb.jpg,x\na.jpg,x\nc.jpg,x\nd.png,y\ne.jpg,y\n");
  const auto report = import(SampleSource::kCsv);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->samples.rows.size(), 5U);
  ASSERT_EQ(report->exact.size(), 1U);
  EXPECT_THAT(report->exact[0].files, ElementsAre("a.jpg", "b.jpg"));
  EXPECT_FALSE(report->exact[0].labels_differ);
  ASSERT_EQ(report->perceptual.size(), 1U);
  EXPECT_THAT(report->perceptual[0].files, ElementsAre("a.jpg", "b.jpg", "c.jpg", "d.png"));
  EXPECT_TRUE(report->perceptual[0].labels_differ);
  EXPECT_EQ(to_json(*report)["duplicates"],
            Json::parse(R"([{"kind": "exact", "files": ["a.jpg", "b.jpg"], "labels_differ": false},
                            {"kind": "perceptual", "files": ["a.jpg", "b.jpg", "c.jpg", "d.png"],
                             "labels_differ": true}])"));
}

// The generated set of awkward pictures: each planted oddity comes back under its name.
TEST(SampleImportEdgeFaces, EveryPlantedOddityIsSaid) {
  const fs::path folder = testing::project_file("examples/mirror/faces-edge");
  const auto report = import_samples(SampleSource::kCsv, folder / "samples.csv",
                                     {folder / "imported.csv", {}, 0}, null_log());
  ASSERT_TRUE(report) << describe(report.error());
  std::vector<std::string> usable;
  for (const Sample& row : report->samples.rows) usable.push_back(row.file);
  EXPECT_THAT(usable, ElementsAre("pictures/no-face-meadow.jpg", "pictures/no-face-house.jpg",
                                  "pictures/no-face-tree.jpg", "pictures/two-faces-1.png",
                                  "pictures/two-faces-2.png", "pictures/two-faces-3.png",
                                  "pictures/plain.jpg", "pictures/exact-copy.jpg",
                                  "pictures/near-copy.webp"));
  std::vector<std::string> unusable;
  for (const UnusableRow& row : report->unusable) {
    unusable.push_back(std::to_string(row.line) + " " + row.file + ": " + row.why);
  }
  EXPECT_THAT(
      unusable,
      ElementsAre(HasSubstr("11 pictures/cut-in-half.jpg: the picture cannot be decoded"),
                  HasSubstr("12 pictures/empty.jpg: the picture cannot be decoded"),
                  HasSubstr("13 pictures/not-a-picture.png: the picture cannot be decoded")));
  ASSERT_EQ(report->exact.size(), 1U);
  EXPECT_THAT(report->exact[0].files, ElementsAre("pictures/exact-copy.jpg", "pictures/plain.jpg"));
  ASSERT_EQ(report->perceptual.size(), 1U);
  EXPECT_THAT(
      report->perceptual[0].files,
      ElementsAre("pictures/exact-copy.jpg", "pictures/near-copy.webp", "pictures/plain.jpg"));
  // Its columns `skin` and `case` are attributes too; those of the copies differ in `case`.
  EXPECT_TRUE(report->perceptual[0].labels_differ);
}

TEST_F(SampleImport, PathsAreRelativeToWhereTheTableGoes) {
  picture("data/set/a.jpg", 1);
  text("data/set/t.csv", "file,g\na.jpg,x\n");
  auto report = import(SampleSource::kCsv, "data/set", {folder_.path() / "data/s.csv", {}, 1});
  ASSERT_TRUE(report);
  EXPECT_THAT(lines(*report), ElementsAre("set/a.jpg|x"));
  report = import(SampleSource::kCsv, "data/set/t.csv", {folder_.path() / "s.csv", {}, 1});
  ASSERT_TRUE(report);
  EXPECT_THAT(lines(*report), ElementsAre("data/set/a.jpg|x"));
  for (const char* elsewhere : {"elsewhere/s.csv", "data/../elsewhere/./s.csv"}) {
    report = import(SampleSource::kCsv, "data/set", {folder_.path() / elsewhere, {}, 1});
    ASSERT_TRUE(report);
    EXPECT_THAT(lines(*report), ElementsAre("../data/set/a.jpg|x"));
    text("elsewhere/s.csv", dump_samples(report->samples));
    const auto samples = read_samples(folder_.path() / "elsewhere/s.csv");
    ASSERT_TRUE(samples) << describe(samples.error());
    EXPECT_TRUE(fs::exists(samples->folder / samples->rows[0].file));
  }
  // What was imported can be imported again from there: the digests say which pictures are meant.
  report = import(SampleSource::kCsv, "elsewhere/s.csv", {folder_.path() / "x/y/s.csv", {}, 1});
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_THAT(lines(*report), ElementsAre("../../data/set/a.jpg|x"));
}

TEST_F(SampleImport, LinksDoNotLeadPathsAstray) {
  picture("real/deep/set/a.jpg", 1);
  fs::create_directories(folder_.path() / "far/case");
  fs::create_directory_symlink(folder_.path() / "far/case", folder_.path() / "case");
  fs::create_directory_symlink(folder_.path() / "real/deep/set", folder_.path() / "set");
  const auto report = import(SampleSource::kFolders, "set", {folder_.path() / "case/s.csv", {}, 1});
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_TRUE(fs::exists(folder_.path() / "case" / report->samples.rows[0].file))
      << report->samples.rows[0].file;
  const auto beside = import(SampleSource::kFolders, "set", {folder_.path() / "s.csv", {}, 1});
  ASSERT_TRUE(beside);
  EXPECT_EQ(beside->samples.rows[0].file, "set/a.jpg");
}

TEST_F(SampleImport, TablesDoNotReachOutsideTheirFolder) {
  picture("private.jpg", 1);
  picture("set/a.jpg", 2);
  const std::string inside = (folder_.path() / "set/a.jpg").string();
  const std::string outside = (folder_.path() / "private.jpg").string();
  text("set/t.csv", "file,sha256\n" + inside + ",\n" + outside + ",\n../private.jpg,\n" +
                        "x/../a.jpg,\n../private.jpg," + std::string(64, '0') + "\na.jpg,\n");
  const auto report = import(SampleSource::kCsv, "set");
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_THAT(lines(*report), ElementsAre("a.jpg"));
  EXPECT_THAT(reasons(*report), ElementsAre(HasSubstr(":3: the path is absolute"),
                                            HasSubstr(":4: the path leaves the table's folder"),
                                            HasSubstr(":5: the path has '..' inside"),
                                            HasSubstr(":6: the picture has another SHA-256"),
                                            HasSubstr(":7: another row names the same file")));
}

TEST_F(SampleImport, NamesThatATableCannotHold) {
  picture("a=1/x.jpg", 1);
  picture("a=1/y\nz.jpg", 2);
  const auto report = import(SampleSource::kFolders);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_THAT(lines(*report), ElementsAre("a=1/x.jpg|1"));
  EXPECT_THAT(reasons(*report), ElementsAre(HasSubstr("control characters")));
  for (const char* folder : {"file=x", "sha256=x", "source=x", "=x"}) {
    picture(std::string("b/") + folder + "/x.jpg", 1);
    const auto refused = import(SampleSource::kFolders, "b", {{}, {"file"}, 1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(refused.error().hint.empty());
  }
  EXPECT_FALSE(import(SampleSource::kFolders, "a=1", {{}, {"g", "g"}, 1}));
  EXPECT_FALSE(import(SampleSource::kFolders, "a=1", {{}, {""}, 1}));
}

TEST_F(SampleImport, ATableIsNotReplacedByWhatIsMadeFromIt) {
  picture("a.jpg", 1);
  text("samples.csv", "file,g\na.jpg,x\n");
  const auto report = import(SampleSource::kCsv);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().what, HasSubstr("would be replaced"));
  EXPECT_THAT(report.error().hint, HasSubstr("--out"));
}

TEST_F(SampleImport, ASecondImportPassesOverTheTableOfTheFirst) {
  picture("a.jpg", 1);
  text("labels.csv", "file,g\na.jpg,x\n");
  text("samples.csv", "file,g,sha256\na.jpg,x,00\n");
  text("samples.csv.meta.json", "{}");
  const auto report = import(SampleSource::kCsv);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_THAT(lines(*report), ElementsAre("a.jpg|x"));
}

TEST_F(SampleImport, NothingUsableIsAnError) {
  EXPECT_EQ(import(SampleSource::kUtkFace, "absent").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(import(SampleSource::kUtkFace).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(import(SampleSource::kFairFace).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(import(SampleSource::kCsv).error().code, ErrorCode::kNotFound);
  text("t.csv", "path,g\na.jpg,x\n");
  EXPECT_THAT(import(SampleSource::kCsv).error().what, HasSubstr("no column 'file'"));
  text("t.csv", "file,g\na.jpg,x\n");
  EXPECT_THAT(import(SampleSource::kCsv).error().what, HasSubstr("none of its 1 rows can be used"));
  text("u.csv", "file\n");
  EXPECT_THAT(import(SampleSource::kCsv).error().what, HasSubstr("2 CSV tables"));
  text("v.csv", "file,g\n");
  EXPECT_THAT(import(SampleSource::kCsv, "v.csv").error().what, HasSubstr("no rows"));
  for (const char* place : {"absent", "t.csv", "u.csv", "v.csv", "."}) {
    for (const SampleSource source : {SampleSource::kFairFace, SampleSource::kUtkFace,
                                      SampleSource::kFolders, SampleSource::kCsv}) {
      const auto refused = import(source, place);
      ASSERT_FALSE(refused) << place << " " << to_string(source);
      EXPECT_THAT(refused.error().where, HasSubstr(folder_.path().string()));
      EXPECT_FALSE(refused.error().hint.empty()) << describe(refused.error());
    }
  }
  EXPECT_FALSE(import_samples(SampleSource::kCsv, "/dev/zero", {}, null_log()));
  EXPECT_FALSE(sample_source_from_string("imagenet"));
  EXPECT_EQ(sample_source_from_string("utkface").value(), SampleSource::kUtkFace);
}

TEST_F(SampleImport, TheOrderOfThreadsDoesNotShow) {
  for (int i = 0; i < 30; ++i)
    picture("g/" + std::to_string(i % 20) + "-" + std::to_string(i) + ".jpg",
            static_cast<std::uint32_t>(i % 20));
  const auto one = import(SampleSource::kFolders, "", {{}, {}, 1});
  const auto four = import(SampleSource::kFolders, "", {{}, {}, 4});
  ASSERT_TRUE(one && four);
  EXPECT_EQ(dump_samples(one->samples), dump_samples(four->samples));
  EXPECT_EQ(dump_json(to_json(*one)), dump_json(to_json(*four)));
  EXPECT_EQ(one->exact.size(), 10U);
}

// --- balance

Samples table_of(const std::vector<std::pair<std::string, std::string>>& rows) {
  Samples samples;
  samples.attributes = {"race", "gender"};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    samples.rows.push_back({"f" + std::to_string(i), {rows[i].first, rows[i].second}});
    samples.reserved["identity"].push_back("p" + std::to_string(i));
  }
  return samples;
}

TEST(SampleBalance, EveryCellGetsAsManyAsTheSmallest) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (int i = 0; i < 9; ++i) rows.emplace_back("A", "f");
  for (int i = 0; i < 4; ++i) rows.emplace_back("A", "m");
  for (int i = 0; i < 5; ++i) rows.emplace_back("B", "m");
  rows.emplace_back("", "m");
  const Samples samples = table_of(rows);
  const auto balanced = balance_samples(samples, {"race", "gender"}, 7);
  ASSERT_TRUE(balanced);
  ASSERT_EQ(balanced->cells.size(), 3U);
  for (const BalanceCell& cell : balanced->cells) EXPECT_EQ(cell.kept, 4U);
  EXPECT_EQ(balanced->cells[0].available, 9U);
  EXPECT_EQ(balanced->samples.rows.size(), 12U);
  EXPECT_EQ(balanced->samples.reserved.at("identity").size(), 12U);
  EXPECT_EQ(balanced->without_value, 1U);
  ASSERT_EQ(balanced->empty_cells.size(), 1U);
  EXPECT_THAT(balanced->empty_cells[0], ElementsAre("B", "f"));
  for (std::size_t i = 0; i + 1 < balanced->samples.rows.size(); ++i) {
    EXPECT_LT(std::stoi(balanced->samples.rows[i].file.substr(1)),
              std::stoi(balanced->samples.rows[i + 1].file.substr(1)));
  }
}

TEST(SampleBalance, TheChoiceDependsOnSeedAndNamesAlone) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (int i = 0; i < 40; ++i) rows.emplace_back(i % 4 == 0 ? "A" : "B", "f");
  const Samples samples = table_of(rows);
  Samples reversed = samples;
  std::reverse(reversed.rows.begin(), reversed.rows.end());
  reversed.reserved.clear();
  const auto names = [](const Samples& table, std::uint64_t seed) {
    const auto balanced = balance_samples(table, {"race"}, seed);
    std::vector<std::string> files;
    for (const Sample& row : balanced->samples.rows) files.push_back(row.file);
    std::sort(files.begin(), files.end());
    return files;
  };
  EXPECT_EQ(names(samples, 1), names(samples, 1));
  EXPECT_EQ(names(samples, 1), names(reversed, 1));
  EXPECT_NE(names(samples, 1), names(samples, 2));
}

TEST(SampleBalance, BadRequests) {
  const Samples samples = table_of({{"A", "f"}, {"B", ""}});
  EXPECT_THAT(balance_samples(samples, {"age"}, 1).error().hint, HasSubstr("race, gender"));
  EXPECT_FALSE(balance_samples(samples, {}, 1));
  EXPECT_FALSE(balance_samples(samples, {"race", "race"}, 1));
  EXPECT_FALSE(balance_samples(table_of({{"", ""}}), {"race"}, 1));
}

}  // namespace
}  // namespace dl
