// SPDX-License-Identifier: Apache-2.0
// The loop of the closed box, and how arguments get in.
#include "daylight/program/native_machine/native_machine.h"

#include <algorithm>
#include <utility>

namespace dl::program {
namespace {

constexpr std::uint64_t kThreadArea = 4'096;
// Entries of the table of JNI functions.
constexpr std::uint64_t kJavaFunctions = 240;
constexpr std::uint64_t kWord = 8;
constexpr unsigned kLink = 30;
constexpr unsigned kArmStack = 31;
constexpr unsigned kX86Stack = 4;
// rdi, rsi, rdx, rcx, r8, r9
constexpr std::array<unsigned, kMaxNativeArguments> kX86Arguments = {7, 6, 2, 1, 8, 9};

}  // namespace

NativeMachine::NativeMachine(const NativeCode& code, const NativeWorld& world,
                             const NativeRunLimits& limits)
    : code_(code),
      world_(world),
      limits_(limits),
      arm_(code.elf().machine() == ElfMachine::kArm64),
      memory_(code, limits.memory + kNativeStackSize + 4 * kThreadArea) {
  input_ = memory_.add(world.input ? ByteSpan(*world.input) : ByteSpan());
  const std::uint64_t stack = memory_.allocate(kNativeStackSize);
  registers_.thread = memory_.allocate(kThreadArea) + kThreadArea / 2;
  const std::uint64_t table = memory_.allocate(kJavaFunctions * kWord);
  environment_ = memory_.allocate(kWord);
  own_blocks_ = memory_.blocks().size() - std::min<std::size_t>(memory_.blocks().size(), 1);
  for (std::uint64_t i = 0; i < kJavaFunctions; ++i)
    memory_.store(table + i * kWord, kNativeServiceBase + i * 16);
  memory_.store(environment_, table);
  registers_.general[arm_ ? kArmStack : kX86Stack] = stack + kNativeStackSize - kThreadArea;
  new_handle({input_, world.input ? world.input->size() : 0, nullptr, 0});
}

std::uint64_t NativeMachine::argument(unsigned index) const {
  return registers_.general[arm_ ? index : kX86Arguments[index]];
}

void NativeMachine::set_argument(unsigned index, std::uint64_t value) {
  registers_.general[arm_ ? index : kX86Arguments[index]] = value;
}

bool NativeMachine::set_arguments(std::string_view arguments) {
  if (arguments.size() > kMaxNativeArguments) return false;
  for (unsigned i = 0; i < arguments.size(); ++i) {
    std::uint64_t value = 0;
    switch (arguments[i]) {
      case 'b':
        value = input_;
        break;
      case 'n':
        value = world_.input->size();
        break;
      case 'o':
        value = memory_.allocate(world_.input->size());
        break;
      case 's': {
        std::string name = world_.input_name;
        name.push_back('\0');
        value = memory_.add(as_bytes(name));
        break;
      }
      case 'j':
        value = environment_;
        break;
      case 'h':
        value = kNativeOpaqueBase;
        break;
      case '0':
        break;
      default:
        return false;
    }
    set_argument(i, value);
  }
  return true;
}

NativeEnd NativeMachine::run(std::uint64_t function, std::string_view arguments) {
  if (input_ == 0 || environment_ == 0 || !world_.input || !set_arguments(arguments))
    return NativeEnd::kUnknown;
  registers_.pc = kNativeImageBase + function;
  if (arm_) {
    registers_.general[kLink] = kNativeReturn;
  } else {
    std::uint64_t& stack = registers_.general[kX86Stack];
    stack -= kWord;
    memory_.store(stack, kNativeReturn);
  }
  return loop();
}

NativeOutcome NativeMachine::step() {
  const ByteSpan code = memory_.code_at(registers_.pc);
  if (!arm_) {
    if (code.empty()) return NativeOutcome::kFault;
    return execute_x86_64(registers_, memory_, code);
  }
  std::uint32_t word = 0;
  if (code.size() < sizeof word || registers_.pc % 4 != 0) return NativeOutcome::kFault;
  std::memcpy(&word, code.data(), sizeof word);
  return execute_arm64(registers_, memory_, word);
}

NativeEnd NativeMachine::loop() {
  for (;;) {
    if (registers_.pc == kNativeReturn) return NativeEnd::kReturned;
    if (++steps_ > limits_.steps) return NativeEnd::kSteps;
    if (registers_.pc >= kNativeImportBase && registers_.pc < kNativeReturn) {
      if (!call_out()) return stopped_ ? NativeEnd::kStopped : NativeEnd::kFault;
      continue;
    }
    memory_.set_writer(registers_.pc - kNativeImageBase);
    switch (step()) {
      case NativeOutcome::kDone:
        break;
      case NativeOutcome::kUnknown:
        return NativeEnd::kUnknown;
      case NativeOutcome::kFault:
        return NativeEnd::kFault;
    }
  }
}

// Answers a call of something outside of the library, and returns from it.
bool NativeMachine::call_out() {
  const bool java = registers_.pc >= kNativeServiceBase;
  const std::uint64_t index =
      (registers_.pc - (java ? kNativeServiceBase : kNativeImportBase)) / 16;
  const std::uint64_t result = java ? java_service(index) : import_service(index);
  if (faulted_ || stopped_) return false;
  registers_.general[0] = result;
  if (arm_) {
    registers_.pc = registers_.general[kLink];
    return true;
  }
  std::uint64_t& stack = registers_.general[kX86Stack];
  if (!memory_.load(stack, registers_.pc)) return false;
  stack += kWord;
  return true;
}

}  // namespace dl::program
