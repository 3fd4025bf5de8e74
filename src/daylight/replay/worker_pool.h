// SPDX-License-Identifier: Apache-2.0
// Supervises replay's workers: hands out pictures, and turns a worker's crash or hang into the
// outcome of the step that caused it.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "daylight/base/child_process.h"
#include "daylight/base/log.h"
#include "daylight/replay/replay_messages.h"
#include "daylight/replay/replay_worker.h"

namespace dl {

// A step that took too long on so many pictures is not run on the others.
inline constexpr std::size_t kMaxTimeouts = 3;
// A step that crashed on every picture of a call to run(), and on so many, is not run again.
inline constexpr std::size_t kMinCrashesToGiveUp = 16;

struct WorkerLimits {
  std::chrono::milliseconds start;    // to open all models
  std::chrono::milliseconds picture;  // for all steps
};

// Not thread safe. Workers live as long as the pool.
class WorkerPool {
 public:
  ~WorkerPool();

  // Starts the first worker and learns the program's facts from it. A model that brings a worker
  // down while it is opened is barred: its heads are among the failed heads. Fails where nothing
  // can be run. What `work` refers to must outlive the pool.
  static Result<std::unique_ptr<WorkerPool>> open(ReplayWork work, int workers,
                                                  const WorkerLimits& limits, LogSink& log);

  const ProgramFacts& facts() const { return facts_; }

  // The answers for samples [begin, end), in order; they do not depend on the number of workers.
  // A step that crashes twice on a picture, the second time in a fresh worker, has the status
  // `crash` there, one that does not end in time `timeout`; other steps of the picture are run. An
  // Error only where a worker could not be set up, and kCancelled where the samples were not done
  // within seconds of an interrupt.
  Result<std::vector<SampleAnswer>> run(std::size_t begin, std::size_t end);

 private:
  using Clock = std::chrono::steady_clock;

  // A picture on its way, with what its steps did to workers so far.
  struct Task {
    ReplayJob job;
    std::map<std::size_t, int> crashes;  // by step
  };

  struct Worker;

  WorkerPool(ReplayWork work, int workers, const WorkerLimits& limits, LogSink& log);

  Result<std::unique_ptr<Worker>> start_worker();
  Result<ProgramFacts> greet_first_worker();
  Result<void> bar_model(Worker& worker, const ChildEnd& end);

  Result<void> start_missing_workers(std::size_t pending);
  void hand_out();
  Result<void> wait_for_workers();
  Result<bool> listen(Worker& worker);  // false: it is gone
  Result<bool> take_message(Worker& worker, const std::string& message);
  Result<void> bury(Worker& worker, bool late);
  void blame(Task& task, std::size_t node, const ChildEnd& end, bool late);
  void give_up_on_crashing_steps(const std::vector<SampleAnswer>& answers);

  ReplayWork work_;
  std::size_t workers_wanted_;
  WorkerLimits limits_;
  LogSink& log_;
  ProgramFacts facts_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::deque<Task> waiting_;
  std::vector<std::optional<SampleAnswer>> answers_;  // of the call to run()
  std::size_t first_sample_ = 0;                      // of the call to run()
  std::size_t failed_starts_ = 0;
  std::map<std::size_t, std::size_t> timeouts_;          // by step
  std::map<std::size_t, std::size_t> crashed_pictures_;  // by step, in the call to run()
  std::vector<BarredNode> given_up_;
  std::set<std::size_t> blamed_;  // steps that brought a worker down
};

}  // namespace dl
