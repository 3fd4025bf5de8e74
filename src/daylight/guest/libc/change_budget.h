// SPDX-License-Identifier: Apache-2.0
// How much a guest may write in one run: it writes to this machine's disk.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace dl::guest {

// Counts what was ever written and made; what is removed again does not come back, since a file
// without a name may still be open. Thread safe.
class ChangeBudget {
 public:
  // Below the jail's limit for one file (SandboxOptions::file_bytes), which would end the process.
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 30;
  // Files and folders that are made, and names that are taken away.
  static constexpr std::uint64_t kMaxEntries = 20'000;

  explicit ChangeBudget(std::uint64_t bytes = kMaxBytes, std::uint64_t entries = kMaxEntries)
      : max_bytes_(bytes), max_entries_(entries), bytes_left_(bytes), entries_left_(entries) {}

  // False with errno ENOSPC, and a gap, where it is too much. `path` is the guest's, for the gap.
  bool take_bytes(std::uint64_t bytes, const std::string& path);
  bool take_entry(const std::string& path);

  // What could not be written, in words; each once.
  std::vector<std::string> gaps() const;

 private:
  bool refuse(const std::string& why);

  const std::uint64_t max_bytes_;
  const std::uint64_t max_entries_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint64_t bytes_left_;
  std::uint64_t entries_left_;
  std::set<std::string> gaps_;
};

}  // namespace dl::guest
