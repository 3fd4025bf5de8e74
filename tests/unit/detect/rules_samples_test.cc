// SPDX-License-Identifier: Apache-2.0
// Every rule has samples, and they do what they say: a framework rule or an API fingerprint without
// a positive and a near-miss sample in tests/samples/rules fails here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "daylight/base/file.h"
#include "daylight/detect/detector.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/format/code/dex.h"
#include "daylight/program/code/fingerprint.h"
#include "support/rule_samples.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using program::ApiClassRule;
using program::ApiRules;

// The samples of one kind, by framework.
std::map<std::string, Json> samples_of(const std::string& kind) {
  std::map<std::string, Json> out;
  const auto folder = testing::project_file("tests/samples/rules/" + kind);
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".json") continue;
    const auto json = parse_json(read_file(file.path()).value(), file.path().string());
    EXPECT_TRUE(json) << file.path();
    if (json) out[file.path().stem().string()] = *json;
  }
  return out;
}

Inventory inventory_of(const Json& sample) {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "sample.apk";
  std::ofstream(path, std::ios::binary) << testing::sample_app(sample);
  const auto app = program::AppPackage::open(path, null_log());
  EXPECT_TRUE(app) << describe(app.error());
  if (!app) return {};
  auto inventory = detect(*app, RuleSet::builtin(), {.threads = 1}, null_log());
  EXPECT_TRUE(inventory);
  return inventory ? std::move(*inventory) : Inventory{};
}

// The rules of evidence that speak of this framework.
std::set<std::string> clues_of(const Inventory& inventory, const std::string& id) {
  std::set<std::string> out;
  for (const FrameworkRecord& framework : inventory.frameworks) {
    if (framework.id != id) continue;
    for (const Evidence& evidence : framework.evidence) out.insert(evidence.rule);
  }
  return out;
}

// Every kind of clue that a rule knows.
std::set<std::string> expected_clues(const FrameworkRule& rule) {
  std::set<std::string> out;
  const auto expect = [&](bool there, const char* clue) {
    if (there) out.insert(rule.id + "." + clue);
  };
  expect(!rule.libraries.empty(), "library");
  expect(!rule.links.empty(), "link");
  expect(!rule.exports.empty(), "export");
  expect(!rule.imports.empty(), "import");
  expect(!rule.literals.empty(), "literal");
  expect(!rule.rtti.empty(), "rtti");
  expect(!rule.build_ids.empty(), "build-id");
  expect(!rule.scripts.empty(), "script");
  expect(!rule.classes.empty() && rule.kind != "system", "class");
  expect(!rule.class_digests.empty(), "class-digest");
  expect(!rule.meta_data.empty(), "meta-data");
  expect(!rule.components.empty(), "component");
  return out;
}

TEST(FrameworkSamples, EveryClueOfEveryRuleIsSeenAndNoNearMissIs) {
  const auto samples = samples_of("frameworks");
  for (const FrameworkRule& rule : RuleSet::builtin().frameworks()) {
    SCOPED_TRACE(rule.id);
    const auto found = samples.find(rule.id);
    ASSERT_NE(found, samples.end()) << "tests/samples/rules/frameworks/" << rule.id << ".json";
    const Json& json = found->second;
    ASSERT_FALSE(json["positive"].empty());
    ASSERT_FALSE(json["near_miss"].empty());
    std::set<std::string> seen;
    for (const Json& sample : json["positive"]) {
      const auto clues = clues_of(inventory_of(sample), rule.id);
      EXPECT_FALSE(clues.empty()) << "not found: " << sample.value("why", "");
      seen.insert(clues.begin(), clues.end());
    }
    EXPECT_THAT(seen, ::testing::IsSupersetOf(expected_clues(rule)));
    for (const Json& sample : json["near_miss"])
      EXPECT_THAT(clues_of(inventory_of(sample), rule.id), ::testing::IsEmpty())
          << sample.value("why", "");
  }
  for (const auto& [id, json] : samples)
    EXPECT_NE(RuleSet::builtin().framework(id), nullptr) << "no rule for the samples " << id;
}

// The names that a made program shows.
struct World {
  explicit World(const Json& classes) : bytes(testing::sample_dex(classes)) {
    auto file = DexFile::open(as_bytes(bytes), "classes.dex");
    EXPECT_TRUE(file) << describe(file.error());
    if (file) files.push_back(std::move(*file));
    index = std::make_unique<program::ClassIndex>(program::ClassIndex::build(files));
    facts = std::make_unique<program::CodeFacts>(program::CodeFacts::build(*index));
    names = std::make_unique<program::ApiNames>(
        program::ApiNames::match(*index, *facts, ApiRules::builtin()));
  }

  std::string bytes;
  std::vector<DexFile> files;
  std::unique_ptr<program::ClassIndex> index;
  std::unique_ptr<program::CodeFacts> facts;
  std::unique_ptr<program::ApiNames> names;
};

// Checks one world and notes which rules it shows.
void check_world(const Json& json, std::set<const ApiClassRule*>& shown) {
  const World world(json["classes"]);
  for (const auto& [descriptor, canonical] : json["finds"].items()) {
    const auto id = world.index->find_class(descriptor);
    const auto* cls = id == program::kNoId ? nullptr : world.names->class_of(id);
    ASSERT_NE(cls, nullptr) << descriptor << " is not found as " << canonical;
    EXPECT_EQ(cls->rule->name, canonical.get<std::string>()) << descriptor;
    shown.insert(cls->rule);
  }
  if (!json.contains("methods")) return;
  std::map<std::string, std::string> methods;
  for (const auto& method : world.names->methods())
    methods[world.index->method_text(method.id)] = method.name;
  for (const auto& [text, canonical] : json["methods"].items())
    EXPECT_EQ(methods[text], canonical.get<std::string>()) << text;
}

TEST(ApiSamples, EveryFingerprintFindsItsClassAndNoNearMiss) {
  std::set<const ApiClassRule*> shown;
  std::set<std::string> missed;
  for (const auto& [framework, json] : samples_of("apis")) {
    SCOPED_TRACE(framework);
    for (const Json& world : json["worlds"]) check_world(world, shown);
    for (const Json& miss : json["near_misses"]) {
      const World world(miss["classes"]);
      for (const Json& absent : miss["absent"]) {
        EXPECT_EQ(world.names->find(absent.get<std::string>()), program::kNoId)
            << absent << ": " << miss.value("why", "");
        missed.insert(absent.get<std::string>());
      }
    }
  }
  std::map<std::string, int> numbers;
  for (const ApiClassRule& rule : ApiRules::builtin().classes()) {
    const int number = ++numbers[rule.name];
    EXPECT_TRUE(shown.contains(&rule)) << "no positive sample: " << rule.name << " #" << number;
    EXPECT_TRUE(missed.contains(rule.name)) << "no near miss: " << rule.name;
  }
}

}  // namespace
}  // namespace dl
