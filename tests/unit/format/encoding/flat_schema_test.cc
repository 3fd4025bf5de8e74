// SPDX-License-Identifier: Apache-2.0
// Schemas as text, and walks that follow them.
#include "daylight/format/encoding/flat_schema.h"

#include <gtest/gtest.h>

#include "support/flatbuffer_writer.h"

namespace dl {
namespace {

using testing::Flat;

constexpr std::string_view kText = R"(
|Options Small Large
Root name:s- main:|Options free: flags:[b] inner:Small many:[Small] loop:Root
Small axis:i32 ratio:f32
Large weights:[f32]* sizes:[i64] texts:[s]
)";

FlatSummary walk(const std::string& bytes, std::uint64_t budget = 10000,
                 bool* exhausted = nullptr) {
  const FlatSchema schema(kText);
  FlatBuffer buffer(as_bytes(bytes));
  const auto root = FlatTable::root(buffer);
  FlatWalker walker(schema, budget);
  FlatSummary summary = root ? walker.walk(*root, "Root") : FlatSummary{};
  if (exhausted != nullptr) *exhausted = walker.exhausted();
  return summary;
}

TEST(FlatSchema, NumbersFieldsAndUnions) {
  const FlatSchema schema(kText);
  const FlatType* root = schema.find("Root");
  ASSERT_NE(root, nullptr);
  ASSERT_EQ(root->fields.size(), 6U);
  EXPECT_EQ(root->fields[1].number, 1) << "a union takes two numbers";
  EXPECT_EQ(root->fields[2].name, "flags");
  EXPECT_EQ(root->fields[2].number, 4) << "behind the union and the free one";
  EXPECT_EQ(schema.find("Options")->members.size(), 2U);
  EXPECT_EQ(schema.find("Nothing"), nullptr);
}

TEST(FlatWalker, WritesOptionsAndCollectsConstants) {
  const Flat large = Flat::table({{0, Flat::numbers<float>({1, 2, 3})},
                                  {1, Flat::numbers<std::int64_t>({4, -5})},
                                  {2, Flat::list({Flat::text("a b"), Flat::text("c")})}});
  const Flat small =
      Flat::table({{0, Flat::number<std::int32_t>(-1)}, {1, Flat::number<float>(0.1F)}});
  const std::string bytes = Flat::table({{0, Flat::text("quiet")},
                                         {1, Flat::number<std::uint8_t>(2)},
                                         {2, large},
                                         {4, Flat::numbers<std::uint8_t>({1, 0})},
                                         {5, small},
                                         {6, Flat::list({small})}})
                                .buffer("");
  const FlatSummary summary = walk(bytes);
  EXPECT_EQ(summary.detail,
            "main=Large main.sizes=4,-5 main.texts=a_b main.texts=c flags=1,0 inner.axis=-1 "
            "inner.ratio=0.10000000149011612 many0.axis=-1 many0.ratio=0.10000000149011612");
  ASSERT_EQ(summary.constants.size(), 1U);
  EXPECT_EQ(summary.constants[0].elements, 3U);
}

TEST(FlatWalker, EndsWhereTheBudgetOrTheDepthEnds) {
  Flat deep = Flat::table({{5, Flat::table({{0, Flat::number<std::int32_t>(7)}})}});
  for (int i = 0; i < kMaxFlatDepth + 5; ++i) deep = Flat::table({{7, deep}});
  EXPECT_EQ(walk(deep.buffer("")).detail, "");
  bool exhausted = false;
  const Flat wide = Flat::table({{4, Flat::numbers<std::uint8_t>(std::vector<std::uint8_t>(500))}});
  walk(wide.buffer(""), 100, &exhausted);
  EXPECT_TRUE(exhausted);
  EXPECT_EQ(walk(wide.buffer("")).detail, "flags=[500]");
}

}  // namespace
}  // namespace dl
