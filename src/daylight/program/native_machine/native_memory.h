// SPDX-License-Identifier: Apache-2.0
// The memory of the closed box in which native code is run: the library as it would be loaded, and
// blocks of bytes beside it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/program/native_code/native_code.h"

namespace dl::program {

// Where things lie in the box. Ranges are far apart, so that a wrong pointer meets none of them.
inline constexpr std::uint64_t kNativeImageBase = 0x10'0000'0000;
inline constexpr std::uint64_t kNativeImportBase = 0x20'0000'0000;   // 16 bytes for each symbol
inline constexpr std::uint64_t kNativeServiceBase = 0x30'0000'0000;  // 16 bytes for each service
inline constexpr std::uint64_t kNativeOpaqueBase = 0x4000'0000;  // handles; fit an int, not mapped
inline constexpr std::uint64_t kNativeReturn = 0x50'0000'0000;   // where a run ends
inline constexpr std::uint64_t kNativeHeapBase = 0x60'0000'0000;
// Unmapped bytes behind each block.
inline constexpr std::uint64_t kNativeBlockGap = 65'536;
// Blocks of one run.
inline constexpr std::size_t kMaxNativeBlocks = 4'096;

struct NativeBlock {
  std::uint64_t address = 0;
  std::vector<std::uint8_t> bytes;
  std::uint64_t writer = 0;  // the instruction that last wrote to it; 0 if none did
};

// Not thread safe; the code must outlive it. Nothing is ever written to the library itself: pages
// that a run changes, or that hold pointers, are copies.
class NativeMemory {
 public:
  // `limit`: bytes of all blocks and copied pages together.
  NativeMemory(const NativeCode& code, std::uint64_t limit);

  // Zeroed, or with these bytes; the address, or 0 where the limit is reached.
  std::uint64_t allocate(std::uint64_t size);
  std::uint64_t add(ByteSpan bytes);
  // In the order of their addresses.
  const std::vector<NativeBlock>& blocks() const { return blocks_; }
  // The block that begins at the address, or that holds it; null if there is none.
  const NativeBlock* block_at(std::uint64_t address) const;

  // Who writes from here on.
  void set_writer(std::uint64_t pc) { writer_ = pc; }
  // False if not all bytes are mapped (and writable).
  bool read(std::uint64_t address, void* to, std::size_t size);
  bool write(std::uint64_t address, const void* from, std::size_t size);
  template <typename T>
  bool load(std::uint64_t address, T& value) {
    return read(address, &value, sizeof value);
  }
  template <typename T>
  bool store(std::uint64_t address, const T& value) {
    return write(address, &value, sizeof value);
  }
  // The bytes of the library's code from the address to the end of what is mapped there.
  ByteSpan code_at(std::uint64_t address) const;

 private:
  struct Segment {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  // with what is zero and not in the file
    ByteSpan bytes;
    bool writable = false;
    bool executable = false;
  };
  using Page = std::array<std::uint8_t, 4096>;

  NativeBlock* find_block(std::uint64_t address);
  const Segment* segment_of(std::uint64_t address) const;
  Page* page_at(const Segment& segment, std::uint64_t address);
  bool access_image(std::uint64_t address, std::uint8_t* bytes, std::size_t size, bool writes);

  const NativeCode& code_;
  std::uint64_t left_;
  std::vector<Segment> segments_;
  std::map<std::uint64_t, Page> pages_;
  std::vector<NativeBlock> blocks_;
  std::size_t last_ = 0;
  mutable std::size_t last_segment_ = 0;  // code runs on where it ran before
  std::uint64_t writer_ = 0;
};

}  // namespace dl::program
