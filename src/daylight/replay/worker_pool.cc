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
  bool used = false;  // has worked on a picture
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
                                                     const WorkerLimits& limits,
                                                     const std::vector<GivenUpStep>& earlier,
                                                     LogSink& log) {
  std::unique_ptr<WorkerPool> pool(new WorkerPool(std::move(work), workers, limits, log));
  pool->facts_ = TRY(pool->greet_first_worker());
  pool->health_.emplace(pool->facts_, earlier);
  return pool;
}

Result<std::unique_ptr<WorkerPool::Worker>> WorkerPool::start_worker() {
  auto progress = TRY(share_progress());
  WorkerProgress& shared = *progress;
  auto process = TRY(
      ChildProcess::start([this, &shared](int socket) { serve_replay(socket, work_, shared); }));
  return std::unique_ptr<Worker>(new Worker{
      std::move(progress), std::move(process), {}, false, false, {}, Clock::now() + limits_.start});
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
    const ChildEnd end = worker->process.reap();
    TRY_VOID(note_failed_opening(*worker, end, !gone));
  }
}

// The model that was being opened is left alone from the second time on (the first may be the
// machine's fault), or when it came to no end.
Result<void> WorkerPool::note_failed_opening(Worker& worker, const ChildEnd& end, bool late) {
  const auto& name = worker.progress->model;
  const std::string sha256(name.begin(), std::find(name.begin(), name.end(), '\0'));
  if (!end.last_words.empty()) log_.message(LogLevel::kDebug, "replay worker: " + end.last_words);
  if (!is_digest(sha256)) {
    if (++failed_starts_ < kMaxFailedStarts) return {};
    return fail(ErrorCode::kCorrupt, "replay workers " + cause(end, late) + " while starting");
  }
  if (!late && ++failed_openings_[sha256] < kCrashesUntilBarred) return {};
  const std::string why = "the inference library " + cause(end, late) + " when it opened the model";
  if (!work_.options.barred_models.emplace(sha256, why).second) {
    return fail(ErrorCode::kCorrupt, "replay workers " + cause(end, late) + " while starting");
  }
  log_.message(LogLevel::kWarning, fmt::format("model {}: {}", sha256.substr(0, 12), why));
  return {};
}

// --- pictures

Result<std::vector<SampleAnswer>> WorkerPool::run(std::size_t begin, std::size_t end) {
  first_sample_ = begin;
  answers_.assign(end - begin, std::nullopt);
  for (std::size_t sample = begin; sample < end; ++sample) waiting_.push_back({{sample}});
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
  health_->end_chunk();
  std::vector<SampleAnswer> answers;
  for (auto& answer : answers_) answers.push_back(std::move(*answer));
  return answers;
}

Result<void> WorkerPool::start_missing_workers(std::size_t pending) {
  while (workers_.size() < std::min(workers_wanted_, pending)) TRY_VOID(start_one_more());
  if (retries_.empty()) return {};
  const auto fresh = [](const auto& worker) { return !worker->used; };
  auto missing = retries_.size();
  missing -= std::min(
      missing, static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(), fresh)));
  for (; missing > 0; --missing) {
    // A used worker that has nothing to do makes room.
    const auto idle = std::find_if(workers_.begin(), workers_.end(), [](const auto& worker) {
      return worker->used && !worker->task;
    });
    if (workers_.size() >= workers_wanted_ && idle == workers_.end()) return {};
    if (workers_.size() >= workers_wanted_) workers_.erase(idle);
    TRY_VOID(start_one_more());
  }
  return {};
}

Result<void> WorkerPool::start_one_more() {
  auto worker = start_worker();
  if (!worker) return make_do(worker.error());
  workers_.push_back(std::move(*worker));
  return {};
}

// Where the machine has no room for another worker, those that live do the work.
Result<void> WorkerPool::make_do(const Error& why) {
  if (workers_.empty()) return tl::unexpected(why);
  log_.message(LogLevel::kWarning, fmt::format("replay   goes on with {} of {} workers: {}",
                                               workers_.size(), workers_wanted_, describe(why)));
  workers_wanted_ = workers_.size();
  for (; !retries_.empty(); retries_.pop_front()) waiting_.push_front(std::move(retries_.front()));
  return {};
}

// The first worker has opened the same models: this is the machine, not a model.
Result<void> WorkerPool::note_failed_start(const std::string& how) {
  if (++failed_starts_ < kMaxFailedStarts) return {};
  failed_starts_ = 0;
  return make_do({ErrorCode::kIo, "replay workers " + how + " while starting", "",
                  "is there memory for another?"});
}

void WorkerPool::hand_out() {
  for (const auto& worker : workers_) {
    if (!worker->greeted || worker->task) continue;
    if (!worker->used && !retries_.empty()) {
      give(*worker, retries_);
    } else if (!waiting_.empty()) {
      give(*worker, waiting_);
    }
  }
}

void WorkerPool::give(Worker& worker, std::deque<Task>& from) {
  worker.task = std::move(from.front());
  from.pop_front();
  worker.used = true;
  worker.deadline = Clock::now() + limits_.picture;
  ReplayJob job = worker.task->job;
  for (const GivenUpStep& step : health_->given_up()) {
    job.barred.push_back({step.node, step.failure});
  }
  // A worker that does not take it is found dead when it is listened to.
  static_cast<void>(send_frame(worker.process.socket(), encode_job(job)));
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
    const bool alive = listen(*workers_[i]);
    const bool busy = workers_[i]->task || !workers_[i]->greeted;
    const bool late = alive && busy && Clock::now() >= workers_[i]->deadline;
    if (alive && !late) continue;
    const auto dead = std::move(workers_[i]);
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(i));
    TRY_VOID(bury(*dead, late));
  }
  return {};
}

bool WorkerPool::listen(Worker& worker) {
  const auto peer = worker.inbox.fill(worker.process.socket());
  while (const auto message = worker.inbox.take()) {
    if (!take_message(worker, *message)) return false;
  }
  return peer && *peer == FrameBuffer::Peer::kOpen;
}

// False: the worker talks nonsense. A failure that it claims is nonsense too: it was set up.
bool WorkerPool::take_message(Worker& worker, const std::string& message) {
  if (!worker.greeted) {
    const auto facts = decode_greeting(message);
    worker.greeted = facts && *facts && (*facts)->outputs.size() == facts_.outputs.size();
    if (worker.greeted) failed_starts_ = 0;
    return worker.greeted;
  }
  if (!worker.task) return false;
  auto answer = decode_answer(message, facts_.outputs);
  if (!answer || !*answer) return false;
  keep_answer(worker.task->job.sample, std::move(**answer));
  worker.task.reset();
  return true;
}

void WorkerPool::keep_answer(std::size_t sample, SampleAnswer answer) {
  health_->answered(answer);
  answers_[sample - first_sample_] = std::move(answer);
}

// Finds out what brought the worker down; its picture waits for a fresh one.
Result<void> WorkerPool::bury(Worker& worker, bool late) {
  const std::uint32_t node = worker.progress->node;
  const ChildEnd end = worker.process.reap();
  if (!end.last_words.empty()) log_.message(LogLevel::kDebug, "replay worker: " + end.last_words);
  if (!worker.greeted) return note_failed_start(cause(end, late));
  if (!worker.task) return {};  // between pictures: the next one gets another worker
  Task task = std::move(*worker.task);
  if (node < facts_.nodes.size()) {
    blame(task, node, cause(end, late), late);
  } else if (++task.ends_elsewhere >= kCrashesUntilBarred) {
    write_off(task, cause(end, late));
    return {};
  }
  retries_.push_back(std::move(task));
  return {};
}

void WorkerPool::blame(Task& task, std::size_t node, const std::string& how, bool late) {
  const std::string step = "step " + facts_.nodes[node].name;
  // The first time of each step; the gaps have them all.
  const auto level = blamed_.insert(node).second ? LogLevel::kWarning : LogLevel::kDebug;
  log_.message(level, fmt::format("replay   {} {} on {}", step, how,
                                  printable(work_.samples.rows[task.job.sample].file)));
  if (!late && ++task.crashes[node] < kCrashesUntilBarred) return;
  const auto status = late ? PredictionStatus::kTimeout : PredictionStatus::kCrash;
  task.job.barred.push_back({node, {status, step + " " + how}});
  if (late) {
    health_->timed_out(node);
  } else {
    health_->crashed(node);
  }
}

// Nothing can be said of any step, so no answer of this picture can be had.
void WorkerPool::write_off(const Task& task, const std::string& how) {
  SampleAnswer answer;
  for (const ProgramOutput& output : facts_.outputs) {
    Prediction row;
    row.alternative = output.alternative;
    row.head = output.head;
    row.source = "replayed";
    row.status = PredictionStatus::kCrash;
    answer.rows.push_back(std::move(row));
    answer.why.push_back("the worker " + how + " outside of any step");
  }
  keep_answer(task.job.sample, std::move(answer));
}

}  // namespace dl
