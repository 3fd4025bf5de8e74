// SPDX-License-Identifier: Apache-2.0
// The upper folder goes before the lower one, except below names that were taken away.
#include "daylight/guest/libc/overlay_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

namespace dl::guest {
namespace {

// Folders in folders that are lifted or listed together.
constexpr unsigned kMaxDepth = 64;
// What a folder has that exists only here: an app's own.
constexpr mode_t kMadeFolder = S_IFDIR | 0771U;

int fail_with(int error) {
  errno = error;
  return -1;
}

bool writes(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

bool is_inside(const std::string& path, const std::string& folder) {
  return folder.empty() || path == folder || path.starts_with(folder + "/");
}

std::string parent_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

struct Closing {
  explicit Closing(int number) : fd(number) {}
  ~Closing() {
    if (fd >= 0) ::close(fd);
  }
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;
  int fd;
};

bool copy_bytes(int from, int to) {
  std::array<char, 65'536> buffer{};
  while (true) {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got <= 0) return got == 0;
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote = ::write(to, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (wrote <= 0) return false;
      done += wrote;
    }
  }
}

// Names in a folder of one layer, without "." and "..".
bool add_names(const HostLayer& layer, const std::string& path,
               std::map<std::string, FolderEntry>& to) {
  const int fd = layer.open(path, O_RDONLY | O_DIRECTORY, 0);
  DIR* const folder = fd < 0 ? nullptr : ::fdopendir(fd);
  if (folder == nullptr) {
    if (fd >= 0) ::close(fd);
    return false;
  }
  while (const dirent* const each = ::readdir(folder)) {
    const std::string name = each->d_name;
    if (name == "." || name == ".." || to.size() >= kMaxFolderEntries) continue;
    to.emplace(name, FolderEntry{name, each->d_type, each->d_ino});
  }
  ::closedir(folder);
  return true;
}

}  // namespace

OverlayTree::OverlayTree(std::string name, std::string lower, std::string upper,
                         std::shared_ptr<ChangeBudget> budget, std::set<std::string> folders)
    : name_(std::move(name)),
      lower_(std::move(lower)),
      upper_(std::move(upper)),
      budget_(std::move(budget)),
      folders_(std::move(folders)) {}

// ---- what is where ----

bool OverlayTree::is_hidden(const std::string& path) const {
  if (removed_.empty()) return false;
  for (std::string at = path;; at = parent_path(at)) {
    if (removed_.contains(at)) return true;
    if (at.empty()) return false;
  }
}

bool OverlayTree::is_made(const std::string& path) const {
  return path.empty() || folders_.contains(path);
}

OverlayTree::Layer OverlayTree::find(const std::string& path, struct stat& to) const {
  if (upper_.stat(path, to) == 0) return Layer::kUpper;
  errno = ENOENT;
  if (is_hidden(path)) return Layer::kNone;
  if (lower_.stat(path, to) == 0) return Layer::kLower;
  if (!is_made(path)) return Layer::kNone;
  to = {};
  to.st_mode = kMadeFolder;
  to.st_nlink = 2;
  to.st_size = to.st_blksize = 4096;
  to.st_ino = 1 + std::hash<std::string>()(name_ + "/" + path) % 1'000'000;
  return Layer::kMade;
}

int OverlayTree::stat(const std::string& path, struct stat& to) const {
  const std::scoped_lock lock(mutex_);
  return find(path, to) == Layer::kNone ? -1 : 0;
}

std::optional<std::vector<FolderEntry>> OverlayTree::list(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  return list_locked(path);
}

std::optional<std::vector<FolderEntry>> OverlayTree::list_locked(const std::string& path) const {
  struct stat found = {};
  if (find(path, found) == Layer::kNone) return std::nullopt;
  errno = ENOTDIR;
  if (!S_ISDIR(found.st_mode)) return std::nullopt;
  std::map<std::string, FolderEntry> names;
  add_names(upper_, path, names);
  if (!is_hidden(path)) {
    std::map<std::string, FolderEntry> old;
    add_names(lower_, path, old);
    for (const auto& [name, entry] : old) {
      if (!removed_.contains(below(path, name)) && names.size() < kMaxFolderEntries)
        names.emplace(name, entry);
    }
    for (const std::string& folder : folders_) {
      if (!folder.empty() && parent_path(folder) == path && !removed_.contains(folder))
        names.emplace(folder.substr(path.empty() ? 0 : path.size() + 1),
                      FolderEntry{folder.substr(path.empty() ? 0 : path.size() + 1), DT_DIR,
                                  1 + std::hash<std::string>()(folder) % 1'000'000});
    }
  }
  std::vector<FolderEntry> out;
  out.reserve(names.size());
  for (auto& [name, entry] : names) out.push_back(std::move(entry));
  errno = 0;
  return out;
}

// ---- from the lower folder into the upper one ----

bool OverlayTree::make_root() {
  // Its own folder and the one around it: both are the guest's alone.
  const std::string around = parent_path(upper_.root());
  return (::mkdir(around.c_str(), 0700) == 0 || errno == EEXIST) &&
         (::mkdir(upper_.root().c_str(), 0700) == 0 || errno == EEXIST);
}

// The folders that a path lies in, in the upper folder.
bool OverlayTree::lift_parents(const std::string& path) {
  if (!upper_.present()) {
    errno = EROFS;
    return false;
  }
  if (!make_root()) return false;
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    struct stat found = {};
    const Layer layer = find(folder, found);
    if (layer == Layer::kNone) return false;
    if (!S_ISDIR(found.st_mode)) {
      errno = ENOTDIR;
      return false;
    }
    if (layer == Layer::kUpper) continue;
    if (!budget_->take_entry(folder)) return false;
    const HostLayer::Parent parent = upper_.parent_of(folder);
    if (parent.folder < 0 ||
        ::mkdirat(parent.folder, parent.name.c_str(), (found.st_mode & 0777U) | 0700U) != 0)
      return false;
  }
  return true;
}

bool OverlayTree::lift_file(const std::string& path, const struct stat& found) {
  if (!budget_->take_bytes(static_cast<std::uint64_t>(std::max<off_t>(found.st_size, 0)), path))
    return false;
  const Closing from(lower_.open(path, O_RDONLY, 0));
  if (from.fd < 0) return false;
  const Closing to(upper_.open(path, O_WRONLY | O_CREAT | O_EXCL, (found.st_mode & 0777U) | 0600U));
  if (to.fd < 0) return false;
  if (!copy_bytes(from.fd, to.fd)) {
    const int error = errno == 0 ? EIO : errno;
    const HostLayer::Parent parent = upper_.parent_of(path);
    ::unlinkat(parent.folder, parent.name.c_str(), 0);
    errno = error;
    return false;
  }
  const timespec times[2] = {found.st_atim, found.st_mtim};
  ::futimens(to.fd, times);
  return true;
}

// One file or folder, without what is in it.
bool OverlayTree::lift(const std::string& path) {
  struct stat found = {};
  const Layer layer = find(path, found);
  if (layer == Layer::kNone) return false;
  if (layer == Layer::kUpper) return true;
  if (!lift_parents(path)) return false;
  if (path.empty()) return true;
  if (!budget_->take_entry(path)) return false;
  if (S_ISREG(found.st_mode)) return lift_file(path, found);
  if (!S_ISDIR(found.st_mode)) {
    errno = EPERM;
    return false;
  }
  const HostLayer::Parent parent = upper_.parent_of(path);
  return parent.folder >= 0 &&
         ::mkdirat(parent.folder, parent.name.c_str(), (found.st_mode & 0777U) | 0700U) == 0;
}

bool OverlayTree::lift_all(const std::string& path, unsigned depth) {
  if (depth > kMaxDepth) {
    errno = ENAMETOOLONG;
    return false;
  }
  struct stat found = {};
  if (find(path, found) == Layer::kNone || !lift(path)) return false;
  if (!S_ISDIR(found.st_mode)) return true;
  const auto entries = list_locked(path);
  if (!entries) return false;
  return std::all_of(entries->begin(), entries->end(), [&](const FolderEntry& each) {
    return lift_all(below(path, each.name), depth + 1);
  });
}

// ---- changes ----

int OverlayTree::create(const std::string& path, int flags, unsigned mode) {
  if ((flags & O_CREAT) == 0) return fail_with(ENOENT);
  if (!lift_parents(path) || !budget_->take_entry(path)) return -1;
  return upper_.open(path, flags | O_EXCL, (mode & 0777U) | 0600U);
}

int OverlayTree::open(const std::string& path, int flags, unsigned mode, bool& made) {
  const std::scoped_lock lock(mutex_);
  struct stat found = {};
  const Layer layer = find(path, found);
  made = layer == Layer::kUpper && S_ISREG(found.st_mode);
  if (writes(flags) && !writable()) return fail_with(EROFS);
  if (layer == Layer::kNone) {
    if (!writes(flags)) return -1;
    const int fd = create(path, flags, mode);
    made = fd >= 0;
    return fd;
  }
  if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return fail_with(EEXIST);
  if (layer == Layer::kMade || (writes(flags) && S_ISDIR(found.st_mode))) return fail_with(EISDIR);
  const int plain = flags & ~(O_CREAT | O_EXCL);
  if (layer == Layer::kUpper) return upper_.open(path, plain, 0);
  if (!writes(flags) || !S_ISREG(found.st_mode)) return lower_.open(path, plain, 0);
  // What is emptied at once need not be copied.
  if ((flags & O_TRUNC) != 0) found.st_size = 0;
  if (!lift_parents(path) || !budget_->take_entry(path)) return -1;
  if ((flags & O_TRUNC) == 0 && !lift_file(path, found)) return -1;
  made = true;
  return upper_.open(path, plain | ((flags & O_TRUNC) != 0 ? O_CREAT : 0),
                     (found.st_mode & 0777U) | 0600U);
}

int OverlayTree::open_temporary() {
  const std::scoped_lock lock(mutex_);
  if (!lift_parents("x") || !budget_->take_entry("a file without a name")) return -1;
  return ::open(upper_.root().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int OverlayTree::make_folder_locked(const std::string& path, unsigned mode) {
  struct stat found = {};
  if (find(path, found) != Layer::kNone) return fail_with(EEXIST);
  if (!lift_parents(path) || !budget_->take_entry(path)) return -1;
  const HostLayer::Parent parent = upper_.parent_of(path);
  if (parent.folder < 0) return -1;
  return ::mkdirat(parent.folder, parent.name.c_str(), (mode & 0777U) | 0700U);
}

int OverlayTree::make_folder(const std::string& path, unsigned mode) {
  const std::scoped_lock lock(mutex_);
  return make_folder_locked(path, mode);
}

// Lets the guest see nothing more of the lower folder there.
bool OverlayTree::hide(const std::string& path) {
  struct stat found = {};
  if (is_hidden(path) || (lower_.stat(path, found) != 0 && !is_made(path))) return true;
  if (!budget_->take_entry(path)) return false;
  removed_.insert(path);
  return true;
}

int OverlayTree::remove(const std::string& path, bool folder) {
  const std::scoped_lock lock(mutex_);
  struct stat found = {};
  const Layer layer = find(path, found);
  if (layer == Layer::kNone) return -1;
  if (!writable()) return fail_with(EROFS);
  if (path.empty()) return fail_with(EBUSY);
  if (folder != S_ISDIR(found.st_mode)) return fail_with(folder ? ENOTDIR : EISDIR);
  if (folder) {
    const auto entries = list_locked(path);
    if (!entries) return -1;
    if (!entries->empty()) return fail_with(ENOTEMPTY);
  }
  if (!hide(path)) return -1;
  if (layer != Layer::kUpper) return 0;
  const HostLayer::Parent parent = upper_.parent_of(path);
  if (parent.folder < 0) return -1;
  return ::unlinkat(parent.folder, parent.name.c_str(), folder ? AT_REMOVEDIR : 0);
}

// Both ends are in the upper folder, or the second one is nowhere there.
int OverlayTree::rename_over(const std::string& from, const std::string& to) {
  const HostLayer::Parent old = upper_.parent_of(from);
  const HostLayer::Parent fresh = upper_.parent_of(to);
  if (old.folder < 0 || fresh.folder < 0) return -1;
  return ::renameat(old.folder, old.name.c_str(), fresh.folder, fresh.name.c_str());
}

int OverlayTree::rename(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  struct stat old = {};
  struct stat over = {};
  if (find(from, old) == Layer::kNone) return -1;
  if (!writable()) return fail_with(EROFS);
  if (from == to) return 0;
  if (from.empty() || to.empty()) return fail_with(EBUSY);
  const bool folder = S_ISDIR(old.st_mode);
  if (folder && is_inside(to, from)) return fail_with(EINVAL);
  if (find(to, over) != Layer::kNone) {
    if (folder != S_ISDIR(over.st_mode)) return fail_with(folder ? ENOTDIR : EISDIR);
    if (folder) {
      const auto entries = list_locked(to);
      if (!entries) return -1;
      if (!entries->empty()) return fail_with(ENOTEMPTY);
    }
  }
  // All of it moves at once: what the lower folder has of it is copied before.
  if (!lift_parents(to) || !lift_all(from, 0)) return -1;
  if (!hide(from) || !hide(to)) return -1;
  return rename_over(from, to);
}

int OverlayTree::set_mode(const std::string& path, unsigned mode) {
  const std::scoped_lock lock(mutex_);
  struct stat found = {};
  if (find(path, found) == Layer::kNone) return -1;
  if (!writable()) return fail_with(EROFS);
  if (S_ISLNK(found.st_mode)) return 0;
  if (!lift(path)) return -1;
  const HostLayer::Parent parent = upper_.parent_of(path);
  // The owner can always write: this program is the owner, and must be able to go on.
  const unsigned own = S_ISDIR(found.st_mode) ? 0700U : 0600U;
  return parent.folder < 0
             ? -1
             : ::fchmodat(parent.folder, parent.name.c_str(), (mode & 0777U) | own, 0);
}

int OverlayTree::set_times(const std::string& path, const timespec* times) {
  const std::scoped_lock lock(mutex_);
  struct stat found = {};
  if (find(path, found) == Layer::kNone) return -1;
  if (!writable()) return fail_with(EROFS);
  if (!lift(path)) return -1;
  const HostLayer::Parent parent = upper_.parent_of(path);
  return parent.folder < 0
             ? -1
             : ::utimensat(parent.folder, parent.name.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

// ---- what has changed ----

std::vector<std::string> OverlayTree::removed() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> out;
  for (const std::string& path : removed_) {
    struct stat found = {};
    if (upper_.stat(path, found) != 0) out.push_back(path);
  }
  return out;
}

void OverlayTree::collect(const std::string& path, unsigned depth,
                          std::vector<std::pair<std::string, std::uint64_t>>& to) const {
  std::map<std::string, FolderEntry> names;
  if (depth > kMaxDepth || !add_names(upper_, path, names)) return;
  for (const auto& [name, entry] : names) {
    const std::string full = below(path, name);
    struct stat found = {};
    if (to.size() >= ChangeBudget::kMaxEntries || upper_.stat(full, found) != 0) continue;
    if (S_ISREG(found.st_mode)) to.emplace_back(full, static_cast<std::uint64_t>(found.st_size));
    if (S_ISDIR(found.st_mode)) collect(full, depth + 1, to);
  }
}

std::vector<std::pair<std::string, std::uint64_t>> OverlayTree::written() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<std::string, std::uint64_t>> out;
  if (upper_.present()) collect("", 0, out);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace dl::guest
