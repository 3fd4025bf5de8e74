// SPDX-License-Identifier: Apache-2.0
// Pipeline + pictures -> predictions: runs what rebuild found, on every picture, on every core.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/predictions.h"
#include "daylight/artifact/samples.h"
#include "daylight/base/blob_store.h"
#include "daylight/base/log.h"
#include "daylight/replay/step_health.h"
#include "daylight/replay/step_program.h"

namespace dl {

struct ReplayOptions {
  // "pictures": as a user would hand them in. "face-crops": every step up to and including a head's
  // face crop is left out, decoding aside.
  std::string samples_are = "pictures";
  std::string resize_kernel =
      {};  // instead of the kernel of every resize step; "": the pipeline's own
  std::vector<std::string> compare_kernels = {};  // one alternative "resize-kernel=<name>" for each
  bool all_alternatives = false;   // one alternative for each that the pipeline's steps list
  int threads = 0;                 // worker processes of one thread; 0: one for each processor
  double picture_seconds = 120.0;  // a step that has not ended by then has the status timeout
  double start_seconds = 60.0;     // a model that is not open by then is a failed head's
  bool reference_kernels = false;  // see RunnerOptions
  std::size_t chunk = 64;          // pictures between two deliveries; not more workers are busy
};

// What was finished: rows in the order (picture, alternative, head), the same for any number of
// threads.
struct ReplayChunk {
  std::span<const Prediction> rows;
  std::span<const Gap> gaps;              // of these pictures: which could not be used, and why
  std::span<const GivenUpStep> given_up;  // so far; to be handed in when the work goes on later
  std::size_t next_sample = 0;            // where to resume once these rows are stored
};

// Where an earlier call stopped.
struct ReplayStart {
  std::size_t sample = 0;  // the first that has no rows yet: a multiple of the chunk
  std::vector<GivenUpStep> given_up = {};
};

struct ReplaySummary {
  std::size_t samples = 0;  // replayed in this call
  std::size_t rows = 0;
  std::map<PredictionStatus, std::size_t> statuses;
  std::vector<Gap> gaps;  // of pictures in this call, and of heads that cannot be run
  std::vector<FailedHead> failed_heads;     // have no rows at all
  std::vector<Substitution> substitutions;  // for provenance: the same in every call
  std::vector<std::string> skipped_steps;   // for provenance: the same in every call
};

// Replays samples [start.sample, end). Every head that can be run has one row for each picture,
// also where the picture is missing, cannot be decoded or is not the one that samples.csv has the
// digest of (parse-error, with a gap), has not exactly one face (no-face, multi-face), or brings
// the libraries that decode it or run the model down (crash) or to no end (timeout): they run in
// child processes, see worker_pool.h. A head whose model crashes when it is opened is a failed
// head. An alternative has rows for the heads on whose path it lies. `on_rows` is called on the
// calling thread; its Error ends the replay and is returned. kCancelled after `log` says so: a
// chunk that was started is delivered first, unless that takes more than a few seconds.
Result<ReplaySummary> replay(const Pipeline& pipeline, const Samples& samples,
                             const BlobStore& models, const ReplayOptions& options,
                             const std::function<Result<void>(const ReplayChunk&)>& on_rows,
                             const ReplayStart& start, LogSink& log);

// What ran the numbers, for provenance: versions of the libraries, whether XNNPACK ran, the
// processor's features that change floating-point results, the stand-in for the app's face finder
// where the pipeline has a face crop that is run. The same on every call in a process.
Json replay_runtime_facts(const Pipeline& pipeline, const ReplayOptions& options);

}  // namespace dl
