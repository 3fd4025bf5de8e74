// SPDX-License-Identifier: Apache-2.0
// Greeting, then one picture for each job.
#include "daylight/replay/replay_worker.h"

#include <algorithm>

#include "daylight/base/child_process.h"
#include "daylight/base/digest.h"
#include "daylight/replay/replay_messages.h"

namespace dl {
namespace {

void note_model(WorkerProgress& progress, std::string_view sha256) {
  progress.model.fill('\0');
  std::copy_n(sha256.begin(), std::min(sha256.size(), progress.model.size()),
              progress.model.begin());
}

// What a row's failure is worth telling, "" where its status says it all.
std::string reason(const ProgramOutput& output, const Prediction& row, const ProgramState& state) {
  if (row.status == PredictionStatus::kOk) return "";
  const auto& failure = state.failures[output.node];
  return failure ? failure->why : "the answer is not one finite number";
}

class ReplayWorker {
 public:
  ReplayWorker(const StepProgram& program, const Samples& samples, WorkerProgress& progress)
      : program_(program), samples_(samples), progress_(progress) {}

  // Opens the models and the face finder.
  Result<void> set_up() {
    state_ = TRY(program_.make_state());
    state_->running = &progress_.node;
    return {};
  }

  // After set_up().
  Result<SampleAnswer> answer(const ReplayJob& job) {
    if (job.sample >= samples_.rows.size()) {
      return fail(ErrorCode::kInvalidArgument, "there is no such sample");
    }
    state_->barred.assign(program_.node_count(), std::nullopt);
    for (const BarredNode& one : job.barred) {
      if (one.node < state_->barred.size()) state_->barred[one.node] = one.failure;
    }
    read_and_run(samples_.rows[job.sample]);
    SampleAnswer answer;
    for (std::size_t i = 0; i < program_.outputs().size(); ++i) {
      answer.rows.push_back(program_.prediction(i, *state_));
      answer.why.push_back(reason(program_.outputs()[i], answer.rows.back(), *state_));
    }
    return answer;
  }

 private:
  void read_and_run(const Sample& sample) {
    const auto file = MappedFile::open(samples_.folder / sample.file);
    if (!file) {
      program_.fail_all(
          {PredictionStatus::kParseError, "the picture cannot be read: " + file.error().what},
          *state_);
      return;
    }
    // Labels belong to the picture that was labelled, and to no other.
    if (!sample.sha256.empty() && sha256_hex(file->bytes()) != sample.sha256) {
      program_.fail_all({PredictionStatus::kParseError,
                         "the picture is not the one whose SHA-256 the samples table has"},
                        *state_);
      return;
    }
    program_.run(sample.file, file->bytes(), *state_);
    state_->worker.file = {};
  }

  const StepProgram& program_;
  const Samples& samples_;
  WorkerProgress& progress_;
  std::optional<ProgramState> state_;
};

}  // namespace

void serve_replay(int socket, ReplayWork work, WorkerProgress& progress) {
  work.options.opening_model = [&progress](std::string_view sha256) {
    note_model(progress, sha256);
  };
  const auto program = StepProgram::compile(work.pipeline, work.options, work.models);
  if (!program) {
    static_cast<void>(send_frame(socket, encode_greeting(tl::unexpected(program.error()))));
    return;
  }
  ReplayWorker worker(*program, work.samples, progress);
  const auto ready = worker.set_up();
  const Result<ProgramFacts> facts =
      ready ? facts_of(*program) : Result<ProgramFacts>(tl::unexpected(ready.error()));
  if (!send_frame(socket, encode_greeting(facts)) || !ready) return;
  while (true) {
    const auto message = receive_frame(socket);
    if (!message) return;
    const auto job = decode_job(*message);
    const Result<SampleAnswer> answer =
        job ? worker.answer(*job) : Result<SampleAnswer>(tl::unexpected(job.error()));
    if (!send_frame(socket, encode_answer(answer))) return;
  }
}

}  // namespace dl
