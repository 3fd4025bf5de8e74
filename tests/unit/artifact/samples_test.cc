// SPDX-License-Identifier: Apache-2.0
// samples.csv: what is accepted, and what a wrong table is told.
#include "daylight/artifact/samples.h"

#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl {
namespace {

class SamplesTest : public ::testing::Test {
 protected:
  Result<Samples> read(const std::string& text) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / "samples.csv", text));
    return read_samples(folder_.path() / "samples.csv");
  }
  testing::TemporaryFolder folder_;
};

TEST_F(SamplesTest, AttributesAndReservedColumns) {
  const auto samples =
      read("file,age,race,source,weight,sha256\na.jpg,20-29, Black ,web,2,\nb.jpg,,White,web,,\n");
  ASSERT_TRUE(samples) << describe(samples.error());
  EXPECT_EQ(samples->attributes, (std::vector<std::string>{"age", "race"}));
  EXPECT_EQ(samples->rows[0].values[1], "Black");
  EXPECT_EQ(samples->rows[0].weight, 2.0);
  EXPECT_EQ(samples->rows[1].values[0], "");
  EXPECT_EQ(samples->reserved.at("source")[1], "web");
}

TEST_F(SamplesTest, EveryRefusalSaysWhatWhereAndWhatToDo) {
  for (const char* text : {"", "file\n", "picture,age\na.jpg,3\n", "file,age\na.jpg,1\na.jpg,2\n",
                           "file\n/etc/passwd\n", "file\n../x.jpg\n", "file\n\"\"\n"}) {
    const auto samples = read(text);
    ASSERT_FALSE(samples) << text;
    EXPECT_NE(samples.error().where.find("samples.csv"), std::string::npos) << text;
    EXPECT_FALSE(samples.error().what.empty());
  }
  const auto missing = read("picture,age\na.jpg,3\n");
  EXPECT_NE(missing.error().what.find("'file'"), std::string::npos);
  EXPECT_FALSE(missing.error().hint.empty());
  EXPECT_NE(read("file,weight\na.jpg,-1\n").error().where.find(":2"), std::string::npos);
}

// A table may leave its folder only for a picture whose digest it knows.
TEST_F(SamplesTest, FilesOutsideOfTheFolderNeedADigest) {
  const std::string digest(64, 'a');
  const auto samples = read("file,sha256\n../../set/x.jpg," + digest + "\ny.jpg,\n");
  ASSERT_TRUE(samples) << describe(samples.error());
  EXPECT_EQ(samples->rows[0].file, "../../set/x.jpg");
  for (const std::string& row :
       {std::string("../x.jpg,"), "../x.jpg," + digest.substr(1), "../x.jpg,g" + digest.substr(1),
        "a/../x.jpg," + digest, "../a/../../x.jpg," + digest, "..," + digest, "../," + digest,
        "../..," + digest, "/x.jpg," + digest, "\"a\nb\"," + digest}) {
    const auto refused = read("file,sha256\n" + row + "\n");
    ASSERT_FALSE(refused) << row;
    EXPECT_NE(refused.error().where.find(":2"), std::string::npos) << row;
    EXPECT_FALSE(refused.error().hint.empty()) << row;
  }
}

TEST_F(SamplesTest, WritesWhatItReads) {
  const std::string text =
      "file,age,race,source,weight,sha256\na.jpg,3,x,s,2,00\nb.jpg,4,y,t,1,11\n";
  const auto samples = read(text);
  ASSERT_TRUE(samples);
  EXPECT_EQ(dump_samples(*samples), text);
}

TEST_F(SamplesTest, DigestDependsOnFilesAndPictures) {
  const auto a = read("file,age,sha256\na.jpg,3,00\n");
  const auto b = read("file,age,sha256\na.jpg,4,00\n");
  const auto c = read("file,age,sha256\na.jpg,3,01\n");
  EXPECT_EQ(samples_digest(*a), samples_digest(*b));
  EXPECT_NE(samples_digest(*a), samples_digest(*c));
}

}  // namespace
}  // namespace dl
