// SPDX-License-Identifier: Apache-2.0
// Places in arm64 code where the host wants to be asked: the processor reads an svc there, and what
// stood there runs elsewhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "daylight/base/result.h"
#include "daylight/guest/engine/watched_calls.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// The registers that an instruction which depends on its place uses.
class Arm64Core {
 public:
  virtual ~Arm64Core() = default;
  virtual std::uint64_t x(std::size_t i) const = 0;  // 31 is zero
  virtual void set_x(std::size_t i, std::uint64_t value) = 0;
  virtual void set_v(std::size_t i, const std::uint8_t* bytes, std::size_t size) = 0;
  virtual std::uint32_t pstate() const = 0;
  virtual void set_pc(std::uint64_t pc) = 0;
};

// Whether an instruction does the same at every address.
bool is_place_independent(std::uint32_t word);
// Runs a branch, adr, adrp or load of a literal as if it stood at `pc`. False for others, and where
// the literal is not readable.
bool run_at(std::uint32_t word, std::uint64_t pc, const GuestArena& arena, Arm64Core& core);

// Thread safe. The arena must outlive it.
class Arm64Watches {
 public:
  // `ask` and `resume` are the words that the processor is to read at a watched place and behind
  // an instruction that was moved.
  Arm64Watches(GuestArena& arena, std::uint32_t ask, std::uint32_t resume)
      : arena_(arena), ask_(ask), resume_(resume) {}

  // Watches the instruction at `address`: where calls begin, or where they return to. Again for one
  // that is watched adds the other purpose. Whether it is new. kLimit, kInvalidArgument outside of
  // code.
  enum class Purpose { kEntry, kReturn };
  Result<bool> add(std::uint64_t address, Purpose purpose);

  struct Watch {
    std::uint32_t word = 0;      // what stands there
    std::uint64_t moved_to = 0;  // where it runs; 0 where it depends on its place
    bool entry = false;
    bool is_return = false;
  };
  std::optional<Watch> at(std::uint64_t address) const;
  // What the processor reads there, where it is not what memory holds. Cheap without watches.
  std::optional<std::uint32_t> code_at(std::uint64_t address) const;
  // Behind which instruction the moved one before `address` stood; nothing if it is none.
  std::optional<std::uint64_t> resumes_at(std::uint64_t address) const;

 private:
  Result<std::uint64_t> move(std::uint64_t address, std::uint32_t word);

  GuestArena& arena_;
  std::uint32_t ask_;
  std::uint32_t resume_;
  std::atomic<bool> any_ = false;
  mutable std::shared_mutex mutex_;  // guards what follows
  std::unordered_map<std::uint64_t, Watch> watches_;
  std::unordered_map<std::uint64_t, std::uint64_t> resumes_;  // by address of the resume word
  std::uint64_t page_ = 0;
  std::uint64_t used_ = kGuestPage;
};

}  // namespace dl::guest
