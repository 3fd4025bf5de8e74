// SPDX-License-Identifier: Apache-2.0
// What the number of an open file stands for, and what is read from it and written to it.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "daylight/guest/libc/change_budget.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

// Several numbers can share one (dup).
struct OpenFile {
  enum class Kind {
    kHost,    // a descriptor of this machine
    kText,    // a file that is made here, in memory; only read
    kRandom,  // /dev/urandom
    kFolder,  // a folder that is made here
    kSocket,  // one that nothing is connected to: there is no network
  };
  OpenFile() = default;
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  Kind kind = Kind::kHost;
  int host = -1;
  std::string path;     // where it really lies for the guest; "" for pipes and sockets
  bool of_app = false;  // lies in a folder that the guest's user owns
  int flags = 0;        // of the host; for what has no descriptor there
  std::string text;
  std::shared_ptr<ChangeBudget> budget;  // of a file that grows on this machine's disk, else null
  std::mutex mutex;                      // guards what follows; never held over the guest's memory
  std::string name;                      // of a socket: the address that it was bound to
  std::uint64_t position = 0;
};

// As read(2), pread(2), write(2), pwrite(2), lseek(2), fstat(2), ftruncate(2) and fallocate(2): -1
// with errno. Buffers may be the guest's own memory, which another of its threads takes away
// meanwhile. Thread safe.
std::int64_t read_file(GuestMachine& machine, OpenFile& file, void* to, std::uint64_t size);
std::int64_t read_file_at(GuestMachine& machine, OpenFile& file, void* to, std::uint64_t size,
                          std::int64_t offset);
std::int64_t write_file(OpenFile& file, const void* from, std::uint64_t size);
std::int64_t write_file_at(OpenFile& file, const void* from, std::uint64_t size,
                           std::int64_t offset);
std::int64_t seek_file(OpenFile& file, std::int64_t offset, int whence);
int stat_file(OpenFile& file, struct stat& to);
int resize_file(OpenFile& file, std::int64_t size);
int allocate_file(OpenFile& file, std::int64_t offset, std::int64_t size);
// For what writes by itself: whether `bytes` more may be written.
bool may_grow(OpenFile& file, std::uint64_t bytes);

// What stat(2) has to say of something that is only made, at `path` of the guest.
void stat_of_made(struct stat& to, unsigned kind, std::uint64_t size, const std::string& path);

}  // namespace dl::guest
