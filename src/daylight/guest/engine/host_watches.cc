// SPDX-License-Identifier: Apache-2.0
// Breakpoints. One byte is written at once, so other threads read either instruction.
#include "daylight/guest/engine/host_watches.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "daylight/guest/engine/watched_calls.h"
#if defined(__x86_64__)
#include "daylight/guest/engine/x86_moved_code.h"
#endif

namespace dl::guest {

namespace {
constexpr std::uint8_t kBreakpoint = 0xcc;
}  // namespace

#if defined(__x86_64__)
namespace {

std::uint64_t page_of(std::uint64_t address) { return address / kGuestPage * kGuestPage; }
// The slot that an address lies in: they are aligned to their size.
std::uint64_t slot_of(std::uint64_t address) { return address / kMovedCodeSize * kMovedCodeSize; }

}  // namespace

// Code stays executable while it is written: other threads may be in it.
Result<void> HostWatches::write_code(std::uint64_t address, ByteSpan bytes) {
  const std::uint64_t page = page_of(address);
  const auto access =
      static_cast<std::uint8_t>(arena_.access_at(page) & (kPageRead | kPageWrite | kPageExecute));
  TRY_VOID(arena_.protect(page, kGuestPage, access | kPageWrite));
  if (bytes.size() == 1) {
    __atomic_store_n(reinterpret_cast<std::uint8_t*>(address), bytes[0], __ATOMIC_SEQ_CST);
  } else {
    std::memcpy(reinterpret_cast<void*>(address), bytes.data(), bytes.size());
  }
  return arena_.protect(page, kGuestPage, access);
}

Result<std::uint64_t> HostWatches::take_slot() {
  if (used_ + kMovedCodeSize > kGuestPage) {
    page_ = TRY(arena_.map(kGuestPage, kPageRead | kPageExecute));
    used_ = 0;
  }
  return page_ + std::exchange(used_, used_ + kMovedCodeSize);
}

// First the way around, then the breakpoint.
Result<void> HostWatches::place(std::uint64_t address, Watch& watch) {
  const std::uint64_t in_page = kGuestPage - address % kGuestPage;
  std::uint64_t readable = std::min<std::uint64_t>(kLongestX86Instruction, in_page);
  if (arena_.allows(address, kLongestX86Instruction, kPageExecute))
    readable = kLongestX86Instruction;
  const auto code = arena_.copy(address, readable);
  if (!code) return fail(ErrorCode::kInvalidArgument, "no code is there to watch", "guest");
  const std::uint64_t slot = TRY(take_slot());
  std::vector<std::uint8_t> unwatched = *code;
  for (std::size_t i = 0; i < unwatched.size(); ++i) {
    const auto other = watches_.find(address + i);
    if (other != watches_.end() && unwatched[i] == kBreakpoint) unwatched[i] = other->second.byte;
  }
  const MovedX86Code moved = TRY(move_x86_code(unwatched, address, slot));
  TRY_VOID(write_code(slot, moved.code));
  watch.byte = unwatched[0];
  watch.length = moved.length;
  watch.whole = moved.whole;
  watch.moved_to = slot;
  slots_[slot] = address;
  return {};
}

Result<void> HostWatches::add(std::uint64_t address, Purpose purpose) {
  const std::unique_lock lock(mutex_);
  if (!arena_.allows(address, 1, kPageExecute))
    return fail(ErrorCode::kInvalidArgument, "no code is there to watch", "guest");
  const auto known = watches_.find(address);
  if (known == watches_.end() && watches_.size() >= kMaxWatches)
    return fail(ErrorCode::kLimit, "too many places are watched", "guest");
  Watch watch = known == watches_.end() ? Watch{} : known->second;
  // Where the breakpoint is gone, other code lies there now.
  const bool placed = known != watches_.end() &&
                      *reinterpret_cast<const volatile std::uint8_t*>(address) == kBreakpoint;
  if (!placed) TRY_VOID(place(address, watch));
  (purpose == Purpose::kEntry ? watch.entry : watch.is_return) = true;
  watches_[address] = watch;
  any_ = true;
  if (!placed) TRY_VOID(write_code(address, ByteSpan(&kBreakpoint, 1)));
  return {};
}

std::uint64_t HostWatches::place_of(std::uint64_t pc) const {
  if (!any_.load(std::memory_order_acquire)) return pc;
  const std::shared_lock lock(mutex_);
  const auto slot = slots_.find(slot_of(pc));
  if (slot == slots_.end()) return pc;
  const auto watch = watches_.find(slot->second);
  if (watch == watches_.end() || !watch->second.whole) return slot->second;
  return slot->second + std::min<std::uint64_t>(pc - slot->first, watch->second.length);
}
#else
Result<void> HostWatches::add(std::uint64_t, Purpose) {
  return fail(ErrorCode::kUnsupported, "native code of this processor is not watched", "guest");
}

std::uint64_t HostWatches::place_of(std::uint64_t pc) const { return pc; }
#endif

std::optional<HostWatches::Watch> HostWatches::at(std::uint64_t address) const {
  if (!any_.load(std::memory_order_acquire)) return std::nullopt;
  const std::shared_lock lock(mutex_);
  const auto found = watches_.find(address);
  if (found == watches_.end()) return std::nullopt;
  return found->second;
}

std::uint8_t HostWatches::byte_at(std::uint64_t address) const {
  const std::uint8_t now = *reinterpret_cast<const volatile std::uint8_t*>(address);
  const auto watch = at(address);
  return watch && now == kBreakpoint ? watch->byte : now;
}

}  // namespace dl::guest
