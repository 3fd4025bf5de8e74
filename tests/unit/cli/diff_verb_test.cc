// SPDX-License-Identifier: Apache-2.0
// Two builds of one source: every call site is found again under its new name, as the builds'
// own mapping files say.
#include "daylight/cli/diff_verb.h"

#include <gtest/gtest.h>

#include <map>

#include "daylight/base/file.h"
#include "daylight/cli/fail_rules.h"
#include "daylight/cli/terminal.h"
#include "daylight/program/code/name_mapping.h"
#include "support/shared_data.h"

namespace dl::cli {
namespace {

// Checks every pair of call sites against the mapping; gives the number of pairs by status.
std::map<std::string, std::size_t> check_pairs(const std::filesystem::path& plain,
                                               const std::filesystem::path& renamed,
                                               const std::filesystem::path& mapping_file,
                                               const std::string& plain_package,
                                               const std::string& renamed_package) {
  Terminal log(true);
  const auto before = inventory_of(plain, log);
  const auto after = inventory_of(renamed, log);
  const auto text = read_file(mapping_file);
  if (!before || !after || !text) {
    ADD_FAILURE() << "not readable";
    return {};
  }
  const auto mapping = program::NameMapping::parse(*text, "mapping.txt");
  std::map<std::string, std::string> old_callers;
  std::map<std::string, std::string> new_callers;
  for (const CallRecord& call : before->calls) old_callers[call.id] = call.caller;
  for (const CallRecord& call : after->calls) new_callers[call.id] = call.caller;
  std::map<std::string, std::size_t> counts;
  for (const CallChange& change : diff_inventories(*before, *after).calls) {
    if (change.api.starts_with("native:")) continue;  // libraries are not in the mapping
    ++counts[change.status];
    if (change.before.empty() || change.after.empty()) continue;
    std::string original = mapping->original_method_text(new_callers[change.after]);
    for (std::size_t at = original.find(renamed_package); at != std::string::npos;
         at = original.find(renamed_package, at + 1)) {
      original.replace(at, renamed_package.size(), plain_package);
    }
    EXPECT_EQ(original, old_callers[change.before]) << change.api;
  }
  return counts;
}

using Counts = std::map<std::string, std::size_t>;

TEST(DiffVerb, ARenamedTwinHasEveryCallSite) {
  const auto plain = testing::shared_data("apps/facegauge-plain.apk");
  const auto renamed = testing::shared_data("apps/facegauge-obf.apk");
  const auto mapping = testing::shared_data("apps-truth/facegauge-obf.mapping.txt");
  if (!plain || !renamed || !mapping) GTEST_SKIP() << "shared data is absent";
  EXPECT_EQ(
      check_pairs(*plain, *renamed, *mapping, "Lorg/corpus/facegauge/", "Lorg/corpus/portrait/"),
      (Counts{{"moved", 20}}));
}

TEST(DiffVerb, TheSampleAppAndItsObfuscatedTwin) {
  const auto folder = testing::project_file("build/mirror");
  if (!std::filesystem::exists(folder / "mirror-obf.mapping.txt"))
    GTEST_SKIP() << "the sample app is not built: examples/mirror/build.sh";
  EXPECT_EQ(check_pairs(folder / "mirror.apk", folder / "mirror-obf.apk",
                        folder / "mirror-obf.mapping.txt", "Lorg/daylight/mirror/",
                        "Lorg/daylight/mirror/"),
            (Counts{{"moved", 11}}));
}

TEST(DiffVerb, AnAppAgainstItselfAndItsOwnInventory) {
  const auto path = testing::shared_data("apps/facegauge-plain.apk");
  if (!path) GTEST_SKIP() << "shared data is absent";
  Terminal log(true);
  const auto inventory = inventory_of(*path, log);
  ASSERT_TRUE(inventory);
  testing::TemporaryFolder folder;
  const auto file = folder.path() / "inventory.json";
  ASSERT_TRUE(write_file_atomic(file, dump_json(to_json(*inventory))));
  for (const auto& other : {*path, file, folder.path()}) {
    const auto diff = diff_of(*path, other, log);
    ASSERT_TRUE(diff) << describe(diff.error());
    EXPECT_TRUE(diff->empty()) << other;
    EXPECT_FALSE(judge_diff_rules({"new-sensitive-task", "new-model", "change"}, *diff).broken);
  }
}

TEST(DiffVerb, WhatIsNoInventoryIsRefused) {
  Terminal log(true);
  testing::TemporaryFolder folder;
  const auto file = folder.path() / "x.json";
  ASSERT_TRUE(write_file_atomic(file, "{\"schema\": \"daylight/pipeline/1\"}"));
  EXPECT_FALSE(inventory_of(file, log));
  EXPECT_FALSE(inventory_of(folder.path() / "absent", log));
  ASSERT_TRUE(write_file_atomic(folder.path() / "journal.jsonl", "{}\n"));
  const auto empty_case = inventory_of(folder.path(), log);
  ASSERT_FALSE(empty_case);
  EXPECT_EQ(empty_case.error().code, ErrorCode::kNotFound);
}

TEST(DiffRules, ANewSensitiveTaskBreaksOrIsUndecided) {
  InventoryDiff diff;
  diff.tasks.push_back({"added", "age", true, "", "reachable", "", "high"});
  EXPECT_TRUE(judge_diff_rules({"new-sensitive-task"}, diff).broken);
  diff.tasks[0].new_use = "present";
  EXPECT_FALSE(judge_diff_rules({"new-sensitive-task"}, diff).broken);
  EXPECT_TRUE(judge_diff_rules({"new-sensitive-task"}, diff).undecided);
  diff.tasks[0] = {"changed", "age", true, "present", "reachable", "high", "high"};
  EXPECT_TRUE(judge_diff_rules({"new-sensitive-task"}, diff).broken);
  diff.tasks[0] = {"same", "age", true, "reachable", "reachable", "high", "high"};
  const RuleOutcome same = judge_diff_rules({"new-sensitive-task", "change"}, diff);
  EXPECT_FALSE(same.broken || same.undecided);
  diff.tasks[0] = {"removed", "age", true, "reachable", "", "high", ""};
  EXPECT_FALSE(judge_diff_rules({"new-sensitive-task"}, diff).broken);
  EXPECT_TRUE(judge_diff_rules({"change"}, diff).broken);
  diff.models.push_back({"retrained", "model-1", "model-1", "a", "a", {}});
  EXPECT_TRUE(judge_diff_rules({"new-model"}, diff).broken);
}

}  // namespace
}  // namespace dl::cli
