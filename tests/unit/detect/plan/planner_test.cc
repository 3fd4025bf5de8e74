// SPDX-License-Identifier: Apache-2.0
// Plans of real apps: what is watched, and where an agent may enter.
#include "daylight/detect/plan/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "daylight/artifact/selector.h"
#include "daylight/detect/detector.h"
#include "daylight/detect/plan/call_constants.h"
#include "daylight/detect/plan/probe_decode.h"
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
  EXPECT_THAT(run->decode, ElementsAre("arg0=tensor dir=in", "arg1=tensor dir=out"));
  // Two call sites.
  EXPECT_EQ(run->why.size(), 3U);
  EXPECT_THAT(run->why, Contains("recipe:tflite-interpreter"));
  EXPECT_GE(run->max_bytes, 200U * 200U * 3U * 4U);

  const Probe* load = find_probe(app.plan,
                                 "java:org/tensorflow/lite/Interpreter;.<init>(Ljava/nio/"
                                 "ByteBuffer;Lorg/tensorflow/lite/Interpreter$Options;)V");
  ASSERT_NE(load, nullptr);
  EXPECT_EQ(load->role, "model-load");
  EXPECT_THAT(load->decode, Contains("arg0=bytes dir=in"));

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

// The app's own native method is named after what it does: it is watched with its camera frame, and
// the callback that feeds it is an entry.
TEST(Planner, OwnNativeMethods) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facedetection-1core.apk");
  const Planned app = planned(path);
  const Probe* find = find_probe(
      app.plan,
      "jni:com/example/b/facedetection/Preview;.findFace([BIILcom/example/b/facedetection/"
      "Preview$CheckedPos;)V");
  ASSERT_NE(find, nullptr);
  EXPECT_EQ(find->role, "model-run");
  EXPECT_THAT(find->decode, ElementsAre("arg0=bytes dir=in", "arg1=number", "arg2=number",
                                        "arg3=object dir=out"));
  EXPECT_THAT(find->why, ElementsAre("task-1"));
  const Probe* gray =
      find_probe(app.plan, "jni:com/example/b/facedetection/Preview;.colorGrayArray([B)[B");
  ASSERT_NE(gray, nullptr);
  EXPECT_EQ(gray->role, "preprocess");
  EXPECT_THAT(gray->decode, ElementsAre("arg0=bytes dir=in", "result=bytes"));
  EXPECT_NE(find_probe(app.plan, "import:libmain.so!fopen"), nullptr);
  EXPECT_EQ(find_probe(app.plan, "import:libmain.so!AAssetManager_open"), nullptr);
  const Entry* entry = find_entry(app.plan, "Lcom/example/b/facedetection/Preview;", "findFace");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->receiver, "new");  // a view: it has a constructor with a Context
}

// Places without a name are given by address, and only for the file in which they were found.
TEST(Planner, PlacesInLibraries) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const Planned app = planned(path);
  std::size_t offsets = 0;
  for (const Probe& probe : app.plan.probes) {
    const auto selector = parse_selector(probe.selector);
    ASSERT_TRUE(selector) << probe.selector;
    EXPECT_EQ(print_selector(*selector), probe.selector);
    if (!selector->offset) continue;
    ++offsets;
    EXPECT_FALSE(selector->pin.empty()) << probe.selector;
    EXPECT_FALSE(probe.why.empty());
  }
  EXPECT_GT(offsets, 0U);
  const Probe* buffer =
      find_probe(app.plan,
                 "jni:org/tensorflow/lite/NativeInterpreterWrapper;.createModelWithBuffer("
                 "Ljava/nio/ByteBuffer;J)J");
  ASSERT_NE(buffer, nullptr);
  EXPECT_EQ(buffer->role, "model-load");
  EXPECT_THAT(buffer->decode, Contains("arg0=bytes dir=in"));
  const Probe* map = find_probe(app.plan, "import:libtensorflowlite_jni.so!mmap");
  ASSERT_NE(map, nullptr);
  EXPECT_THAT(map->decode, Contains("result=bytes len=arg1 dir=out"));
}

// Names differ between the twins, places and what is read of them do not.
TEST(Planner, RenamingChangesOnlyNames) {
  DAYLIGHT_SHARED_OR_SKIP(plain_path, "apps/facegauge-plain.apk");
  DAYLIGHT_SHARED_OR_SKIP(renamed_path, "apps/facegauge-obf.apk");
  const auto what = [](const ProbePlan& plan) {
    std::multiset<std::string> out;
    for (const Probe& probe : plan.probes) {
      // Calls of a framework's class that R8 merged away have no counterpart.
      if (probe.role != "model-run" || probe.layer != "java") continue;
      std::string line = probe.role;
      for (const std::string& rule : probe.decode) line += "," + rule;
      out.insert(line);
    }
    return out;
  };
  const auto entries = [](const ProbePlan& plan) {
    std::multiset<std::string> out;
    for (const Entry& entry : plan.entries) out.insert(entry.descriptor + " " + entry.receiver);
    return out;
  };
  const Planned plain = planned(plain_path);
  const Planned renamed = planned(renamed_path);
  EXPECT_EQ(what(plain.plan), what(renamed.plan));
  EXPECT_EQ(entries(plain.plan).size(), entries(renamed.plan).size());
}

TEST(Planner, NothingToWatchIsAGap) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/droidbench-Library2.apk");
  const Planned app = planned(path);
  EXPECT_TRUE(app.plan.probes.empty());
  EXPECT_TRUE(app.plan.entries.empty());
  EXPECT_EQ(app.plan.gaps.size(), 1U);
}

// A tensor's shape is said where all models of the calling classes agree, and not otherwise.
TEST(ProbeDecode, ShapesOfLinkedModels) {
  Inventory inventory;
  const auto add = [&](const std::string& klass, std::int64_t side) {
    ModelRecord model;
    model.inputs = {{"in", {1, side, side, 3}, "float32"}};
    model.outputs = {{"out", {1, 2}, "float32"}};
    Evidence evidence{"code", "x.apk"};
    evidence.method = klass + "->load()V";
    model.evidence = {evidence};
    inventory.models.push_back(model);
    CallRecord call;
    call.id = "call-" + std::to_string(inventory.calls.size() + 1);
    call.caller = klass + "->infer()V";
    inventory.calls.push_back(call);
  };
  add("La/A;", 200);
  add("La/B;", 128);
  Probe probe;
  probe.role = "model-run";
  probe.decode = {"arg0=tensor dir=in", "arg1=tensor dir=out"};
  Probe both = probe;
  probe.why = {"call-1"};
  both.why = {"call-1", "call-2"};
  add_model_shapes(inventory, probe);
  EXPECT_THAT(probe.decode,
              ElementsAre("arg0=tensor dtype=float32 shape=1x200x200x3 layout=nhwc dir=in",
                          "arg1=tensor dtype=float32 shape=1x2 dir=out"));
  add_model_shapes(inventory, both);
  EXPECT_THAT(both.decode,
              ElementsAre("arg0=tensor dir=in", "arg1=tensor dtype=float32 shape=1x2 dir=out"));
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
