// SPDX-License-Identifier: Apache-2.0
// Libraries that native code loads through Java: JNI_OnLoad runs once, and what fails is an error
// of Java's.
#include <gmock/gmock.h>

#include "android_fixture.h"

namespace dl::guest {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Loads by name, by path, and through Runtime.
constexpr const char* kAsks = R"c(
#define STATIC_VOID(e, c, name, sig, ...) SLOT(e, 141, void (*)(Env, obj, obj, ...))(e, klass(e, c), static_method(e, klass(e, c), name, sig), ##__VA_ARGS__)
void load(Env e, const char* name) { STATIC_VOID(e, "java/lang/System", "loadLibrary", "(Ljava/lang/String;)V", text(e, name)); }
void load_path(Env e, const char* path) { STATIC_VOID(e, "java/lang/System", "load", "(Ljava/lang/String;)V", text(e, path)); }
void load_runtime(Env e, const char* name) { obj r = STATIC(e, "java/lang/Runtime", "getRuntime", "()Ljava/lang/Runtime;");
  VOID(e, "java/lang/Runtime", r, "loadLibrary", "(Ljava/lang/String;)V", text(e, name)); }
void load_nothing(Env e) { STATIC_VOID(e, "java/lang/System", "loadLibrary", "(Ljava/lang/String;)V", (obj)0); }
)c";

// Its JNI_OnLoad counts itself, registers a method, and loads itself again.
constexpr const char* kOther = R"c(
static int started;
struct Native { const char* name; const char* signature; void* function; };
static int answer() { return 42; }
#define STATIC_VOID(e, c, name, sig, ...) SLOT(e, 141, void (*)(Env, obj, obj, ...))(e, klass(e, c), static_method(e, klass(e, c), name, sig), ##__VA_ARGS__)
int JNI_OnLoad(void** vm, void*) {
  Env e = 0; ++started;
  if (((int (*)(void*, Env*, int))((void**)*vm)[6])(vm, &e, 0x10006) != 0) return -1;
  Native native = {"answer", "()I", (void*)answer};
  SLOT(e, 215, int (*)(Env, obj, const Native*, int))(e, klass(e, "a/B"), &native, 1);
  STATIC_VOID(e, "java/lang/System", "loadLibrary", "(Ljava/lang/String;)V", text(e, "other"));
  return 0x10006;
}
int starts() { return started; }
)c";

class JavaLibrariesTest : public AndroidFixture {
 protected:
  // A library of text beside the app's; false where there is no compiler.
  bool beside(const std::string& name, const std::string& text) {
    add(name, kJniText + text);
    return !HasFatalFailure();
  }
  std::string load_by(const std::string& function, const std::string& name) {
    native(function, {text(name)});
    return exception();
  }
};

TEST_F(JavaLibrariesTest, OnLoadRunsOnce) {
  if (!beside("libother.so", kOther)) return;
  load_app(kAsks);
  if (HasFatalFailure()) return;
  EXPECT_EQ(load_by("load", "other"), "");
  EXPECT_EQ(int_of("starts"), 1);
  const auto natives = guest->java().natives();
  ASSERT_EQ(natives.size(), 1U);
  EXPECT_EQ(natives[0].name, "answer");
  EXPECT_EQ(load_by("load", "other"), "");
  EXPECT_EQ(load_by("load_path", "/data/app/lib/arm64/libother.so"), "");
  EXPECT_EQ(load_by("load_runtime", "other"), "");
  const auto again = guest->run_on_load(*guest->loader().loaded("libother.so"));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, 0x10006);
  EXPECT_EQ(int_of("starts"), 1);
  EXPECT_THAT(gaps(), Not(Contains(HasSubstr("JNI_OnLoad"))));
}

TEST_F(JavaLibrariesTest, LibrariesOfTheSystemAreThere) {
  load_app(kAsks);
  if (HasFatalFailure()) return;
  EXPECT_EQ(load_by("load", "log"), "");
}

TEST_F(JavaLibrariesTest, FailuresAreErrorsOfJava) {
  if (!beside("libold.so",
              "int n; int JNI_OnLoad(void*, void*) { ++n; return 0x10001; } int tries() { return "
              "n; }") ||
      !beside("libsick.so", "int JNI_OnLoad(void*, void*) { return -1; }"))
    return;
  files["libtorn.so"] = content(
      "\x7f"
      "ELF, and nothing more");
  add("libfixed.so", "__thread int mine = 5; int f() { return mine; }",
      "-fno-emulated-tls -ftls-model=initial-exec");
  if (HasFatalFailure()) return;
  load_app(kAsks);
  if (HasFatalFailure()) return;
  const std::string error = "java.lang.UnsatisfiedLinkError: ";
  EXPECT_EQ(load_by("load", "none"), error + "dlopen failed: library \"libnone.so\" not found");
  EXPECT_THAT(load_by("load", "torn"), HasSubstr(error + "dlopen failed: library \"libtorn.so\""));
  for (int again = 0; again < 2; ++again) {
    EXPECT_THAT(load_by("load", "fixed"), HasSubstr("initial-exec"));
    EXPECT_THAT(load_by("load", "old"),
                HasSubstr(error + "Bad JNI version returned from JNI_OnLoad"));
    EXPECT_THAT(load_by("load", "sick"), HasSubstr(error + "JNI_ERR returned from JNI_OnLoad"));
  }
  EXPECT_EQ(int_of("tries"), 1);
  EXPECT_EQ(load_by("load", "a/b"),
            error + "Directory separator should not appear in library name: a/b");
  EXPECT_EQ(load_by("load_path", "libold.so"),
            error + "Expecting an absolute path of the library: libold.so");
  native("load_nothing");
  EXPECT_THAT(exception(), HasSubstr("NullPointerException"));
}

TEST_F(JavaLibrariesTest, WhatOnLoadThrowsGoesOn) {
  if (!beside("libthrows.so", R"c(
    int JNI_OnLoad(void** vm, void*) { Env e = 0; ((int (*)(void*, Env*, int))((void**)*vm)[6])(vm, &e, 0x10006);
      SLOT(e, 14, int (*)(Env, obj, const char*))(e, klass(e, "java/lang/IllegalStateException"), "too early"); return 0x10006; }
  )c"))
    return;
  load_app(kAsks);
  if (HasFatalFailure()) return;
  EXPECT_EQ(load_by("load", "throws"), "java.lang.IllegalStateException: too early");
}

TEST_F(JavaLibrariesTest, FaultsEndTheCall) {
  if (!beside("libfalls.so", "int JNI_OnLoad(void*, void*) { return *(volatile int*)8; }") ||
      !beside("libdies.so",
              "__attribute__((constructor)) static void die() { *(volatile int*)12 = 1; }"))
    return;
  load_app(kAsks);
  if (HasFatalFailure()) return;
  for (const auto& [name, words] :
       {std::pair("falls", "reads 0x8"), std::pair("dies", "writes 0xc")}) {
    const std::uint64_t arguments[] = {text(name)};
    const auto done = guest->call_native(*guest->loader().find("load"), arguments);
    ASSERT_FALSE(done) << name;
    EXPECT_THAT(done.error().what, HasSubstr(words));
  }
  EXPECT_EQ(load_by("load", "log"), "");
}

}  // namespace
}  // namespace dl::guest
