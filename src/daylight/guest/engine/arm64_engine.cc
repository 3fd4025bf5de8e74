// SPDX-License-Identifier: Apache-2.0
// Processors, calls in both directions, and faults.
#include "daylight/guest/engine/arm64_engine.h"

#include <dynarmic/interface/A64/a64.h>
#include <dynarmic/interface/A64/config.h>
#include <dynarmic/interface/exclusive_monitor.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "daylight/guest/engine/arm64_cpu.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

using Dynarmic::HaltReason;

constexpr std::uint64_t kStackGuardValue = 0x5b2d8f00a7c3e100;

std::uint32_t svc(std::uint32_t number) { return 0xd4000001U | (number << 5U); }
constexpr std::uint32_t kRet = 0xd65f03c0;

struct sigaction translator_segv;
struct sigaction translator_bus;

void on_memory_signal(int number, siginfo_t* info, void* context) {
  leave_by_memory_escape(reinterpret_cast<std::uint64_t>(info->si_addr));
  if (others_handle(number, info, context)) return;
  const struct sigaction& next = number == SIGBUS ? translator_bus : translator_segv;
  if ((next.sa_flags & SA_SIGINFO) != 0 && next.sa_sigaction != nullptr) {
    next.sa_sigaction(number, info, context);
  } else if (next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN &&
             next.sa_handler != nullptr) {
    next.sa_handler(number);
  } else {
    signal(number, SIG_DFL);
    raise(number);
  }
}

// In front of the translator's handlers, which it sets when the first processor is made.
void install_handlers() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = &on_memory_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigaction(SIGSEGV, &action, &translator_segv);
    sigaction(SIGBUS, &action, &translator_bus);
  });
}

class Arm64Frame final : public CallFrame {
 public:
  Arm64Frame(const GuestArena& arena, A64::Jit& jit) : CallFrame(arena), jit_(jit) {}
  std::size_t integer_registers() const override { return 8; }
  std::uint64_t integer(std::size_t i) const override { return jit_.GetRegister(i); }
  std::size_t vector_registers() const override { return 8; }
  Vector128 vector(std::size_t i) const override { return jit_.GetVector(i); }
  std::uint64_t stack() const override { return jit_.GetSP(); }
  std::uint64_t return_address() const override { return jit_.GetRegister(30); }
  void return_integer(std::uint64_t value) override { jit_.SetRegister(0, value); }
  void return_vector(const Vector128& value) override { jit_.SetVector(0, value); }
  void return_second_integer(std::uint64_t value) override { jit_.SetRegister(1, value); }
  std::uint64_t result_address() const override { return jit_.GetRegister(8); }
  bool is_arm64() const override { return true; }

 private:
  A64::Jit& jit_;
};

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> serial{1};
  return serial++;
}

// The guest thread of this host thread, and whose it is.
struct ThreadSlot {
  std::uint64_t engine = 0;
  Arm64Thread* thread = nullptr;
};
thread_local ThreadSlot thread_slot;

class Arm64Engine final : public GuestEngine, public Arm64Host {
 public:
  Arm64Engine(GuestArena& arena, const GuestEngineOptions& options)
      : arena_(arena),
        options_(options),
        monitor_(kMaxGuestCpus),
        watches_(arena, svc(kWatchNumber), svc(kResumeNumber)),
        hot_sites_(arena),
        functions_(65'536),
        stubs_(functions_.size()) {}

  Result<void> prepare();
  Result<std::uint64_t> bind(HostFunction function) override;
  std::string bound_name(std::uint64_t address) const override;
  GuestResult<GuestValue> call(std::uint64_t function, std::span<const std::uint64_t> integers,
                               std::span<const Vector128> vectors) override;
  void handle_signals(std::function<std::uint64_t(int)> handler_of) override {
    handler_of_ = std::move(handler_of);
  }
  void raise(GuestFault fault) override;
  bool faulted() const override;
  void stop(const std::string& why) override;
  void resume() override { stopped_ = false; }
  std::uint64_t thread_block() override;
  std::pair<std::uint64_t, std::uint64_t> stack() override;
  void leave_thread() override;
  void code_changed(std::uint64_t address, std::uint64_t size) override;
  Result<void> watch(std::uint64_t function) override;
  void observe(CallObserver* observer) override { observer_ = observer; }
  bool observed() const override {
    return observer_ != nullptr && observer_->wants_host_functions();
  }
  bool nans_may_differ() const override { return !options_.exact_nans && invalid_operation_; }

  const Arm64Watches& watches() const override { return watches_; }
  Arm64HotSites& hot_sites() override { return hot_sites_; }
  void enter_watched(Arm64Cpu& cpu, std::uint64_t function) override;
  void leave_watched(Arm64Cpu& cpu, std::uint64_t return_to) override;
  std::uint64_t return_stub() const override { return return_stub_; }
  std::uint64_t signal_stub() const override { return return_stub_ + 8; }
  std::uint64_t handler_of(int signal) const override {
    return handler_of_ ? handler_of_(signal) : 0;
  }
  void host_call(Arm64Cpu& cpu, std::uint32_t number, std::uint64_t pc) override;
  std::vector<std::uint64_t> frames_of(Arm64Cpu& cpu) const override;

 private:
  Arm64Thread* this_thread();
  Arm64Cpu* take_cpu();
  void give_cpu(Arm64Cpu* cpu);
  void begin_call(Arm64Thread& thread, Arm64Cpu& cpu);
  void end_call(Arm64Thread& thread);
  void run(Arm64Cpu& cpu, Arm64Thread& thread);
  GuestFault stop_fault() const;

  GuestArena& arena_;
  GuestEngineOptions options_;
  Dynarmic::ExclusiveMonitor monitor_;
  Arm64Watches watches_;
  Arm64HotSites hot_sites_;
  std::uint64_t serial_ = next_serial();
  std::uint64_t return_stub_ = 0;
  CallObserver* observer_ = nullptr;
  std::function<std::uint64_t(int)> handler_of_;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> invalid_operation_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::string why_stopped_;
  std::vector<std::unique_ptr<HostFunction>> functions_;  // by number; read without the lock
  std::vector<std::uint64_t> stubs_;  // where each is called; read without the lock
  std::uint32_t bound_ = 1;           // 0 is the guest's own svc
  std::map<std::pair<std::string, void*>, std::uint64_t> addresses_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;  // by address
  std::uint64_t stub_page_ = 0;
  std::uint64_t stub_used_ = kGuestPage;
  std::vector<std::unique_ptr<Arm64Cpu>> cpus_;
  std::vector<Arm64Cpu*> idle_;
  std::vector<std::unique_ptr<Arm64Thread>> threads_;
};

// ---- Arm64Engine ----

Result<void> Arm64Engine::prepare() {
  return_stub_ = TRY(arena_.map(kGuestPage, kPageRead | kPageWrite));
  const std::uint32_t code[] = {svc(kReturnNumber), kRet, svc(kSignalReturnNumber)};
  std::memcpy(reinterpret_cast<void*>(return_stub_), code, sizeof(code));
  return arena_.protect(return_stub_, kGuestPage, kPageRead | kPageExecute);
}

Result<std::uint64_t> Arm64Engine::bind(HostFunction function) {
  const std::scoped_lock lock(mutex_);
  // Number 0 is what the guest's own system calls come as.
  const std::pair<std::string, void*> key(function.name, function.target);
  const auto known = addresses_.find(key);
  if (known != addresses_.end()) return known->second;
  if (function.name == "svc#0") {
    functions_[0] = std::make_unique<HostFunction>(std::move(function));
    return 0;
  }
  if (bound_ >= kMaxBoundFunctions)
    return fail(ErrorCode::kLimit, "the guest imports too many functions", function.name);
  if (stub_used_ + 8 > kGuestPage) {
    stub_page_ = TRY(arena_.map(kGuestPage, kPageRead | kPageExecute));
    stub_used_ = 0;
  }
  const std::uint64_t address = stub_page_ + stub_used_;
  // Other threads read code of this page meanwhile: it stays executable.
  TRY_VOID(arena_.protect(stub_page_, kGuestPage, kPageRead | kPageWrite | kPageExecute));
  const std::uint32_t code[] = {svc(bound_), kRet};
  std::memcpy(reinterpret_cast<void*>(address), code, sizeof(code));
  TRY_VOID(arena_.protect(stub_page_, kGuestPage, kPageRead | kPageExecute));
  stub_used_ += 8;
  functions_[bound_] = std::make_unique<HostFunction>(std::move(function));
  stubs_[bound_] = address;
  numbers_.emplace(address, bound_);
  addresses_.emplace(key, address);
  ++bound_;
  return address;
}

std::string Arm64Engine::bound_name(std::uint64_t address) const {
  const std::scoped_lock lock(mutex_);
  for (const std::uint64_t at : {address, address - 4}) {
    const auto found = numbers_.find(at);
    if (found != numbers_.end()) return functions_[found->second]->name;
  }
  return "";
}

Arm64Thread* Arm64Engine::this_thread() {
  if (thread_slot.engine == serial_) return thread_slot.thread;
  auto thread = std::make_unique<Arm64Thread>();
  const auto block = arena_.map(kThreadBlockSize, kPageRead | kPageWrite);
  const auto stack = arena_.reserve_range(options_.stack_size + kStackGuard);
  if (!block || !stack) return nullptr;
  thread->block = *block;
  thread->stack = *stack + kStackGuard;
  thread->stack_size = options_.stack_size;
  if (!arena_.map_at(thread->stack, thread->stack_size, kPageRead | kPageWrite)) return nullptr;
  std::memcpy(reinterpret_cast<void*>(thread->block + kStackGuardSlot), &kStackGuardValue, 8);
  const std::scoped_lock lock(mutex_);
  if (threads_.size() >= options_.max_threads) return nullptr;
  threads_.push_back(std::move(thread));
  thread_slot = {serial_, threads_.back().get()};
  return thread_slot.thread;
}

Arm64Cpu* Arm64Engine::take_cpu() {
  const std::scoped_lock lock(mutex_);
  // The one that was used last has the code already.
  if (!idle_.empty()) {
    Arm64Cpu* const cpu = idle_.back();
    idle_.pop_back();
    return cpu;
  }
  if (cpus_.size() >= kMaxGuestCpus) return nullptr;
  try {
    cpus_.push_back(std::make_unique<Arm64Cpu>(*this, arena_, monitor_, cpus_.size(), options_));
  } catch (const std::exception&) {  // no memory for its code
    return nullptr;
  }
  install_handlers();
  return cpus_.back().get();
}

void Arm64Engine::give_cpu(Arm64Cpu* cpu) {
  const std::scoped_lock lock(mutex_);
  cpu->thread = nullptr;
  idle_.push_back(cpu);
}

GuestFault Arm64Engine::stop_fault() const {
  const std::scoped_lock lock(mutex_);
  GuestFault fault;
  fault.kind = GuestFault::Kind::kStopped;
  fault.what = why_stopped_;
  return fault;
}

void Arm64Engine::begin_call(Arm64Thread& thread, Arm64Cpu& cpu) {
  const std::scoped_lock lock(mutex_);
  thread.active.push_back(&cpu);
  // A stop before this call was known to be active has halted nothing.
  if (stopped_) thread.stopped = true;
}

void Arm64Engine::end_call(Arm64Thread& thread) {
  const std::scoped_lock lock(mutex_);
  thread.active.pop_back();
  if (!thread.active.empty()) return;
  // What befalls a call that is being stopped is not its own doing.
  if (thread.stopped.exchange(false) && thread.fault)
    thread.fault->kind = GuestFault::Kind::kStopped;
}

GuestResult<GuestValue> Arm64Engine::call(std::uint64_t function,
                                          std::span<const std::uint64_t> integers,
                                          std::span<const Vector128> vectors) {
  // What was called from inside of a call ends that, too: a host function would take it for a
  // result.
  const auto refuse = [&](GuestFault::Kind kind, std::string what) {
    GuestFault fault;
    fault.kind = kind;
    fault.what = std::move(what);
    if (thread_slot.engine == serial_ && !thread_slot.thread->active.empty()) raise(fault);
    return tl::unexpected<GuestFault>(std::move(fault));
  };
  Arm64Thread* const thread = this_thread();
  if (thread == nullptr)
    return refuse(GuestFault::Kind::kStackOverflow, "there are too many threads");
  if (thread->fault) return tl::unexpected<GuestFault>(*thread->fault);
  if (stopped_ || thread->stopped) return tl::unexpected<GuestFault>(stop_fault());
  if (thread->active.size() >= static_cast<std::size_t>(options_.max_depth))
    return refuse(GuestFault::Kind::kStackOverflow, "calls between guest and host nest too deep");
  Arm64Cpu* const cpu = take_cpu();
  if (cpu == nullptr)
    return refuse(GuestFault::Kind::kStackOverflow, "too many calls run at a time");
  A64::Jit& jit = cpu->jit();
  A64::Jit* const outer = thread->active.empty() ? nullptr : &thread->active.back()->jit();
  const auto placed =
      place_call(arena_, outer == nullptr ? std::nullopt : std::optional(outer->GetSP()),
                 thread->stack + thread->stack_size, integers, 8);
  if (!placed) {
    give_cpu(cpu);
    return refuse(GuestFault::Kind::kStackOverflow, "uses more stack than it has");
  }
  for (std::size_t i = 0; i < placed->in_registers.size(); ++i)
    jit.SetRegister(i, placed->in_registers[i]);
  for (std::size_t i = 0; i < std::min<std::size_t>(vectors.size(), 8); ++i)
    jit.SetVector(i, vectors[i]);
  jit.SetRegister(29, outer == nullptr ? 0 : outer->GetRegister(29));
  jit.SetRegister(30, return_stub_);
  jit.SetSP(placed->stack);
  jit.SetPC(function);
  cpu->thread = thread;
  cpu->thread_register = thread->block;
  begin_call(*thread, *cpu);
  run(*cpu, *thread);
  if (cpu->take_invalid_operation()) invalid_operation_ = true;
  end_call(*thread);
  GuestValue value{jit.GetRegister(0), jit.GetVector(0)};
  give_cpu(cpu);
  if (thread->fault) {
    GuestFault fault = *thread->fault;
    if (thread->active.empty()) thread->fault.reset();
    thread->watched.drop_deeper(thread->active.size());
    return tl::unexpected<GuestFault>(std::move(fault));
  }
  return value;
}

void Arm64Engine::run(Arm64Cpu& cpu, Arm64Thread& thread) {
  // The translator's handler takes bad memory.
  const GuestRuns guest_runs;
  while (!thread.stopped) {
    const HaltReason reason = cpu.jit().Run();
    if (thread.fault) return;
    if (!thread.stopped && Dynarmic::Has(reason, kReturned)) return;
  }
  thread.fault = stop_fault();
  thread.fault->pc = cpu.jit().GetPC();
  thread.fault->frames = frames_of(cpu);
}

void Arm64Engine::host_call(Arm64Cpu& cpu, std::uint32_t number, std::uint64_t pc) {
  const bool ours = number < stubs_.size() && stubs_[number] == pc;
  const HostFunction* const function = functions_[ours ? number : 0].get();
  if (function == nullptr) {
    cpu.fault(GuestFault::Kind::kInstruction, "a system call that is not known", cpu.jit().GetPC(),
              0);
    return;
  }
  Arm64Frame frame(arena_, cpu.jit());
  if (observer_ != nullptr) observer_->enter(*function, frame);
  if (const auto ended = run_host_function(*function, frame, cpu.thread->block))
    cpu.fault(ended->kind, ended->what, cpu.jit().GetRegister(30), ended->address);
  if (observer_ != nullptr) observer_->leave(*function, frame);
  if (cpu.thread->fault || cpu.thread->stopped) cpu.jit().HaltExecution(kFaulted);
}

std::vector<std::uint64_t> Arm64Engine::frames_of(Arm64Cpu& cpu) const {
  std::vector<std::uint64_t> out;
  out.reserve(kMaxBacktrace);
  out = {cpu.jit().GetPC(), cpu.jit().GetRegister(30)};
  std::uint64_t frame = cpu.jit().GetRegister(29);
  // Other threads of the guest may take memory away while it is read. What was found until then
  // stays.
  (void)with_memory_escape([&] {
    while (out.size() < kMaxBacktrace && frame != 0 && frame % 8 == 0) {
      const auto bytes = arena_.bytes(frame, 16);
      if (!bytes) break;
      std::uint64_t next = 0;
      std::uint64_t link = 0;
      std::memcpy(&next, bytes->data(), 8);
      std::memcpy(&link, bytes->data() + 8, 8);
      if (link != out.back() && link != 0) out.push_back(link);
      if (next <= frame) break;  // frames grow upwards
      frame = next;
    }
  });
  return out;
}

void Arm64Engine::raise(GuestFault fault) {
  Arm64Thread* const thread = this_thread();
  if (thread == nullptr || thread->fault) return;
  if (!thread->active.empty()) {
    fault.pc = thread->active.back()->jit().GetRegister(30);
    fault.frames = frames_of(*thread->active.back());
  }
  thread->fault = std::move(fault);
}

bool Arm64Engine::faulted() const {
  if (stopped_) return true;
  if (thread_slot.engine != serial_) return false;
  return thread_slot.thread->fault.has_value() || thread_slot.thread->stopped;
}

void Arm64Engine::stop(const std::string& why) {
  const std::scoped_lock lock(mutex_);
  why_stopped_ = why;
  stopped_ = true;
  for (const auto& thread : threads_) {
    if (!thread->active.empty()) thread->stopped = true;
    for (Arm64Cpu* const cpu : thread->active) cpu->jit().HaltExecution(kStopRequest);
  }
}

std::uint64_t Arm64Engine::thread_block() {
  const Arm64Thread* const thread = this_thread();
  return thread == nullptr ? 0 : thread->block;
}

std::pair<std::uint64_t, std::uint64_t> Arm64Engine::stack() {
  const Arm64Thread* const thread = this_thread();
  if (thread == nullptr) return {0, 0};
  return {thread->stack, thread->stack_size};
}

void Arm64Engine::leave_thread() {
  if (thread_slot.engine != serial_ || !thread_slot.thread->active.empty()) return;
  Arm64Thread* const leaving = thread_slot.thread;
  thread_slot = {};
  arena_.unmap(leaving->stack - kStackGuard, leaving->stack_size + kStackGuard);
  arena_.unmap(leaving->block, kThreadBlockSize);
  const std::scoped_lock lock(mutex_);
  std::erase_if(threads_, [&](const auto& thread) { return thread.get() == leaving; });
}

Result<void> Arm64Engine::watch(std::uint64_t function) {
  const bool fresh = TRY(watches_.add(function, Arm64Watches::Purpose::kEntry));
  if (fresh) code_changed(function, 4);
  return {};
}

void Arm64Engine::enter_watched(Arm64Cpu& cpu, std::uint64_t function) {
  // A block goes on to its end behind what faults.
  if (observer_ == nullptr || cpu.thread->fault) return;
  const std::uint64_t return_to = cpu.jit().GetRegister(30);
  Arm64Frame frame(arena_, cpu.jit());
  observer_->enter_code(function, frame);
  cpu.thread->watched.enter(function, return_to, cpu.jit().GetSP(), cpu.thread->active.size());
  if (return_to == return_stub_) return;
  const auto fresh = watches_.add(return_to, Arm64Watches::Purpose::kReturn);
  if (fresh && *fresh) code_changed(return_to, 4);
}

void Arm64Engine::leave_watched(Arm64Cpu& cpu, std::uint64_t return_to) {
  if (cpu.thread->fault) return;
  for (const std::uint64_t function :
       cpu.thread->watched.leave(return_to, cpu.jit().GetSP(), cpu.thread->active.size())) {
    Arm64Frame frame(arena_, cpu.jit());
    if (observer_ != nullptr) observer_->leave_code(function, frame);
  }
}

void Arm64Engine::code_changed(std::uint64_t address, std::uint64_t size) {
  const std::scoped_lock lock(mutex_);
  for (const auto& cpu : cpus_) cpu->jit().InvalidateCacheRange(address, size);
}

}  // namespace

Result<std::unique_ptr<GuestEngine>> make_arm64_engine(GuestArena& arena,
                                                       const GuestEngineOptions& options) {
  auto engine = std::make_unique<Arm64Engine>(arena, options);
  TRY_VOID(engine->prepare());
  return engine;
}

}  // namespace dl::guest
