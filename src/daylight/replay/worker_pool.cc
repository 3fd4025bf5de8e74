// SPDX-License-Identifier: Apache-2.0
// One loop around poll(): jobs go out, answers come in, the dead are buried and replaced.
#include "daylight/replay/worker_pool.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kMaxFailedStarts = 3;
// After an interrupt a call to run() is finished if that takes no longer.
constexpr std::chrono::seconds kPatience{5};
constexpr int kLongestPauseMs = 200;    // until the next look for an interrupt
constexpr int kCrashesUntilBarred = 2;  // the first may be an aftermath of an earlier picture

struct Unmap {
  void operator()(WorkerProgress* progress) const { ::munmap(progress, sizeof *progress); }
};
using SharedProgress = std::unique_ptr<WorkerProgress, Unmap>;

Result<SharedProgress> share_progress() {
  void* memory = ::mmap(nullptr, sizeof(WorkerProgress), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return fail(ErrorCode::kIo, std::string("no memory to share: ") + std::strerror(errno));
  }
  return SharedProgress(new (memory) WorkerProgress());
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// What a worker ended with, as a remark in brackets.
std::string cause(const ChildEnd& end, bool late) {
  return late ? "took too long" : "crashed (" + end.how + ")";
}

}  // namespace

struct WorkerPool::Worker {
  SharedProgress progress;
  ChildProcess process;
  FrameBuffer inbox;
  bool greeted = false;
  std::optional<Task> task;
  Clock::time_point deadline;
};

WorkerPool::WorkerPool(ReplayWork work, int workers, const WorkerLimits& limits, LogSink& log)
    : work_(std::move(work)),
      workers_wanted_(static_cast<std::size_t>(workers)),
      limits_(limits),
      log_(log) {}

WorkerPool::~WorkerPool() = default;

Result<std::unique_ptr<WorkerPool>> WorkerPool::open(ReplayWork work, int workers,
                                                     const WorkerLimits& limits, LogSink& log) {
  std::unique_ptr<WorkerPool> pool(new WorkerPool(std::move(work), workers, limits, log));
  pool->facts_ = TRY(pool->greet_first_worker());
  return pool;
}

Result<std::unique_ptr<WorkerPool::Worker>> WorkerPool::start_worker() {
  auto progress = TRY(share_progress());
  WorkerProgress& shared = *progress;
  auto process = TRY(
      ChildProcess::start([this, &shared](int socket) { serve_replay(socket, work_, shared); }));
  return std::unique_ptr<Worker>(new Worker{
      std::move(progress), std::move(process), {}, false, {}, Clock::now() + limits_.start});
}

// --- the first worker

Result<ProgramFacts> WorkerPool::greet_first_worker() {
  while (true) {
    auto worker = TRY(start_worker());
    std::optional<std::string> greeting;
    bool gone = false;
    while (!gone && !greeting && Clock::now() < worker->deadline) {
      if (log_.cancelled()) return fail(ErrorCode::kCancelled, "replay was interrupted");
      pollfd waiting = {worker->process.socket(), POLLIN, 0};
      ::poll(&waiting, 1, kLongestPauseMs);
      gone = TRY(worker->inbox.fill(worker->process.socket())) == FrameBuffer::Peer::kGone;
      greeting = worker->inbox.take();
    }
    if (greeting) {
      auto facts = TRY(TRY(decode_greeting(*greeting)));
      worker->greeted = true;
      workers_.push_back(std::move(worker));
      return facts;
    }
    ChildEnd end = worker->process.reap();
    if (!gone) end.how = "no end within " + std::to_string(limits_.start.count()) + " ms";
    TRY_VOID(bar_model(*worker, end));
  }
}

// Puts the model that was being opened on the list of those that are left alone.
Result<void> WorkerPool::bar_model(Worker& worker, const ChildEnd& end) {
  const auto& name = worker.progress->model;
  const std::string sha256(name.begin(), std::find(name.begin(), name.end(), '\0'));
  if (!end.last_words.empty()) log_.message(LogLevel::kDebug, "replay worker: " + end.last_words);
  if (!is_digest(sha256) || work_.options.barred_models.contains(sha256)) {
    return fail(ErrorCode::kCorrupt,
                "a replay worker crashed while it was starting (" + end.how + ")");
  }
  const std::string why =
      "the model crashed the inference library when it was opened (" + end.how + ")";
  log_.message(LogLevel::kWarning, fmt::format("model {}: {}", sha256.substr(0, 12), why));
  work_.options.barred_models.emplace(sha256, why);
  return {};
}

// --- pictures

Result<std::vector<SampleAnswer>> WorkerPool::run(std::size_t begin, std::size_t end) {
  first_sample_ = begin;
  answers_.assign(end - begin, std::nullopt);
  crashed_pictures_.clear();
  for (std::size_t sample = begin; sample < end; ++sample) {
    waiting_.push_back({{sample, given_up_}, {}});
  }
  const auto unanswered = [this] {
    return static_cast<std::size_t>(std::count(answers_.begin(), answers_.end(), std::nullopt));
  };
  std::optional<Clock::time_point> patience;  // after an interrupt
  for (std::size_t left = unanswered(); left > 0; left = unanswered()) {
    if (!patience && log_.cancelled()) patience = Clock::now() + kPatience;
    if (patience && Clock::now() >= *patience) {
      return fail(ErrorCode::kCancelled, "replay was interrupted");
    }
    TRY_VOID(start_missing_workers(left));
    hand_out();
    TRY_VOID(wait_for_workers());
  }
  std::vector<SampleAnswer> answers;
  for (auto& answer : answers_) answers.push_back(std::move(*answer));
  give_up_on_crashing_steps(answers);
  return answers;
}

Result<void> WorkerPool::start_missing_workers(std::size_t pending) {
  while (workers_.size() < std::min(workers_wanted_, pending)) {
    workers_.push_back(TRY(start_worker()));
  }
  return {};
}

void WorkerPool::hand_out() {
  for (const auto& worker : workers_) {
    if (waiting_.empty()) return;
    if (!worker->greeted || worker->task) continue;
    worker->task = std::move(waiting_.front());
    waiting_.pop_front();
    worker->deadline = Clock::now() + limits_.picture;
    // A worker that does not take it is found dead when it is listened to.
    static_cast<void>(send_frame(worker->process.socket(), encode_job(worker->task->job)));
  }
}

// Sleeps until a worker has something to say or is late, then hears them all.
Result<void> WorkerPool::wait_for_workers() {
  std::vector<pollfd> sockets;
  auto next = Clock::time_point::max();
  for (const auto& worker : workers_) {
    sockets.push_back({worker->process.socket(), POLLIN, 0});
    if (worker->task || !worker->greeted) next = std::min(next, worker->deadline);
  }
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  ::poll(sockets.data(), sockets.size(),
         static_cast<int>(std::clamp<std::int64_t>(pause, 0, kLongestPauseMs)));
  for (std::size_t i = workers_.size(); i-- > 0;) {
    const bool alive = TRY(listen(*workers_[i]));
    const bool busy = workers_[i]->task || !workers_[i]->greeted;
    const bool late = alive && busy && Clock::now() >= workers_[i]->deadline;
    if (alive && !late) continue;
    const auto dead = std::move(workers_[i]);
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(i));
    TRY_VOID(bury(*dead, late));
  }
  return {};
}

Result<bool> WorkerPool::listen(Worker& worker) {
  const auto peer = worker.inbox.fill(worker.process.socket());
  while (const auto message = worker.inbox.take()) {
    if (!TRY(take_message(worker, *message))) return false;
  }
  return peer && *peer == FrameBuffer::Peer::kOpen;
}

// False: the worker talks nonsense.
Result<bool> WorkerPool::take_message(Worker& worker, const std::string& message) {
  if (!worker.greeted) {
    const auto facts = decode_greeting(message);
    worker.greeted = facts && *facts && (*facts)->outputs.size() == facts_.outputs.size();
    return worker.greeted;
  }
  if (!worker.task) return false;
  auto answer = decode_answer(message, facts_.outputs);
  if (!answer) return false;
  const std::size_t sample = worker.task->job.sample;
  answers_[sample - first_sample_] = TRY(std::move(*answer));
  worker.task.reset();
  return true;
}

// Finds out what brought the worker down; its picture waits for another worker.
Result<void> WorkerPool::bury(Worker& worker, bool late) {
  const std::uint32_t node = worker.progress->node;
  const ChildEnd end = worker.process.reap();
  if (!end.last_words.empty()) log_.message(LogLevel::kDebug, "replay worker: " + end.last_words);
  if (!worker.task || node >= facts_.node_names.size()) {
    // Not in a step: the worker is at fault, not the picture.
    if (++failed_starts_ > kMaxFailedStarts) {
      return fail(ErrorCode::kCorrupt, "replay workers end outside of any step (" + end.how + ")");
    }
  } else {
    blame(*worker.task, node, end, late);
  }
  if (worker.task) waiting_.push_front(std::move(*worker.task));
  return {};
}

void WorkerPool::blame(Task& task, std::size_t node, const ChildEnd& end, bool late) {
  const std::string step = "step " + facts_.node_names[node];
  // The first time of each step; the gaps have them all.
  const auto level = blamed_.insert(node).second ? LogLevel::kWarning : LogLevel::kDebug;
  log_.message(level, fmt::format("replay   {} {} on {}", step, cause(end, late),
                                  printable(work_.samples.rows[task.job.sample].file)));
  if (!late && ++task.crashes[node] < kCrashesUntilBarred) return;
  const auto status = late ? PredictionStatus::kTimeout : PredictionStatus::kCrash;
  task.job.barred.push_back({node, {status, step + " " + cause(end, late)}});
  if (!late) {
    ++crashed_pictures_[node];
  } else if (++timeouts_[node] == kMaxTimeouts) {
    const std::string why =
        fmt::format("{} took too long on {} pictures and was not run again", step, kMaxTimeouts);
    const BarredNode barred = {node, {status, why}};
    given_up_.push_back(barred);
    for (Task& other : waiting_) other.job.barred.push_back(barred);
  }
}

// Without this a model that crashes on every picture would cost two processes for each.
void WorkerPool::give_up_on_crashing_steps(const std::vector<SampleAnswer>& answers) {
  const auto reached = [](const SampleAnswer& answer) {
    return std::any_of(answer.rows.begin(), answer.rows.end(), [](const Prediction& row) {
      return row.status == PredictionStatus::kOk || row.status == PredictionStatus::kCrash;
    });
  };
  const auto pictures =
      static_cast<std::size_t>(std::count_if(answers.begin(), answers.end(), reached));
  for (const auto& [node, crashes] : crashed_pictures_) {
    if (crashes < kMinCrashesToGiveUp || crashes < pictures) continue;
    given_up_.push_back(
        {node,
         {PredictionStatus::kCrash,
          fmt::format("step {} crashed on every one of {} pictures and was not run again",
                      facts_.node_names[node], crashes)}});
  }
}

}  // namespace dl
