// SPDX-License-Identifier: Apache-2.0
// The inventory's table and its tab-separated models: complete, narrow, harmless, never saying more
// than is known.
#include "daylight/report/inventory_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/text.h"
#include "daylight/report/model_tsv.h"
#include "daylight/report/shown_inventory.h"
#include "daylight/report/text_layout.h"
#include "inventory_fixture.h"

namespace dl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(InventoryTable, TellsModelsRuntimesCallsTasksAndGaps) {
  const std::string text = render_inventory_table(testing::small_inventory());
  for (const char* part : {"com.example.app 1.2",
                           "Models (3)",
                           "model-1  tflite",
                           "assets/age.tflite",
                           "float32 [1, 64, 64, 3] -> float32 [1, 1]",
                           "for age (sensitive), high confidence",
                           "published as Age Net",
                           "com.example.app (own)",
                           "hidden by XOR, key recovered",
                           "m.bin \u203a ~xor@0+4096 at byte 64",
                           "remote",
                           "fetched at run time from https://models.example/m.onnx",
                           "Runtimes (2)",
                           "2.14.0",
                           "Calls of machine-learning functions (2)",
                           "org.tensorflow.lite.Interpreter.run",
                           "1 reachable, 1 present, renamed",
                           "Tasks (2)",
                           "Gaps (1)",
                           "a damaged entry"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(InventoryTable, NeverShowsAKey) {
  const Inventory inventory = testing::small_inventory();
  ASSERT_EQ(inventory.models[1].encryption_key, "5a3c");
  EXPECT_THAT(render_inventory_table(inventory), Not(HasSubstr("5a3c")));
  EXPECT_THAT(render_model_tsv(inventory), Not(HasSubstr("5a3c")));
}

TEST(InventoryTable, SaysNothingIsInferredThatIsOnlyPresent) {
  Inventory inventory = testing::small_inventory();
  EXPECT_THAT(render_inventory_table(inventory), HasSubstr("The app infers age"));
  for (TaskRecord& task : inventory.tasks) task.use = Use::kPresent;
  EXPECT_THAT(render_inventory_table(inventory), Not(HasSubstr("infers")));
}

TEST(InventoryTable, FitsTheTerminalWhateverTheNames) {
  Inventory inventory = testing::small_inventory();
  const std::string hostile = std::string(300, 'x') + "\x1b[2J\n\t\u202e" + std::string(300, 'y');
  inventory.app.package = hostile;
  for (ModelRecord& model : inventory.models) {
    model.location.entry = {hostile, hostile};
    model.format = hostile;
    model.known = hostile;
    model.origin.name = hostile;
  }
  for (CallRecord& call : inventory.calls) call.api = call.caller = hostile;
  for (FrameworkRecord& record : inventory.frameworks) record.id = record.version = hostile;
  for (Gap& gap : inventory.gaps) gap.why = hostile;
  inventory.calls.resize(2000, inventory.calls.front());
  inventory.gaps.resize(500, inventory.gaps.front());
  inventory.models.resize(100, inventory.models.front());
  const std::string text = render_inventory_table(inventory);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\u202e")));
  EXPECT_THAT(text, HasSubstr("... 60 more"));
  EXPECT_THAT(text, HasSubstr("... 492 more"));
  for (const std::string& line : split(text, '\n'))
    EXPECT_LE(text_columns(line), kTextWidth) << line;
}

TEST(InventoryTable, ANearlyEmptyInventoryHasEverySection) {
  Inventory inventory;
  inventory.app.package = "org.example";
  const std::string text = render_inventory_table(inventory);
  for (const char* part :
       {"Models: none", "Runtimes: none", "Calls: none", "Tasks: none", "Gaps: none"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(ModelTsv, OneLineForEachModelWithTheSameColumns) {
  Inventory inventory = testing::small_inventory();
  inventory.models[0].location.entry = {"assets/a\tb\nc.tflite"};
  const auto lines = split(render_model_tsv(inventory), '\n');
  ASSERT_EQ(lines.size(), 5U);  // header, three models, the end
  EXPECT_EQ(lines.back(), "");
  const auto titles = split(lines[0], '\t');
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(split(lines[i], '\t').size(), titles.size());
  const auto first = split(lines[1], '\t');
  const auto column = [&](const char* name) {
    return first[static_cast<std::size_t>(
        std::find(titles.begin(), titles.end(), std::string(name)) - titles.begin())];
  };
  EXPECT_EQ(column("entry"), "assets/a\\u{9}b\\u{a}c.tflite");
  EXPECT_EQ(column("tasks"), "age:high");
  EXPECT_EQ(column("sensitive"), "yes");
  EXPECT_EQ(column("inputs"), "float32[1,64,64,3]");
  EXPECT_EQ(column("use"), "reachable");
}

TEST(ShownInventory, KeysAreTakenOutOfSteps) {
  EXPECT_EQ(without_keys("a!~xor@12+64:5a3C!b~xor@0+1:00"), "a!~xor@12+64!b~xor@0+1");
  EXPECT_EQ(without_keys("~xor@"), "~xor@");
  EXPECT_EQ(without_keys("a!~aes-cbc@16+64:00ff:A1b2!~rc4@0+9:4b6579"),
            "a!~aes-cbc@16+64!~rc4@0+9");
  EXPECT_EQ(without_keys("~/odd~name!~at@1+2: b"), "~/odd~name!~at@1+2 b");
  EXPECT_EQ(without_keys("plain: ab"), "plain: ab");
  EXPECT_EQ(entry_file_name({"assets/a.zip", "dir/m.bin", "~gzip", "~at@0+5"}), "m.bin");
  EXPECT_EQ(entry_file_name({"a", "~/~odd"}), "~odd");
  EXPECT_EQ(entry_file_name({}), "");
}

TEST(TextLayout, TheEndOfATextMayBeWhatCounts) {
  EXPECT_EQ(fit_text("abcdef", 4), "abc\u2026");
  EXPECT_EQ(fit_text_end("abcdef", 4), "\u2026def");
  EXPECT_EQ(fit_text_end("\u00e4\u00f6\u00fc", 2), "\u2026\u00fc");
  EXPECT_EQ(fit_text_end("abc", 3), "abc");
  EXPECT_EQ(
      text_columns(text_table({{"a"}, {"b", 200, false, true}}, {{"x", std::string(300, 'y')}}, 2)
                       .substr(0, 3)),
      3U);
}

}  // namespace
}  // namespace dl
