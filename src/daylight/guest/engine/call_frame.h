// SPDX-License-Identifier: Apache-2.0
// One call that a guest makes to the host, and how its arguments are read, whatever the processor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

using Vector128 = std::array<std::uint64_t, 2>;

// The registers of a call. Integer and vector arguments are counted apart, as AAPCS64 and System V
// for x86-64 both do; what does not fit lies on the stack, a word each.
class CallFrame {
 public:
  explicit CallFrame(const GuestArena& arena) : arena_(arena) {}
  virtual ~CallFrame() = default;
  CallFrame(const CallFrame&) = delete;
  CallFrame& operator=(const CallFrame&) = delete;

  virtual std::size_t integer_registers() const = 0;
  virtual std::uint64_t integer(std::size_t i) const = 0;
  virtual std::size_t vector_registers() const = 0;
  virtual Vector128 vector(std::size_t i) const = 0;
  virtual std::uint64_t stack() const = 0;           // address of the first argument there
  virtual std::uint64_t return_address() const = 0;  // 0 if not known
  virtual void return_integer(std::uint64_t value) = 0;
  virtual void return_vector(const Vector128& value) = 0;
  // The second word of a structure result of two.
  virtual void return_second_integer(std::uint64_t) { refuse("returns two words"); }
  // A long double of System V for x86-64; AAPCS64 has them in vectors.
  virtual void return_extended(long double) { refuse("returns a long double"); }
  // Where a call has returned: what it gives. AAPCS64 has results where the first arguments came.
  virtual std::uint64_t result() const { return integer(0); }
  virtual Vector128 vector_result() const { return vector(0); }
  // Structure results larger than two words: where they go.
  virtual std::uint64_t result_address() const = 0;
  // AAPCS64 and System V lay out va_list differently.
  virtual bool is_arm64() const = 0;

  const GuestArena& arena() const { return arena_; }

  // The call cannot be carried out: the guest stops with this when the host function returns.
  void refuse(std::string why) {
    if (refusal_.empty()) refusal_ = std::move(why);
  }
  const std::string& refusal() const { return refusal_; }

  // A word of the stack's arguments; refuses where the stack is not readable.
  std::uint64_t stack_word(std::size_t i) {
    const std::uint64_t at = stack() + 8 * i;
    const auto bytes = arena_.bytes(at, 8);
    if (!bytes) {
      refuse("its arguments lie outside of its memory");
      return 0;
    }
    std::uint64_t out = 0;
    std::memcpy(&out, bytes->data(), 8);
    return out;
  }

 private:
  const GuestArena& arena_;
  std::string refusal_;
};

// A call into the guest, before it is made: what goes into registers, and the stack pointer in
// front of the rest.
struct PlacedCall {
  std::span<const std::uint64_t> in_registers;
  std::uint64_t stack = 0;  // aligned to 16; the first argument there
};

// Lays the integer arguments that `registers` registers do not hold on the guest's stack, a word
// each, as AAPCS64 and System V both do. `outer` is the stack pointer of guest code that waits for
// this call, nothing for a thread's first, which begins below `top`. Nothing where the stack has no
// room.
std::optional<PlacedCall> place_call(const GuestArena& arena, std::optional<std::uint64_t> outer,
                                     std::uint64_t top, std::span<const std::uint64_t> integers,
                                     std::size_t registers);

// Arguments one after the other, wherever they are kept: registers, a va_list, an array.
class ArgumentSource {
 public:
  virtual ~ArgumentSource() = default;
  virtual std::uint64_t next_integer() = 0;
  virtual Vector128 next_vector() = 0;
  double next_double() {
    const Vector128 bits = next_vector();
    double out = 0;
    std::memcpy(&out, bits.data(), sizeof(out));
    return out;
  }
  // A long double: IEEE quad in one vector for AAPCS64, x87 on the stack for System V.
  virtual long double next_long_double() = 0;
};

// The value of an IEEE quad as near as this machine has it.
long double from_quad(const Vector128& bits);
Vector128 to_quad(long double value);

// The arguments of a call, from the first on, and those behind the named ones of a variadic
// function.
class CallArguments : public ArgumentSource {
 public:
  explicit CallArguments(CallFrame& frame) : frame_(frame) {}
  std::uint64_t next_integer() override {
    if (integers_ < frame_.integer_registers()) return frame_.integer(integers_++);
    return frame_.stack_word(words_++);
  }
  Vector128 next_vector() override {
    if (vectors_ < frame_.vector_registers()) return frame_.vector(vectors_++);
    return {frame_.stack_word(words_++), 0};
  }
  long double next_long_double() override;
  CallFrame& frame() { return frame_; }

 private:
  CallFrame& frame_;
  std::size_t integers_ = 0;
  std::size_t vectors_ = 0;
  std::size_t words_ = 0;
};

// A va_list that the guest hands over.
class VaListArguments : public ArgumentSource {
 public:
  // `list` is the address of the structure. Refuses the call where it cannot be read.
  VaListArguments(CallFrame& frame, std::uint64_t list);
  std::uint64_t next_integer() override;
  Vector128 next_vector() override;
  long double next_long_double() override;

 private:
  std::uint64_t word(std::uint64_t address);
  std::uint64_t next_stack(std::uint64_t size, std::uint64_t align);

  CallFrame& frame_;
  std::uint64_t stack_ = 0;
  // Ends of the saved registers and what is left of them; used the same way for both layouts.
  std::uint64_t integers_at_ = 0;
  std::uint64_t integers_left_ = 0;
  std::uint64_t vectors_at_ = 0;
  std::uint64_t vectors_left_ = 0;
};

// Words in an array of eight bytes each, as jvalue has them.
class ArrayArguments : public ArgumentSource {
 public:
  ArrayArguments(CallFrame& frame, std::uint64_t array) : frame_(frame), at_(array) {}
  std::uint64_t next_integer() override;
  Vector128 next_vector() override { return {next_integer(), 0}; }
  long double next_long_double() override { return static_cast<long double>(next_double()); }

 private:
  CallFrame& frame_;
  std::uint64_t at_;
};

}  // namespace dl::guest
