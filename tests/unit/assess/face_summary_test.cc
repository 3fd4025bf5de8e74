// SPDX-License-Identifier: Apache-2.0
// The group table of 600 real faces under four models, against an independent computation.
#include <fmt/format.h>

#include <sstream>

#include "assess_fixture.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "support/shared_data.h"

namespace dl::assess {
namespace {

using testing::assess_or_fail;
using testing::find_estimate;

struct Faces {
  Assessment assessment;
  std::string summary;
};

const Faces* load_faces() {
  static const Faces* faces = []() -> const Faces* {
    const auto folder = dl::testing::shared_data("faces");
    if (!folder) return nullptr;
    auto samples = read_samples(*folder / "labels.csv");
    auto predictions = read_predictions(*folder / "expected_outputs.csv");
    auto summary = read_file(*folder / "expected_summary.txt");
    if (!samples || !predictions || !summary) return nullptr;
    AssessOptions options;
    options.by = {"race", "gender"};
    options.intersections = 2;
    options.bootstrap = 500;
    options.permutations = 999;
    return new Faces{assess_or_fail(*predictions, *samples, options), *summary};
  }();
  return faces;
}

#define FACES_OR_SKIP(faces)         \
  const Faces* faces = load_faces(); \
  if (faces == nullptr) GTEST_SKIP() << "shared data is absent here: faces/"

// "Black 76 10.537 12.223 0.711 0.711" as written there, from our numbers.
std::string our_line(const Assessment& assessment, const std::string& attribute,
                     const std::string& group) {
  std::string line;
  for (const char* head : {"model_age_q_years", "model_lite_age_nonq_years"}) {
    const Estimate* e = find_estimate(assessment, {head, "mae", "", attribute, group});
    if (e == nullptr || !e->value) return "absent";
    if (line.empty()) line = std::to_string(e->n);
    line += fmt::format(" {:.3f}", *e->value);
  }
  for (const char* head : {"model_gender_q_pmale", "model_lite_gender_nonq_pmale"}) {
    const Estimate* e = find_estimate(assessment, {head, "accuracy", "", attribute, group, "all"});
    if (e == nullptr || !e->value) return "absent";
    line += fmt::format(" {:.3f}", *e->value);
  }
  return line;
}

TEST(FaceSummary, EveryLineEqualsTheIndependentTable) {
  FACES_OR_SKIP(faces);
  std::istringstream lines(faces->summary);
  std::string line;
  std::getline(lines, line);  // says what the columns are
  std::size_t compared = 0;
  while (std::getline(lines, line)) {
    const std::size_t numbers = line.find_first_of("0123456789");
    ASSERT_NE(numbers, std::string::npos) << line;
    const std::string name(trim(line.substr(0, numbers)));
    const std::string attribute = name == "all"                        ? ""
                                  : name == "Male" || name == "Female" ? "gender"
                                                                       : "race";
    EXPECT_EQ(our_line(faces->assessment, attribute, name == "all" ? "" : name),
              line.substr(numbers))
        << name;
    ++compared;
  }
  EXPECT_EQ(compared, 10U);
}

TEST(FaceSummary, TheBracketTableOfTheSamplesStandsInTheArtifact) {
  FACES_OR_SKIP(faces);
  const TargetMatch& target = faces->assessment.targets.front();
  ASSERT_TRUE(target.age_truth);
  EXPECT_EQ(target.column, "age");
  EXPECT_EQ(target.how, "name");
  EXPECT_EQ(target.age_truth->convention, "midpoint");
  std::vector<double> midpoints;
  for (const auto& row : target.age_truth->rows) midpoints.push_back(row.midpoint);
  EXPECT_EQ(midpoints, (std::vector<double>{1, 6, 15, 25, 35, 45, 55, 65, 75}));
  EXPECT_EQ(target.age_truth->rows.back().bracket, "more than 70");
  EXPECT_FALSE(target.age_truth->rows.back().high);
}

TEST(FaceSummary, ThePositiveLabelComesFromTheNameOfTheHead) {
  FACES_OR_SKIP(faces);
  for (const TargetMatch& target : faces->assessment.targets) {
    if (target.column != "gender") continue;
    EXPECT_EQ(target.label_map.front().second, "Male");
    EXPECT_EQ(target.kind, "label");
  }
}

}  // namespace
}  // namespace dl::assess
