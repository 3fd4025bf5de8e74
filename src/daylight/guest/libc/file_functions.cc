// SPDX-License-Identifier: Apache-2.0
// Files by number: open, read, stat and their kin.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

// arm64 and x86-64 number these two flags differently; the engine that runs x86-64 code needs no
// translation.
constexpr int kArmDirectory = 0x4000;
constexpr int kArmNoFollow = 0x8000;

int host_flags(int flags, bool arm64) {
  if (!arm64) return flags;
  int out = flags & ~(kArmDirectory | kArmNoFollow | 0x10000 | 0x20000);
  if ((flags & kArmDirectory) != 0) out |= O_DIRECTORY;
  if ((flags & kArmNoFollow) != 0) out |= O_NOFOLLOW;
  return out;
}

GuestFiles& files(GuestMachine& machine) { return machine.part<GuestFiles>(); }

int open_(GuestMachine& machine, const char* path, int flags, CallArguments& rest) {
  const bool creates = (flags & O_CREAT) != 0;
  const unsigned mode = creates ? static_cast<unsigned>(rest.next_integer()) : 0;
  return files(machine).open(path, host_flags(flags, rest.frame().is_arm64()), mode);
}

int open_2(GuestMachine& machine, const char* path, int flags, CallArguments& rest) {
  return files(machine).open(path, host_flags(flags, rest.frame().is_arm64()), 0);
}

int openat_(GuestMachine& machine, int folder, const char* path, int flags, CallArguments& rest) {
  if (folder != AT_FDCWD && path[0] != '/') {
    machine.events.lookup({GuestLookup::What::kFile, path, false, "relative to an open folder"});
    errno = ENOENT;
    return -1;
  }
  return open_(machine, path, flags, rest);
}

int close_(GuestMachine& machine, int number) { return files(machine).close(number); }

std::int64_t read_(GuestMachine& machine, int number, void* to, std::uint64_t size) {
  const int fd = files(machine).host(number);
  return fd < 0 ? -1 : ::read(fd, to, size);
}

std::int64_t write_(GuestMachine& machine, int number, const void* from, std::uint64_t size) {
  if (number == 1 || number == 2) {
    const auto bytes = machine.arena.bytes(reinterpret_cast<std::uint64_t>(from), size);
    if (!bytes) {
      errno = EFAULT;
      return -1;
    }
    machine.events.log(number == 1 ? 4 : 5, number == 1 ? "stdout" : "stderr", as_text(*bytes));
    return static_cast<std::int64_t>(size);
  }
  const int fd = files(machine).host(number);
  return fd < 0 ? -1 : ::write(fd, from, size);
}

std::int64_t pread_(GuestMachine& machine, int number, void* to, std::uint64_t size,
                    std::int64_t offset) {
  const int fd = files(machine).host(number);
  return fd < 0 ? -1 : ::pread(fd, to, size, offset);
}

std::int64_t pwrite_(GuestMachine& machine, int number, const void* from, std::uint64_t size,
                     std::int64_t offset) {
  const int fd = files(machine).host(number);
  return fd < 0 ? -1 : ::pwrite(fd, from, size, offset);
}

std::int64_t lseek_(GuestMachine& machine, int number, std::int64_t offset, int whence) {
  const int fd = files(machine).host(number);
  return fd < 0 ? -1 : ::lseek(fd, offset, whence);
}

std::int64_t read_chk(GuestMachine& machine, int number, void* to, std::uint64_t size,
                      std::uint64_t room) {
  if (size > room) {
    machine.raise(GuestFault::Kind::kAbort, "read: the buffer is too small");
    return -1;
  }
  return read_(machine, number, to, size);
}

std::int64_t write_chk(GuestMachine& machine, int number, const void* from, std::uint64_t size,
                       std::uint64_t room) {
  if (size > room) {
    machine.raise(GuestFault::Kind::kAbort, "write: the buffer is too small");
    return -1;
  }
  return write_(machine, number, from, size);
}

// struct stat of 64-bit Android, by processor: 128 bytes on arm64, 144 on x86-64.
void put_stat(const struct stat& from, std::uint64_t to, bool arm64) {
  if (!arm64) {
    std::memcpy(reinterpret_cast<void*>(to), &from, sizeof(from));
    return;
  }
  struct Arm64Stat {
    std::uint64_t device, inode;
    std::uint32_t mode, links, user, group;
    std::uint64_t special, padding;
    std::int64_t size;
    std::int32_t block_size, padding2;
    std::int64_t blocks;
    timespec accessed, modified, changed;
    std::uint32_t unused[2];
  };
  static_assert(sizeof(Arm64Stat) == 128);
  Arm64Stat out{};
  out.device = from.st_dev;
  out.inode = from.st_ino;
  out.mode = from.st_mode;
  out.links = static_cast<std::uint32_t>(from.st_nlink);
  out.user = from.st_uid;
  out.group = from.st_gid;
  out.special = from.st_rdev;
  out.size = from.st_size;
  out.block_size = static_cast<std::int32_t>(from.st_blksize);
  out.blocks = from.st_blocks;
  out.accessed = from.st_atim;
  out.modified = from.st_mtim;
  out.changed = from.st_ctim;
  std::memcpy(reinterpret_cast<void*>(to), &out, sizeof(out));
}

constexpr std::uint64_t stat_size(bool arm64) { return arm64 ? 128 : sizeof(struct stat); }

int stat_path(GuestMachine& machine, const char* path, std::uint64_t to, CallArguments& rest,
              bool follow) {
  const bool arm64 = rest.frame().is_arm64();
  if (!machine.arena.allows(to, stat_size(arm64), kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  struct stat made = {};
  int result = -1;
  GuestFiles& all = files(machine);
  if (const std::string* const content = all.profile_file(path)) {
    made.st_mode = S_IFREG | 0444;
    made.st_size = static_cast<off_t>(content->size());
    made.st_nlink = 1;
    made.st_blksize = 4096;
    result = 0;
  } else if (const auto place = all.place_of(path)) {
    result = follow ? ::stat(place->host.c_str(), &made) : ::lstat(place->host.c_str(), &made);
  } else {
    errno = ENOENT;
  }
  const int error = errno;
  machine.events.lookup({GuestLookup::What::kFile, all.whole_path(path), result == 0, "stat"});
  errno = result == 0 ? 0 : error;
  if (result == 0) put_stat(made, to, arm64);
  return result;
}

int stat_(GuestMachine& machine, const char* path, std::uint64_t to, CallArguments& rest) {
  return stat_path(machine, path, to, rest, true);
}

int lstat_(GuestMachine& machine, const char* path, std::uint64_t to, CallArguments& rest) {
  return stat_path(machine, path, to, rest, false);
}

int fstat_(GuestMachine& machine, int number, std::uint64_t to, CallArguments& rest) {
  const bool arm64 = rest.frame().is_arm64();
  if (!machine.arena.allows(to, stat_size(arm64), kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  const int fd = files(machine).host(number);
  struct stat made = {};
  if (fd < 0 || ::fstat(fd, &made) != 0) return -1;
  put_stat(made, to, arm64);
  return 0;
}

int access_(GuestMachine& machine, const char* path, int mode) {
  GuestFiles& all = files(machine);
  int result = -1;
  if (all.profile_file(path) != nullptr) {
    result = (mode & (W_OK | X_OK)) == 0 ? 0 : -1;
    if (result != 0) errno = EACCES;
  } else if (const auto place = all.place_of(path)) {
    result = (mode & W_OK) != 0 && !place->writable ? -1 : ::access(place->host.c_str(), mode);
  } else {
    errno = ENOENT;
  }
  const int error = errno;
  machine.events.lookup({GuestLookup::What::kFile, all.whole_path(path), result == 0, "access"});
  errno = result == 0 ? 0 : error;
  return result;
}

// For folders and names below a mount that may be written.
template <typename Action>
int change_path(GuestMachine& machine, const char* path, Action action) {
  const auto place = files(machine).place_of(path);
  if (!place || !place->writable) {
    machine.events.lookup(
        {GuestLookup::What::kFile, files(machine).whole_path(path), false, "may not be written"});
    errno = place ? EROFS : ENOENT;
    return -1;
  }
  return action(place->host.c_str());
}

int mkdir_(GuestMachine& machine, const char* path, unsigned mode) {
  return change_path(machine, path, [&](const char* at) { return ::mkdir(at, mode & 0777U); });
}
int rmdir_(GuestMachine& machine, const char* path) {
  return change_path(machine, path, [](const char* at) { return ::rmdir(at); });
}
int unlink_(GuestMachine& machine, const char* path) {
  return change_path(machine, path, [](const char* at) { return ::unlink(at); });
}
int rename_(GuestMachine& machine, const char* from, const char* to) {
  return change_path(machine, from, [&](const char* host_from) {
    return change_path(machine, to,
                       [&](const char* host_to) { return ::rename(host_from, host_to); });
  });
}

int flock_(GuestMachine& machine, int number, int operation) {
  const int fd = files(machine).host(number);
  return fd < 0 ? -1 : ::flock(fd, operation);
}
int fsync_(GuestMachine& machine, int number) { return files(machine).host(number) < 0 ? -1 : 0; }
int ftruncate_(GuestMachine& machine, int number, std::int64_t size) {
  const int fd = files(machine).host(number);
  return fd < 0 ? -1 : ::ftruncate(fd, size);
}

std::uint64_t getcwd_(GuestMachine& machine, std::uint64_t to, std::uint64_t size) {
  const std::string path = files(machine).whole_path(".");
  if (to == 0) return machine.new_text(path);
  if (size <= path.size() || !machine.arena.allows(to, path.size() + 1, kPageWrite)) {
    errno = ERANGE;
    return 0;
  }
  std::memcpy(reinterpret_cast<void*>(to), path.c_str(), path.size() + 1);
  return to;
}

}  // namespace

void add_file_functions(FunctionTable& table) {
  table.add("open", &open_);
  table.alias("open64", "open");
  table.add("__open_2", &open_2);
  table.add("openat", &openat_);
  table.add("close", &close_);
  table.add("read", &read_);
  table.add("write", &write_);
  table.add("pread", &pread_);
  table.alias("pread64", "pread");
  table.add("pwrite", &pwrite_);
  table.alias("pwrite64", "pwrite");
  table.add("lseek", &lseek_);
  table.alias("lseek64", "lseek");
  table.add("__read_chk", &read_chk);
  table.add("__write_chk", &write_chk);
  table.add("stat", &stat_);
  table.alias("stat64", "stat");
  table.add("lstat", &lstat_);
  table.alias("lstat64", "lstat");
  table.add("fstat", &fstat_);
  table.alias("fstat64", "fstat");
  table.add("access", &access_);
  table.add("mkdir", &mkdir_);
  table.add("rmdir", &rmdir_);
  table.add("unlink", &unlink_);
  table.alias("remove", "unlink");
  table.add("rename", &rename_);
  table.add("flock", &flock_);
  table.add("fsync", &fsync_);
  table.alias("fdatasync", "fsync");
  table.add("ftruncate", &ftruncate_);
  table.alias("ftruncate64", "ftruncate");
  table.add("getcwd", &getcwd_);
}

}  // namespace dl::guest
