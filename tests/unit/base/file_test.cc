// SPDX-License-Identifier: Apache-2.0
// Files: what is refused, what is atomic, who holds a lock.
#include "daylight/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "daylight/base/digest.h"
#include "support/shared_data.h"

namespace dl {
namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0;
}

TEST(MappedFile, SaysWhatIsWrong) {
  const testing::TemporaryFolder folder;
  const auto missing = MappedFile::open(folder.path() / "absent");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  const auto directory = MappedFile::open(folder.path());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(directory.error().what.find("folder"), std::string::npos);
  const auto device = MappedFile::open("/dev/null");
  ASSERT_FALSE(device);
}

TEST(MappedFile, WhatWasReleasedCanBeReadAgain) {
  const testing::TemporaryFolder folder;
  std::string content;
  for (std::uint64_t i = 0; content.size() < (std::size_t{9} << 20); ++i)
    content += std::to_string(i * i);
  std::ofstream(folder.path() / "large", std::ios::binary) << content;
  const auto file = MappedFile::open(folder.path() / "large");
  ASSERT_TRUE(file);
  EXPECT_EQ(sha256_of_mapped(*file), sha256_hex(content));
  file->release(file->bytes().subspan(5, 3 << 20));
  file->release(file->bytes());
  EXPECT_EQ(as_text(file->bytes()), content);
}

// Memory that is no part of the file would lose what was written to it.
TEST(MappedFile, OnlyItsOwnBytesAreReleased) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "one", std::ios::binary) << std::string(1 << 16, 'a');
  const auto file = MappedFile::open(folder.path() / "one");
  ASSERT_TRUE(file);
  const std::string other(1 << 20, 'b');
  file->release(as_bytes(other));
  file->release({});
  EXPECT_EQ(other, std::string(1 << 20, 'b'));
}

TEST(MappedFile, EmptyFileIsAnEmptySpan) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "empty");
  const auto mapped = MappedFile::open(folder.path() / "empty");
  ASSERT_TRUE(mapped);
  EXPECT_TRUE(mapped->bytes().empty());
}

TEST(WriteFileAtomic, ReplacesWholeAndPrivately) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "a.json";
  ASSERT_TRUE(write_file_atomic(path, "first, which is longer"));
  ASSERT_TRUE(write_file_atomic(path, "second"));
  EXPECT_EQ(*read_file(path), "second");
  EXPECT_EQ(mode_of(path), 0600U);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path()))
    ++files;
  EXPECT_EQ(files, 1U) << "a temporary file was left behind";
}

TEST(WriteFileAtomic, FailsWithoutTouchingTheOldFile) {
  const testing::TemporaryFolder folder;
  EXPECT_FALSE(write_file_atomic(folder.path() / "no" / "such" / "folder", "x"));
}

TEST(ReadFile, ObeysItsLimit) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() / "f", "12345"));
  EXPECT_TRUE(read_file(folder.path() / "f", 5));
  const auto over = read_file(folder.path() / "f", 4);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kLimit);
}

TEST(MakePrivateFolder, HasMode0700) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(make_private_folder(folder.path() / "a" / "case"));
  EXPECT_EQ(mode_of(folder.path() / "a" / "case"), 0700U);
  ASSERT_TRUE(write_file_atomic(folder.path() / "file", ""));
  EXPECT_FALSE(make_private_folder(folder.path() / "file"));
}

TEST(FileLock, SecondHolderIsRefusedAndNamesTheFirst) {
  const testing::TemporaryFolder folder;
  {
    const auto first = FileLock::acquire(folder.path() / "lock");
    ASSERT_TRUE(first);
    const auto second = FileLock::acquire(folder.path() / "lock");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kBusy);
    EXPECT_NE(second.error().what.find(std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_TRUE(FileLock::acquire(folder.path() / "lock"));
}

}  // namespace
}  // namespace dl
