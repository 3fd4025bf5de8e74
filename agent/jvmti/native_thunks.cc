// SPDX-License-Identifier: Apache-2.0
// Source: System V ABI, AMD64 supplement, 3.2; Procedure Call Standard for the Arm 64-bit
// Architecture, 6.
#include "native_frame.h"

namespace dl::jvmti {
namespace {

NativeCalled native_called = nullptr;

}  // namespace

extern "C" {
// In the assembler below.
extern const char daylight_jvmti_thunks[] __attribute__((visibility("hidden")));
void daylight_jvmti_invoke(void* function, NativeFrame* frame, std::size_t stack_words)
    __attribute__((visibility("hidden")));

// Called by it.
__attribute__((visibility("hidden"), used)) void daylight_jvmti_called(std::uint32_t number,
                                                                       NativeFrame* frame) {
  native_called(number, frame);
}
}

#if defined(__x86_64__)

static_assert(offsetof(NativeFrame, vectors) == 48 && offsetof(NativeFrame, stack) == 112 &&
              offsetof(NativeFrame, result) == 120 && offsetof(NativeFrame, vector_result) == 128 &&
              kThunks == 8192);

asm(R"(
  .text
  .balign 16
  .hidden daylight_jvmti_thunks
  .globl daylight_jvmti_thunks
  .type daylight_jvmti_thunks, @function
daylight_jvmti_thunks:
  .cfi_startproc
  .set number, 0
  .rept 8192
  .balign 16
  endbr64
  movl $number, %r11d
  jmp daylight_jvmti_common
  .set number, number + 1
  .endr
  .balign 16
daylight_jvmti_common:
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  subq $144, %rsp
  movq %rdi, (%rsp)
  movq %rsi, 8(%rsp)
  movq %rdx, 16(%rsp)
  movq %rcx, 24(%rsp)
  movq %r8, 32(%rsp)
  movq %r9, 40(%rsp)
  movsd %xmm0, 48(%rsp)
  movsd %xmm1, 56(%rsp)
  movsd %xmm2, 64(%rsp)
  movsd %xmm3, 72(%rsp)
  movsd %xmm4, 80(%rsp)
  movsd %xmm5, 88(%rsp)
  movsd %xmm6, 96(%rsp)
  movsd %xmm7, 104(%rsp)
  leaq 16(%rbp), %rax
  movq %rax, 112(%rsp)
  movl %r11d, %edi
  movq %rsp, %rsi
  call daylight_jvmti_called
  movq 120(%rsp), %rax
  movsd 128(%rsp), %xmm0
  leave
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size daylight_jvmti_thunks, . - daylight_jvmti_thunks

  .balign 16
  .hidden daylight_jvmti_invoke
  .globl daylight_jvmti_invoke
  .type daylight_jvmti_invoke, @function
daylight_jvmti_invoke:
  .cfi_startproc
  endbr64
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  pushq %rbx
  pushq %r12
  .cfi_offset %rbx, -24
  .cfi_offset %r12, -32
  movq %rsi, %rbx
  movq %rdi, %r11
  testq %rdx, %rdx
  jz 1f
  leaq 15(,%rdx,8), %rax
  andq $-16, %rax
  subq %rax, %rsp
  movq 112(%rbx), %rsi
  movq %rsp, %rdi
  movq %rdx, %rcx
  cld
  rep movsq
1:
  movq (%rbx), %rdi
  movq 8(%rbx), %rsi
  movq 16(%rbx), %rdx
  movq 24(%rbx), %rcx
  movq 32(%rbx), %r8
  movq 40(%rbx), %r9
  movsd 48(%rbx), %xmm0
  movsd 56(%rbx), %xmm1
  movsd 64(%rbx), %xmm2
  movsd 72(%rbx), %xmm3
  movsd 80(%rbx), %xmm4
  movsd 88(%rbx), %xmm5
  movsd 96(%rbx), %xmm6
  movsd 104(%rbx), %xmm7
  call *%r11
  movq %rax, 120(%rbx)
  movsd %xmm0, 128(%rbx)
  leaq -16(%rbp), %rsp
  popq %r12
  popq %rbx
  popq %rbp
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size daylight_jvmti_invoke, . - daylight_jvmti_invoke
)");

#elif defined(__aarch64__)

static_assert(offsetof(NativeFrame, vectors) == 64 && offsetof(NativeFrame, stack) == 128 &&
              offsetof(NativeFrame, result) == 136 && offsetof(NativeFrame, vector_result) == 144 &&
              kThunks == 8192);

asm(R"(
  .text
  .balign 16
  .hidden daylight_jvmti_thunks
  .globl daylight_jvmti_thunks
  .type daylight_jvmti_thunks, %function
daylight_jvmti_thunks:
  .cfi_startproc
  .set number, 0
  .rept 8192
  .balign 16
  hint #34
  mov w16, #number
  b daylight_jvmti_common
  .set number, number + 1
  .endr
  .balign 16
daylight_jvmti_common:
  stp x29, x30, [sp, #-176]!
  .cfi_def_cfa_offset 176
  .cfi_offset x29, -176
  .cfi_offset x30, -168
  mov x29, sp
  stp x0, x1, [sp, #16]
  stp x2, x3, [sp, #32]
  stp x4, x5, [sp, #48]
  stp x6, x7, [sp, #64]
  stp d0, d1, [sp, #80]
  stp d2, d3, [sp, #96]
  stp d4, d5, [sp, #112]
  stp d6, d7, [sp, #128]
  add x9, sp, #176
  str x9, [sp, #144]
  mov w0, w16
  add x1, sp, #16
  bl daylight_jvmti_called
  ldr x0, [sp, #152]
  ldr d0, [sp, #160]
  ldp x29, x30, [sp], #176
  .cfi_def_cfa_offset 0
  ret
  .cfi_endproc
  .size daylight_jvmti_thunks, . - daylight_jvmti_thunks

  .balign 16
  .hidden daylight_jvmti_invoke
  .globl daylight_jvmti_invoke
  .type daylight_jvmti_invoke, %function
daylight_jvmti_invoke:
  .cfi_startproc
  hint #34
  stp x29, x30, [sp, #-32]!
  .cfi_def_cfa_offset 32
  .cfi_offset x29, -32
  .cfi_offset x30, -24
  mov x29, sp
  .cfi_def_cfa_register x29
  str x19, [sp, #16]
  .cfi_offset x19, -16
  mov x19, x1
  mov x16, x0
  cbz x2, 2f
  add x9, x2, #1
  and x9, x9, #-2
  sub sp, sp, x9, lsl #3
  ldr x10, [x19, #128]
  mov x11, sp
1:
  ldr x12, [x10], #8
  str x12, [x11], #8
  subs x2, x2, #1
  b.ne 1b
2:
  ldp d0, d1, [x19, #64]
  ldp d2, d3, [x19, #80]
  ldp d4, d5, [x19, #96]
  ldp d6, d7, [x19, #112]
  ldp x0, x1, [x19]
  ldp x2, x3, [x19, #16]
  ldp x4, x5, [x19, #32]
  ldp x6, x7, [x19, #48]
  blr x16
  str x0, [x19, #136]
  str d0, [x19, #144]
  mov sp, x29
  ldr x19, [sp, #16]
  ldp x29, x30, [sp], #32
  .cfi_def_cfa sp, 0
  ret
  .cfi_endproc
  .size daylight_jvmti_invoke, . - daylight_jvmti_invoke
)");

#endif

namespace {
// Bytes of one thunk in the assembler.
constexpr std::size_t kThunkBytes = 16;
}  // namespace

void set_native_called(NativeCalled called) { native_called = called; }

void* thunk_code(std::uint32_t number) {
  return const_cast<char*>(daylight_jvmti_thunks) + number * kThunkBytes;
}

void invoke_native(void* function, NativeFrame* frame, std::size_t stack_words) {
  daylight_jvmti_invoke(function, frame, stack_words);
}

}  // namespace dl::jvmti
