// SPDX-License-Identifier: Apache-2.0
// Which files of a folder or an archive are libraries for a guest.
#include "daylight/guest/library_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "daylight/base/bytes.h"
#include "support/native_library.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl::guest {
namespace {

namespace fs = std::filesystem;

class LibraryFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto built = testing::build_native_library("extern \"C\" int f() { return 1; }",
                                                     testing::kX86_64Android);
    if (!built) GTEST_SKIP() << "clang-14 or lld-14 is absent";
    library = *built;
  }
  void put(const fs::path& path, const std::string& content) const {
    fs::create_directories((folder.path() / path).parent_path());
    std::ofstream(folder.path() / path, std::ios::binary) << content;
  }
  Result<LibraryFiles> open(const std::string& name, const std::string& deps = "") const {
    return LibraryFiles::open((folder.path() / name).string(),
                              deps.empty() ? fs::path() : folder.path() / deps);
  }
  // The content of the file that a guest gets; nothing where it gets none.
  static std::optional<std::string> content(const LibraryFiles& files, const std::string& name) {
    const auto found = files.find(name);
    if (!found) return std::nullopt;
    return std::string(as_text(found->content.bytes));
  }

  testing::TemporaryFolder folder;
  std::string library;
};

TEST_F(LibraryFolder, HasLibrariesOnly) {
  put("app/libx.so", library);
  put("app/liby.so", "y");
  put("app/notes.txt", "secret");
  put("app/own.so", "own");
  put("app/sub/libz.so", "z");
  put("libabove.so", "above");
  fs::create_directory(folder.path() / "app/libfolder.so");
  const auto files = open("app/libx.so");
  ASSERT_TRUE(files) << describe(files.error());
  EXPECT_EQ(files->name(), "libx.so");
  EXPECT_EQ(content(*files, "libx.so"), library);
  EXPECT_EQ(content(*files, "liby.so"), "y");
  for (const char* const name : {"notes.txt", "own.so", "libz.so", "sub/libz.so", "libabove.so",
                                 "../libabove.so", "libfolder.so", "", ".", ".."})
    EXPECT_EQ(content(*files, name), std::nullopt) << name;
}

// A folder that came out of a stranger's archive may hold links to anything.
TEST_F(LibraryFolder, FollowsNoLinkThatLeadsOut) {
  put("secret", "secret");
  put("app/libx.so", library);
  put("app/liby.so.1", "y");
  fs::create_symlink("../secret", folder.path() / "app/libout.so");
  fs::create_symlink("liby.so.1", folder.path() / "app/liby.so");
  fs::create_symlink("absent", folder.path() / "app/libabsent.so");
  const auto files = open("app/libx.so");
  ASSERT_TRUE(files) << describe(files.error());
  EXPECT_EQ(content(*files, "libout.so"), std::nullopt);
  EXPECT_EQ(content(*files, "libabsent.so"), std::nullopt);
  EXPECT_EQ(content(*files, "liby.so"), "y");
}

// They are used where no folder is to be seen.
TEST_F(LibraryFolder, IsOpenFromTheBeginning) {
  put("app/libx.so", library);
  put("app/liby.so", "y");
  const auto files = open("app/libx.so");
  ASSERT_TRUE(files) << describe(files.error());
  fs::remove_all(folder.path() / "app");
  EXPECT_EQ(content(*files, "libx.so"), library);
  EXPECT_EQ(content(*files, "liby.so"), "y");
}

TEST_F(LibraryFolder, IsTheUsersChoiceForTheLibraryItself) {
  put("elsewhere/real", library);
  put("app/liby.so", "y");
  fs::create_symlink("../elsewhere/real", folder.path() / "app/own");
  const auto files = open("app/own");
  ASSERT_TRUE(files) << describe(files.error());
  EXPECT_EQ(files->name(), "own");
  EXPECT_EQ(content(*files, "own"), library);
  EXPECT_EQ(content(*files, "liby.so"), "y");
}

TEST_F(LibraryFolder, ComesBeforeTheFurtherOne) {
  put("app/libx.so", library);
  put("app/liby.so", "y");
  put("deps/liby.so", "other");
  put("deps/libz.so", "z");
  const auto files = open("app/libx.so", "deps");
  ASSERT_TRUE(files) << describe(files.error());
  EXPECT_EQ(content(*files, "liby.so"), "y");
  EXPECT_EQ(content(*files, "libz.so"), "z");
}

TEST_F(LibraryFolder, SaysWhatIsWrongWithTheFurtherOne) {
  put("libx.so", library);
  const auto absent = open("libx.so", "absent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
  const auto file = open("libx.so", "libx.so");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().what, "is no folder");
}

TEST_F(LibraryFolder, HasABound) {
  put("libx.so", library);
  for (std::size_t i = 0; i < kMaxFolderLibraries; ++i)
    put("many/lib" + std::to_string(i) + ".so", "");
  EXPECT_TRUE(open("libx.so", "many"));
  put("many/libmore.so", "");
  const auto files = open("libx.so", "many");
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, ErrorCode::kLimit);
}

// What an archive has only for other processors is said of that library, not of others.
TEST_F(LibraryFolder, SaysWhyAnArchiveHasNone) {
  put("app.apk", testing::build_zip({{"lib/armeabi-v7a/libnarrow.so", "x"},
                                     {"lib/x86/libnarrow.so", "x"},
                                     {"lib/arm64-v8a/libboth.so", "x"},
                                     {"lib/armeabi-v7a/libboth.so", "x"},
                                     {"assets/armeabi.txt", "x"}})
                     .bytes);
  const auto code_of = [&](const std::string& name) {
    const auto files = open("app.apk!" + name);
    EXPECT_FALSE(files) << name;
    return files ? ErrorCode::kBusy : files.error().code;
  };
  EXPECT_EQ(code_of("libnarrow.so"), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of("libabsent.so"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of("armeabi.txt"), ErrorCode::kNotFound);
  const auto host = LibraryFiles::open((folder.path() / "app.apk").string() + "!libboth.so", {},
                                       ElfMachine::kX86_64);
  ASSERT_FALSE(host);
  EXPECT_EQ(host.error().what, "has no such library for x86_64");
}

}  // namespace
}  // namespace dl::guest
