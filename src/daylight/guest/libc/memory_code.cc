// SPDX-License-Identifier: Apache-2.0
// memcpy, memmove and memset of few bytes as code of the guest: libraries call them by the ten
// thousand for a single inference, and a way out of the translator for each is slow. All bytes are
// loaded before the first is stored, so that blocks may overlap. More bytes go to the host.
// Source: Arm Architecture Reference Manual for A-profile, C6 and C7; GNU as wrote the words.
#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "daylight/guest/libc/guest_code.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

// (to, from, size): up to 128 bytes as two overlapping halves; behind the last word lies the
// address for more.
constexpr std::uint32_t kCopy[] = {
    0x8b020025,  //  0: add x5, x1, x2
    0x8b020006,  //  4: add x6, x0, x2
    0xf100405f,  //  8: cmp x2, #0x10
    0x54000343,  //  c: b.cc +74
    0xf100805f,  // 10: cmp x2, #0x20
    0x540000c8,  // 14: b.hi +2c
    0x3dc00020,  // 18: ldr q0, [x1]
    0x3cdf00a1,  // 1c: ldur q1, [x5, #-16]
    0x3d800000,  // 20: str q0, [x0]
    0x3c9f00c1,  // 24: stur q1, [x6, #-16]
    0xd65f03c0,  // 28: ret
    0xf101005f,  // 2c: cmp x2, #0x40
    0x540000c8,  // 30: b.hi +48
    0xad400420,  // 34: ldp q0, q1, [x1]
    0xad7f0ca2,  // 38: ldp q2, q3, [x5, #-32]
    0xad000400,  // 3c: stp q0, q1, [x0]
    0xad3f0cc2,  // 40: stp q2, q3, [x6, #-32]
    0xd65f03c0,  // 44: ret
    0xf102005f,  // 48: cmp x2, #0x80
    0x540003e8,  // 4c: b.hi +c8
    0xad400420,  // 50: ldp q0, q1, [x1]
    0xad410c22,  // 54: ldp q2, q3, [x1, #32]
    0xad7e14a4,  // 58: ldp q4, q5, [x5, #-64]
    0xad7f1ca6,  // 5c: ldp q6, q7, [x5, #-32]
    0xad000400,  // 60: stp q0, q1, [x0]
    0xad010c02,  // 64: stp q2, q3, [x0, #32]
    0xad3e14c4,  // 68: stp q4, q5, [x6, #-64]
    0xad3f1cc6,  // 6c: stp q6, q7, [x6, #-32]
    0xd65f03c0,  // 70: ret
    0x361800c2,  // 74: tbz w2, #3, +8c
    0xf9400023,  // 78: ldr x3, [x1]
    0xf85f80a4,  // 7c: ldur x4, [x5, #-8]
    0xf9000003,  // 80: str x3, [x0]
    0xf81f80c4,  // 84: stur x4, [x6, #-8]
    0xd65f03c0,  // 88: ret
    0x361000c2,  // 8c: tbz w2, #2, +a4
    0xb9400023,  // 90: ldr w3, [x1]
    0xb85fc0a4,  // 94: ldur w4, [x5, #-4]
    0xb9000003,  // 98: str w3, [x0]
    0xb81fc0c4,  // 9c: stur w4, [x6, #-4]
    0xd65f03c0,  // a0: ret
    0xb40000c2,  // a4: cbz x2, +bc
    0x39400023,  // a8: ldrb w3, [x1]
    0x360800a2,  // ac: tbz w2, #1, +c0
    0x785fe0a4,  // b0: ldurh w4, [x5, #-2]
    0x39000003,  // b4: strb w3, [x0]
    0x781fe0c4,  // b8: sturh w4, [x6, #-2]
    0xd65f03c0,  // bc: ret
    0x39000003,  // c0: strb w3, [x0]
    0xd65f03c0,  // c4: ret
    0x58000050,  // c8: ldr x16, +d0
    0xd61f0200,  // cc: br x16
};

// (to, byte, size)
constexpr std::uint32_t kFill[] = {
    0x8b020006,  //  0: add x6, x0, x2
    0x4e010c20,  //  4: dup v0.16b, w1
    0xf100405f,  //  8: cmp x2, #0x10
    0x54000243,  //  c: b.cc +54
    0xf100805f,  // 10: cmp x2, #0x20
    0x54000088,  // 14: b.hi +24
    0x3d800000,  // 18: str q0, [x0]
    0x3c9f00c0,  // 1c: stur q0, [x6, #-16]
    0xd65f03c0,  // 20: ret
    0xf101005f,  // 24: cmp x2, #0x40
    0x54000088,  // 28: b.hi +38
    0xad000000,  // 2c: stp q0, q0, [x0]
    0xad3f00c0,  // 30: stp q0, q0, [x6, #-32]
    0xd65f03c0,  // 34: ret
    0xf102005f,  // 38: cmp x2, #0x80
    0x54000268,  // 3c: b.hi +88
    0xad000000,  // 40: stp q0, q0, [x0]
    0xad010000,  // 44: stp q0, q0, [x0, #32]
    0xad3e00c0,  // 48: stp q0, q0, [x6, #-64]
    0xad3f00c0,  // 4c: stp q0, q0, [x6, #-32]
    0xd65f03c0,  // 50: ret
    0x36180082,  // 54: tbz w2, #3, +64
    0xfd000000,  // 58: str d0, [x0]
    0xfc1f80c0,  // 5c: stur d0, [x6, #-8]
    0xd65f03c0,  // 60: ret
    0x36100082,  // 64: tbz w2, #2, +74
    0xbd000000,  // 68: str s0, [x0]
    0xbc1fc0c0,  // 6c: stur s0, [x6, #-4]
    0xd65f03c0,  // 70: ret
    0xb4000082,  // 74: cbz x2, +84
    0x39000001,  // 78: strb w1, [x0]
    0x36080042,  // 7c: tbz w2, #1, +84
    0x7c1fe0c0,  // 80: stur h0, [x6, #-2]
    0xd65f03c0,  // 84: ret
    0x58000050,  // 88: ldr x16, +90
    0xd61f0200,  // 8c: br x16
};

// The code with the address of the host's function behind it; that function itself where calls are
// observed, since nobody sees the guest's own code, or where the guest runs on this processor.
std::uint64_t fast_function(GuestMachine& machine, HostFunction slow,
                            std::span<const std::uint32_t> code) {
  slow.state = &machine;
  const auto bound = machine.engine.bind(std::move(slow));
  if (!bound) return 0;
  if (!machine.arm64 || machine.engine.observed()) return *bound;
  std::vector<std::uint32_t> words(code.begin(), code.end());
  if (words.size() % 2 != 0) words.push_back(0);  // what ldr reads is aligned
  words.push_back(static_cast<std::uint32_t>(*bound));
  words.push_back(static_cast<std::uint32_t>(*bound >> 32U));
  return put_guest_code(machine, words);
}

}  // namespace

void add_fast_function(FunctionTable& table, const std::string& name, HostFunction slow,
                       bool fills) {
  table.add_data(name, [slow = std::move(slow), fills](GuestMachine& machine) {
    if (fills) return fast_function(machine, slow, kFill);
    return fast_function(machine, slow, kCopy);
  });
}

}  // namespace dl::guest
