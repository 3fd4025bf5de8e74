// SPDX-License-Identifier: Apache-2.0
// Class files that javac makes from text, against javap, and damaged ones.
#include "daylight/format/code/java_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "daylight/base/text.h"
#include "daylight/format/code/file_kind.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kText = R"(
package org.example;
public abstract class Ager extends java.util.ArrayList<String> implements Runnable, java.io.Closeable {
  static final long BIG = 0x123456789abcL;
  static final double HALF = 0.5;
  int count;
  native float age(byte[] picture, int width);
  public static native void setup();
  public void run() { count++; System.out.println("model_age.tflite" + count); }
  Runnable later() { return () -> System.loadLibrary("ager"); }
}
)";

struct Compiled {
  std::string bytes;
  std::string javap;
};

std::optional<Compiled> compiled() {
  const testing::TemporaryFolder folder;
  const std::string at = folder.path().string();
  std::ofstream(at + "/Ager.java") << kText;
  if (!testing::run_command("javac -d " + at + " " + at + "/Ager.java 2>&1")) return std::nullopt;
  std::ostringstream bytes;
  bytes << std::ifstream(at + "/org/example/Ager.class", std::ios::binary).rdbuf();
  return Compiled{
      bytes.str(),
      testing::run_command("javap -v -p " + at + "/org/example/Ager.class").value_or("")};
}

std::vector<std::string> signatures(const std::vector<JavaMethod>& members) {
  std::vector<std::string> out;
  for (const JavaMethod& each : members)
    out.push_back(std::string(each.name) + std::string(each.descriptor));
  return out;
}

TEST(JavaClass, ReadsWhatJavacWrites) {
  const auto made = compiled();
  if (!made) GTEST_SKIP() << "javac is absent here";
  EXPECT_EQ(file_kind(as_bytes(made->bytes)), FileKind::kJavaClass);
  EXPECT_TRUE(looks_like_java_class(as_bytes(made->bytes)));
  const auto read = parse_java_class(as_bytes(made->bytes), "Ager.class");
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_THAT(read->gaps.list(), IsEmpty());
  EXPECT_EQ(read->name, "org/example/Ager");
  EXPECT_EQ(read->superclass, "java/util/ArrayList");
  EXPECT_THAT(read->interfaces, ElementsAre("java/lang/Runnable", "java/io/Closeable"));
  EXPECT_THAT(signatures(read->fields), ElementsAre("BIGJ", "HALFD", "countI"));
  std::vector<std::string> natives;
  for (const JavaMethod& each : read->methods)
    if (each.native()) natives.emplace_back(each.name);
  EXPECT_THAT(natives, ElementsAre("age", "setup"));
  EXPECT_THAT(signatures(read->methods), Contains("age([BI)F"));
  EXPECT_THAT(read->strings, Contains("ager"));
  // Every method reference and class that javap lists.
  std::size_t methods = 0;
  std::size_t classes = 0;
  for (const std::string& line : split(made->javap, '\n')) {
    if (line.find("= Methodref") != std::string::npos ||
        line.find("= InterfaceMethodref") != std::string::npos) {
      ++methods;
      const std::string text(trim(line.substr(line.find("// ") + 3)));
      const auto found = std::find_if(
          read->method_references.begin(), read->method_references.end(), [&](const auto& each) {
            std::string name = each.name == "<init>" ? "\"<init>\"" : std::string(each.name);
            name += ":" + std::string(each.descriptor);
            return text == std::string(each.owner) + "." + name || text == name;
          });
      EXPECT_NE(found, read->method_references.end()) << text;
    }
    if (line.find("= Class ") != std::string::npos) ++classes;
  }
  EXPECT_EQ(read->method_references.size(), methods);
  EXPECT_EQ(read->classes.size(), classes);
  EXPECT_GT(methods, 3U);
}

TEST(JavaClass, SurvivesDamage) {
  EXPECT_FALSE(parse_java_class(as_bytes("no class"), "x"));
  const auto made = compiled();
  if (!made) GTEST_SKIP() << "javac is absent here";
  std::size_t with_gaps = 0;
  for (std::size_t i = 0; i < made->bytes.size(); ++i) {
    const std::string cut = made->bytes.substr(0, i);
    const auto read = parse_java_class(as_bytes(cut), "x");
    if (read && !read->gaps.empty()) ++with_gaps;
    std::string changed = made->bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x15);
    static_cast<void>(parse_java_class(as_bytes(changed), "x"));
  }
  EXPECT_GT(with_gaps, 100U);
}

}  // namespace
}  // namespace dl
