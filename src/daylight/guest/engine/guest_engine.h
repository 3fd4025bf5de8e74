// SPDX-License-Identifier: Apache-2.0
// What runs a guest's code: the seam behind which the processors lie.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/guest/engine/guest_fault.h"
#include "daylight/guest/engine/host_function.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// What a call gives back, in both kinds of register: the caller knows which counts.
struct GuestValue {
  std::uint64_t integer = 0;
  Vector128 vector{};
};

// Places in a thread's block (GuestEngine::thread_block): where app code of bionic reads the stack
// guard, and where errno lies. A host function that sets errno sets it here.
inline constexpr std::uint64_t kStackGuardSlot = 0x28;
inline constexpr std::uint64_t kErrnoSlot = 0x800;
inline constexpr std::uint64_t kThreadBlockSize = 4096;
// Functions of the host that are bound.
inline constexpr std::size_t kMaxBoundFunctions = 65'000;
// Frames of a backtrace.
inline constexpr std::size_t kMaxBacktrace = 48;

template <typename T>
using GuestResult = tl::expected<T, GuestFault>;

// What sees every call from the guest to the host, and calls of watched functions of the guest.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  // Whether it looks at host functions. Where it does not, those that could run as the guest's own
  // code (memcpy and its like) do.
  virtual bool wants_host_functions() const { return true; }
  virtual void enter(const HostFunction& function, CallFrame& frame) = 0;
  virtual void leave(const HostFunction& function, CallFrame& frame) = 0;
  // At the first instruction of the function at `address`, and where it returns to: with its
  // results in the frame. A call that is left otherwise (an exception, a fault) never comes back.
  virtual void enter_code(std::uint64_t address, CallFrame& frame) = 0;
  virtual void leave_code(std::uint64_t address, CallFrame& frame) = 0;
};

struct GuestEngineOptions {
  // Nested calls from the host into the guest and back.
  int max_depth = 64;
  std::uint64_t stack_size = std::uint64_t{8} << 20;
  // Threads that a guest has at a time.
  std::size_t max_threads = 128;
  // Whether the guest may touch all of this process's memory: for a guest beside a JVM in a jailed
  // process of their own. Otherwise it cannot leave its arena.
  bool shared_memory = false;
  // This process is a jail, or the user goes on without one: the host engine runs nowhere else.
  bool jailed = false;
  // Results that are no numbers (NaN) have the sign and payload that arm64 gives them, and what
  // depends on them goes the way that it goes there. Without it, the translator's code is up to 1.4
  // times as fast, and nans_may_differ() says whether there were any. arm64 only.
  bool exact_nans = false;
};

class GuestEngine {
 public:
  virtual ~GuestEngine() = default;

  // The address under which the guest calls `function`; the same for a name that was bound before
  // with the same target. kLimit when there are too many.
  virtual Result<std::uint64_t> bind(HostFunction function) = 0;
  // The name of what is bound there, or "".
  virtual std::string bound_name(std::uint64_t address) const = 0;

  // Calls a function of the guest on this thread, which becomes one of the guest's while it lasts.
  // Integer arguments and floating ones in order of each kind. A call from inside of a host
  // function runs on the same guest thread. Thread safe.
  virtual GuestResult<GuestValue> call(std::uint64_t function,
                                       std::span<const std::uint64_t> integers,
                                       std::span<const Vector128> vectors = {}) = 0;

  // A fault that the host function on this thread ends its call with: abort, exit, a missing
  // import.
  virtual void raise(GuestFault fault) = 0;
  // Whether this thread's call is ending with a fault: host functions that call back return soon.
  virtual bool faulted() const = 0;

  // Where the guest handles a signal that its own code causes, by the signal's number: the address
  // of its handler, 0 for none. Asked on the thread that causes it; not while a guest runs. Without
  // one such a signal is a fault. arm64 delivers those of instructions (SIGILL, SIGTRAP), the host
  // engine those of memory too.
  virtual void handle_signals(std::function<std::uint64_t(int number)> handler_of) = 0;

  // Ends all calls with kStopped, from any thread; later calls too, until resume(). Calls that were
  // under way at the stop end also where that comes first.
  virtual void stop(const std::string& why) = 0;
  virtual void resume() = 0;

  // The block that the guest's thread register points to, for this thread (4 KiB, in the arena).
  virtual std::uint64_t thread_block() = 0;
  // The stack of this thread: lowest address and size.
  virtual std::pair<std::uint64_t, std::uint64_t> stack() = 0;
  // This thread of the host runs no more guest code: its stack and block are given back. Not from
  // inside of a call.
  virtual void leave_thread() = 0;
  // Code at these addresses has changed.
  virtual void code_changed(std::uint64_t address, std::uint64_t size) = 0;
  // Tells the observer of calls of the function that begins there, also while it runs: from the
  // next call on. kUnsupported where the engine cannot, kInvalidArgument where no code is, kLimit
  // for too many. Thread safe.
  virtual Result<void> watch(std::uint64_t function) = 0;
  // One at most; null for none. Not while a guest runs; calls of a few functions of libc are seen
  // only if it was there before the first library was loaded.
  virtual void observe(CallObserver* observer) = 0;
  // Whether an observer wants host functions.
  virtual bool observed() const = 0;
  // Whether a call so far met an operation that has no number as its result, where such results
  // are not exact: later bits may be others than a phone's.
  virtual bool nans_may_differ() const = 0;
};

}  // namespace dl::guest
