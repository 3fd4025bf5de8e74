// SPDX-License-Identifier: Apache-2.0
// Whole apps: two builds whose pipeline is known, the sample app with what was planted in it, and
// apps that others wrote.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "daylight/detect/detector.h"
#include "daylight/rebuild/rebuilder.h"
#include "support/shared_data.h"

namespace dl::rebuild {
namespace {

Result<Pipeline> rebuilt(const std::filesystem::path& path) {
  const auto app = TRY(program::AppPackage::open(path, null_log()));
  const Inventory inventory = TRY(detect(app, RuleSet::builtin(), {}, null_log()));
  return rebuild(app, inventory, {}, null_log());
}

const Head* head_of(const Pipeline& pipeline, const std::string& name) {
  for (const Head& head : pipeline.heads) {
    if (head.name == name) return &head;
  }
  return nullptr;
}

// "op {params}" of each step that must be proven, in order; "op ~{params}" for one that was not
// read from code.
std::vector<std::string> told(const Pipeline& pipeline, const std::string& head_name) {
  const Head* head = head_of(pipeline, head_name);
  if (head == nullptr) return {"no head " + head_name};
  const auto path = path_to(pipeline, head->sink);
  if (!path) return {describe(path.error())};
  std::vector<std::string> lines;
  for (const Step* step : *path) {
    Json params = step->params;
    params.erase("sha256");
    lines.push_back(step->op + (step->proof.kind == "static" ? " " : " ~") +
                    dump_json_line(params));
  }
  return lines;
}

void expect_face_gauge(const Pipeline& pipeline) {
  const std::vector<std::string> start = {
      R"x(user-image {"api":"android.content.Intent.getExtras(data)"})x",
      R"(decode-image ~{"decoder":"assumed"})", R"(pixel-format {"format":"RGB_565"})",
      R"(face-crop {"finder":"android.media.FaceDetector","box":{"form":"eye-distance","left":-2.0,"top":-2.0,"right":2.0,"bottom":2.0,"truncated":true,"clamped":true},"fallback":"whole-image","max_faces":1})",
      R"(pixel-format {"format":"ARGB_8888"})"};
  std::vector<std::string> age = start;
  for (const char* line :
       {R"(resize {"width":200,"height":200,"kernel":"android-bilinear"})",
        R"(to-tensor {"order":"RGB","dtype":"float32"})",
        R"(normalize {"mean":[0.0],"std":[255.0]})",
        R"(tflite {"model":"model-1","input":0,"outputs":1})", R"(output {"index":0})",
        R"(element {"index":[0,0]})", R"(scale {"factor":116.0,"offset":0.0})",
        R"(shown {"api":"android.widget.TextView.setText","as":"integer"})"}) {
    age.emplace_back(line);
  }
  EXPECT_EQ(told(pipeline, "age"), age);
  std::vector<std::string> gender = start;
  for (const char* line :
       {R"(resize {"width":128,"height":128,"kernel":"android-bilinear"})",
        R"(to-tensor {"order":"RGB","dtype":"float32"})",
        R"(normalize {"mean":[0.0],"std":[255.0]})",
        R"(tflite {"model":"model-2","input":0,"outputs":1})", R"(output {"index":0})",
        R"(compare {"index_a":0,"index_b":1,"if_greater":"Male","otherwise":"Female"})",
        R"(shown {"api":"android.widget.TextView.setText"})"}) {
    gender.emplace_back(line);
  }
  EXPECT_EQ(told(pipeline, "gender"), gender);
  const Head* head = head_of(pipeline, "gender");
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->labels, (std::vector<std::string>{"Male", "Female"}));
  EXPECT_EQ(head->labels_proof.kind, "static");
  EXPECT_EQ(pipeline.heads.size(), 2U);
  EXPECT_TRUE(pipeline.gaps.empty());
  // Both models see the same cropped picture: the steps up to it exist once.
  EXPECT_EQ(std::count_if(pipeline.steps.begin(), pipeline.steps.end(),
                          [](const Step& step) { return step.op == "face-crop"; }),
            1);
  for (const Step& step : pipeline.steps) {
    if (step.proof.kind == "static") {
      EXPECT_FALSE(step.evidence.empty()) << step.id;
    }
  }
}

TEST(RebuildApps, FaceGaugeAsItIsWritten) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-plain.apk");
  const auto pipeline = rebuilt(path);
  ASSERT_TRUE(pipeline) << describe(pipeline.error());
  expect_face_gauge(*pipeline);
}

TEST(RebuildApps, FaceGaugeRenamed) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/facegauge-obf.apk");
  const auto pipeline = rebuilt(path);
  ASSERT_TRUE(pipeline) << describe(pipeline.error());
  expect_face_gauge(*pipeline);
}

void expect_mirror(const std::string& name) {
  const auto path = testing::project_file("build/mirror/" + name);
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "the sample app is not built: run examples/mirror/build.sh";
  const auto pipeline = rebuilt(path);
  ASSERT_TRUE(pipeline) << describe(pipeline.error());
  const std::vector<std::string> start = {
      R"(user-image {"api":"android.content.ContentResolver.openInputStream"})",
      R"(decode-image {"decoder":"android"})", R"(center-crop {"square":true})"};
  const auto with = [&](std::initializer_list<const char*> rest) {
    std::vector<std::string> lines = start;
    for (const char* line : rest) lines.emplace_back(line);
    return lines;
  };
  EXPECT_EQ(told(*pipeline, "age"),
            with({R"(resize {"width":64,"height":64,"kernel":"android-bilinear"})",
                  R"(to-tensor {"order":"RGB","dtype":"float32"})",
                  R"(normalize {"mean":[127.5],"std":[127.5]})",
                  R"(tflite {"model":"model-1","input":0,"outputs":1})", R"(output {"index":0})",
                  R"(element {"index":[0,0]})", R"(scale {"factor":100.0,"offset":0.0})",
                  R"(shown {"api":"android.widget.TextView.setText","as":"integer",)"
                  R"("thresholds":[{"of":"scale","values":[13.0,18.0,65.0],"ties":"above",)"
                  R"("shown":["child","teenager","adult","senior"]}]})"}));
  EXPECT_EQ(told(*pipeline, "gender"),
            with({R"(resize {"width":48,"height":48,"kernel":"android-bilinear"})",
                  R"(to-tensor {"order":"RGB","dtype":"float32"})",
                  R"(normalize {"mean":[128.0],"std":[128.0]})",
                  R"(tflite {"model":"model-2","input":0,"outputs":1})", R"(output {"index":0})",
                  R"(argmax {"labels":["female","male"]})",
                  R"(shown {"api":"android.widget.TextView.setText",)"
                  R"("thresholds":[{"of":"argmax","values":[0.6],"ties":"above","shown":[)"
                  R"({"resource":"0x7f040007","name":"string/unsure",)"
                  R"x("text":"perhaps %1$s, about %2$d years (%3$s)"},)x"
                  R"({"resource":"0x7f040006","name":"string/sure",)"
                  R"x("text":"%1$s, about %2$d years (%3$s)"}]}]})x"}));
  EXPECT_TRUE(pipeline->gaps.empty());
}

TEST(RebuildApps, MirrorAsItIsWritten) { expect_mirror("mirror.apk"); }
TEST(RebuildApps, MirrorRenamed) { expect_mirror("mirror-obf.apk"); }

// Apps of others: what their code says is read, what is missing is named, nothing crashes.
TEST(RebuildApps, OthersArePartlyReadWithGaps) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/ra-tflite.apk");
  const auto pipeline = rebuilt(path);
  ASSERT_TRUE(pipeline) << describe(pipeline.error());
  // The model is absent; the loop around IMAGE_MEAN and IMAGE_STD is there.
  const auto normalise = std::find_if(pipeline->steps.begin(), pipeline->steps.end(),
                                      [](const Step& step) { return step.op == "normalize"; });
  ASSERT_NE(normalise, pipeline->steps.end());
  EXPECT_EQ(normalise->params, (Json{{"mean", {128.0}}, {"std", {128.0}}}));
  EXPECT_EQ(normalise->proof.kind, "static");
  EXPECT_TRUE(pipeline->heads.empty());
  EXPECT_TRUE(std::any_of(pipeline->gaps.begin(), pipeline->gaps.end(), [](const Gap& gap) {
    return gap.why.find("graph.lite") != std::string::npos;
  }));
}

TEST(RebuildApps, QuantisedDetectorGetsItsInputAndNoHead) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/ra-peekatbayntun.apk");
  const auto pipeline = rebuilt(path);
  ASSERT_TRUE(pipeline) << describe(pipeline.error());
  const auto pack = std::find_if(pipeline->steps.begin(), pipeline->steps.end(),
                                 [](const Step& step) { return step.op == "to-tensor"; });
  ASSERT_NE(pack, pipeline->steps.end());
  EXPECT_EQ(pack->params, (Json{{"order", "RGB"}, {"dtype", "uint8"}}));
  EXPECT_EQ(pack->proof.kind, "static");
  EXPECT_TRUE(pipeline->heads.empty());
  EXPECT_FALSE(pipeline->gaps.empty());
}

TEST(RebuildApps, SegmentationNormalisesToMinusOneToOne) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/ra-detect_person.apk");
  const auto pipeline = rebuilt(path);
  ASSERT_TRUE(pipeline) << describe(pipeline.error());
  const auto normalise = std::find_if(pipeline->steps.begin(), pipeline->steps.end(),
                                      [](const Step& step) { return step.op == "normalize"; });
  ASSERT_NE(normalise, pipeline->steps.end());
  EXPECT_EQ(normalise->params, (Json{{"mean", {127.5}}, {"std", {127.5}}}));
  EXPECT_EQ(normalise->proof.kind, "static");
}

TEST(RebuildApps, AppsWithoutModelsGiveNothing) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/blooddonation.apk");
  const auto pipeline = rebuilt(path);
  ASSERT_TRUE(pipeline) << describe(pipeline.error());
  EXPECT_TRUE(pipeline->steps.empty());
  EXPECT_TRUE(pipeline->heads.empty());
}

}  // namespace
}  // namespace dl::rebuild
