// SPDX-License-Identifier: Apache-2.0
// Names of files: what links lead to, the parts of paths, and the file system that they lie in.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <string>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_path.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

GuestFiles& files(GuestMachine& machine) { return machine.part<GuestFiles>(); }

// What the links of /proc/self lead to; there are no others.
std::optional<std::string> link_target(GuestMachine& machine, const std::string& path) {
  const std::string whole = files(machine).whole_path(path);
  if (whole == "/proc/self/exe") return "/system/bin/app_process64";
  if (whole == "/proc/self/cwd") return files(machine).whole_path(".");
  constexpr std::string_view kNumbers = "/proc/self/fd/";
  if (whole.starts_with(kNumbers)) {
    const auto file = files(machine).find(std::atoi(whole.c_str() + kNumbers.size()));
    if (file != nullptr) return file->path.empty() ? "pipe:[1]" : file->path;
  }
  struct stat found = {};
  errno = files(machine).stat(path, found) == 0 ? EINVAL : ENOENT;
  return std::nullopt;
}
std::int64_t readlinkat_(GuestMachine& machine, int folder, GuestPath path, std::uint64_t to,
                         std::uint64_t room) {
  const auto whole = files(machine).path_at(folder, path);
  if (!whole) return -1;
  const auto target = link_target(machine, *whole);
  const int error = errno;
  machine.events.lookup({GuestLookup::What::kFile, files(machine).whole_path(*whole),
                         target.has_value(), target.value_or("no link")});
  errno = error;
  if (!target) return -1;
  errno = 0;
  const std::uint64_t size = std::min<std::uint64_t>(target->size(), room);
  if (!machine.arena.allows(to, size, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  std::memcpy(reinterpret_cast<void*>(to), target->data(), size);
  return static_cast<std::int64_t>(size);
}
std::int64_t readlink_(GuestMachine& machine, GuestPath path, std::uint64_t to,
                       std::uint64_t room) {
  return readlinkat_(machine, AT_FDCWD, path, to, room);
}
std::int64_t readlink_chk(GuestMachine& machine, GuestPath path, std::uint64_t to,
                          std::uint64_t room, std::uint64_t object) {
  if (room > object) {
    machine.raise(GuestFault::Kind::kAbort, "readlink: the buffer is too small");
    return -1;
  }
  return readlink_(machine, path, to, room);
}
std::uint64_t realpath_(GuestMachine& machine, GuestPath path, std::uint64_t to) {
  if (path.empty()) {
    errno = ENOENT;
    return 0;
  }
  struct stat found = {};
  const std::string whole = link_target(machine, path).value_or(files(machine).real_path(path));
  errno = 0;
  if (files(machine).stat(path, found) != 0 && !whole.starts_with("/system/bin/")) return 0;
  if (to == 0) return machine.new_text(whole);
  if (whole.size() >= PATH_MAX || !machine.arena.allows(to, whole.size() + 1, kPageWrite)) {
    errno = ENAMETOOLONG;
    return 0;
  }
  std::memcpy(reinterpret_cast<void*>(to), whole.c_str(), whole.size() + 1);
  return to;
}
int chdir_(GuestMachine& machine, GuestPath path) { return files(machine).change_folder(path); }
int fchdir_(GuestMachine& machine, int number) {
  const auto file = files(machine).find(number);
  return file == nullptr ? -1 : files(machine).change_folder(file->path);
}

// The parts of a path: copies, for these texts may be constant.
std::uint64_t basename_(GuestMachine& machine, GuestPath path) {
  std::string_view rest = path.c_str();
  if (rest.empty()) return machine.constant_text(".");
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  if (rest == "/") return machine.constant_text("/");
  return machine.constant_text(std::string(rest.substr(rest.rfind('/') + 1)));
}
std::uint64_t dirname_(GuestMachine& machine, GuestPath path) {
  std::string_view rest = path.c_str();
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos) return machine.constant_text(".");
  rest = rest.substr(0, slash);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  return machine.constant_text(rest.empty() ? "/" : std::string(rest));
}
// The one that leaves the path as it is: into it, behind the last slash.
const char* gnu_basename(GuestPath path) {
  const char* const slash = std::strrchr(path.c_str(), '/');
  return slash == nullptr ? path.c_str() : slash + 1;
}

// ---- the file system: one of 64 GiB, half full ----

constexpr std::uint64_t kBlocks = std::uint64_t{16} << 20U;  // of 4 KiB
constexpr std::uint64_t kFreeBlocks = kBlocks / 2;

bool exists(GuestMachine& machine, GuestPath path) {
  struct stat found = {};
  return files(machine).stat(path, found) == 0;
}
int put_words(GuestMachine& machine, std::uint64_t to, const std::uint64_t* words,
              std::size_t size) {
  if (!machine.arena.allows(to, size, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  std::memcpy(reinterpret_cast<void*>(to), words, size);
  return 0;
}
int put_statfs(GuestMachine& machine, std::uint64_t to) {
  // type (f2fs), block size, blocks, free, available, files, free files, id, name length,
  // fragment size, flags, four words to spare.
  const std::uint64_t words[15] = {0xf2f52010, 4096, kBlocks, kFreeBlocks, kFreeBlocks, 1U << 20U,
                                   1U << 19U,  1,    255,     4096,        0x406};
  return put_words(machine, to, words, 120);
}
int put_statvfs(GuestMachine& machine, std::uint64_t to) {
  const std::uint64_t words[14] = {4096,        4096,      kBlocks,   kFreeBlocks,
                                   kFreeBlocks, 1U << 20U, 1U << 19U, 1U << 19U,
                                   1,           0x406,     255};
  return put_words(machine, to, words, 112);
}
int statfs_(GuestMachine& machine, GuestPath path, std::uint64_t to) {
  return exists(machine, path) ? put_statfs(machine, to) : -1;
}
int fstatfs_(GuestMachine& machine, int number, std::uint64_t to) {
  return files(machine).find(number) == nullptr ? -1 : put_statfs(machine, to);
}
int statvfs_(GuestMachine& machine, GuestPath path, std::uint64_t to) {
  return exists(machine, path) ? put_statvfs(machine, to) : -1;
}
int fstatvfs_(GuestMachine& machine, int number, std::uint64_t to) {
  return files(machine).find(number) == nullptr ? -1 : put_statvfs(machine, to);
}
std::int64_t pathconf_(const char*, int what) {
  switch (what) {
    case 1:  // _PC_LINK_MAX is 1 in bionic's numbers, NAME_MAX 4, PATH_MAX 5
      return 127;
    case 4:
      return 255;
    case 5:
      return PATH_MAX;
    default:
      errno = EINVAL;
      return -1;
  }
}

}  // namespace

void add_name_functions(FunctionTable& table) {
  table.add("readlink", &readlink_);
  table.add("readlinkat", &readlinkat_);
  table.add("__readlink_chk", &readlink_chk);
  table.add("realpath", &realpath_);
  table.add("chdir", &chdir_);
  table.add("fchdir", &fchdir_);
  table.add("basename", &basename_);
  table.alias("__xpg_basename", "basename");
  table.add("__gnu_basename", &gnu_basename);
  table.add("dirname", &dirname_);
  table.add("statfs", &statfs_);
  table.add("fstatfs", &fstatfs_);
  table.add("statvfs", &statvfs_);
  table.add("fstatvfs", &fstatvfs_);
  for (const char* name : {"statfs", "fstatfs", "statvfs", "fstatvfs"})
    table.alias(std::string(name) + "64", name);
  table.add("pathconf", &pathconf_);
}

}  // namespace dl::guest
