// SPDX-License-Identifier: Apache-2.0
// Folders as they are read: DIR, and lists of names.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_path.h"
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

void fill(GuestEntry& to, const FolderEntry& from, std::int64_t offset) {
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
    std::vector<FolderEntry> entries;
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
std::uint64_t opendir_(GuestMachine& machine, GuestPath path) {
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
  GuestEntry entry;
  {
    OpenFolders& folders = machine.part<OpenFolders>();
    const std::scoped_lock lock(folders.mutex);
    const auto found = folders.open.find(folder);
    if (found == folders.open.end()) {
      errno = EBADF;
      return 0;
    }
    OpenFolders::Folder& held = found->second;
    if (held.next >= held.entries.size()) return 0;
    fill(entry, held.entries[held.next], static_cast<std::int64_t>(held.next + 1));
    ++held.next;
  }
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
int scandir_(GuestMachine& machine, GuestPath path, std::uint64_t* to, std::uint64_t filter,
             std::uint64_t compare) {
  const auto entries = files(machine).list(path);
  if (!entries || to == nullptr) return -1;
  std::vector<std::uint64_t> kept;
  for (const FolderEntry& each : *entries) {
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
}

}  // namespace dl::guest
