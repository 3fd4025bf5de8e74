// SPDX-License-Identifier: Apache-2.0
// Files that appear whole or not at all.
#include "daylight/capture/view/exported_file.h"

#include <gtest/gtest.h>

#include "sample_trace.h"

namespace dl::capture {
namespace {

using testing::bytes_of;
using testing::TemporaryFolder;

std::size_t files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(ExportedFile, ReplacesAnOlderOneOnlyWhenItIsWhole) {
  const TemporaryFolder temporary;
  const auto path = temporary.path() / "out";
  testing::overwrite(path, "older");
  const std::string piece(700'000, 'x');
  {
    auto given_up = ExportedFile::create(path);
    ASSERT_TRUE(given_up);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(given_up->write(piece));
  }
  EXPECT_EQ(bytes_of(path), "older");
  EXPECT_EQ(files_in(temporary.path()), 1U);
  auto file = ExportedFile::create(path);
  ASSERT_TRUE(file);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(file->write(piece));
  ASSERT_TRUE(file->finish());
  EXPECT_EQ(bytes_of(path), piece + piece + piece);
  EXPECT_EQ(files_in(temporary.path()), 1U);
}

TEST(ExportedFile, SaysWhyItCannotBeWritten) {
  const auto file = ExportedFile::create("/no/such/folder/out");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kIo);
  EXPECT_NE(file.error().what.find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace dl::capture
