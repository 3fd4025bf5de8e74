// SPDX-License-Identifier: Apache-2.0
// Places in the host processor's own code where the host wants to be asked: a breakpoint stands
// there, and what stood there runs elsewhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <unordered_map>

#include "daylight/base/result.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// Thread safe; looking up allocates nothing, so that handlers of signals can. The arena must
// outlive it. x86-64 only: elsewhere nothing can be added.
class HostWatches {
 public:
  explicit HostWatches(GuestArena& arena) : arena_(arena) {}

  // Watches the instruction at `address`: where calls begin, or where they return to. Again for one
  // that is watched adds the other purpose. Other threads may run the code meanwhile. kLimit for
  // too many, kInvalidArgument where no instruction begins, kUnsupported for one that cannot run
  // elsewhere.
  enum class Purpose { kEntry, kReturn };
  Result<void> add(std::uint64_t address, Purpose purpose);

  struct Watch {
    std::uint8_t byte = 0;       // what stands there
    std::uint8_t length = 0;     // of the instruction
    bool whole = false;          // MovedX86Code::whole
    std::uint64_t moved_to = 0;  // where it runs
    bool entry = false;
    bool is_return = false;
  };
  std::optional<Watch> at(std::uint64_t address) const;
  // Where code that stopped at `pc` would have stopped without watches: `pc` itself most often.
  std::uint64_t place_of(std::uint64_t pc) const;
  // A byte of code as it is without watches.
  std::uint8_t byte_at(std::uint64_t address) const;

 private:
  Result<void> place(std::uint64_t address, Watch& watch);
  Result<std::uint64_t> take_slot();
  Result<void> write_code(std::uint64_t address, ByteSpan bytes);

  GuestArena& arena_;
  std::atomic<bool> any_ = false;
  mutable std::shared_mutex mutex_;  // guards what follows
  std::unordered_map<std::uint64_t, Watch> watches_;
  std::unordered_map<std::uint64_t, std::uint64_t> slots_;  // where the moved instruction stood
  std::uint64_t page_ = 0;
  std::uint64_t used_ = kGuestPage;
};

}  // namespace dl::guest
