// SPDX-License-Identifier: Apache-2.0
// C++ exceptions that pass from library to library, with the C++ runtime that apps ship, and what
// their unwinder asks the linker.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "daylight/base/file.h"
#include "daylight/guest/library_files.h"
#include "engine/each_engine.h"
#include "support/shared_data.h"

namespace dl::guest {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRuntime = "libc++_shared.so";

// What all three libraries know of each other. The NDK links a copy of _Unwind_Resume into each
// library; this one goes on by throwing again, so that all unwinding is the runtime's.
constexpr const char* kTypes = R"(
void* __cxa_begin_catch(void*) noexcept; [[noreturn]] void __cxa_rethrow();
[[noreturn]] __attribute__((visibility("hidden"))) void _Unwind_Resume(void* exception) { __cxa_begin_catch(exception); __cxa_rethrow(); }
struct Base { int code; Base(int c) : code(c) {} virtual ~Base() {} };
struct Wrong : Base { long detail; Wrong(int c) : Base(c), detail(c * 2L) {} };
struct Other : Base { Other() : Base(0) {} };
)";

class CxxExceptions : public EachEngine {
 protected:
  // False, and a skip, where the runtime of an app is absent.
  bool prepare() {
    const fs::path archive =
        fs::path(DAYLIGHT_PROJECT_DIR) / "third" / "download" / "pytorch_android_lite-1.12.2.aar";
    if (!fs::exists(archive)) return false;
    const auto opened = LibraryFiles::open(archive.string() + "!" + kRuntime, {}, machine);
    EXPECT_TRUE(opened) << (opened ? "" : describe(opened.error()));
    if (!opened) return false;
    const auto file = opened->find(kRuntime);
    EXPECT_TRUE(file);
    if (!file) return false;
    files[kRuntime] = file->content;
    keep(kRuntime);
    return true;
  }
  // For those that are linked with it.
  void keep(const std::string& name) {
    ASSERT_TRUE(write_file_atomic(folder.path() / name, as_text(files[name].bytes)));
  }
  void add_cxx(const std::string& name, const std::string& text,
               std::initializer_list<const char*> needed) {
    std::string options = "-fexceptions -fcxx-exceptions -frtti -funwind-tables ";
    for (const char* const each : needed) options += " -Wl," + (folder.path() / each).string();
    add(name, kTypes + text, options);
    if (!HasFatalFailure()) keep(name);
  }
  void add_three() {
    add_cxx("liba.so", R"(
      void thrower(int how) {
        if (how == 1) throw Wrong(41);
        if (how == 2) throw 7;
        if (how == 3) throw "a text";
        if (how == 4) throw Other();
      }
    )",
            {kRuntime});
    add_cxx("libb.so", R"(
      void thrower(int how); int destroyed;
      struct Local { ~Local() { ++destroyed; } };
      int between(int how) { Local a; { Local b; thrower(how); } Local c; return 5; }
    )",
            {kRuntime, "liba.so"});
    add_cxx("libt.so", R"(
      int between(int how); extern int destroyed;
      struct Info { unsigned long address; const char* name; const void* headers; unsigned short count; };
      int dl_iterate_phdr(int (*)(Info*, unsigned long, void*), void*);
      int fine() { return 7; }
      int caught(int how) {
        destroyed = 0;
        try { return between(how) * 1000 + destroyed; }
        catch (const Wrong& wrong) { return wrong.code * 10000 + (int)wrong.detail * 10 + destroyed; }
        catch (int number) { return number * 10 + destroyed; }
        catch (const char* text) { return text[2] * 10 + destroyed; }
        catch (const Base&) { return 90 + destroyed; }
      }
      int again(int how) { try { try { return between(how); } catch (...) { throw; } } catch (Base& base) { return base.code; } }
      int often(int n) { int sum = 0; for (int i = 0; i < n; ++i) sum += again(1); return sum; }
      int escapes() { return between(2); }
      struct Out { unsigned long count; unsigned long words[4 * 32]; };
      static int note(Info* info, unsigned long size, void* to) { Out* out = (Out*)to; if (out->count >= 32 || size < 64) return 1;
        unsigned long* w = out->words + 4 * out->count++; w[0] = info->address; w[1] = (unsigned long)info->name; w[2] = (unsigned long)info->headers; w[3] = info->count; return 0; }
      int loaded(Out* out) { return dl_iterate_phdr(note, out); }
      static int stop(Info*, unsigned long, void*) { return 23; }
      int stopped() { return dl_iterate_phdr(stop, 0); }
    )",
            {kRuntime, "libb.so", "liba.so"});
  }
  bool load_three() {
    if (!prepare()) return false;
    add_three();
    if (HasFatalFailure()) return false;
    start();
    const auto opened = guest->load("libt.so");
    EXPECT_TRUE(opened) << (opened ? "" : describe(opened.error()));
    return opened.has_value();
  }
  // In the parent, where a skip is seen.
  void run_where_present() {
    machine = GetParam();
    if (!fs::exists(fs::path(DAYLIGHT_PROJECT_DIR) / "third" / "download" /
                    "pytorch_android_lite-1.12.2.aar"))
      GTEST_SKIP() << "the AAR of PyTorch Mobile is absent: tools/bootstrap.sh third --guests";
    run();
  }

  testing::TemporaryFolder folder;
};

class ExceptionsPass : public CxxExceptions {
 protected:
  void body() override;
};
TEST_P(ExceptionsPass, ThroughLibraries) { run_where_present(); }
INSTANTIATE_TEST_SUITE_P(Engine, ExceptionsPass,
                         ::testing::Values(ElfMachine::kArm64, ElfMachine::kX86_64),
                         name_of_engine);
void ExceptionsPass::body() {
  ASSERT_TRUE(load_three());
  EXPECT_EQ(value("caught", {0}), 5003U);
  EXPECT_EQ(value("caught", {1}), 41U * 10000 + 820 + 2);
  EXPECT_EQ(value("caught", {2}), 72U);
  EXPECT_EQ(value("caught", {3}), 't' * 10U + 2);
  EXPECT_EQ(value("caught", {4}), 92U);
  EXPECT_EQ(value("again", {1}), 41U);
  EXPECT_EQ(value("often", {200}), 8200U);
  // Nobody catches it: the runtime ends the process, and the guest can still be used.
  expect_fault("escapes", {}, GuestFault::Kind::kAbort, "");
  EXPECT_EQ(value("caught", {2}), 72U);
}

class LinkerAnswers : public CxxExceptions {
 protected:
  void body() override;
};
TEST_P(LinkerAnswers, WhatUnwindersAsk) { run_where_present(); }
INSTANTIATE_TEST_SUITE_P(Engine, LinkerAnswers,
                         ::testing::Values(ElfMachine::kArm64, ElfMachine::kX86_64),
                         name_of_engine);
void LinkerAnswers::body() {
  ASSERT_TRUE(load_three());
  const std::uint64_t to = guest->machine().heap.allocate(8 + 32 * 32, 16, true);
  EXPECT_EQ(value("loaded", {to}), 0U);
  EXPECT_EQ(value("stopped"), 23U);
  const auto* const words = reinterpret_cast<const std::uint64_t*>(to);
  const auto& libraries = guest->loader().libraries();
  ASSERT_EQ(words[0], libraries.size());
  ASSERT_EQ(libraries.size(), 4U);
  for (std::size_t i = 0; i < libraries.size(); ++i) {
    const GuestLibrary& library = *libraries[i];
    const std::uint64_t* const seen = words + 1 + 4 * i;
    EXPECT_EQ(seen[0], library.bias);
    EXPECT_EQ(guest->arena().text(seen[1]), library.path);
    EXPECT_EQ(seen[3] & 0xffffU, library.elf.segments().size());
    // The headers are those of the file.
    std::uint64_t table = 0;
    std::memcpy(&table, library.content.bytes.data() + 32, 8);
    const std::size_t size = library.elf.segments().size() * 56;
    const auto headers = guest->arena().bytes(seen[2], size);
    ASSERT_TRUE(headers) << library.name;
    EXPECT_EQ(as_text(*headers), as_text(library.content.bytes.subspan(table, size)));
  }
}

}  // namespace
}  // namespace dl::guest
