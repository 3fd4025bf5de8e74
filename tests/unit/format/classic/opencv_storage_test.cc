// SPDX-License-Identifier: Apache-2.0
// OpenCV's cascades and learners are known in XML and YAML; other storages and other XML are not.
#include "daylight/format/classic/opencv_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/probe/model_probe.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string kStage =
    "<_><maxWeakCount>1</maxWeakCount><stageThreshold>-1.5e+00</stageThreshold><weakClassifiers>\n"
    "<_><internalNodes>0 -1 0 3</internalNodes><leafValues>1. -1.</leafValues></_>"
    "</weakClassifiers></_>";

std::string cascade(const std::string& stages, const std::string& feature = "HAAR") {
  return "<?xml version=\"1.0\"?>\n<!-- <opencv_storage> in a comment -->\n<opencv_storage>\n"
         "<cascade type_id=\"opencv-cascade-classifier\"><stageType>BOOST</stageType>\n"
         "<featureType>" +
         feature +
         "</featureType><height>24</height><width>20</width>\n"
         "<stageNum>2</stageNum><stages>" +
         stages +
         "</stages>"
         "<features><_><rect>1 2 3 4</rect></_></features></cascade>\n</opencv_storage>\n";
}

ModelGraph describe_whole(const std::string& text) {
  const auto probe = probe_model(as_bytes(text));
  EXPECT_TRUE(probe);
  EXPECT_EQ(probe ? probe->format : "", "opencv_cascade");
  return probe ? describe_opencv_cascade(as_bytes(text), *probe) : ModelGraph{};
}

TEST(OpencvCascade, IsReadStageByStage) {
  const std::string text = cascade(kStage + kStage);
  const ModelGraph graph = describe_whole(text + "behind");
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 24, 20));
  ASSERT_EQ(graph.operators.size(), 2U);
  EXPECT_EQ(graph.operators[1].detail, "classifiers=1 features=HAAR");
  EXPECT_EQ(graph.parameters, 2U * 7 + 4);
  EXPECT_THAT(graph.gaps, IsEmpty());
  EXPECT_EQ(probe_opencv_cascade(as_bytes(text + "behind"))->size, text.size());
  const ModelGraph one = describe_whole(cascade(kStage));
  EXPECT_THAT(one.gaps.at(0).why, HasSubstr("states 2"));
  EXPECT_NE(one.graph_hash, graph.graph_hash);
  std::string trained = text;
  trained.replace(trained.find("-1.5e"), 5, "-1.7e");
  EXPECT_EQ(describe_whole(trained).graph_hash, graph.graph_hash);
  EXPECT_NE(describe_whole(trained).weights_hash, graph.weights_hash);
  EXPECT_NE(describe_whole(cascade(kStage + kStage, "LBP")).graph_hash, graph.graph_hash);
}

TEST(OpencvCascade, ReadsTheOlderFormAndYaml) {
  const ModelGraph old = describe_whole(
      "<opencv_storage>\n<eyes type_id=\"opencv-haar-classifier\"><size>24 20</size><stages><_>"
      "<trees><_><_><feature><rects><_>0 0 3 3 -1.</_></rects></feature><threshold>.1</threshold>"
      "<left_val>1.</left_val><right_val>-1.</right_val></_></_></trees>"
      "<stage_threshold>2.</stage_threshold></_></stages></eyes></opencv_storage>");
  EXPECT_THAT(old.inputs.at(0).shape, ElementsAre(1, 20, 24));
  EXPECT_THAT(old.metadata, Contains(Pair("form", "opencv-haar-classifier")));
  EXPECT_EQ(old.operators.size(), 1U);
  const ModelGraph yaml = describe_whole(
      "%YAML:1.0\ncascade: !!opencv-cascade-classifier\n   featureType: LBP\n   height: 30\n"
      "   width: 20\n   stages:\n      - stageThreshold: -1.\n        weakClassifiers:\n"
      "           - internalNodes: [ 0, -1, 0, 1. ]\n             leafValues: [ 1., 2. ]\n");
  EXPECT_THAT(yaml.inputs.at(0).shape, ElementsAre(1, 30, 20));
  EXPECT_EQ(yaml.parameters, 7U);
}

TEST(OpencvCascade, KeepsWhatIsCutOff) {
  const std::string text = cascade(kStage + kStage);
  const auto cut = probe_opencv_cascade(as_bytes(text).first(text.find("<features>")));
  ASSERT_TRUE(cut);
  EXPECT_THAT(cut->gaps.at(0).why, HasSubstr("no end"));
}

TEST(OpencvMl, SaysWhichLearner) {
  for (const auto& [text, learner] :
       {std::pair("<?xml version=\"1.0\"?>\n<opencv_storage>\n<opencv_ml_svm>\n<format>3</format>"
                  "</opencv_ml_svm></opencv_storage>\n",
                  "svm"),
        std::pair(
            "<opencv_storage><my_net type_id=\"opencv-ml-ann-mlp\"><layers>3</layers></my_net>"
            "</opencv_storage>",
            "ann_mlp"),
        std::pair("%YAML 1.2\n---\nopencv_ml_rtrees:\n   format: 3\n", "rtrees")}) {
    const auto found = probe_model(as_bytes(text));
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(found->format, "opencv_ml");
    EXPECT_THAT(found->facts, ElementsAre(Pair("class", learner)));
  }
}

TEST(OpencvStorage, OtherTextIsNoModel) {
  for (const char* text :
       {"", "<", "<opencv_storage>", "<opencv_storage></opencv_storage>",
        "<opencv_storage><camera_matrix type_id=\"opencv-matrix\"><rows>3</rows></camera_matrix>"
        "</opencv_storage>",
        "<html>cascade of opencv_ml_svm</html>", "%YAML:1.0\ncascade: 1\nfeatureType: HAAR\n",
        "%YAML 1.2\nopencv_ml_other:\n  format: 3\n", "cascade"}) {
    EXPECT_FALSE(probe_model(as_bytes(text))) << text;
  }
}

// Window, stages and features as the file's own elements say.
TEST(OpencvCascade, ReadsOpencvsOwn) {
  const auto file = MappedFile::open("/usr/share/opencv4/haarcascades/haarcascade_eye.xml");
  if (!file) GTEST_SKIP() << "OpenCV's cascades are absent here";
  const auto probe = probe_model(file->bytes());
  ASSERT_TRUE(probe);
  EXPECT_EQ(probe->size, file->bytes().size());
  const ModelGraph graph = describe_opencv_cascade(file->bytes(), *probe);
  EXPECT_THAT(graph.inputs.at(0).shape, ElementsAre(1, 20, 20));
  EXPECT_EQ(graph.operators.size(), 24U);
  EXPECT_THAT(graph.metadata, Contains(Pair("feature_type", "HAAR")));
}

}  // namespace
}  // namespace dl
