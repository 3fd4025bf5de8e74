// SPDX-License-Identifier: Apache-2.0
// Folders, names and attributes of files.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

GuestFiles& files(GuestMachine& machine) { return machine.part<GuestFiles>(); }

// struct dirent of 64-bit Android is that of 64-bit Linux: inode, offset, length, type, name.
struct GuestEntry {
  std::uint64_t inode = 0;
  std::int64_t offset = 0;
  std::uint16_t length = sizeof(GuestEntry);
  std::uint8_t type = 0;
  char name[256] = {};
  char padding[5] = {};
};
static_assert(sizeof(GuestEntry) == 280);

void fill(GuestEntry& to, const GuestFiles::Entry& from, std::int64_t offset) {
  to = {};
  to.inode = from.inode;
  to.offset = offset;
  to.type = from.type;
  from.name.copy(to.name, sizeof(to.name) - 1);
}

// ---- DIR: the guest holds an address, where also the last entry lies ----

constexpr std::size_t kMaxOpenFolders = 512;

class OpenFolders {
 public:
  explicit OpenFolders(GuestMachine&) {}
  struct Folder {
    std::vector<GuestFiles::Entry> entries;
    std::size_t next = 0;
    int number = -1;  // of the open file
  };
  std::mutex mutex;
  std::unordered_map<std::uint64_t, Folder> open;
};

std::uint64_t open_folder(GuestMachine& machine, const std::string& path, int number) {
  auto entries = files(machine).list(path);
  if (!entries) return 0;
  OpenFolders& folders = machine.part<OpenFolders>();
  const std::uint64_t address = machine.heap.allocate(sizeof(GuestEntry), 16, true);
  const std::scoped_lock lock(folders.mutex);
  if (address == 0 || folders.open.size() >= kMaxOpenFolders) {
    machine.heap.release(address);
    errno = EMFILE;
    return 0;
  }
  folders.open.emplace(address, OpenFolders::Folder{std::move(*entries), 0, number});
  return address;
}
std::uint64_t opendir_(GuestMachine& machine, const char* path) {
  const int number = files(machine).open(path, O_RDONLY | O_DIRECTORY, 0);
  if (number < 0) return 0;
  const std::uint64_t out = open_folder(machine, path, number);
  if (out == 0) {
    const int error = errno;
    files(machine).close(number);
    errno = error;
  }
  return out;
}
std::uint64_t fdopendir_(GuestMachine& machine, int number) {
  const auto file = files(machine).find(number);
  return file == nullptr ? 0 : open_folder(machine, file->path, number);
}
// 0 at the end, and for what is no open folder (with errno).
std::uint64_t readdir_(GuestMachine& machine, std::uint64_t folder) {
  OpenFolders& folders = machine.part<OpenFolders>();
  const std::scoped_lock lock(folders.mutex);
  const auto found = folders.open.find(folder);
  if (found == folders.open.end()) {
    errno = EBADF;
    return 0;
  }
  OpenFolders::Folder& held = found->second;
  if (held.next >= held.entries.size()) return 0;
  GuestEntry entry;
  fill(entry, held.entries[held.next], static_cast<std::int64_t>(held.next + 1));
  ++held.next;
  if (!machine.arena.allows(folder, sizeof(entry), kPageWrite)) return 0;
  std::memcpy(reinterpret_cast<void*>(folder), &entry, sizeof(entry));
  return folder;
}
int readdir_r_(GuestMachine& machine, std::uint64_t folder, std::uint64_t entry,
               std::uint64_t* result) {
  const std::uint64_t got = readdir_(machine, folder);
  if (got != 0 && !machine.arena.allows(entry, sizeof(GuestEntry), kPageWrite)) return EFAULT;
  if (got != 0)
    std::memcpy(reinterpret_cast<void*>(entry), reinterpret_cast<void*>(got), sizeof(GuestEntry));
  *result = got == 0 ? 0 : entry;
  return 0;
}
int closedir_(GuestMachine& machine, std::uint64_t folder) {
  OpenFolders& folders = machine.part<OpenFolders>();
  int number = -1;
  {
    const std::scoped_lock lock(folders.mutex);
    const auto found = folders.open.find(folder);
    if (found == folders.open.end()) {
      errno = EBADF;
      return -1;
    }
    number = found->second.number;
    folders.open.erase(found);
  }
  machine.heap.release(folder);
  files(machine).close(number);
  return 0;
}
template <typename Action>
auto with_folder(GuestMachine& machine, std::uint64_t folder, Action action) {
  OpenFolders& folders = machine.part<OpenFolders>();
  const std::scoped_lock lock(folders.mutex);
  const auto found = folders.open.find(folder);
  if (found == folders.open.end()) {
    errno = EBADF;
    return action(nullptr);
  }
  return action(&found->second);
}
void rewinddir_(GuestMachine& machine, std::uint64_t folder) {
  with_folder(machine, folder, [](OpenFolders::Folder* held) {
    if (held != nullptr) held->next = 0;
  });
}
std::int64_t telldir_(GuestMachine& machine, std::uint64_t folder) {
  return with_folder(machine, folder, [](const OpenFolders::Folder* held) {
    return held == nullptr ? std::int64_t{-1} : static_cast<std::int64_t>(held->next);
  });
}
void seekdir_(GuestMachine& machine, std::uint64_t folder, std::uint64_t to) {
  with_folder(machine, folder, [to](OpenFolders::Folder* held) {
    if (held != nullptr) held->next = std::min<std::uint64_t>(to, held->entries.size());
  });
}
int dirfd_(GuestMachine& machine, std::uint64_t folder) {
  return with_folder(machine, folder, [](const OpenFolders::Folder* held) {
    return held == nullptr ? -1 : held->number;
  });
}

// scandir with the guest's filter and comparison, each of which may be null.
int scandir_(GuestMachine& machine, const char* path, std::uint64_t* to, std::uint64_t filter,
             std::uint64_t compare) {
  const auto entries = files(machine).list(path);
  if (!entries || to == nullptr) return -1;
  std::vector<std::uint64_t> kept;
  for (const GuestFiles::Entry& each : *entries) {
    const std::uint64_t address = machine.heap.allocate(sizeof(GuestEntry));
    if (address == 0) return -1;
    fill(*reinterpret_cast<GuestEntry*>(address), each, 0);
    if (filter != 0) {
      const std::uint64_t arguments[] = {address};
      const auto wanted = machine.engine.call(filter, arguments);
      if (!wanted) return -1;
      if (static_cast<int>(wanted->integer) == 0) {
        machine.heap.release(address);
        continue;
      }
    }
    kept.push_back(address);
  }
  const std::uint64_t list = machine.heap.allocate(8 * std::max<std::size_t>(kept.size(), 1));
  if (list == 0) return -1;
  std::memcpy(reinterpret_cast<void*>(list), kept.data(), 8 * kept.size());
  *to = list;
  const auto sort = address_of(machine, "qsort");
  if (compare != 0 && sort) {
    const std::uint64_t arguments[] = {list, kept.size(), 8, compare};
    if (!machine.engine.call(*sort, arguments)) return -1;
  }
  return static_cast<int>(kept.size());
}
int alphasort_(GuestMachine& machine, const std::uint64_t* a, const std::uint64_t* b) {
  constexpr std::uint64_t kNameAt = 19;
  const auto left = machine.arena.text(*a + kNameAt);
  const auto right = machine.arena.text(*b + kNameAt);
  return left && right ? left->compare(*right) : 0;
}

// ---- changes, below a mount that may be written ----

template <typename Action>
int change(GuestMachine& machine, const std::string& path, Action action) {
  const GuestFiles::Parent parent = files(machine).parent_of(path);
  if (parent.folder < 0 || !parent.writable) {
    const int error = parent.folder < 0 ? errno : EROFS;
    machine.events.lookup(
        {GuestLookup::What::kFile, files(machine).whole_path(path), false, "may not be written"});
    struct stat made = {};
    errno = error == ENOENT && files(machine).stat(path, made) == 0 ? EROFS : error;
    return -1;
  }
  return action(parent.folder, parent.name.c_str());
}
// Paths relative to an open folder.
std::string path_of(GuestMachine& machine, int folder, const char* path) {
  if (folder == AT_FDCWD || path[0] == '/') return path;
  const auto file = files(machine).find(folder);
  return file == nullptr || file->path.empty() ? "/nowhere" : file->path + "/" + path;
}

int mkdirat_(GuestMachine& machine, int folder, const char* path, unsigned mode) {
  return change(machine, path_of(machine, folder, path),
                [&](int at, const char* name) { return ::mkdirat(at, name, mode & 0777U); });
}
int mkdir_(GuestMachine& machine, const char* path, unsigned mode) {
  return mkdirat_(machine, AT_FDCWD, path, mode);
}
int unlinkat_(GuestMachine& machine, int folder, const char* path, int flags) {
  return change(machine, path_of(machine, folder, path), [&](int at, const char* name) {
    return ::unlinkat(at, name, flags & AT_REMOVEDIR);
  });
}
int unlink_(GuestMachine& machine, const char* path) {
  return unlinkat_(machine, AT_FDCWD, path, 0);
}
int rmdir_(GuestMachine& machine, const char* path) {
  return unlinkat_(machine, AT_FDCWD, path, AT_REMOVEDIR);
}
int remove_(GuestMachine& machine, const char* path) {
  if (unlink_(machine, path) == 0) return 0;
  if (errno != EISDIR) return -1;
  errno = 0;
  return rmdir_(machine, path);
}
int renameat_(GuestMachine& machine, int from_folder, const char* from, int to_folder,
              const char* to) {
  return change(machine, path_of(machine, from_folder, from), [&](int at, const char* name) {
    return change(machine, path_of(machine, to_folder, to), [&](int to_at, const char* to_name) {
      return ::renameat(at, name, to_at, to_name);
    });
  });
}
int rename_(GuestMachine& machine, const char* from, const char* to) {
  return renameat_(machine, AT_FDCWD, from, AT_FDCWD, to);
}
// A link could lead out of the guest's folders.
int no_link(GuestMachine& machine, const char*, const char* path) {
  machine.events.lookup({GuestLookup::What::kFile, path, false, "links are not made"});
  errno = EPERM;
  return -1;
}
int chmod_(GuestMachine& machine, const char* path, unsigned mode) {
  return change(machine, path, [&](int at, const char* name) {
    struct stat found = {};
    if (::fstatat(at, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return -1;
    if (S_ISLNK(found.st_mode)) return 0;
    return ::fchmodat(at, name, (mode & 0777U) | 0600U, 0);
  });
}
int fchmodat_(GuestMachine& machine, int folder, const char* path, unsigned mode, int) {
  return chmod_(machine, path_of(machine, folder, path).c_str(), mode);
}
// A descriptor stands only for files that the guest may see; attributes change where it may write.
int fchmod_(GuestMachine& machine, int number, unsigned mode) {
  const auto file = files(machine).find(number);
  return file == nullptr ? -1 : file->path.empty() ? 0 : chmod_(machine, file->path.c_str(), mode);
}
int chown_(GuestMachine& machine, const char* path, unsigned, unsigned) {
  struct stat found = {};
  return files(machine).stat(path, found);
}
int fchown_(GuestMachine& machine, int number, unsigned, unsigned) {
  return files(machine).find(number) == nullptr ? -1 : 0;
}
unsigned umask_(unsigned) { return 0077; }

int set_times(GuestMachine& machine, const std::string& path, const timespec* times) {
  return change(machine, path, [&](int at, const char* name) {
    return ::utimensat(at, name, times, AT_SYMLINK_NOFOLLOW);
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
int utimensat_(GuestMachine& machine, int folder, const char* path, std::uint64_t address, int) {
  std::array<timespec, 2> times{};
  if (address != 0 && !read_times(machine, address, times)) return -1;
  return set_times(machine, path_of(machine, folder, path), address == 0 ? nullptr : times.data());
}
int utimes_(GuestMachine& machine, const char* path, std::uint64_t address) {
  std::array<timeval, 2> given{};
  if (address == 0) return set_times(machine, path, nullptr);
  if (!read_times(machine, address, given)) return -1;
  const timespec times[2] = {{given[0].tv_sec, given[0].tv_usec * 1000},
                             {given[1].tv_sec, given[1].tv_usec * 1000}};
  return set_times(machine, path, times);
}
int utime_(GuestMachine& machine, const char* path, std::uint64_t address) {
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
int truncate_(GuestMachine& machine, const char* path, std::int64_t size) {
  const int number = files(machine).open(path, O_WRONLY, 0);
  if (number < 0) return -1;
  const int result = ::ftruncate(files(machine).host(number), size);
  const int error = errno;
  files(machine).close(number);
  errno = result == 0 ? 0 : error;
  return result;
}

// ---- names ----

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
std::int64_t readlinkat_(GuestMachine& machine, int folder, const char* path, std::uint64_t to,
                         std::uint64_t room) {
  const std::string whole = path_of(machine, folder, path);
  const auto target = link_target(machine, whole);
  const int error = errno;
  machine.events.lookup({GuestLookup::What::kFile, files(machine).whole_path(whole),
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
std::int64_t readlink_(GuestMachine& machine, const char* path, std::uint64_t to,
                       std::uint64_t room) {
  return readlinkat_(machine, AT_FDCWD, path, to, room);
}
std::int64_t readlink_chk(GuestMachine& machine, const char* path, std::uint64_t to,
                          std::uint64_t room, std::uint64_t object) {
  if (room > object) {
    machine.raise(GuestFault::Kind::kAbort, "readlink: the buffer is too small");
    return -1;
  }
  return readlink_(machine, path, to, room);
}
std::uint64_t realpath_(GuestMachine& machine, const char* path, std::uint64_t to) {
  if (path == nullptr || *path == '\0') {
    errno = path == nullptr ? EINVAL : ENOENT;
    return 0;
  }
  struct stat found = {};
  const std::string whole = link_target(machine, path).value_or(files(machine).whole_path(path));
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
int chdir_(GuestMachine& machine, const char* path) { return files(machine).change_folder(path); }
int fchdir_(GuestMachine& machine, int number) {
  const auto file = files(machine).find(number);
  return file == nullptr ? -1 : files(machine).change_folder(file->path);
}

// The parts of a path: copies, for these texts may be constant.
std::uint64_t basename_(GuestMachine& machine, const char* path) {
  std::string_view rest = path == nullptr ? "" : path;
  if (rest.empty()) return machine.constant_text(".");
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  if (rest == "/") return machine.constant_text("/");
  return machine.constant_text(std::string(rest.substr(rest.rfind('/') + 1)));
}
std::uint64_t dirname_(GuestMachine& machine, const char* path) {
  std::string_view rest = path == nullptr ? "" : path;
  while (rest.size() > 1 && rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = rest.rfind('/');
  if (slash == std::string_view::npos) return machine.constant_text(".");
  rest = rest.substr(0, slash);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  return machine.constant_text(rest.empty() ? "/" : std::string(rest));
}
// The one that leaves the path as it is: into it, behind the last slash.
const char* gnu_basename(const char* path) {
  const char* const slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
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

// ---- the file system: one of 64 GiB, half full ----

constexpr std::uint64_t kBlocks = std::uint64_t{16} << 20U;  // of 4 KiB
constexpr std::uint64_t kFreeBlocks = kBlocks / 2;

bool exists(GuestMachine& machine, const char* path) {
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
int statfs_(GuestMachine& machine, const char* path, std::uint64_t to) {
  return exists(machine, path) ? put_statfs(machine, to) : -1;
}
int fstatfs_(GuestMachine& machine, int number, std::uint64_t to) {
  return files(machine).find(number) == nullptr ? -1 : put_statfs(machine, to);
}
int statvfs_(GuestMachine& machine, const char* path, std::uint64_t to) {
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

void add_folder_functions(FunctionTable& table) {
  table.add("opendir", &opendir_);
  table.add("fdopendir", &fdopendir_);
  table.add("readdir", &readdir_);
  table.add("readdir_r", &readdir_r_);
  table.add("closedir", &closedir_);
  table.add("rewinddir", &rewinddir_);
  table.add("telldir", &telldir_);
  table.add("seekdir", &seekdir_);
  table.add("dirfd", &dirfd_);
  table.add("scandir", &scandir_);
  table.add("alphasort", &alphasort_);
  for (const char* name : {"readdir", "readdir_r", "scandir", "alphasort"})
    table.alias(std::string(name) + "64", name);
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
  table.add("mkstemp", &mkstemp_);
  table.alias("mkstemp64", "mkstemp");
  table.add("mkstemps", &mkstemps_);
  table.add("mkostemp", &mkostemp_);
  table.add("mkdtemp", &mkdtemp_);
  table.add("mktemp", &mktemp_);
  table.add("statfs", &statfs_);
  table.add("fstatfs", &fstatfs_);
  table.add("statvfs", &statvfs_);
  table.add("fstatvfs", &fstatvfs_);
  for (const char* name : {"statfs", "fstatfs", "statvfs", "fstatvfs"})
    table.alias(std::string(name) + "64", name);
  table.add("pathconf", &pathconf_);
}

}  // namespace dl::guest
