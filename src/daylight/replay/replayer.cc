// SPDX-License-Identifier: Apache-2.0
// Chunks of pictures over worker processes.
#include "daylight/replay/replayer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "daylight/base/text.h"
#include "daylight/replay/worker_count.h"
#include "daylight/replay/worker_pool.h"

namespace dl {
namespace {

constexpr double kMaxLimitSeconds = 86400.0;

Result<std::chrono::milliseconds> time_limit(double seconds) {
  if (!(seconds > 0.0 && seconds <= kMaxLimitSeconds)) {
    return fail(ErrorCode::kInvalidArgument, "a time limit that makes no sense", "",
                "limits are more than 0 and at most 86400 seconds");
  }
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

Result<WorkerLimits> limits_of(const ReplayOptions& options) {
  return WorkerLimits{TRY(time_limit(options.start_seconds)),
                      TRY(time_limit(options.picture_seconds))};
}

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

// The outcome of pictures, as it is delivered.
struct Outcome {
  std::vector<Prediction> rows;
  std::vector<Gap> gaps;
};

// Puts the pictures' names to the answers for samples from `begin` on.
Outcome outcome_of(std::vector<SampleAnswer> answers, const Samples& samples, std::size_t begin) {
  Outcome all;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string& file = samples.rows[begin + i].file;
    std::vector<Gap> gaps;
    for (std::size_t k = 0; k < answers[i].rows.size(); ++k) {
      answers[i].rows[k].file = file;
      all.rows.push_back(std::move(answers[i].rows[k]));
      Gap gap = {file, std::move(answers[i].why[k])};
      if (gap.why.empty() || std::find(gaps.begin(), gaps.end(), gap) != gaps.end()) continue;
      gaps.push_back(std::move(gap));
    }
    std::move(gaps.begin(), gaps.end(), std::back_inserter(all.gaps));
  }
  return all;
}

void count_rows(const Outcome& chunk, ReplaySummary& summary) {
  summary.rows += chunk.rows.size();
  for (const Prediction& row : chunk.rows) ++summary.statuses[row.status];
  summary.gaps.insert(summary.gaps.end(), chunk.gaps.begin(), chunk.gaps.end());
}

ReplaySummary summary_of(const ProgramFacts& program) {
  ReplaySummary summary;
  summary.failed_heads = program.failed_heads;
  summary.substitutions = program.substitutions;
  summary.skipped_steps = program.skipped_steps;
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
                             const ReplayStart& start, LogSink& log) {
  const ProgramOptions program = TRY(program_options(options));
  const int workers = worker_count(options.threads);
  const auto pool = TRY(WorkerPool::open({pipeline, samples, models, program}, workers,
                                         TRY(limits_of(options)), start.given_up, log));
  ReplaySummary summary = summary_of(pool->facts());
  const std::size_t chunk_size = std::max(options.chunk, std::size_t{1});
  const std::size_t total = samples.rows.size();
  for (std::size_t begin = std::min(start.sample, total); begin < total;) {
    if (log.cancelled()) return fail(ErrorCode::kCancelled, "replay was interrupted");
    const std::size_t end = std::min(begin + chunk_size, total);
    const Outcome chunk = outcome_of(TRY(pool->run(begin, end)), samples, begin);
    TRY_VOID(on_rows({chunk.rows, chunk.gaps, pool->given_up(), end}));
    count_rows(chunk, summary);
    summary.samples += end - begin;
    log.progress("pictures", end, total);
    begin = end;
  }
  return summary;
}

}  // namespace dl
