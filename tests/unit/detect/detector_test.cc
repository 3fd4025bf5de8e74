// SPDX-License-Identifier: Apache-2.0
// Whole inventories of real apps against what is known about them, and against each other.
#include "daylight/detect/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Inventory inventory_of(const std::filesystem::path& path) {
  const auto app = program::AppPackage::open(path, null_log());
  EXPECT_TRUE(app) << describe(app.error());
  if (!app) return {};
  auto inventory = detect(*app, RuleSet::builtin(), {}, null_log());
  EXPECT_TRUE(inventory);
  return inventory ? std::move(*inventory) : Inventory{};
}

std::set<std::string> task_names(const Inventory& inventory) {
  std::set<std::string> out;
  for (const TaskRecord& task : inventory.tasks) out.insert(task.task);
  return out;
}

std::set<std::string> frameworks_in(const Inventory& inventory, const std::string& layer) {
  std::set<std::string> out;
  for (const FrameworkRecord& framework : inventory.frameworks) {
    if (framework.layer == layer) out.insert(framework.id);
  }
  return out;
}

std::vector<std::string> model_entries(const Inventory& inventory) {
  std::vector<std::string> out;
  for (const ModelRecord& model : inventory.models) out.push_back(model.location.entry.front());
  return out;
}

const TaskRecord* find_task(const Inventory& inventory, const std::string& name) {
  for (const TaskRecord& task : inventory.tasks) {
    if (task.task == name) return &task;
  }
  return nullptr;
}

const Evidence* find_rule(const std::vector<Evidence>& list, const std::string& rule) {
  for (const Evidence& evidence : list) {
    if (evidence.rule == rule) return &evidence;
  }
  return nullptr;
}

TEST(Detector, PlainApp) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const Inventory inventory = inventory_of(path);
  EXPECT_EQ(inventory.app.package, "org.corpus.facegauge");
  EXPECT_THAT(inventory.app.abis, ElementsAre("arm64-v8a", "armeabi-v7a"));
  ASSERT_EQ(inventory.app.signers.size(), 3U);
  EXPECT_TRUE(inventory.app.signers[0].valid);

  ASSERT_THAT(model_entries(inventory),
              ElementsAre("assets/model_age_q.tflite", "assets/model_gender_q.tflite"));
  const ModelRecord& age = inventory.models[0];
  EXPECT_EQ(age.id, "model-1");
  EXPECT_EQ(age.location.size, 2144480U);
  EXPECT_THAT(age.inputs.front().shape, ElementsAre(-1, 200, 200, 3));
  EXPECT_EQ(age.last_operator, "FULLY_CONNECTED");
  EXPECT_EQ(age.use, Use::kReachable);
  EXPECT_EQ(age.origin.kind, "first-party");
  ASSERT_NE(find_rule(age.evidence, "reachable-path"), nullptr);
  EXPECT_THAT(find_rule(age.evidence, "reachable-path")->excerpt,
              HasSubstr("activity org.corpus.facegauge.MainActivity"));

  EXPECT_THAT(frameworks_in(inventory, "native"), ElementsAre("tflite"));
  EXPECT_THAT(frameworks_in(inventory, "java"),
              ElementsAre("android_fw", "tflite", "tflite_support"));
  EXPECT_EQ(inventory.frameworks.front().version, "2.14.0");
  EXPECT_EQ(inventory.frameworks.front().linked, "shared");
  // The same library for 32 bits is not read; that is said.
  ASSERT_EQ(inventory.gaps.size(), 1U);
  EXPECT_EQ(inventory.gaps[0].where, "lib/armeabi-v7a/libtensorflowlite_jni.so");
  EXPECT_THAT(inventory.gaps[0].why, HasSubstr("lib/arm64-v8a/libtensorflowlite_jni.so is"));
}

// The same app after ProGuard renamed everything that it could.
TEST(Detector, RenamedAppSaysTheSame) {
  DAYLIGHT_SHARED_OR_SKIP(plain_path, "apps/facegauge-plain.apk");
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  const Inventory plain = inventory_of(plain_path);
  const Inventory renamed = inventory_of(path);
  EXPECT_EQ(task_names(renamed), task_names(plain));
  std::multiset<std::string> plain_calls;
  for (const CallRecord& call : plain.calls) plain_calls.insert(call.api);
  std::multiset<std::string> renamed_calls;
  for (const CallRecord& call : renamed.calls) renamed_calls.insert(call.api);
  EXPECT_EQ(renamed_calls, plain_calls);
  EXPECT_EQ(renamed_calls.count("org.tensorflow.lite.Interpreter.run"), 2U);
  for (const CallRecord& call : renamed.calls) {
    EXPECT_EQ(call.use, Use::kReachable) << call.api;
    // Native code is the same in both.
    if (call.framework == "android_fw" || call.api.starts_with("native:")) continue;
    EXPECT_TRUE(call.obfuscated) << call.api;
    ASSERT_NE(find_rule(call.evidence, "api-fingerprint"), nullptr) << call.api;
  }
}

TEST(Detector, TasksOfAgeAndGenderModels) {
  for (const char* name : {"apps/facegauge-plain.apk", "apps/facegauge-obf.apk"}) {
    DAYLIGHT_SHARED_OR_SKIP(path, name);
    const Inventory inventory = inventory_of(path);
    EXPECT_THAT(task_names(inventory), UnorderedElementsAre("age", "gender", "face-detection"));
    const TaskRecord* age = find_task(inventory, "age");
    ASSERT_NE(age, nullptr);
    EXPECT_EQ(age->model, "model-1");
    EXPECT_EQ(age->confidence, "high");
    EXPECT_TRUE(age->sensitive);
    EXPECT_EQ(age->use, Use::kReachable);
    EXPECT_NE(find_rule(age->evidence, "task.string"), nullptr);
    const TaskRecord* gender = find_task(inventory, "gender");
    ASSERT_NE(gender, nullptr);
    EXPECT_EQ(gender->model, "model-2");
    EXPECT_EQ(gender->confidence, "high");
  }
}

TEST(Detector, HandWrittenFaceFinder) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facedetection-1core.apk");
  const Inventory inventory = inventory_of(path);
  EXPECT_THAT(inventory.models, IsEmpty());
  EXPECT_THAT(inventory.frameworks, IsEmpty());
  ASSERT_THAT(task_names(inventory), ElementsAre("face-detection"));
  EXPECT_EQ(inventory.tasks[0].confidence, "low");
  EXPECT_EQ(inventory.tasks[0].use, Use::kReachable);
  EXPECT_EQ(inventory.tasks[0].evidence[0].method,
            "Java_com_example_b_facedetection_Preview_findFace");
}

TEST(Detector, AppsWithoutMachineLearning) {
  std::size_t checked = 0;
  for (const char* name :
       {"emotionly", "instapaper", "blooddonation", "calibreboxnew", "settings_apk-debug",
        "droidbench-ContentProvider1", "droidbench-EventOrdering1", "droidbench-FieldSensitivity1",
        "droidbench-Library2", "redex-test"}) {
    const auto path = testing::shared_data(std::string("apps/") + name + ".apk");
    if (!path) continue;
    ++checked;
    const Inventory inventory = inventory_of(*path);
    EXPECT_THAT(inventory.models, IsEmpty()) << name;
    EXPECT_THAT(frameworks_in(inventory, "native"), IsEmpty()) << name;
    EXPECT_THAT(frameworks_in(inventory, "java"), IsEmpty()) << name;
    EXPECT_THAT(inventory.tasks, IsEmpty()) << name;
    EXPECT_THAT(inventory.calls, IsEmpty()) << name;
  }
  if (checked == 0) GTEST_SKIP() << "shared data is absent here: apps/";
}

// Models, frameworks and tasks as the data's manifest gives them.
TEST(Detector, AppsOfKnownContent) {
  struct Truth {
    std::vector<std::string> models;
    std::set<std::string> tasks;
  };
  const std::map<std::string, Truth> truths{
      {"ra-peekatbayntun", {{"assets/detect.tflite"}, {"object-detection"}}},
      {"ra-detect_person", {{"assets/deeplabv3_257_mv_gpu.tflite"}, {"segmentation"}}},
      {"ra-faceapp",
       {{"assets/style_predict_quantized_256.tflite", "assets/style_transfer_f16_384.tflite",
         "assets/style_transfer_quantized_384.tflite"},
        {"other"}}},
      {"ra-moveapp_0.3", {{"assets/movenet_graph.tflite"}, {"other"}}},
      {"ra-tflite", {{}, {}}}};
  std::size_t checked = 0;
  for (const auto& [name, truth] : truths) {
    const auto path = testing::shared_data("apps/" + name + ".apk");
    if (!path) continue;
    ++checked;
    const Inventory inventory = inventory_of(*path);
    EXPECT_EQ(model_entries(inventory), truth.models) << name;
    EXPECT_EQ(task_names(inventory), truth.tasks) << name;
    EXPECT_THAT(frameworks_in(inventory, "native"), ElementsAre("tflite")) << name;
    EXPECT_TRUE(frameworks_in(inventory, "java").contains("tflite")) << name;
    for (const TaskRecord& task : inventory.tasks) EXPECT_FALSE(task.sensitive) << name;
  }
  if (checked == 0) GTEST_SKIP() << "shared data is absent here: apps/";
}

TEST(Detector, CodeThatRunsAnAbsentModelIsAGap) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/ra-tflite.apk");
  const Inventory inventory = inventory_of(path);
  const bool said = std::any_of(inventory.gaps.begin(), inventory.gaps.end(), [](const Gap& gap) {
    return gap.why.find("none was found in the app") != std::string::npos;
  });
  EXPECT_TRUE(said);
}

// Every claim has evidence that names its place, and no claim of use stands without a path.
TEST(Detector, EveryClaimHasItsEvidence) {
  std::size_t checked = 0;
  for (const char* name : {"facegauge-plain", "facegauge-obf", "facedetection-1core", "ra-faceapp",
                           "ra-peekatbayntun"}) {
    const auto path = testing::shared_data(std::string("apps/") + name + ".apk");
    if (!path) continue;
    ++checked;
    const Inventory inventory = inventory_of(*path);
    const auto check = [&](const std::string& what, Use use,
                           const std::vector<Evidence>& evidence) {
      EXPECT_FALSE(evidence.empty()) << name << " " << what;
      for (const Evidence& item : evidence) {
        EXPECT_FALSE(item.kind.empty() || item.file.empty() || item.rule.empty() ||
                     item.excerpt.empty())
            << name << " " << what << " " << item.rule;
      }
      if (use >= Use::kReachable) {
        EXPECT_NE(find_rule(evidence, "reachable-path"), nullptr) << name << " " << what;
      }
      EXPECT_LT(use, Use::kExecuted) << what;
    };
    for (const ModelRecord& model : inventory.models) check(model.id, model.use, model.evidence);
    for (const CallRecord& call : inventory.calls)
      check(call.id + " " + call.api, call.use, call.evidence);
    for (const TaskRecord& task : inventory.tasks)
      check(task.id + " " + task.task, task.use, task.evidence);
    for (const FrameworkRecord& framework : inventory.frameworks)
      check(framework.id, Use::kPresent, framework.evidence);
    for (const Gap& gap : inventory.gaps)
      EXPECT_FALSE(gap.where.empty() || gap.why.empty()) << name;
  }
  if (checked == 0) GTEST_SKIP() << "shared data is absent here: apps/";
}

// An offset in the evidence of a call is where the instruction stands in the DEX file.
TEST(Detector, OffsetsPointAtInstructions) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const auto app = program::AppPackage::open(path, null_log());
  ASSERT_TRUE(app);
  const auto inventory = detect(*app, RuleSet::builtin(), {}, null_log());
  ASSERT_TRUE(inventory);
  ASSERT_FALSE(inventory->calls.empty());
  for (const CallRecord& call : inventory->calls) {
    const Evidence& evidence = call.evidence.front();
    ASSERT_TRUE(evidence.offset);
    const auto dex = app->entry_bytes(evidence.entry.front());
    ASSERT_TRUE(dex);
    if (evidence.kind == "native") {
      ASSERT_LT(*evidence.offset + 4, dex->bytes.size());
      continue;
    }
    const std::uint8_t opcode = dex->bytes[static_cast<std::size_t>(*evidence.offset)];
    EXPECT_TRUE(opcode >= 0x6e && opcode <= 0x78) << call.api << " " << static_cast<int>(opcode);
  }
}

TEST(Detector, SameInputSameBytes) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  const Inventory first = inventory_of(path);
  const Inventory second = inventory_of(path);
  EXPECT_EQ(dump_json(to_json(first)), dump_json(to_json(second)));
  const auto back = inventory_from_json(to_json(first), "inventory.json");
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(dump_json(to_json(*back)), dump_json(to_json(first)));
}

class StoppedLog : public LogSink {
 public:
  void message(LogLevel, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override {}
  bool cancelled() const override { return true; }
};

TEST(Detector, StopsWhenAsked) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  const auto app = program::AppPackage::open(path, null_log());
  ASSERT_TRUE(app);
  StoppedLog log;
  const auto inventory = detect(*app, RuleSet::builtin(), {}, log);
  ASSERT_FALSE(inventory);
  EXPECT_EQ(inventory.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace dl
