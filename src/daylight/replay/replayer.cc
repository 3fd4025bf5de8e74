// SPDX-License-Identifier: Apache-2.0
// Chunks of pictures over threads; each thread has its own interpreters.
#include "daylight/replay/replayer.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <mutex>

#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/replay/worker_count.h"

namespace dl {
namespace {

// The outcome of one picture.
struct SampleOutcome {
  std::vector<Prediction> rows;
  std::vector<Gap> gaps;
};

Result<ProgramOptions> program_options(const ReplayOptions& options) {
  ProgramOptions program;
  if (options.samples_are != "pictures" && options.samples_are != "face-crops") {
    return fail(ErrorCode::kInvalidArgument,
                "samples cannot be '" + printable(options.samples_are) + "'", "",
                "they are pictures or face-crops");
  }
  program.samples_are_face_crops = options.samples_are == "face-crops";
  program.resize_kernel = options.resize_kernel;
  program.compare_kernels = options.compare_kernels;
  program.all_alternatives = options.all_alternatives;
  program.runner.reference_kernels = options.reference_kernels;
  return program;
}

// One replay: the program, a state for each thread, and the pictures.
class Replay {
 public:
  Replay(const StepProgram& program, const Samples& samples, int threads)
      : program_(program),
        samples_(samples),
        allowed_(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)),
        arena_(threads) {}

  // The outcomes of samples [begin, end), in order. An Error only where a thread could not set
  // itself up.
  Result<std::vector<SampleOutcome>> run(std::size_t begin, std::size_t end) {
    std::vector<SampleOutcome> outcomes(end - begin);
    arena_.execute([&] {
      tbb::parallel_for(begin, end, [&](std::size_t i) { run_sample(i, outcomes[i - begin]); });
    });
    const std::lock_guard lock(error_mutex_);
    if (error_) return tl::unexpected(*error_);
    return outcomes;
  }

 private:
  void run_sample(std::size_t index, SampleOutcome& outcome) {
    ProgramState* state = state_of_this_thread();
    if (state == nullptr) return;
    const Sample& sample = samples_.rows[index];
    read_and_run(sample, *state);
    for (std::size_t i = 0; i < program_.outputs().size(); ++i) {
      Prediction row = program_.prediction(i, *state);
      row.file = sample.file;
      note_failure(program_.outputs()[i], row, *state, outcome.gaps);
      outcome.rows.push_back(std::move(row));
    }
  }

  void read_and_run(const Sample& sample, ProgramState& state) {
    const auto file = MappedFile::open(samples_.folder / sample.file);
    if (!file) {
      program_.fail_all(
          {PredictionStatus::kParseError, "the picture cannot be read: " + file.error().what},
          state);
      return;
    }
    // Labels belong to the picture that was labelled, and to no other.
    if (!sample.sha256.empty() && sha256_hex(file->bytes()) != sample.sha256) {
      program_.fail_all({PredictionStatus::kParseError,
                         "the picture is not the one whose SHA-256 the samples table has"},
                        state);
      return;
    }
    program_.run(sample.file, file->bytes(), state);
    state.worker.file = {};
  }

  static void note_failure(const ProgramOutput& output, const Prediction& row,
                           const ProgramState& state, std::vector<Gap>& gaps) {
    if (row.status == PredictionStatus::kOk) return;
    const auto& failure = state.failures[output.node];
    const std::string why = failure ? failure->why : "the answer is not one finite number";
    if (why.empty()) return;
    Gap gap = {row.file, why};
    if (std::find(gaps.begin(), gaps.end(), gap) == gaps.end()) gaps.push_back(std::move(gap));
  }

  ProgramState* state_of_this_thread() {
    auto& state = states_.local();
    if (state) return &*state;
    auto made = program_.make_state();
    if (!made) {
      const std::lock_guard lock(error_mutex_);
      error_ = made.error();
      return nullptr;
    }
    state = std::move(*made);
    return &*state;
  }

  const StepProgram& program_;
  const Samples& samples_;
  tbb::global_control allowed_;  // more threads than processors, where the user wants them
  tbb::task_arena arena_;
  tbb::enumerable_thread_specific<std::optional<ProgramState>> states_;
  std::mutex error_mutex_;
  std::optional<Error> error_;
};

// Moves a chunk's outcomes into one list of rows and one of gaps.
SampleOutcome joined(std::vector<SampleOutcome> outcomes) {
  SampleOutcome all;
  for (SampleOutcome& outcome : outcomes) {
    std::move(outcome.rows.begin(), outcome.rows.end(), std::back_inserter(all.rows));
    std::move(outcome.gaps.begin(), outcome.gaps.end(), std::back_inserter(all.gaps));
  }
  return all;
}

void count_rows(const SampleOutcome& chunk, ReplaySummary& summary) {
  summary.rows += chunk.rows.size();
  for (const Prediction& row : chunk.rows) ++summary.statuses[row.status];
  summary.gaps.insert(summary.gaps.end(), chunk.gaps.begin(), chunk.gaps.end());
}

ReplaySummary summary_of(const StepProgram& program) {
  ReplaySummary summary;
  summary.failed_heads = program.failed_heads();
  summary.substitutions = program.substitutions();
  summary.skipped_steps = program.skipped_steps();
  for (const FailedHead& failed : summary.failed_heads) {
    const std::string where =
        failed.alternative.empty() ? failed.head : failed.head + " (" + failed.alternative + ")";
    summary.gaps.push_back({where, "not replayed: " + describe(failed.error)});
  }
  return summary;
}

}  // namespace

Result<ReplaySummary> replay(const Pipeline& pipeline, const Samples& samples,
                             const BlobStore& models, const ReplayOptions& options,
                             const std::function<Result<void>(const ReplayChunk&)>& on_rows,
                             std::size_t first_sample, LogSink& log) {
  const StepProgram program =
      TRY(StepProgram::compile(pipeline, TRY(program_options(options)), models));
  ReplaySummary summary = summary_of(program);
  const int threads = worker_count(options.threads);
  const std::size_t chunk_size =
      std::max({options.chunk, static_cast<std::size_t>(threads), std::size_t{1}});
  const std::size_t total = samples.rows.size();
  Replay run(program, samples, threads);
  for (std::size_t begin = std::min(first_sample, total); begin < total;) {
    if (log.cancelled()) return fail(ErrorCode::kCancelled, "replay was interrupted");
    const std::size_t end = std::min(begin + chunk_size, total);
    const SampleOutcome chunk = joined(TRY(run.run(begin, end)));
    TRY_VOID(on_rows({chunk.rows, chunk.gaps, end}));
    count_rows(chunk, summary);
    summary.samples += end - begin;
    log.progress("pictures", end, total);
    begin = end;
  }
  return summary;
}

}  // namespace dl
