// SPDX-License-Identifier: Apache-2.0
// Mapping files: both dialects, overloads, inlined frames, and lines that mean nothing.
#include "daylight/program/code/name_mapping.h"

#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl::program {
namespace {

constexpr const char* kMapping = R"(# compiler: R8
# {"id":"com.android.tools.r8.mapping","version":"2.0"}
com.example.Age -> a.b:
    int[] table -> a
    com.example.Image image -> b
    void <init>() -> <init>
    1:1:float predict(com.example.Image):10:10 -> a
    2:5:float predict(com.example.Image,int[]):20:23 -> a
    # {"id":"sourceFile","fileName":"Age.kt"}
    6:9:int com.example.Image.width():44:44 -> c
    6:9:int measure(com.example.Image):31 -> c
com.example.Image -> a.c:
    int width() -> a
    java.lang.String name() -> a
com.example.Kept -> com.example.Kept:
    void keep() -> keep
)";

NameMapping parsed(std::string_view text) {
  auto mapping = NameMapping::parse(text, "mapping.txt");
  EXPECT_TRUE(mapping) << (mapping ? "" : describe(mapping.error()));
  return mapping ? std::move(*mapping) : NameMapping{};
}

TEST(TypeDescriptor, JavaNames) {
  EXPECT_EQ(type_descriptor("int"), "I");
  EXPECT_EQ(type_descriptor("java.lang.String[][]"), "[[Ljava/lang/String;");
  EXPECT_EQ(type_descriptor("a.b$1"), "La/b$1;");
  for (const char* wrong : {"", "a b", "a;", "(x)", "a,b", "[]"})
    EXPECT_EQ(type_descriptor(wrong), "");
}

TEST(NameMappingTest, ClassesDescriptorsAndFields) {
  const NameMapping mapping = parsed(kMapping);
  EXPECT_EQ(mapping.class_count(), 3U);
  EXPECT_TRUE(mapping.gaps().empty());
  EXPECT_EQ(mapping.original_class("La/b;"), "Lcom/example/Age;");
  EXPECT_EQ(mapping.original_class("[[La/c;"), "[[Lcom/example/Image;");
  EXPECT_EQ(mapping.original_class("Lz;"), "");
  EXPECT_EQ(mapping.original_descriptor("(La/c;I[Lz;)La/b;"),
            "(Lcom/example/Image;I[Lz;)Lcom/example/Age;");
  EXPECT_EQ(mapping.original_field("La/b;", "b", "La/c;"), "image");
  EXPECT_EQ(mapping.original_field("La/b;", "b", "I"), "");
}

TEST(NameMappingTest, OverloadsAreToldApartByTheirTypes) {
  const NameMapping mapping = parsed(kMapping);
  EXPECT_EQ(mapping.original_method("La/b;", "a", "(La/c;)F"), "predict(Lcom/example/Image;)F");
  EXPECT_EQ(mapping.original_method("La/b;", "a", "(La/c;[I)F"), "predict(Lcom/example/Image;[I)F");
  EXPECT_EQ(mapping.original_method("La/b;", "a", "(I)F"), "");
  EXPECT_EQ(mapping.original_method("La/c;", "a", "()I"), "width()I");
  EXPECT_EQ(mapping.original_method("La/c;", "a", "()Ljava/lang/String;"),
            "name()Ljava/lang/String;");
}

TEST(NameMappingTest, AnInlinedFrameIsNotTheMethod) {
  EXPECT_EQ(parsed(kMapping).original_method("La/b;", "c", "(La/c;)I"),
            "measure(Lcom/example/Image;)I");
}

TEST(NameMappingTest, WholeMethods) {
  const NameMapping mapping = parsed(kMapping);
  EXPECT_EQ(mapping.original_method_text("La/b;->a(La/c;)F"),
            "Lcom/example/Age;->predict(Lcom/example/Image;)F");
  EXPECT_EQ(mapping.original_method_text("La/b;->zz(La/c;)V"),
            "Lcom/example/Age;->zz(Lcom/example/Image;)V");
  EXPECT_EQ(mapping.original_method_text("Lcom/example/Kept;->keep()V"),
            "Lcom/example/Kept;->keep()V");
  EXPECT_EQ(mapping.original_method_text("Landroid/media/FaceDetector;-><init>(III)V"), "");
  EXPECT_EQ(mapping.original_method_text("Java_com_example_find"), "");
}

TEST(NameMappingTest, TwoMethodsThatFitGiveNoName) {
  const NameMapping mapping = parsed("x.A -> a:\n    void one() -> b\n    void two() -> b\n");
  EXPECT_EQ(mapping.original_method("La;", "b", "()V"), "");
}

TEST(NameMappingTest, LinesThatMeanNothingAreGaps) {
  const NameMapping mapping = parsed(
      "    void early() -> a\nx.A -> a:\n    nonsense\n    void (int) -> b\n    int f ->\n"
      "    void m(in t) -> c\nno arrow here\nx.B -> a:\nx.C -> c:\r\n    void ok() -> d\r\n");
  EXPECT_EQ(mapping.class_count(), 2U);
  EXPECT_EQ(mapping.gaps().count(), 7U);
  EXPECT_EQ(mapping.original_method("Lc;", "d", "()V"), "ok()V");
}

TEST(NameMappingTest, WhatIsNoMappingIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("hello\nworld\n"), std::string(100, '\0')}) {
    const auto mapping = NameMapping::parse(text, "x.txt");
    ASSERT_FALSE(mapping);
    EXPECT_EQ(mapping.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(NameMappingTest, ALongLineIsLeftOut) {
  const NameMapping mapping = parsed("x.A -> a:\n    void " + std::string(kMaxMappingLine, 'x') +
                                     "() -> b\n    int f -> c\n");
  EXPECT_EQ(mapping.gaps().count(), 1U);
  EXPECT_EQ(mapping.original_field("La;", "c", "I"), "f");
}

TEST(NameMappingTest, ARealFileIsReadWhole) {
  const auto path = testing::shared_data("apps-truth/facegauge-obf.mapping.txt");
  if (!path) GTEST_SKIP() << "shared data is absent";
  const auto text = read_file(*path);
  ASSERT_TRUE(text);
  const NameMapping mapping = parsed(*text);
  EXPECT_TRUE(mapping.gaps().empty());
  EXPECT_EQ(mapping.original_class("Lo/a;"), "Lorg/corpus/portrait/AgeEstimationModel;");
  EXPECT_EQ(mapping.original_method_text("Lo/a;->a(Landroid/graphics/Bitmap;)F"),
            "Lorg/corpus/portrait/AgeEstimationModel;->predictAge(Landroid/graphics/Bitmap;)F");
}

}  // namespace
}  // namespace dl::program
