// SPDX-License-Identifier: Apache-2.0
// Frameworks in an app put together for the test: native libraries under any name, classes, calls,
// manifest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "daylight/base/file.h"
#include "daylight/detect/detector.h"
#include "daylight/detect/plan/planner.h"
#include "support/dex_builder.h"
#include "support/res_builder.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using testing::AxmlBuilder;
using testing::DexBuilder;
using testing::DexIds;
using testing::DexTestClass;
using testing::DexUnits;

constexpr const char* kAndroid = "http://schemas.android.com/apk/res/android";

std::string manifest() {
  AxmlBuilder axml;
  const auto name = [](const std::string& text) {
    return AxmlBuilder::Attribute{
        .name = "name", .resource_id = 0x01010003, .text = text, .android = kAndroid};
  };
  const auto value = [](const std::string& text) {
    return AxmlBuilder::Attribute{
        .name = "value", .resource_id = 0x01010024, .text = text, .android = kAndroid};
  };
  axml.start("manifest", {{.name = "package", .text = "app"}});
  axml.start("application");
  axml.start("activity", {name("app.Main")});
  axml.end("activity");
  axml.start("meta-data", {name("com.google.mlkit.vision.DEPENDENCIES"), value("face,ocr")});
  axml.end("meta-data");
  axml.start("provider", {name("com.google.mlkit.common.internal.MlKitInitProvider")});
  axml.end("provider");
  axml.end("application");
  axml.end("manifest");
  return axml.build();
}

using Member = std::tuple<std::string, std::string, std::string>;

const std::vector<Member>& called_apis() {
  static const std::vector<Member> apis{
      {"Lorg/pytorch/Module;", "load", "(Ljava/lang/String;)Lorg/pytorch/Module;"},
      {"Lorg/pytorch/Module;", "forward", "([Lorg/pytorch/IValue;)Lorg/pytorch/IValue;"},
      {"Lai/onnxruntime/OrtSession;", "run", "(Ljava/util/Map;)Lai/onnxruntime/OrtSession$Result;"},
      {"Lorg/opencv/objdetect/CascadeClassifier;", "detectMultiScale",
       "(Lorg/opencv/core/Mat;Lorg/opencv/core/MatOfRect;)V"},
      {"Lcom/google/mlkit/vision/face/FaceDetector;", "process",
       "(Lcom/google/mlkit/vision/common/InputImage;)Lcom/google/android/gms/tasks/Task;"}};
  return apis;
}

// An activity whose onCreate calls each API once. Arguments do not matter to what is tested.
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
         DexUnits units;
         for (const auto& [owner, name, descriptor] : called_apis()) {
           units.insert(units.end(), {0x206e, ids.method(owner, name, descriptor), 0x0010});
         }
         units.push_back(0x000e);
         return units;
       }}};
  builder.classes = {main};
  builder.methods = called_apis();
  return builder.build();
}

// A library that a C compiler makes from `source`; "" where there is none.
std::string library(const std::filesystem::path& folder, const std::string& source) {
  std::ofstream(folder / "lib.c") << source;
  const auto object = folder / "lib.so";
  if (!testing::run_command("cc -shared -nostdlib -fPIC -s -o '" + object.string() + "' '" +
                            (folder / "lib.c").string() + "' 2>/dev/null")) {
    return {};
  }
  return read_file(object).value_or("");
}

Inventory inventory_of(const std::filesystem::path& folder,
                       const std::vector<testing::ZipItem>& items) {
  const auto path = folder / "made.apk";
  std::ofstream(path, std::ios::binary) << testing::build_zip(items).bytes;
  const auto app = program::AppPackage::open(path, null_log());
  EXPECT_TRUE(app) << describe(app.error());
  if (!app) return {};
  auto inventory = detect(*app, RuleSet::builtin(), {}, null_log());
  EXPECT_TRUE(inventory);
  return inventory ? std::move(*inventory) : Inventory{};
}

const FrameworkRecord* find_framework(const Inventory& inventory, const std::string& id,
                                      const std::string& layer) {
  for (const FrameworkRecord& framework : inventory.frameworks) {
    if (framework.id == id && framework.layer == layer) return &framework;
  }
  return nullptr;
}

const TaskRecord* find_task(const Inventory& inventory, const std::string& task, Use use) {
  for (const TaskRecord& record : inventory.tasks) {
    if (record.task == task && record.use == use) return &record;
  }
  return nullptr;
}

TEST(Frameworks, OfClassesAndManifest) {
  const testing::TemporaryFolder folder;
  const Inventory inventory = inventory_of(
      folder.path(), {{"AndroidManifest.xml", manifest()}, {"classes.dex", dex(), true}});
  for (const char* id : {"pytorch", "onnxruntime", "opencv", "mlkit"}) {
    const FrameworkRecord* framework = find_framework(inventory, id, "java");
    ASSERT_NE(framework, nullptr) << id;
    EXPECT_EQ(framework->linked, "unbundled") << id;  // called, but its classes are not in this app
    EXPECT_FALSE(framework->evidence.empty());
  }
  EXPECT_EQ(find_framework(inventory, "tflite", "java"), nullptr);
  const FrameworkRecord* declared = find_framework(inventory, "mlkit", "manifest");
  ASSERT_NE(declared, nullptr);
  EXPECT_EQ(declared->evidence.size(), 2U);
  EXPECT_EQ(declared->evidence[0].excerpt, "com.google.mlkit.vision.DEPENDENCIES = face,ocr");

  ASSERT_EQ(inventory.calls.size(), 5U);
  for (const CallRecord& call : inventory.calls) {
    EXPECT_EQ(call.use, Use::kReachable) << call.api;
    EXPECT_EQ(call.caller, "Lapp/Main;->onCreate(Landroid/os/Bundle;)V");
    EXPECT_FALSE(call.obfuscated);
  }
  EXPECT_EQ(inventory.calls[1].api, "org.pytorch.Module.forward");

  // A call says more than a declaration: reachable, against present.
  const TaskRecord* called = find_task(inventory, "face-detection", Use::kReachable);
  ASSERT_NE(called, nullptr);
  EXPECT_EQ(called->confidence, "high");
  EXPECT_NE(find_task(inventory, "face-detection", Use::kPresent), nullptr);
  EXPECT_NE(find_task(inventory, "ocr", Use::kPresent), nullptr);
}

TEST(Frameworks, OfLibrariesUnderAnyName) {
  const testing::TemporaryFolder folder;
  // A runtime linked into the app's own library and stripped: its literals stay.
  const std::string hidden = library(folder.path(), R"(
      const char* const words[] = {"layer %s not exists or registered", "6.6.6"};
      int app_entry(int i) { return words[i & 1][0]; })");
  const std::string onnx = library(folder.path(), "int OrtGetApiBase(void) { return 1; }");
  const std::string own =
      library(folder.path(), "int Java_app_Main_add(int a, int b) { return a + b; }");
  if (hidden.empty() || onnx.empty()) GTEST_SKIP() << "no C compiler is installed";
  const Inventory inventory = inventory_of(folder.path(), {{"AndroidManifest.xml", manifest()},
                                                           {"lib/x86_64/libq1.so", hidden, true},
                                                           {"assets/renamed.dat", onnx},
                                                           {"lib/x86_64/libown.so", own}});
  const FrameworkRecord* ncnn = find_framework(inventory, "ncnn", "native");
  ASSERT_NE(ncnn, nullptr);
  EXPECT_EQ(ncnn->linked, "static");
  EXPECT_EQ(ncnn->version, "");  // a bare number in somebody else's library proves nothing
  ASSERT_EQ(ncnn->evidence.size(), 1U);
  ASSERT_TRUE(ncnn->evidence[0].offset);
  const std::string literal = "layer %s not exists or registered";
  EXPECT_EQ(hidden.substr(static_cast<std::size_t>(*ncnn->evidence[0].offset), literal.size()),
            literal);
  const FrameworkRecord* found = find_framework(inventory, "onnxruntime", "native");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->evidence[0].method, "OrtGetApiBase");
  EXPECT_EQ(inventory.frameworks.size(), 3U);  // and ML Kit in the manifest
  EXPECT_THAT(inventory.app.abis, ::testing::ElementsAre("x86_64"));
}

TEST(Frameworks, VersionsOfTheFrameworksOwnLibrary) {
  const testing::TemporaryFolder folder;
  const std::string opencv = library(folder.path(), R"(
      const char text[] = "\nGeneral configuration for OpenCV 4.9.0 =====";
      const char* other(void) { return text; })");
  const std::string tflite = library(folder.path(), R"(
      const char text[] = "before\0" "2.14.0\0" "Initialized TensorFlow Lite runtime.";
      const char* other(void) { return text; })");
  if (opencv.empty() || tflite.empty()) GTEST_SKIP() << "no C compiler is installed";
  const Inventory inventory =
      inventory_of(folder.path(), {{"AndroidManifest.xml", manifest()},
                                   {"lib/x86_64/libopencv_java4.so", opencv},
                                   {"lib/x86_64/libtensorflowlite_jni.so", tflite}});
  ASSERT_NE(find_framework(inventory, "opencv", "native"), nullptr);
  EXPECT_EQ(find_framework(inventory, "opencv", "native")->version, "4.9.0");
  EXPECT_EQ(find_framework(inventory, "opencv", "native")->linked, "shared");
  ASSERT_NE(find_framework(inventory, "tflite", "native"), nullptr);
  EXPECT_EQ(find_framework(inventory, "tflite", "native")->version, "2.14.0");
}

// Models are found by structure in any entry; names and magic alone are gaps.
TEST(Frameworks, ModelsInAnyEntry) {
  DAYLIGHT_SHARED_OR_SKIP(path, "models/windaayumelati-gender.tflite");
  const std::string model = read_file(path).value();
  const testing::TemporaryFolder folder;
  const Inventory inventory =
      inventory_of(folder.path(), {{"AndroidManifest.xml", manifest()},
                                   {"assets/ui.png", model, true},
                                   {"res/raw/a", std::string(32, '\x5a') + model},
                                   {"assets/fake.tflite", "TFL3TFL3TFL3TFL3TFL3", true},
                                   {"assets/locked.tflite", std::string(100, '\x11')},
                                   {"assets/llama", "GGUF" + std::string(100, '\0')}});
  ASSERT_EQ(inventory.models.size(), 2U);
  EXPECT_EQ(inventory.models[0].location.entry.front(), "assets/ui.png");
  EXPECT_EQ(inventory.models[0].location.offset, 0U);
  EXPECT_EQ(inventory.models[1].location.entry.front(), "res/raw/a");
  EXPECT_EQ(inventory.models[1].location.offset, 32U);
  EXPECT_EQ(inventory.models[0].sha256, inventory.models[1].sha256);
  EXPECT_EQ(inventory.models[0].use, Use::kPresent);  // no code names them
  const auto gap_of = [&](const std::string& where, const std::string& part) {
    return std::any_of(inventory.gaps.begin(), inventory.gaps.end(), [&](const Gap& gap) {
      return gap.where == where && gap.why.find(part) != std::string::npos;
    });
  };
  EXPECT_TRUE(gap_of("assets/fake.tflite", "begins like a model of format tflite"));
  EXPECT_TRUE(gap_of("assets/locked.tflite", "is none by structure"));
  EXPECT_TRUE(gap_of("assets/llama", "gguf"));
  EXPECT_TRUE(gap_of("assets/ui.png", "no code names this model"));
}

}  // namespace
}  // namespace dl
