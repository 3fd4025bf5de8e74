// SPDX-License-Identifier: Apache-2.0
// Rows of native methods that code builds, in libraries made here from text.
#include "daylight/program/native_code/native_built_tables.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daylight/program/native_code/native_code.h"
#include "support/native_library.h"

namespace dl::program {
namespace {

struct Machine {
  const char* target;
  const char* level;
};

class BuiltTablesOn : public ::testing::TestWithParam<Machine> {
 protected:
  void SetUp() override {
    if (!testing::can_build_native_libraries()) GTEST_SKIP() << "clang-14 or lld-14 is absent here";
  }
  // "name signature" of each row that code builds, in order of both.
  std::vector<std::string> rows_of(const std::string& text) {
    const auto bytes = testing::build_native_library(text, GetParam().target,
                                                     std::string("-Wl,-s ") + GetParam().level);
    EXPECT_TRUE(bytes);
    if (!bytes) return {};
    const auto elf = ElfFile::parse(as_bytes(*bytes), "liba.so");
    EXPECT_TRUE(elf);
    const auto code = NativeCode::read(*elf, "liba.so");
    EXPECT_TRUE(code);
    if (!code) return {};
    std::vector<std::string> out;
    for (const RegisteredNative& row : read_built_natives(
             *elf, (*code)->pointers(), (*code)->functions(), (*code)->references())) {
      EXPECT_NE(row.registrar, kNoFunction);
      EXPECT_NE(row.function, row.registrar);
      out.push_back(std::string(row.name) + " " + std::string(row.signature));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
};

// A helper that makes one row of its arguments, as fbjni has it.
TEST_P(BuiltTablesOn, RowsThatAreHandedToAHelper) {
  const auto rows = rows_of(R"(
static int run(void*, void*, int x) { return x * 3; }
static int load(void*, void*, void*) { return 7; }
extern "C" void make_native(const char*, const char*, void*);
extern "C" int JNI_OnLoad(void*, void*) {
  make_native("run", "(I)I", (void*)run);
  make_native("load", "(Ljava/lang/String;)I", (void*)load);
  return 0x10006;
}
)");
  EXPECT_EQ(rows, (std::vector<std::string>{"load (Ljava/lang/String;)I", "run (I)I"}));
}

// An array on the stack whose words are stored one by one.
TEST_P(BuiltTablesOn, ARowOnTheStack) {
  const auto rows = rows_of(R"(
struct Row { const char* name; const char* signature; void* function; };
static int run(void*, void*, int x) { return x * 3; }
extern "C" int register_natives(void*, const Row*, int);
extern "C" int JNI_OnLoad(void* vm, void*) {
  volatile Row row;
  row.name = "run";
  row.signature = "(I)I";
  row.function = (void*)run;
  return register_natives(vm, (const Row*)&row, 1);
}
)");
  EXPECT_EQ(rows, (std::vector<std::string>{"run (I)I"}));
}

TEST_P(BuiltTablesOn, OtherTextsBesideAFunctionAreNoRow) {
  const auto rows = rows_of(R"(
static int run(void*, void*, int x) { return x * 3; }
extern "C" void hand_over(const char*, const char*, void*);
extern "C" int start() {
  hand_over("run", "(no signature",
                            (void*)run);
  hand_over("not a name", "(I)I", (void*)run);
  return 1;
}
)");
  EXPECT_TRUE(rows.empty());
}

INSTANTIATE_TEST_SUITE_P(Machines, BuiltTablesOn,
                         ::testing::Values(Machine{testing::kArm64Android, "-O0"},
                                           Machine{testing::kArm64Android, "-O2"},
                                           Machine{testing::kX86_64Android, "-O0"},
                                           Machine{testing::kX86_64Android, "-O2"}));

}  // namespace
}  // namespace dl::program
