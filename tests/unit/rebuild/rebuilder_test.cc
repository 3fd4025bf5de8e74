// SPDX-License-Identifier: Apache-2.0
// Pipelines of small apps written in smali: each family of steps, and what must not be taken for
// one.
#include "daylight/rebuild/rebuilder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "unit/rebuild/rebuilt_app.h"

namespace dl::rebuild {
namespace {

class Rebuild : public ::testing::Test {
 protected:
  std::map<std::string, std::string> assets_;
};

TEST_F(Rebuild, ReadsAHandWrittenLoop) {
  REBUILT_OR_SKIP(pipeline, usual(), inventory_of(32, 32, 1));
  EXPECT_EQ(ops_to(pipeline, "output"),
            (std::vector<std::string>{"user-image", "decode-image", "resize", "to-tensor",
                                      "normalize", "tflite", "output", "element", "shown"}))
      << all_gaps(pipeline);
  const Step* resize = step_of(pipeline, "resize");
  ASSERT_NE(resize, nullptr);
  EXPECT_EQ(resize->params, (Json{{"width", 32}, {"height", 32}, {"kernel", "android-bilinear"}}));
  EXPECT_EQ(resize->proof.kind, "static");
  ASSERT_FALSE(resize->evidence.empty());
  EXPECT_EQ(resize->evidence[0].method,
            "Lapp/Main;->onActivityResult(IILandroid/content/Intent;)V");
  EXPECT_EQ(resize->evidence[0].entry, (std::vector<std::string>{"classes.dex"}));
  EXPECT_NE(resize->evidence[0].excerpt.find("createScaledBitmap"), std::string::npos);
  const Step* pack = step_of(pipeline, "to-tensor");
  EXPECT_EQ(pack->params, (Json{{"order", "RGB"}, {"dtype", "float32"}}));
  EXPECT_EQ(pack->proof.kind, "static");
  const Step* normalise = step_of(pipeline, "normalize");
  EXPECT_EQ(normalise->params, (Json{{"mean", {0.0}}, {"std", {255.0}}}));
  EXPECT_EQ(normalise->proof.kind, "static");
  const Step* model = step_of(pipeline, "tflite");
  EXPECT_EQ(model->proof.kind, "static");
  EXPECT_EQ(pipeline.models, (std::vector<std::string>{"model-1"}));
}

TEST_F(Rebuild, EvidencePointsAtTheInstruction) {
  REBUILT_OR_SKIP(pipeline, usual(), inventory_of(32, 32, 1));
  const Step* resize = step_of(pipeline, "resize");
  ASSERT_NE(resize, nullptr);
  const auto dex = pipeline_app.entry_bytes("classes.dex");
  ASSERT_TRUE(dex);
  ASSERT_TRUE(resize->evidence[0].offset);
  // invoke-static has the opcode 0x71.
  EXPECT_EQ(dex->bytes[static_cast<std::size_t>(*resize->evidence[0].offset)], 0x71);
}

TEST_F(Rebuild, TellsBgrFromRgbAndNearestFromBilinear) {
  FlowAppText text = usual();
  text.picture = dl::testing::scaled(32, 32, false);
  text.fill = dl::testing::float_loop(32, 32, "BGR", affine(k127, k127));
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  EXPECT_EQ(step_of(pipeline, "resize")->params["kernel"], "android-nearest");
  EXPECT_EQ(step_of(pipeline, "to-tensor")->params["order"], "BGR");
  EXPECT_EQ(step_of(pipeline, "normalize")->params, (Json{{"mean", {127.5}}, {"std", {127.5}}}));
}

TEST_F(Rebuild, ReadsDivisionBeforeSubtraction) {
  // channel / 255 * 2 - 1 is (channel - 127.5) / 127.5.
  FlowAppText text = usual();
  text.fill = dl::testing::float_loop(32, 32, "RGB", R"(
    shr-int v10, v9, v11
    and-int/lit16 v10, v10, 0xff
    int-to-float v10, v10
    const/high16 v12, 0x437f0000
    div-float/2addr v10, v12
    const/high16 v12, 0x40000000
    mul-float/2addr v10, v12
    const/high16 v12, 0x3f800000
    sub-float/2addr v10, v12
)");
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  ASSERT_NE(step_of(pipeline, "normalize"), nullptr) << all_gaps(pipeline);
  EXPECT_EQ(step_of(pipeline, "normalize")->params, (Json{{"mean", {127.5}}, {"std", {127.5}}}));
}

TEST_F(Rebuild, AssumesWithAlternativesWhereTheArithmeticIsNotAffine) {
  FlowAppText text = usual();
  text.fill = dl::testing::float_loop(32, 32, "RGB", R"(
    shr-int v10, v9, v11
    and-int/lit16 v10, v10, 0xff
    int-to-float v10, v10
    mul-float/2addr v10, v10
)");
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  const Step* normalise = step_of(pipeline, "normalize");
  ASSERT_NE(normalise, nullptr);
  EXPECT_EQ(normalise->proof.kind, "assumed");
  EXPECT_FALSE(normalise->proof.why.empty());
  EXPECT_EQ(normalise->alternatives.size(), 2U);
  EXPECT_EQ(normalise->alternatives[0].id, "normalize=minus-one-to-one");
  EXPECT_EQ(step_of(pipeline, "to-tensor")->alternatives.size(), 1U);
  EXPECT_TRUE(has_gap(pipeline, "was not understood")) << all_gaps(pipeline);
}

TEST_F(Rebuild, DoesNotTakeATransposedLoopForAPicture) {
  // getPixel(row, column): x and y are swapped.
  FlowAppText text = usual();
  text.fill = R"(
    const v6, 0x3000
    invoke-static {v6}, Ljava/nio/ByteBuffer;->allocateDirect(I)Ljava/nio/ByteBuffer;
    move-result-object v1
    const/16 v3, 0x20
    const/4 v7, 0x0
    :rows
    if-ge v7, v3, :out
    const/4 v8, 0x0
    :columns
    if-ge v8, v3, :row_done
    invoke-virtual {v0, v7, v8}, Landroid/graphics/Bitmap;->getPixel(II)I
    move-result v9
)";
  for (const char* shift : {"0x10", "0x8", "0x0"}) {
    text.fill +=
        std::string("    const/16 v11, ") + shift + "\n" + affine(kZero, k255) +
        "    invoke-virtual {v1, v10}, Ljava/nio/ByteBuffer;->putFloat(F)Ljava/nio/ByteBuffer;\n";
  }
  text.fill += R"(
    add-int/lit8 v8, v8, 0x1
    goto :columns
    :row_done
    add-int/lit8 v7, v7, 0x1
    goto :rows
    :out
)";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  EXPECT_EQ(step_of(pipeline, "to-tensor")->proof.kind, "assumed");
  EXPECT_TRUE(has_gap(pipeline, "another order")) << all_gaps(pipeline);

  // The same with x and y the right way round is read, through two loops.
  const std::string swapped = "{v0, v7, v8}";
  text.fill.replace(text.fill.find(swapped), swapped.size(), "{v0, v8, v7}");
  REBUILT_OR_SKIP(upright, text, inventory_of(32, 32, 1));
  EXPECT_EQ(step_of(upright, "to-tensor")->proof.kind, "static") << all_gaps(upright);
  EXPECT_EQ(step_of(upright, "normalize")->proof.kind, "static");
}

TEST_F(Rebuild, ReadsBytesForQuantisedModels) {
  FlowAppText text = usual();
  text.fill = R"(
    const v3, 0x400
    new-array v4, v3, [I
    move-object v5, v0
    move-object v6, v4
    const/4 v7, 0x0
    const/16 v8, 0x20
    const/4 v9, 0x0
    const/4 v10, 0x0
    const/16 v11, 0x20
    const/16 v12, 0x20
    invoke-virtual/range {v5 .. v12}, Landroid/graphics/Bitmap;->getPixels([IIIIIII)V
    const v6, 0xc00
    invoke-static {v6}, Ljava/nio/ByteBuffer;->allocateDirect(I)Ljava/nio/ByteBuffer;
    move-result-object v1
    const/4 v7, 0x0
    :pixels
    if-ge v7, v3, :out
    aget v9, v4, v7
    shr-int/lit8 v10, v9, 0x10
    and-int/lit16 v10, v10, 0xff
    int-to-byte v10, v10
    invoke-virtual {v1, v10}, Ljava/nio/ByteBuffer;->put(B)Ljava/nio/ByteBuffer;
    shr-int/lit8 v10, v9, 0x8
    and-int/lit16 v10, v10, 0xff
    int-to-byte v10, v10
    invoke-virtual {v1, v10}, Ljava/nio/ByteBuffer;->put(B)Ljava/nio/ByteBuffer;
    and-int/lit16 v10, v9, 0xff
    int-to-byte v10, v10
    invoke-virtual {v1, v10}, Ljava/nio/ByteBuffer;->put(B)Ljava/nio/ByteBuffer;
    add-int/lit8 v7, v7, 0x1
    goto :pixels
    :out
)";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1, "uint8"));
  EXPECT_EQ(step_of(pipeline, "to-tensor")->params, (Json{{"order", "RGB"}, {"dtype", "uint8"}}))
      << all_gaps(pipeline);
  EXPECT_EQ(step_of(pipeline, "to-tensor")->proof.kind, "static");
  EXPECT_EQ(step_of(pipeline, "normalize"), nullptr);
}

TEST_F(Rebuild, ReadsANestedArrayInput) {
  FlowAppText text = usual();
  text.fill = R"(
    const/4 v3, 0x1
    const/16 v4, 0x20
    const/4 v5, 0x3
    filled-new-array {v3, v4, v4, v5}, [I
    move-result-object v3
    sget-object v5, Ljava/lang/Float;->TYPE:Ljava/lang/Class;
    invoke-static {v5, v3}, Ljava/lang/reflect/Array;->newInstance(Ljava/lang/Class;[I)Ljava/lang/Object;
    move-result-object v1
    check-cast v1, [[[[F
    const/4 v7, 0x0
    :rows
    if-ge v7, v4, :out
    const/4 v8, 0x0
    :columns
    if-ge v8, v4, :row_done
    invoke-virtual {v0, v8, v7}, Landroid/graphics/Bitmap;->getPixel(II)I
    move-result v9
    const/4 v3, 0x0
    aget-object v5, v1, v3
    aget-object v5, v5, v7
    aget-object v5, v5, v8
)";
  int channel = 0;
  for (const char* shift : {"0x10", "0x8", "0x0"}) {
    text.fill += std::string("    const/16 v11, ") + shift + "\n" + affine(k127, k127) +
                 "    const/4 v6, " + std::to_string(channel++) + "\n    aput v10, v5, v6\n";
  }
  text.fill += R"(
    add-int/lit8 v8, v8, 0x1
    goto :columns
    :row_done
    add-int/lit8 v7, v7, 0x1
    goto :rows
    :out
)";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  EXPECT_EQ(step_of(pipeline, "to-tensor")->proof.kind, "static") << all_gaps(pipeline);
  ASSERT_NE(step_of(pipeline, "normalize"), nullptr);
  EXPECT_EQ(step_of(pipeline, "normalize")->params, (Json{{"mean", {127.5}}, {"std", {127.5}}}));
}

// 32 x 32 of a picture, from (left, top).
std::string crop_at(const std::string& place) {
  return "    const/4 v4, " + place + R"(
    const/16 v5, 0x20
    move-object v6, v0
    move v7, v4
    move v8, v4
    move v9, v5
    move v10, v5
    invoke-static/range {v6 .. v10}, Landroid/graphics/Bitmap;->createBitmap(Landroid/graphics/Bitmap;IIII)Landroid/graphics/Bitmap;
    move-result-object v0
)";
}

TEST_F(Rebuild, ReadsCropsAtAFixedPlaceAndInTheMiddle) {
  FlowAppText text = usual();
  text.picture = dl::testing::scaled(40, 40, true) + crop_at("0x3");
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  ASSERT_NE(step_of(pipeline, "crop"), nullptr) << all_gaps(pipeline);
  EXPECT_EQ(step_of(pipeline, "crop")->params,
            (Json{{"x", 3}, {"y", 3}, {"width", 32}, {"height", 32}}));
  EXPECT_EQ(step_of(pipeline, "to-tensor")->proof.kind, "static");

  text.picture = dl::testing::scaled(40, 40, true) + crop_at("0x4");
  REBUILT_OR_SKIP(middle, text, inventory_of(32, 32, 1));
  ASSERT_NE(step_of(middle, "center-crop"), nullptr) << all_gaps(middle);
  EXPECT_EQ(step_of(middle, "center-crop")->params, (Json{{"width", 32}, {"height", 32}}));
}

TEST_F(Rebuild, SaysSoWhereTheSizeDoesNotFitTheModel) {
  // The code fills 32 x 32, the model takes 48 x 48.
  REBUILT_OR_SKIP(pipeline, usual(), inventory_of(48, 48, 1));
  EXPECT_EQ(step_of(pipeline, "resize")->proof.kind, "assumed");
  EXPECT_EQ(step_of(pipeline, "resize")->params["width"], 48);
  EXPECT_TRUE(has_gap(pipeline, "was not understood")) << all_gaps(pipeline);
}

// The crop around a face: `factor` eye distances on each side.
std::string face_crop(const std::string& factor) {
  return R"(
    new-instance v3, Landroid/media/FaceDetector;
    invoke-virtual {v0}, Landroid/graphics/Bitmap;->getWidth()I
    move-result v4
    invoke-virtual {v0}, Landroid/graphics/Bitmap;->getHeight()I
    move-result v5
    const/4 v6, 0x1
    invoke-direct {v3, v4, v5, v6}, Landroid/media/FaceDetector;-><init>(III)V
    new-array v7, v6, [Landroid/media/FaceDetector$Face;
    invoke-virtual {v3, v0, v7}, Landroid/media/FaceDetector;->findFaces(Landroid/graphics/Bitmap;[Landroid/media/FaceDetector$Face;)I
    move-result v3
    if-eqz v3, :no_face
    const/4 v8, 0x0
    aget-object v7, v7, v8
    new-instance v9, Landroid/graphics/PointF;
    invoke-direct {v9}, Landroid/graphics/PointF;-><init>()V
    invoke-virtual {v7, v9}, Landroid/media/FaceDetector$Face;->getMidPoint(Landroid/graphics/PointF;)V
    invoke-virtual {v7}, Landroid/media/FaceDetector$Face;->eyesDistance()F
    move-result v10
    const v11, )" +
         factor + R"(
    mul-float/2addr v10, v11
    iget v11, v9, Landroid/graphics/PointF;->x:F
    sub-float/2addr v11, v10
    float-to-int v11, v11
    invoke-static {v8, v11}, Ljava/lang/Math;->max(II)I
    move-result v4
    iget v11, v9, Landroid/graphics/PointF;->y:F
    sub-float/2addr v11, v10
    float-to-int v11, v11
    invoke-static {v8, v11}, Ljava/lang/Math;->max(II)I
    move-result v5
    const/high16 v11, 0x40000000
    mul-float/2addr v10, v11
    float-to-int v6, v10
    move v7, v6
    move-object v3, v0
    invoke-static/range {v3 .. v7}, Landroid/graphics/Bitmap;->createBitmap(Landroid/graphics/Bitmap;IIII)Landroid/graphics/Bitmap;
    move-result-object v0
    :no_face
)";
}

TEST_F(Rebuild, ReadsTheBoxOfAFaceCrop) {
  FlowAppText text = usual();
  text.picture = face_crop("0x3fc00000") + dl::testing::scaled(32, 32, true);  // 1.5
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  const Step* crop = step_of(pipeline, "face-crop");
  ASSERT_NE(crop, nullptr) << all_gaps(pipeline);
  EXPECT_EQ(crop->proof.kind, "static");
  EXPECT_EQ(crop->params["finder"], "android.media.FaceDetector");
  EXPECT_EQ(crop->params["fallback"], "whole-image");
  EXPECT_EQ(crop->params["max_faces"], 1);
  const Json& box = crop->params["box"];
  EXPECT_EQ(box["form"], "eye-distance");
  EXPECT_EQ(box["left"], -1.5);
  EXPECT_EQ(box["top"], -1.5);
  EXPECT_EQ(box["right"], 1.5);
  EXPECT_EQ(box["bottom"], 1.5);
  const auto edge = std::find_if(pipeline.edges.begin(), pipeline.edges.end(),
                                 [&](const Edge& one) { return one.from == crop->id; });
  ASSERT_NE(edge, pipeline.edges.end());
  EXPECT_EQ(edge->each, "face");
}

TEST_F(Rebuild, ReadsScalesAndRoundedAnswers) {
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + R"(
    const/high16 v5, 0x42e80000
    mul-float/2addr v3, v5
    const/high16 v5, 0x40000000
    add-float/2addr v3, v5
    float-to-int v3, v3
    new-instance v4, Ljava/lang/StringBuilder;
    invoke-direct {v4}, Ljava/lang/StringBuilder;-><init>()V
    const-string v5, "Age : "
    invoke-virtual {v4, v5}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v4, v3}, Ljava/lang/StringBuilder;->append(I)Ljava/lang/StringBuilder;
    invoke-virtual {v4}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v4
)" + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].name, "age");
  EXPECT_EQ(pipeline.heads[0].kind, "scalar");
  EXPECT_EQ(step_of(pipeline, "scale")->params, (Json{{"factor", 116.0}, {"offset", 2.0}}));
  EXPECT_EQ(step_of(pipeline, "element")->params["index"], (Json{0, 0}));
  EXPECT_EQ(step_of(pipeline, "shown")->params["as"], "integer");
  EXPECT_EQ(step_of(pipeline, "truncate"), nullptr);
}

TEST_F(Rebuild, ReadsTheOrderOfComparedLabels) {
  for (const bool first_wins : {true, false}) {
    FlowAppText text = usual();
    text.outputs = 2;
    text.answer = dl::testing::output_element(0) + "    move v6, v3\n" +
                  dl::testing::output_element(1) + "    cmpl-float v5, v6, v3\n    " +
                  (first_wins ? "if-lez" : "if-gez") + " v5, :other\n" + R"(
    const-string v4, "Man"
    goto :said
    :other
    const-string v4, "Woman"
    :said
)" + dl::testing::show_text();
    REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 2));
    const Step* compare = step_of(pipeline, "compare");
    ASSERT_NE(compare, nullptr) << all_gaps(pipeline);
    if (first_wins) {
      // out[0] > out[1] ? Man : Woman
      EXPECT_EQ(
          compare->params,
          (Json{{"index_a", 0}, {"index_b", 1}, {"if_greater", "Man"}, {"otherwise", "Woman"}}));
      EXPECT_EQ(pipeline.heads[0].labels, (std::vector<std::string>{"Man", "Woman"}));
    } else {
      // out[0] < out[1] ? Man : Woman
      EXPECT_EQ(
          compare->params,
          (Json{{"index_a", 1}, {"index_b", 0}, {"if_greater", "Man"}, {"otherwise", "Woman"}}));
      EXPECT_EQ(pipeline.heads[0].labels, (std::vector<std::string>{"Woman", "Man"}));
    }
    EXPECT_EQ(pipeline.heads[0].name, "gender");
    EXPECT_EQ(pipeline.heads[0].labels_proof.kind, "static");
  }
}

TEST_F(Rebuild, ReadsAThreshold) {
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + R"(
    const v5, 0x3f19999a
    cmpl-float v5, v3, v5
    if-lez v5, :low
    const-string v4, "female"
    goto :said
    :low
    const-string v4, "male"
    :said
)" + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  const Step* threshold = step_of(pipeline, "threshold");
  ASSERT_NE(threshold, nullptr) << all_gaps(pipeline);
  EXPECT_NEAR(threshold->params["value"].get<double>(), 0.6, 1e-6);
  EXPECT_EQ(threshold->params["above"], "female");
  EXPECT_EQ(threshold->params["below"], "male");
  EXPECT_EQ(pipeline.heads[0].task, "gender");
}

TEST_F(Rebuild, PutsNumbersEqualToAThresholdWhereTheCodePutsThem) {
  // score < 0.5 ? "male" : "female": 0.5 itself is female, and `threshold` asks for "greater".
  FlowAppText text = usual();
  text.answer = dl::testing::output_element(0) + R"(
    const/high16 v5, 0x3f000000
    cmpg-float v5, v3, v5
    if-gez v5, :high
    const-string v4, "male"
    goto :said
    :high
    const-string v4, "female"
    :said
)" + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  const Step* threshold = step_of(pipeline, "threshold");
  ASSERT_NE(threshold, nullptr) << all_gaps(pipeline);
  const double value = threshold->params["value"].get<double>();
  EXPECT_LT(value, 0.5);
  EXPECT_EQ(std::nextafter(static_cast<float>(value), 1.0F), 0.5F);
  EXPECT_EQ(threshold->params["above"], "female");
  EXPECT_EQ(threshold->params["below"], "male");
}

TEST_F(Rebuild, ReadsTheHighestScoreWithLabelsFromCode) {
  for (const int count : {3, 40}) {  // run one by one, and summarised
    FlowAppText text = usual();
    text.outputs = count;
    text.answer = argmax_loop(count) + "    const/16 v9, " + std::to_string(count) +
                  "\n    new-array v9, v9, [Ljava/lang/String;\n";
    for (int i = 0; i < count; ++i) {
      text.answer += "    const/16 v10, " + std::to_string(i) + "\n    const-string v11, \"label " +
                     std::to_string(i) + "\"\n    aput-object v11, v9, v10\n";
    }
    text.answer += "    aget-object v4, v9, v6\n" + dl::testing::show_text();
    REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, count));
    const Step* argmax = step_of(pipeline, "argmax");
    ASSERT_NE(argmax, nullptr) << count << "\n" << all_gaps(pipeline);
    EXPECT_EQ(argmax->proof.kind, "static");
    ASSERT_EQ(pipeline.heads.size(), 1U);
    ASSERT_EQ(pipeline.heads[0].labels.size(), static_cast<std::size_t>(count));
    EXPECT_EQ(pipeline.heads[0].labels[2], "label 2");
    EXPECT_EQ(pipeline.heads[0].kind, "label");
  }
}

TEST_F(Rebuild, DoesNotTakeTheLowestScoreForTheHighest) {
  FlowAppText text = usual();
  text.outputs = 40;
  text.answer = argmax_loop(40);
  const std::string test = "if-lez v9";
  text.answer.replace(text.answer.find(test), test.size(), "if-gez v9");  // takes the smaller one
  text.answer += "    const/16 v9, 40\n    new-array v9, v9, [Ljava/lang/String;\n";
  for (int i = 0; i < 40; ++i) {
    text.answer += "    const/16 v10, " + std::to_string(i) + "\n    const-string v11, \"label " +
                   std::to_string(i) + "\"\n    aput-object v11, v9, v10\n";
  }
  text.answer += "    aget-object v4, v9, v6\n" + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 40));
  for (const Step& step : pipeline.steps) {
    if (step.op == "argmax") {
      EXPECT_NE(step.proof.kind, "static");
    }
  }
}

TEST_F(Rebuild, ReadsLabelsFromAnAsset) {
  assets_["names.txt"] = "happy\nsad\n\nneutral\n";
  FlowAppText text = usual();
  text.outputs = 3;
  text.classes = R"(
.class Lapp/Names;
.super Ljava/lang/Object;
.method static read(Landroid/content/Context;)Ljava/util/List;
    .locals 4
    new-instance v0, Ljava/util/ArrayList;
    invoke-direct {v0}, Ljava/util/ArrayList;-><init>()V
    new-instance v1, Ljava/io/BufferedReader;
    new-instance v2, Ljava/io/InputStreamReader;
    invoke-virtual {p0}, Landroid/content/Context;->getAssets()Landroid/content/res/AssetManager;
    move-result-object v3
    const-string p0, "names.txt"
    invoke-virtual {v3, p0}, Landroid/content/res/AssetManager;->open(Ljava/lang/String;)Ljava/io/InputStream;
    move-result-object v3
    invoke-direct {v2, v3}, Ljava/io/InputStreamReader;-><init>(Ljava/io/InputStream;)V
    invoke-direct {v1, v2}, Ljava/io/BufferedReader;-><init>(Ljava/io/Reader;)V
    :line
    invoke-virtual {v1}, Ljava/io/BufferedReader;->readLine()Ljava/lang/String;
    move-result-object v2
    if-eqz v2, :end
    invoke-interface {v0, v2}, Ljava/util/List;->add(Ljava/lang/Object;)Z
    goto :line
    :end
    return-object v0
.end method
)";
  text.answer = argmax_loop(3) + R"(
    invoke-static {v15}, Lapp/Names;->read(Landroid/content/Context;)Ljava/util/List;
    move-result-object v9
    invoke-interface {v9, v6}, Ljava/util/List;->get(I)Ljava/lang/Object;
    move-result-object v4
    check-cast v4, Ljava/lang/String;
)" + dl::testing::show_text();
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 3));
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].labels, (std::vector<std::string>{"happy", "sad", "neutral"}))
      << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].labels_proof.kind, "static");
  EXPECT_EQ(pipeline.heads[0].name, "emotion");
  const Step* argmax = step_of(pipeline, "argmax");
  EXPECT_TRUE(
      std::any_of(argmax->evidence.begin(), argmax->evidence.end(), [](const Evidence& one) {
        return one.kind == "asset" && one.entry == std::vector<std::string>{"assets/names.txt"};
      }));
}

TEST_F(Rebuild, NumbersLabelsWhoseCountDoesNotFit) {
  assets_["names.txt"] = "happy\nsad\n";
  FlowAppText text = usual();
  text.outputs = 2;
  text.answer = "";
  Inventory inventory = inventory_of(32, 32, 3);
  inventory.models[0].labels = {"a", "b"};
  REBUILT_OR_SKIP(pipeline, text, inventory);
  ASSERT_EQ(pipeline.heads.size(), 1U) << all_gaps(pipeline);
  EXPECT_EQ(pipeline.heads[0].labels, (std::vector<std::string>{"class-0", "class-1", "class-2"}));
  EXPECT_EQ(pipeline.heads[0].labels_proof.kind, "assumed");
}

TEST_F(Rebuild, DoesNotBindAModelThatIsNotThere) {
  FlowAppText text = usual();
  text.model = "absent.tflite";
  REBUILT_OR_SKIP(pipeline, text, inventory_of(32, 32, 1));
  EXPECT_TRUE(has_gap(pipeline, "'absent.tflite', which is not in the app")) << all_gaps(pipeline);
  const Step* model = step_of(pipeline, "tflite");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->proof.kind, "assumed");
}

TEST_F(Rebuild, TakesTheNormalisationThatTheModelDeclares) {
  Inventory inventory = inventory_of(32, 32, 1);
  inventory.models[0].metadata = {
      {"inputs", {{{"normalization", {{"mean", {127.5}}, {"std", {127.5}}}}}}}};
  inventory.models[0].location.entry = {"assets/other.tflite"};
  REBUILT_OR_SKIP(pipeline, usual(), inventory);
  bool found = false;
  for (const Step& step : pipeline.steps) {
    if (step.op != "normalize" || step.proof.kind != "declared") continue;
    found = true;
    EXPECT_EQ(step.proof.by, "model-metadata");
    EXPECT_EQ(step.params["mean"], (Json{127.5}));
    EXPECT_TRUE(step.alternatives.empty());
  }
  EXPECT_TRUE(found) << all_gaps(pipeline);
}

TEST_F(Rebuild, GivesNothingForAnAppWithoutModels) {
  REBUILT_OR_SKIP(pipeline, usual(), Inventory{});
  EXPECT_TRUE(pipeline.heads.empty());
  EXPECT_EQ(step_of(pipeline, "tflite"), nullptr);
  EXPECT_FALSE(pipeline.gaps.empty());
}

TEST_F(Rebuild, IsDeterministic) {
  REBUILT_OR_SKIP(first, usual(), inventory_of(32, 32, 1));
  const auto second = rebuild(first_app, inventory_of(32, 32, 1), {}, null_log());
  ASSERT_TRUE(second);
  EXPECT_EQ(dump_json(to_json(first)), dump_json(to_json(*second)));
}

}  // namespace
}  // namespace dl::rebuild
