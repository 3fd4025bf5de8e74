// SPDX-License-Identifier: Apache-2.0
// One way out for each thread, and who else wants the faults.
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

// Read in signal handlers, on threads that may never have touched them: they need their place from
// the beginning, also where this library is loaded late.
[[gnu::tls_model("initial-exec")]] thread_local sigjmp_buf* innermost = nullptr;
[[gnu::tls_model("initial-exec")]] thread_local std::uint64_t met = 0;
[[gnu::tls_model("initial-exec")]] thread_local HeldLock* newest = nullptr;
sigjmp_buf mark;
bool there_are_others = false;
struct sigaction others_segv;
struct sigaction others_bus;

// Those that were taken since the innermost body began, the newest first.
void give_back_locks() {
  while (newest != nullptr && newest->body == innermost) {
    const HeldLock* const leaving = newest;
    newest = leaving->outer;
    leaving->give_back(leaving->mutex);
  }
}

}  // namespace

sigjmp_buf* guest_mark() { return &mark; }

sigjmp_buf* set_memory_escape(sigjmp_buf* escape) { return std::exchange(innermost, escape); }

std::uint64_t memory_escape_address() { return met; }

void leave_by_memory_escape(std::uint64_t address) {
  if (innermost == nullptr || innermost == &mark) return;
  met = address;
  give_back_locks();  // while the stack that they lie on is still there
  siglongjmp(*innermost, 1);
}

void add_held_lock(HeldLock& lock) {
  lock.body = innermost;
  lock.outer = std::exchange(newest, &lock);
}

void remove_held_lock(HeldLock& lock) { newest = lock.outer; }

bool guest_runs_here() { return innermost == &mark; }

void give_other_faults_to(const struct sigaction& segv, const struct sigaction& bus) {
  others_segv = segv;
  others_bus = bus;
  there_are_others = true;
}

bool others_handle(int number, siginfo_t* info, void* context) {
  const struct sigaction& next = number == SIGBUS ? others_bus : others_segv;
  if (!there_are_others || guest_runs_here() || next.sa_sigaction == nullptr) return false;
  if ((next.sa_flags & SA_SIGINFO) == 0) return false;
  next.sa_sigaction(number, info, context);
  return true;
}

}  // namespace dl::guest
