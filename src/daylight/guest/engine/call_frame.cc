// SPDX-License-Identifier: Apache-2.0
// Arguments on the stack, va_list of two ABIs, and quads.
// Sources: Procedure Call Standard for the Arm 64-bit Architecture, appendix B; System V ABI for
// x86-64, 3.5.7.
#include "daylight/guest/engine/call_frame.h"

#include <algorithm>
#include <cmath>

#include "daylight/guest/engine/guest_fault.h"

namespace dl::guest {
namespace {

// Below the stack pointer of an outer call, what a leaf function may use without moving it.
constexpr std::uint64_t kRedZone = 512;
// What stays free above a thread's first call.
constexpr std::uint64_t kTopOfStack = 256;

// Of an IEEE quad.
constexpr int kQuadBias = 16383;
constexpr unsigned kQuadHighBits = 48;  // fraction bits in the upper word

std::uint64_t read_word(CallFrame& frame, std::uint64_t address) {
  const auto bytes = frame.arena().bytes(address, 8);
  if (!bytes) {
    frame.refuse("its arguments lie outside of its memory");
    return 0;
  }
  std::uint64_t out = 0;
  std::memcpy(&out, bytes->data(), 8);
  return out;
}

long double read_extended(CallFrame& frame, std::uint64_t address) {
  const auto bytes = frame.arena().bytes(address, 10);
  if (!bytes) {
    frame.refuse("its arguments lie outside of its memory");
    return 0;
  }
  std::uint64_t fraction = 0;
  std::uint16_t head = 0;
  std::memcpy(&fraction, bytes->data(), 8);
  std::memcpy(&head, bytes->data() + 8, 2);
  const long double value = std::ldexp(static_cast<long double>(fraction), (head & 0x7fff) - 16446);
  return (head & 0x8000) != 0 ? -value : value;
}

}  // namespace

const char* name_of(GuestFault::Kind kind) {
  switch (kind) {
    case GuestFault::Kind::kMemory:
      return "memory";
    case GuestFault::Kind::kInstruction:
      return "instruction";
    case GuestFault::Kind::kAbort:
      return "abort";
    case GuestFault::Kind::kImport:
      return "import";
    case GuestFault::Kind::kArgument:
      return "argument";
    case GuestFault::Kind::kStackOverflow:
      return "stack-overflow";
    case GuestFault::Kind::kStopped:
      return "stopped";
    case GuestFault::Kind::kExit:
      return "exit";
  }
  return "memory";
}

std::optional<PlacedCall> place_call(const GuestArena& arena, std::optional<std::uint64_t> outer,
                                     std::uint64_t top, std::span<const std::uint64_t> integers,
                                     std::size_t registers) {
  PlacedCall out;
  out.in_registers = integers.first(std::min(integers.size(), registers));
  const auto on_stack = integers.subspan(out.in_registers.size());
  const std::uint64_t below = outer ? *outer - kRedZone : top - kTopOfStack;
  out.stack = (below - on_stack.size_bytes()) & ~std::uint64_t{15};
  if (!arena.allows(out.stack, on_stack.size_bytes(), kPageWrite)) return std::nullopt;
  if (!on_stack.empty())
    std::memcpy(reinterpret_cast<void*>(out.stack), on_stack.data(), on_stack.size_bytes());
  return out;
}

long double from_quad(const Vector128& bits) {
  const bool negative = (bits[1] >> 63U) != 0;
  const int exponent = static_cast<int>((bits[1] >> kQuadHighBits) & 0x7fffU);
  const std::uint64_t high = bits[1] & ((std::uint64_t{1} << kQuadHighBits) - 1);
  long double value = 0;
  if (exponent == 0x7fff) {
    value = high == 0 && bits[0] == 0 ? INFINITY : NAN;
  } else {
    const long double fraction = std::ldexp(static_cast<long double>(high), -48) +
                                 std::ldexp(static_cast<long double>(bits[0]), -112);
    value = exponent == 0 ? std::ldexp(fraction, 1 - kQuadBias)
                          : std::ldexp(1.0L + fraction, exponent - kQuadBias);
  }
  return negative ? -value : value;
}

Vector128 to_quad(long double value) {
  Vector128 out{0, std::signbit(value) ? std::uint64_t{1} << 63U : 0};
  if (std::isnan(value)) return {0, out[1] | (std::uint64_t{0x7fff8} << 44U)};
  if (std::isinf(value)) return {0, out[1] | (std::uint64_t{0x7fff} << kQuadHighBits)};
  if (value == 0) return out;
  int exponent = 0;
  long double fraction = std::frexp(std::fabs(value), &exponent);  // [0.5, 1)
  fraction = fraction * 2 - 1;
  const int biased = exponent - 1 + kQuadBias;
  if (biased <= 0) return out;  // below what a quad's normal numbers hold: zero
  const auto high = static_cast<std::uint64_t>(std::ldexp(fraction, 48));
  const auto low = static_cast<std::uint64_t>(
      std::ldexp(std::ldexp(fraction, 48) - static_cast<long double>(high), 64));
  out[0] = low;
  out[1] |= (static_cast<std::uint64_t>(biased) << kQuadHighBits) | high;
  return out;
}

long double CallArguments::next_long_double() {
  if (frame_.is_arm64()) {
    if (vectors_ < frame_.vector_registers()) return from_quad(frame_.vector(vectors_++));
    words_ += words_ % 2;
    const std::uint64_t low = frame_.stack_word(words_++);
    return from_quad({low, frame_.stack_word(words_++)});
  }
  words_ += words_ % 2;
  const std::uint64_t at = frame_.stack() + 8 * words_;
  words_ += 2;
  return read_extended(frame_, at);
}

VaListArguments::VaListArguments(CallFrame& frame, std::uint64_t list) : frame_(frame) {
  if (frame.is_arm64()) {
    // {stack, gr_top, vr_top, int gr_offs, int vr_offs}; offsets are negative while there are some.
    stack_ = word(list);
    const std::uint64_t integer_top = word(list + 8);
    const std::uint64_t vector_top = word(list + 16);
    const std::uint64_t offsets = word(list + 24);
    const auto integer_offset = static_cast<std::int32_t>(offsets & 0xffffffffU);
    const auto vector_offset = static_cast<std::int32_t>(offsets >> 32U);
    if (integer_offset < 0 && integer_offset >= -64) {
      integers_at_ = integer_top + static_cast<std::uint64_t>(std::int64_t{integer_offset});
      integers_left_ = static_cast<std::uint64_t>(-integer_offset) / 8;
    }
    if (vector_offset < 0 && vector_offset >= -128) {
      vectors_at_ = vector_top + static_cast<std::uint64_t>(std::int64_t{vector_offset});
      vectors_left_ = static_cast<std::uint64_t>(-vector_offset) / 16;
    }
    return;
  }
  // {unsigned gp_offset, unsigned fp_offset, overflow_arg_area, reg_save_area}
  const std::uint64_t offsets = word(list);
  stack_ = word(list + 8);
  const std::uint64_t area = word(list + 16);
  const std::uint64_t integer_offset = offsets & 0xffffffffU;
  const std::uint64_t vector_offset = offsets >> 32U;
  if (integer_offset < 48) {
    integers_at_ = area + integer_offset;
    integers_left_ = (48 - integer_offset) / 8;
  }
  if (vector_offset < 176) {
    vectors_at_ = area + vector_offset;
    vectors_left_ = (176 - vector_offset) / 16;
  }
}

std::uint64_t VaListArguments::word(std::uint64_t address) { return read_word(frame_, address); }

std::uint64_t VaListArguments::next_stack(std::uint64_t size, std::uint64_t align) {
  stack_ = (stack_ + align - 1) / align * align;
  const std::uint64_t at = stack_;
  stack_ += size;
  return at;
}

std::uint64_t VaListArguments::next_integer() {
  if (integers_left_ == 0) return word(next_stack(8, 8));
  --integers_left_;
  integers_at_ += 8;
  return word(integers_at_ - 8);
}

Vector128 VaListArguments::next_vector() {
  if (vectors_left_ == 0) return {word(next_stack(8, 8)), 0};
  --vectors_left_;
  vectors_at_ += 16;
  return {word(vectors_at_ - 16), word(vectors_at_ - 8)};
}

long double VaListArguments::next_long_double() {
  if (!frame_.is_arm64()) return read_extended(frame_, next_stack(16, 16));
  if (vectors_left_ > 0) return from_quad(next_vector());
  const std::uint64_t at = next_stack(16, 16);
  const std::uint64_t low = word(at);
  return from_quad({low, word(at + 8)});
}

std::uint64_t ArrayArguments::next_integer() {
  at_ += 8;
  return read_word(frame_, at_ - 8);
}

}  // namespace dl::guest
