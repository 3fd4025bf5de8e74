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
#include <string>
#include <vector>

#include "daylight/base/child_process.h"
#include "daylight/base/log.h"
#include "daylight/replay/replay_messages.h"
#include "daylight/replay/replay_worker.h"
#include "daylight/replay/step_health.h"

namespace dl {

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
  // `earlier`: steps that an interrupted call with the same work has given up.
  static Result<std::unique_ptr<WorkerPool>> open(ReplayWork work, int workers,
                                                  const WorkerLimits& limits,
                                                  const std::vector<GivenUpStep>& earlier,
                                                  LogSink& log);

  const ProgramFacts& facts() const { return facts_; }
  const std::vector<GivenUpStep>& given_up() const { return health_->given_up(); }

  // The answers for samples [begin, end), in order; they do not depend on the number of workers.
  // A step that crashes twice on a picture, the second time in a fresh worker, has the status
  // `crash` there, one that does not end in time `timeout`; other steps of the picture are run.
  // Where workers end outside of any step, all answers of the picture are crashes. An Error only
  // where no worker can be set up, and kCancelled where the samples were not done within seconds of
  // an interrupt.
  Result<std::vector<SampleAnswer>> run(std::size_t begin, std::size_t end);

 private:
  using Clock = std::chrono::steady_clock;

  // A picture on its way, with what its steps did to workers so far.
  struct Task {
    ReplayJob job;
    std::map<std::size_t, int> crashes = {};  // by step
    int ends_elsewhere = 0;                   // of workers, outside of any step
  };

  struct Worker;

  WorkerPool(ReplayWork work, int workers, const WorkerLimits& limits, LogSink& log);

  Result<std::unique_ptr<Worker>> start_worker();
  Result<ProgramFacts> greet_first_worker();
  Result<void> note_failed_opening(Worker& worker, const ChildEnd& end, bool late);

  Result<void> start_missing_workers(std::size_t pending);
  Result<void> start_one_more();
  Result<void> make_do(const Error& why);
  Result<void> note_failed_start(const std::string& how);
  void hand_out();
  void give(Worker& worker, std::deque<Task>& from);
  Result<void> wait_for_workers();
  bool listen(Worker& worker);  // false: it is gone, or cannot be believed
  bool take_message(Worker& worker, const std::string& message);
  void keep_answer(std::size_t sample, SampleAnswer answer);
  Result<void> bury(Worker& worker, bool late);
  void blame(Task& task, std::size_t node, const std::string& how, bool late);
  void write_off(const Task& task, const std::string& how);

  ReplayWork work_;
  std::size_t workers_wanted_;
  WorkerLimits limits_;
  LogSink& log_;
  ProgramFacts facts_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::deque<Task> waiting_;
  std::deque<Task> retries_;                          // only for workers that have done nothing yet
  std::vector<std::optional<SampleAnswer>> answers_;  // of the call to run()
  std::size_t first_sample_ = 0;                      // of the call to run()
  std::size_t failed_starts_ = 0;                     // in a row
  std::map<std::string, int> failed_openings_;        // by model
  std::optional<StepHealth> health_;
  std::set<std::size_t> blamed_;  // steps that brought a worker down
};

}  // namespace dl
