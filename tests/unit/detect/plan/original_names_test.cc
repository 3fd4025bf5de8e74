// SPDX-License-Identifier: Apache-2.0
// Names before obfuscation: what a mapping says must agree with what detection recognised on its
// own.
#include "daylight/detect/plan/original_names.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/detect/detector.h"
#include "support/shared_data.h"

namespace dl {
namespace {

class Quiet final : public LogSink {
 public:
  void message(LogLevel, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override {}
  bool cancelled() const override { return false; }
};

TEST(OriginalNames, TheMappingAgreesWithWhatWasRecognisedWithoutIt) {
  const auto apk = testing::shared_data("apps/facegauge-obf.apk");
  const auto file = testing::shared_data("apps-truth/facegauge-obf.mapping.txt");
  if (!apk || !file) GTEST_SKIP() << "shared data is absent";
  Quiet log;
  const auto app = program::AppPackage::open(*apk, log);
  ASSERT_TRUE(app);
  auto inventory = detect(*app, RuleSet::builtin(), {}, log);
  ASSERT_TRUE(inventory);
  const auto mapping = program::NameMapping::parse(*read_file(*file), "mapping.txt");
  ASSERT_TRUE(mapping);
  const std::size_t gaps = inventory->gaps.size();
  add_original_names(*mapping, *inventory);
  EXPECT_EQ(inventory->gaps.size(), gaps);
  std::size_t renamed = 0;
  for (const CallRecord& call : inventory->calls) {
    if (call.api.starts_with("native:")) continue;  // libraries are not in the mapping
    if (call.api.starts_with("native:")) continue;  // no mapping renames native code
    EXPECT_TRUE(call.original_caller.starts_with("Lorg/corpus/portrait/")) << call.caller;
    if (!call.obfuscated) continue;
    ++renamed;
    const std::string name = call.original_method.substr(0, call.original_method.find('('));
    EXPECT_EQ(dotted_class_name(call.original_class) + "." + name, call.api);
  }
  EXPECT_EQ(renamed, 18U);
  const auto& evidence = inventory->models[0].evidence;
  EXPECT_TRUE(std::any_of(evidence.begin(), evidence.end(), [](const Evidence& item) {
    return item.rule == "model-name" &&
           item.original_method ==
               "Lorg/corpus/portrait/AgeEstimationModel;-><init>(Landroid/content/Context;)V";
  }));
}

TEST(OriginalNames, AMappingOfAnotherBuildIsAGap) {
  Inventory inventory;
  inventory.calls.emplace_back();
  inventory.calls[0].caller = "La/b;->c()V";
  inventory.calls[0].klass = "La/d;";
  const auto mapping = program::NameMapping::parse("x.Y -> z:\n", "mapping.txt");
  ASSERT_TRUE(mapping);
  add_original_names(*mapping, inventory);
  ASSERT_EQ(inventory.gaps.size(), 1U);
  EXPECT_EQ(inventory.gaps[0].where, "mapping");
  EXPECT_EQ(inventory.calls[0].original_caller, "");
}

}  // namespace
}  // namespace dl
