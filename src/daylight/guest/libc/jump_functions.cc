// SPDX-License-Identifier: Apache-2.0
// setjmp and longjmp, and the floating-point environment: instructions of the guest's processor.
// Sources: Procedure Call Standard for the Arm 64-bit Architecture, 6.1 (registers that a callee
// keeps: x19 to x30, sp, the lower halves of v8 to v15); Arm Architecture Reference Manual (FPCR,
// FPSR); System V ABI for x86-64, 3.2.1 (rbx, rbp, r12 to r15, rsp).
#include <fenv.h>

#include <array>
#include <vector>

#include "daylight/guest/libc/guest_code.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

using Words = std::vector<std::uint32_t>;

// ---- instructions of arm64 ----

constexpr std::uint32_t kRet = 0xd65f03c0;

// stp/ldp of 64-bit registers at [x0 + offset].
constexpr std::uint32_t pair(bool load, bool vector, unsigned first, unsigned offset) {
  const std::uint32_t base = vector ? 0x6d000000U : 0xa9000000U;
  return base | (load ? 1U << 22U : 0U) | ((offset / 8) << 15U) | ((first + 1) << 10U) | first;
}
constexpr std::uint32_t store_x2(unsigned offset) {
  return 0xf9000000U | ((offset / 8) << 10U) | 2U;  // str x2, [x0, #offset]
}
constexpr std::uint32_t load_x2(unsigned offset) {
  return 0xf9400000U | ((offset / 8) << 10U) | 2U;
}

// Where things lie in a jmp_buf, which has 256 bytes on bionic.
constexpr unsigned kIntegers = 0;  // x19 ... x30
constexpr unsigned kStackPointer = 96;
constexpr unsigned kVectors = 104;  // d8 ... d15

void move_registers(Words& code, bool load) {
  for (unsigned i = 0; i < 6; ++i)
    code.push_back(pair(load, false, 19 + 2 * i, kIntegers + 16 * i));
  for (unsigned i = 0; i < 4; ++i) code.push_back(pair(load, true, 8 + 2 * i, kVectors + 16 * i));
}

Words arm_setjmp() {
  Words code;
  move_registers(code, false);
  code.push_back(0x910003e2);  // mov x2, sp
  code.push_back(store_x2(kStackPointer));
  code.push_back(0x52800000);  // mov w0, #0
  code.push_back(kRet);
  return code;
}
Words arm_longjmp() {
  Words code;
  move_registers(code, true);
  code.push_back(load_x2(kStackPointer));
  code.push_back(0x9100005f);  // mov sp, x2
  code.push_back(0x7100003f);  // cmp w1, #0
  code.push_back(0x1a9f1420);  // csinc w0, w1, wzr, ne: a longjmp with 0 returns 1
  code.push_back(kRet);
  return code;
}

// jmp_buf of x86-64: rbx rbp r12 r13 r14 r15 rsp rip.
constexpr std::array<std::uint8_t, 43> kIntelSetjmp = {0x48, 0x89, 0x1f,        // mov [rdi], rbx
                                                       0x48, 0x89, 0x6f, 0x08,  // mov [rdi+8], rbp
                                                       0x4c, 0x89, 0x67, 0x10,  // mov [rdi+16], r12
                                                       0x4c, 0x89, 0x6f, 0x18,  // mov [rdi+24], r13
                                                       0x4c, 0x89, 0x77, 0x20,  // mov [rdi+32], r14
                                                       0x4c, 0x89, 0x7f, 0x28,  // mov [rdi+40], r15
                                                       0x48, 0x8d, 0x54, 0x24,
                                                       0x08,                    // lea rdx, [rsp+8]
                                                       0x48, 0x89, 0x57, 0x30,  // mov [rdi+48], rdx
                                                       0x48, 0x8b, 0x14, 0x24,  // mov rdx, [rsp]
                                                       0x48, 0x89, 0x57, 0x38,  // mov [rdi+56], rdx
                                                       0x31, 0xc0, 0xc3};       // xor eax, eax; ret
constexpr std::array<std::uint8_t, 38> kIntelLongjmp = {
    0x48, 0x8b, 0x1f,        // mov rbx, [rdi]
    0x48, 0x8b, 0x6f, 0x08,  // mov rbp, [rdi+8]
    0x4c, 0x8b, 0x67, 0x10,  // mov r12, [rdi+16]
    0x4c, 0x8b, 0x6f, 0x18,  // mov r13, [rdi+24]
    0x4c, 0x8b, 0x77, 0x20,  // mov r14, [rdi+32]
    0x4c, 0x8b, 0x7f, 0x28,  // mov r15, [rdi+40]
    0x48, 0x8b, 0x67, 0x30,  // mov rsp, [rdi+48]
    0x89, 0xf0,              // mov eax, esi
    0x83, 0xf8, 0x01,        // cmp eax, 1
    0x83, 0xd0, 0x00,        // adc eax, 0: 0 becomes 1
    0xff, 0x67, 0x38};       // jmp [rdi+56]

std::uint64_t make_setjmp(GuestMachine& machine) {
  if (machine.arm64) return put_guest_code(machine, arm_setjmp());
  return put_guest_code(machine, kIntelSetjmp);
}
std::uint64_t make_longjmp(GuestMachine& machine) {
  if (machine.arm64) return put_guest_code(machine, arm_longjmp());
  return put_guest_code(machine, kIntelLongjmp);
}

// ---- the floating-point environment ----
// fenv_t of bionic is {control, status}, 32 bits each; its FE_ names are the bits of FPSR, its
// rounding modes those of FPCR (bits 22 and 23). On x86-64 both are the processor's own, as are
// glibc's: there its functions run as guest code, since they touch registers and their argument
// only.

constexpr std::uint32_t kReadStatus2 = 0xd53b4422;    // mrs x2, fpsr
constexpr std::uint32_t kWriteStatus2 = 0xd51b4422;   // msr fpsr, x2
constexpr std::uint32_t kReadControl2 = 0xd53b4402;   // mrs x2, fpcr
constexpr std::uint32_t kWriteControl2 = 0xd51b4402;  // msr fpcr, x2
constexpr std::uint32_t kZero0 = 0x52800000;          // mov w0, #0
constexpr std::uint32_t kOnlyFlags = 0x12001000;      // and w0, w0, #0x1f

struct Environment {
  const char* name;
  Words code;
  std::uint64_t here = 0;  // this machine's own, for guests of the same kind
};

template <typename F>
std::uint64_t address_of(F* function) {
  return reinterpret_cast<std::uint64_t>(function);
}

const std::vector<Environment>& environment_functions() {
  static const std::vector<Environment> kAll = {
      {"fegetround",
       {0xd53b4400, 0x53165c00, kRet},
       address_of(&::fegetround)},  // mrs x0, fpcr; ubfx w0, w0, #22, #2
      {"fesetround",
       {0x7100101f,  // cmp w0, #4
        0x540000c2,  // b.hs: no such mode
        kReadControl2,
        0x330a0402,  // bfi w2, w0, #22, #2
        kWriteControl2, kZero0, kRet,
        0x52800020,  // mov w0, #1
        kRet},
       address_of(&::fesetround)},
      {"fetestexcept",
       {kOnlyFlags, kReadStatus2, 0x0a020000, kRet},
       address_of(&::fetestexcept)},  // and w0, w0, w2
      {"feclearexcept",
       {kOnlyFlags, kReadStatus2, 0x0a200042, kWriteStatus2, kZero0, kRet},
       address_of(&::feclearexcept)},  // bic w2, w2, w0
      {"feraiseexcept",
       {kOnlyFlags, kReadStatus2, 0x2a000042, kWriteStatus2, kZero0, kRet},
       address_of(&::feraiseexcept)},  // orr w2, w2, w0
      {"fegetenv",
       {kReadControl2, 0xb9000002, kReadStatus2, 0xb9000402, kZero0, kRet},
       address_of(&::fegetenv)},  // str w2, [x0, #4]
      {"fesetenv",
       {0xb100041f,  // cmn x0, #1: FE_DFL_ENV is -1
        0x540000e0,  // b.eq
        0xb9400002, kWriteControl2, 0xb9400402, kWriteStatus2, kZero0, kRet,
        0xd2800002,  // mov x2, #0
        kWriteControl2, kWriteStatus2, kZero0, kRet},
       address_of(&::fesetenv)},
      {"feholdexcept",
       {kReadControl2, 0xb9000002, kReadStatus2, 0xb9000402,
        0x121b6842,  // and w2, w2, #~0x1f
        kWriteStatus2, kZero0, kRet},
       address_of(&::feholdexcept)},
      {"feupdateenv",
       {kReadStatus2,
        0x12001043,  // and w3, w2, #0x1f
        0xb9400002, kWriteControl2, 0xb9400402,
        0x2a030042,  // orr w2, w2, w3
        kWriteStatus2, kZero0, kRet},
       address_of(&::feupdateenv)},
      {"fegetexceptflag",  // (fexcept_t*, int)
       {kReadStatus2, 0x12001021, 0x0a010042, 0xb9000002, kZero0, kRet},
       address_of(&::fegetexceptflag)},
      {"fesetexceptflag",
       {0x12001021,  // and w1, w1, #0x1f
        0xb9400003,  // ldr w3, [x0]
        0x0a010063,  // and w3, w3, w1
        kReadStatus2,
        0x0a210042,  // bic w2, w2, w1
        0x2a030042, kWriteStatus2, kZero0, kRet},
       address_of(&::fesetexceptflag)},
      {"fegetexcept", {kZero0, kRet}, address_of(&::fegetexcept)},
      {"feenableexcept",
       {0x12800000, kRet},
       address_of(&::feenableexcept)},  // mov w0, #-1: traps do not exist
      {"fedisableexcept", {kZero0, kRet}, address_of(&::fedisableexcept)},
  };
  return kAll;
}

}  // namespace

void add_jump_functions(FunctionTable& table) {
  // No signal arrives from outside: there is no mask to keep.
  for (const char* name : {"setjmp", "_setjmp", "sigsetjmp", "__sigsetjmp"})
    table.add_data(name, &make_setjmp);
  for (const char* name : {"longjmp", "_longjmp", "siglongjmp"})
    table.add_data(name, &make_longjmp);
  for (const Environment& each : environment_functions())
    table.add_data(each.name, [code = each.code, here = each.here](GuestMachine& machine) {
      return machine.arm64 ? put_guest_code(machine, code) : here;
    });
}

}  // namespace dl::guest
