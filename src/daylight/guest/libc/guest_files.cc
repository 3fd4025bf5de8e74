// SPDX-License-Identifier: Apache-2.0
// Opens what a guest may see.
#include "daylight/guest/libc/guest_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/guest/libc/guest_chance.h"

namespace dl::guest {
namespace {

constexpr const char* kSelf = "/proc/self";

// As a phone shows them: the library's own path instead of anonymous memory.
std::string maps_text(const GuestMachine& machine) {
  std::string out;
  std::uint64_t at = machine.arena.base();
  while (const auto run = machine.arena.next_run(at)) {
    at = run->address + run->size;
    const GuestLibrary* const library =
        machine.loader == nullptr ? nullptr : machine.loader->holding(run->address);
    out += hex_number(run->address, 12) + "-" + hex_number(at, 12) + " ";
    out += (run->access & kPageRead) != 0 ? 'r' : '-';
    out += (run->access & kPageWrite) != 0 ? 'w' : '-';
    out += (run->access & kPageExecute) != 0 ? 'x' : '-';
    out += "p ";
    out += hex_number(library == nullptr ? 0 : run->address - library->begin, 8) + " 00:00 0 ";
    out += library == nullptr ? "[anon:libc_malloc]" : library->path;
    out += "\n";
  }
  return out;
}

// An app's process that nobody traces. Source: proc(5); order and names as Linux 4.19 writes them.
std::string status_text(const GuestMachine& machine) {
  const std::string pid = std::to_string(kGuestProcess);
  const std::string user = std::to_string(kGuestUser);
  const std::string users = user + "\t" + user + "\t" + user + "\t" + user + "\n";
  const std::string memory = std::to_string(machine.arena.mapped() / 1024) + " kB\n";
  return "Name:\tapp_process64\nUmask:\t0077\nState:\tR (running)\nTgid:\t" + pid +
         "\nNgid:\t0\nPid:\t" + pid + "\nPPid:\t" + std::to_string(kGuestParent) +
         "\nTracerPid:\t0\nUid:\t" + users + "Gid:\t" + users +
         "FDSize:\t128\nGroups:\t9997 20123 50123\nVmPeak:\t" + memory + "VmSize:\t" + memory +
         "VmRSS:\t" + memory +
         "Threads:\t1\nSigQ:\t0/13580\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
         "CapEff:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n";
}

// What the host's stat has to say of something that is only made.
void stat_of_made(struct stat& to, unsigned kind, std::uint64_t size, const std::string& path) {
  to = {};
  to.st_mode = kind;
  to.st_size = static_cast<off_t>(size);
  to.st_nlink = 1;
  to.st_blksize = 4096;
  to.st_ino = 1 + std::hash<std::string>()(path) % 1'000'000;
}

std::string below(const std::string& folder) { return folder == "/" ? folder : folder + "/"; }

}  // namespace

OpenFile::~OpenFile() {
  if (host >= 0) ::close(host);
}

GuestFiles::Parent::~Parent() {
  if (folder >= 0) ::close(folder);
}
GuestFiles::Parent::Parent(Parent&& other) noexcept
    : folder(std::exchange(other.folder, -1)),
      name(std::move(other.name)),
      writable(other.writable) {}

// ---- paths ----

std::string GuestFiles::whole_path(const std::string& path) const {
  std::string full = path;
  if (!path.starts_with('/')) {
    const std::scoped_lock lock(mutex_);
    full = folder_ + "/" + path;
  }
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at < full.size()) {
    const std::size_t end = std::min(full.find('/', at), full.size());
    std::string part = full.substr(at, end - at);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(std::move(part));
    }
    at = end + 1;
  }
  if (parts.size() > 1 && parts[0] == "proc" && parts[1] == std::to_string(kGuestProcess))
    parts[1] = "self";
  std::string out;
  for (const std::string& part : parts) out += "/" + part;
  return out.empty() ? "/" : out;
}

void GuestFiles::mount(const std::string& path, const std::string& host, bool writable) {
  const std::string whole = whole_path(path);
  std::error_code error;
  const std::filesystem::path real = std::filesystem::weakly_canonical(host, error);
  const std::scoped_lock lock(mutex_);
  mounts_.insert_or_assign(whole, Place{error ? host : real.string(), writable});
}

std::optional<GuestFiles::Place> GuestFiles::place_of(const std::string& path) const {
  const std::string full = whole_path(path);
  const std::scoped_lock lock(mutex_);
  // The longest mount that the path lies in.
  for (auto mount = mounts_.rbegin(); mount != mounts_.rend(); ++mount) {
    const auto& [prefix, place] = *mount;
    if (full == prefix) return place;
    if (full.starts_with(below(prefix)))
      return Place{place.host + "/" + full.substr(below(prefix).size()), place.writable};
  }
  return std::nullopt;
}

GuestFiles::Parent GuestFiles::parent_of(const std::string& path) const {
  const std::string full = whole_path(path);
  Parent out;
  std::string root;
  std::string rest;
  {
    const std::scoped_lock lock(mutex_);
    for (auto mount = mounts_.rbegin(); mount != mounts_.rend() && root.empty(); ++mount) {
      const auto& [prefix, place] = *mount;
      if (full != prefix && !full.starts_with(below(prefix))) continue;
      root = place.host;
      rest = full == prefix ? "" : full.substr(below(prefix).size());
      out.writable = place.writable;
    }
  }
  errno = ENOENT;
  if (root.empty()) return out;
  if (rest.empty()) {  // the mount itself: its name in the folder that it lies in
    const std::filesystem::path host(root);
    out.name = host.filename().empty() ? "." : host.filename().string();
    out.folder = ::open(host.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    return out;
  }
  out.folder = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  while (out.folder >= 0) {
    const std::size_t slash = rest.find('/');
    if (slash == std::string::npos) break;
    const int next = ::openat(out.folder, rest.substr(0, slash).c_str(),
                              O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int error = errno;
    ::close(std::exchange(out.folder, next));
    errno = error;
    rest = rest.substr(slash + 1);
  }
  out.name = rest;
  return out;
}

std::optional<std::string> GuestFiles::made_file(const std::string& path) const {
  const std::string whole = whole_path(path);
  const auto found = machine_.profile.files.find(whole);
  if (found != machine_.profile.files.end()) return found->second;
  // The process by its number is the same one.
  const std::string by_number = "/proc/" + std::to_string(kGuestProcess) + "/";
  const std::string self = std::string(kSelf) + "/";
  const std::string what = whole.starts_with(self)        ? whole.substr(self.size())
                           : whole.starts_with(by_number) ? whole.substr(by_number.size())
                                                          : std::string();
  if (what == "maps") return maps_text(machine_);
  if (what == "status") return status_text(machine_);
  if (what == "cmdline" || what == "comm")
    return std::string("app_process64") + (what == "comm" ? '\n' : '\0');
  return std::nullopt;
}

// Folders that only exist because something lies in them.
bool GuestFiles::is_made_folder(const std::string& whole) const {
  const std::string prefix = below(whole);
  const auto file = machine_.profile.files.lower_bound(prefix);
  if (file != machine_.profile.files.end() && file->first.starts_with(prefix)) return true;
  const std::scoped_lock lock(mutex_);
  const auto mount = mounts_.lower_bound(prefix);
  return whole == "/" || (mount != mounts_.end() && mount->first.starts_with(prefix));
}

int GuestFiles::change_folder(const std::string& path) {
  struct stat found = {};
  if (stat(path, found) != 0) return -1;
  if (!S_ISDIR(found.st_mode)) {
    errno = ENOTDIR;
    return -1;
  }
  std::string whole = whole_path(path);
  const std::scoped_lock lock(mutex_);
  folder_ = std::move(whole);
  return 0;
}

std::string GuestFiles::writable_folder() const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [path, place] : mounts_) {
    if (place.writable && std::filesystem::is_directory(place.host)) return path;
  }
  return "";
}

// ---- numbers ----

int GuestFiles::add(std::shared_ptr<OpenFile> file, int least) {
  const std::scoped_lock lock(mutex_);
  int number = std::max(least, 0);
  while (open_.contains(number)) ++number;
  if (open_.size() >= kMaxGuestFiles || number >= 65'536) {
    errno = EMFILE;
    return -1;
  }
  open_.emplace(number, std::move(file));
  return number;
}

int GuestFiles::put(std::shared_ptr<OpenFile> file, int number) {
  const std::scoped_lock lock(mutex_);
  if (number < 0 || number >= 65'536 || open_.size() >= kMaxGuestFiles) {
    errno = EBADF;
    return -1;
  }
  open_.insert_or_assign(number, std::move(file));
  return number;
}

int GuestFiles::adopt(int host) {
  auto file = std::make_shared<OpenFile>();
  file->host = host;
  return add(std::move(file));
}

std::shared_ptr<OpenFile> GuestFiles::find(int number) const {
  const std::scoped_lock lock(mutex_);
  const auto found = open_.find(number);
  if (found != open_.end()) return found->second;
  errno = EBADF;
  return nullptr;
}

int GuestFiles::host(int number) const {
  const auto file = find(number);
  if (file == nullptr) return -1;
  if (file->host < 0) errno = EINVAL;
  return file->host;
}

int GuestFiles::close(int number) {
  std::shared_ptr<OpenFile> leaving;
  const std::scoped_lock lock(mutex_);
  const auto found = open_.find(number);
  if (found == open_.end()) {
    if (number >= 0 && number <= 2) return 0;
    errno = EBADF;
    return -1;
  }
  leaving = std::move(found->second);
  open_.erase(found);
  return 0;
}

// ---- open ----

// Files and folders that are made here. `known` says whether the path is one of them.
int GuestFiles::open_made(const std::string& whole, int flags, std::string& answer, bool& known) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
  auto file = std::make_shared<OpenFile>();
  file->path = whole;
  file->flags = flags & (O_ACCMODE | O_NONBLOCK | O_APPEND);
  known = true;
  if (whole == "/dev/urandom" || whole == "/dev/random") {
    file->kind = OpenFile::Kind::kRandom;
    answer = "random bytes";
  } else if (whole == "/dev/null" || whole == "/dev/zero") {
    file->host = ::open(whole.c_str(), (flags & O_ACCMODE) | O_CLOEXEC);
    if (file->host < 0) return -1;
    answer = whole;
  } else if (auto content = made_file(whole)) {
    answer = "made for the guest";
    if (writes || (flags & O_DIRECTORY) != 0) {
      errno = writes ? EACCES : ENOTDIR;
      return -1;
    }
    file->kind = OpenFile::Kind::kText;
    file->text = std::move(*content);
  } else if (!place_of(whole) && is_made_folder(whole)) {
    answer = "folder";
    if (writes) {
      errno = EISDIR;
      return -1;
    }
    file->kind = OpenFile::Kind::kFolder;
  } else {
    known = false;
    return -1;
  }
  return add(std::move(file));
}

int GuestFiles::open(const std::string& path, int flags, unsigned mode) {
  const std::string whole = whole_path(path);
  std::string answer;
  bool known = false;
  int number = path.empty() ? -1 : open_made(whole, flags, answer, known);
  if (!known) {
    const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
    const Parent parent = parent_of(path.empty() ? "/nowhere" : whole);
    if (parent.folder >= 0 && writes && !parent.writable) {
      errno = EROFS;
      answer = "may not be written";
    } else if (parent.folder >= 0) {
      // No device or pipe of the host can be waited for in open().
      const int fd = ::openat(parent.folder, parent.name.c_str(),
                              flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, mode & 0777U);
      if (fd >= 0) {
        answer = "mounted";
        auto file = std::make_shared<OpenFile>();
        file->host = fd;
        file->path = whole;
        number = add(std::move(file));
      }
    }
  }
  const int error = errno;
  machine_.events.lookup({GuestLookup::What::kFile, whole, number >= 0, answer});
  errno = number >= 0 ? 0 : error;
  return number;
}

// ---- what is in them ----

std::int64_t GuestFiles::read_at(OpenFile& file, void* to, std::uint64_t size,
                                 std::int64_t offset) {
  switch (file.kind) {
    case OpenFile::Kind::kHost:
      return ::pread(file.host, to, size, offset);
    case OpenFile::Kind::kText: {
      const auto at = static_cast<std::uint64_t>(offset);
      if (offset < 0) {
        errno = EINVAL;
        return -1;
      }
      if (at >= file.text.size()) return 0;
      const std::uint64_t part = std::min<std::uint64_t>(size, file.text.size() - at);
      std::memcpy(to, file.text.data() + at, part);
      return static_cast<std::int64_t>(part);
    }
    case OpenFile::Kind::kRandom: {
      const std::uint64_t part = std::min<std::uint64_t>(size, std::uint64_t{32} << 20U);
      machine_.part<GuestChance>().fill(to, part);
      return static_cast<std::int64_t>(part);
    }
    case OpenFile::Kind::kFolder:
      errno = EISDIR;
      return -1;
    case OpenFile::Kind::kSocket:
      errno = ENOTCONN;
      return -1;
  }
  return -1;
}

std::int64_t GuestFiles::read(OpenFile& file, void* to, std::uint64_t size) {
  if (file.kind == OpenFile::Kind::kHost) return ::read(file.host, to, size);
  const std::scoped_lock lock(file.mutex);
  const std::int64_t got = read_at(file, to, size, static_cast<std::int64_t>(file.position));
  if (got > 0) file.position += static_cast<std::uint64_t>(got);
  return got;
}

std::int64_t GuestFiles::seek(OpenFile& file, std::int64_t offset, int whence) {
  if (file.kind == OpenFile::Kind::kHost) return ::lseek(file.host, offset, whence);
  if (file.kind == OpenFile::Kind::kSocket) {
    errno = ESPIPE;
    return -1;
  }
  const std::scoped_lock lock(file.mutex);
  std::int64_t base = 0;
  if (whence == SEEK_CUR) base = static_cast<std::int64_t>(file.position);
  if (whence == SEEK_END) base = static_cast<std::int64_t>(file.text.size());
  std::int64_t at = 0;
  if (whence < SEEK_SET || whence > SEEK_END || __builtin_add_overflow(base, offset, &at) ||
      at < 0) {
    errno = EINVAL;
    return -1;
  }
  file.position = static_cast<std::uint64_t>(at);
  return at;
}

int GuestFiles::stat(OpenFile& file, struct stat& to) {
  switch (file.kind) {
    case OpenFile::Kind::kHost:
      return ::fstat(file.host, &to);
    case OpenFile::Kind::kText:
      stat_of_made(to, S_IFREG | 0444U, file.text.size(), file.path);
      return 0;
    case OpenFile::Kind::kRandom:
      stat_of_made(to, S_IFCHR | 0666U, 0, file.path);
      return 0;
    case OpenFile::Kind::kFolder:
      stat_of_made(to, S_IFDIR | 0555U, 4096, file.path);
      return 0;
    case OpenFile::Kind::kSocket:
      stat_of_made(to, S_IFSOCK | 0777U, 0, file.path);
      return 0;
  }
  return -1;
}

int GuestFiles::stat(const std::string& path, struct stat& to) {
  const std::string whole = whole_path(path);
  if (path.empty()) {
    errno = ENOENT;
    return -1;
  }
  if (const auto content = made_file(whole)) {
    stat_of_made(to, S_IFREG | 0444U, content->size(), whole);
    return 0;
  }
  if (whole.starts_with("/dev/") && (whole == "/dev/urandom" || whole == "/dev/random" ||
                                     whole == "/dev/null" || whole == "/dev/zero")) {
    stat_of_made(to, S_IFCHR | 0666U, 0, whole);
    return 0;
  }
  const Parent parent = parent_of(whole);
  if (parent.folder >= 0)
    return ::fstatat(parent.folder, parent.name.c_str(), &to, AT_SYMLINK_NOFOLLOW);
  if (place_of(whole) || !is_made_folder(whole)) return -1;
  stat_of_made(to, S_IFDIR | 0555U, 4096, whole);
  return 0;
}

bool GuestFiles::read_into(int number, std::uint64_t address, std::uint64_t size,
                           std::int64_t offset) {
  const auto file = find(number);
  if (file == nullptr) return false;
  std::uint64_t done = 0;
  while (done < size) {
    const std::int64_t got = read_at(*file, reinterpret_cast<void*>(address + done), size - done,
                                     offset + static_cast<std::int64_t>(done));
    if (got < 0) return false;
    if (got == 0) break;
    done += static_cast<std::uint64_t>(got);
  }
  return true;
}

std::optional<std::vector<GuestFiles::Entry>> GuestFiles::list(const std::string& path) {
  const std::string whole = whole_path(path);
  struct stat found = {};
  if (stat(whole, found) != 0) return std::nullopt;
  if (!S_ISDIR(found.st_mode)) {
    errno = ENOTDIR;
    return std::nullopt;
  }
  std::map<std::string, Entry> entries;
  const auto add_name = [&](const std::string& name, std::uint8_t type, std::uint64_t inode) {
    if (entries.size() < kMaxFolderEntries) entries.emplace(name, Entry{name, type, inode});
  };
  if (const Parent parent = parent_of(whole); parent.folder >= 0) {
    const int fd = ::openat(parent.folder, parent.name.c_str(),
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR* const folder = fd < 0 ? nullptr : ::fdopendir(fd);
    if (folder == nullptr) {
      if (fd >= 0) ::close(fd);
      return std::nullopt;
    }
    while (const dirent* const each = ::readdir(folder)) {
      const std::string name = each->d_name;
      if (name != "." && name != "..") add_name(name, each->d_type, each->d_ino);
    }
    ::closedir(folder);
  }
  // What the profile and the mounts put there.
  const std::string prefix = below(whole);
  const auto add_made = [&](const std::string& full, std::uint8_t type) {
    if (!full.starts_with(prefix) || full.size() == prefix.size()) return;
    const std::size_t slash = full.find('/', prefix.size());
    const std::string name = full.substr(prefix.size(), slash - prefix.size());
    add_name(name, slash == std::string::npos ? type : std::uint8_t{DT_DIR},
             1 + std::hash<std::string>()(prefix + name) % 1'000'000);
  };
  for (const auto& [file, content] : machine_.profile.files) add_made(file, DT_REG);
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [mounted, place] : mounts_) add_made(mounted, DT_DIR);
  }
  std::vector<Entry> out = {{".", DT_DIR, found.st_ino}, {"..", DT_DIR, found.st_ino}};
  for (auto& [name, entry] : entries) out.push_back(std::move(entry));
  errno = 0;
  return out;
}

}  // namespace dl::guest
