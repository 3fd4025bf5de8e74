// SPDX-License-Identifier: Apache-2.0
// Changes stacks in both directions. Guest code runs on a stack of the guest's, everything of this
// program on the thread's own, so that a guest that uses up its stack harms nothing else.
// Sources: System V ABI for x86-64, 3.2; Procedure Call Standard for the Arm 64-bit Architecture,
// 6; ELF Handling For Thread-Local Storage (initial-exec).
#include "daylight/guest/engine/host_switch.h"

#include <cstring>

namespace dl::guest {

constinit thread_local HostSwitch daylight_host_switch{};

#if defined(__x86_64__)

void write_host_stubs(std::uint64_t page, std::uint32_t first) {
  const auto thunk = reinterpret_cast<std::uint64_t>(&daylight_guest_thunk);
  for (std::uint32_t i = 0; i < kHostStubsPerPage; ++i) {
    auto* const stub = reinterpret_cast<std::uint8_t*>(page + i * kHostStubSize);
    std::memset(stub, 0xcc, kHostStubSize);
    const std::uint32_t number = first + i;
    const auto distance = static_cast<std::uint32_t>(kGuestPage - 8 - (i * kHostStubSize + 12));
    stub[0] = 0x41;  // mov r11d, number
    stub[1] = 0xbb;
    std::memcpy(stub + 2, &number, 4);
    stub[6] = 0xff;  // jmp [rip + distance]
    stub[7] = 0x25;
    std::memcpy(stub + 8, &distance, 4);
  }
  std::memcpy(reinterpret_cast<void*>(page + kGuestPage - 8), &thunk, 8);
}

// `in_guest` is set before the stack becomes the guest's and cleared after it is the host's again:
// a signal in between finds nothing that it could leave half done.
asm(R"(
    .text
    .macro daylight_switch_address to
    movq daylight_host_switch@gottpoff(%rip), \to
    addq %fs:0, \to
    .endm

    .p2align 4
    .globl daylight_enter_guest
    .type daylight_enter_guest, @function
daylight_enter_guest:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .cfi_offset %rbx, -24
    .cfi_offset %r12, -32
    .cfi_offset %r13, -40
    .cfi_offset %r14, -48
    .cfi_offset %r15, -56
    subq $24, %rsp
    stmxcsr 0(%rsp)
    fnstcw 4(%rsp)
    movq %rdi, 8(%rsp)
    daylight_switch_address %r10
    movq 0(%r10), %rax
    movq %rax, 16(%rsp)
    movq %rsp, 0(%r10)
    movl $1, 8(%r10)
    cmpl $0, 12(%r10)
    jne daylight_abandon_guest
    movups 96(%rdi), %xmm0
    movups 112(%rdi), %xmm1
    movups 128(%rdi), %xmm2
    movups 144(%rdi), %xmm3
    movups 160(%rdi), %xmm4
    movups 176(%rdi), %xmm5
    movups 192(%rdi), %xmm6
    movups 208(%rdi), %xmm7
    movq 0(%rdi), %r11
    movq 40(%rdi), %rsi
    movq 48(%rdi), %rdx
    movq 56(%rdi), %rcx
    movq 64(%rdi), %r8
    movq 72(%rdi), %r9
    movl $8, %eax
    movq 8(%rdi), %rsp
    movq 16(%rdi), %rbp
    movq 32(%rdi), %rdi
    .cfi_remember_state
    .cfi_undefined %rip
    call *%r11
    daylight_switch_address %r10
    movq 0(%r10), %rsp
    movl $0, 8(%r10)
    movq 8(%rsp), %rdi
    movq %rax, 224(%rdi)
    movq %rdx, 232(%rdi)
    movups %xmm0, 240(%rdi)
    xorl %eax, %eax
.Ldaylight_leave_guest:
    cld
    ldmxcsr 0(%rsp)
    fldcw 4(%rsp)
    movq 16(%rsp), %rcx
    movq %rcx, 0(%r10)
    leaq 64(%rsp), %rbp
    .cfi_restore_state
    addq $24, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size daylight_enter_guest, .-daylight_enter_guest

    .p2align 4
    .globl daylight_abandon_guest
    .type daylight_abandon_guest, @function
daylight_abandon_guest:
    .cfi_startproc
    .cfi_undefined %rip
    daylight_switch_address %r10
    movq 0(%r10), %rsp
    movl $0, 8(%r10)
    fninit
    movl $1, %eax
    jmp .Ldaylight_leave_guest
    .cfi_endproc
    .size daylight_abandon_guest, .-daylight_abandon_guest

    .p2align 4
    .globl daylight_guest_thunk
    .type daylight_guest_thunk, @function
daylight_guest_thunk:
    .cfi_startproc
    .cfi_undefined %rip
    daylight_switch_address %r10
    movq %rsp, %rax
    movq 0(%r10), %rsp
    movl $0, 8(%r10)
    subq $288, %rsp
    movq %rdi, 0(%rsp)
    movq %rsi, 8(%rsp)
    movq %rdx, 16(%rsp)
    movq %rcx, 24(%rsp)
    movq %r8, 32(%rsp)
    movq %r9, 40(%rsp)
    movaps %xmm0, 64(%rsp)
    movaps %xmm1, 80(%rsp)
    movaps %xmm2, 96(%rsp)
    movaps %xmm3, 112(%rsp)
    movaps %xmm4, 128(%rsp)
    movaps %xmm5, 144(%rsp)
    movaps %xmm6, 160(%rsp)
    movaps %xmm7, 176(%rsp)
    movq %rax, 192(%rsp)
    movq %rbp, 200(%rsp)
    movl %r11d, %r11d
    movq %r11, 208(%rsp)
    movq %rdi, 224(%rsp)
    movq $0, 232(%rsp)
    movaps %xmm0, 240(%rsp)
    movq %rdx, 256(%rsp)
    movq $0, 264(%rsp)
    movq %rsp, %rdi
    cld
    call daylight_host_dispatch@PLT
    testl %eax, %eax
    jne daylight_abandon_guest
    daylight_switch_address %r10
    movl $1, 8(%r10)
    cmpl $0, 12(%r10)
    jne daylight_abandon_guest
    cmpl $0, 264(%rsp)
    je 1f
    fldt 272(%rsp)
1:
    movq 232(%rsp), %rax
    movq 256(%rsp), %rdx
    movaps 240(%rsp), %xmm0
    movq 192(%rsp), %rsp
    ret
    .cfi_endproc
    .size daylight_guest_thunk, .-daylight_guest_thunk
    .purgem daylight_switch_address
)");

#else

void write_host_stubs(std::uint64_t page, std::uint32_t first) {
  const auto thunk = reinterpret_cast<std::uint64_t>(&daylight_guest_thunk);
  for (std::uint32_t i = 0; i < kHostStubsPerPage; ++i) {
    const std::uint64_t at = page + i * kHostStubSize;
    const auto words = static_cast<std::uint32_t>((kGuestPage - 8 - (i * kHostStubSize + 4)) / 4);
    const std::uint32_t code[] = {
        0x52800011U | ((first + i) << 5U),  // mov w17, number (below 65,536)
        0x58000010U | (words << 5U),        // ldr x16, thunk
        0xd61f0200U,                        // br x16
        0xd4200000U,                        // brk 0
    };
    std::memcpy(reinterpret_cast<void*>(at), code, sizeof(code));
  }
  std::memcpy(reinterpret_cast<void*>(page + kGuestPage - 8), &thunk, 8);
}

asm(R"(
    .text
    .macro daylight_switch_address to, scratch
    mrs \to, tpidr_el0
    adrp \scratch, :gottprel:daylight_host_switch
    ldr \scratch, [\scratch, :gottprel_lo12:daylight_host_switch]
    add \to, \to, \scratch
    .endm

    .p2align 4
    .globl daylight_enter_guest
    .type daylight_enter_guest, %function
daylight_enter_guest:
    .cfi_startproc
    stp x29, x30, [sp, -192]!
    .cfi_def_cfa_offset 192
    .cfi_offset x29, -192
    .cfi_offset x30, -184
    stp x19, x20, [sp, 16]
    stp x21, x22, [sp, 32]
    stp x23, x24, [sp, 48]
    stp x25, x26, [sp, 64]
    stp x27, x28, [sp, 80]
    stp d8, d9, [sp, 96]
    stp d10, d11, [sp, 112]
    stp d12, d13, [sp, 128]
    stp d14, d15, [sp, 144]
    daylight_switch_address x9, x10
    ldr x10, [x9]
    stp x0, x10, [sp, 160]
    mrs x10, fpcr
    str x10, [sp, 176]
    mov x10, sp
    str x10, [x9]
    mov w10, 1
    str w10, [x9, 8]
    ldr w10, [x9, 12]
    cbnz w10, daylight_abandon_guest
    mov x11, x0
    ldp q0, q1, [x11, 96]
    ldp q2, q3, [x11, 128]
    ldp q4, q5, [x11, 160]
    ldp q6, q7, [x11, 192]
    ldp x12, x13, [x11]
    ldr x29, [x11, 16]
    ldp x0, x1, [x11, 32]
    ldp x2, x3, [x11, 48]
    ldp x4, x5, [x11, 64]
    ldp x6, x7, [x11, 80]
    mov sp, x13
    .cfi_remember_state
    .cfi_undefined x30
    blr x12
    daylight_switch_address x9, x10
    ldr x10, [x9]
    mov sp, x10
    str wzr, [x9, 8]
    ldr x11, [sp, 160]
    stp x0, x1, [x11, 224]
    str q0, [x11, 240]
    mov w0, 0
.Ldaylight_leave_guest:
    .cfi_restore_state
    ldr x10, [sp, 168]
    str x10, [x9]
    ldr x10, [sp, 176]
    msr fpcr, x10
    ldp x19, x20, [sp, 16]
    ldp x21, x22, [sp, 32]
    ldp x23, x24, [sp, 48]
    ldp x25, x26, [sp, 64]
    ldp x27, x28, [sp, 80]
    ldp d8, d9, [sp, 96]
    ldp d10, d11, [sp, 112]
    ldp d12, d13, [sp, 128]
    ldp d14, d15, [sp, 144]
    ldp x29, x30, [sp], 192
    .cfi_def_cfa_offset 0
    ret
    .cfi_endproc
    .size daylight_enter_guest, .-daylight_enter_guest

    .p2align 4
    .globl daylight_abandon_guest
    .type daylight_abandon_guest, %function
daylight_abandon_guest:
    .cfi_startproc
    .cfi_undefined x30
    daylight_switch_address x9, x10
    ldr x10, [x9]
    mov sp, x10
    str wzr, [x9, 8]
    mov w0, 1
    b .Ldaylight_leave_guest
    .cfi_endproc
    .size daylight_abandon_guest, .-daylight_abandon_guest

    .p2align 4
    .globl daylight_guest_thunk
    .type daylight_guest_thunk, %function
daylight_guest_thunk:
    .cfi_startproc
    .cfi_undefined x30
    daylight_switch_address x9, x10
    mov x11, sp
    ldr x10, [x9]
    mov sp, x10
    str wzr, [x9, 8]
    sub sp, sp, 288
    stp x0, x1, [sp]
    stp x2, x3, [sp, 16]
    stp x4, x5, [sp, 32]
    stp x6, x7, [sp, 48]
    stp q0, q1, [sp, 64]
    stp q2, q3, [sp, 96]
    stp q4, q5, [sp, 128]
    stp q6, q7, [sp, 160]
    stp x11, x29, [sp, 192]
    stp x17, x30, [sp, 208]
    stp x8, x0, [sp, 224]
    str q0, [sp, 240]
    stp x1, xzr, [sp, 256]
    mov x0, sp
    bl daylight_host_dispatch
    cbnz w0, daylight_abandon_guest
    daylight_switch_address x9, x10
    mov w10, 1
    str w10, [x9, 8]
    ldr w10, [x9, 12]
    cbnz w10, daylight_abandon_guest
    ldr x0, [sp, 232]
    ldr x1, [sp, 256]
    ldr q0, [sp, 240]
    ldr x30, [sp, 216]
    ldr x11, [sp, 192]
    mov sp, x11
    ret
    .cfi_endproc
    .size daylight_guest_thunk, .-daylight_guest_thunk
    .purgem daylight_switch_address
)");

#endif

}  // namespace dl::guest
