// SPDX-License-Identifier: Apache-2.0
// Opens what a guest may see.
#include "daylight/guest/libc/guest_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/made_files.h"

namespace dl::guest {
namespace {

std::string below(const std::string& folder) { return folder == "/" ? folder : folder + "/"; }

bool writes(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

// The kind of what the guest opens, and what keeps it; the number is given later.
std::shared_ptr<OpenFile> made_file_of(OpenFile::Kind kind, const std::string& path, int flags) {
  auto file = std::make_shared<OpenFile>();
  file->kind = kind;
  file->path = path;
  file->flags = flags & (O_ACCMODE | O_NONBLOCK | O_APPEND);
  return file;
}

}  // namespace

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

void GuestFiles::mount(const std::string& path, std::shared_ptr<OverlayTree> tree,
                       const std::string& real) {
  const std::string whole = whole_path(path);
  const std::scoped_lock lock(mutex_);
  mounts_.insert_or_assign(whole, Mount{std::move(tree), real.empty() ? whole : real});
}

GuestFiles::Place GuestFiles::place_of(const std::string& path) const {
  const std::string full = whole_path(path);
  const std::scoped_lock lock(mutex_);
  // The longest mount that the path lies in.
  for (auto each = mounts_.rbegin(); each != mounts_.rend(); ++each) {
    const auto& [prefix, mounted] = *each;
    if (full == prefix) return {mounted.tree, "", mounted.real};
    if (!full.starts_with(below(prefix))) continue;
    const std::string rest = full.substr(below(prefix).size());
    return {mounted.tree, rest, below(mounted.real) + rest};
  }
  return {};
}

std::vector<std::shared_ptr<OverlayTree>> GuestFiles::trees() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<OverlayTree>> out;
  for (const auto& [path, mounted] : mounts_) {
    if (std::find(out.begin(), out.end(), mounted.tree) == out.end()) out.push_back(mounted.tree);
  }
  return out;
}

std::string GuestFiles::real_path(const std::string& path) const {
  const Place place = place_of(path);
  return place ? place.real : whole_path(path);
}

std::optional<std::string> GuestFiles::path_at(int folder, const std::string& path) const {
  if (folder == AT_FDCWD || path.starts_with('/')) return path;
  const auto file = find(folder);
  if (file == nullptr) return std::nullopt;
  if (file->path.empty()) {
    errno = ENOTDIR;
    return std::nullopt;
  }
  return path.empty() ? file->path : file->path + "/" + path;
}

// Folders that only exist because something lies in them.
bool GuestFiles::is_made_folder(const std::string& whole) const {
  const std::string prefix = below(whole);
  const auto file = machine_.profile.files.lower_bound(prefix);
  if (file != machine_.profile.files.end() && file->first.starts_with(prefix)) return true;
  const std::scoped_lock lock(mutex_);
  const auto mounted = mounts_.lower_bound(prefix);
  return whole == "/" || (mounted != mounts_.end() && mounted->first.starts_with(prefix));
}

int GuestFiles::change_folder(const std::string& path) {
  struct stat found = {};
  if (stat(path, found) != 0) return -1;
  if (!S_ISDIR(found.st_mode)) {
    errno = ENOTDIR;
    return -1;
  }
  std::string whole = real_path(path);
  const std::scoped_lock lock(mutex_);
  folder_ = std::move(whole);
  return 0;
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

int GuestFiles::add_text(std::string content) {
  auto file = made_file_of(OpenFile::Kind::kText, "", O_RDONLY);
  file->text = std::move(content);
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
  std::shared_ptr<OpenFile> file;
  known = true;
  if (whole == "/dev/urandom" || whole == "/dev/random") {
    file = made_file_of(OpenFile::Kind::kRandom, whole, flags);
    answer = "random bytes";
  } else if (is_made_device(whole)) {
    file = made_file_of(OpenFile::Kind::kHost, whole, flags);
    file->host = ::open(whole.c_str(), (flags & O_ACCMODE) | O_CLOEXEC);
    if (file->host < 0) return -1;
    answer = whole;
  } else if (auto content = made_file(machine_, whole)) {
    answer = "made for the guest";
    if (writes(flags) || (flags & O_DIRECTORY) != 0) {
      errno = writes(flags) ? EACCES : ENOTDIR;
      return -1;
    }
    file = made_file_of(OpenFile::Kind::kText, whole, flags);
    file->text = std::move(*content);
  } else if (!place_of(whole) && is_made_folder(whole)) {
    answer = "folder";
    if (writes(flags)) {
      errno = EISDIR;
      return -1;
    }
    file = made_file_of(OpenFile::Kind::kFolder, whole, flags);
  } else {
    known = false;
    return -1;
  }
  return add(std::move(file));
}

int GuestFiles::open_mounted(const Place& place, int flags, unsigned mode, std::string& answer) {
  bool made = false;
  auto file = made_file_of(OpenFile::Kind::kHost, place.real, flags);
  file->host = place.tree->open(place.path, flags, mode, made);
  if (file->host < 0 && errno == EISDIR && !writes(flags)) {
    file->kind = OpenFile::Kind::kFolder;  // one that neither layer has
  } else if (file->host < 0) {
    const int error = errno;
    answer = error == EROFS   ? "may not be written"
             : error == ELOOP ? "a symbolic link, which is not followed"
             : error == ENOENT
                 ? "not in " + place.tree->name() + (place.path.empty() ? "" : ": " + place.path)
                 : "";
    errno = error;
    return -1;
  }
  file->of_app = true;
  if (made) file->budget = place.tree->budget();
  answer = (made ? "the guest's own, in " : "of ") + place.tree->name();
  return add(std::move(file));
}

int GuestFiles::open(const std::string& path, int flags, unsigned mode) {
  const std::string whole = whole_path(path);
  std::string answer;
  bool known = false;
  int number = path.empty() ? -1 : open_made(whole, flags, answer, known);
  if (!known) {
    const Place place = path.empty() ? Place() : place_of(whole);
    errno = ENOENT;
    if (place) number = open_mounted(place, flags, mode, answer);
  }
  const int error = errno;
  machine_.events.lookup({GuestLookup::What::kFile, whole, number >= 0, answer});
  errno = number >= 0 ? 0 : error;
  return number;
}

int GuestFiles::open_temporary() {
  for (const auto& tree : trees()) {
    if (!tree->writable()) continue;
    const int host = tree->open_temporary();
    if (host < 0) return -1;
    auto file = std::make_shared<OpenFile>();
    file->host = host;
    file->path = "/data/local/tmp/(deleted)";
    file->budget = tree->budget();
    return add(std::move(file));
  }
  errno = EACCES;
  return -1;
}

// ---- what is in them ----

int GuestFiles::stat(const std::string& path, struct stat& to) {
  const std::string whole = whole_path(path);
  if (path.empty()) {
    errno = ENOENT;
    return -1;
  }
  if (const auto content = made_file(machine_, whole)) {
    stat_of_made(to, S_IFREG | 0444U, content->size(), whole);
    return 0;
  }
  if (is_made_device(whole)) {
    stat_of_made(to, S_IFCHR | 0666U, 0, whole);
    return 0;
  }
  errno = ENOENT;
  if (const Place place = place_of(whole)) {
    if (place.tree->stat(place.path, to) != 0) return -1;
    to.st_uid = to.st_gid = kGuestUser;
    return 0;
  }
  if (!is_made_folder(whole)) return -1;
  stat_of_made(to, S_IFDIR | 0555U, 4096, whole);
  return 0;
}

bool GuestFiles::read_into(OpenFile& file, std::uint64_t address, std::uint64_t size,
                           std::int64_t offset) {
  std::uint64_t done = 0;
  while (done < size) {
    const std::int64_t got = read_file_at(machine_, file, reinterpret_cast<void*>(address + done),
                                          size - done, offset + static_cast<std::int64_t>(done));
    if (got < 0) return false;
    if (got == 0) break;
    done += static_cast<std::uint64_t>(got);
  }
  return true;
}

std::optional<std::vector<FolderEntry>> GuestFiles::list(const std::string& path) {
  const std::string whole = whole_path(path);
  struct stat found = {};
  if (stat(path.empty() ? path : whole, found) != 0) return std::nullopt;
  if (!S_ISDIR(found.st_mode)) {
    errno = ENOTDIR;
    return std::nullopt;
  }
  std::map<std::string, FolderEntry> entries;
  const auto add_entry = [&](FolderEntry entry) {
    if (entries.size() < kMaxFolderEntries) entries.emplace(entry.name, entry);
  };
  if (const Place place = place_of(whole)) {
    auto inside = place.tree->list(place.path);
    if (!inside) return std::nullopt;
    for (FolderEntry& each : *inside) add_entry(std::move(each));
  }
  // What the profile and the mounts put there.
  const std::string prefix = below(whole);
  const auto add_made = [&](const std::string& full, std::uint8_t type) {
    if (!full.starts_with(prefix) || full.size() == prefix.size()) return;
    const std::size_t slash = full.find('/', prefix.size());
    const std::string name = full.substr(prefix.size(), slash - prefix.size());
    add_entry({name, slash == std::string::npos ? type : std::uint8_t{DT_DIR},
               1 + std::hash<std::string>()(prefix + name) % 1'000'000});
  };
  for (const auto& [file, content] : machine_.profile.files) add_made(file, DT_REG);
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [mounted, tree] : mounts_) add_made(mounted, DT_DIR);
  }
  std::vector<FolderEntry> out = {{".", DT_DIR, found.st_ino}, {"..", DT_DIR, found.st_ino}};
  for (auto& [name, entry] : entries) out.push_back(std::move(entry));
  errno = 0;
  return out;
}

}  // namespace dl::guest
