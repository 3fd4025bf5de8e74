// SPDX-License-Identifier: Apache-2.0
// Two versions of an inventory: each record once, matched by content before names.
#include "daylight/report/inventory_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/report/text_layout.h"
#include "inventory_fixture.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const ModelChange& model_change(const InventoryDiff& diff, const std::string& before,
                                const std::string& after) {
  static const ModelChange kNone{"no such pair", "", "", "", "", {}};
  const auto found = std::find_if(
      diff.models.begin(), diff.models.end(),
      [&](const ModelChange& change) { return change.before == before && change.after == after; });
  return found == diff.models.end() ? kNone : *found;
}

std::string call_status(const InventoryDiff& diff, const std::string& before,
                        const std::string& after) {
  for (const CallChange& change : diff.calls) {
    if (change.before == before && change.after == after) return change.status;
  }
  return "no such pair";
}

TEST(InventoryDiff, AnInventoryAgainstItself) {
  const Inventory inventory = testing::small_inventory();
  const InventoryDiff diff = diff_inventories(inventory, inventory);
  EXPECT_TRUE(diff.empty());
  EXPECT_EQ(diff.models.size(), 3U);
  EXPECT_EQ(diff.calls.size(), 2U);
  EXPECT_THAT(render_diff(diff), HasSubstr("Nothing changed."));
  EXPECT_EQ(to_json(diff)["changed"], false);
}

TEST(InventoryDiff, ModelsByBytesWeightsGraphAndPlace) {
  const Inventory before = testing::small_inventory();
  Inventory after = before;
  after.models[0].location.entry = {"assets/moved.tflite"};
  EXPECT_EQ(model_change(diff_inventories(before, after), "model-1", "model-1").status, "same");
  EXPECT_FALSE(diff_inventories(before, after).empty()) << "the place differs";
  after.models[0].sha256 = std::string(64, '7');
  EXPECT_EQ(model_change(diff_inventories(before, after), "model-1", "model-1").status,
            "repackaged");
  after.models[0].weights_hash = std::string(64, '8');
  EXPECT_EQ(model_change(diff_inventories(before, after), "model-1", "model-1").status,
            "retrained");
  after.models[0].graph_hash = std::string(64, '9');
  EXPECT_EQ(model_change(diff_inventories(before, after), "model-1", "model-1").status, "replaced")
      << "for the same task with the same borders";
  after.models[0].inputs[0].shape = {1, 32, 32, 3};
  const InventoryDiff diff = diff_inventories(before, after);
  EXPECT_EQ(model_change(diff, "model-1", "").status, "removed");
  EXPECT_EQ(model_change(diff, "", "model-1").status, "added");
  after.models[0].location.entry = before.models[0].location.entry;
  EXPECT_EQ(model_change(diff_inventories(before, after), "model-1", "model-1").status, "replaced");
}

TEST(InventoryDiff, TheSameBytesTwiceAreTwoModels) {
  Inventory before = testing::small_inventory();
  Inventory after = before;
  after.models.push_back(after.models[0]);
  after.models.back().id = "model-4";
  after.models.back().location.entry = {"assets/copy.tflite"};
  const InventoryDiff diff = diff_inventories(before, after);
  EXPECT_EQ(model_change(diff, "model-1", "model-1").status, "same");
  EXPECT_EQ(model_change(diff, "", "model-4").status, "added");
}

TEST(InventoryDiff, CallsAreFollowedByFingerprintBeforeNames) {
  const Inventory before = testing::small_inventory();
  Inventory after = before;
  EXPECT_EQ(call_status(diff_inventories(before, after), "call-1", "call-1"), "kept");
  // The new build gave each name to the other method.
  std::swap(after.calls[0].caller, after.calls[1].caller);
  const InventoryDiff swapped = diff_inventories(before, after);
  EXPECT_EQ(call_status(swapped, "call-1", "call-1"), "moved");
  EXPECT_EQ(call_status(swapped, "call-2", "call-2"), "moved");
}

TEST(InventoryDiff, ACallWhoseClassChangedIsStillTheSameCode) {
  const Inventory before = testing::small_inventory();
  Inventory after = before;
  const std::string half(32, 'c');
  after.calls[0].fingerprint = half + std::string(32, '5');
  EXPECT_EQ(call_status(diff_inventories(before, after), "call-1", "call-1"), "kept");
  after.calls[0].caller = "La/a;->a(I)F";
  EXPECT_EQ(call_status(diff_inventories(before, after), "call-1", "call-1"), "moved");
  after.calls[0].fingerprint = std::string(64, '5');
  const InventoryDiff gone = diff_inventories(before, after);
  EXPECT_EQ(call_status(gone, "call-1", ""), "lost");
  EXPECT_EQ(call_status(gone, "", "call-1"), "new");
  after.calls[0].caller = before.calls[0].caller;
  EXPECT_EQ(call_status(diff_inventories(before, after), "call-1", "call-1"), "changed");
}

TEST(InventoryDiff, WithoutFingerprintsNamesDecide) {
  Inventory before = testing::small_inventory();
  for (CallRecord& call : before.calls) call.fingerprint.clear();
  Inventory after = before;
  EXPECT_TRUE(diff_inventories(before, after).empty());
  after.calls[0].caller = "La/a;->a(I)F";
  EXPECT_EQ(call_status(diff_inventories(before, after), "call-1", ""), "lost");
}

TEST(InventoryDiff, ANativeFunctionWithoutANameMayMove) {
  Inventory before = testing::small_inventory();
  CallRecord& call = before.calls[0];
  call.fingerprint.clear();
  call.klass = "lib/arm64-v8a/libx.so";
  call.method = "a literal";
  call.caller = "lib/arm64-v8a/libx.so!+0x100";
  Inventory after = before;
  after.calls[0].caller = "lib/arm64-v8a/libx.so!+0x200";
  EXPECT_EQ(call_status(diff_inventories(before, after), "call-1", "call-1"), "moved");
  after.calls[0].method = "another literal";
  EXPECT_EQ(call_status(diff_inventories(before, after), "call-1", ""), "lost");
}

TEST(InventoryDiff, TasksRuntimesAndGaps) {
  const Inventory before = testing::small_inventory();
  Inventory after = before;
  after.tasks[1].use = Use::kReachable;
  TaskRecord skin = after.tasks[0];
  skin.task = "skin";
  after.tasks.push_back(skin);
  after.frameworks[0].version = "2.16.1";
  after.gaps = {{"assets/other.bin", "damaged too"}};
  const InventoryDiff diff = diff_inventories(before, after);
  ASSERT_EQ(diff.tasks.size(), 3U);
  EXPECT_EQ(diff.tasks[0].status, "same");
  EXPECT_EQ(diff.tasks[1].status, "changed");
  EXPECT_EQ(diff.tasks[2].status, "added");
  EXPECT_TRUE(diff.tasks[2].sensitive);
  EXPECT_EQ(diff.runtimes[1].status, "changed");
  EXPECT_EQ(diff.new_gaps.size(), 1U);
  EXPECT_EQ(diff.lost_gaps.size(), 1U);
  const std::string text = render_diff(diff);
  for (const char* part : {"face detection: present -> reachable", "skin (sensitive): reachable",
                           "2.14.0 (shared) -> 2.16.1 (shared)", "Gaps: 1 new, 1 gone"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(InventoryDiff, HostileNamesStayWithinTheLines) {
  const Inventory before = testing::small_inventory();
  Inventory after = before;
  const std::string hostile = std::string(300, 'x') + "\x1b[2J\n\t\u202e";
  after.models[0].location.entry = {hostile};
  after.calls[0].caller = after.calls[0].api = hostile;
  after.frameworks[0].version = hostile;
  after.gaps[0].why = hostile;
  const std::string text = render_diff(diff_inventories(before, after));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\u202e")));
  for (const std::string& line : split(text, '\n'))
    EXPECT_LE(text_columns(line), kTextWidth) << line;
}

}  // namespace
}  // namespace dl
