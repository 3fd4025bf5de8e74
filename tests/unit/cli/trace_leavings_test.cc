// SPDX-License-Identifier: Apache-2.0
// What a hostile process leaves in the folder of a trace goes; what a run makes stays.
#include "daylight/cli/trace_leavings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include "support/shared_data.h"

namespace dl::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TraceLeavings : public ::testing::Test {
 protected:
  TraceLeavings() { fs::create_directory(out); }

  void put(const std::string& path, const std::string& content = "x") const {
    fs::create_directories((out / path).parent_path());
    std::ofstream(out / path) << content;
  }
  bool has(const std::string& path) const { return fs::exists(fs::symlink_status(out / path)); }

  testing::TemporaryFolder folder;
  fs::path out = folder.path() / "out";
};

TEST_F(TraceLeavings, KeepsWhatARunMakes) {
  const std::vector<std::string> ours = {
      "trace/trace.json",         "trace/events-000000.dlt",        "trace/blobs/pack-000001.dlb",
      "trace/blobs/index.dli",    "models/model-1.tflite",          "models/model-12.bin",
      "files/app-data/cache/a b", "files/sdcard/trace.json/.hidden"};
  for (const std::string& path : ours) put(path);
  EXPECT_THAT(clear_leavings(out), IsEmpty());
  for (const std::string& path : ours) EXPECT_TRUE(has(path)) << path;
}

TEST_F(TraceLeavings, TakesOtherNamesAway) {
  const std::vector<std::string> others = {
      "other",           "trace.json",       "trace/forged.txt",       "trace/events-1.dlt",
      "trace/more/x",    "trace/blobs/y",    "models/model-.tflite",   "models/model-1",
      "models/x.tflite", "models/sub/x",     "models/model-1.tf lite", "files/x",
      "files/other/x",   "trace/blobs/sub/x"};
  for (const std::string& path : others) put(path);
  put("trace/trace.json");
  const auto told = clear_leavings(out);
  for (const std::string& path : others) EXPECT_FALSE(has(path)) << path;
  EXPECT_TRUE(has("trace/trace.json"));
  EXPECT_THAT(told, SizeIs(others.size()));
  EXPECT_THAT(told, Contains("trace/forged.txt is a file that no run makes: taken away"));
  EXPECT_THAT(told, Contains("files/other is a folder that no run makes: taken away"));
}

TEST_F(TraceLeavings, KnowsWhatAnEndLeftHalfWritten) {
  put("trace/blobs/index.dli.tmp2", "DL");
  put("files/app-data/index.dli.tmp2");
  EXPECT_THAT(clear_leavings(out),
              ElementsAre("trace/blobs/index.dli.tmp2 is half written: taken away"));
  EXPECT_FALSE(has("trace/blobs/index.dli.tmp2"));
  EXPECT_TRUE(has("files/app-data/index.dli.tmp2"));
}

// Of links the link goes, not what it leads to.
TEST_F(TraceLeavings, TakesLinksAndPipesAway) {
  std::ofstream(folder.path() / "kept") << "kept";
  fs::create_directory(folder.path() / "others");
  std::ofstream(folder.path() / "others/kept") << "kept";
  put("trace/trace.json");
  put("files/app-data/x");
  fs::create_symlink("../others", out / "models");
  fs::create_symlink("../../kept", out / "trace/events-000000.dlt");
  fs::create_symlink("/etc/passwd", out / "files/app-data/y");
  fs::create_symlink("absent", out / "files/app-data/z");
  ASSERT_EQ(::mkfifo((out / "files/app-data/pipe").c_str(), 0600), 0);
  EXPECT_THAT(clear_leavings(out),
              ElementsAre("files/app-data/pipe is a pipe: taken away",
                          "files/app-data/y is a link: taken away",
                          "files/app-data/z is a link: taken away", "models is a link: taken away",
                          "trace/events-000000.dlt is a link: taken away"));
  EXPECT_FALSE(has("models"));
  EXPECT_FALSE(has("files/app-data/y"));
  EXPECT_TRUE(has("files/app-data/x"));
  EXPECT_TRUE(fs::exists(folder.path() / "kept"));
  EXPECT_TRUE(fs::exists(folder.path() / "others/kept"));
}

TEST_F(TraceLeavings, LeavesNothingThatRunsAsItsOwner) {
  put("files/app-data/x");
  put("files/app-data/closed/y");
  fs::permissions(out / "files/app-data/x", fs::perms::set_uid | fs::perms::owner_all);
  fs::permissions(out / "files/app-data/closed", fs::perms::none);
  EXPECT_THAT(clear_leavings(out), IsEmpty());
  EXPECT_EQ(fs::status(out / "files/app-data/x").permissions(), fs::perms::owner_all);
  EXPECT_TRUE(has("files/app-data/closed/y"));
}

TEST_F(TraceLeavings, HasBounds) {
  std::string deep = "files/app-data";
  for (std::size_t i = 0; i < kMaxLeavingsDepth; ++i) deep += "/d";
  put(deep + "/x");
  for (std::size_t i = 0; i < kMaxToldLeavings + 5; ++i) put("trace/more-" + std::to_string(i));
  const auto told = clear_leavings(out);
  EXPECT_THAT(told, SizeIs(kMaxToldLeavings + 1));
  EXPECT_EQ(told.back(), "and 6 more");
  EXPECT_FALSE(has(deep + "/x"));
  EXPECT_FALSE(has("trace/more-104"));
}

TEST_F(TraceLeavings, FilesOfTheAnswerAreThere) {
  put("models/model-1.tflite");
  put("trace/trace.json");
  put("files/app-data/x");
  fs::create_directory(out / "files/app-data/folder");
  EXPECT_TRUE(is_traced_model(out, "models/model-1.tflite"));
  for (const char* const path : {"", "models/model-2.tflite", "models/../trace/trace.json",
                                 "trace/trace.json", "/etc/passwd", "models/"})
    EXPECT_FALSE(is_traced_model(out, path)) << path;
  EXPECT_TRUE(is_written_file(out, "app-data/x"));
  for (const char* const path : {"", "app-data", "app-data/folder", "../trace/trace.json",
                                 "app-data/../../trace/trace.json", "/etc/passwd", "app-data/x/"})
    EXPECT_FALSE(is_written_file(out, path)) << path;
}

TEST_F(TraceLeavings, AnswersLoseWhatIsNotThere) {
  put("models/model-1.tflite");
  put("files/app-data/x");
  const auto model = [](const char* path) {
    return Json{{"format", "tflite"}, {"sha256", ""},     {"size", 1},
                {"where", "after"},   {"in_file", false}, {"path", path}};
  };
  const Json message = {
      {"library", "libx.so"},
      {"nans_may_differ", false},
      {"models", {model("models/model-1.tflite"), model("../../etc/passwd")}},
      {"gaps", Json::array()},
      {"files",
       {{"written", {{{"path", "app-data/x"}, {"size", 1}}, {{"path", "../../y"}, {"size", 1}}}},
        {"removed", Json::array()}}},
      {"events", 1},
      {"calls", 1},
      {"lost_events", 0}};
  auto answer = CheckedAnswer::read(AnswerKind::kTrace, dump_json(message), false);
  ASSERT_TRUE(answer) << describe(answer.error());
  settle_with_folder(*answer, out, {"models/x is a link: taken away"});
  const Json& json = answer->json();
  EXPECT_EQ(json["models"][0]["path"], "models/model-1.tflite");
  EXPECT_FALSE(json["models"][1].contains("path"));
  EXPECT_EQ(json["files"]["written"], Json::parse(R"([{"path": "app-data/x", "size": 1}])"));
  std::vector<std::string> gaps;
  for (const Json& gap : json["gaps"]) gaps.push_back(gap["why"]);
  EXPECT_THAT(gaps, ElementsAre("models/x is a link: taken away",
                                "../../etc/passwd is said to be there, and is not",
                                "files/../../y is said to be there, and is not"));
}

}  // namespace
}  // namespace dl::cli
