// SPDX-License-Identifier: Apache-2.0
// One program out of several DEX files: ids, inheritance, lookup; lying hierarchies end.
#include "daylight/program/code/class_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/program/package/app_package.h"
#include "support/dex_builder.h"
#include "support/shared_data.h"
#include "support/small_app.h"

namespace dl::program {
namespace {

using ::testing::ElementsAre;

TEST(ClassIndex, OneIdForOneThingInSeveralFiles) {
  const std::vector<std::string> contents{testing::small_app_dex(),
                                          testing::small_app_second_dex()};
  const auto files = testing::open_dex_files(contents);
  const ClassIndex index = ClassIndex::build(files);
  const MethodId help = index.find_method("Lapp/Other;", "help", "()V");
  ASSERT_NE(help, kNoId);
  EXPECT_TRUE(index.method_info(help).has_code());
  EXPECT_EQ(index.method_info(help).dex, 1U);
  // The first file only refers to it, by another index.
  int references = 0;
  for (std::uint32_t dex = 0; dex < 2; ++dex) {
    for (std::uint32_t i = 0; i < files[dex].method_count(); ++i)
      references += index.method_of(dex, i) == help ? 1 : 0;
  }
  EXPECT_EQ(references, 2);
  EXPECT_EQ(index.method_text(help), "Lapp/Other;->help()V");
  EXPECT_EQ(index.find_class("Lapp/Nowhere;"), kNoId);
  EXPECT_EQ(index.find_method("Lapp/Other;", "help", "(I)V"), kNoId);
  EXPECT_EQ(index.method_of(0, 99999), kNoId);
  EXPECT_EQ(index.class_of(7, 0), kNoId);
}

TEST(ClassIndex, Inheritance) {
  const std::vector<std::string> contents{testing::small_app_dex()};
  const auto files = testing::open_dex_files(contents);
  const ClassIndex index = ClassIndex::build(files);
  const ClassId shape = index.find_class("Lapp/Shape;");
  const ClassId circle = index.find_class("Lapp/Circle;");
  const ClassId task = index.find_class("Lapp/Task;");
  EXPECT_TRUE(index.is_subtype(circle, shape));
  EXPECT_FALSE(index.is_subtype(shape, circle));
  EXPECT_EQ(index.direct_subtypes(shape).size(), 2U);
  EXPECT_EQ(index.subtypes(shape, 10).size(), 3U);
  bool complete = true;
  EXPECT_EQ(index.subtypes(shape, 2, &complete).size(), 2U);
  EXPECT_FALSE(complete);
  EXPECT_EQ(index.descriptor(index.external_ancestor(task)), "Ljava/lang/Runnable;");
  EXPECT_EQ(index.external_ancestor(circle), kNoId);
  const MethodId area = index.find_method("Lapp/Shape;", "area", "()V");
  EXPECT_EQ(index.method_text(index.resolve_virtual(circle, area)), "Lapp/Circle;->area()V");
  EXPECT_EQ(index.method_text(index.resolve(area)), "Lapp/Shape;->area()V");
}

TEST(ClassIndex, CirclesEnd) {
  testing::DexBuilder builder;
  for (const auto& [name, super] : {std::pair{"La;", "Lb;"}, std::pair{"Lb;", "La;"}}) {
    testing::DexTestClass cls;
    cls.descriptor = name;
    cls.superclass = super;
    cls.access = 0x601;
    cls.interfaces = {"La;", "Lb;", "Lc;"};
    builder.classes.push_back(cls);
  }
  testing::DexTestClass third;
  third.descriptor = "Lc;";
  third.interfaces = {"La;", "Lb;", "Lc;"};
  third.virtual_methods = {{.name = "f", .access = 0x401}};
  builder.classes.push_back(third);
  const std::vector<std::string> contents{builder.build()};
  const auto files = testing::open_dex_files(contents);
  const ClassIndex index = ClassIndex::build(files);
  const ClassId a = index.find_class("La;");
  EXPECT_EQ(index.ancestors(a).size(), 4U);  // and java.lang.Object
  EXPECT_TRUE(index.is_subtype(a, index.find_class("Lb;")));
  EXPECT_EQ(index.resolve_virtual(a, index.find_method("Lc;", "f", "()V")), kNoId);
  EXPECT_EQ(index.external_ancestor(a), kNoId);
  EXPECT_EQ(index.subtypes(a, 100).size(), 3U);
}

TEST(ClassIndex, SeveralDexFilesOfARealApp) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/ra-peekatbayntun.apk");
  const auto app = AppPackage::open(path, null_log());
  ASSERT_TRUE(app) << describe(app.error());
  EXPECT_EQ(app->dex_files().size(), 15U);
  const ClassIndex index = ClassIndex::build(app->dex_files());
  std::size_t defined = 0;
  for (ClassId id = 0; id < index.class_count(); ++id)
    defined += index.class_info(id).defined() ? 1 : 0;
  EXPECT_EQ(defined, 102U);  // as the independent count in the data's manifest says
  // Declared in one file, used from another.
  const ClassId detector =
      index.find_class("Lcom/gulag/PeekAtBayntun/TFLiteObjectDetectionAPIModel;");
  ASSERT_NE(detector, kNoId);
  const MethodId run = index.find_method("Lorg/tensorflow/lite/Interpreter;", "run",
                                         "(Ljava/lang/Object;Ljava/lang/Object;)V");
  ASSERT_NE(run, kNoId);
  EXPECT_TRUE(index.method_info(run).has_code());
  EXPECT_NE(index.method_info(run).dex, index.class_info(detector).dex);
}

}  // namespace
}  // namespace dl::program
