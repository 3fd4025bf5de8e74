// SPDX-License-Identifier: Apache-2.0
// Calls, and what the manifest's entry points lead to.
#include "daylight/program/code/call_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/program/code/app_code.h"
#include "support/shared_data.h"
#include "support/small_app.h"

namespace dl::program {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct SmallApp {
  std::vector<std::string> contents{testing::small_app_dex(), testing::small_app_second_dex()};
  std::vector<DexFile> files = testing::open_dex_files(contents);
  ClassIndex index = ClassIndex::build(files);
  CodeFacts facts = CodeFacts::build(index);
  CallGraph graph = CallGraph::build(index, facts);

  MethodId method(const char* owner, const char* name, const char* descriptor = "()V") const {
    const MethodId id = index.find_method(owner, name, descriptor);
    EXPECT_NE(id, kNoId) << owner << name;
    return id;
  }
};

TEST(CallGraph, VirtualCallsReachEveryOverride) {
  const SmallApp app;
  const MethodId create = app.method("Lapp/Main;", "onCreate", "(Landroid/os/Bundle;)V");
  const auto targets = app.graph.targets(app.facts.calls(create)[2]);
  std::vector<std::string> texts;
  for (const MethodId target : targets) texts.push_back(app.index.method_text(target));
  EXPECT_THAT(texts,
              ::testing::UnorderedElementsAre("Lapp/Circle;->area()V", "Lapp/Square;->area()V"));
  // The framework's method has no definition in the app: it stands for itself.
  const auto outside = app.graph.targets(app.facts.calls(create)[3]);
  ASSERT_EQ(outside.size(), 1U);
  EXPECT_EQ(app.index.method_name(outside[0]), "forName");
}

TEST(CallGraph, CallersByEveryName) {
  const SmallApp app;
  const auto callers = app.graph.callers(app.method("Lapp/Circle;", "area"));
  ASSERT_EQ(callers.size(), 1U);
  EXPECT_EQ(app.index.method_text(callers[0].caller), "Lapp/Main;->onCreate(Landroid/os/Bundle;)V");
  EXPECT_EQ(callers[0].pc, 10U);
  EXPECT_EQ(app.graph.callers(app.method("Lapp/Other;", "help")).size(), 2U);
  EXPECT_EQ(app.graph.callers(app.method("Lapp/Dead;", "never")).size(), 0U);
}

TEST(Reachability, FollowsCallsCallbacksAndReflection) {
  const SmallApp app;
  const ManifestInfo manifest = testing::small_app_manifest();
  const Reachability reach = Reachability::explore(app.graph, &manifest);
  EXPECT_TRUE(reach.reached(app.method("Lapp/Main;", "onCreate", "(Landroid/os/Bundle;)V")));
  EXPECT_TRUE(reach.reached(app.method("Lapp/Other;", "help")));   // a call into the second file
  EXPECT_TRUE(reach.reached(app.method("Lapp/Circle;", "area")));  // an object of this class exists
  EXPECT_FALSE(reach.reached(app.method("Lapp/Square;", "area")));   // none of this one does
  EXPECT_TRUE(reach.reached(app.method("Lapp/Task;", "run")));       // the platform may run it
  EXPECT_TRUE(reach.reached(app.method("Lapp/Worker;", "<init>")));  // and what it calls
  EXPECT_TRUE(
      reach.reached(app.method("Lapp/Loaded;", "<init>")));  // named as a text to Class.forName
  EXPECT_FALSE(
      reach.reached(app.method("Lapp/Main;", "untouched")));  // no platform method has this name
  EXPECT_FALSE(reach.reached(app.method("Lapp/Dead;", "never")));
  EXPECT_TRUE(reach.gaps().empty());
}

TEST(Reachability, PathsBeginAtTheManifest) {
  const SmallApp app;
  const ManifestInfo manifest = testing::small_app_manifest();
  const Reachability reach = Reachability::explore(app.graph, &manifest);
  const MethodId worker = app.method("Lapp/Worker;", "<init>");
  EXPECT_THAT(reach.path(worker),
              ElementsAre("Lapp/Main;->onCreate(Landroid/os/Bundle;)V",
                          "Lapp/Task;->run()V (callback of an object made at 0x0)",
                          "Lapp/Worker;-><init>()V (called at 0x4)"));
  EXPECT_EQ(reach.entry_reason(worker), "activity app.Main");
  EXPECT_TRUE(reach.path(app.method("Lapp/Dead;", "never")).empty());
  EXPECT_EQ(reach.entry_reason(app.method("Lapp/Dead;", "never")), "");
}

TEST(Reachability, SaysWhatItDoesNotKnow) {
  const SmallApp app;
  const Reachability blind = Reachability::explore(app.graph, nullptr);
  EXPECT_FALSE(blind.reached(app.method("Lapp/Main;", "onCreate", "(Landroid/os/Bundle;)V")));
  ASSERT_EQ(blind.gaps().count(), 1U);
  ManifestInfo manifest = testing::small_app_manifest();
  manifest.components.front().name = "app.Elsewhere";
  const Reachability missing = Reachability::explore(app.graph, &manifest);
  EXPECT_THAT(missing.gaps().list().front().why, HasSubstr("app.Elsewhere"));
}

TEST(Reachability, DisabledComponentsAreNoEntry) {
  const SmallApp app;
  ManifestInfo manifest = testing::small_app_manifest();
  manifest.components.front().enabled = false;
  const Reachability reach = Reachability::explore(app.graph, &manifest);
  EXPECT_TRUE(reach.entries().empty());
}

TEST(Reachability, OfARealApp) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const auto package = AppPackage::open(path, null_log());
  ASSERT_TRUE(package);
  const auto code = AppCode::build(*package);
  const auto& index = code->index();
  const MethodId predict = index.find_method("Lorg/corpus/facegauge/AgeEstimationModel;",
                                             "predictAge", "(Landroid/graphics/Bitmap;)F");
  ASSERT_NE(predict, kNoId);
  EXPECT_THAT(code->reach().path(predict).front(), HasSubstr("MainActivity;->onActivityResult"));
  // Part of the Support library, but nothing in the app leads there.
  const auto mapped =
      index.find_methods("Lorg/tensorflow/lite/support/common/FileUtil;", "loadMappedFile");
  ASSERT_FALSE(mapped.empty());
  EXPECT_FALSE(code->reach().reached(mapped.front()));
}

// The classes of this file claim to inherit in circles.
TEST(Reachability, EndsOnADamagedApp) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/redex-test.apk");
  const auto package = AppPackage::open(path, null_log());
  ASSERT_TRUE(package) << describe(package.error());
  EXPECT_FALSE(package->gaps().empty());
  const auto code = AppCode::build(*package);
  EXPECT_GT(code->index().class_count(), 0U);
}

}  // namespace
}  // namespace dl::program
