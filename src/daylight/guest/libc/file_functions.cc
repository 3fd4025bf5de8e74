// SPDX-License-Identifier: Apache-2.0
// Files by number: open, read, stat and their kin.
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_path.h"
#include "daylight/guest/libc/guest_wait.h"
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

int open_(GuestMachine& machine, GuestPath path, int flags, CallArguments& rest) {
  const bool creates = (flags & O_CREAT) != 0;
  const unsigned mode = creates ? static_cast<unsigned>(rest.next_integer()) : 0;
  return files(machine).open(path, host_flags(flags, rest.frame().is_arm64()), mode);
}

int open_2(GuestMachine& machine, GuestPath path, int flags, CallArguments& rest) {
  return files(machine).open(path, host_flags(flags, rest.frame().is_arm64()), 0);
}

int creat_(GuestMachine& machine, GuestPath path, unsigned mode) {
  return files(machine).open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int openat_(GuestMachine& machine, int folder, GuestPath path, int flags, CallArguments& rest) {
  const unsigned mode = (flags & O_CREAT) != 0 ? static_cast<unsigned>(rest.next_integer()) : 0;
  const auto whole = files(machine).path_at(folder, path);
  if (!whole) return -1;
  return files(machine).open(*whole, host_flags(flags, rest.frame().is_arm64()), mode);
}

int close_(GuestMachine& machine, int number) { return files(machine).close(number); }

// How much one call reads or writes at most, so that a size that no buffer has is no danger.
constexpr std::uint64_t kMaxTransfer = 0x7ffff000;

bool usable(GuestMachine& machine, const void* at, std::uint64_t size, std::uint8_t access) {
  if (machine.arena.allows(reinterpret_cast<std::uint64_t>(at), size, access)) return true;
  errno = EFAULT;
  return false;
}

std::int64_t read_(GuestMachine& machine, int number, void* to, std::uint64_t size) {
  size = std::min(size, kMaxTransfer);
  const EscapeOwned held(files(machine).find(number));
  const auto& file = *held;
  if (file == nullptr || !usable(machine, to, size, kPageWrite) ||
      !wait_ready(machine, *file, POLLIN))
    return -1;
  return read_file(machine, *file, to, size);
}

std::int64_t write_(GuestMachine& machine, int number, const void* from, std::uint64_t size) {
  size = std::min(size, kMaxTransfer);
  const auto file = files(machine).find(number);
  if (!usable(machine, from, size, kPageRead)) return -1;
  if (file == nullptr && (number == 1 || number == 2)) {
    errno = 0;
    const auto text = machine.copy_text(from, size);
    if (!text) return -1;
    machine.events.log(number == 1 ? 4 : 5, number == 1 ? "stdout" : "stderr", *text);
    return static_cast<std::int64_t>(size);
  }
  if (file == nullptr) return -1;
  if (!wait_ready(machine, *file, POLLOUT)) return -1;
  // What fits into a pipe at once: more could wait for a reader, where a stop is not seen.
  struct stat kind = {};
  if (file->host >= 0 && ::fstat(file->host, &kind) == 0 && !S_ISREG(kind.st_mode))
    size = std::min<std::uint64_t>(size, PIPE_BUF);
  return write_file(*file, from, size);
}

std::int64_t pread_(GuestMachine& machine, int number, void* to, std::uint64_t size,
                    std::int64_t offset) {
  size = std::min(size, kMaxTransfer);
  const EscapeOwned held(files(machine).find(number));
  const auto& file = *held;
  if (file == nullptr || !usable(machine, to, size, kPageWrite)) return -1;
  return read_file_at(machine, *file, to, size, offset);
}

std::int64_t pwrite_(GuestMachine& machine, int number, const void* from, std::uint64_t size,
                     std::int64_t offset) {
  const auto file = files(machine).find(number);
  return file == nullptr ? -1 : write_file_at(*file, from, std::min(size, kMaxTransfer), offset);
}

std::int64_t lseek_(GuestMachine& machine, int number, std::int64_t offset, int whence) {
  const auto file = files(machine).find(number);
  return file == nullptr ? -1 : seek_file(*file, offset, whence);
}

std::int64_t read_chk(GuestMachine& machine, int number, void* to, std::uint64_t size,
                      std::uint64_t room) {
  if (size > room) {
    machine.raise(GuestFault::Kind::kAbort, "read: the buffer is too small");
    return -1;
  }
  return read_(machine, number, to, size);
}

std::int64_t pread_chk(GuestMachine& machine, int number, void* to, std::uint64_t size,
                       std::int64_t offset, std::uint64_t room) {
  if (size > room) {
    machine.raise(GuestFault::Kind::kAbort, "pread: the buffer is too small");
    return -1;
  }
  return pread_(machine, number, to, size, offset);
}

std::int64_t pwrite_chk(GuestMachine& machine, int number, const void* from, std::uint64_t size,
                        std::int64_t offset, std::uint64_t room) {
  if (size > room) {
    machine.raise(GuestFault::Kind::kAbort, "pwrite: the buffer is too small");
    return -1;
  }
  return pwrite_(machine, number, from, size, offset);
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

int put_stat_of(GuestMachine& machine, const std::string& path, std::uint64_t to, bool arm64) {
  if (!machine.arena.allows(to, stat_size(arm64), kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  struct stat made = {};
  const int result = files(machine).stat(path, made);
  const int error = errno;
  machine.events.lookup(
      {GuestLookup::What::kFile, files(machine).whole_path(path), result == 0, "stat"});
  errno = result == 0 ? 0 : error;
  if (result == 0) put_stat(made, to, arm64);
  return result;
}

// Links are not followed: there are none that lead anywhere.
int stat_(GuestMachine& machine, GuestPath path, std::uint64_t to, CallArguments& rest) {
  return put_stat_of(machine, path, to, rest.frame().is_arm64());
}

int fstatat_(GuestMachine& machine, int folder, GuestPath path, std::uint64_t to, int,
             CallArguments& rest) {
  const auto whole = files(machine).path_at(folder, path);
  return whole ? put_stat_of(machine, *whole, to, rest.frame().is_arm64()) : -1;
}

int fstat_(GuestMachine& machine, int number, std::uint64_t to, CallArguments& rest) {
  const bool arm64 = rest.frame().is_arm64();
  if (!machine.arena.allows(to, stat_size(arm64), kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  struct stat made = {};
  const auto file = files(machine).find(number);
  if (file == nullptr && number >= 0 && number <= 2) {
    errno = 0;
    made.st_mode = S_IFCHR | 0620;
    put_stat(made, to, arm64);
    return 0;
  }
  if (file == nullptr || stat_file(*file, made) != 0) return -1;
  put_stat(made, to, arm64);
  return 0;
}

int access_path(GuestMachine& machine, const std::string& path, int mode) {
  GuestFiles& all = files(machine);
  struct stat found = {};
  int result = all.stat(path, found);
  const bool folder = S_ISDIR(found.st_mode);
  const GuestFiles::Place place = all.place_of(path);
  if (result == 0) {
    const bool writes =
        (mode & W_OK) != 0 && !(place && place.tree->writable()) && !S_ISCHR(found.st_mode);
    const bool runs = (mode & X_OK) != 0 && !folder && (found.st_mode & 0111U) == 0;
    if (writes || runs) {
      errno = writes && place ? EROFS : EACCES;
      result = -1;
    }
  }
  const int error = errno;
  machine.events.lookup({GuestLookup::What::kFile, all.whole_path(path), result == 0, "access"});
  errno = result == 0 ? 0 : error;
  return result;
}
int access_(GuestMachine& machine, GuestPath path, int mode) {
  return access_path(machine, path, mode);
}
int faccessat_(GuestMachine& machine, int folder, GuestPath path, int mode, int) {
  const auto whole = files(machine).path_at(folder, path);
  return whole ? access_path(machine, *whole, mode) : -1;
}

int flock_(GuestMachine& machine, int number, int operation) {
  const int fd = files(machine).host(number);
  if (fd < 0) return -1;
  // Waits in steps, so that a stop is seen.
  while (::flock(fd, operation | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || (operation & LOCK_NB) != 0) return -1;
    if (machine.engine.faulted()) {
      errno = EINTR;
      return -1;
    }
    ::usleep(1'000);
  }
  return 0;
}
int fsync_(GuestMachine& machine, int number) {
  return files(machine).find(number) == nullptr ? -1 : 0;
}
int ftruncate_(GuestMachine& machine, int number, std::int64_t size) {
  const auto file = files(machine).find(number);
  return file == nullptr ? -1 : resize_file(*file, size);
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
  table.alias("openat64", "openat");
  table.add("__openat_2", &openat_);
  table.add("creat", &creat_);
  table.alias("creat64", "creat");
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
  table.add("lstat", &stat_);
  table.alias("lstat64", "lstat");
  table.add("fstat", &fstat_);
  table.alias("fstat64", "fstat");
  table.add("access", &access_);
  table.add("fstatat", &fstatat_);
  table.alias("fstatat64", "fstatat");
  table.add("faccessat", &faccessat_);
  table.add("__pread_chk", &pread_chk);
  table.alias("__pread64_chk", "__pread_chk");
  table.add("__pwrite_chk", &pwrite_chk);
  table.alias("__pwrite64_chk", "__pwrite_chk");
  table.add("flock", &flock_);
  table.add("fsync", &fsync_);
  table.alias("fdatasync", "fsync");
  table.add("ftruncate", &ftruncate_);
  table.alias("ftruncate64", "ftruncate");
  table.add("getcwd", &getcwd_);
}

}  // namespace dl::guest
