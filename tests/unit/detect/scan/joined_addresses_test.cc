// SPDX-License-Identifier: Apache-2.0
// Addresses that code puts together, in apps written here.
#include "daylight/detect/scan/joined_addresses.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/flow_app.h"

namespace dl {
namespace {

constexpr const char* kText = "Ljava/lang/String;";
constexpr const char* kBuilderType = "Ljava/lang/StringBuilder;";

// A class with one method of this body; v0 to v7 are free, p0 is a text that nobody knows.
std::string method_of(const std::string& body) {
  return ".class public Lapp/Net;\n.super Ljava/lang/Object;\n"
         ".field static final BASE:Ljava/lang/String; = \"https://a.example.com/\"\n"
         ".field static other:Ljava/lang/String; = \"https://b.example.com/\"\n"
         ".method public static get(Ljava/lang/String;)V\n.locals 8\n" +
         body + "return-void\n.end method\n" +
         ".method static set(Ljava/lang/String;)V\n.locals 0\n"
         "sput-object p0, Lapp/Net;->other:Ljava/lang/String;\nreturn-void\n.end method\n";
}

std::string constant(const std::string& to, const std::string& text) {
  return "const-string " + to + ", \"" + text + "\"\n";
}

std::string new_builder(const std::string& argument = "") {
  return std::string("new-instance v0, ") + kBuilderType + "\ninvoke-direct {v0" +
         (argument.empty() ? "" : ", " + argument) + "}, " + kBuilderType + "-><init>(" +
         (argument.empty() ? "" : kText) + ")V\n";
}

std::string append(const std::string& argument, const std::string& type = kText) {
  return "invoke-virtual {v0, " + argument + "}, " + kBuilderType + "->append(" + type + ")" +
         kBuilderType + "\nmove-result-object v0\n";
}

std::string to_text() {
  return std::string("invoke-virtual {v0}, ") + kBuilderType + "->toString()" + kText +
         "\nmove-result-object v0\n";
}

class JoinedAddresses : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::smali_is_installed()) GTEST_SKIP() << "smali is not installed";
  }

  static std::vector<ModelRecord> models_of(const std::string& body,
                                            std::vector<ModelRecord> known = {}) {
    const auto made = testing::make_flow_app(method_of(body));
    EXPECT_TRUE(made);
    if (!made) return {};
    const auto code = program::AppCode::build(*made->package);
    std::vector<Gap> gaps;
    add_joined_addresses({*made->package, *code, RuleSet::builtin()}, known, gaps);
    EXPECT_TRUE(gaps.empty());
    return known;
  }
  static std::vector<std::string> urls_of(const std::string& body) {
    std::vector<std::string> out;
    for (const ModelRecord& model : models_of(body)) out.push_back(model.location.url);
    return out;
  }
};

using Urls = std::vector<std::string>;

TEST_F(JoinedAddresses, BuilderWithNumbersAndCharacters) {
  const auto models =
      models_of(new_builder() + constant("v1", "https://a.example.com/v") + append("v1") +
                "const/4 v1, 0x3\n" + append("v1", "I") + "const/16 v1, 0x2f\n" +
                append("v1", "C") + constant("v1", "age.tflite") + append("v1") + to_text());
  ASSERT_EQ(models.size(), 1U);
  EXPECT_EQ(models[0].location.url, "https://a.example.com/v3/age.tflite");
  EXPECT_EQ(models[0].format, "tflite");
  ASSERT_EQ(models[0].evidence.size(), 1U);
  EXPECT_EQ(models[0].evidence[0].rule, "remote.ending.joined");
  EXPECT_EQ(models[0].evidence[0].kind, "code");
  EXPECT_EQ(models[0].evidence[0].method, "Lapp/Net;->get(Ljava/lang/String;)V");
}

TEST_F(JoinedAddresses, BeyondTheLimitIsAGap) {
  const auto address = [](const std::string& name) {
    return new_builder() + constant("v1", "https://a.example.com/") + append("v1") +
           constant("v1", name) + append("v1") + to_text();
  };
  const auto made = testing::make_flow_app(
      method_of(address("a.tflite") + address("b.tflite") + address("c.tflite")));
  ASSERT_TRUE(made);
  const auto code = program::AppCode::build(*made->package);
  std::vector<ModelRecord> models;
  std::vector<Gap> gaps;
  add_joined_addresses({*made->package, *code, RuleSet::builtin()}, models, gaps, 1);
  ASSERT_EQ(models.size(), 1U);
  EXPECT_EQ(models[0].location.url, "https://a.example.com/a.tflite");
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_NE(gaps[0].why.find("2 more addresses"), std::string::npos) << gaps[0].why;
}

TEST_F(JoinedAddresses, UnknownPartsAreHoles) {
  EXPECT_EQ(urls_of(constant("v1", "https://a.example.com/") + new_builder("v1") + append("p0") +
                    constant("v1", "/age.onnx") + append("v1") + to_text()),
            Urls{"https://a.example.com/{}/age.onnx"});
  // Not even the host is known.
  EXPECT_EQ(urls_of(constant("v1", "https://") + new_builder("v1") + append("p0") +
                    constant("v1", "/age.onnx") + append("v1") + to_text()),
            Urls{});
  EXPECT_EQ(urls_of(new_builder("p0") + constant("v1", "/age.onnx") + append("v1") + to_text()),
            Urls{});
}

TEST_F(JoinedAddresses, ConstantFieldsCountWrittenOnesDoNot) {
  const std::string name = constant("v1", "age.mnn");
  EXPECT_EQ(urls_of("sget-object v1, Lapp/Net;->BASE:Ljava/lang/String;\n" + new_builder("v1") +
                    name + append("v1") + to_text()),
            Urls{"https://a.example.com/age.mnn"});
  EXPECT_EQ(urls_of("sget-object v1, Lapp/Net;->other:Ljava/lang/String;\n" + new_builder("v1") +
                    name + append("v1") + to_text()),
            Urls{});
}

TEST_F(JoinedAddresses, Formats) {
  const auto format = [](const std::string& pattern) {
    return constant("v0", pattern) + "const/4 v1, 0x2\nnew-array v1, v1, [Ljava/lang/Object;\n" +
           "const/4 v2, 0x0\n" + constant("v3", "age.tflite") + "aput-object v3, v1, v2\n" +
           "const/4 v2, 0x1\n" + constant("v3", "https://a.example.com") +
           "aput-object v3, v1, v2\ninvoke-static {v0, v1}, "
           "Ljava/lang/String;->format(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;\n"
           "move-result-object v0\n";
  };
  EXPECT_EQ(urls_of(format("%2$s/m/%1$s")), Urls{"https://a.example.com/m/age.tflite"});
  EXPECT_EQ(urls_of(format("https://c.example.com/%s")), Urls{"https://c.example.com/age.tflite"});
  EXPECT_EQ(urls_of(format("https://c.example.com/%9$s/x.tflite")),
            Urls{"https://c.example.com/{}/x.tflite"});
  EXPECT_EQ(urls_of(format("https://c.example.com/%0$s/x.tflite")),
            Urls{"https://c.example.com/{}/x.tflite"});
  EXPECT_EQ(urls_of(format("https://c.example.com/%s/%")), Urls{});
}

TEST_F(JoinedAddresses, NothingIsKeptAcrossAJump) {
  // On one of two ways the text is another one.
  EXPECT_EQ(
      urls_of(constant("v1", "https://a.example.com/") + "if-nez p0, :other\n" +
              constant("v1", "https://b.example.com/") + ":other\n" + constant("v2", "age.tflite") +
              "invoke-virtual {v1, v2}, "
              "Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;\n"),
      Urls{});
}

TEST_F(JoinedAddresses, WordsAndPagesAreNoAddresses) {
  const auto joined = [](const std::string& a, const std::string& b) {
    return constant("v1", a) + new_builder("v1") + constant("v1", b) + append("v1") + to_text();
  };
  EXPECT_EQ(urls_of(joined("fetching https://a.example.com/", "age.tflite")), Urls{});
  EXPECT_EQ(urls_of(joined("https://a.example.com/", "age.tflite is missing")), Urls{});
  EXPECT_EQ(urls_of(joined("https://a.example.com/", "index.html")), Urls{});
  EXPECT_EQ(urls_of(joined("/data/local/", "age.tflite")), Urls{});
}

TEST_F(JoinedAddresses, AKnownAddressGetsTheEvidence) {
  ModelRecord known;
  known.format = "tflite";
  known.location.url = "https://a.example.com/age.tflite";
  const auto models = models_of(constant("v1", "https://a.example.com/") + new_builder("v1") +
                                    constant("v1", "age.tflite") + append("v1") + to_text(),
                                {known});
  ASSERT_EQ(models.size(), 1U);
  EXPECT_EQ(models[0].evidence.size(), 1U);
}

TEST_F(JoinedAddresses, LoopsOfAppendsEnd) {
  // Every round doubles nothing: the walk goes through the code once, and texts have a limit.
  std::string body = constant("v1", "https://a.example.com/") + new_builder("v1");
  for (int i = 0; i < 12; ++i) body += append("v0", "Ljava/lang/CharSequence;");
  EXPECT_EQ(urls_of(body + constant("v1", "x.tflite") + append("v1") + to_text()), Urls{});
}

}  // namespace
}  // namespace dl
