// SPDX-License-Identifier: Apache-2.0
// Names of renamed API classes and methods, against the mapping file of the build that renamed
// them.
#include "daylight/program/code/fingerprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "daylight/program/code/app_code.h"
#include "support/shared_data.h"

namespace dl::program {
namespace {

using ::testing::HasSubstr;

TEST(ApiRules, TheBuildsOwnRulesAreSound) {
  std::ifstream file(testing::project_file("rules/api_fingerprints.json"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto rules = ApiRules::parse(text, "api_fingerprints.json");
  ASSERT_TRUE(rules) << describe(rules.error());
  EXPECT_GT(rules->classes().size(), 80U);
  EXPECT_EQ(ApiRules::builtin().classes().size(), rules->classes().size());
  ASSERT_NE(rules->find("org.tensorflow.lite.Interpreter"), nullptr);
  const std::set<std::string> roles{"", "model-load", "model-run", "input", "output", "preprocess"};
  for (const ApiClassRule& rule : rules->classes()) {
    for (const ApiMethodRule& method : rule.methods)
      EXPECT_TRUE(roles.contains(method.role)) << rule.name;
  }
}

TEST(ApiRules, MistakesAreNamed) {
  const auto parse = [](const std::string& rest) {
    return ApiRules::parse(
        R"({"schema": "daylight/api-fingerprints/1", "classes": [)" + rest + "]}", "t.json");
  };
  EXPECT_TRUE(parse(R"({"name": "a.B", "framework": "f"})"));
  EXPECT_THAT(describe(parse(R"({"framework": "f"})").error()),
              HasSubstr("classes[0]: key \"name\" is missing"));
  EXPECT_THAT(describe(parse(R"({"name": "a.B", "framework": "f", "shap": {}})").error()),
              HasSubstr("unknown key"));
  EXPECT_THAT(
      describe(parse(R"({"name": "a.B", "framework": "f", "shape": {"strings": 1}})").error()),
      HasSubstr("\"strings\" is not a list"));
  EXPECT_THAT(describe(parse(R"({"name": "a.B", "framework": "f", "confidence": "sure"})").error()),
              HasSubstr("none of low, medium, high"));
  EXPECT_FALSE(ApiRules::parse("{}", "t.json"));
  EXPECT_FALSE(ApiRules::parse("[", "t.json"));
  EXPECT_FALSE(ApiRules::parse("[]", "t.json"));
}

// ProGuard's mapping: renamed class → real class, and (real class, renamed method) → real methods.
struct Mapping {
  std::map<std::string, std::string> classes;
  std::map<std::pair<std::string, std::string>, std::set<std::string>> methods;
};
Mapping read_mapping(const std::filesystem::path& path) {
  Mapping out;
  std::ifstream file(path);
  std::string current;
  for (std::string line; std::getline(file, line);) {
    const std::size_t arrow = line.find(" -> ");
    if (arrow == std::string::npos) continue;
    std::string renamed = line.substr(arrow + 4);
    if (line.front() != ' ') {
      renamed.pop_back();  // the colon
      current = line.substr(0, arrow);
      out.classes[renamed] = current;
      continue;
    }
    // "    12:13:float[] predict(int) -> a"
    const std::size_t paren = line.find('(');
    if (paren == std::string::npos) continue;
    const std::size_t space = line.rfind(' ', paren);
    out.methods[{current, renamed}].insert(line.substr(space + 1, paren - space - 1));
  }
  return out;
}

struct RenamedApp {
  std::unique_ptr<AppPackage> package;
  std::unique_ptr<const AppCode> code;
  Mapping truth;
};

TEST(Fingerprint, NoRenamedClassOrMethodGetsAWrongName) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  DAYLIGHT_SHARED_OR_SKIP(mapping_path, "apps-truth/facegauge-obf.mapping.txt");
  const auto package = AppPackage::open(path, null_log());
  ASSERT_TRUE(package);
  const auto code = AppCode::build(*package);
  const Mapping truth = read_mapping(mapping_path);
  ASSERT_GT(truth.classes.size(), 60U);
  std::size_t renamed = 0;
  for (const ApiClass& cls : code->apis().classes()) {
    const std::string name = dotted_class_name(code->index().descriptor(cls.id));
    const auto real = truth.classes.find(name);
    if (real == truth.classes.end()) continue;  // the platform's
    EXPECT_EQ(cls.rule->name, real->second) << name;
    renamed += cls.renamed ? 1 : 0;
    EXPECT_FALSE(cls.reasons.empty()) << name;
  }
  EXPECT_GE(renamed, 30U);
  std::size_t methods = 0;
  for (const ApiMethod& method : code->apis().methods()) {
    const std::string owner = dotted_class_name(code->index().method_owner(method.id));
    const auto real = truth.classes.find(owner);
    if (real == truth.classes.end()) continue;
    const std::string name(code->index().method_name(method.id));
    const auto known = truth.methods.find({real->second, name});
    std::set<std::string> names =
        known == truth.methods.end() ? std::set<std::string>{} : known->second;
    names.insert(name);
    EXPECT_TRUE(names.contains(method.name.substr(method.name.rfind('.') + 1)))
        << code->index().method_text(method.id) << " is not " << method.name;
    ++methods;
  }
  EXPECT_GE(methods, 40U);
}

// What capture and rebuilding stand on.
TEST(Fingerprint, TheClassesThatMatterAreFound) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  const auto package = AppPackage::open(path, null_log());
  ASSERT_TRUE(package);
  const auto code = AppCode::build(*package);
  const std::map<std::string, std::string> wanted{
      {"org.tensorflow.lite.Interpreter", "Lo/j;"},
      {"org.tensorflow.lite.InterpreterImpl", "Lo/p;"},
      {"org.tensorflow.lite.Interpreter$Options", "Lo/k;"},
      {"org.tensorflow.lite.DataType", "Lo/d;"},
      {"org.tensorflow.lite.support.image.TensorImage", "Lo/X;"},
      {"org.tensorflow.lite.support.image.ImageProcessor", "Lo/T;"},
      {"org.tensorflow.lite.support.image.ImageProcessor$Builder", "Lo/V;"},
      {"org.tensorflow.lite.support.image.ops.ResizeOp", "Lo/Y;"},
      {"org.tensorflow.lite.support.image.ops.ResizeOp$ResizeMethod", "Lo/Z;"},
      {"org.tensorflow.lite.support.common.ops.NormalizeOp", "Lo/E;"},
      {"org.tensorflow.lite.support.tensorbuffer.TensorBuffer", "Lo/ab;"},
      {"org.tensorflow.lite.NativeInterpreterWrapper",
       "Lorg/tensorflow/lite/NativeInterpreterWrapper;"}};
  for (const auto& [canonical, descriptor] : wanted) {
    const ClassId id = code->apis().find(canonical);
    ASSERT_NE(id, kNoId) << canonical;
    EXPECT_EQ(code->index().descriptor(id), descriptor) << canonical;
    EXPECT_EQ(code->apis().canonical_class(id), canonical);
  }
  const MethodId run =
      code->index().find_method("Lo/j;", "a", "(Ljava/lang/Object;Ljava/lang/Object;)V");
  ASSERT_NE(run, kNoId);
  ASSERT_NE(code->apis().method_of(run), nullptr);
  EXPECT_EQ(code->apis().method_of(run)->name, "org.tensorflow.lite.Interpreter.run");
  EXPECT_EQ(code->apis().method_of(run)->role, "model-run");
  EXPECT_TRUE(code->apis().method_of(run)->renamed);
}

TEST(Fingerprint, NamesThatWereKeptNeedNoShape) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const auto package = AppPackage::open(path, null_log());
  ASSERT_TRUE(package);
  const auto code = AppCode::build(*package);
  for (const ApiClass& cls : code->apis().classes()) {
    EXPECT_FALSE(cls.renamed) << cls.rule->name;
    EXPECT_EQ(dotted_class_name(code->index().descriptor(cls.id)), cls.rule->name);
  }
}

// Sample apps live in the framework's packages; a package is no evidence.
TEST(Fingerprint, PackagesAreNotTrusted) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/ra-faceapp.apk");
  const auto package = AppPackage::open(path, null_log());
  ASSERT_TRUE(package);
  const auto code = AppCode::build(*package);
  for (const ApiClass& cls : code->apis().classes()) {
    EXPECT_THAT(std::string(code->index().descriptor(cls.id)),
                ::testing::Not(HasSubstr("examples")))
        << cls.rule->name;
  }
}

}  // namespace
}  // namespace dl::program
