// SPDX-License-Identifier: Apache-2.0
// Libraries as Android's linker loads them, and files that no linker should trust.
#include <gmock/gmock.h>

#include <random>

#include "daylight/base/file.h"
#include "guest_fixture.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

class LibraryLoading : public GuestFixture {
 protected:
  Result<GuestLibrary*> open(const std::string& name) {
    start();
    return guest->load(name);
  }
};

TEST_F(LibraryLoading, DependenciesComeFirstAndNearestDefinitionsWin) {
  add("libb.so", R"(
    int order; int started_b;
    __attribute__((constructor)) static void start() { started_b = ++order; }
    int who() { __asm__ volatile(""); return 2; }
    int from_b() { return who() * 10; }
  )",
      "-fsemantic-interposition");
  if (HasFatalFailure()) return;
  // liba.so is linked with it.
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() / "libb.so", as_text(files["libb.so"].bytes)));
  add("liba.so", R"(
    extern int order; int started_a; int from_b();
    __attribute__((constructor)) static void start() { started_a = ++order; }
    int who() { return 1; }
    int ask() { return who() * 100 + from_b(); }
  )",
      "-Wl," + (folder.path() / "libb.so").string());
  const auto opened = open("liba.so");
  ASSERT_TRUE(opened) << describe(opened.error());
  ASSERT_EQ((*opened)->dependencies.size(), 1U);
  const auto variable = [&](const char* name) {
    return *reinterpret_cast<const int*>(*guest->loader().find(name));
  };
  EXPECT_EQ(variable("started_b"), 1);
  EXPECT_EQ(variable("started_a"), 2);
  // Both call the first definition in the order of the search: liba's.
  EXPECT_EQ(value("ask"), 110U);
  EXPECT_EQ(*guest->load("libb.so"), (*opened)->dependencies[0]);
  // Without it: a gap, and its functions are missing when they are called.
  guest.reset();
  files.erase("libb.so");
  ASSERT_TRUE(open("liba.so"));
  EXPECT_THAT(guest->loader().gaps().list(),
              Contains(Field(&FormatGap::why, HasSubstr("libb.so"))));
  EXPECT_THAT(guest->loader().missing(), Contains(Field(&MissingImport::name, "from_b")));
}

TEST_F(LibraryLoading, EveryKindOfRelocationTableGivesTheSame) {
  const std::string text = R"(
    static int values[3] = {1, 2, 3};
    int* pointers[40] = {&values[0], &values[1], &values[2], &values[1], &values[0], &values[2], &values[1]};
    int shared = 4; int* far = &shared;
    static int five() { return 5; }
    int (*functions[3])() = {five, five, five};
    int work() {
      int out = *far;
      for (int i = 0; i < 7; ++i) out = out * 3 + *pointers[i];
      for (int i = 0; i < 3; ++i) out += functions[i]();
      return out;
    }
  )";
  std::optional<std::uint64_t> expected;
  for (const char* const options :
       {"", "-Wl,--pack-dyn-relocs=android",
        "-Wl,--pack-dyn-relocs=relr -Wl,--use-android-relr-tags",
        "-Wl,--pack-dyn-relocs=android+relr -Wl,--use-android-relr-tags", "-Wl,--hash-style=sysv",
        "-Wl,--hash-style=gnu", "-Wl,-z,now -Wl,-z,max-page-size=65536"}) {
    files.clear();
    guest.reset();
    add("libt.so", text, options);
    const auto opened = open("libt.so");
    ASSERT_TRUE(opened) << options << ": " << describe(opened.error());
    const std::uint64_t got = value("work");
    if (!expected) expected = got;
    EXPECT_EQ(got, *expected) << options;
    EXPECT_EQ((*opened)->begin % ((*opened)->size > 0 ? kGuestPage : 1), 0U);
  }
}

TEST_F(LibraryLoading, SegmentsAreProtectedAsTheFileSays) {
  load(R"(
    static const int kConstant[4] = {1, 2, 3, 4}; int data[4] = {1, 2, 3, 4}; int zero[3000];
    const int* constant() { return kConstant; } int* variable() { return data; } int* empty() { return zero; }
    void* code() { return (void*)&code; }
  )");
  const GuestArena& arena = guest->arena();
  EXPECT_EQ(arena.access_at(value("constant")) & 7, kPageRead);
  EXPECT_EQ(arena.access_at(value("variable")) & 7, kPageRead | kPageWrite);
  EXPECT_EQ(arena.access_at(value("code")) & 7, kPageRead | kPageExecute);
  EXPECT_EQ(*reinterpret_cast<const int*>(value("empty") + 2999 * 4), 0);
}

TEST_F(LibraryLoading, ConstructorsRunInOrderAndTheirFaultsAreNamed) {
  load(R"(
    int trail;
    __attribute__((constructor(101))) static void first() { trail = trail * 10 + 1; }
    __attribute__((constructor(102))) static void second() { trail = trail * 10 + 2; }
  )");
  EXPECT_EQ(*reinterpret_cast<const int*>(*guest->loader().find("trail")), 12);
  guest.reset();
  files.clear();
  add("libt.so", "__attribute__((constructor)) static void broken() { *(volatile int*)4 = 1; }");
  const auto opened = open("libt.so");
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().what, HasSubstr("constructor at +0x"));
  EXPECT_THAT(opened.error().what, HasSubstr("writes 0x4"));
  EXPECT_EQ(opened.error().where, "libt.so");
}

TEST_F(LibraryLoading, WrongFilesAreNamedErrors) {
  const auto intel =
      testing::build_native_library("extern \"C\" int f() { return 1; }", testing::kX86_64Android);
  ASSERT_TRUE(intel);
  files["libx.so"] = Content::owned(std::vector<std::uint8_t>(intel->begin(), intel->end()));
  auto opened = open("libx.so");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(opened.error().what, HasSubstr("x86_64"));
  opened = guest->load("libnone.so");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
}

// Whatever stands in the file: an error, or a library whose calls end.
TEST_F(LibraryLoading, DamagedFilesNeverBreakThisProcess) {
  const auto built = testing::build_native_library(R"(
    extern "C" { int other(); int table[6] = {1, 2, 3}; int* ends[4] = {table, table + 1};
      int work() { return table[1] + *ends[0]; } int asks() { return other(); } }
  )",
                                                   testing::kArm64Android, "-Wl,-soname,libt.so");
  ASSERT_TRUE(built);
  std::mt19937_64 random(11);
  int loaded = 0;
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::uint8_t> bytes(built->begin(), built->end());
    for (std::uint64_t i = 0, n = 1 + random() % 6; i < n; ++i) {
      // Headers and tables lie at the beginning.
      const std::size_t at =
          random() % (random() % 2 == 0 ? std::min<std::size_t>(bytes.size(), 1200) : bytes.size());
      if (random() % 4 == 0) {
        const std::uint64_t word = random() % 3 == 0 ? ~std::uint64_t{0} : random();
        for (std::size_t k = 0; k < 8 && at + k < bytes.size(); ++k)
          bytes[at + k] = static_cast<std::uint8_t>(word >> (8 * k));
      } else {
        bytes[at] = static_cast<std::uint8_t>(random());
      }
    }
    if (random() % 10 == 0) bytes.resize(random() % bytes.size());
    files["libt.so"] = Content::owned(std::move(bytes));
    guest.reset();
    const auto opened = open("libt.so");
    opened ? ++loaded : ++refused;
    if (!opened) {
      EXPECT_FALSE(opened.error().what.empty());
    }
  }
  // Both happen, or the test shows nothing.
  EXPECT_GT(loaded, 20);
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace dl::guest
