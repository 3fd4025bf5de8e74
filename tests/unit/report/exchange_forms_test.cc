// SPDX-License-Identifier: Apache-2.0
// SARIF and ML-BOM of a small inventory: rules, levels, fingerprints that follow content, relative
// places, references. (The official schemas are checked on real apps: end_to_end/detect_outputs.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "daylight/report/ml_bom.h"
#include "daylight/report/sarif.h"
#include "daylight/report/sarif_locations.h"
#include "inventory_fixture.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<Json> results_of(const Json& sarif, const std::string& rule) {
  std::vector<Json> out;
  for (const Json& result : sarif["runs"][0]["results"]) {
    if (result["ruleId"] == rule) out.push_back(result);
  }
  return out;
}

TEST(RelativeUri, NeverLeadsOutOfItsContainer) {
  EXPECT_EQ(relative_uri("assets/m.tflite"), "assets/m.tflite");
  EXPECT_EQ(relative_uri("a b/\u00e4.bin"), "a%20b/%C3%A4.bin");
  EXPECT_EQ(relative_uri("/etc/passwd"), "%2Fetc/passwd");
  EXPECT_EQ(relative_uri("//host/x"), "%2F%2Fhost/x");
  EXPECT_EQ(relative_uri("../x/./y"), "%5C../x/%5C./y");
  EXPECT_EQ(relative_uri("file:///x?y#z"), "file%3A/%2F%2Fx%3Fy%23z");
}

TEST(SarifText, EscapesWhatMessagesWouldRead) {
  EXPECT_EQ(sarif_text("[1] {0} \\"), "\\[1\\] {{0}} \\\\");
  EXPECT_THAT(sarif_text("\x1b[31m"), Not(HasSubstr("\x1b")));
}

TEST(Sarif, OneResultForEachFindingWithItsRuleAndLevel) {
  const Json sarif = inventory_to_sarif(testing::small_inventory());
  EXPECT_EQ(sarif["version"], "2.1.0");
  std::set<std::string> rules;
  for (const Json& rule : sarif["runs"][0]["tool"]["driver"]["rules"])
    rules.insert(rule["id"].get<std::string>());
  EXPECT_THAT(rules, ElementsAre("call/org.tensorflow.lite.Interpreter.run", "encrypted-model",
                                 "framework/tflite", "gap", "model/tflite", "remote-model",
                                 "task/age", "task/face-detection"));
  EXPECT_EQ(results_of(sarif, "model/tflite").size(), 2U);
  EXPECT_EQ(results_of(sarif, "encrypted-model").size(), 1U);
  EXPECT_EQ(results_of(sarif, "remote-model").size(), 1U);
  EXPECT_EQ(results_of(sarif, "gap").size(), 1U);
  EXPECT_EQ(results_of(sarif, "task/age")[0]["level"], "warning");
  EXPECT_EQ(results_of(sarif, "task/face-detection")[0]["level"], "note");
  EXPECT_EQ(results_of(sarif, "task/face-detection")[0]["properties"]["use"], "present");
}

TEST(Sarif, AModelInAContainerHasNestedArtifactsAndARegion) {
  const Json sarif = inventory_to_sarif(testing::small_inventory());
  const Json& artifacts = sarif["runs"][0]["artifacts"];
  const Json place = results_of(sarif, "model/tflite")[1]["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["region"]["byteOffset"], 64);
  EXPECT_EQ(place["region"]["byteLength"], 2048);
  const Json& plain = artifacts[place["artifactLocation"]["index"].get<std::size_t>()];
  EXPECT_EQ(plain["location"]["uri"], "~xor%400%2B4096");
  const Json& inner = artifacts[plain["parentIndex"].get<std::size_t>()];
  EXPECT_EQ(inner["location"]["uri"], "m.bin");
  const Json& zip = artifacts[inner["parentIndex"].get<std::size_t>()];
  EXPECT_EQ(zip["location"]["uri"], "assets/pack.zip");
  const Json& app = artifacts[zip["parentIndex"].get<std::size_t>()];
  EXPECT_EQ(app["location"]["uri"], "app.apk");
  EXPECT_EQ(app["hashes"]["sha-256"], std::string(64, 'f'));
  EXPECT_FALSE(app.contains("parentIndex"));
}

TEST(Sarif, FingerprintsFollowContentNotPlaces) {
  Inventory moved = testing::small_inventory();
  const Json before = inventory_to_sarif(moved);
  moved.models[0].location.entry = {"assets/renamed.bin"};
  moved.models[0].location.offset = 4096;
  moved.calls[0].caller = "La/b;->c(I)F";
  moved.calls[0].evidence[0].offset = 9;
  const Json after = inventory_to_sarif(moved);
  for (const char* rule :
       {"model/tflite", "call/org.tensorflow.lite.Interpreter.run", "task/age"}) {
    EXPECT_EQ(results_of(before, rule)[0]["partialFingerprints"],
              results_of(after, rule)[0]["partialFingerprints"])
        << rule;
  }
  moved.models[0].sha256 = std::string(64, '9');
  EXPECT_NE(results_of(before, "task/age")[0]["partialFingerprints"],
            results_of(inventory_to_sarif(moved), "task/age")[0]["partialFingerprints"]);
}

TEST(Sarif, NeverShowsAKeyAndBoundsEvidence) {
  Inventory inventory = testing::small_inventory();
  inventory.tasks[0].evidence.resize(kMaxSarifEvidence + 5, inventory.tasks[0].evidence[0]);
  const Json sarif = inventory_to_sarif(inventory);
  EXPECT_THAT(dump_json(sarif), Not(HasSubstr("5a3c")));
  const Json task = results_of(sarif, "task/age")[0];
  EXPECT_EQ(task["relatedLocations"].size(), kMaxSarifEvidence);
  EXPECT_EQ(task["properties"]["furtherEvidence"], 5);
}

TEST(MlBom, ModelsLibrariesAndWhatDependsOnWhat) {
  const Json bom = inventory_to_ml_bom(testing::small_inventory());
  EXPECT_EQ(bom["specVersion"], "1.6");
  EXPECT_EQ(bom["metadata"]["component"]["name"], "com.example.app");
  const Json& model = bom["components"][0];
  EXPECT_EQ(model["type"], "machine-learning-model");
  EXPECT_EQ(model["name"], "Age Net");
  EXPECT_EQ(model["hashes"][0]["content"], std::string(64, '1'));
  EXPECT_EQ(model["modelCard"]["modelParameters"]["task"], "age");
  EXPECT_EQ(model["modelCard"]["modelParameters"]["architectureFamily"],
            "convolutional neural network");
  EXPECT_THAT(
      model["modelCard"]["considerations"]["ethicalConsiderations"][0]["name"].get<std::string>(),
      HasSubstr("has a path to a model that tells age"));
  EXPECT_EQ(bom["components"][2]["externalReferences"][0]["url"], "https://models.example/m.onnx");
  EXPECT_EQ(bom["components"][3]["purl"], "pkg:maven/org.tensorflow/tensorflow-lite@2.14.0");
  EXPECT_EQ(bom["dependencies"][0]["ref"], "app");
  EXPECT_EQ(bom["dependencies"][0]["dependsOn"].size(), 5U);
  EXPECT_EQ(bom["dependencies"][1]["dependsOn"][0], bom["components"][3]["bom-ref"]);
  EXPECT_THAT(dump_json(bom), Not(HasSubstr("5a3c")));
}

TEST(MlBom, WhatIsOnlyPresentIsNotSaidToBeDone) {
  Inventory inventory = testing::small_inventory();
  inventory.tasks[0].use = Use::kPresent;
  const Json bom = inventory_to_ml_bom(inventory);
  EXPECT_THAT(
      bom["components"][0]["modelCard"]["considerations"]["ethicalConsiderations"][0]["name"]
          .get<std::string>(),
      HasSubstr("holds a model that could tell age"));
}

TEST(MlBom, TheSerialNumberFollowsFromTheContent) {
  Inventory inventory = testing::small_inventory();
  const Json first = inventory_to_ml_bom(inventory);
  EXPECT_EQ(first, inventory_to_ml_bom(inventory));
  EXPECT_THAT(first["serialNumber"].get<std::string>(),
              ::testing::MatchesRegex("urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]"
                                      "{3}-[0-9a-f]{12}"));
  inventory.models[0].sha256 = std::string(64, '9');
  EXPECT_NE(first["serialNumber"], inventory_to_ml_bom(inventory)["serialNumber"]);
}

TEST(MlBom, APackageUrlOnlyForWhatIsInTheApp) {
  FrameworkRecord framework{"tflite", "2.14.0", "native", "shared", {}, {}};
  EXPECT_EQ(framework_purl(framework), "pkg:maven/org.tensorflow/tensorflow-lite@2.14.0");
  framework.version = "2.14 (dev)";
  EXPECT_EQ(framework_purl(framework), "pkg:maven/org.tensorflow/tensorflow-lite");
  framework.linked = "unbundled";
  EXPECT_EQ(framework_purl(framework), "");
  framework = {"unheard-of", "1", "native", "shared", {}, {}};
  EXPECT_EQ(framework_purl(framework), "");
}

}  // namespace
}  // namespace dl
