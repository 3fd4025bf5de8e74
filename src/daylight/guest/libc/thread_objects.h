// SPDX-License-Identifier: Apache-2.0
// What lies in the thread library's objects of bionic, and waiting on a word of them.
#pragma once

#include <cstdint>
#include <ctime>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// bionic's 64-bit structures, as far as guests set them up themselves.
struct GuestMutex {    // int32_t[10]; static initialisers put the kind into bits 14 and 15
  std::uint32_t word;  // kind << 14 | state: 0 free, 1 taken, 2 taken with waiters
  std::uint32_t owner;
  std::uint32_t count;
  std::uint32_t rest[7];
};
inline constexpr std::uint32_t kKindMask = 3U << 14U;
inline constexpr std::uint32_t kRecursive = 1U << 14U;
inline constexpr std::uint32_t kErrorCheck = 2U << 14U;

struct GuestCondition {  // int32_t[12]
  std::uint32_t sequence;
  std::uint32_t flags;  // kMonotonic
  std::uint32_t rest[10];
};
inline constexpr std::uint32_t kMonotonic = 2;

struct GuestRwLock {   // int32_t[14]
  std::int32_t state;  // readers, or -1 for a writer
  std::uint32_t changes;
  std::uint32_t rest[12];
};

struct GuestSemaphore {  // unsigned + int[3]
  std::uint32_t count;
  std::uint32_t rest[3];
};

// The object at an address that the guest gave; null and a refused call where it may not be.
template <typename T>
T* object(CallArguments& arguments, std::uint64_t address) {
  if (address % 4 != 0 || !arguments.frame().arena().allows(address, sizeof(T), kPageWrite)) {
    arguments.frame().refuse("an object of the thread library lies outside of its memory");
    return nullptr;
  }
  return reinterpret_cast<T*>(address);
}

// Of this thread, as the guest sees it.
std::uint32_t this_thread_number();
long futex(std::uint32_t* word, int operation, std::uint32_t value, const timespec* until);
// Waits in slices, so that a guest that is stopped does not hang in a lock: false then.
bool wait_while(GuestMachine& machine, std::uint32_t* word, std::uint32_t value);
// The same until a time of CLOCK_MONOTONIC at most; `late` says that it has come. Null waits on.
bool wait_while(GuestMachine& machine, std::uint32_t* word, std::uint32_t value,
                const timespec* until, bool& late);

}  // namespace dl::guest
