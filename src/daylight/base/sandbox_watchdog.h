// SPDX-License-Identifier: Apache-2.0
// What a tree of processes uses: how many they are, how much memory they keep the machine from, how
// much lies in their folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <vector>

namespace dl {

// More processes than this are not looked at in one round.
inline constexpr std::size_t kMaxWatchedProcesses = 4096;

// The processes that descend from `root` (not itself), as /proc shows them now; they may come and
// go meanwhile. `threads`, if given, is set to the number of their threads.
std::vector<pid_t> descendants(pid_t root, std::uint64_t* threads = nullptr);

// Memory of these processes that the kernel cannot take back by reading a file again (private pages
// and shared memory), in bytes. Pages that several of them share, or that they share with the
// process they were forked from, count in proportion. Where /proc/PID/smaps_rollup cannot be read,
// all resident pages count. Walking page tables takes about 1 ms for each 100 MB: `enough` bytes
// of plain resident pages (cheap to ask) are looked at first, and below it that sum is the answer.
std::uint64_t resident_bytes(const std::vector<pid_t>& processes, std::uint64_t enough);

// Bytes on disk of all files below a folder; links are not followed. `files` is set to their
// number, folders included; at `most` the walk ends.
std::uint64_t folder_bytes(const std::filesystem::path& folder, std::uint64_t most,
                           std::uint64_t* files);

}  // namespace dl
