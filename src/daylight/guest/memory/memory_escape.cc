// SPDX-License-Identifier: Apache-2.0
// One way out for each thread.
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

thread_local sigjmp_buf* innermost = nullptr;
thread_local std::uint64_t met = 0;
thread_local HeldLock* newest = nullptr;

// Those that were taken since the innermost body began, the newest first.
void give_back_locks() {
  while (newest != nullptr && newest->body == innermost) {
    const HeldLock* const leaving = newest;
    newest = leaving->outer;
    leaving->give_back(leaving->mutex);
  }
}

}  // namespace

sigjmp_buf* set_memory_escape(sigjmp_buf* escape) { return std::exchange(innermost, escape); }

std::uint64_t memory_escape_address() { return met; }

void leave_by_memory_escape(std::uint64_t address) {
  if (innermost == nullptr) return;
  met = address;
  give_back_locks();  // while the stack that they lie on is still there
  siglongjmp(*innermost, 1);
}

void add_held_lock(HeldLock& lock) {
  lock.body = innermost;
  lock.outer = std::exchange(newest, &lock);
}

void remove_held_lock(HeldLock& lock) { newest = lock.outer; }

}  // namespace dl::guest
