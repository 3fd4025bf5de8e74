// SPDX-License-Identifier: Apache-2.0
// Threads, calls in both directions, and how they end.
#include "daylight/guest/engine/host_engine.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "daylight/guest/engine/host_faults.h"
#include "daylight/guest/engine/host_signals.h"
#include "daylight/guest/engine/host_switch.h"
#include "daylight/guest/engine/host_watches.h"
#include "daylight/guest/engine/watched_calls.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kStackGuard = 65'536;
// Of a stack that the guest made itself, what is read for a backtrace.
constexpr std::uint64_t kForeignStack = 65'536;
constexpr std::uint32_t kFirstNumber = 1;
constexpr std::size_t kNumbers = 65'536;

// A thread of the host while it runs guest code.
struct GuestThread {
  std::vector<HostFrameRegisters*> calls;  // host functions that run, outermost first
  WatchedCalls watched;
  std::optional<GuestFault> fault;
  int depth = 0;
  // Its call is to end, also where the engine goes on meanwhile. False outside of calls.
  std::atomic<bool> stopped = false;
  int id = 0;  // the kernel's
  std::uint64_t block = 0;
  std::uint64_t stack = 0;  // lowest address, above the guard
  std::uint64_t stack_size = 0;
};

class HostFrame final : public CallFrame {
 public:
  HostFrame(const GuestArena& arena, HostFrameRegisters& registers)
      : CallFrame(arena), registers_(registers) {}
  std::size_t integer_registers() const override { return kHostIntegerRegisters; }
  std::uint64_t integer(std::size_t i) const override { return registers_.integers[i]; }
  std::size_t vector_registers() const override { return kHostVectorRegisters; }
  Vector128 vector(std::size_t i) const override { return registers_.vectors[i]; }
  std::uint64_t stack() const override {
    // x86-64 has the return address in front of the arguments.
    return registers_.stack + (is_arm64() ? 0 : 8);
  }
  std::uint64_t return_address() const override {
    if (is_arm64()) return registers_.link;
    std::uint64_t out = 0;
    const auto bytes = arena().bytes(registers_.stack, 8);
    if (bytes) std::memcpy(&out, bytes->data(), 8);
    return out;
  }
  void return_integer(std::uint64_t value) override { registers_.result = value; }
  void return_vector(const Vector128& value) override { registers_.vector_result = value; }
  void return_second_integer(std::uint64_t value) override { registers_.second_result = value; }
  void return_extended(long double value) override {
    if (is_arm64()) return CallFrame::return_extended(value);
    registers_.returns_extended = 1;
    // Ten bytes of it count.
    std::memcpy(registers_.extended.data(), &value, 10);
  }
  std::uint64_t result() const override { return registers_.result; }
  Vector128 vector_result() const override { return registers_.vector_result; }
  std::uint64_t result_address() const override { return registers_.result_address; }
  bool is_arm64() const override { return kHostMachine == ElfMachine::kArm64; }

 private:
  HostFrameRegisters& registers_;
};

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> serial{1};
  return serial++;
}

class HostEngine final : public GuestEngine, private HostBreakpoints {
 public:
  HostEngine(GuestArena& arena, const GuestEngineOptions& options)
      : arena_(arena), options_(options), watches_(arena), functions_(kNumbers) {}
  ~HostEngine() override;

  Result<std::uint64_t> bind(HostFunction function) override;
  std::string bound_name(std::uint64_t address) const override;
  GuestResult<GuestValue> call(std::uint64_t function, std::span<const std::uint64_t> integers,
                               std::span<const Vector128> vectors) override;
  void handle_signals(std::function<std::uint64_t(int)> handler_of) override {
    guest_handlers_.handler_of = std::move(handler_of);
  }
  void raise(GuestFault fault) override;
  bool faulted() const override;
  void stop(const std::string& why) override;
  void resume() override { stopped_ = false; }
  std::uint64_t thread_block() override;
  std::pair<std::uint64_t, std::uint64_t> stack() override;
  void leave_thread() override;
  void code_changed(std::uint64_t address, std::uint64_t size) override;
  Result<void> watch(std::uint64_t function) override {
    return watches_.add(function, HostWatches::Purpose::kEntry);
  }
  void observe(CallObserver* observer) override { observer_ = observer; }
  bool observed() const override {
    return observer_ != nullptr && observer_->wants_host_functions();
  }
  bool nans_may_differ() const override { return false; }

  // Whether the guest goes on.
  bool host_call(HostFrameRegisters& registers);

 private:
  GuestThread* this_thread();
  GuestFault stop_fault() const;
  void begin_call(GuestThread& thread);
  void end_call(GuestThread& thread);
  bool run(GuestThread& thread, GuestEntry& entry);
  void keep_fault(GuestThread& thread);
  std::optional<std::uint64_t> pass(std::uint64_t place, HostFrameRegisters& registers) override;
  std::uint64_t place_of(std::uint64_t pc) const override { return watches_.place_of(pc); }
  std::uint8_t byte_at(std::uint64_t address) const override { return watches_.byte_at(address); }
  void enter_watched(std::uint64_t function, HostFrameRegisters& registers);
  void leave_watched(std::uint64_t return_to, HostFrameRegisters& registers);
  void leave_entry(const GuestEntry& entry);
  HostCode code() const { return {arena_, *this}; }

  GuestArena& arena_;
  GuestEngineOptions options_;
  std::uint64_t serial_ = next_serial();
  CallObserver* observer_ = nullptr;
  HostWatches watches_;
  GuestHandlers guest_handlers_{arena_, *this, {}};
  std::atomic<bool> stopped_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::string why_stopped_;
  std::vector<std::unique_ptr<HostFunction>> functions_;  // by number; read without the lock
  std::uint32_t bound_ = kFirstNumber;
  std::map<std::pair<std::string, void*>, std::uint64_t> addresses_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;  // by address
  std::uint64_t stub_page_ = 0;
  std::size_t stubs_used_ = kHostStubsPerPage;
  std::vector<std::unique_ptr<GuestThread>> threads_;
};

// The guest thread of this host thread, and whose it is.
struct ThreadSlot {
  std::uint64_t engine = 0;
  GuestThread* thread = nullptr;
};
thread_local ThreadSlot thread_slot;
// Whose code runs on this thread.
thread_local HostEngine* running_engine = nullptr;

HostEngine::~HostEngine() {
  if (thread_slot.engine == serial_) {
    thread_slot = {};
    set_stop_flag(nullptr);
    set_guest_handlers(nullptr);
  }
}

Result<std::uint64_t> HostEngine::bind(HostFunction function) {
  const std::scoped_lock lock(mutex_);
  const std::pair<std::string, void*> key(function.name, function.target);
  const auto known = addresses_.find(key);
  if (known != addresses_.end()) return known->second;
  if (bound_ >= kMaxBoundFunctions)
    return fail(ErrorCode::kLimit, "the guest imports too many functions", function.name);
  if (stubs_used_ == kHostStubsPerPage) {
    // A page is written whole before it is run: other threads may be in it at any time later.
    const std::uint64_t page = TRY(arena_.map(kGuestPage, kPageRead | kPageWrite));
    write_host_stubs(page, bound_);
    TRY_VOID(arena_.protect(page, kGuestPage, kPageRead | kPageExecute));
    code_changed(page, kGuestPage);
    stub_page_ = page;
    stubs_used_ = 0;
  }
  const std::uint64_t address = stub_page_ + stubs_used_ * kHostStubSize;
  ++stubs_used_;
  functions_[bound_] = std::make_unique<HostFunction>(std::move(function));
  numbers_.emplace(address, bound_);
  addresses_.emplace(key, address);
  ++bound_;
  return address;
}

std::string HostEngine::bound_name(std::uint64_t address) const {
  const std::scoped_lock lock(mutex_);
  const auto found = numbers_.find(address);
  return found == numbers_.end() ? "" : functions_[found->second]->name;
}

GuestThread* HostEngine::this_thread() {
  if (thread_slot.engine == serial_) return thread_slot.thread;
  if (!prepare_signal_stack()) return nullptr;
  auto thread = std::make_unique<GuestThread>();
  const auto block = arena_.map(kThreadBlockSize, kPageRead | kPageWrite);
  const auto stack = arena_.reserve_range(options_.stack_size + kStackGuard);
  if (!block || !stack) return nullptr;
  thread->id = static_cast<int>(syscall(SYS_gettid));
  thread->block = *block;
  thread->stack = *stack + kStackGuard;
  thread->stack_size = options_.stack_size;
  if (!arena_.map_at(thread->stack, thread->stack_size, kPageRead | kPageWrite)) return nullptr;
  const std::scoped_lock lock(mutex_);
  if (threads_.size() >= options_.max_threads) return nullptr;
  threads_.push_back(std::move(thread));
  thread_slot = {serial_, threads_.back().get()};
  set_stop_flag(&thread_slot.thread->stopped);
  set_guest_handlers(&guest_handlers_);
  return thread_slot.thread;
}

// Where the stack ends that this address lies on: that of the thread, or one that the guest made.
std::uint64_t stack_end(const GuestThread& thread, std::uint64_t address) {
  const std::uint64_t end = thread.stack + thread.stack_size;
  return address >= thread.stack && address < end ? end : address + kForeignStack;
}

GuestFault HostEngine::stop_fault() const {
  const std::scoped_lock lock(mutex_);
  GuestFault fault;
  fault.kind = GuestFault::Kind::kStopped;
  fault.what = why_stopped_;
  return fault;
}

// How the call that was just given up ended, where nobody said so before.
void HostEngine::keep_fault(GuestThread& thread) {
  const HostSignal signal = take_host_signal();
  if (thread.fault) return;
  if (thread.stopped || signal.number == 0) {
    thread.fault = stop_fault();
    thread.fault->pc = signal.pc;
  } else {
    thread.fault = fault_of(signal, code(), thread.stack, kStackGuard);
  }
  if (signal.number != 0)
    thread.fault->frames = host_backtrace(code(), signal.pc, signal.stack,
                                          stack_end(thread, signal.stack), signal.frame);
}

// Whether the call returned.
bool HostEngine::run(GuestThread& thread, GuestEntry& entry) {
  const GuestRuns guest_runs;
  HostEngine* const outer_engine = std::exchange(running_engine, this);
  const std::size_t calls = thread.calls.size();
  const bool returned = daylight_enter_guest(&entry) == 0;
  thread.calls.resize(calls);
  running_engine = outer_engine;
  if (!returned) {
    keep_fault(thread);
  } else if (!thread.watched.empty()) {
    leave_entry(entry);
  }
  return returned;
}

// Where the stack is at a function's first instruction: its return address on top of it.
constexpr std::uint64_t kReturnAddressSize = 8;
// Stands for the place in daylight_enter_guest() behind its call.
constexpr std::uint64_t kReturnsToHost = 0;

std::optional<std::uint64_t> HostEngine::pass(std::uint64_t place, HostFrameRegisters& registers) {
  const auto watch = watches_.at(place);
  if (!watch) return std::nullopt;
  if (watch->is_return) leave_watched(place, registers);
  if (watch->entry) enter_watched(place, registers);
  const GuestThread& thread = *thread_slot.thread;
  return thread.fault || thread.stopped ? 0 : watch->moved_to;
}

void HostEngine::enter_watched(std::uint64_t function, HostFrameRegisters& registers) {
  if (observer_ == nullptr) return;
  HostFrame frame(arena_, registers);
  observer_->enter_code(function, frame);
  GuestThread& thread = *thread_slot.thread;
  const std::uint64_t return_to = frame.return_address();
  const bool to_guest = arena_.contains(return_to);
  thread.watched.enter(function, to_guest ? return_to : kReturnsToHost, registers.stack,
                       static_cast<std::size_t>(thread.depth));
  // Where this is refused, only the beginning of the call is seen.
  if (to_guest) (void)watches_.add(return_to, HostWatches::Purpose::kReturn);
}

void HostEngine::leave_watched(std::uint64_t return_to, HostFrameRegisters& registers) {
  GuestThread& thread = *thread_slot.thread;
  const std::uint64_t stack = registers.stack - kReturnAddressSize;
  const auto depth = static_cast<std::size_t>(thread.depth);
  for (const std::uint64_t function : thread.watched.leave(return_to, stack, depth)) {
    HostFrame frame(arena_, registers);
    if (observer_ != nullptr) observer_->leave_code(function, frame);
  }
}

// A call from the host has come back, and with it what was watched and returned there.
void HostEngine::leave_entry(const GuestEntry& entry) {
  HostFrameRegisters registers{};
  registers.stack = entry.stack;
  registers.result = entry.result;
  registers.second_result = entry.second_result;
  registers.vector_result = entry.vector_result;
  leave_watched(kReturnsToHost, registers);
}

void HostEngine::begin_call(GuestThread& thread) {
  // In this order: a stop that finds the call interrupts this thread.
  if (thread.depth == 0) daylight_host_switch.interrupted = 0;
  const std::scoped_lock lock(mutex_);
  ++thread.depth;
  if (stopped_) thread.stopped = true;
}

void HostEngine::end_call(GuestThread& thread) {
  bool stopped = false;
  {
    const std::scoped_lock lock(mutex_);
    --thread.depth;
    if (thread.depth == 0) stopped = thread.stopped.exchange(false);
  }
  thread.watched.drop_deeper(static_cast<std::size_t>(thread.depth));
  // What befalls a call that is being stopped is not its own doing.
  if (stopped && thread.fault) thread.fault->kind = GuestFault::Kind::kStopped;
}

GuestResult<GuestValue> HostEngine::call(std::uint64_t function,
                                         std::span<const std::uint64_t> integers,
                                         std::span<const Vector128> vectors) {
  // What was called from inside of a call ends that, too: a host function would take it for a
  // result.
  const auto refuse = [&](GuestFault::Kind kind, std::string what) {
    GuestFault fault;
    fault.kind = kind;
    fault.what = std::move(what);
    if (thread_slot.engine == serial_ && thread_slot.thread->depth > 0) raise(fault);
    return tl::unexpected<GuestFault>(std::move(fault));
  };
  GuestThread* const thread = this_thread();
  if (thread == nullptr)
    return refuse(GuestFault::Kind::kStackOverflow, "there are too many threads");
  if (thread->fault) return tl::unexpected<GuestFault>(*thread->fault);
  if (thread->depth >= options_.max_depth)
    return refuse(GuestFault::Kind::kStackOverflow, "calls between guest and host nest too deep");
  GuestEntry entry{};
  const HostFrameRegisters* const outer = thread->calls.empty() ? nullptr : thread->calls.back();
  const auto placed =
      place_call(arena_, outer == nullptr ? std::nullopt : std::optional(outer->stack),
                 thread->stack + thread->stack_size, integers, kHostIntegerRegisters);
  if (!placed) return refuse(GuestFault::Kind::kStackOverflow, "uses more stack than it has");
  std::copy(placed->in_registers.begin(), placed->in_registers.end(), entry.integers.begin());
  std::copy_n(vectors.begin(), std::min(vectors.size(), kHostVectorRegisters),
              entry.vectors.begin());
  entry.function = function;
  entry.stack = placed->stack;
  entry.frame = outer == nullptr ? 0 : outer->frame;
  begin_call(*thread);
  if (thread->stopped) {
    thread->fault = stop_fault();
  } else {
    run(*thread, entry);
  }
  end_call(*thread);
  if (thread->fault) {
    GuestFault fault = *thread->fault;
    if (thread->depth == 0) thread->fault.reset();
    return tl::unexpected<GuestFault>(std::move(fault));
  }
  return GuestValue{entry.result, entry.vector_result};
}

bool HostEngine::host_call(HostFrameRegisters& registers) {
  GuestThread& thread = *thread_slot.thread;
  const HostFunction& function = *functions_[registers.number];
  HostFrame frame(arena_, registers);
  const std::size_t depth = thread.calls.size();
  thread.calls.push_back(&registers);
  if (observer_ != nullptr) observer_->enter(function, frame);
  auto ended = run_host_function(function, frame, thread.block);
  thread.calls.resize(depth + 1);
  if (ended) raise(std::move(*ended));
  if (observer_ != nullptr) observer_->leave(function, frame);
  thread.calls.resize(depth);
  return !thread.fault && !thread.stopped;
}

void HostEngine::raise(GuestFault fault) {
  GuestThread* const thread = this_thread();
  if (thread == nullptr || thread->fault) return;
  if (!thread->calls.empty()) {
    HostFrameRegisters& registers = *thread->calls.back();
    fault.pc = HostFrame(arena_, registers).return_address();
    fault.frames = host_backtrace(code(), fault.pc, registers.stack,
                                  stack_end(*thread, registers.stack), registers.frame);
  }
  thread->fault = std::move(fault);
}

bool HostEngine::faulted() const {
  if (stopped_) return true;
  if (thread_slot.engine != serial_) return false;
  return thread_slot.thread->fault.has_value() || thread_slot.thread->stopped;
}

void HostEngine::stop(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  why_stopped_ = why;
  stopped_ = true;
  for (const auto& thread : threads_) {
    if (thread->depth == 0) continue;
    thread->stopped = true;
    interrupt_guest(thread->id);
  }
}

std::uint64_t HostEngine::thread_block() {
  const GuestThread* const thread = this_thread();
  return thread == nullptr ? 0 : thread->block;
}

std::pair<std::uint64_t, std::uint64_t> HostEngine::stack() {
  const GuestThread* const thread = this_thread();
  if (thread == nullptr) return {0, 0};
  return {thread->stack, thread->stack_size};
}

void HostEngine::leave_thread() {
  if (thread_slot.engine != serial_ || thread_slot.thread->depth > 0) return;
  GuestThread* const leaving = thread_slot.thread;
  thread_slot = {};
  set_stop_flag(nullptr);
  set_guest_handlers(nullptr);
  arena_.unmap(leaving->stack - kStackGuard, leaving->stack_size + kStackGuard);
  arena_.unmap(leaving->block, kThreadBlockSize);
  const std::scoped_lock lock(mutex_);
  std::erase_if(threads_, [&](const auto& thread) { return thread.get() == leaving; });
}

void HostEngine::code_changed(std::uint64_t address, std::uint64_t size) {
  auto* const begin = reinterpret_cast<char*>(address);
  __builtin___clear_cache(begin, begin + size);
}

}  // namespace

extern "C" int daylight_host_dispatch(HostFrameRegisters* registers) {
  return running_engine->host_call(*registers) ? 0 : 1;
}

Result<std::unique_ptr<GuestEngine>> make_host_engine(GuestArena& arena,
                                                      const GuestEngineOptions& options) {
  if (!options.jailed)
    return fail(ErrorCode::kUnsupported, "native code of an app runs only in a jailed process",
                "guest");
  TRY_VOID(install_host_signals());
  return std::make_unique<HostEngine>(arena, options);
}

}  // namespace dl::guest
