// SPDX-License-Identifier: Apache-2.0
// Where functions begin and end, as the tables for unwinding the stack say: they survive stripping.
//
// Source: Linux Standard Base, "Exception Frames" (.eh_frame, .eh_frame_hdr), DWARF 4 section 6.4.
#pragma once

#include <cstdint>
#include <vector>

#include "daylight/format/code/elf.h"

namespace dl::program {

// Frame descriptions that are read of one library; more are a gap.
inline constexpr std::size_t kMaxUnwindFrames = std::size_t{1} << 20;

// The code that one frame description covers. `size` is 0 where the description is unreadable.
struct UnwindRange {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
};

// All frame descriptions, sorted by address, each address once. From the search table of
// .eh_frame_hdr (found by its segment); where there is none, by walking .eh_frame. Empty if the
// library has neither. Never fails: what is broken is a gap.
std::vector<UnwindRange> read_unwind_ranges(const ElfFile& elf, const std::string& where,
                                            GapList& gaps);

}  // namespace dl::program
