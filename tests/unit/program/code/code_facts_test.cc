// SPDX-License-Identifier: Apache-2.0
// What bodies mention, against dexdump.
#include "daylight/program/code/code_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "daylight/program/package/app_package.h"
#include "support/shared_data.h"
#include "support/small_app.h"

namespace dl::program {
namespace {

TEST(CodeFacts, OfASmallApp) {
  const std::vector<std::string> contents{testing::small_app_dex()};
  const auto files = testing::open_dex_files(contents);
  const ClassIndex index = ClassIndex::build(files);
  const CodeFacts facts = CodeFacts::build(index);
  const MethodId create = index.find_method("Lapp/Main;", "onCreate", "(Landroid/os/Bundle;)V");
  ASSERT_EQ(facts.calls(create).size(), 5U);
  EXPECT_EQ(index.method_text(facts.calls(create)[2].callee), "Lapp/Shape;->area()V");
  EXPECT_EQ(facts.calls(create)[2].kind, InvokeKind::kVirtual);
  EXPECT_EQ(facts.calls(create)[2].pc, 10U);
  EXPECT_EQ(facts.calls(create)[4].kind, InvokeKind::kStatic);
  ASSERT_EQ(facts.types(create).size(), 2U);
  EXPECT_EQ(facts.types(create)[0].kind, TypeUseKind::kNew);
  ASSERT_EQ(facts.strings(create).size(), 1U);
  EXPECT_EQ(facts.strings(create)[0].text, "app.Loaded");
  const auto users = facts.methods_with_string("task string");
  ASSERT_EQ(users.size(), 1U);
  EXPECT_EQ(index.method_text(users[0]), "Lapp/Task;->run()V");
  EXPECT_TRUE(facts.gaps().empty());
}

// Every invoke, string, new and field instruction that dexdump disassembles, and none besides.
TEST(CodeFacts, CountsAreThoseOfDexdump) {
  for (const char* name : {"facegauge-obf.apk", "droidbench-Library2.apk"}) {
    DAYLIGHT_SHARED_OR_SKIP(path, std::string("apps/") + name);
    const auto dump = testing::run_command("dexdump -d '" + path.string() + "' 2>/dev/null");
    if (!dump) GTEST_SKIP() << "dexdump is not installed";
    std::map<std::string, std::size_t> wanted;
    std::istringstream lines(*dump);
    for (std::string line; std::getline(lines, line);) {
      const std::size_t bar = line.find('|');
      const std::size_t colon = line.find(": ", bar == std::string::npos ? 0 : bar);
      if (bar == std::string::npos || colon == std::string::npos) continue;
      const std::string code = line.substr(colon + 2);
      if (code.starts_with("invoke-")) ++wanted["call"];
      if (code.starts_with("const-string")) ++wanted["string"];
      if (code.starts_with("new-instance")) ++wanted["new"];
      if (code.starts_with("iget") || code.starts_with("iput") || code.starts_with("sget") ||
          code.starts_with("sput")) {
        ++wanted["field"];
      }
    }
    const auto app = AppPackage::open(path, null_log());
    ASSERT_TRUE(app);
    const ClassIndex index = ClassIndex::build(app->dex_files());
    const CodeFacts facts = CodeFacts::build(index);
    std::map<std::string, std::size_t> got;
    for (MethodId method = 0; method < index.method_count(); ++method) {
      got["call"] += facts.calls(method).size();
      got["string"] += facts.strings(method).size();
      got["field"] += facts.fields(method).size();
      for (const TypeUse& use : facts.types(method))
        got["new"] += use.kind == TypeUseKind::kNew ? 1 : 0;
    }
    EXPECT_GT(wanted["call"], 1000U);
    EXPECT_EQ(got, wanted) << name;
  }
}

}  // namespace
}  // namespace dl::program
