// SPDX-License-Identifier: Apache-2.0
// Calls in native code of an app that is put together for the test: DEX, and libraries from text.
#include "daylight/detect/native/native_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "daylight/detect/detector.h"
#include "support/dex_builder.h"
#include "support/native_library.h"
#include "support/res_builder.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::AllOf;
using testing::AxmlBuilder;
using testing::DexBuilder;
using testing::DexIds;
using testing::DexTestClass;
using testing::DexTestMethod;
using testing::DexUnits;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kAndroid = "http://schemas.android.com/apk/res/android";
constexpr std::uint32_t kStaticNative = 0x109;

std::string manifest() {
  AxmlBuilder axml;
  axml.start("manifest", {{.name = "package", .text = "app"}});
  axml.start("application");
  axml.start(
      "activity",
      {{.name = "name", .resource_id = 0x01010003, .text = "app.Main", .android = kAndroid}});
  axml.end("activity");
  axml.end("application");
  axml.end("manifest");
  return axml.build();
}

// app.Main.onCreate loads libengine.so and calls Net.load, Net.run and Net.feed(int); nobody calls
// Net.feed(long) and Unused.dead.
std::string dex() {
  DexBuilder builder;
  DexTestClass main;
  main.descriptor = "Lapp/Main;";
  main.superclass = "Landroid/app/Activity;";
  main.virtual_methods = {
      {.name = "onCreate",
       .descriptor = "(Landroid/os/Bundle;)V",
       .access = 0x1,
       .registers = 4,
       .ins = 2,
       .outs = 2,
       .code = [](const DexIds& ids) {
         return DexUnits{0x001a,
                         ids.string("engine"),  // const-string v0
                         0x1071,
                         ids.method("Ljava/lang/System;", "loadLibrary", "(Ljava/lang/String;)V"),
                         0x0000,
                         0x0071,
                         ids.method("Lapp/Net;", "load", "()I"),
                         0x0000,
                         0x1071,
                         ids.method("Lapp/Net;", "run", "(I)I"),
                         0x0000,
                         0x1071,
                         ids.method("Lapp/Net;", "feed", "(I)I"),
                         0x0000,
                         0x000e};
       }}};
  DexTestClass net;
  net.descriptor = "Lapp/Net;";
  net.direct_methods = {
      {.name = "load", .descriptor = "()I", .access = kStaticNative},
      {.name = "run", .descriptor = "(I)I", .access = kStaticNative},
      {.name = "feed", .descriptor = "(I)I", .access = kStaticNative},
      {.name = "feed", .descriptor = "(J)I", .access = kStaticNative},
  };
  DexTestClass unused;
  unused.descriptor = "Lapp/Unused;";
  // Same name and type as Net's: only the class named in native code tells them apart.
  unused.direct_methods = {{.name = "dead", .descriptor = "()I", .access = kStaticNative},
                           {.name = "run", .descriptor = "(I)I", .access = kStaticNative}};
  builder.classes = {main, net, unused};
  builder.strings = {"engine"};
  builder.methods = {{"Ljava/lang/System;", "loadLibrary", "(Ljava/lang/String;)V"},
                     {"Lapp/Net;", "load", "()I"},
                     {"Lapp/Net;", "run", "(I)I"},
                     {"Lapp/Net;", "feed", "(I)I"}};
  return builder.build();
}

// The app's own code around a runtime in another library.
constexpr const char* kEngine = R"(
extern "C" void* TfLiteModelCreateFromFile(const char*);
extern "C" int TfLiteTensorCopyFromBuffer(void*, const void*, long);
extern "C" int TfLiteTensorCopyToBuffer(const void*, void*, long);
extern "C" int TfLiteInterpreterInvoke(void*);
extern "C" int outside(const char*, int);
__attribute__((noinline)) static int open_model(const char* path) {
  return TfLiteModelCreateFromFile(path) != nullptr ? outside("open", 1) : outside("none", 2);
}
extern "C" int Java_app_Net_load(void*, void*) { return open_model("age.tflite") + 1; }
extern "C" int Java_app_Net_feed__I(void*, void*, int x) {
  return TfLiteTensorCopyFromBuffer(nullptr, &x, 4) + 2;
}
extern "C" int Java_app_Net_feed__J(void*, void*, long x) {
  return TfLiteTensorCopyFromBuffer(nullptr, &x, 8) + 3;
}
extern "C" int Java_app_Unused_dead(void*, void*) {
  char out[4];
  return TfLiteTensorCopyToBuffer(nullptr, out, 4) + out[0];
}
static int run(void*, void*, int x) { return TfLiteInterpreterInvoke(nullptr) + x; }
struct Row { const char* name; const char* signature; void* function; };
static const Row rows[] = {{"run", "(I)I", (void*)run}};
extern "C" void* find_class(void*, const char*);
extern "C" int register_natives(void*, void*, const Row*, int);
extern "C" int JNI_OnLoad(void* vm, void*) {
  register_natives(vm, find_class(vm, "app/Net"), rows, 1);
  return 0x10006;
}
)";

Inventory inventory_of(const std::vector<testing::ZipItem>& libraries) {
  const testing::TemporaryFolder folder;
  std::vector<testing::ZipItem> items = {{.name = "AndroidManifest.xml", .content = manifest()},
                                         {.name = "classes.dex", .content = dex()}};
  items.insert(items.end(), libraries.begin(), libraries.end());
  const auto path = folder.path() / "made.apk";
  std::ofstream(path, std::ios::binary) << testing::build_zip(items).bytes;
  const auto app = program::AppPackage::open(path, null_log());
  EXPECT_TRUE(app) << describe(app.error());
  if (!app) return {};
  auto inventory = detect(*app, RuleSet::builtin(), {}, null_log());
  EXPECT_TRUE(inventory);
  return inventory ? std::move(*inventory) : Inventory{};
}

std::vector<CallRecord> native_calls_of(const Inventory& inventory) {
  std::vector<CallRecord> out;
  for (const CallRecord& call : inventory.calls) {
    if (call.api.starts_with("native:")) out.push_back(call);
  }
  return out;
}

const CallRecord* find_call(const std::vector<CallRecord>& calls, const std::string& api,
                            const std::string& caller) {
  for (const CallRecord& call : calls) {
    if (call.api == api && call.caller.ends_with("!" + caller)) return &call;
  }
  return nullptr;
}

std::string excerpt_of(const CallRecord& call, const std::string& rule) {
  for (const Evidence& evidence : call.evidence) {
    if (evidence.rule == rule) return evidence.excerpt;
  }
  return "";
}

struct Machine {
  const char* target;
  const char* folder;
};

class NativeCallsOn : public ::testing::TestWithParam<Machine> {
 protected:
  void SetUp() override {
    if (!testing::can_build_native_libraries()) GTEST_SKIP() << "clang-14 or lld-14 is absent here";
  }
  // The app with one library of this text, stripped.
  Inventory with_library(const std::string& text, const std::string& name = "libengine.so") {
    const auto bytes = testing::build_native_library(text, GetParam().target, "-Wl,-s");
    EXPECT_TRUE(bytes);
    return inventory_of({{.name = std::string("lib/") + GetParam().folder + "/" + name,
                          .content = bytes.value_or("")}});
  }
};

TEST_P(NativeCallsOn, FunctionsOfARuntimeAreFoundWhereTheyAreCalled) {
  const auto calls = native_calls_of(with_library(kEngine));
  ASSERT_THAT(calls, SizeIs(5));
  // The function that loads has no name; the way to it begins at the JNI export.
  const CallRecord* load = nullptr;
  for (const CallRecord& call : calls) {
    if (call.api == "native:tflite.TfLiteModelCreateFromFile") load = &call;
  }
  ASSERT_NE(load, nullptr);
  EXPECT_THAT(load->caller, AllOf(HasSubstr("libengine.so!+0x"), HasSubstr(GetParam().folder)));
  EXPECT_EQ(load->framework, "tflite");
  EXPECT_EQ(load->use, Use::kReachable);
  EXPECT_EQ(load->origin.kind, "first-party");
  EXPECT_EQ(load->evidence.front().rule, "native-anchor.tflite.load");
  EXPECT_EQ(load->evidence.front().excerpt, "calls TfLiteModelCreateFromFile");
  EXPECT_TRUE(load->evidence.front().offset);
  EXPECT_THAT(excerpt_of(*load, "native-path"),
              AllOf(HasSubstr("Java_app_Net_load -> +0x"), HasSubstr("(called at 0x")));
  EXPECT_EQ(excerpt_of(*load, "jni-method"), "Java_app_Net_load");
  EXPECT_EQ(excerpt_of(*load, "load-library"), "libengine.so");
  EXPECT_THAT(excerpt_of(*load, "reachable-path"), HasSubstr("activity app.Main"));
}

// A library that others link to, under its own name.
std::string linked_library(const std::string& text, const Machine& machine,
                           const std::filesystem::path& folder, const std::string& name,
                           const std::string& options = "") {
  const auto bytes = testing::build_native_library(
      text, machine.target,
      "-Wl,-s -Wl,-soname," + name + " -L'" + folder.string() + "' " + options);
  EXPECT_TRUE(bytes) << name;
  std::ofstream(folder / name, std::ios::binary) << bytes.value_or("");
  return bytes.value_or("");
}

constexpr const char* kWrapper = R"(
extern "C" int TfLiteInterpreterInvoke(void*);
extern "C" int wrap_run(void* interpreter) { return TfLiteInterpreterInvoke(interpreter) + 1; }
)";
constexpr const char* kMiddle = R"(
extern "C" int wrap_run(void*);
extern "C" int middle_run(int x) { return wrap_run(nullptr) + x; }
)";
constexpr const char* kOutermost = R"(
extern "C" int middle_run(int);
extern "C" int Java_app_Net_load(void*, void*) { return middle_run(3) + 1; }
)";

TEST_P(NativeCallsOn, ACallInAnotherLibraryIsReachedThroughWhatThatOneExports) {
  const testing::TemporaryFolder folder;
  const std::string where = std::string("lib/") + GetParam().folder + "/";
  const auto wrapper = linked_library(kWrapper, GetParam(), folder.path(), "libwrap.so");
  const auto middle = linked_library(kMiddle, GetParam(), folder.path(), "libmiddle.so", "-lwrap");
  const auto outer =
      linked_library(kOutermost, GetParam(), folder.path(), "libengine.so", "-lmiddle");
  const auto calls =
      native_calls_of(inventory_of({{.name = where + "libengine.so", .content = outer},
                                    {.name = where + "libmiddle.so", .content = middle},
                                    {.name = where + "libwrap.so", .content = wrapper}}));
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_THAT(calls[0].caller, HasSubstr("libwrap.so!wrap_run"));
  EXPECT_EQ(calls[0].use, Use::kReachable);
  EXPECT_EQ(calls[0].origin.kind, "first-party");
  EXPECT_EQ(excerpt_of(calls[0], "jni-method"), "Java_app_Net_load");
  EXPECT_THAT(excerpt_of(calls[0], "native-path"),
              AllOf(HasSubstr("Java_app_Net_load -> "), HasSubstr("libmiddle.so!middle_run"),
                    HasSubstr("libwrap.so!wrap_run")));
  EXPECT_THAT(excerpt_of(calls[0], "reachable-path"), HasSubstr("activity app.Main"));
}

TEST_P(NativeCallsOn, ALibraryThatOnlyLinksToAnotherIsNoWay) {
  const testing::TemporaryFolder folder;
  const std::string where = std::string("lib/") + GetParam().folder + "/";
  const auto wrapper = linked_library(kWrapper, GetParam(), folder.path(), "libwrap.so");
  // Links to it, but calls nothing of it.
  const auto other =
      linked_library("extern \"C\" int Java_app_Net_load(void*, void*) { return 4; }", GetParam(),
                     folder.path(), "libengine.so", "-lwrap");
  const auto calls =
      native_calls_of(inventory_of({{.name = where + "libengine.so", .content = other},
                                    {.name = where + "libwrap.so", .content = wrapper}}));
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].use, Use::kPresent);
  EXPECT_EQ(excerpt_of(calls[0], "jni-method"), "");
}

TEST_P(NativeCallsOn, OverloadsAreToldApart) {
  const auto calls = native_calls_of(with_library(kEngine));
  const CallRecord* called =
      find_call(calls, "native:tflite.TfLiteTensorCopyFromBuffer", "Java_app_Net_feed__I");
  const CallRecord* dead =
      find_call(calls, "native:tflite.TfLiteTensorCopyFromBuffer", "Java_app_Net_feed__J");
  ASSERT_TRUE(called != nullptr && dead != nullptr);
  EXPECT_EQ(called->use, Use::kReachable);
  EXPECT_EQ(dead->use, Use::kPresent);
  EXPECT_THAT(excerpt_of(*dead, "reachable-path"), IsEmpty());
}

TEST_P(NativeCallsOn, NativesThatNobodyCallsArePresentOnly) {
  const auto calls = native_calls_of(with_library(kEngine));
  const CallRecord* dead =
      find_call(calls, "native:tflite.TfLiteTensorCopyToBuffer", "Java_app_Unused_dead");
  ASSERT_NE(dead, nullptr);
  EXPECT_EQ(dead->use, Use::kPresent);
}

TEST_P(NativeCallsOn, RegisteredNativesBelongToTheClassThatIsNamed) {
  const auto calls = native_calls_of(with_library(kEngine));
  const CallRecord* run = nullptr;
  for (const CallRecord& call : calls) {
    if (call.api == "native:tflite.TfLiteInterpreterInvoke") run = &call;
  }
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(run->use, Use::kReachable);
  EXPECT_THAT(excerpt_of(*run, "native-path"),
              HasSubstr("run(I)I (registered by a function that names the class)"));
  bool named = false;
  for (const Evidence& evidence : run->evidence)
    named = named || evidence.method == "Lapp/Net;->run(I)I";
  EXPECT_TRUE(named);
}

// As fbjni makes them: one call for each row.
TEST_P(NativeCallsOn, NativesThatCodeRegistersOneByOne) {
  const auto calls = native_calls_of(with_library(R"(
extern "C" int TfLiteInterpreterInvoke(void*);
extern "C" void* find_class(void*, const char*);
extern "C" void make_native(void*, const char*, const char*, void*);
static int run(void*, void*, int x) { return TfLiteInterpreterInvoke(nullptr) + x; }
extern "C" int JNI_OnLoad(void* vm, void*) {
  make_native(find_class(vm, "app/Net"), "run", "(I)I", (void*)run);
  return 0x10006;
}
)"));
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls.front().use, Use::kReachable);
  EXPECT_THAT(excerpt_of(calls.front(), "native-path"),
              HasSubstr("run(I)I (registered by a function that names the class)"));
}

TEST_P(NativeCallsOn, WhatTheLoadingOfALibraryRunsIsReachable) {
  const Inventory inventory = with_library(R"(
extern "C" void* TfLiteModelCreateFromFile(const char*);
extern "C" int JNI_OnLoad(void*, void*) { return TfLiteModelCreateFromFile("x") ? 0x10006 : 1; }
)");
  const auto calls = native_calls_of(inventory);
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].use, Use::kReachable);
  EXPECT_THAT(excerpt_of(calls[0], "loads-library"), HasSubstr("JNI_OnLoad"));
  // Nobody loads a library of another name.
  const Inventory other = with_library(R"(
extern "C" void* TfLiteModelCreateFromFile(const char*);
extern "C" int JNI_OnLoad(void*, void*) { return TfLiteModelCreateFromFile("x") ? 0x10006 : 1; }
)",
                                       "libother.so");
  ASSERT_THAT(native_calls_of(other), SizeIs(1));
  EXPECT_EQ(native_calls_of(other)[0].use, Use::kPresent);
}

TEST_P(NativeCallsOn, ARuntimeLinkedInWithoutNamesIsFoundByItsMessages) {
  const auto calls = native_calls_of(with_library(R"(
extern "C" int outside(const char*, int);
namespace { __attribute__((noinline)) int invoke(int ready) {
  return ready ? outside("go", 1) : outside("Invoke called on model that is not ready.", 2); } }
extern "C" int Java_app_Net_load(void*, void*, int x) { return invoke(x) + 1; }
)"));
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].api, "native:tflite.run");
  EXPECT_EQ(calls[0].use, Use::kReachable);
  EXPECT_EQ(calls[0].evidence.front().excerpt,
            "uses \"Invoke called on model that is not ready.\"");
}

TEST_P(NativeCallsOn, NamesThatAreLookedUpCount) {
  const auto calls = native_calls_of(with_library(R"(
extern "C" void* dlsym(void*, const char*);
extern "C" int Java_app_Net_load(void*, void*) {
  return ((int (*)(void*))dlsym(nullptr, "TfLiteInterpreterInvoke"))(nullptr);
}
extern "C" void* TfLiteInterpreterCreate(void*, void*);
extern "C" void* also() { return TfLiteInterpreterCreate(nullptr, nullptr); }
)"));
  const CallRecord* run =
      find_call(calls, "native:tflite.TfLiteInterpreterInvoke", "Java_app_Net_load");
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(run->evidence.front().excerpt, "uses the name \"TfLiteInterpreterInvoke\"");
}

// Near misses: names and texts that only look alike, and text that no code uses.
TEST_P(NativeCallsOn, WhatOnlyLooksAlikeIsNone) {
  const Inventory inventory = with_library(R"(
extern "C" int TfLiteInterpreterInvoked(void*);
extern "C" int outside(const char*);
extern "C" const char unused[] = "Invoke called on model that is not ready.";
extern "C" int Java_app_Net_load(void*, void*) {
  return TfLiteInterpreterInvoked(nullptr) + outside("TfLiteModelCreateFromFile failed") +
         outside("Model provided by the user");
}
)");
  EXPECT_THAT(native_calls_of(inventory), IsEmpty());
}

TEST_P(NativeCallsOn, TheSameAppGivesTheSameCalls) {
  EXPECT_EQ(dump_json(to_json(with_library(kEngine))), dump_json(to_json(with_library(kEngine))));
}

INSTANTIATE_TEST_SUITE_P(Machines, NativeCallsOn,
                         ::testing::Values(Machine{testing::kArm64Android, "arm64-v8a"},
                                           Machine{testing::kX86_64Android, "x86_64"}),
                         [](const auto& test) {
                           std::string name = test.param.folder;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(NativeCalls, CodeFor32BitsIsAGap) {
  const auto arm = testing::build_native_library(kEngine, "armv7a-linux-androideabi29", "-Wl,-s");
  const auto arm64 = testing::build_native_library(kEngine, testing::kArm64Android, "-Wl,-s");
  if (!arm || !arm64) GTEST_SKIP() << "clang-14 or lld-14 is absent here";
  const auto gap_of = [](const Inventory& inventory) {
    for (const Gap& gap : inventory.gaps) {
      if (gap.where == "lib/armeabi-v7a/libengine.so") return gap.why;
    }
    return std::string();
  };
  const testing::ZipItem small = {.name = "lib/armeabi-v7a/libengine.so", .content = *arm};
  EXPECT_THAT(gap_of(inventory_of({small})),
              AllOf(HasSubstr("armeabi-v7a is not read"), HasSubstr("is unknown")));
  const Inventory both =
      inventory_of({small, {.name = "lib/arm64-v8a/libengine.so", .content = *arm64}});
  EXPECT_THAT(gap_of(both), HasSubstr("that of lib/arm64-v8a/libengine.so is"));
  EXPECT_THAT(native_calls_of(both), SizeIs(5));
}

TEST(NativeCalls, LibrariesOutsideOfLibAreReadToo) {
  const auto bytes = testing::build_native_library(kEngine, testing::kArm64Android, "-Wl,-s");
  if (!bytes) GTEST_SKIP() << "clang-14 or lld-14 is absent here";
  const auto calls =
      native_calls_of(inventory_of({{.name = "assets/plugins/libengine.so", .content = *bytes}}));
  ASSERT_THAT(calls, SizeIs(5));
  EXPECT_THAT(calls[0].caller, ::testing::StartsWith("assets/plugins/libengine.so!"));
}

TEST(NativeCalls, LibrariesOfOtherThingsAreNotRead) {
  const auto bytes = testing::build_native_library(
      "extern \"C\" int Java_app_Net_load(void*, void*) { return 1; }",
      "armv7a-linux-androideabi29");
  if (!bytes) GTEST_SKIP() << "clang-14 or lld-14 is absent here";
  const Inventory inventory =
      inventory_of({{.name = "lib/armeabi-v7a/libengine.so", .content = *bytes}});
  for (const Gap& gap : inventory.gaps) EXPECT_THAT(gap.why, Not(HasSubstr("is not read")));
}

// Which functions of a stripped runtime load and run is known by the names of its JNI exports.
TEST(NativeCalls, TensorFlowLiteOfRealApps) {
  for (const char* name : {"apps/ra-tflite.apk", "apps/facegauge-obf.apk",
                           "apps/ra-moveapp_0.3.apk", "apps/ra-peekatbayntun.apk"}) {
    DAYLIGHT_SHARED_OR_SKIP(path, name);
    SCOPED_TRACE(name);
    const auto app = program::AppPackage::open(path, null_log());
    ASSERT_TRUE(app);
    const auto inventory = detect(*app, RuleSet::builtin(), {}, null_log());
    ASSERT_TRUE(inventory);
    std::size_t loads = 0;
    std::size_t runs = 0;
    for (const CallRecord& call : native_calls_of(*inventory)) {
      if (call.api == "native:tflite.load") {
        ++loads;
        EXPECT_THAT(excerpt_of(call, "native-path"),
                    ::testing::StartsWith("Java_org_tensorflow_lite_NativeInterpreterWrapper_create"
                                          "Model"));
      }
      if (call.api == "native:tflite.run") {
        ++runs;
        EXPECT_THAT(
            excerpt_of(call, "native-path"),
            ::testing::StartsWith("Java_org_tensorflow_lite_NativeInterpreterWrapper_run -> "));
      }
    }
    EXPECT_GE(loads, 1U);
    EXPECT_GE(runs, 1U);
  }
}

}  // namespace
}  // namespace dl
