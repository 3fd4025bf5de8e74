// SPDX-License-Identifier: Apache-2.0
// POSIX threads with bionic's objects: everything that a guest's structure holds lies in that
// structure, so that copies and static initialisers work as on a phone.
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr int kMaxKeys = 256;
constexpr int kDestructorRounds = 4;
constexpr std::uint64_t kThreadReturnsNothing = 0;

// bionic's 64-bit structures, as far as guests set them up themselves.
struct GuestMutex {    // int32_t[10]; static initialisers put the kind into bits 14 and 15
  std::uint32_t word;  // kind << 14 | state: 0 free, 1 taken, 2 taken with waiters
  std::uint32_t owner;
  std::uint32_t count;
  std::uint32_t rest[7];
};
constexpr std::uint32_t kKindMask = 3U << 14U;
constexpr std::uint32_t kRecursive = 1U << 14U;
constexpr std::uint32_t kErrorCheck = 2U << 14U;

struct GuestCondition {  // int32_t[12]
  std::uint32_t sequence;
  std::uint32_t flags;  // kMonotonic
  std::uint32_t rest[10];
};
constexpr std::uint32_t kMonotonic = 2;

struct GuestRwLock {   // int32_t[14]
  std::int32_t state;  // readers, or -1 for a writer
  std::uint32_t changes;
  std::uint32_t rest[12];
};

struct GuestSemaphore {  // unsigned + int[3]
  std::uint32_t count;
  std::uint32_t rest[3];
};

template <typename T>
T* object(CallArguments& arguments, std::uint64_t address) {
  if (address % 4 != 0 || !arguments.frame().arena().allows(address, sizeof(T), kPageWrite)) {
    arguments.frame().refuse("an object of the thread library lies outside of its memory");
    return nullptr;
  }
  return reinterpret_cast<T*>(address);
}

long futex(std::uint32_t* word, int operation, std::uint32_t value, const timespec* until) {
  return syscall(SYS_futex, word, operation, value, until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

std::uint32_t this_thread_number() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

// Waits in slices, so that a guest that is stopped does not hang in a lock.
bool wait_while(GuestMachine& machine, std::uint32_t* word, std::uint32_t value) {
  timespec slice{0, 50'000'000};
  futex(word, FUTEX_WAIT_PRIVATE, value, &slice);
  return !machine.engine.faulted();
}

// ---- mutexes ----

int lock(GuestMachine& machine, GuestMutex* mutex, bool wait) {
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
      if (!wait_while(machine, &mutex->word, kind | 2U)) return EDEADLK;
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
  const clockid_t clock = (condition->flags & kMonotonic) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
  int result = 0;
  while (__atomic_load_n(&condition->sequence, __ATOMIC_SEQ_CST) == sequence) {
    if (until != nullptr) {
      timespec now{};
      clock_gettime(clock, &now);
      const bool late = now.tv_sec > until->tv_sec ||
                        (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
      if (late) {
        result = ETIMEDOUT;
        break;
      }
      timespec slice{0, 50'000'000};
      timespec left{until->tv_sec - now.tv_sec, until->tv_nsec - now.tv_nsec};
      if (left.tv_nsec < 0) left = {left.tv_sec - 1, left.tv_nsec + 1'000'000'000};
      if (left.tv_sec == 0 && left.tv_nsec < slice.tv_nsec) slice = left;
      futex(&condition->sequence, FUTEX_WAIT_PRIVATE, sequence, &slice);
      if (machine.engine.faulted()) break;
    } else if (!wait_while(machine, &condition->sequence, sequence)) {
      break;
    }
  }
  lock(machine, mutex, true);
  return result;
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
int cond_timedwait(GuestMachine& machine, std::uint64_t address, std::uint64_t mutex_address,
                   std::uint64_t until, CallArguments& rest) {
  auto* const condition = object<GuestCondition>(rest, address);
  auto* const mutex = object<GuestMutex>(rest, mutex_address);
  const auto bytes = machine.arena.bytes(until, sizeof(timespec));
  if (condition == nullptr || mutex == nullptr || !bytes) return EINVAL;
  timespec time{};
  std::memcpy(&time, bytes->data(), sizeof(time));
  return wait_for(machine, condition, mutex, &time);
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

int rw_take(GuestMachine& machine, GuestRwLock* held, bool write, bool wait) {
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
    if (!wait_while(machine, &held->changes, seen)) return EDEADLK;
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
int sem_take(GuestMachine& machine, std::uint64_t address, CallArguments& rest, bool wait) {
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
    if (!wait_while(machine, &semaphore->count, 0)) {
      errno = EINTR;
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

// ---- once, keys ----

int once(GuestMachine& machine, std::uint32_t* control, std::uint64_t function) {
  while (true) {
    std::uint32_t state = 0;
    if (__atomic_compare_exchange_n(control, &state, 1, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
      (void)machine.engine.call(function, {});
      __atomic_store_n(control, 2, __ATOMIC_RELEASE);
      futex(control, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr);
      return 0;
    }
    if (state == 2) return 0;
    if (!wait_while(machine, control, 1)) return 0;
  }
}

struct ThreadKeys {
  explicit ThreadKeys(GuestMachine&) {}
  std::mutex mutex;
  std::array<bool, kMaxKeys> used{};
  std::array<std::uint64_t, kMaxKeys> destructors{};
};

// The values of this host thread; a host thread serves one guest.
thread_local std::array<std::uint64_t, kMaxKeys> key_values{};

int key_create(GuestMachine& machine, std::uint32_t* key, std::uint64_t destructor) {
  ThreadKeys& keys = machine.part<ThreadKeys>();
  const std::scoped_lock held(keys.mutex);
  for (std::size_t i = 0; i < kMaxKeys; ++i) {
    if (keys.used[i]) continue;
    keys.used[i] = true;
    keys.destructors[i] = destructor;
    *key = static_cast<std::uint32_t>(i);
    return 0;
  }
  return EAGAIN;
}
int key_delete(GuestMachine& machine, std::uint32_t key) {
  ThreadKeys& keys = machine.part<ThreadKeys>();
  const std::scoped_lock held(keys.mutex);
  if (key >= kMaxKeys || !keys.used[key]) return EINVAL;
  keys.used[key] = false;
  keys.destructors[key] = 0;
  return 0;
}
std::uint64_t getspecific(std::uint32_t key) { return key < kMaxKeys ? key_values[key] : 0; }
int setspecific(std::uint32_t key, std::uint64_t value) {
  if (key >= kMaxKeys) return EINVAL;
  key_values[key] = value;
  return 0;
}

void run_key_destructors(GuestMachine& machine) {
  ThreadKeys& keys = machine.part<ThreadKeys>();
  for (int round = 0; round < kDestructorRounds; ++round) {
    bool any = false;
    for (std::size_t i = 0; i < kMaxKeys; ++i) {
      const std::uint64_t held = key_values[i];
      key_values[i] = 0;
      std::uint64_t destructor = 0;
      {
        const std::scoped_lock lock(keys.mutex);
        destructor = keys.used[i] ? keys.destructors[i] : 0;
      }
      if (held == 0 || destructor == 0) continue;
      any = true;
      const std::uint64_t argument[] = {held};
      (void)machine.engine.call(destructor, argument);
    }
    if (!any) return;
  }
}

// ---- threads ----

struct RunningThread {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
  bool detached = false;
  std::uint64_t result = 0;
};

struct Threads {
  // A thread that outlives its machine would run in memory that is gone: they end by the engine's
  // stop, and are waited for.
  explicit Threads(GuestMachine& machine) {
    machine.before_end([this] {
      std::unordered_map<std::uint64_t, std::thread> left;
      {
        const std::scoped_lock lock(mutex);
        left.swap(handles);
      }
      for (auto& [number, handle] : left) {
        if (handle.joinable()) handle.join();
      }
    });
  }
  std::mutex mutex;
  std::uint64_t next = 0x7000;
  std::unordered_map<std::uint64_t, std::shared_ptr<RunningThread>> running;
  std::unordered_map<std::uint64_t, std::thread> handles;
};

thread_local std::uint64_t own_number = 0x6000;  // the first thread's

int create(GuestMachine& machine, std::uint64_t* number, const std::uint64_t* attributes,
           std::uint64_t function, std::uint64_t argument) {
  Threads& threads = machine.part<Threads>();
  auto running = std::make_shared<RunningThread>();
  running->detached = attributes != nullptr && (*attributes & 1U) != 0;
  const std::scoped_lock held(threads.mutex);
  if (threads.running.size() >= 128) return EAGAIN;
  const std::uint64_t own = threads.next;
  threads.next += 0x100;
  threads.running.emplace(own, running);
  *number = own;
  threads.handles.emplace(own, std::thread([&machine, running, own, function, argument] {
                            own_number = own;
                            key_values.fill(0);
                            const std::uint64_t arguments[] = {argument};
                            const auto done = machine.engine.call(function, arguments);
                            if (!done && done.error().kind != GuestFault::Kind::kStopped)
                              machine.events.log(
                                  7, "guest", "a thread ends with a fault: " + done.error().what);
                            run_key_destructors(machine);
                            machine.engine.leave_thread();
                            const std::scoped_lock lock(running->mutex);
                            running->ended = true;
                            running->result = done ? done->integer : kThreadReturnsNothing;
                            running->changed.notify_all();
                          }));
  return 0;
}

std::shared_ptr<RunningThread> thread_of(GuestMachine& machine, std::uint64_t number) {
  Threads& threads = machine.part<Threads>();
  const std::scoped_lock held(threads.mutex);
  const auto found = threads.running.find(number);
  return found == threads.running.end() ? nullptr : found->second;
}

int join(GuestMachine& machine, std::uint64_t number, std::uint64_t* result) {
  const auto running = thread_of(machine, number);
  if (running == nullptr) return ESRCH;
  {
    std::unique_lock lock(running->mutex);
    while (!running->ended) {
      running->changed.wait_for(lock, std::chrono::milliseconds(50));
      if (!running->ended && machine.engine.faulted()) return EINTR;
    }
    if (result != nullptr) *result = running->result;
  }
  Threads& threads = machine.part<Threads>();
  const std::scoped_lock held(threads.mutex);
  const auto handle = threads.handles.find(number);
  if (handle != threads.handles.end()) {
    handle->second.join();
    threads.handles.erase(handle);
  }
  threads.running.erase(number);
  return 0;
}

int detach(GuestMachine& machine, std::uint64_t number) {
  const auto running = thread_of(machine, number);
  if (running == nullptr) return ESRCH;
  const std::scoped_lock lock(running->mutex);
  running->detached = true;
  return 0;
}

std::uint64_t self() { return own_number; }
int equal(std::uint64_t a, std::uint64_t b) { return a == b ? 1 : 0; }
int gettid_() { return static_cast<int>(this_thread_number()); }
int setname(std::uint64_t, const char*) { return 0; }
int yield() { return sched_yield(); }

// pthread_attr_t of bionic has 56 bytes: flags, stack base, stack size, guard size.
struct GuestAttributes {
  std::uint32_t flags;
  std::uint32_t padding;
  std::uint64_t stack_base;
  std::uint64_t stack_size;
  std::uint64_t guard_size;
  std::uint64_t rest[3];
};
static_assert(sizeof(GuestAttributes) == 56);

int attr_init(std::uint64_t address, CallArguments& rest) {
  auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr) return EINVAL;
  *attributes = {0, 0, 0, std::uint64_t{1} << 20U, kGuestPage, {}};
  return 0;
}
int attr_setdetachstate(std::uint64_t address, int state, CallArguments& rest) {
  auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr) return EINVAL;
  attributes->flags = (attributes->flags & ~1U) | (state != 0 ? 1U : 0U);
  return 0;
}
int attr_setstacksize(std::uint64_t address, std::uint64_t size, CallArguments& rest) {
  auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr || size < 16'384) return EINVAL;
  attributes->stack_size = size;
  return 0;
}
int attr_getstacksize(std::uint64_t address, std::uint64_t* size, CallArguments& rest) {
  auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr) return EINVAL;
  *size = attributes->stack_size;
  return 0;
}
int attr_getstack(std::uint64_t address, std::uint64_t* base, std::uint64_t* size,
                  CallArguments& rest) {
  auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr) return EINVAL;
  *base = attributes->stack_base;
  *size = attributes->stack_size;
  return 0;
}
int getattr(GuestMachine& machine, std::uint64_t, std::uint64_t address, CallArguments& rest) {
  auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr) return EINVAL;
  const auto [base, size] = machine.engine.stack();
  *attributes = {0, 0, base, size, kGuestPage, {}};
  return 0;
}

}  // namespace

void add_thread_functions(FunctionTable& table) {
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
  table.add("pthread_once", &once);
  table.add("pthread_key_create", &key_create);
  table.add("pthread_key_delete", &key_delete);
  table.add("pthread_getspecific", &getspecific);
  table.add("pthread_setspecific", &setspecific);
  table.add("pthread_create", &create);
  table.add("pthread_join", &join);
  table.add("pthread_detach", &detach);
  table.add("pthread_self", &self);
  table.add("pthread_equal", &equal);
  table.add("pthread_setname_np", &setname);
  table.add("gettid", &gettid_);
  table.add("sched_yield", &yield);
  table.add("pthread_attr_init", &attr_init);
  table.add("pthread_attr_setdetachstate", &attr_setdetachstate);
  table.add("pthread_attr_setstacksize", &attr_setstacksize);
  table.add("pthread_attr_getstacksize", &attr_getstacksize);
  table.add("pthread_attr_getstack", &attr_getstack);
  table.add("pthread_getattr_np", &getattr);
}

}  // namespace dl::guest
