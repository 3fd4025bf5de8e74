// SPDX-License-Identifier: Apache-2.0
// A case folder: lock, journal, and when an artifact counts as up to date.
#include "daylight/cli/case_folder.h"

#include <gtest/gtest.h>

#include "daylight/base/digest.h"
#include "support/shared_data.h"

namespace dl::cli {
namespace {

Provenance made_from(const std::string& digest) {
  Provenance provenance;
  provenance.inputs = {{"app", "x.apk", digest}};
  return provenance;
}

class CaseFolderTest : public ::testing::Test {
 protected:
  testing::TemporaryFolder parent_;
  std::filesystem::path path_ = parent_.path() / "case";
};

TEST_F(CaseFolderTest, OneRunAtATime) {
  {
    const auto first = CaseFolder::open(path_);
    ASSERT_TRUE(first);
    const auto second = CaseFolder::open(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  }
  EXPECT_TRUE(CaseFolder::open(path_));
}

TEST_F(CaseFolderTest, AFolderWithOtherFilesIsNoCase) {
  ASSERT_TRUE(write_file_atomic(parent_.path() / "holiday.txt", "x"));
  EXPECT_FALSE(CaseFolder::open(parent_.path()));
  std::filesystem::create_directory(path_);
  std::filesystem::permissions(path_, std::filesystem::perms(0755));
  ASSERT_TRUE(CaseFolder::open(path_));
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0700));
}

TEST_F(CaseFolderTest, AFolderWithATableOfSamplesBecomesACase) {
  std::filesystem::create_directory(path_);
  ASSERT_TRUE(write_file_atomic(path_ / "samples.csv", "file\na.jpg\n"));
  ASSERT_TRUE(write_file_atomic(path_ / "samples.csv.meta.json", "{}"));
  ASSERT_TRUE(write_file_atomic(path_ / "other.csv", "x"));
  EXPECT_FALSE(CaseFolder::open(path_));
  std::filesystem::remove(path_ / "other.csv");
  EXPECT_TRUE(CaseFolder::open(path_));
}

TEST_F(CaseFolderTest, AnArtifactIsCurrentOnlyWithTheSameProvenance) {
  const auto folder = CaseFolder::open(path_);
  ASSERT_TRUE(folder);
  const Provenance one = made_from(std::string(64, '1'));
  const Provenance two = made_from(std::string(64, '2'));
  EXPECT_FALSE(folder->is_current("pipeline.json", "pipeline", one));
  ASSERT_TRUE(folder->write_json("pipeline.json", artifact_head("pipeline", one)));
  EXPECT_TRUE(folder->is_current("pipeline.json", "pipeline", one));
  EXPECT_FALSE(folder->is_current("pipeline.json", "pipeline", two));
  EXPECT_FALSE(folder->is_current("pipeline.json", "inventory", one));
  ASSERT_TRUE(write_file_atomic(folder->file("pipeline.json"), "{\"schema\": "));
  EXPECT_FALSE(folder->is_current("pipeline.json", "pipeline", one)) << "a torn file is made again";
}

TEST_F(CaseFolderTest, ATableIsCurrentOnlyWithItsOwnBytes) {
  const auto folder = CaseFolder::open(path_);
  ASSERT_TRUE(folder);
  const Provenance provenance = made_from(std::string(64, '1'));
  Json meta = artifact_head("predictions", provenance);
  meta["sha256"] = sha256_hex(std::string_view("a\n"));
  ASSERT_TRUE(write_file_atomic(folder->file("p.csv"), "a\n"));
  ASSERT_TRUE(folder->write_json("p.csv.meta.json", meta));
  EXPECT_TRUE(folder->is_current_with_meta("p.csv", "predictions", provenance));
  ASSERT_TRUE(write_file_atomic(folder->file("p.csv"), "b\n"));
  EXPECT_FALSE(folder->is_current_with_meta("p.csv", "predictions", provenance));
}

TEST_F(CaseFolderTest, TheJournalIsAppendedTo) {
  const auto folder = CaseFolder::open(path_);
  ASSERT_TRUE(folder);
  ASSERT_TRUE(folder->journal("detect", "done", {{"n", 1}}));
  ASSERT_TRUE(folder->journal("plan", "done"));
  const auto text = read_file(folder->file(kJournalFile));
  ASSERT_TRUE(text);
  EXPECT_EQ(std::count(text->begin(), text->end(), '\n'), 2);
  const auto first = parse_json(text->substr(0, text->find('\n')), "journal");
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)["stage"], "detect");
  EXPECT_EQ((*first)["details"]["n"], 1);
}

}  // namespace
}  // namespace dl::cli
