// SPDX-License-Identifier: Apache-2.0
// The way out for code of ours that touches a guest's memory and finds that it is gone: a guest
// gives lengths that are not true, and its other threads unmap what was checked a moment ago.
#pragma once

#include <csetjmp>
#include <cstdint>
#include <optional>
#include <utility>

namespace dl::guest {

// The way out of this thread's innermost body; null while none runs. Returns the one before.
sigjmp_buf* set_memory_escape(sigjmp_buf* escape);
// The address that the body which was left last, on this thread, had met.
std::uint64_t memory_escape_address();
// From a handler of SIGSEGV or SIGBUS: leaves this thread's innermost body. Returns if none runs:
// then the fault is somebody else's.
void leave_by_memory_escape(std::uint64_t address);

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

// While one lives, bad memory on this thread is the guest's own.
class GuestRuns {
 public:
  GuestRuns() : outer_(set_memory_escape(nullptr)) {}
  ~GuestRuns() { set_memory_escape(outer_); }
  GuestRuns(const GuestRuns&) = delete;
  GuestRuns& operator=(const GuestRuns&) = delete;

 private:
  sigjmp_buf* outer_;
};

}  // namespace dl::guest
