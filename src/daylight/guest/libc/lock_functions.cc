// SPDX-License-Identifier: Apache-2.0
// Locks of bionic: everything that a guest's structure holds lies in that structure, so that copies
// and static initialisers work as on a phone.
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <optional>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/thread_objects.h"

namespace dl::guest {

long futex(std::uint32_t* word, int operation, std::uint32_t value, const timespec* until) {
  return syscall(SYS_futex, word, operation, value, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

std::uint32_t this_thread_number() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

bool wait_while(GuestMachine& machine, std::uint32_t* word, std::uint32_t value,
                const timespec* until, bool& late) {
  timespec slice{0, 50'000'000};
  late = false;
  if (until != nullptr) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    timespec left{until->tv_sec - now.tv_sec, until->tv_nsec - now.tv_nsec};
    if (left.tv_nsec < 0) left = {left.tv_sec - 1, left.tv_nsec + 1'000'000'000};
    late = left.tv_sec < 0 || (left.tv_sec == 0 && left.tv_nsec == 0);
    if (late) return true;
    if (left.tv_sec == 0 && left.tv_nsec < slice.tv_nsec) slice = left;
  }
  futex(word, FUTEX_WAIT_PRIVATE, value, &slice);
  return !machine.engine.faulted();
}

bool wait_while(GuestMachine& machine, std::uint32_t* word, std::uint32_t value) {
  bool late = false;
  return wait_while(machine, word, value, nullptr, late);
}

namespace {

// A time of the guest's at `address` as one of CLOCK_MONOTONIC; nothing for none.
std::optional<timespec> deadline(GuestMachine& machine, int clock, std::uint64_t address) {
  const auto bytes = machine.arena.bytes(address, sizeof(timespec));
  if (!bytes) return std::nullopt;
  timespec time{};
  std::memcpy(&time, bytes->data(), sizeof(time));
  if (time.tv_nsec < 0 || time.tv_nsec >= 1'000'000'000) return std::nullopt;
  return machine.part<GuestClock>().deadline(clock, time);
}

// ---- mutexes ----

int lock(GuestMachine& machine, GuestMutex* mutex, bool wait, const timespec* until = nullptr) {
  const std::uint32_t kind = __atomic_load_n(&mutex->word, __ATOMIC_RELAXED) & kKindMask;
  const std::uint32_t self = this_thread_number();
  if (kind != 0 && __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == self) {
    if (kind == kErrorCheck) return wait ? EDEADLK : EBUSY;
    ++mutex->count;
    return 0;
  }
  std::uint32_t expected = kind;
  if (!__atomic_compare_exchange_n(&mutex->word, &expected, kind | 1U, false, __ATOMIC_ACQUIRE,
                                   __ATOMIC_RELAXED)) {
    if (!wait) return EBUSY;
    while (__atomic_exchange_n(&mutex->word, kind | 2U, __ATOMIC_ACQUIRE) != kind) {
      bool late = false;
      if (!wait_while(machine, &mutex->word, kind | 2U, until, late)) return EDEADLK;
      if (late) return ETIMEDOUT;
    }
  }
  __atomic_store_n(&mutex->owner, self, __ATOMIC_RELAXED);
  mutex->count = 0;
  return 0;
}

int unlock(GuestMutex* mutex) {
  const std::uint32_t kind = __atomic_load_n(&mutex->word, __ATOMIC_RELAXED) & kKindMask;
  if (kind != 0) {
    if (__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) != this_thread_number()) return EPERM;
    if (mutex->count > 0) {
      --mutex->count;
      return 0;
    }
  }
  __atomic_store_n(&mutex->owner, 0, __ATOMIC_RELAXED);
  if (__atomic_exchange_n(&mutex->word, kind, __ATOMIC_RELEASE) == (kind | 2U))
    futex(&mutex->word, FUTEX_WAKE_PRIVATE, 1, nullptr);
  return 0;
}

int mutex_init(std::uint64_t address, const std::uint64_t* attributes, CallArguments& rest) {
  auto* const mutex = object<GuestMutex>(rest, address);
  if (mutex == nullptr) return EINVAL;
  std::memset(mutex, 0, sizeof(*mutex));
  if (attributes != nullptr) mutex->word = (static_cast<std::uint32_t>(*attributes) & 3U) << 14U;
  return 0;
}
int mutex_lock(GuestMachine& machine, std::uint64_t address, CallArguments& rest) {
  auto* const mutex = object<GuestMutex>(rest, address);
  return mutex == nullptr ? EINVAL : lock(machine, mutex, true);
}
int mutex_trylock(GuestMachine& machine, std::uint64_t address, CallArguments& rest) {
  auto* const mutex = object<GuestMutex>(rest, address);
  return mutex == nullptr ? EINVAL : lock(machine, mutex, false);
}
int mutex_unlock(std::uint64_t address, CallArguments& rest) {
  auto* const mutex = object<GuestMutex>(rest, address);
  return mutex == nullptr ? EINVAL : unlock(mutex);
}
int object_destroy(std::uint64_t) { return 0; }
int mutexattr_init(std::uint64_t* attributes) {
  *attributes = 0;
  return 0;
}
int mutexattr_settype(std::uint64_t* attributes, int kind) {
  if (kind < 0 || kind > 2) return EINVAL;
  *attributes = (*attributes & ~std::uint64_t{3}) | static_cast<std::uint64_t>(kind);
  return 0;
}
int attribute_ignored(std::uint64_t*, int) { return 0; }

// ---- condition variables ----

int wait_for(GuestMachine& machine, GuestCondition* condition, GuestMutex* mutex,
             const timespec* until) {
  const std::uint32_t sequence = __atomic_load_n(&condition->sequence, __ATOMIC_SEQ_CST);
  unlock(mutex);
  bool late = false;
  while (!late && __atomic_load_n(&condition->sequence, __ATOMIC_SEQ_CST) == sequence) {
    if (!wait_while(machine, &condition->sequence, sequence, until, late)) break;
  }
  lock(machine, mutex, true);
  return late ? ETIMEDOUT : 0;
}

int wake(GuestCondition* condition, int how_many) {
  __atomic_add_fetch(&condition->sequence, 1, __ATOMIC_SEQ_CST);
  futex(&condition->sequence, FUTEX_WAKE_PRIVATE, static_cast<std::uint32_t>(how_many), nullptr);
  return 0;
}

int cond_init(std::uint64_t address, const std::uint64_t* attributes, CallArguments& rest) {
  auto* const condition = object<GuestCondition>(rest, address);
  if (condition == nullptr) return EINVAL;
  std::memset(condition, 0, sizeof(*condition));
  if (attributes != nullptr) condition->flags = static_cast<std::uint32_t>(*attributes) & 2U;
  return 0;
}
int cond_wait(GuestMachine& machine, std::uint64_t address, std::uint64_t mutex_address,
              CallArguments& rest) {
  auto* const condition = object<GuestCondition>(rest, address);
  auto* const mutex = object<GuestMutex>(rest, mutex_address);
  if (condition == nullptr || mutex == nullptr) return EINVAL;
  return wait_for(machine, condition, mutex, nullptr);
}
// By the clock that the condition was made with, or another one.
int timed_wait(GuestMachine& machine, std::uint64_t address, std::uint64_t mutex_address,
               std::optional<int> clock, std::uint64_t time, CallArguments& rest) {
  auto* const condition = object<GuestCondition>(rest, address);
  auto* const mutex = object<GuestMutex>(rest, mutex_address);
  if (condition == nullptr || mutex == nullptr) return EINVAL;
  const int own = (condition->flags & kMonotonic) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
  const auto until = deadline(machine, clock.value_or(own), time);
  return until ? wait_for(machine, condition, mutex, &*until) : EINVAL;
}
int cond_timedwait(GuestMachine& machine, std::uint64_t address, std::uint64_t mutex_address,
                   std::uint64_t time, CallArguments& rest) {
  return timed_wait(machine, address, mutex_address, std::nullopt, time, rest);
}
int cond_timedwait_monotonic(GuestMachine& machine, std::uint64_t address,
                             std::uint64_t mutex_address, std::uint64_t time, CallArguments& rest) {
  return timed_wait(machine, address, mutex_address, CLOCK_MONOTONIC, time, rest);
}
int cond_clockwait(GuestMachine& machine, std::uint64_t address, std::uint64_t mutex_address,
                   int clock, std::uint64_t time, CallArguments& rest) {
  return timed_wait(machine, address, mutex_address, clock, time, rest);
}
int cond_timedwait_relative(GuestMachine& machine, std::uint64_t address,
                            std::uint64_t mutex_address, std::uint64_t time, CallArguments& rest) {
  auto* const condition = object<GuestCondition>(rest, address);
  auto* const mutex = object<GuestMutex>(rest, mutex_address);
  const auto bytes = machine.arena.bytes(time, sizeof(timespec));
  if (condition == nullptr || mutex == nullptr || !bytes) return EINVAL;
  timespec wait{};
  timespec until{};
  std::memcpy(&wait, bytes->data(), sizeof(wait));
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += std::clamp<std::int64_t>(wait.tv_sec, 0, 1'000'000);
  until.tv_nsec += std::clamp<long>(wait.tv_nsec, 0, 999'999'999);
  if (until.tv_nsec >= 1'000'000'000) until = {until.tv_sec + 1, until.tv_nsec - 1'000'000'000};
  return wait_for(machine, condition, mutex, &until);
}
int mutex_timedlock(GuestMachine& machine, std::uint64_t address, std::uint64_t time,
                    CallArguments& rest) {
  auto* const mutex = object<GuestMutex>(rest, address);
  const auto until = deadline(machine, CLOCK_REALTIME, time);
  return mutex == nullptr || !until ? EINVAL : lock(machine, mutex, true, &*until);
}
int cond_signal(std::uint64_t address, CallArguments& rest) {
  auto* const condition = object<GuestCondition>(rest, address);
  return condition == nullptr ? EINVAL : wake(condition, 1);
}
int cond_broadcast(std::uint64_t address, CallArguments& rest) {
  auto* const condition = object<GuestCondition>(rest, address);
  return condition == nullptr ? EINVAL : wake(condition, INT_MAX);
}
int condattr_setclock(std::uint64_t* attributes, int clock) {
  *attributes = (*attributes & ~std::uint64_t{2}) | (clock == CLOCK_MONOTONIC ? 2U : 0U);
  return 0;
}

// ---- read-write locks ----

int rw_take(GuestMachine& machine, GuestRwLock* held, bool write, bool wait,
            const timespec* until = nullptr) {
  while (true) {
    std::int32_t state = __atomic_load_n(&held->state, __ATOMIC_SEQ_CST);
    const bool open = write ? state == 0 : state >= 0;
    if (open && __atomic_compare_exchange_n(&held->state, &state, write ? -1 : state + 1, false,
                                            __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
      return 0;
    if (open) continue;
    if (!wait) return EBUSY;
    const std::uint32_t seen = __atomic_load_n(&held->changes, __ATOMIC_SEQ_CST);
    state = __atomic_load_n(&held->state, __ATOMIC_SEQ_CST);
    if ((write ? state == 0 : state >= 0)) continue;
    bool late = false;
    if (!wait_while(machine, &held->changes, seen, until, late)) return EDEADLK;
    if (late) return ETIMEDOUT;
  }
}

int rwlock_init(std::uint64_t address, std::uint64_t, CallArguments& rest) {
  auto* const held = object<GuestRwLock>(rest, address);
  if (held != nullptr) std::memset(held, 0, sizeof(*held));
  return 0;
}
template <bool kWrite, bool kWait>
int rwlock_take(GuestMachine& machine, std::uint64_t address, CallArguments& rest) {
  auto* const held = object<GuestRwLock>(rest, address);
  return held == nullptr ? EINVAL : rw_take(machine, held, kWrite, kWait);
}
template <bool kWrite>
int rwlock_timed(GuestMachine& machine, std::uint64_t address, std::uint64_t time,
                 CallArguments& rest) {
  auto* const held = object<GuestRwLock>(rest, address);
  const auto until = deadline(machine, CLOCK_REALTIME, time);
  return held == nullptr || !until ? EINVAL : rw_take(machine, held, kWrite, true, &*until);
}
int rwlock_unlock(std::uint64_t address, CallArguments& rest) {
  auto* const held = object<GuestRwLock>(rest, address);
  if (held == nullptr) return EINVAL;
  std::int32_t state = __atomic_load_n(&held->state, __ATOMIC_SEQ_CST);
  while (state != 0 && !__atomic_compare_exchange_n(&held->state, &state, state < 0 ? 0 : state - 1,
                                                    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
  }
  __atomic_add_fetch(&held->changes, 1, __ATOMIC_SEQ_CST);
  futex(&held->changes, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr);
  return 0;
}

// ---- semaphores ----

int sem_init_(std::uint64_t address, int, unsigned value, CallArguments& rest) {
  auto* const semaphore = object<GuestSemaphore>(rest, address);
  if (semaphore != nullptr) *semaphore = {value, {}};
  return 0;
}
int sem_take(GuestMachine& machine, std::uint64_t address, CallArguments& rest, bool wait,
             const timespec* until = nullptr) {
  auto* const semaphore = object<GuestSemaphore>(rest, address);
  if (semaphore == nullptr) return -1;
  while (true) {
    std::uint32_t count = __atomic_load_n(&semaphore->count, __ATOMIC_SEQ_CST);
    if (count > 0) {
      if (__atomic_compare_exchange_n(&semaphore->count, &count, count - 1, false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_SEQ_CST))
        return 0;
      continue;
    }
    if (!wait) {
      errno = EAGAIN;
      return -1;
    }
    bool late = false;
    if (!wait_while(machine, &semaphore->count, 0, until, late) || late) {
      errno = late ? ETIMEDOUT : EINTR;
      return -1;
    }
  }
}
int sem_wait_(GuestMachine& machine, std::uint64_t address, CallArguments& rest) {
  return sem_take(machine, address, rest, true);
}
int sem_trywait_(GuestMachine& machine, std::uint64_t address, CallArguments& rest) {
  return sem_take(machine, address, rest, false);
}
int sem_post_(std::uint64_t address, CallArguments& rest) {
  auto* const semaphore = object<GuestSemaphore>(rest, address);
  if (semaphore == nullptr) return -1;
  __atomic_add_fetch(&semaphore->count, 1, __ATOMIC_SEQ_CST);
  futex(&semaphore->count, FUTEX_WAKE_PRIVATE, 1, nullptr);
  return 0;
}

int sem_timedwait_(GuestMachine& machine, std::uint64_t address, std::uint64_t time,
                   CallArguments& rest) {
  const auto until = deadline(machine, CLOCK_REALTIME, time);
  if (until) return sem_take(machine, address, rest, true, &*until);
  errno = EINVAL;
  return -1;
}
int sem_getvalue_(std::uint64_t address, std::int32_t* to, CallArguments& rest) {
  const auto* const semaphore = object<GuestSemaphore>(rest, address);
  if (semaphore == nullptr) return -1;
  *to = static_cast<std::int32_t>(__atomic_load_n(&semaphore->count, __ATOMIC_SEQ_CST));
  return 0;
}
// Named ones are not on Android either.
int no_semaphore() {
  errno = ENOSYS;
  return -1;
}

// ---- barriers and spin locks ----

struct GuestBarrier {    // int64_t[4]
  std::uint32_t needed;  // threads that one round waits for
  std::uint32_t waiting;
  std::uint32_t round;
  std::uint32_t rest[5];
};
int barrier_init(std::uint64_t address, std::uint64_t, std::uint32_t count, CallArguments& rest) {
  auto* const barrier = object<GuestBarrier>(rest, address);
  if (barrier == nullptr || count == 0) return EINVAL;
  *barrier = {count, 0, 0, {}};
  return 0;
}
int barrier_wait(GuestMachine& machine, std::uint64_t address, CallArguments& rest) {
  auto* const barrier = object<GuestBarrier>(rest, address);
  if (barrier == nullptr) return EINVAL;
  const std::uint32_t round = __atomic_load_n(&barrier->round, __ATOMIC_SEQ_CST);
  if (__atomic_add_fetch(&barrier->waiting, 1, __ATOMIC_SEQ_CST) >= barrier->needed) {
    __atomic_store_n(&barrier->waiting, 0, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&barrier->round, 1, __ATOMIC_SEQ_CST);
    futex(&barrier->round, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr);
    return -1;  // PTHREAD_BARRIER_SERIAL_THREAD
  }
  while (__atomic_load_n(&barrier->round, __ATOMIC_SEQ_CST) == round) {
    if (!wait_while(machine, &barrier->round, round)) return EINTR;
  }
  return 0;
}

struct GuestSpin {  // int64_t
  std::uint32_t word;
  std::uint32_t rest;
};
int spin_init(std::uint64_t address, int, CallArguments& rest) {
  auto* const spin = object<GuestSpin>(rest, address);
  if (spin != nullptr) *spin = {0, 0};
  return 0;
}
template <bool kWait>
int spin_take(GuestMachine& machine, std::uint64_t address, CallArguments& rest) {
  auto* const spin = object<GuestSpin>(rest, address);
  if (spin == nullptr) return EINVAL;
  while (__atomic_exchange_n(&spin->word, 1, __ATOMIC_ACQUIRE) != 0) {
    if (!kWait) return EBUSY;
    if (!wait_while(machine, &spin->word, 1)) return EDEADLK;
  }
  return 0;
}
int spin_unlock(std::uint64_t address, CallArguments& rest) {
  auto* const spin = object<GuestSpin>(rest, address);
  if (spin == nullptr) return EINVAL;
  __atomic_store_n(&spin->word, 0, __ATOMIC_RELEASE);
  futex(&spin->word, FUTEX_WAKE_PRIVATE, 1, nullptr);
  return 0;
}
int attribute_get(const std::uint64_t* attributes, std::int32_t* to) {
  *to = static_cast<std::int32_t>(*attributes & 3U);
  return 0;
}
int attribute_zero(const std::uint64_t*, std::int32_t* to) {
  *to = 0;
  return 0;
}

}  // namespace

void add_lock_functions(FunctionTable& table) {
  table.add("pthread_mutex_init", &mutex_init);
  table.add("pthread_mutex_lock", &mutex_lock);
  table.add("pthread_mutex_trylock", &mutex_trylock);
  table.add("pthread_mutex_unlock", &mutex_unlock);
  for (const char* name :
       {"pthread_mutex_destroy", "pthread_mutexattr_destroy", "pthread_cond_destroy",
        "pthread_condattr_destroy", "pthread_rwlock_destroy", "pthread_rwlockattr_destroy",
        "pthread_attr_destroy", "sem_destroy"})
    table.add(name, &object_destroy);
  for (const char* name :
       {"pthread_mutexattr_init", "pthread_condattr_init", "pthread_rwlockattr_init"})
    table.add(name, &mutexattr_init);
  table.add("pthread_mutexattr_settype", &mutexattr_settype);
  for (const char* name : {"pthread_mutexattr_setpshared", "pthread_condattr_setpshared",
                           "pthread_mutexattr_setprotocol"})
    table.add(name, &attribute_ignored);
  table.add("pthread_cond_init", &cond_init);
  table.add("pthread_cond_wait", &cond_wait);
  table.add("pthread_cond_timedwait", &cond_timedwait);
  table.add("pthread_cond_signal", &cond_signal);
  table.add("pthread_cond_broadcast", &cond_broadcast);
  table.add("pthread_condattr_setclock", &condattr_setclock);
  table.add("pthread_rwlock_init", &rwlock_init);
  table.add("pthread_rwlock_rdlock", &rwlock_take<false, true>);
  table.add("pthread_rwlock_tryrdlock", &rwlock_take<false, false>);
  table.add("pthread_rwlock_wrlock", &rwlock_take<true, true>);
  table.add("pthread_rwlock_trywrlock", &rwlock_take<true, false>);
  table.add("pthread_rwlock_unlock", &rwlock_unlock);
  table.add("sem_init", &sem_init_);
  table.add("sem_wait", &sem_wait_);
  table.add("sem_trywait", &sem_trywait_);
  table.add("sem_post", &sem_post_);
  table.add("pthread_mutex_timedlock", &mutex_timedlock);
  table.add("pthread_mutexattr_gettype", &attribute_get);
  for (const char* name : {"pthread_mutexattr_getpshared", "pthread_condattr_getpshared",
                           "pthread_rwlockattr_getpshared", "pthread_rwlockattr_getkind_np"})
    table.add(name, &attribute_zero);
  for (const char* name : {"pthread_rwlockattr_setpshared", "pthread_rwlockattr_setkind_np",
                           "pthread_barrierattr_setpshared"})
    table.add(name, &attribute_ignored);
  table.add("pthread_barrierattr_init", &mutexattr_init);
  for (const char* name :
       {"pthread_barrier_destroy", "pthread_barrierattr_destroy", "pthread_spin_destroy"})
    table.add(name, &object_destroy);
  table.add("pthread_cond_timedwait_monotonic_np", &cond_timedwait_monotonic);
  table.alias("pthread_cond_timedwait_monotonic", "pthread_cond_timedwait_monotonic_np");
  table.add("pthread_cond_clockwait", &cond_clockwait);
  table.add("pthread_cond_timedwait_relative_np", &cond_timedwait_relative);
  table.add("pthread_rwlock_timedrdlock", &rwlock_timed<false>);
  table.add("pthread_rwlock_timedwrlock", &rwlock_timed<true>);
  table.add("sem_timedwait", &sem_timedwait_);
  table.add("sem_getvalue", &sem_getvalue_);
  for (const char* name : {"sem_open", "sem_close", "sem_unlink"}) table.add(name, &no_semaphore);
  table.add("pthread_barrier_init", &barrier_init);
  table.add("pthread_barrier_wait", &barrier_wait);
  table.add("pthread_spin_init", &spin_init);
  table.add("pthread_spin_lock", &spin_take<true>);
  table.add("pthread_spin_trylock", &spin_take<false>);
  table.add("pthread_spin_unlock", &spin_unlock);
}

}  // namespace dl::guest
