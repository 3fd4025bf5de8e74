// SPDX-License-Identifier: Apache-2.0
// What is refused before work begins.
#include "daylight/cli/refusals.h"

#include <gtest/gtest.h>

#include "daylight/base/digest.h"
#include "support/shared_data.h"

namespace dl::cli {
namespace {

class RefusalsTest : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder_;
  std::filesystem::path table_ = folder_.path() / "samples.csv";
};

TEST_F(RefusalsTest, AnInputIsKnownByAnyOfItsNames) {
  ASSERT_TRUE(write_file_atomic(table_, "file\na.jpg\n"));
  const auto link = folder_.path() / "link.csv";
  const auto second = folder_.path() / "second.csv";
  std::filesystem::create_symlink(table_, link);
  std::filesystem::create_hard_link(table_, second);
  for (const auto& out : {table_, folder_.path() / "." / "samples.csv", link, second}) {
    EXPECT_FALSE(refuse_input_as_out(out, {"absent", table_})) << out;
  }
  EXPECT_FALSE(refuse_input_as_out(folder_.path(), {table_})) << "a folder";
  EXPECT_TRUE(refuse_input_as_out("", {table_}));
  EXPECT_TRUE(refuse_input_as_out(folder_.path() / "new.csv", {table_}));
}

TEST_F(RefusalsTest, AFolderWithFilesIsOnlyFilledWhenToldSo) {
  EXPECT_TRUE(refuse_filled_folder("", false));
  EXPECT_TRUE(refuse_filled_folder(folder_.path() / "new", false));
  EXPECT_TRUE(refuse_filled_folder(folder_.path(), false)) << "empty";
  ASSERT_TRUE(write_file_atomic(table_, "file\n"));
  EXPECT_FALSE(refuse_filled_folder(folder_.path(), false));
  EXPECT_TRUE(refuse_filled_folder(folder_.path(), true));
  EXPECT_FALSE(refuse_filled_folder(table_, true)) << "a file";
}

TEST_F(RefusalsTest, OnlyATableWithItsOwnMetaMayBeReplaced) {
  EXPECT_TRUE(refuse_hand_made_table(table_)) << "nothing is there";
  const std::string text = "file\na.jpg\n";
  ASSERT_TRUE(write_file_atomic(table_, text));
  EXPECT_FALSE(refuse_hand_made_table(table_));
  const Json meta = {{"sha256", sha256_hex(text)}};
  ASSERT_TRUE(write_file_atomic(table_.string() + ".meta.json", dump_json(meta)));
  EXPECT_TRUE(refuse_hand_made_table(table_));
  ASSERT_TRUE(write_file_atomic(table_, text + "b.jpg\n"));
  EXPECT_FALSE(refuse_hand_made_table(table_)) << "changed by hand";
  ASSERT_TRUE(write_file_atomic(table_.string() + ".meta.json", "[]"));
  EXPECT_FALSE(refuse_hand_made_table(table_));
}

TEST_F(RefusalsTest, NamesOfKernelsAndHeads) {
  ReplayFlags replay;
  EXPECT_TRUE(refuse_unknown_kernels(replay));
  replay.compare_kernels = {"none"};
  EXPECT_TRUE(refuse_unknown_kernels(replay));
  replay.resize_kernel = "bogus";
  const auto refused = refuse_unknown_kernels(replay);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().where, "--resize-kernel");
  Pipeline pipeline;
  pipeline.heads.resize(1);
  pipeline.heads[0].name = "age";
  AssessFlags assess;
  assess.targets = {"age=years"};
  EXPECT_TRUE(refuse_unknown_heads(assess, pipeline));
  assess.positive = {"foo=yes"};
  EXPECT_FALSE(refuse_unknown_heads(assess, pipeline));
}

}  // namespace
}  // namespace dl::cli
