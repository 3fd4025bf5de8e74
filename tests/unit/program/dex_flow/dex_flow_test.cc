// SPDX-License-Identifier: Apache-2.0
// Constant propagation: across methods and fields, through branches, loops, library code and
// hostile code.
#include "daylight/program/dex_flow/dex_flow.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/flow_app.h"

namespace dl::program {
namespace {

using dl::testing::FlowAppText;

struct Analysed {
  std::unique_ptr<const AppCode> code;
  FlowResult result;
};

Analysed analyse(const AppPackage& app, const FlowLimits& limits = {}) {
  Analysed done;
  done.code = AppCode::build(app);
  done.result = analyse_flow(*done.code, limits, null_log());
  return done;
}

bool depends_on_text(const FlowGraph& graph, NodeId node, std::string_view text) {
  const auto all = graph.reachable(node);
  return std::any_of(all.begin(), all.end(),
                     [&](NodeId id) { return graph.constant_string(id) == text; });
}

// (channel - mean) / std
std::string affine(const std::string& mean, const std::string& std) {
  return "    shr-int v10, v9, v11\n    and-int/lit16 v10, v10, 0xff\n    int-to-float v10, v10\n  "
         "  const v12, " +
         mean + "\n    sub-float/2addr v10, v12\n    const v12, " + std +
         "\n    div-float/2addr v10, v12\n";
}

TEST(DexFlow, FollowsAnAssetThroughAFieldAndACall) {
  FlowAppText text;
  text.picture = dl::testing::scaled(8, 8, true);
  text.fill = dl::testing::float_loop(8, 8, "RGB", affine("127.5f", "127.5f"));
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  auto done = analyse(app);
  ASSERT_EQ(done.result.runs.size(), 1U);
  EXPECT_TRUE(depends_on_text(*done.result.graph, done.result.runs[0].interpreter, "model.tflite"));
  EXPECT_FALSE(depends_on_text(*done.result.graph, done.result.runs[0].interpreter, "data"));
}

TEST(DexFlow, ReadsALoopOverPixelsAtAnyPlace) {
  FlowAppText text;
  text.picture = dl::testing::scaled(32, 32, true);  // 1024 rounds: more than are run one by one
  text.fill = dl::testing::float_loop(32, 32, "RGB", affine("0x42c80000", "0x40000000"));  // 100, 2
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  auto done = analyse(app);
  ASSERT_EQ(done.result.runs.size(), 1U);
  FlowGraph& graph = *done.result.graph;
  const NodeId input = done.result.runs[0].inputs[0];
  // Pixel 700: green is the second float.
  const NodeId value = graph.read(input, {graph.integer(700 * 12 + 4)});
  const std::string shown = graph.describe(value, 12);
  EXPECT_NE(shown.find("[700] >> 8) & 255)"), std::string::npos) << shown;
  EXPECT_NE(shown.find("- 100.0) / 2.0)"), std::string::npos) << shown;
  EXPECT_NE(shown.find("createScaledBitmap"), std::string::npos) << shown;
  // Behind the end nothing was written.
  const NodeId behind = graph.read(input, {graph.integer(1024 * 12)});
  EXPECT_EQ(graph.describe(behind, 4).find(">>"), std::string::npos);
}

TEST(DexFlow, KeepsBothSidesOfAnUnknownBranch) {
  FlowAppText text;
  text.picture = dl::testing::scaled(8, 8, true);
  text.fill = dl::testing::float_loop(8, 8, "RGB", affine("0x0", "0x437f0000"));
  text.answer = dl::testing::output_element(0) + R"(
    const/high16 v5, 0x3f000000
    cmpl-float v5, v3, v5
    if-lez v5, :low
    const-string v4, "high"
    goto :said
    :low
    const-string v4, "low"
    :said
)" + dl::testing::show_text();
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  auto done = analyse(app);
  ASSERT_EQ(done.result.sinks.size(), 1U);
  EXPECT_EQ(done.result.sinks[0].api, "android.widget.TextView.setText");
  const FlowGraph& graph = *done.result.graph;
  EXPECT_EQ(graph.describe(done.result.sinks[0].args[0], 8),
            "((0.5 >= output0.0[0][0]) ? \"low\" : \"high\")");
}

TEST(DexFlow, FollowsOperatorsInAListByWhatTheyDo) {
  // A renamed chain of operators: an interface, two classes, a list that is walked with an
  // iterator.
  FlowAppText text;
  text.classes = R"(
.class interface abstract Lapp/o;
.super Ljava/lang/Object;
.method public abstract a(Ljava/lang/Object;)Ljava/lang/Object;
.end method
.class Lapp/p;
.super Ljava/lang/Object;
.implements Lapp/o;
.field private final a:I
.method constructor <init>(I)V
    .locals 0
    invoke-direct {p0}, Ljava/lang/Object;-><init>()V
    iput p1, p0, Lapp/p;->a:I
    return-void
.end method
.method public a(Ljava/lang/Object;)Ljava/lang/Object;
    .locals 3
    check-cast p1, Landroid/graphics/Bitmap;
    iget v0, p0, Lapp/p;->a:I
    const/4 v1, 0x1
    invoke-static {p1, v0, v0, v1}, Landroid/graphics/Bitmap;->createScaledBitmap(Landroid/graphics/Bitmap;IIZ)Landroid/graphics/Bitmap;
    move-result-object v0
    return-object v0
.end method
.class Lapp/q;
.super Ljava/lang/Object;
.method static a(Ljava/util/List;Ljava/lang/Object;)Ljava/lang/Object;
    .locals 2
    invoke-interface {p0}, Ljava/util/List;->iterator()Ljava/util/Iterator;
    move-result-object v0
    :next
    invoke-interface {v0}, Ljava/util/Iterator;->hasNext()Z
    move-result v1
    if-eqz v1, :done
    invoke-interface {v0}, Ljava/util/Iterator;->next()Ljava/lang/Object;
    move-result-object v1
    check-cast v1, Lapp/o;
    invoke-interface {v1, p1}, Lapp/o;->a(Ljava/lang/Object;)Ljava/lang/Object;
    move-result-object p1
    goto :next
    :done
    return-object p1
.end method
)";
  text.picture = R"(
    new-instance v3, Ljava/util/ArrayList;
    invoke-direct {v3}, Ljava/util/ArrayList;-><init>()V
    new-instance v4, Lapp/p;
    const/16 v5, 0x40
    invoke-direct {v4, v5}, Lapp/p;-><init>(I)V
    invoke-interface {v3, v4}, Ljava/util/List;->add(Ljava/lang/Object;)Z
    new-instance v4, Lapp/p;
    const/16 v5, 0x10
    invoke-direct {v4, v5}, Lapp/p;-><init>(I)V
    invoke-interface {v3, v4}, Ljava/util/List;->add(Ljava/lang/Object;)Z
    invoke-static {v3, v0}, Lapp/q;->a(Ljava/util/List;Ljava/lang/Object;)Ljava/lang/Object;
    move-result-object v0
    check-cast v0, Landroid/graphics/Bitmap;
)";
  text.fill = dl::testing::float_loop(16, 16, "RGB", affine("0x0", "0x437f0000"));
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  auto done = analyse(app);
  ASSERT_EQ(done.result.runs.size(), 1U);
  FlowGraph& graph = *done.result.graph;
  const std::string shown =
      graph.describe(graph.read(done.result.runs[0].inputs[0], {graph.integer(0)}), 14);
  EXPECT_NE(shown.find("createScaledBitmap(android.graphics.Bitmap.createScaledBitmap("),
            std::string::npos)
      << shown;
  EXPECT_NE(shown.find(", 64, 64, 1), 16, 16, 1)"), std::string::npos) << shown;
}

TEST(DexFlow, ResolvesASwitchOnAnEnum) {
  FlowAppText text;
  text.classes = R"(
.class final enum Lapp/Kind;
.super Ljava/lang/Enum;
.field public static final enum A:Lapp/Kind;
.field public static final enum B:Lapp/Kind;
.method static constructor <clinit>()V
    .locals 3
    new-instance v0, Lapp/Kind;
    const-string v1, "A"
    const/4 v2, 0x0
    invoke-direct {v0, v1, v2}, Lapp/Kind;-><init>(Ljava/lang/String;I)V
    sput-object v0, Lapp/Kind;->A:Lapp/Kind;
    new-instance v0, Lapp/Kind;
    const-string v1, "B"
    const/4 v2, 0x1
    invoke-direct {v0, v1, v2}, Lapp/Kind;-><init>(Ljava/lang/String;I)V
    sput-object v0, Lapp/Kind;->B:Lapp/Kind;
    return-void
.end method
.method private constructor <init>(Ljava/lang/String;I)V
    .locals 0
    invoke-direct {p0, p1, p2}, Ljava/lang/Enum;-><init>(Ljava/lang/String;I)V
    return-void
.end method
.class Lapp/Sizes;
.super Ljava/lang/Object;
.method static of(Lapp/Kind;)I
    .locals 1
    invoke-virtual {p0}, Lapp/Kind;->ordinal()I
    move-result v0
    packed-switch v0, :table
    const/16 v0, 0x8
    return v0
    :first
    const/16 v0, 0x10
    return v0
    :second
    const/16 v0, 0x20
    return v0
    :table
    .packed-switch 0x0
        :first
        :second
    .end packed-switch
.end method
)";
  text.picture = R"(
    sget-object v3, Lapp/Kind;->B:Lapp/Kind;
    invoke-static {v3}, Lapp/Sizes;->of(Lapp/Kind;)I
    move-result v3
    const/4 v5, 0x1
    invoke-static {v0, v3, v3, v5}, Landroid/graphics/Bitmap;->createScaledBitmap(Landroid/graphics/Bitmap;IIZ)Landroid/graphics/Bitmap;
    move-result-object v0
)";
  text.fill = dl::testing::float_loop(32, 32, "RGB", affine("0x0", "0x437f0000"));
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  auto done = analyse(app);
  ASSERT_EQ(done.result.runs.size(), 1U);
  FlowGraph& graph = *done.result.graph;
  const std::string shown =
      graph.describe(graph.read(done.result.runs[0].inputs[0], {graph.integer(0)}), 14);
  EXPECT_NE(shown.find(", 32, 32, 1)"), std::string::npos) << shown;
}

TEST(DexFlow, FollowsACounterThatWraps) {
  // j = (j + 1) % 3 chooses the mean of each channel: the loop repeats every three rounds.
  FlowAppText text;
  text.picture = dl::testing::scaled(8, 8, true);
  text.fill = dl::testing::float_loop(8, 8, "RGB",
                                      "    shr-int v10, v9, v11\n    and-int/lit16 v10, v10, "
                                      "0xff\n    int-to-float v10, v10\n") +
              R"(
    invoke-virtual {v1}, Ljava/nio/ByteBuffer;->rewind()Ljava/nio/Buffer;
    const/16 v3, 0xc0
    new-array v4, v3, [F
    invoke-virtual {v1}, Ljava/nio/ByteBuffer;->asFloatBuffer()Ljava/nio/FloatBuffer;
    move-result-object v5
    invoke-virtual {v5, v4}, Ljava/nio/FloatBuffer;->get([F)Ljava/nio/FloatBuffer;
    const/4 v6, 0x3
    new-array v6, v6, [F
    fill-array-data v6, :means
    const/4 v7, 0x0
    const/4 v8, 0x0
    :round
    if-ge v7, v3, :out
    aget v9, v4, v7
    aget v10, v6, v8
    sub-float/2addr v9, v10
    aput v9, v4, v7
    add-int/lit8 v8, v8, 0x1
    rem-int/lit8 v8, v8, 0x3
    add-int/lit8 v7, v7, 0x1
    goto :round
    :means
    .array-data 4
        0x3f800000
        0x40000000
        0x40400000
    .end array-data
    :out
    invoke-virtual {v1}, Ljava/nio/ByteBuffer;->rewind()Ljava/nio/Buffer;
    invoke-virtual {v1}, Ljava/nio/ByteBuffer;->asFloatBuffer()Ljava/nio/FloatBuffer;
    move-result-object v5
    invoke-virtual {v5, v4}, Ljava/nio/FloatBuffer;->put([F)Ljava/nio/FloatBuffer;
)";
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  auto done = analyse(app);
  ASSERT_EQ(done.result.runs.size(), 1U);
  FlowGraph& graph = *done.result.graph;
  for (const int channel : {0, 1, 2}) {
    const std::string shown = graph.describe(
        graph.read(done.result.runs[0].inputs[0], {graph.integer(20 * 12 + 4 * channel)}), 14);
    EXPECT_NE(shown.find(" - " + std::to_string(channel + 1) + ".0)"), std::string::npos) << shown;
  }
}

TEST(DexFlow, DoesNotSummariseARunningSumByItsStores) {
  // a[i] = a[i - 1] + 1 depends on earlier rounds: a[20] is not "the old a[19] plus 1".
  FlowAppText text;
  text.fill = R"(
    const/16 v3, 0x40
    new-array v1, v3, [I
    const/4 v4, 0x0
    const/4 v5, 0x5
    aput v5, v1, v4
    const/4 v4, 0x1
    :round
    if-ge v4, v3, :out
    add-int/lit8 v5, v4, -0x1
    aget v6, v1, v5
    add-int/lit8 v6, v6, 0x1
    aput v6, v1, v4
    add-int/lit8 v4, v4, 0x1
    goto :round
    :out
)";
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  auto done = analyse(app);
  ASSERT_EQ(done.result.runs.size(), 1U);
  FlowGraph& graph = *done.result.graph;
  EXPECT_FALSE(
      graph.constant_integer(graph.read(done.result.runs[0].inputs[0], {graph.integer(20)})));
}

// Each method calls itself and the next twice; one loop never ends.
TEST(DexFlow, EndsOnHostileCode) {
  FlowAppText text;
  text.fill = R"(
    const/16 v3, 0x10
    invoke-static {v3}, Ljava/nio/ByteBuffer;->allocateDirect(I)Ljava/nio/ByteBuffer;
    move-result-object v1
    const/4 v3, 0x7
    invoke-static {v3}, Lapp/Bomb;->a(I)I
)";
  text.classes = R"(
.class Lapp/Bomb;
.super Ljava/lang/Object;
.method static a(I)I
    .locals 4
    invoke-static {p0}, Lapp/Bomb;->b(I)I
    move-result v0
    invoke-static {v0}, Lapp/Bomb;->b(I)I
    move-result v0
    invoke-static {v0}, Lapp/Bomb;->a(I)I
    move-result v0
    return v0
.end method
.method static b(I)I
    .locals 4
    invoke-static {p0}, Lapp/Bomb;->c(I)I
    move-result v0
    :again
    invoke-static {v0}, Lapp/Bomb;->c(I)I
    move-result v0
    mul-int v0, v0, v0
    if-nez p0, :again
    return v0
.end method
.method static c(I)I
    .locals 4
    :again
    xor-int/lit8 p0, p0, 0x55
    mul-int/2addr p0, p0
    if-eqz p0, :done
    invoke-static {p0}, Lapp/Bomb;->b(I)I
    goto :again
    :done
    return p0
.end method
)";
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  FlowLimits limits;
  limits.steps_per_entry = 20000;
  limits.steps = 60000;
  auto done = analyse(app, limits);
  EXPECT_LE(done.result.steps, limits.steps + 1000);
  EXPECT_TRUE(done.result.runs.size() <= 4);
}

TEST(DexFlow, GivesTheSameTwice) {
  FlowAppText text;
  text.picture = dl::testing::scaled(16, 16, true);
  text.fill = dl::testing::float_loop(16, 16, "BGR", affine("0x0", "0x437f0000"));
  DAYLIGHT_FLOW_APP_OR_SKIP(app, dl::testing::flow_app_smali(text));
  const auto first = analyse(app);
  const auto second = analyse(app);
  ASSERT_EQ(first.result.runs.size(), second.result.runs.size());
  EXPECT_EQ(first.result.graph->size(), second.result.graph->size());
  EXPECT_EQ(first.result.steps, second.result.steps);
}

}  // namespace
}  // namespace dl::program
