// SPDX-License-Identifier: Apache-2.0
// One way out for each thread.
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

thread_local sigjmp_buf* innermost = nullptr;
thread_local std::uint64_t met = 0;

}  // namespace

sigjmp_buf* set_memory_escape(sigjmp_buf* escape) { return std::exchange(innermost, escape); }

std::uint64_t memory_escape_address() { return met; }

void leave_by_memory_escape(std::uint64_t address) {
  if (innermost == nullptr) return;
  met = address;
  siglongjmp(*innermost, 1);
}

}  // namespace dl::guest
