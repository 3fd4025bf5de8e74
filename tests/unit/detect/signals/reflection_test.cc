// SPDX-License-Identifier: Apache-2.0
// What code names in constants only: classes for reflection, libraries to load, markers of kits.
#include "daylight/detect/signals/reflection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "daylight/detect/detector.h"
#include "support/rule_samples.h"
#include "support/shared_data.h"

namespace dl {
namespace {

Inventory inventory_of(const char* sample) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "sample.apk";
  std::ofstream(path, std::ios::binary) << testing::sample_app(Json::parse(sample));
  const auto app = program::AppPackage::open(path, null_log());
  EXPECT_TRUE(app) << describe(app.error());
  if (!app) return {};
  auto inventory = detect(*app, RuleSet::builtin(), {.threads = 1}, null_log());
  EXPECT_TRUE(inventory);
  return inventory ? std::move(*inventory) : Inventory{};
}

TEST(Reflection, AMethodThatIsAskedForByNameIsACall) {
  const Inventory inventory = inventory_of(R"({"classes": [
    {"name": "La/Main;", "methods": [
      {"name": "run", "strings": ["org.tensorflow.lite.Interpreter", "run", "x"],
       "calls": ["Ljava/lang/Class;->forName(Ljava/lang/String;)Ljava/lang/Class;",
                 "Ljava/lang/Class;->getMethod(Ljava/lang/String;[Ljava/lang/Class;)Ljava/lang/reflect/Method;"]},
      {"name": "talk", "strings": ["org.tensorflow.lite.Interpreter", "run"]}]}]})");
  ASSERT_EQ(inventory.calls.size(), 1U);
  EXPECT_EQ(inventory.calls[0].api, "org.tensorflow.lite.Interpreter.run");
  EXPECT_EQ(inventory.calls[0].caller, "La/Main;->run()V");
  ASSERT_FALSE(inventory.calls[0].evidence.empty());
  EXPECT_EQ(inventory.calls[0].evidence[0].rule, "reflection");
  ASSERT_EQ(inventory.frameworks.size(), 1U);
  EXPECT_EQ(inventory.frameworks[0].id, "tflite");
  EXPECT_EQ(inventory.frameworks[0].linked, "unbundled");
  EXPECT_EQ(inventory.frameworks[0].evidence[0].rule, "tflite.reflection");
}

TEST(Reflection, ALibraryThatIsLoadedTellsTheFramework) {
  const Inventory inventory = inventory_of(R"({"classes": [
    {"name": "La/b;", "methods": [
      {"name": "a", "strings": ["/data/data/x/files/libncnn.so"], "static": true,
       "calls": ["Ljava/lang/System;->load(Ljava/lang/String;)V"]},
      {"name": "b", "strings": ["pytorch_jni"], "static": true}]}]})");
  ASSERT_EQ(inventory.frameworks.size(), 1U);
  EXPECT_EQ(inventory.frameworks[0].id, "ncnn");
  EXPECT_EQ(inventory.frameworks[0].evidence[0].rule, "ncnn.load-library");
}

// A kit is known by its own constants after renaming; classes beside two marked ones are the kit's
// too, the app's own are not.
TEST(SdkMarkers, OutliveRenaming) {
  const std::string bytes = testing::sample_dex(Json::parse(R"([
    {"name": "Lq/a;", "methods": [{"name": "a", "strings": ["OkHttp ConnectionPool"]}]},
    {"name": "Lq/b;", "methods": [{"name": "a", "strings": ["OkHttp Http2Connection"]}]},
    {"name": "Lq/c;"},
    {"name": "Lr/a;", "methods": [{"name": "a", "strings": ["OkHttp ConnectionPool"]}]},
    {"name": "Lr/b;"},
    {"name": "Lcom/megvii/facepp/sdk/Facepp;"},
    {"name": "Lorg/tensorflow/lite/examples/Main;"},
    {"name": "Lorg/tensorflow/lite/Interpreter;"}])"));
  std::vector<DexFile> files;
  files.push_back(DexFile::open(as_bytes(bytes), "classes.dex").value());
  const auto index = program::ClassIndex::build(files);
  const auto facts = program::CodeFacts::build(index);
  const SdkMarkers sdks(RuleSet::builtin(), index, facts);
  const auto by_mark = [&](const char* descriptor) {
    const OriginRule* const rule = sdks.origin_by_mark(index.find_class(descriptor));
    return rule == nullptr ? std::string() : rule->name;
  };
  const auto by_name = [&](const char* descriptor) {
    const OriginRule* const rule = sdks.origin_by_name(index.find_class(descriptor));
    return rule == nullptr ? std::string() : rule->name;
  };
  EXPECT_EQ(by_mark("Lq/a;"), "OkHttp");
  EXPECT_EQ(by_mark("Lq/c;"), "OkHttp");
  EXPECT_EQ(by_mark("Lr/a;"), "OkHttp");
  EXPECT_EQ(by_mark("Lr/b;"), "");
  EXPECT_EQ(by_name("Lq/a;"), "");
  EXPECT_EQ(by_name("Lcom/megvii/facepp/sdk/Facepp;"), "Megvii Face++");
  EXPECT_EQ(by_name("Lorg/tensorflow/lite/examples/Main;"), "");
  EXPECT_EQ(by_name("Lorg/tensorflow/lite/Interpreter;"), "TensorFlow Lite");
}

}  // namespace
}  // namespace dl
