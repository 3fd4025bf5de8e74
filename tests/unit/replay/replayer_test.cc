// SPDX-License-Identifier: Apache-2.0
// What replay promises around the answers: order, resuming, interrupts, failures as rows,
// alternatives, bad pipelines.
#include "daylight/replay/replayer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "picture_writer.h"
#include "small_pipeline.h"
#include "support/shared_data.h"
#include "test_images.h"

namespace dl {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Stops after a number of chunks.
class StoppingLog : public LogSink {
 public:
  explicit StoppingLog(int chunks) : left_(chunks) {}
  void message(LogLevel, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override { --left_; }
  bool cancelled() const override { return left_ <= 0; }

 private:
  int left_;
};

class Replayer : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.emplace(folder_.path() / "blobs");
    pipeline_ = testing::small_pipeline(*store_);
    samples_.folder = folder_.path();
    for (int i = 0; i < 10; ++i) {
      Sample sample;
      sample.file = "picture" + std::to_string(i) + ".png";
      testing::write_png(folder_.path() / sample.file,
                         testing::noisy_image(60 + i, 70 - i, 3, static_cast<std::uint32_t>(i)));
      samples_.rows.push_back(sample);
    }
    options_.samples_are = "face-crops";
    options_.threads = 2;
    options_.chunk = 3;
  }

  Result<ReplaySummary> run(std::size_t first = 0, LogSink& log = null_log()) {
    rows_.clear();
    next_ = first;
    return replay(
        pipeline_, samples_, *store_, options_,
        [this](const ReplayChunk& chunk) -> Result<void> {
          rows_.insert(rows_.end(), chunk.rows.begin(), chunk.rows.end());
          next_ = chunk.next_sample;
          return {};
        },
        {first, {}}, log);
  }

  std::string text() const {
    std::string all;
    for (const Prediction& row : rows_) all += dump_prediction(row);
    return all;
  }

  Step& step(const std::string& id) {
    return *std::find_if(pipeline_.steps.begin(), pipeline_.steps.end(),
                         [&](const Step& s) { return s.id == id; });
  }

  testing::TemporaryFolder folder_;
  std::optional<BlobStore> store_;
  Pipeline pipeline_;
  Samples samples_;
  ReplayOptions options_;
  std::vector<Prediction> rows_;
  std::size_t next_ = 0;
};

TEST_F(Replayer, RowsComeInOrderWhateverTheThreadsAndChunks) {
  options_.threads = 1;
  options_.chunk = 100;
  const auto summary = run();
  ASSERT_TRUE(summary) << describe(summary.error());
  ASSERT_EQ(rows_.size(), 20U);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    EXPECT_EQ(rows_[i].file, samples_.rows[i / 2].file);
    EXPECT_EQ(rows_[i].head, i % 2 == 0 ? "age" : "gender");
    EXPECT_EQ(rows_[i].status, PredictionStatus::kOk);
    EXPECT_EQ(rows_[i].source, "replayed");
  }
  EXPECT_TRUE(rows_[0].value && !rows_[0].score && rows_[0].label.empty());
  EXPECT_TRUE(!rows_[1].value && rows_[1].score && !rows_[1].label.empty());
  const std::string alone = text();
  options_.threads = 4;
  options_.chunk = 1;
  ASSERT_TRUE(run());
  EXPECT_EQ(text(), alone);
}

TEST_F(Replayer, ResumesWhereItWasInterrupted) {
  ASSERT_TRUE(run());
  const std::string whole = text();
  StoppingLog log(2);
  const auto stopped = run(0, log);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(next_, 6U);
  const std::string first = text();
  const auto rest = run(next_);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->samples, 4U);
  EXPECT_EQ(first + text(), whole);
  ASSERT_TRUE(run(10));
  EXPECT_THAT(rows_, IsEmpty());
}

TEST_F(Replayer, TheCallersErrorEndsIt) {
  const auto stopped = replay(
      pipeline_, samples_, *store_, options_,
      [](const ReplayChunk&) -> Result<void> { return fail(ErrorCode::kIo, "disk full"); }, {},
      null_log());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().what, "disk full");
}

TEST_F(Replayer, PicturesThatCannotBeUsedAreRowsAndGaps) {
  std::ofstream(folder_.path() / "picture1.png") << "no picture";
  std::filesystem::remove(folder_.path() / "picture2.png");
  samples_.rows[3].sha256 = std::string(64, '0');
  samples_.rows[4].sha256 = sha256_of_file(folder_.path() / "picture4.png").value();
  const auto summary = run();
  ASSERT_TRUE(summary);
  ASSERT_EQ(rows_.size(), 20U);
  for (const std::size_t sample : {1U, 2U, 3U}) {
    for (const std::size_t row : {2 * sample, 2 * sample + 1}) {
      EXPECT_EQ(rows_[row].status, PredictionStatus::kParseError);
      EXPECT_TRUE(!rows_[row].value && !rows_[row].score && rows_[row].label.empty());
    }
  }
  EXPECT_EQ(rows_[8].status, PredictionStatus::kOk);
  EXPECT_EQ(summary->statuses.at(PredictionStatus::kParseError), 6U);
  ASSERT_EQ(summary->gaps.size(), 3U);
  EXPECT_EQ(summary->gaps[0].where, "picture1.png");
  EXPECT_THAT(summary->gaps[0].why, HasSubstr("not a JPEG, PNG or WebP"));
  EXPECT_THAT(summary->gaps[1].why, HasSubstr("cannot be read"));
  EXPECT_THAT(summary->gaps[2].why, HasSubstr("SHA-256"));
}

TEST_F(Replayer, ComparedKernelsAndAlternativesAreRowsOfTheirOwn) {
  options_.compare_kernels = {"nearest", "android-bilinear"};
  options_.all_alternatives = true;
  Alternative other;
  other.id = "age-normalize=zero-to-one";
  other.op = "normalize";
  other.params = *parse_json(R"({"mean": [0], "std": [255]})", "test");
  step("age-normalize").alternatives = {other};
  ASSERT_TRUE(run());
  ASSERT_EQ(rows_.size(), 10U * 7U);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 7; ++i) names.push_back(rows_[i].alternative + "/" + rows_[i].head);
  EXPECT_THAT(
      names, ElementsAre("/age", "/gender", "resize-kernel=nearest/age",
                         "resize-kernel=nearest/gender", "resize-kernel=android-bilinear/age",
                         "resize-kernel=android-bilinear/gender", "age-normalize=zero-to-one/age"));
  EXPECT_NE(rows_[0].value, rows_[2].value) << "the kernel changes the answer";
  EXPECT_EQ(rows_[0].value, rows_[4].value) << "the pipeline's own kernel";
  EXPECT_NE(rows_[0].value, rows_[6].value);
  const double compared = *rows_[2].value;
  options_ = {};
  options_.samples_are = "face-crops";
  options_.resize_kernel = "nearest";
  ASSERT_TRUE(run());
  EXPECT_EQ(rows_[0].value, compared);
}

TEST_F(Replayer, SharedStepsAreDoneOnce) {
  ProgramOptions options;
  options.samples_are_face_crops = true;
  const auto alone = StepProgram::compile(pipeline_, options, *store_);
  ASSERT_TRUE(alone);
  options.compare_kernels = {"android-bilinear"};
  const auto same = StepProgram::compile(pipeline_, options, *store_);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->node_count(), alone->node_count())
      << "the kernel is the pipeline's own: nothing is new";
  EXPECT_EQ(same->outputs().size(), 2 * alone->outputs().size());
  EXPECT_THAT(alone->skipped_steps(), ElementsAre("face"));
}

TEST_F(Replayer, AStandInForTheFaceFinderIsSaid) {
  options_.samples_are = "pictures";
  const auto summary = run();
  ASSERT_TRUE(summary) << describe(summary.error());
  ASSERT_EQ(summary->substitutions.size(), 1U);
  EXPECT_EQ(summary->substitutions[0].step, "face");
  EXPECT_EQ(summary->substitutions[0].proof, "assumed");
  EXPECT_THAT(summary->substitutions[0].by, HasSubstr("haarcascade"));
  // Noise shows no face; that is an outcome, not a gap.
  EXPECT_EQ(summary->statuses.at(PredictionStatus::kNoFace), 20U);
  EXPECT_THAT(summary->gaps, IsEmpty());
}

// --- pipelines that cannot be run

TEST_F(Replayer, AnUnknownOpFailsItsHeadAndNoOther) {
  step("age-normalize").op = "sharpen";
  const auto summary = run();
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->failed_heads.size(), 1U);
  EXPECT_EQ(summary->failed_heads[0].head, "age");
  EXPECT_THAT(describe(summary->failed_heads[0].error), HasSubstr("'sharpen'"));
  EXPECT_EQ(rows_.size(), 10U);
  EXPECT_THAT(summary->gaps, Contains(::testing::Field(&Gap::where, "age")));
  step("gender-tensor").op = "sharpen";
  const auto none = run();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(none.error().where, HasSubstr("age-normalize"));
}

// Changes one step of the age head, and gives what is said about it.
struct BadStep {
  const char* step;
  const char* op;
  const char* params;
  const char* says;
};
void PrintTo(const BadStep& bad, std::ostream* out) { *out << bad.op << " " << bad.params; }

class BadSteps : public Replayer, public ::testing::WithParamInterface<BadStep> {};

TEST_P(BadSteps, AreRefusedWithTheirName) {
  Step& changed = step(GetParam().step);
  changed.op = GetParam().op;
  changed.params = *parse_json(GetParam().params, "test");
  const auto summary = run();
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->failed_heads.size(), 1U);
  const std::string said = describe(summary->failed_heads[0].error);
  EXPECT_THAT(said, HasSubstr(GetParam().says));
  EXPECT_THAT(said, HasSubstr("step 'age-"));
}

INSTANTIATE_TEST_SUITE_P(
    Vocabulary, BadSteps,
    ::testing::Values(
        BadStep{"age-resize", "resize", R"({"width": 64, "height": 64})", "'kernel' is missing"},
        BadStep{"age-resize", "resize", R"({"width": 0, "height": 64, "kernel": "area"})",
                "'width' is not"},
        BadStep{"age-resize", "resize", R"({"width": 64, "height": 64, "kernel": "lanczos"})",
                "pil-bicubic"},
        BadStep{"age-resize", "resize", R"({"width": 65, "height": 64, "kernel": "area"})",
                "1x64x65x3"},
        BadStep{"age-resize", "resize", "[1, 2]", "'width' is missing"},
        BadStep{"age-resize", "flip", R"({"axis": "diagonal"})", "diagonal"},
        BadStep{"age-tensor", "to-tensor", R"({"order": "HSV"})", "HSV"},
        BadStep{"age-tensor", "to-tensor", R"({"dtype": "int64"})", "int64"},
        BadStep{"age-normalize", "normalize", R"({"mean": [0], "std": [0]})", "is 0"},
        BadStep{"age-normalize", "normalize", R"({"mean": [1, 2], "std": [1]})", "3 channels"},
        BadStep{"age-normalize", "cast", R"({"dtype": "uint8"})", "the step before gives uint8"},
        BadStep{"age-normalize", "scale", R"({"factor": "two"})", "'factor' is not a number"},
        BadStep{"age-model", "tflite", R"({"sha256": "00"})", "cannot be read"},
        BadStep{"age-model", "tflite", "{}", "'sha256' is missing"},
        BadStep{"age-element", "element", R"({"index": [-1]})", "outside"},
        BadStep{"age-element", "output", R"({"index": 7})", "no output 7"},
        BadStep{"age-element", "argmax", R"({"labels": ["a", "b", "c"]})", "3 labels for 1"}));

TEST_F(Replayer, AnswersOfTheWrongKindAreRefused) {
  step("gender-best").op = "softmax";
  auto summary = run();
  ASSERT_TRUE(summary);
  ASSERT_EQ(summary->failed_heads.size(), 1U);
  EXPECT_THAT(summary->failed_heads[0].error.what, HasSubstr("not in a label"));
  pipeline_.heads[0].kind = "embedding";
  EXPECT_FALSE(run());
}

TEST_F(Replayer, OptionsThatMakeNoSense) {
  options_.resize_kernel = "magic";
  EXPECT_EQ(run().error().code, ErrorCode::kInvalidArgument);
  options_.resize_kernel = "";
  options_.compare_kernels = {"magic"};
  EXPECT_EQ(run().error().code, ErrorCode::kInvalidArgument);
  options_.compare_kernels = {};
  options_.samples_are = "paintings";
  EXPECT_THAT(run().error().hint, HasSubstr("face-crops"));
  options_.samples_are = "face-crops";
  pipeline_.heads.clear();
  EXPECT_THAT(run().error().what, HasSubstr("no heads"));
}

TEST_F(Replayer, ADamagedModelIsAnErrorAndNoCrash) {
  const std::string model =
      read_file(testing::project_file("examples/mirror/models/age.tflite")).value();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{64}, model.size() / 2, model.size() - 1}) {
    const auto digest = store_->put(as_bytes(std::string_view(model).substr(0, size)));
    ASSERT_TRUE(digest);
    step("age-model").params["sha256"] = *digest;
    const auto summary = run();
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->failed_heads.size(), 1U) << size;
  }
}

TEST_F(Replayer, ReferenceKernelsAgreeWithXnnpack) {
  ASSERT_TRUE(run());
  const auto fast = rows_;
  options_.reference_kernels = true;
  ASSERT_TRUE(run());
  for (std::size_t i = 0; i < fast.size(); i += 2) {
    EXPECT_NEAR(*rows_[i].value, *fast[i].value, 0.01);
    EXPECT_NEAR(*rows_[i + 1].score, *fast[i + 1].score, 1e-4);
  }
  EXPECT_EQ(replay_runtime_facts(pipeline_, options_)["xnnpack"], false);
}

TEST(RuntimeFacts, NameTheLibraries) {
  const Json facts = replay_runtime_facts({}, {});
  for (const char* name :
       {"tensorflow_lite", "libjpeg_turbo", "libpng", "libwebp", "opencv", "machine"}) {
    EXPECT_FALSE(facts[name].get<std::string>().empty()) << name;
  }
  EXPECT_EQ(facts["xnnpack"], true);
  EXPECT_EQ(facts, replay_runtime_facts({}, {}));
}

}  // namespace
}  // namespace dl
