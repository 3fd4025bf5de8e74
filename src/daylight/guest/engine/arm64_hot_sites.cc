// SPDX-License-Identifier: Apache-2.0
// A saturating rounding shift is a saturating one where it goes left and a rounding one where it
// goes right: neither saturates to the right, and nothing is rounded to the left.
#include "daylight/guest/engine/arm64_hot_sites.h"

#include <array>
#include <cstring>

namespace dl::guest {
namespace {

constexpr std::size_t kWords = 8;
using Code = std::array<std::uint32_t, kWords>;

constexpr std::uint32_t kStorePair = 0xad8003e0;  // stp q, q, [sp, #...]!
constexpr std::uint32_t kLoadPair = 0xacc003e0;   // ldp q, q, [sp], #...
constexpr std::uint32_t kShiftLeft = 0x0f005400;  // shl v, v, #...
constexpr std::uint32_t kBelowZero = 0x0e20a800;  // cmlt v, v, #0
constexpr std::uint32_t kInsertIfFalse = 0x2ee01c00;
constexpr std::uint32_t kSaturating = 0x4c00;
constexpr std::uint32_t kRounding = 0x5400;
constexpr std::uint32_t kOperation = 0xfc00;

// Three registers of the same kind, opcode 01011; not the reserved form of one 64-bit element.
bool is_saturating_rounding_shift(std::uint32_t word) {
  if ((word & 0x9f20fc00U) != 0x0e205c00U) return false;
  return ((word >> 22U) & 3U) != 3 || (word & (1U << 30U)) != 0;
}

// A register that the instruction does not use, above `above`.
std::uint32_t unused_register(std::uint32_t word, std::uint32_t above) {
  std::uint32_t out = above + 1;
  while (out == (word & 31U) || out == ((word >> 5U) & 31U) || out == ((word >> 16U) & 31U)) ++out;
  return out;
}

// A branch, where its 26 bits of words reach.
std::optional<std::uint32_t> branch(std::uint64_t from, std::uint64_t to) {
  const auto words = static_cast<std::int64_t>(to - from) / 4;
  constexpr std::int64_t kReach = std::int64_t{1} << 25;
  if (words < -kReach || words >= kReach) return std::nullopt;
  return 0x14000000U | (static_cast<std::uint32_t>(words) & 0x3ffffffU);
}

// Everything but the branch back.
Code body_of(std::uint32_t word) {
  const std::uint32_t full = word & (1U << 30U);
  const std::uint32_t size = (word >> 22U) & 3U;
  const std::uint32_t destination = word & 31U;
  const std::uint32_t shifts = (word >> 16U) & 31U;
  const std::uint32_t right = unused_register(word, 15);  // where the shift goes right
  const std::uint32_t left = unused_register(word, right);
  const std::uint32_t bits = 8U << size;
  const std::uint32_t pair = (left << 10U) | right;
  return {
      kStorePair | (0x7eU << 15U) | pair,
      // Only the lowest byte of an element says how far: its sign comes to the top.
      kShiftLeft | full | ((2 * bits - 8) << 16U) | (shifts << 5U) | right,
      kBelowZero | full | (size << 22U) | (right << 5U) | right,
      (word & ~(kOperation | 31U)) | kSaturating | left,
      (word & ~kOperation) | kRounding,
      kInsertIfFalse | full | (right << 16U) | (left << 5U) | destination,
      kLoadPair | (2U << 15U) | pair,
      0,
  };
}

}  // namespace

std::uint64_t Arm64HotSites::take_room() {
  if (used_ + sizeof(Code) > kGuestPage) {
    const auto page = arena_.map(kGuestPage, kPageRead | kPageExecute);
    if (!page) return 0;
    page_ = *page;
    used_ = 0;
  }
  used_ += sizeof(Code);
  return page_ + used_ - sizeof(Code);
}

std::uint64_t Arm64HotSites::write_code(std::uint64_t address, std::uint32_t word) {
  const std::uint64_t room = take_room();
  if (room == 0) return 0;
  Code code = body_of(word);
  const auto back = branch(room + sizeof(Code) - 4, address + 4);
  if (!back || !branch(address, room)) return 0;
  code.back() = *back;
  // Other threads read code of this page meanwhile: it stays executable.
  const std::uint8_t open = kPageRead | kPageWrite | kPageExecute;
  if (!arena_.protect(page_, kGuestPage, open)) return 0;
  std::memcpy(reinterpret_cast<void*>(room), code.data(), sizeof(code));
  return arena_.protect(page_, kGuestPage, kPageRead | kPageExecute) ? room : 0;
}

std::optional<std::uint32_t> Arm64HotSites::branch_for(std::uint64_t address, std::uint32_t word) {
  if (!is_saturating_rounding_shift(word)) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  const auto known = sites_.find(address);
  if (known == sites_.end() && sites_.size() >= kMaxHotSites) return std::nullopt;
  Site& site = known == sites_.end() ? sites_[address] : known->second;
  if (site.word != word) site = {word, write_code(address, word)};
  return site.code == 0 ? std::nullopt : branch(address, site.code);
}

std::size_t Arm64HotSites::size() const {
  const std::scoped_lock lock(mutex_);
  return sites_.size();
}

}  // namespace dl::guest
