// SPDX-License-Identifier: Apache-2.0
// Bytes as a file that has a path but lies on no disk.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace dl::testing {

// A regular file in memory, for readers that take a path. Aborts where the system has no memory
// for it.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view content) : fd_(memfd_create("daylight", MFD_CLOEXEC)) {
    while (!content.empty()) {
      const auto written = write(fd_, content.data(), content.size());
      if (written <= 0) std::abort();
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { close(fd_); }

  // Good while the object lives, in this process.
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace dl::testing
