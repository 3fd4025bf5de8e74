// SPDX-License-Identifier: Apache-2.0
// Moves instructions, or runs them in C++ where they depend on their place.
// Source: Arm Architecture Reference Manual for A-profile, C4.1 (branches, data processing with an
// immediate, loads of literals).
#include "daylight/guest/engine/arm64_watches.h"

#include <cstring>

#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

// The instruction there; nothing where no code is, or another thread takes it away meanwhile.
std::optional<std::uint32_t> instruction_at(const GuestArena& arena, std::uint64_t address) {
  if (address % 4 != 0 || !arena.allows(address, 4, kPageExecute)) return std::nullopt;
  std::uint32_t out = 0;
  const auto gone = with_memory_escape(
      [&] { std::memcpy(&out, reinterpret_cast<const void*>(address), sizeof(out)); });
  if (gone) return std::nullopt;
  return out;
}

bool is_branch(std::uint32_t w) { return (w & 0x7c000000U) == 0x14000000U; }
bool is_conditional(std::uint32_t w) { return (w & 0xff000000U) == 0x54000000U; }
bool is_compare(std::uint32_t w) { return (w & 0x7e000000U) == 0x34000000U; }
bool is_test(std::uint32_t w) { return (w & 0x7e000000U) == 0x36000000U; }
bool is_adr(std::uint32_t w) { return (w & 0x1f000000U) == 0x10000000U; }
bool is_literal(std::uint32_t w) { return (w & 0x3b000000U) == 0x18000000U; }

std::uint64_t sign_extended(std::uint64_t value, unsigned bits) {
  const unsigned shift = 64 - bits;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << shift) >> shift);
}

// A condition of b.cond over N, Z, C, V in bits 31 to 28.
bool holds(std::uint32_t condition, std::uint32_t pstate) {
  const bool n = (pstate >> 31U & 1U) != 0;
  const bool z = (pstate >> 30U & 1U) != 0;
  const bool c = (pstate >> 29U & 1U) != 0;
  const bool v = (pstate >> 28U & 1U) != 0;
  bool out = true;
  switch (condition >> 1U) {
    case 0:
      out = z;
      break;
    case 1:
      out = c;
      break;
    case 2:
      out = n;
      break;
    case 3:
      out = v;
      break;
    case 4:
      out = c && !z;
      break;
    case 5:
      out = n == v;
      break;
    case 6:
      out = n == v && !z;
      break;
    default:
      return true;
  }
  return (condition & 1U) != 0 ? !out : out;
}

bool load_literal(std::uint32_t w, std::uint64_t pc, const GuestArena& arena, Arm64Core& core) {
  const std::uint64_t at = pc + sign_extended(((w >> 5U) & 0x7ffffU) << 2U, 21);
  const unsigned kind = w >> 30U;
  const bool vector = (w & (1U << 26U)) != 0;
  const std::size_t size = vector ? std::size_t{4} << kind : kind == 1 ? 8 : 4;
  if (!vector && kind == 3) return true;  // prefetch
  if (vector && kind == 3) return false;
  const auto bytes = arena.copy(at, size);
  if (!bytes) return false;
  if (vector) {
    core.set_v(w & 31U, bytes->data(), size);
    return true;
  }
  std::uint64_t value = 0;
  std::memcpy(&value, bytes->data(), size);
  if (kind == 2) value = sign_extended(value, 32);
  core.set_x(w & 31U, value);
  return true;
}

}  // namespace

bool is_place_independent(std::uint32_t word) {
  return !is_branch(word) && !is_conditional(word) && !is_compare(word) && !is_test(word) &&
         !is_adr(word) && !is_literal(word);
}

bool run_at(std::uint32_t w, std::uint64_t pc, const GuestArena& arena, Arm64Core& core) {
  std::uint64_t next = pc + 4;
  if (is_branch(w)) {
    next = pc + sign_extended((w & 0x3ffffffU) << 2U, 28);
    if ((w >> 31U) != 0) core.set_x(30, pc + 4);
  } else if (is_conditional(w)) {
    if (holds(w & 15U, core.pstate())) next = pc + sign_extended(((w >> 5U) & 0x7ffffU) << 2U, 21);
  } else if (is_compare(w)) {
    std::uint64_t value = core.x(w & 31U);
    if ((w >> 31U) == 0) value &= 0xffffffffU;
    const bool when_not_zero = (w & (1U << 24U)) != 0;
    if ((value != 0) == when_not_zero) next = pc + sign_extended(((w >> 5U) & 0x7ffffU) << 2U, 21);
  } else if (is_test(w)) {
    const unsigned bit = ((w >> 31U) << 5U) | ((w >> 19U) & 31U);
    const bool set = ((core.x(w & 31U) >> bit) & 1U) != 0;
    if (set == ((w & (1U << 24U)) != 0)) next = pc + sign_extended(((w >> 5U) & 0x3fffU) << 2U, 16);
  } else if (is_adr(w)) {
    const std::uint64_t offset =
        sign_extended((((w >> 5U) & 0x7ffffU) << 2U) | ((w >> 29U) & 3U), 21);
    const bool page = (w >> 31U) != 0;
    core.set_x(w & 31U, page ? (pc & ~std::uint64_t{0xfff}) + (offset << 12U) : pc + offset);
  } else if (is_literal(w)) {
    if (!load_literal(w, pc, arena, core)) return false;
  } else {
    return false;
  }
  core.set_pc(next);
  return true;
}

Result<std::uint64_t> Arm64Watches::move(std::uint64_t address, std::uint32_t word) {
  if (used_ + 8 > kGuestPage) {
    page_ = TRY(arena_.map(kGuestPage, kPageRead | kPageExecute));
    used_ = 0;
  }
  const std::uint64_t to = page_ + used_;
  // Other threads read code of this page meanwhile: it stays executable.
  TRY_VOID(arena_.protect(page_, kGuestPage, kPageRead | kPageWrite | kPageExecute));
  const std::uint32_t code[] = {word, resume_};
  const auto gone =
      with_memory_escape([&] { std::memcpy(reinterpret_cast<void*>(to), code, sizeof(code)); });
  if (gone) return fail(ErrorCode::kInvalidArgument, "the page of moved code is gone", "guest");
  TRY_VOID(arena_.protect(page_, kGuestPage, kPageRead | kPageExecute));
  used_ += 8;
  resumes_.emplace(to + 4, address + 4);
  return to;
}

Result<bool> Arm64Watches::add(std::uint64_t address, Purpose purpose) {
  // Read before the lock is taken.
  const auto word = instruction_at(arena_, address);
  const std::unique_lock lock(mutex_);
  auto found = watches_.find(address);
  const bool fresh = found == watches_.end();
  if (fresh) {
    if (watches_.size() >= kMaxWatches)
      return fail(ErrorCode::kLimit, "too many places are watched", "guest");
    if (!word) return fail(ErrorCode::kInvalidArgument, "no code is there to watch", "guest");
    Watch watch;
    watch.word = *word;
    if (is_place_independent(watch.word)) watch.moved_to = TRY(move(address, watch.word));
    found = watches_.emplace(address, watch).first;
  }
  (purpose == Purpose::kEntry ? found->second.entry : found->second.is_return) = true;
  any_ = true;
  return fresh;
}

std::optional<Arm64Watches::Watch> Arm64Watches::at(std::uint64_t address) const {
  const std::shared_lock lock(mutex_);
  const auto found = watches_.find(address);
  if (found == watches_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> Arm64Watches::code_at(std::uint64_t address) const {
  if (!any_.load(std::memory_order_acquire)) return std::nullopt;
  const std::shared_lock lock(mutex_);
  return watches_.contains(address) ? std::optional(ask_) : std::nullopt;
}

std::optional<std::uint64_t> Arm64Watches::resumes_at(std::uint64_t address) const {
  const std::shared_lock lock(mutex_);
  const auto found = resumes_.find(address);
  if (found == resumes_.end()) return std::nullopt;
  return found->second;
}

}  // namespace dl::guest
