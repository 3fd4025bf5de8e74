// SPDX-License-Identifier: Apache-2.0
// The words of both processors; GNU as wrote them.
// Sources: ELF for the Arm 64-bit Architecture, appendix on TLS descriptors; Thread-Local Storage
// Descriptors for IA32 and AMD64; Intel SDM 1, 13 (XSAVE); AAPCS64; System V ABI for x86-64.
#include "daylight/guest/image/guest_gates.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "daylight/guest/engine/host_engine.h"

namespace dl::guest {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A thread's table of blocks lies at its thread register (bionic's TLS_SLOT_DTV); where the table
// or the block is not there yet, the host is asked, with all registers kept that a call may change.
// Behind the last word lies the address of the host's function.
constexpr std::uint32_t kArm64Descriptor[] = {
    0xa9bf0be1,  //   0: stp x1, x2, [sp, #-16]!
    0xf9400400,  //   4: ldr x0, [x0, #8]
    0xd53bd041,  //   8: mrs x1, tpidr_el0
    0xf9400022,  //   c: ldr x2, [x1]
    0xb4000142,  //  10: cbz x2, 38
    0xd370fc01,  //  14: lsr x1, x0, #48
    0xf8617842,  //  18: ldr x2, [x2, x1, lsl #3]
    0xb40000e2,  //  1c: cbz x2, 38
    0x9340bc00,  //  20: sbfx x0, x0, #0, #48
    0xd53bd041,  //  24: mrs x1, tpidr_el0
    0x8b020000,  //  28: add x0, x0, x2
    0xcb010000,  //  2c: sub x0, x0, x1
    0xa8c10be1,  //  30: ldp x1, x2, [sp], #16
    0xd65f03c0,  //  34: ret
    0xa9b57bfd,  //  38: stp x29, x30, [sp, #-176]!
    0x910003fd,  //  3c: mov x29, sp
    0xa90113e3,  //  40: stp x3, x4, [sp, #16]
    0xa9021be5,  //  44: stp x5, x6, [sp, #32]
    0xa90323e7,  //  48: stp x7, x8, [sp, #48]
    0xa9042be9,  //  4c: stp x9, x10, [sp, #64]
    0xa90533eb,  //  50: stp x11, x12, [sp, #80]
    0xa9063bed,  //  54: stp x13, x14, [sp, #96]
    0xa90743ef,  //  58: stp x15, x16, [sp, #112]
    0xa9084bf1,  //  5c: stp x17, x18, [sp, #128]
    0xd53b4201,  //  60: mrs x1, nzcv
    0xd53b4422,  //  64: mrs x2, fpsr
    0xa9090be1,  //  68: stp x1, x2, [sp, #144]
    0xd10803ff,  //  6c: sub sp, sp, #0x200
    0xad0007e0,  //  70: stp q0, q1, [sp]
    0xad010fe2,  //  74: stp q2, q3, [sp, #32]
    0xad0217e4,  //  78: stp q4, q5, [sp, #64]
    0xad031fe6,  //  7c: stp q6, q7, [sp, #96]
    0xad0427e8,  //  80: stp q8, q9, [sp, #128]
    0xad052fea,  //  84: stp q10, q11, [sp, #160]
    0xad0637ec,  //  88: stp q12, q13, [sp, #192]
    0xad073fee,  //  8c: stp q14, q15, [sp, #224]
    0xad0847f0,  //  90: stp q16, q17, [sp, #256]
    0xad094ff2,  //  94: stp q18, q19, [sp, #288]
    0xad0a57f4,  //  98: stp q20, q21, [sp, #320]
    0xad0b5ff6,  //  9c: stp q22, q23, [sp, #352]
    0xad0c67f8,  //  a0: stp q24, q25, [sp, #384]
    0xad0d6ffa,  //  a4: stp q26, q27, [sp, #416]
    0xad0e77fc,  //  a8: stp q28, q29, [sp, #448]
    0xad0f7ffe,  //  ac: stp q30, q31, [sp, #480]
    0x58000490,  //  b0: ldr x16, 140
    0xd63f0200,  //  b4: blr x16
    0xad4007e0,  //  b8: ldp q0, q1, [sp]
    0xad410fe2,  //  bc: ldp q2, q3, [sp, #32]
    0xad4217e4,  //  c0: ldp q4, q5, [sp, #64]
    0xad431fe6,  //  c4: ldp q6, q7, [sp, #96]
    0xad4427e8,  //  c8: ldp q8, q9, [sp, #128]
    0xad452fea,  //  cc: ldp q10, q11, [sp, #160]
    0xad4637ec,  //  d0: ldp q12, q13, [sp, #192]
    0xad473fee,  //  d4: ldp q14, q15, [sp, #224]
    0xad4847f0,  //  d8: ldp q16, q17, [sp, #256]
    0xad494ff2,  //  dc: ldp q18, q19, [sp, #288]
    0xad4a57f4,  //  e0: ldp q20, q21, [sp, #320]
    0xad4b5ff6,  //  e4: ldp q22, q23, [sp, #352]
    0xad4c67f8,  //  e8: ldp q24, q25, [sp, #384]
    0xad4d6ffa,  //  ec: ldp q26, q27, [sp, #416]
    0xad4e77fc,  //  f0: ldp q28, q29, [sp, #448]
    0xad4f7ffe,  //  f4: ldp q30, q31, [sp, #480]
    0x910803ff,  //  f8: add sp, sp, #0x200
    0xa9490be1,  //  fc: ldp x1, x2, [sp, #144]
    0xd51b4201,  // 100: msr nzcv, x1
    0xd51b4422,  // 104: msr fpsr, x2
    0xa94113e3,  // 108: ldp x3, x4, [sp, #16]
    0xa9421be5,  // 10c: ldp x5, x6, [sp, #32]
    0xa94323e7,  // 110: ldp x7, x8, [sp, #48]
    0xa9442be9,  // 114: ldp x9, x10, [sp, #64]
    0xa94533eb,  // 118: ldp x11, x12, [sp, #80]
    0xa9463bed,  // 11c: ldp x13, x14, [sp, #96]
    0xa94743ef,  // 120: ldp x15, x16, [sp, #112]
    0xa9484bf1,  // 124: ldp x17, x18, [sp, #128]
    0xa8cb7bfd,  // 128: ldp x29, x30, [sp], #176
    0xd53bd041,  // 12c: mrs x1, tpidr_el0
    0xcb010000,  // 130: sub x0, x0, x1
    0xa8c10be1,  // 134: ldp x1, x2, [sp], #16
    0xd65f03c0,  // 138: ret
    0xd503201f,  // 13c: nop
};
// Where the thread register is not the guest's, the host is always asked: a branch to those words
// in place of the third.
constexpr std::size_t kArm64DescriptorThird = 2;
constexpr std::uint32_t kArm64AlwaysAsk = 0x1400000c;  // b +30, from 8 to 38

// The number of the call comes in x16.
constexpr std::uint32_t kArm64Watch[] = {
    0xa9b17bfd,  //   0: stp x29, x30, [sp, #-240]!
    0x910003fd,  //   4: mov x29, sp
    0xa90107e0,  //   8: stp x0, x1, [sp, #16]
    0xa9020fe2,  //   c: stp x2, x3, [sp, #32]
    0xa90317e4,  //  10: stp x4, x5, [sp, #48]
    0xa9041fe6,  //  14: stp x6, x7, [sp, #64]
    0xa90527e8,  //  18: stp x8, x9, [sp, #80]
    0xad0307e0,  //  1c: stp q0, q1, [sp, #96]
    0xad040fe2,  //  20: stp q2, q3, [sp, #128]
    0xad0517e4,  //  24: stp q4, q5, [sp, #160]
    0xad061fe6,  //  28: stp q6, q7, [sp, #192]
    0xaa1003e0,  //  2c: mov x0, x16
    0x910043e1,  //  30: add x1, sp, #0x10
    0x580001f0,  //  34: ldr x16, 70
    0xd63f0200,  //  38: blr x16
    0xaa0003f0,  //  3c: mov x16, x0
    0xad4307e0,  //  40: ldp q0, q1, [sp, #96]
    0xad440fe2,  //  44: ldp q2, q3, [sp, #128]
    0xad4517e4,  //  48: ldp q4, q5, [sp, #160]
    0xad461fe6,  //  4c: ldp q6, q7, [sp, #192]
    0xa94107e0,  //  50: ldp x0, x1, [sp, #16]
    0xa9420fe2,  //  54: ldp x2, x3, [sp, #32]
    0xa94317e4,  //  58: ldp x4, x5, [sp, #48]
    0xa9441fe6,  //  5c: ldp x6, x7, [sp, #64]
    0xa94527e8,  //  60: ldp x8, x9, [sp, #80]
    0xa8cf7bfd,  //  64: ldp x29, x30, [sp], #240
    0xd61f0200,  //  68: br x16
    0xd503201f,  //  6c: nop
};

// All that the processor keeps is saved: the room for it stands in the code.
constexpr std::uint8_t kIntelDescriptor[] = {
    0x55,                                      // 0: push %rbp
    0x48, 0x89, 0xe5,                          // 1: mov %rsp,%rbp
    0x51,                                      // 4: push %rcx
    0x52,                                      // 5: push %rdx
    0x56,                                      // 6: push %rsi
    0x57,                                      // 7: push %rdi
    0x41, 0x50,                                // 8: push %r8
    0x41, 0x51,                                // a: push %r9
    0x41, 0x52,                                // c: push %r10
    0x41, 0x53,                                // e: push %r11
    0x53,                                      // 10: push %rbx
    0x9c,                                      // 11: pushf
    0x48, 0x8b, 0x78, 0x08,                    // 12: mov 0x8(%rax),%rdi
    0x48, 0x81, 0xec, 0x44, 0x33, 0x22, 0x11,  // 16: sub $0x11223344,%rsp
    0x48, 0x83, 0xe4, 0xc0,                    // 1d: and $0xffffffffffffffc0,%rsp
    0x31, 0xc0,                                // 21: xor %eax,%eax
    0x48, 0x89, 0x84, 0x24, 0x00, 0x02, 0x00,  // 23: mov %rax,0x200(%rsp)
    0x00,                                      // 2a:
    0x48, 0x89, 0x84, 0x24, 0x08, 0x02, 0x00,  // 2b: mov %rax,0x208(%rsp)
    0x00,                                      // 32:
    0x48, 0x89, 0x84, 0x24, 0x10, 0x02, 0x00,  // 33: mov %rax,0x210(%rsp)
    0x00,                                      // 3a:
    0x48, 0x89, 0x84, 0x24, 0x18, 0x02, 0x00,  // 3b: mov %rax,0x218(%rsp)
    0x00,                                      // 42:
    0x48, 0x89, 0x84, 0x24, 0x20, 0x02, 0x00,  // 43: mov %rax,0x220(%rsp)
    0x00,                                      // 4a:
    0x48, 0x89, 0x84, 0x24, 0x28, 0x02, 0x00,  // 4b: mov %rax,0x228(%rsp)
    0x00,                                      // 52:
    0x48, 0x89, 0x84, 0x24, 0x30, 0x02, 0x00,  // 53: mov %rax,0x230(%rsp)
    0x00,                                      // 5a:
    0x48, 0x89, 0x84, 0x24, 0x38, 0x02, 0x00,  // 5b: mov %rax,0x238(%rsp)
    0x00,                                      // 62:
    0xb8, 0xff, 0xff, 0xff, 0xff,              // 63: mov $0xffffffff,%eax
    0xba, 0xff, 0xff, 0xff, 0xff,              // 68: mov $0xffffffff,%edx
    0x48, 0x0f, 0xae, 0x24, 0x24,              // 6d: xsave64 (%rsp)
    0xff, 0x15, 0x38, 0x00, 0x00, 0x00,        // 72: call *0x38(%rip)
    0x48, 0x89, 0xc3,                          // 78: mov %rax,%rbx
    0xb8, 0xff, 0xff, 0xff, 0xff,              // 7b: mov $0xffffffff,%eax
    0xba, 0xff, 0xff, 0xff, 0xff,              // 80: mov $0xffffffff,%edx
    0x48, 0x0f, 0xae, 0x2c, 0x24,              // 85: xrstor64 (%rsp)
    0x48, 0x89, 0xd8,                          // 8a: mov %rbx,%rax
    0x64, 0x48, 0x2b, 0x04, 0x25, 0x00, 0x00,  // 8d: sub %fs:0x0,%rax
    0x00, 0x00,                                // 94:
    0x48, 0x8d, 0x65, 0xb0,                    // 96: lea -0x50(%rbp),%rsp
    0x9d,                                      // 9a: popf
    0x5b,                                      // 9b: pop %rbx
    0x41, 0x5b,                                // 9c: pop %r11
    0x41, 0x5a,                                // 9e: pop %r10
    0x41, 0x59,                                // a0: pop %r9
    0x41, 0x58,                                // a2: pop %r8
    0x5f,                                      // a4: pop %rdi
    0x5e,                                      // a5: pop %rsi
    0x5a,                                      // a6: pop %rdx
    0x59,                                      // a7: pop %rcx
    0x5d,                                      // a8: pop %rbp
    0xc3,                                      // a9: ret
    0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00,        // aa: nopw 0x0(%rax,%rax,1)
};
constexpr std::size_t kIntelDescriptorRoom = 0x19;

// The number of the call lies on the stack.
constexpr std::uint8_t kIntelWatch[] = {
    0x55,                                      // 0: push %rbp
    0x48, 0x89, 0xe5,                          // 1: mov %rsp,%rbp
    0x48, 0x81, 0xec, 0xf0, 0x00, 0x00, 0x00,  // 4: sub $0xf0,%rsp
    0x48, 0x83, 0xe4, 0xf0,                    // b: and $0xfffffffffffffff0,%rsp
    0x48, 0x89, 0x3c, 0x24,                    // f: mov %rdi,(%rsp)
    0x48, 0x89, 0x74, 0x24, 0x08,              // 13: mov %rsi,0x8(%rsp)
    0x48, 0x89, 0x54, 0x24, 0x10,              // 18: mov %rdx,0x10(%rsp)
    0x48, 0x89, 0x4c, 0x24, 0x18,              // 1d: mov %rcx,0x18(%rsp)
    0x4c, 0x89, 0x44, 0x24, 0x20,              // 22: mov %r8,0x20(%rsp)
    0x4c, 0x89, 0x4c, 0x24, 0x28,              // 27: mov %r9,0x28(%rsp)
    0x48, 0x89, 0x44, 0x24, 0x30,              // 2c: mov %rax,0x30(%rsp)
    0x4c, 0x89, 0x54, 0x24, 0x38,              // 31: mov %r10,0x38(%rsp)
    0x0f, 0x11, 0x44, 0x24, 0x40,              // 36: movups %xmm0,0x40(%rsp)
    0x0f, 0x11, 0x4c, 0x24, 0x50,              // 3b: movups %xmm1,0x50(%rsp)
    0x0f, 0x11, 0x54, 0x24, 0x60,              // 40: movups %xmm2,0x60(%rsp)
    0x0f, 0x11, 0x5c, 0x24, 0x70,              // 45: movups %xmm3,0x70(%rsp)
    0x0f, 0x11, 0xa4, 0x24, 0x80, 0x00, 0x00,  // 4a: movups %xmm4,0x80(%rsp)
    0x00,                                      // 51:
    0x0f, 0x11, 0xac, 0x24, 0x90, 0x00, 0x00,  // 52: movups %xmm5,0x90(%rsp)
    0x00,                                      // 59:
    0x0f, 0x11, 0xb4, 0x24, 0xa0, 0x00, 0x00,  // 5a: movups %xmm6,0xa0(%rsp)
    0x00,                                      // 61:
    0x0f, 0x11, 0xbc, 0x24, 0xb0, 0x00, 0x00,  // 62: movups %xmm7,0xb0(%rsp)
    0x00,                                      // 69:
    0x48, 0x8b, 0x7d, 0x08,                    // 6a: mov 0x8(%rbp),%rdi
    0x48, 0x89, 0xe6,                          // 6e: mov %rsp,%rsi
    0xff, 0x15, 0x71, 0x00, 0x00, 0x00,        // 71: call *0x71(%rip)
    0x49, 0x89, 0xc3,                          // 77: mov %rax,%r11
    0x48, 0x8b, 0x3c, 0x24,                    // 7a: mov (%rsp),%rdi
    0x48, 0x8b, 0x74, 0x24, 0x08,              // 7e: mov 0x8(%rsp),%rsi
    0x48, 0x8b, 0x54, 0x24, 0x10,              // 83: mov 0x10(%rsp),%rdx
    0x48, 0x8b, 0x4c, 0x24, 0x18,              // 88: mov 0x18(%rsp),%rcx
    0x4c, 0x8b, 0x44, 0x24, 0x20,              // 8d: mov 0x20(%rsp),%r8
    0x4c, 0x8b, 0x4c, 0x24, 0x28,              // 92: mov 0x28(%rsp),%r9
    0x48, 0x8b, 0x44, 0x24, 0x30,              // 97: mov 0x30(%rsp),%rax
    0x4c, 0x8b, 0x54, 0x24, 0x38,              // 9c: mov 0x38(%rsp),%r10
    0x0f, 0x10, 0x44, 0x24, 0x40,              // a1: movups 0x40(%rsp),%xmm0
    0x0f, 0x10, 0x4c, 0x24, 0x50,              // a6: movups 0x50(%rsp),%xmm1
    0x0f, 0x10, 0x54, 0x24, 0x60,              // ab: movups 0x60(%rsp),%xmm2
    0x0f, 0x10, 0x5c, 0x24, 0x70,              // b0: movups 0x70(%rsp),%xmm3
    0x0f, 0x10, 0xa4, 0x24, 0x80, 0x00, 0x00,  // b5: movups 0x80(%rsp),%xmm4
    0x00,                                      // bc:
    0x0f, 0x10, 0xac, 0x24, 0x90, 0x00, 0x00,  // bd: movups 0x90(%rsp),%xmm5
    0x00,                                      // c4:
    0x0f, 0x10, 0xb4, 0x24, 0xa0, 0x00, 0x00,  // c5: movups 0xa0(%rsp),%xmm6
    0x00,                                      // cc:
    0x0f, 0x10, 0xbc, 0x24, 0xb0, 0x00, 0x00,  // cd: movups 0xb0(%rsp),%xmm7
    0x00,                                      // d4:
    0x48, 0x89, 0xec,                          // d5: mov %rbp,%rsp
    0x5d,                                      // d8: pop %rbp
    0x48, 0x8d, 0x64, 0x24, 0x08,              // d9: lea 0x8(%rsp),%rsp
    0x41, 0xff, 0xe3,                          // de: jmp *%r11
    0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00,  // e1: nopl 0x0(%rax)
};

Bytes bytes_of(std::span<const std::uint32_t> words) {
  Bytes out(words.size() * sizeof(std::uint32_t));
  std::memcpy(out.data(), words.data(), out.size());
  return out;
}

void append_word(Bytes& code, std::uint64_t word) {
  const std::size_t at = code.size();
  code.resize(at + sizeof(word));
  std::memcpy(code.data() + at, &word, sizeof(word));
}

Result<std::uint64_t> put_code(GuestArena& arena, GuestEngine& engine, const Bytes& code) {
  const std::uint64_t size = whole_pages(code.size());
  const std::uint64_t page = TRY(arena.map(size, kPageRead | kPageWrite));
  std::memcpy(reinterpret_cast<void*>(page), code.data(), code.size());
  TRY_VOID(arena.protect(page, size, kPageRead | kPageExecute));
  engine.code_changed(page, size);
  return page;
}

// Bytes that XSAVE writes on this processor; nothing where it has none.
std::optional<std::uint32_t> saved_bytes() {
#if defined(__x86_64__)
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) return std::nullopt;
  if (__get_cpuid_count(13, 0, &a, &b, &c, &d) == 0) return std::nullopt;
  return b;
#else
  return std::nullopt;
#endif
}

Result<Bytes> intel_descriptor() {
  const auto saved = saved_bytes();
  if (!saved)
    return fail(ErrorCode::kUnsupported, "this processor cannot save its registers (XSAVE)",
                "guest");
  Bytes code(std::begin(kIntelDescriptor), std::end(kIntelDescriptor));
  const std::uint32_t room = *saved + 64;  // the area is aligned to 64
  std::memcpy(code.data() + kIntelDescriptorRoom, &room, sizeof(room));
  return code;
}

Bytes arm64_descriptor() {
  std::vector<std::uint32_t> words(std::begin(kArm64Descriptor), std::end(kArm64Descriptor));
  if (kHostMachine == ElfMachine::kArm64) words[kArm64DescriptorThird] = kArm64AlwaysAsk;
  return bytes_of(words);
}

// The number, then on to the code that lies `left` bytes behind the gate's beginning.
void put_arm64_gate(std::uint8_t* at, std::uint32_t number, std::uint64_t left) {
  const std::uint32_t words[] = {0xd2800010U | (number & 0xffffU) << 5U,  // mov x16, number
                                 0xf2a00010U | (number >> 16U) << 5U,  // movk x16, number, lsl 16
                                 0x14000000U | static_cast<std::uint32_t>(left / 4 - 2),  // b
                                 0xd4200000U};                                            // brk
  std::memcpy(at, words, sizeof(words));
}

void put_intel_gate(std::uint8_t* at, std::uint32_t number, std::uint64_t left) {
  const auto distance = static_cast<std::uint32_t>(left - 10);
  std::memset(at, 0xcc, kWatchGateSize);
  at[0] = 0x68;  // push number
  std::memcpy(at + 1, &number, 4);
  at[5] = 0xe9;  // jmp
  std::memcpy(at + 6, &distance, 4);
}

}  // namespace

Result<std::uint64_t> put_descriptor_gate(GuestArena& arena, GuestEngine& engine,
                                          ElfMachine machine, std::uint64_t host) {
  Bytes code = machine == ElfMachine::kArm64 ? arm64_descriptor() : TRY(intel_descriptor());
  append_word(code, host);
  return put_code(arena, engine, code);
}

Result<std::uint64_t> put_watch_gates(GuestArena& arena, GuestEngine& engine, ElfMachine machine,
                                      std::uint64_t host, std::uint64_t first,
                                      std::uint64_t count) {
  if (first > kMaxWatchGates || count > kMaxWatchGates - first)
    return fail(ErrorCode::kLimit, "too many calls are watched", "guest");
  const bool arm64 = machine == ElfMachine::kArm64;
  Bytes code(count * kWatchGateSize);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = i * kWatchGateSize;
    const auto put = arm64 ? &put_arm64_gate : &put_intel_gate;
    put(code.data() + at, static_cast<std::uint32_t>(first + i), code.size() - at);
  }
  const Bytes common =
      arm64 ? bytes_of(kArm64Watch) : Bytes(std::begin(kIntelWatch), std::end(kIntelWatch));
  code.insert(code.end(), common.begin(), common.end());
  append_word(code, host);
  return put_code(arena, engine, code);
}

}  // namespace dl::guest
