// SPDX-License-Identifier: Apache-2.0
// The memory of a guest: one reserved range of addresses in which everything that it may touch
// lies.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl::guest {

// What a guest may do with a page. Bits.
inline constexpr std::uint8_t kPageRead = 1;
inline constexpr std::uint8_t kPageWrite = 2;
inline constexpr std::uint8_t kPageExecute = 4;

inline constexpr std::uint64_t kGuestPage = 4096;
// log2 of the arena's size: 64 GiB of addresses, of which only mapped pages cost memory. Less where
// arm64 is native: there it is qemu's most often, which keeps a record of every page.
#if defined(__aarch64__)
inline constexpr unsigned kArenaBits = 33;
#else
inline constexpr unsigned kArenaBits = 36;
#endif
// Never mapped, so that a null pointer with a small offset faults.
inline constexpr std::uint64_t kArenaNullGuard = std::uint64_t{1} << 20;
// Where the rest of a process can lie: not at null, and not in the kernel.
inline constexpr std::uint64_t kLowestShared = 65'536;
inline constexpr std::uint64_t kSharedEnd = std::uint64_t{1} << 47;
// Pages that all mappings of one guest may have together.
inline constexpr std::uint64_t kMaxArenaMapped = std::uint64_t{8} << 30;

// Rounds up to whole pages; 0 for sizes that no arena holds.
std::uint64_t whole_pages(std::uint64_t size);

// Guest addresses are host addresses: what lies in the arena is shared without translation. The
// arena is aligned to its size, so that an address cut to kArenaBits and put on base() is itself
// where it lies inside, and some address inside where it does not. Thread safe; checks take no
// lock.
class GuestArena {
 public:
  // Reserves addresses, without memory. The place is always the same if it is free, so that runs
  // repeat. `native`: pages that the guest may execute are executable for this processor too.
  // `shared`: the guest may read and write all other memory of this process as well (a Java virtual
  // machine's buffers); what is mapped there is only known when it is touched, so that host
  // functions reach it behind the memory escape. kLimit if no place is free.
  static Result<std::unique_ptr<GuestArena>> reserve(bool native = false, bool shared = false);
  ~GuestArena();
  GuestArena(const GuestArena&) = delete;
  GuestArena& operator=(const GuestArena&) = delete;

  std::uint64_t base() const { return base_; }
  std::uint64_t size() const { return std::uint64_t{1} << kArenaBits; }
  std::uint64_t mapped() const;

  // Zero-filled pages at an address that the arena chooses, aligned to `align` (a power of two, at
  // least a page). kLimit beyond kMaxArenaMapped.
  Result<std::uint64_t> map(std::uint64_t size, std::uint8_t access,
                            std::uint64_t align = kGuestPage);
  // Zero-filled pages at `address`, in place of what was there. kInvalidArgument outside of the
  // arena or off a page's beginning.
  Result<void> map_at(std::uint64_t address, std::uint64_t size, std::uint8_t access);
  // Addresses that nothing is mapped at and that map() will not give away: for map_at().
  Result<std::uint64_t> reserve_range(std::uint64_t size, std::uint64_t align = kGuestPage);
  // kInvalidArgument where a page is not mapped.
  Result<void> protect(std::uint64_t address, std::uint64_t size, std::uint8_t access);
  // Gives pages and reserved addresses back. Where this process has no room for one more mapping,
  // they stay as they are.
  void unmap(std::uint64_t address, std::uint64_t size);

  bool contains(std::uint64_t address) const { return address - base_ < size(); }
  // Whether every byte of [address, address + size) may be used so. True for no bytes.
  bool allows(std::uint64_t address, std::uint64_t size, std::uint8_t access) const;
  // Access of one page; outside 0, where the rest of the process is not shared.
  std::uint8_t access_at(std::uint64_t address) const {
    if (contains(address)) return pages_[(address - base_) / kGuestPage];
    return shares(address, 1) ? kPageRead | kPageWrite : 0;
  }
  // Bytes that the guest can read now; nothing where one of them cannot be.
  std::optional<ByteSpan> bytes(std::uint64_t address, std::uint64_t size) const;
  // The same bytes as they are now, of a guest whose other threads run on.
  std::optional<std::vector<std::uint8_t>> copy(std::uint64_t address, std::uint64_t size) const;
  // The zero-ended string at `address` without its zero; nothing where it is not readable to its
  // end or longer than `limit`.
  std::optional<std::string_view> text(std::uint64_t address,
                                       std::uint64_t limit = std::uint64_t{1} << 24) const;
  // The mapped run of pages with the same access at or behind `address`: first, size, access.
  struct Run {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint8_t access = 0;
  };
  std::optional<Run> next_run(std::uint64_t address) const;

 private:
  GuestArena() = default;
  // Whether [address, address + size) lies outside, in memory that may be shared.
  bool shares(std::uint64_t address, std::uint64_t size) const;
  Result<std::uint64_t> take(std::uint64_t size, std::uint64_t align);
  Result<void> set_pages(std::uint64_t address, std::uint64_t size, std::uint8_t access,
                         bool fresh);
  void take_at(std::uint64_t address, std::uint64_t size);
  void give_back(std::uint64_t address, std::uint64_t size);

  std::uint64_t base_ = 0;
  bool native_ = false;
  bool shared_ = false;
  std::uint8_t* pages_ = nullptr;                // one access for each page
  mutable std::mutex mutex_;                     // guards what follows
  std::map<std::uint64_t, std::uint64_t> free_;  // address, size
  std::uint64_t mapped_ = 0;
};

}  // namespace dl::guest
