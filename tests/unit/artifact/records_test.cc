// SPDX-License-Identifier: Apache-2.0
// Records go to JSON and come back; wrong types become errors that name the field.
#include <gtest/gtest.h>

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/probe_plan.h"

namespace dl {
namespace {

Provenance some_provenance() {
  Provenance provenance;
  provenance.inputs = {{"app", "x.apk", std::string(64, 'a')}};
  provenance.options = {{"k", 1}};
  provenance.seed = 7;
  return provenance;
}

TEST(Provenance, FingerprintSeesEveryPart) {
  const Provenance base = some_provenance();
  Provenance other = base;
  EXPECT_EQ(fingerprint("x", base), fingerprint("x", other));
  EXPECT_NE(fingerprint("x", base), fingerprint("y", base));
  other.seed = 8;
  EXPECT_NE(fingerprint("x", base), fingerprint("x", other));
  other = base;
  other.options["k"] = 2;
  EXPECT_NE(fingerprint("x", base), fingerprint("x", other));
  other = base;
  other.inputs[0].sha256[0] = 'b';
  EXPECT_NE(fingerprint("x", base), fingerprint("x", other));
}

TEST(InventoryJson, ComesBackTheSame) {
  Inventory inventory;
  inventory.provenance = some_provenance();
  inventory.app.sha256 = std::string(64, 'a');
  inventory.app.signers = {{std::string(64, 'c'), "v2", true}};
  ModelRecord model;
  model.id = "model-1";
  model.format = "tflite";
  model.location = {"x.apk", {"assets/m"}, 3, 9};
  model.inputs = {{"in", {1, -1, 2, 3}, "uint8", {0.5F}, {128}}};
  model.use = Use::kReachable;
  model.evidence = {{"asset", "x.apk", {"assets/m"}, 3, "", "rule", "TFL3"}};
  inventory.models = {model};
  CallRecord call;
  call.id = "call-1";
  call.api = "a.b";
  call.caller = "Lx;->y()V";
  call.klass = "Lq;";
  call.method = "z";
  call.obfuscated = true;
  inventory.calls = {call};
  inventory.gaps = {{"w", "y"}};
  const Json json = to_json(inventory);
  const auto back = inventory_from_json(json, "i");
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_EQ(dump_json(to_json(*back)), dump_json(json));
  EXPECT_EQ(back->models[0].inputs[0].quant_zero_point[0], 128);
}

TEST(InventoryJson, WrongTypesNameTheField) {
  Inventory empty;
  empty.provenance = some_provenance();
  Json json = to_json(empty);
  json["app"]["sha256"] = "x";
  json["models"] = Json::array({{{"id", 5}}});
  const auto bad = inventory_from_json(json, "file.json");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().where, "file.json.models[0]");
  EXPECT_NE(bad.error().what.find("'id'"), std::string::npos);
  EXPECT_FALSE(inventory_from_json(Json::array(), "file.json"));
  EXPECT_FALSE(inventory_from_json("text", "file.json"));
  EXPECT_FALSE(pipeline_from_json(json, "an inventory is no pipeline"));
}

TEST(AssessmentJson, AbsentNumbersAreNullAndComeBackAbsent) {
  Assessment assessment;
  assessment.provenance = some_provenance();
  Estimate estimate;
  estimate.head = "age";
  estimate.metric = "mae";
  estimate.why = "no answers";
  assessment.estimates = {estimate};
  TargetMatch target;
  target.head = "age";
  target.column = "age";
  target.how = "name";
  target.kind = "scalar";
  target.age_truth = AgeTruthTable{"midpoint", {{"more than 70", 70, {}, 75}}};
  assessment.targets = {target};
  const Json json = to_json(assessment);
  EXPECT_TRUE(json["estimates"][0]["value"].is_null());
  const auto back = assessment_from_json(json, "a");
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_FALSE(back->estimates[0].value);
  EXPECT_FALSE(back->targets[0].age_truth->rows[0].high);
  EXPECT_EQ(dump_json(to_json(*back)), dump_json(json));
}

TEST(ProbePlanJson, ConstantNullIsAConstant) {
  ProbePlan plan;
  plan.provenance = some_provenance();
  Entry entry;
  entry.klass = "Lx;";
  entry.method = "m";
  entry.args = {{"I", true, nullptr}, {"J", false, nullptr}};
  plan.entries = {entry};
  const auto back = probe_plan_from_json(to_json(plan), "p");
  ASSERT_TRUE(back) << describe(back.error());
  EXPECT_TRUE(back->entries[0].args[0].has_constant);
  EXPECT_FALSE(back->entries[0].args[1].has_constant);
}

TEST(ProbePlanRules, CopyWhatAProbeReads) {
  Probe probe;
  probe.selector = "so:libx.so!load";
  probe.decode = {"arg0=bytes len=arg1 dir=in", "arg1=number", "result=address"};
  probe.max_bytes = 4096;
  probe.max_calls = 7;
  const auto rule = capture_rule_of(probe);
  ASSERT_TRUE(rule) << describe(rule.error());
  EXPECT_EQ(print_capture_rule(*rule), "so:libx.so!load {in,return,len=arg1,limit=4096,calls=7}");
  probe.decode = {"arg1=tensor dir=out"};
  EXPECT_EQ(print_capture_rule(*capture_rule_of(probe)),
            "so:libx.so!load {out,limit=4096,calls=7}");
  // Nothing to read: that the call happened is all.
  probe.decode = {};
  EXPECT_EQ(print_capture_rule(*capture_rule_of(probe)), "so:libx.so!load {limit=4096,calls=7}");
  probe.selector = "so:";
  EXPECT_FALSE(capture_rule_of(probe));
}

}  // namespace
}  // namespace dl
