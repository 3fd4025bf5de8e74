// SPDX-License-Identifier: Apache-2.0
// Threads of a guest, and what each keeps for itself.
#include <linux/futex.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/thread_objects.h"

namespace dl::guest {
namespace {

struct ThreadKeys;
constexpr std::size_t kMaxKeys = 256;
constexpr int kDestructorRounds = 4;
constexpr std::uint64_t kThreadReturnsNothing = 0;
constexpr std::size_t kMaxExitFunctions = 1U << 16U;

// What this thread of the host keeps for a guest; a host thread serves one guest at a time, and
// nothing is left over for the next.
struct ThreadState {
  std::uint64_t machine = 0;      // its serial
  std::uint64_t number = 0x6000;  // the first thread's
  struct Key {
    std::uint64_t value = 0;
    std::uint32_t round = 0;  // of the key, which may have been deleted and made again
  };
  std::array<Key, kMaxKeys> keys{};
  struct Function {
    std::uint64_t address = 0;
    std::uint64_t argument = 0;
  };
  std::vector<Function> at_exit;        // __cxa_thread_atexit_impl
  std::vector<std::uint64_t> cleanups;  // addresses of the guest's structures
  bool exits = false;                   // pthread_exit was called
  std::uint64_t result = 0;
  const ThreadKeys* known_keys = nullptr;  // the machine's, found once
};
thread_local std::unique_ptr<ThreadState> thread_state;

ThreadState& state_of(const GuestMachine& machine) {
  if (thread_state == nullptr || thread_state->machine != machine.serial) {
    thread_state = std::make_unique<ThreadState>();
    thread_state->machine = machine.serial;
  }
  return *thread_state;
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
  struct Key {
    bool used = false;
    std::uint32_t round = 0;
    std::uint64_t destructor = 0;
  };
  std::array<Key, kMaxKeys> keys{};
};

int key_create(GuestMachine& machine, std::uint32_t* key, std::uint64_t destructor) {
  ThreadKeys& all = machine.part<ThreadKeys>();
  std::size_t fresh = 0;
  {
    const std::scoped_lock held(all.mutex);
    while (fresh < kMaxKeys && all.keys[fresh].used) ++fresh;
    if (fresh == kMaxKeys) return EAGAIN;
    all.keys[fresh] = {true, all.keys[fresh].round + 1, destructor};
  }
  *key = static_cast<std::uint32_t>(fresh);
  return 0;
}
int key_delete(GuestMachine& machine, std::uint32_t key) {
  ThreadKeys& all = machine.part<ThreadKeys>();
  const std::scoped_lock held(all.mutex);
  if (key >= kMaxKeys || !all.keys[key].used) return EINVAL;
  all.keys[key].used = false;
  // Values of the threads belong to the round that is over.
  ++all.keys[key].round;
  return 0;
}
// Values are read far more often than keys are made: without a lock.
std::uint64_t getspecific(GuestMachine& machine, std::uint32_t key) {
  if (key >= kMaxKeys) return 0;
  ThreadState& state = state_of(machine);
  const ThreadState::Key& held = state.keys[key];
  if (held.value == 0) return 0;
  if (state.known_keys == nullptr) state.known_keys = &machine.part<ThreadKeys>();
  const std::uint32_t round = __atomic_load_n(&state.known_keys->keys[key].round, __ATOMIC_ACQUIRE);
  return round == held.round ? held.value : 0;
}
int setspecific(GuestMachine& machine, std::uint32_t key, std::uint64_t value) {
  ThreadKeys& all = machine.part<ThreadKeys>();
  const std::scoped_lock lock(all.mutex);
  if (key >= kMaxKeys || !all.keys[key].used) return EINVAL;
  state_of(machine).keys[key] = {value, all.keys[key].round};
  return 0;
}

void run_key_destructors(GuestMachine& machine) {
  ThreadKeys& all = machine.part<ThreadKeys>();
  ThreadState& state = state_of(machine);
  for (int round = 0; round < kDestructorRounds; ++round) {
    bool any = false;
    for (std::size_t i = 0; i < kMaxKeys; ++i) {
      const ThreadState::Key held = std::exchange(state.keys[i], {});
      std::uint64_t destructor = 0;
      {
        const std::scoped_lock lock(all.mutex);
        const ThreadKeys::Key& key = all.keys[i];
        if (key.used && key.round == held.round) destructor = key.destructor;
      }
      if (held.value == 0 || destructor == 0) continue;
      any = true;
      const std::uint64_t argument[] = {held.value};
      (void)machine.engine.call(destructor, argument);
    }
    if (!any) return;
  }
}

// ---- the end of a thread ----

int thread_atexit(GuestMachine& machine, std::uint64_t function, std::uint64_t argument,
                  std::uint64_t) {
  ThreadState& state = state_of(machine);
  if (state.at_exit.size() >= kMaxExitFunctions) return -1;
  state.at_exit.push_back({function, argument});
  return 0;
}
// Destructors of thread-local objects, then those of keys.
void end_thread(GuestMachine& machine) {
  ThreadState& state = state_of(machine);
  while (!state.at_exit.empty()) {
    const ThreadState::Function last = state.at_exit.back();
    state.at_exit.pop_back();
    const std::uint64_t arguments[] = {last.argument};
    if (!machine.engine.call(last.address, arguments)) break;
  }
  run_key_destructors(machine);
}

// {previous, routine, argument} in the guest's memory.
void cleanup_push(GuestMachine& machine, std::uint64_t* structure, std::uint64_t routine,
                  std::uint64_t argument) {
  ThreadState& state = state_of(machine);
  if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(structure), 24, kPageWrite) ||
      state.cleanups.size() >= kMaxExitFunctions)
    return;
  structure[1] = routine;
  structure[2] = argument;
  state.cleanups.push_back(reinterpret_cast<std::uint64_t>(structure));
}
void run_cleanup(GuestMachine& machine, std::uint64_t structure) {
  const auto bytes = machine.arena.bytes(structure, 24);
  if (!bytes) return;
  std::uint64_t words[3];
  std::memcpy(words, bytes->data(), sizeof(words));
  const std::uint64_t arguments[] = {words[2]};
  (void)machine.engine.call(words[1], arguments);
}
void cleanup_pop(GuestMachine& machine, std::uint64_t structure, int execute) {
  ThreadState& state = state_of(machine);
  if (!state.cleanups.empty()) state.cleanups.pop_back();
  if (execute != 0) run_cleanup(machine, structure);
}
void exit_thread(GuestMachine& machine, std::uint64_t result) {
  ThreadState& state = state_of(machine);
  while (!state.cleanups.empty() && !machine.engine.faulted()) {
    const std::uint64_t structure = state.cleanups.back();
    state.cleanups.pop_back();
    run_cleanup(machine, structure);
  }
  state.exits = true;
  state.result = result;
  machine.raise(GuestFault::Kind::kExit, "ends its thread");
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
      // A thread that ends may have started another.
      for (auto left = take_handles(); !left.empty(); left = take_handles()) {
        for (auto& [number, handle] : left) {
          if (handle.joinable()) handle.join();
        }
      }
    });
  }
  std::unordered_map<std::uint64_t, std::thread> take_handles() {
    const std::scoped_lock lock(mutex);
    return std::exchange(handles, {});
  }
  std::mutex mutex;
  std::uint64_t next = 0x7000;
  std::unordered_map<std::uint64_t, std::shared_ptr<RunningThread>> running;
  std::unordered_map<std::uint64_t, std::thread> handles;
};

// What a thread of the guest does from its beginning to its end.
void run_thread(GuestMachine& machine, RunningThread& running, std::uint64_t own,
                std::uint64_t function, std::uint64_t argument) {
  ThreadState& state = state_of(machine);
  state.number = own;
  const std::uint64_t arguments[] = {argument};
  const auto done = machine.engine.call(function, arguments);
  if (!done && !state.exits && done.error().kind != GuestFault::Kind::kStopped)
    machine.end_by_thread(done.error());
  const std::uint64_t result = state.exits ? state.result
                               : done      ? done->integer
                                           : kThreadReturnsNothing;
  // What is being stopped runs nothing more.
  if (done || done.error().kind != GuestFault::Kind::kStopped) end_thread(machine);
  machine.loader->thread_storage().release_thread();
  machine.engine.leave_thread();
  thread_state.reset();
  const std::scoped_lock lock(running.mutex);
  running.ended = true;
  running.result = result;
  running.changed.notify_all();
}

int create(GuestMachine& machine, std::uint64_t* number, const std::uint64_t* attributes,
           std::uint64_t function, std::uint64_t argument) {
  Threads& threads = machine.part<Threads>();
  auto running = std::make_shared<RunningThread>();
  running->detached = attributes != nullptr && (*attributes & 1U) != 0;
  std::uint64_t own = 0;
  {
    const std::scoped_lock held(threads.mutex);
    own = threads.next;
    threads.next += 0x100;
  }
  *number = own;  // the thread itself may look for it
  const std::scoped_lock held(threads.mutex);
  if (threads.running.size() >= 128) return EAGAIN;
  try {
    threads.handles.emplace(own, std::thread([&machine, running, own, function, argument] {
                              run_thread(machine, *running, own, function, argument);
                            }));
  } catch (const std::system_error&) {  // this process has as many as it may
    return EAGAIN;
  }
  threads.running.emplace(own, running);
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
  std::uint64_t answer = 0;
  {
    std::unique_lock lock(running->mutex);
    while (!running->ended) {
      running->changed.wait_for(lock, std::chrono::milliseconds(50));
      if (!running->ended && machine.engine.faulted()) return EINTR;
    }
    answer = running->result;
  }
  Threads& threads = machine.part<Threads>();
  {
    const std::scoped_lock held(threads.mutex);
    const auto handle = threads.handles.find(number);
    if (handle != threads.handles.end()) {
      handle->second.join();
      threads.handles.erase(handle);
    }
    threads.running.erase(number);
  }
  if (result != nullptr) *result = answer;
  return 0;
}

int detach(GuestMachine& machine, std::uint64_t number) {
  const auto running = thread_of(machine, number);
  if (running == nullptr) return ESRCH;
  const std::scoped_lock lock(running->mutex);
  running->detached = true;
  return 0;
}

std::uint64_t self(GuestMachine& machine) { return state_of(machine).number; }
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

int attr_get_word(std::uint64_t address, std::uint64_t* to, CallArguments& rest) {
  const auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr) return EINVAL;
  *to = attributes->guard_size;
  return 0;
}
int attr_setguardsize(std::uint64_t address, std::uint64_t size, CallArguments& rest) {
  auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr) return EINVAL;
  attributes->guard_size = size;
  return 0;
}
int attr_getdetachstate(std::uint64_t address, std::int32_t* to, CallArguments& rest) {
  const auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr) return EINVAL;
  *to = static_cast<std::int32_t>(attributes->flags & 1U);
  return 0;
}
int attr_setstack(std::uint64_t address, std::uint64_t base, std::uint64_t size,
                  CallArguments& rest) {
  auto* const attributes = object<GuestAttributes>(rest, address);
  if (attributes == nullptr || size < 16'384) return EINVAL;
  attributes->stack_base = base;
  attributes->stack_size = size;
  return 0;
}
// Scheduling is this machine's: policies are accepted and stay the ordinary one.
int attr_accepted(std::uint64_t, std::uint64_t) { return 0; }
int attr_getschedparam(std::uint64_t, std::int32_t* to) {
  *to = 0;
  return 0;
}
int getschedparam(std::uint64_t, std::int32_t* policy, std::int32_t* parameter) {
  *policy = 0;  // SCHED_OTHER
  *parameter = 0;
  return 0;
}
int setschedparam(std::uint64_t, int, std::uint64_t) { return 0; }
int gettid_np(std::uint64_t) { return static_cast<int>(this_thread_number()); }
int getname(GuestMachine& machine, std::uint64_t, std::uint64_t to, std::uint64_t room) {
  constexpr const char* kName = "Thread-1";
  if (room < 16) return ERANGE;
  if (!machine.arena.allows(to, 16, kPageWrite)) return EFAULT;
  std::memset(reinterpret_cast<void*>(to), 0, 16);
  std::memcpy(reinterpret_cast<void*>(to), kName, std::strlen(kName));
  return 0;
}
int getcpuclockid(std::uint64_t, std::int32_t* to) {
  *to = CLOCK_THREAD_CPUTIME_ID;
  return 0;
}
int concurrency() { return 0; }

}  // namespace

void add_thread_functions(FunctionTable& table) {
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
  table.add("__cxa_thread_atexit_impl", &thread_atexit);
  table.add("__pthread_cleanup_push", &cleanup_push);
  table.add("__pthread_cleanup_pop", &cleanup_pop);
  table.add("pthread_exit", &exit_thread);
  table.add("pthread_attr_getguardsize", &attr_get_word);
  table.add("pthread_attr_setguardsize", &attr_setguardsize);
  table.add("pthread_attr_getdetachstate", &attr_getdetachstate);
  table.add("pthread_attr_setstack", &attr_setstack);
  for (const char* name : {"pthread_attr_setschedparam", "pthread_attr_setschedpolicy",
                           "pthread_attr_setscope", "pthread_attr_setinheritsched"})
    table.add(name, &attr_accepted);
  for (const char* name : {"pthread_attr_getschedparam", "pthread_attr_getschedpolicy",
                           "pthread_attr_getscope", "pthread_attr_getinheritsched"})
    table.add(name, &attr_getschedparam);
  table.add("pthread_getschedparam", &getschedparam);
  table.add("pthread_setschedparam", &setschedparam);
  table.add("pthread_setschedprio", &attr_accepted);
  table.add("pthread_gettid_np", &gettid_np);
  table.add("pthread_getname_np", &getname);
  table.add("pthread_getcpuclockid", &getcpuclockid);
  for (const char* name : {"pthread_getconcurrency", "pthread_setconcurrency"})
    table.add(name, &concurrency);
}

}  // namespace dl::guest
