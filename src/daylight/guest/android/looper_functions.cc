// SPDX-License-Identifier: Apache-2.0
// ALooper: waits of one thread for files and for being woken; ATrace, which is off.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "daylight/guest/android/android_functions.h"
#include "daylight/guest/libc/guest_files.h"

namespace dl::guest {
namespace {

constexpr std::size_t kMaxWatched = 256;
constexpr std::uint64_t kHandleSize = 16;
// One slice of a wait, after which a stop is seen.
constexpr int kSliceMilliseconds = 50;

constexpr int kPollWake = -1;
constexpr int kPollCallback = -2;
constexpr int kPollTimeout = -3;
constexpr int kPollError = -4;
// ALOOPER_EVENT_*: input, output, error, hangup, invalid.
constexpr int kInput = 1;
constexpr int kOutput = 2;
constexpr int kError = 4;
constexpr int kHangup = 8;
constexpr int kInvalidFile = 16;

struct Watched {
  int file = -1;  // the guest's number
  int identifier = 0;
  int events = 0;
  std::uint64_t callback = 0;
  std::uint64_t data = 0;
};

struct Looper {
  Looper() : wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~Looper() {
    if (wake >= 0) ::close(wake);
  }
  Looper(const Looper&) = delete;
  Looper& operator=(const Looper&) = delete;

  int wake;
  std::mutex mutex;  // guards what follows
  std::vector<Watched> watched;
};

// What the guest holds are blocks of its own heap, one for each thread.
class Loopers {
 public:
  explicit Loopers(GuestMachine& machine) : machine_(machine) {}

  std::uint64_t of_thread(bool make) {
    const EscapeLock lock(mutex_);  // the handle is made in the guest's memory
    const auto known = threads_.find(std::this_thread::get_id());
    if (known != threads_.end()) return known->second;
    if (!make) return 0;
    const std::uint64_t handle = machine_.heap.allocate(kHandleSize, 16, true);
    if (handle == 0) return 0;
    threads_.emplace(std::this_thread::get_id(), handle);
    loopers_.emplace(handle, std::make_shared<Looper>());
    return handle;
  }
  std::shared_ptr<Looper> find(std::uint64_t handle) {
    const std::scoped_lock lock(mutex_);
    const auto found = loopers_.find(handle);
    if (found != loopers_.end()) return found->second;
    machine_.raise(GuestFault::Kind::kArgument, "uses a looper that is none");
    return nullptr;
  }

 private:
  GuestMachine& machine_;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::thread::id, std::uint64_t> threads_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Looper>> loopers_;
};

Loopers& loopers(GuestMachine& machine) { return machine.part<Loopers>(); }

std::uint64_t for_thread(GuestMachine& machine) { return loopers(machine).of_thread(false); }
std::uint64_t prepare(GuestMachine& machine, int) { return loopers(machine).of_thread(true); }
void hold_looper(std::uint64_t) {}  // they last as long as the guest

int add_fd(GuestMachine& machine, std::uint64_t handle, int file, int identifier, int events,
           std::uint64_t callback, std::uint64_t data) {
  const auto looper = loopers(machine).find(handle);
  if (looper == nullptr || machine.part<GuestFiles>().host(file) < 0) return -1;
  if (callback == 0 && identifier < 0) return -1;
  const Watched fresh{file, callback == 0 ? identifier : kPollCallback, events, callback, data};
  const std::scoped_lock lock(looper->mutex);
  for (Watched& each : looper->watched) {
    if (each.file != file) continue;
    each = fresh;
    return 1;
  }
  if (looper->watched.size() >= kMaxWatched) return -1;
  looper->watched.push_back(fresh);
  return 1;
}

int remove_fd(GuestMachine& machine, std::uint64_t handle, int file) {
  const auto looper = loopers(machine).find(handle);
  if (looper == nullptr) return -1;
  const std::scoped_lock lock(looper->mutex);
  return std::erase_if(looper->watched, [&](const Watched& each) { return each.file == file; }) != 0
             ? 1
             : 0;
}

void wake(GuestMachine& machine, std::uint64_t handle) {
  const auto looper = loopers(machine).find(handle);
  const std::uint64_t one = 1;
  if (looper != nullptr) (void)!::write(looper->wake, &one, sizeof(one));
}

short host_events(int events) {
  return static_cast<short>(((events & kInput) != 0 ? POLLIN : 0) |
                            ((events & kOutput) != 0 ? POLLOUT : 0));
}
int guest_events(short events) {
  return ((events & POLLIN) != 0 ? kInput : 0) | ((events & POLLOUT) != 0 ? kOutput : 0) |
         ((events & POLLERR) != 0 ? kError : 0) | ((events & POLLHUP) != 0 ? kHangup : 0) |
         ((events & POLLNVAL) != 0 ? kInvalidFile : 0);
}

template <typename T>
void put(GuestMachine& machine, std::uint64_t to, const T& value) {
  if (to != 0 && machine.arena.allows(to, sizeof(T), kPageWrite))
    std::memcpy(reinterpret_cast<void*>(to), &value, sizeof(T));
}

// Where the guest wants to know which file it was.
struct Answers {
  std::uint64_t file = 0;
  std::uint64_t events = 0;
  std::uint64_t data = 0;
};

// What is ready now, or within `wait` milliseconds: kPollTimeout if nothing is.
int look(GuestMachine& machine, Looper& looper, int wait, const Answers& answers) {
  std::vector<Watched> watched;
  {
    const std::scoped_lock lock(looper.mutex);
    watched = looper.watched;
  }
  std::vector<pollfd> files = {{looper.wake, POLLIN, 0}};
  for (const Watched& each : watched)
    files.push_back({machine.part<GuestFiles>().host(each.file), host_events(each.events), 0});
  if (::poll(files.data(), files.size(), wait) < 0) return kPollError;
  bool called = false;
  int ready = kPollTimeout;
  for (std::size_t i = 0; i < watched.size(); ++i) {
    if (files[i + 1].revents == 0) continue;
    const int events = guest_events(files[i + 1].revents);
    const Watched& each = watched[i];
    if (each.callback == 0) {
      if (ready != kPollTimeout) continue;  // the next call finds it
      ready = each.identifier;
      put(machine, answers.file, each.file);
      put(machine, answers.events, events);
      put(machine, answers.data, each.data);
      continue;
    }
    const std::uint64_t arguments[] = {static_cast<std::uint64_t>(each.file),
                                       static_cast<std::uint64_t>(events), each.data};
    const auto done = machine.engine.call(each.callback, arguments);
    if (!done) {
      machine.engine.raise(done.error());
      return kPollError;
    }
    called = true;
    if (static_cast<int>(done->integer) != 0) continue;
    const std::scoped_lock lock(looper.mutex);
    std::erase_if(looper.watched, [&](const Watched& at) { return at.file == each.file; });
  }
  if (ready != kPollTimeout) return ready;
  if (called) return kPollCallback;
  if (files[0].revents == 0) return kPollTimeout;
  std::uint64_t count = 0;
  (void)!::read(looper.wake, &count, sizeof(count));
  return kPollWake;
}

int poll_until(GuestMachine& machine, int timeout, bool all, const Answers& answers) {
  const std::uint64_t handle = loopers(machine).of_thread(false);
  const auto looper = handle == 0 ? nullptr : loopers(machine).find(handle);
  if (looper == nullptr) {
    machine.raise(GuestFault::Kind::kAbort, "ALooper_pollOnce on a thread without a looper");
    return kPollError;
  }
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(std::max(timeout, 0));
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    const int slice = timeout < 0
                          ? kSliceMilliseconds
                          : static_cast<int>(std::clamp<std::int64_t>(left, 0, kSliceMilliseconds));
    const int answer = look(machine, *looper, slice, answers);
    if (machine.engine.faulted()) return kPollError;
    if (answer == kPollCallback && all) continue;
    if (answer != kPollTimeout) return answer;
    if (timeout >= 0 && Clock::now() >= end) return kPollTimeout;
  }
}
int poll_once(GuestMachine& machine, int timeout, std::uint64_t file, std::uint64_t events,
              std::uint64_t data) {
  return poll_until(machine, timeout, false, {file, events, data});
}
int poll_all(GuestMachine& machine, int timeout, std::uint64_t file, std::uint64_t events,
             std::uint64_t data) {
  return poll_until(machine, timeout, true, {file, events, data});
}

std::uint8_t tracing() { return 0; }
void trace() {}

}  // namespace

void add_looper_functions(FunctionTable& table) {
  table.add("ALooper_forThread", &for_thread);
  table.add("ALooper_prepare", &prepare);
  table.add("ALooper_acquire", &hold_looper);
  table.add("ALooper_release", &hold_looper);
  table.add("ALooper_addFd", &add_fd);
  table.add("ALooper_removeFd", &remove_fd);
  table.add("ALooper_pollOnce", &poll_once);
  table.add("ALooper_pollAll", &poll_all);
  table.add("ALooper_wake", &wake);
  table.add("ATrace_isEnabled", &tracing);
  for (const char* const name :
       {"ATrace_beginSection", "ATrace_endSection", "ATrace_beginAsyncSection",
        "ATrace_endAsyncSection", "ATrace_setCounter"})
    table.add(name, &trace);
}

}  // namespace dl::guest
