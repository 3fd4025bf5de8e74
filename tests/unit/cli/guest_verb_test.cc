// SPDX-License-Identifier: Apache-2.0
// The verbs on x86-64 libraries that attack what runs them: the program that the user started goes
// on, believes nothing and says what happened.
#include "daylight/cli/guest_verb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/native_library.h"
#include "support/shared_data.h"

namespace dl::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// What libraries have instead of a libc of their own.
constexpr const char* kSystemCalls = R"(
typedef unsigned long size_t;
static long system_call(long n, long a, long b, long c, long d = 0) {
  long answer;
  register long fourth asm("r10") = d;
  asm volatile("syscall" : "=a"(answer) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
  return answer;
}
// One frame with `text` to every descriptor that there may be.
static void forge(const char* text) {
  static struct { unsigned size; char bytes[4096]; } frame;
  while (text[frame.size] != 0) { frame.bytes[frame.size] = text[frame.size]; ++frame.size; }
  for (int file = 3; file < 1024; ++file) system_call(1, file, (long)&frame, 4 + frame.size);
}
)";

class GuestVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::can_build_native_libraries()) GTEST_SKIP() << "clang-14 or lld-14 is absent";
  }

  // Builds libt.so for this machine.
  void build(const std::string& text) {
    const auto bytes =
        testing::build_native_library("extern \"C\" {\n" + std::string(kSystemCalls) + text + "\n}",
                                      testing::kX86_64Android, "-Wl,-soname,libt.so -fno-builtin");
    ASSERT_TRUE(bytes) << "the compiler refuses the library";
    flags.library = (folder.path() / "libt.so").string();
    std::ofstream(flags.library, std::ios::binary) << *bytes;
  }
  // Runs a verb; what it prints is kept.
  Result<ExitCode> run(const std::string& verb) {
    ::testing::internal::CaptureStdout();
    auto done = run_guest_verb("guest " + verb, flags, terminal);
    printed = ::testing::internal::GetCapturedStdout();
    return done;
  }
  static bool no_sandbox(const Result<ExitCode>& done) {
    return !done && done.error().where == "sandbox";
  }

  testing::TemporaryFolder folder;
  Terminal terminal{true};
  GuestFlags flags;
  std::string printed;
};

#define RUN_VERB(done, verb)   \
  const auto done = run(verb); \
  if (no_sandbox(done)) GTEST_SKIP() << done.error().what

// Answers that would end who believes them: without members, of other types, of no length.
TEST_F(GuestVerb, ForgedAnswersAreRefused) {
  for (const char* const forged :
       {"d{}", "d[]", "d", "",
        R"(d{\"call\":{\"result\":1},\"nans_may_differ\":\"x\",\"jni_on_load\":{}})",
        R"(d{\"jni_on_load\":{},\"natives\":[{\"class\":3}],\"engines\":4,\"library\":5})",
        R"(d{\"models\":[{\"in_file\":3}],\"events\":1,\"calls\":1,\"files\":{},\"gaps\":[]})"}) {
    build("__attribute__((constructor)) static void at_once() { forge(\"" + std::string(forged) +
          "\"); }\nlong work() { return 1; }");
    if (HasFatalFailure()) return;
    flags.function = "work";
    flags.model = flags.input = flags.library;  // never come to be read
    flags.output = folder.path() / "output";
    for (const char* const verb : {"natives", "call", "trace", "tflite"}) {
      flags.out = folder.path() / "run";
      RUN_VERB(done, verb);
      ASSERT_FALSE(done) << verb << " believes " << forged;
      EXPECT_EQ(done.error().code, ErrorCode::kCorrupt) << verb;
      EXPECT_THAT(done.error().what, HasSubstr("the guest's answer is none that we made"));
      EXPECT_EQ(printed, "") << verb;
      fs::remove_all(flags.out);
    }
    EXPECT_FALSE(fs::exists(flags.output));
  }
}

// Nothing of the library runs.
TEST_F(GuestVerb, ExportsAreOnlyRead) {
  build(
      "__attribute__((constructor)) static void at_once() { forge(\"d{}\"); }\nlong work() { "
      "return 1; }");
  if (HasFatalFailure()) return;
  RUN_VERB(done, "exports");
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_THAT(printed, HasSubstr("work"));
}

// A forgery of the right shape, after the fact too.
TEST_F(GuestVerb, AWholeAnswerThatTheLibraryWroteIsRefused) {
  build(R"(long work() {
    forge("d{\"library\":\"libt.so\",\"abi\":\"x86_64\",\"jni_on_load\":{\"exported\":false,\"version\":\"0\"},\"libraries\":[],"
          "\"missing_imports\":[],\"lookups\":[],\"log\":[],\"wanted_of_java\":[],\"gaps\":[],\"call\":{\"result\":{\"integer\":\"0x666\"}},"
          "\"nans_may_differ\":false,\"files\":{\"written\":[],\"removed\":[]}}");
    return 7;
  })");
  if (HasFatalFailure()) return;
  flags.function = "work";
  RUN_VERB(done, "call");
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("none that we made"));
  EXPECT_EQ(printed, "");
}

// Libraries that clean up before they start something close what they find.
TEST_F(GuestVerb, ClosedDescriptorsAreNotTheAnswers) {
  build("long work() { for (int i = 0; i < 256; ++i) system_call(3, i, 0, 0); return 7; }");
  if (HasFatalFailure()) return;
  flags.function = "work";
  RUN_VERB(done, "call");
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_THAT(printed, HasSubstr("\"integer\": \"0x7\""));
}

TEST_F(GuestVerb, AnswersSayWhetherTheyCanBeForged) {
  build("long work() { return 7; }");
  if (HasFatalFailure()) return;
  flags.json = true;
  flags.function = "work";
  for (const char* const verb : {"natives", "call"}) {
    RUN_VERB(done, verb);
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_THAT(printed, HasSubstr("\"isolated\": false")) << verb;
  }
  RUN_VERB(read, "exports");
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_THAT(printed, HasSubstr("\"isolated\": true"));
}

constexpr const char* kReads = R"text(
char* work(const char* path) {
  static char text[64];
  long file = system_call(2, (long)path, 0, 0);
  if (file < 0) return (char*)"refused";
  long size = system_call(0, file, (long)text, 63);
  text[size < 0 ? 0 : size] = 0;
  return text;
}
)text";

// What else lies where the library does is none of its business, and neither is what lies in
// --deps.
TEST_F(GuestVerb, NeighboursOfTheLibraryCannotBeRead) {
  build(kReads);
  if (HasFatalFailure()) return;
  flags.deps = folder.path() / "deps";
  fs::create_directory(flags.deps);
  flags.function = "work";
  for (const fs::path& around : {folder.path(), flags.deps}) {
    const fs::path secret = around / "notes.txt";
    std::ofstream(secret) << "kept to myself";
    flags.arguments = {"\"" + secret.string() + "\""};
    RUN_VERB(done, "call");
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_THAT(printed, HasSubstr("\"refused\""));
  }
}

// Those that it needs are found in both places.
TEST_F(GuestVerb, LibrariesBesideItAreLoaded) {
  flags.deps = folder.path() / "deps";
  fs::create_directory(flags.deps);
  build("long further() { return 30; }");
  if (HasFatalFailure()) return;
  fs::rename(flags.library, flags.deps / "libfurther.so");
  build("long beside() { return 12; }");
  fs::rename(flags.library, folder.path() / "libbeside.so");
  build(R"text(
    void* dlopen(const char*, int); void* dlsym(void*, const char*);
    typedef long (*Number)();
    long work() {
      return ((Number)dlsym(dlopen("libbeside.so", 2), "beside"))() +
             ((Number)dlsym(dlopen("libfurther.so", 2), "further"))();
    })text");
  if (HasFatalFailure()) return;
  flags.function = "work";
  RUN_VERB(done, "call");
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_THAT(printed, HasSubstr("\"integer\": \"0x2a\""));
}

// Links and names of its own in OUT: the user finds a trace and the gap, not the link.
TEST_F(GuestVerb, WhatItLeavesInTheFolderOfATraceIsTakenAway) {
  build(R"text(
    long work(const char* link, const char* file) {
      system_call(88, (long)"/etc/passwd", (long)link, 0);
      long made = system_call(2, (long)file, 0101, 0600);
      return system_call(1, made, (long)"forged", 6);
    })text");
  if (HasFatalFailure()) return;
  flags.out = folder.path() / "run";
  flags.function = "work";
  flags.arguments = {"\"" + (flags.out / "models").string() + "\"",
                     "\"" + (flags.out / "trace/forged.txt").string() + "\""};
  RUN_VERB(done, "trace");
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_FALSE(fs::is_symlink(flags.out / "models"));
  EXPECT_FALSE(fs::exists(flags.out / "trace/forged.txt"));
  EXPECT_TRUE(fs::exists(flags.out / "trace/trace.json"));
  EXPECT_THAT(printed, HasSubstr("gap: models is a link: taken away"));
  EXPECT_THAT(printed, HasSubstr("gap: trace/forged.txt is a file that no run makes: taken away"));
}

// An end of the process that the library made says whose it was, and what ran.
TEST_F(GuestVerb, EndsOfTheProcessNameTheLibraryAndTheCall) {
  const struct {
    const char* text;
    const char* verb;
    const char* what;
  } cases[] = {
      {"long work() { return system_call(231, 0, 0, 0); }", "call",
       "ended in the call of work: exit code 0: the library ended it, or closed"},
      {"long work() { return system_call(231, 3, 0, 0); }", "trace",
       "ended in the trace of work: exit code 3"},
      {"int JNI_OnLoad() { system_call(62, system_call(39, 0, 0, 0), 9, 0); return 0; }", "natives",
       "ended in JNI_OnLoad: SIGKILL"},
      {"__attribute__((constructor)) static void at_once() { system_call(231, 0, 0, 0); }",
       "natives", "ended while its libraries were loaded: exit code 0"},
      {"__attribute__((constructor)) static void at_once() { system_call(231, 1, 0, 0); }",
       "tflite", "ended while its libraries were loaded: exit code 1"},
      {"long work() { for (int i = 0; i < 1024; ++i) system_call(3, i, 0, 0); return 7; }", "call",
       "ended in the call of work: exit code 0: the library ended it, or closed"},
  };
  for (const auto& each : cases) {
    build(each.text);
    if (HasFatalFailure()) return;
    flags.out = folder.path() / "run";
    flags.function = std::string(each.text).find("work") != std::string::npos ? "work" : "";
    flags.model = flags.input = flags.library;
    RUN_VERB(done, each.verb);
    ASSERT_FALSE(done) << each.text;
    EXPECT_EQ(done.error().where, "libt.so");
    EXPECT_THAT(done.error().what, HasSubstr(each.what));
    fs::remove_all(flags.out);
  }
}

}  // namespace
}  // namespace dl::cli
