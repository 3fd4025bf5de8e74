// SPDX-License-Identifier: Apache-2.0
// The way out for code of ours that touches a guest's memory and finds that it is gone: a guest
// gives lengths that are not true, and its other threads unmap what was checked a moment ago.
#pragma once

#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <optional>
#include <utility>

namespace dl::guest {

// The way out of this thread's innermost body; null while none runs. Returns the one before.
sigjmp_buf* set_memory_escape(sigjmp_buf* escape);
// The address that the body which was left last, on this thread, had met.
std::uint64_t memory_escape_address();
// From a handler of SIGSEGV or SIGBUS: leaves this thread's innermost body. Returns if none runs:
// then the fault is the guest's own or somebody else's.
void leave_by_memory_escape(std::uint64_t address);
// Whether this thread runs guest code right now.
bool guest_runs_here();

// Who else handles SIGSEGV and SIGBUS in this process (a Java virtual machine, which causes them on
// purpose): gets all that come while this thread runs neither a guest nor a body that has a way
// out. Before the first engine is made.
void give_other_faults_to(const struct sigaction& segv, const struct sigaction& bus);
// From the engines' handlers: whether somebody else had it.
bool others_handle(int number, siginfo_t* info, void* context);

// A lock that this thread holds, or a value, and how it is given back. Lies on the thread's stack.
struct HeldLock {
  void (*give_back)(void* mutex) = nullptr;
  void* mutex = nullptr;       // or the value
  sigjmp_buf* body = nullptr;  // the innermost one when it was taken
  HeldLock* outer = nullptr;
};
// Both for EscapeLock and EscapeOwned alone: the newest goes first.
void add_held_lock(HeldLock& lock);
void remove_held_lock(HeldLock& lock);

// A lock that is given back also where the innermost body is left while it is held: for what cannot
// let go of it while it touches the guest's memory. What it guards must be whole at each such
// touch.
template <typename Mutex>
class EscapeLock {
 public:
  explicit EscapeLock(Mutex& mutex) {
    mutex.lock();
    held_.mutex = &mutex;
    held_.give_back = [](void* taken) { static_cast<Mutex*>(taken)->unlock(); };
    add_held_lock(held_);
  }
  ~EscapeLock() {
    remove_held_lock(held_);
    held_.give_back(held_.mutex);
  }
  EscapeLock(const EscapeLock&) = delete;
  EscapeLock& operator=(const EscapeLock&) = delete;

 private:
  HeldLock held_;
};

// A value that goes also where the innermost body is left: of what else only that body knows.
template <typename T>
class EscapeOwned {
 public:
  explicit EscapeOwned(T value) : value_(std::move(value)) {
    held_.mutex = &value_;
    held_.give_back = [](void* owned) { static_cast<std::optional<T>*>(owned)->reset(); };
    add_held_lock(held_);
  }
  ~EscapeOwned() { remove_held_lock(held_); }
  EscapeOwned(const EscapeOwned&) = delete;
  EscapeOwned& operator=(const EscapeOwned&) = delete;
  const T& operator*() const { return *value_; }

 private:
  std::optional<T> value_;
  HeldLock held_;
};

// A frame of its own: none of what the body knows lies in the frame that is jumped to.
template <typename Body>
[[gnu::noinline]] void run_escapable(Body& body) {
  body();
}

// Runs body(); the address where it met memory that is not there, or nothing if it came to its end.
// A body that is left this way has run no destructors: it must hold no lock but by EscapeLock, and
// nothing that it alone knows of but by EscapeOwned. The handlers are those of the engines.
template <typename Body>
[[gnu::noinline]] std::optional<std::uint64_t> with_memory_escape(Body&& body) {
  sigjmp_buf escape;
  sigjmp_buf* const outer = set_memory_escape(&escape);
  if (sigsetjmp(escape, 0) != 0) {
    set_memory_escape(outer);
    return memory_escape_address();
  }
  run_escapable(body);
  set_memory_escape(outer);
  return std::nullopt;
}

// Whose bad memory it is, while one of these lives: nothing is left by an escape meanwhile.
class MemoryOwner {
 public:
  MemoryOwner(const MemoryOwner&) = delete;
  MemoryOwner& operator=(const MemoryOwner&) = delete;

 protected:
  explicit MemoryOwner(sigjmp_buf* owner) : outer_(set_memory_escape(owner)) {}
  ~MemoryOwner() { set_memory_escape(outer_); }

 private:
  sigjmp_buf* outer_;
};

// No place to go to, but what says that the guest runs.
sigjmp_buf* guest_mark();

// While one lives, bad memory on this thread is the guest's own.
class GuestRuns : public MemoryOwner {
 public:
  GuestRuns() : MemoryOwner(guest_mark()) {}
};

// While one lives, bad memory on this thread is that of code which is neither the guest's nor ours:
// a Java virtual machine's, which a host function calls.
class OthersRun : public MemoryOwner {
 public:
  OthersRun() : MemoryOwner(nullptr) {}
};

}  // namespace dl::guest
