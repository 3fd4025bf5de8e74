// SPDX-License-Identifier: Apache-2.0
// Changes of names and attributes, in the folders that a guest may write.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_path.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

GuestFiles& files(GuestMachine& machine) { return machine.part<GuestFiles>(); }

// Runs an action on the tree that a path lies in; EROFS where the guest may not write, told to the
// events.
template <typename Action>
int change(GuestMachine& machine, const std::string& path, Action action) {
  const GuestFiles::Place place = files(machine).place_of(path);
  if (path.empty()) {
    errno = ENOENT;
    return -1;
  }
  if (place && place.tree->writable()) return action(*place.tree, place.path);
  struct stat found = {};
  const bool there = place || files(machine).stat(path, found) == 0;
  machine.events.lookup(
      {GuestLookup::What::kFile, files(machine).whole_path(path), false, "may not be written"});
  errno = there ? EROFS : ENOENT;
  return -1;
}
// The same, for a path that is relative to an open folder.
template <typename Action>
int change_at(GuestMachine& machine, int folder, GuestPath path, Action action) {
  const auto whole = files(machine).path_at(folder, path);
  return whole ? change(machine, path.empty() ? std::string() : *whole, action) : -1;
}

int mkdirat_(GuestMachine& machine, int folder, GuestPath path, unsigned mode) {
  return change_at(machine, folder, path, [&](OverlayTree& tree, const std::string& at) {
    return tree.make_folder(at, mode);
  });
}
int mkdir_(GuestMachine& machine, GuestPath path, unsigned mode) {
  return mkdirat_(machine, AT_FDCWD, path, mode);
}
int unlinkat_(GuestMachine& machine, int folder, GuestPath path, int flags) {
  return change_at(machine, folder, path, [&](OverlayTree& tree, const std::string& at) {
    return tree.remove(at, (flags & AT_REMOVEDIR) != 0);
  });
}
int unlink_(GuestMachine& machine, GuestPath path) { return unlinkat_(machine, AT_FDCWD, path, 0); }
int rmdir_(GuestMachine& machine, GuestPath path) {
  return unlinkat_(machine, AT_FDCWD, path, AT_REMOVEDIR);
}
int remove_(GuestMachine& machine, GuestPath path) {
  if (unlink_(machine, path) == 0) return 0;
  if (errno != EISDIR) return -1;
  errno = 0;
  return rmdir_(machine, path);
}
int renameat_(GuestMachine& machine, int from_folder, GuestPath from, int to_folder, GuestPath to) {
  return change_at(machine, from_folder, from, [&](OverlayTree& tree, const std::string& at) {
    return change_at(machine, to_folder, to,
                     [&](const OverlayTree& other, const std::string& other_at) {
                       if (&tree == &other) return tree.rename(at, other_at);
                       errno = EXDEV;
                       return -1;
                     });
  });
}
int rename_(GuestMachine& machine, GuestPath from, GuestPath to) {
  return renameat_(machine, AT_FDCWD, from, AT_FDCWD, to);
}
// A link could lead out of the guest's folders.
int no_link(GuestMachine& machine, const char*, GuestPath path) {
  machine.events.lookup({GuestLookup::What::kFile, path, false, "links are not made"});
  errno = EPERM;
  return -1;
}
int chmod_(GuestMachine& machine, GuestPath path, unsigned mode) {
  return change(machine, path,
                [&](OverlayTree& tree, const std::string& at) { return tree.set_mode(at, mode); });
}
int fchmodat_(GuestMachine& machine, int folder, GuestPath path, unsigned mode, int) {
  const auto whole = files(machine).path_at(folder, path);
  return whole ? chmod_(machine, whole->c_str(), mode) : -1;
}
// A descriptor stands only for files that the guest may see; attributes change where it may write.
int fchmod_(GuestMachine& machine, int number, unsigned mode) {
  const auto file = files(machine).find(number);
  return file == nullptr ? -1 : file->path.empty() ? 0 : chmod_(machine, file->path.c_str(), mode);
}
int chown_(GuestMachine& machine, GuestPath path, unsigned, unsigned) {
  struct stat found = {};
  return files(machine).stat(path, found);
}
int fchown_(GuestMachine& machine, int number, unsigned, unsigned) {
  return files(machine).find(number) == nullptr ? -1 : 0;
}
unsigned umask_(unsigned) { return 0077; }

int set_times(GuestMachine& machine, const std::string& path, const timespec* times) {
  return change(machine, path, [&](OverlayTree& tree, const std::string& at) {
    return tree.set_times(at, times);
  });
}
// Two times at `address`, the fractions of which are `unit` nanoseconds; null for now.
template <typename T>
bool read_times(GuestMachine& machine, std::uint64_t address, std::array<T, 2>& to) {
  const auto bytes = machine.arena.bytes(address, sizeof(to));
  if (bytes) std::memcpy(to.data(), bytes->data(), sizeof(to));
  if (!bytes) errno = EFAULT;
  return bytes.has_value();
}
int utimensat_(GuestMachine& machine, int folder, GuestPath path, std::uint64_t address, int) {
  std::array<timespec, 2> times{};
  if (address != 0 && !read_times(machine, address, times)) return -1;
  const auto whole = files(machine).path_at(folder, path);
  return whole ? set_times(machine, *whole, address == 0 ? nullptr : times.data()) : -1;
}
int utimes_(GuestMachine& machine, GuestPath path, std::uint64_t address) {
  std::array<timeval, 2> given{};
  if (address == 0) return set_times(machine, path, nullptr);
  if (!read_times(machine, address, given)) return -1;
  const timespec times[2] = {{given[0].tv_sec, given[0].tv_usec * 1000},
                             {given[1].tv_sec, given[1].tv_usec * 1000}};
  return set_times(machine, path, times);
}
int utime_(GuestMachine& machine, GuestPath path, std::uint64_t address) {
  std::array<std::int64_t, 2> given{};
  if (address == 0) return set_times(machine, path, nullptr);
  if (!read_times(machine, address, given)) return -1;
  const timespec times[2] = {{given[0], 0}, {given[1], 0}};
  return set_times(machine, path, times);
}
int futimens_(GuestMachine& machine, int number, std::uint64_t address) {
  const auto file = files(machine).find(number);
  if (file == nullptr) return -1;
  return utimensat_(machine, AT_FDCWD, file->path.c_str(), address, 0);
}
int truncate_(GuestMachine& machine, GuestPath path, std::int64_t size) {
  const int number = files(machine).open(path, O_WRONLY, 0);
  const auto file = number < 0 ? nullptr : files(machine).find(number);
  if (file == nullptr) return -1;
  const int result = resize_file(*file, size);
  const int error = errno;
  files(machine).close(number);
  errno = result == 0 ? 0 : error;
  return result;
}

// ---- temporary names: the last six characters "XXXXXX" become others ----

// Tries names until `take` says 0 or an error other than EEXIST.
template <typename Take>
int with_temporary_name(GuestMachine& machine, char* path, int suffix, Take take) {
  const std::size_t size = std::strlen(path);
  const auto behind = static_cast<std::size_t>(suffix);
  if (suffix < 0 || size < behind + 6 ||
      std::string_view(path + size - behind - 6, 6) != "XXXXXX") {
    errno = EINVAL;
    return -1;
  }
  char* const letters = path + size - behind - 6;
  if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(letters), 6, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  for (int i = 0; i < 100; ++i) {
    std::uint64_t drawn = machine.part<GuestChance>().number();
    for (int k = 0; k < 6; ++k, drawn /= 36)
      letters[k] = "abcdefghijklmnopqrstuvwxyz0123456789"[drawn % 36];
    const int result = take(std::string(path));
    if (result >= 0 || errno != EEXIST) return result;
  }
  return -1;
}
int mkstemps_(GuestMachine& machine, char* path, int suffix) {
  if (path == nullptr || !machine.arena.text(reinterpret_cast<std::uint64_t>(path))) return -1;
  return with_temporary_name(machine, path, suffix, [&](const std::string& name) {
    return files(machine).open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  });
}
int mkstemp_(GuestMachine& machine, char* path) { return mkstemps_(machine, path, 0); }
int mkostemp_(GuestMachine& machine, char* path, int) { return mkstemps_(machine, path, 0); }
char* mkdtemp_(GuestMachine& machine, char* path) {
  if (path == nullptr || !machine.arena.text(reinterpret_cast<std::uint64_t>(path))) return nullptr;
  const int made = with_temporary_name(machine, path, 0, [&](const std::string& name) {
    return mkdir_(machine, name.c_str(), 0700);
  });
  return made < 0 ? nullptr : path;
}
char* mktemp_(GuestMachine& machine, char* path) {
  if (path == nullptr || !machine.arena.text(reinterpret_cast<std::uint64_t>(path))) return nullptr;
  with_temporary_name(machine, path, 0, [](const std::string&) { return 0; });
  return path;
}

}  // namespace

void add_change_functions(FunctionTable& table) {
  table.add("mkdir", &mkdir_);
  table.add("mkdirat", &mkdirat_);
  table.add("unlink", &unlink_);
  table.add("unlinkat", &unlinkat_);
  table.add("rmdir", &rmdir_);
  table.add("remove", &remove_);
  table.add("rename", &rename_);
  table.add("renameat", &renameat_);
  table.add("symlink", &no_link);
  table.alias("link", "symlink");
  table.add("chmod", &chmod_);
  table.add("fchmod", &fchmod_);
  table.add("fchmodat", &fchmodat_);
  table.add("chown", &chown_);
  table.alias("lchown", "chown");
  table.add("fchown", &fchown_);
  table.add("umask", &umask_);
  table.add("utimensat", &utimensat_);
  table.add("utimes", &utimes_);
  table.alias("lutimes", "utimes");
  table.add("utime", &utime_);
  table.add("futimens", &futimens_);
  table.add("truncate", &truncate_);
  table.alias("truncate64", "truncate");
  table.add("mkstemp", &mkstemp_);
  table.alias("mkstemp64", "mkstemp");
  table.add("mkstemps", &mkstemps_);
  table.add("mkostemp", &mkostemp_);
  table.add("mkdtemp", &mkdtemp_);
  table.add("mktemp", &mktemp_);
}

}  // namespace dl::guest
