// SPDX-License-Identifier: Apache-2.0
// The registers and the stack of a call in the processor's own convention, and functions that give
// them to us before the function that was meant gets them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dl::jvmti {

#if defined(__x86_64__)
inline constexpr std::size_t kIntegerRegisters = 6;
#elif defined(__aarch64__)
inline constexpr std::size_t kIntegerRegisters = 8;
#else
#error "calls are recorded on x86-64 and arm64"
#endif
inline constexpr std::size_t kVectorRegisters = 8;

// Layout known to native_thunks.cc. A float lies in the lower half of its 8 bytes.
struct NativeFrame {
  std::uint64_t integers[kIntegerRegisters];
  std::uint64_t vectors[kVectorRegisters];
  const std::uint64_t* stack;  // arguments beyond the registers, 8 bytes each
  std::uint64_t result;
  std::uint64_t vector_result;
};

// Thunks are code of this library, not made at run time: pages that may be written and run are
// forbidden on many phones.
inline constexpr std::uint32_t kThunks = 8192;

// The function that ends in native_called(number, frame). `number` is below kThunks.
void* thunk_code(std::uint32_t number);

// Calls `function` with the frame's registers and `stack_words` words of its stack; its result is
// in the frame afterwards.
void invoke_native(void* function, NativeFrame* frame, std::size_t stack_words);

// Given by whoever uses thunks; returns what the frame has as result.
using NativeCalled = void (*)(std::uint32_t number, NativeFrame* frame);
// Before the first thunk is called.
void set_native_called(NativeCalled called);

}  // namespace dl::jvmti
