// SPDX-License-Identifier: Apache-2.0
// The files that a guest can open: those of its device profile, those that the user gave it, and a
// folder of its own. Nothing else of this machine.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

inline constexpr std::size_t kMaxGuestFiles = 1'024;  // open at a time

// Paths as the guest sees them, absolute. Numbers of open files are the guest's own. Thread safe.
class GuestFiles {
 public:
  explicit GuestFiles(GuestMachine& machine) : machine_(machine) {}
  ~GuestFiles();
  GuestFiles(const GuestFiles&) = delete;
  GuestFiles& operator=(const GuestFiles&) = delete;

  // A file or folder of this machine that the guest sees at `path`; writable if it says so.
  void mount(const std::string& path, const std::string& host, bool writable);

  // As open(2), with the flags of the guest's own processor already translated. The guest's number,
  // or -1 with errno. Absent files are told to the events.
  int open(const std::string& path, int flags, unsigned mode);
  int close(int number);
  // The host's descriptor; -1 with errno EBADF.
  int host(int number) const;
  // A number for a descriptor of the host's, which the guest owns from then on.
  int adopt(int host);
  // Fills [address, address + size) from the file; what is behind its end is zero.
  bool read_into(int number, std::uint64_t address, std::uint64_t size, std::int64_t offset) const;
  // Where a path of the guest lies on the host; nothing if it is none of its own.
  struct Place {
    std::string host;
    bool writable = false;
  };
  std::optional<Place> place_of(const std::string& path) const;
  // The content of a file of the profile.
  const std::string* profile_file(const std::string& path) const;
  // An absolute path without "." and "..".
  std::string whole_path(const std::string& path) const;

 private:
  GuestMachine& machine_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Place> mounts_;
  std::unordered_map<int, int> open_;  // the guest's number, the host's
  int next_ = 3;
  std::string folder_ = "/";
};

}  // namespace dl::guest
