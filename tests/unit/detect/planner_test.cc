// SPDX-License-Identifier: Apache-2.0
// Plans of real apps: what is watched, and where an agent may enter.
#include "daylight/detect/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/detect/call_constants.h"
#include "daylight/detect/detector.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

struct Planned {
  Inventory inventory;
  ProbePlan plan;
};

Planned planned(const std::filesystem::path& path) {
  const auto app = program::AppPackage::open(path, null_log());
  EXPECT_TRUE(app);
  if (!app) return {};
  const auto code = program::AppCode::build(*app);
  auto inventory = detect(*app, *code, RuleSet::builtin(), {}, null_log());
  EXPECT_TRUE(inventory);
  if (!inventory) return {};
  ProbePlan plan = dl::plan(*app, *code, *inventory);
  return {std::move(*inventory), std::move(plan)};
}

const Probe* find_probe(const ProbePlan& plan, const std::string& selector) {
  for (const Probe& probe : plan.probes) {
    if (probe.selector == selector) return &probe;
  }
  return nullptr;
}

const Entry* find_entry(const ProbePlan& plan, const std::string& klass,
                        const std::string& method) {
  for (const Entry& entry : plan.entries) {
    if (entry.klass == klass && entry.method == method) return &entry;
  }
  return nullptr;
}

TEST(Planner, PlainApp) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const Planned app = planned(path);
  const Probe* run = find_probe(
      app.plan, "java:org/tensorflow/lite/Interpreter;.run(Ljava/lang/Object;Ljava/lang/Object;)V");
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(run->role, "model-run");
  EXPECT_THAT(run->decode, ElementsAre("arg0=tensor", "arg1=tensor"));
  EXPECT_EQ(run->why.size(), 2U);  // two call sites
  EXPECT_GE(run->max_bytes, 200U * 200U * 3U * 4U);

  const Probe* load = find_probe(app.plan,
                                 "java:org/tensorflow/lite/Interpreter;.<init>(Ljava/nio/"
                                 "ByteBuffer;Lorg/tensorflow/lite/Interpreter$Options;)V");
  ASSERT_NE(load, nullptr);
  EXPECT_EQ(load->role, "model-load");
  EXPECT_THAT(load->decode, Contains("arg0=bytes"));

  EXPECT_NE(find_probe(app.plan, "jni:org/tensorflow/lite/NativeInterpreterWrapper;.run(JJ)V"),
            nullptr);
  const Probe* native = find_probe(app.plan, "so:libtensorflowlite_jni.so!TfLiteInterpreterInvoke");
  ASSERT_NE(native, nullptr);
  EXPECT_EQ(native->layer, "native");
  EXPECT_EQ(native->role, "model-run");
  EXPECT_NE(
      find_probe(app.plan,
                 "java:android/graphics/Bitmap;.copy(Landroid/graphics/Bitmap$Config;Z)Landroid/"
                 "graphics/Bitmap;"),
      nullptr);

  const Entry* entry =
      find_entry(app.plan, "Lorg/corpus/facegauge/AgeEstimationModel;", "predictAge");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->descriptor, "(Landroid/graphics/Bitmap;)F");
  EXPECT_EQ(entry->receiver, "new");
  ASSERT_EQ(entry->args.size(), 1U);
  EXPECT_FALSE(entry->args[0].has_constant);
  EXPECT_NE(
      find_entry(app.plan, "Lorg/corpus/facegauge/GenderClassificationModel;", "predictGender"),
      nullptr);
  EXPECT_EQ(find_entry(app.plan, "Lorg/corpus/facegauge/MainActivity;", "crop"), nullptr)
      << "leads to the face finder, not to a model: " << app.plan.entries.size();
}

// Every probe of the renamed app is one of its own names, and there are as many entries.
TEST(Planner, RenamedApp) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  const Planned app = planned(path);
  const Probe* run = find_probe(app.plan, "java:o/j;.a(Ljava/lang/Object;Ljava/lang/Object;)V");
  ASSERT_NE(run, nullptr);
  EXPECT_EQ(run->role, "model-run");
  EXPECT_NE(find_entry(app.plan, "Lo/a;", "a"), nullptr);
  EXPECT_NE(find_entry(app.plan, "Lo/b;", "a"), nullptr);
  for (const Probe& probe : app.plan.probes) {
    EXPECT_FALSE(probe.why.empty()) << probe.selector;
    EXPECT_GT(probe.max_bytes, 0U);
    EXPECT_GT(probe.max_calls, 0U);
  }
}

TEST(Planner, NothingToWatchIsAGap) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/droidbench-Library2.apk");
  const Planned app = planned(path);
  EXPECT_TRUE(app.plan.probes.empty());
  EXPECT_TRUE(app.plan.entries.empty());
  EXPECT_EQ(app.plan.gaps.size(), 1U);
}

TEST(Planner, SameInputSameBytesAndBack) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const Planned first = planned(path);
  const Planned second = planned(path);
  EXPECT_EQ(dump_json(to_json(first.plan)), dump_json(to_json(second.plan)));
  const auto back = probe_plan_from_json(to_json(first.plan), "probe_plan.json");
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(dump_json(to_json(*back)), dump_json(to_json(first.plan)));
}

// The app's own constants at its own calls: `new ResizeOp(200, 200, BILINEAR)`, `new
// NormalizeOp(0f, 255f)`.
TEST(CallConstants, OfTheAppsOwnCalls) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const auto app = program::AppPackage::open(path, null_log());
  ASSERT_TRUE(app);
  const auto code = program::AppCode::build(*app);
  const auto& index = code->index();
  const auto constructor = index.find_method("Lorg/corpus/facegauge/AgeEstimationModel;", "<init>",
                                             "(Landroid/content/Context;)V");
  ASSERT_NE(constructor, program::kNoId);
  std::vector<std::optional<Json>> resize;
  std::vector<std::optional<Json>> normalize;
  for (const program::CallSite& site : code->facts().calls(constructor)) {
    if (index.method_owner(site.callee).ends_with("/ResizeOp;"))
      resize = constant_arguments(index, constructor, site.pc);
    if (index.method_owner(site.callee).ends_with("/NormalizeOp;")) {
      normalize = constant_arguments(index, constructor, site.pc);
    }
  }
  ASSERT_EQ(resize.size(), 3U);
  EXPECT_EQ(resize[0], Json(200));
  EXPECT_EQ(resize[1], Json(200));
  EXPECT_FALSE(resize[2]);  // an enum constant
  ASSERT_EQ(normalize.size(), 2U);
  EXPECT_EQ(normalize[0], Json(0.0F));
  EXPECT_EQ(normalize[1], Json(255.0F));
  EXPECT_TRUE(constant_arguments(index, constructor, 0xffff).empty());
}

}  // namespace
}  // namespace dl
