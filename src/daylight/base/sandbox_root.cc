// SPDX-License-Identifier: Apache-2.0
// Detached copies of mounts, put together below an empty root, which then replaces the old one.
#include "daylight/base/sandbox_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace dl {
namespace {

// The new root is mounted here, over a folder that exists on every machine, before it takes the
// place of the old one.
constexpr const char* kMountPoint = "/proc";
constexpr const char* kRootBytes = "1m";  // it holds folders and empty files only
constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

tl::unexpected<Error> system_error(const std::string& what, const std::string& where = {}) {
  const auto code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnsupported;
  return fail(code, what + ": " + std::strerror(errno), where);
}

Result<void> set_attributes(int mount, std::uint64_t attributes, unsigned flags) {
  struct mount_attr wanted = {};
  wanted.attr_set = attributes;
  if (::mount_setattr(mount, "", AT_EMPTY_PATH | flags, &wanted, sizeof wanted) != 0) {
    return system_error("a mount cannot be restricted");
  }
  return {};
}

// A detached copy of what is mounted at a path, already restricted.
Result<Descriptor> copy_of(const FileRule& rule, bool scratch_holds_code) {
  Descriptor tree(
      ::open_tree(AT_FDCWD, rule.path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (tree.get() < 0) return system_error("cannot be put into the sandbox", rule.path.string());
  std::uint64_t attributes = MOUNT_ATTR_NOSUID;
  if (rule.access != FileAccess::kScratch) attributes |= MOUNT_ATTR_RDONLY;
  if (rule.access != FileAccess::kDevice) attributes |= MOUNT_ATTR_NODEV;
  if (rule.access == FileAccess::kScratch && !scratch_holds_code) attributes |= MOUNT_ATTR_NOEXEC;
  TRY_VOID(set_attributes(tree.get(), attributes, AT_RECURSIVE));
  return tree;
}

// A new file system that is mounted nowhere yet.
Result<Descriptor> new_file_system(const char* kind, const char* size, unsigned attributes) {
  const Descriptor context(::fsopen(kind, FSOPEN_CLOEXEC));
  if (context.get() < 0) return system_error(std::string("no ") + kind);
  if (size != nullptr) ::fsconfig(context.get(), FSCONFIG_SET_STRING, "size", size, 0);
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return system_error(std::string("no ") + kind);
  }
  Descriptor mounted(::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes));
  if (mounted.get() < 0) return system_error(std::string("no ") + kind);
  return mounted;
}

// A path below the new root; symbolic links in it cannot leave the new root.
Descriptor open_inside(int root, const std::string& relative) {
  struct open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  return Descriptor(
      static_cast<int>(::syscall(SYS_openat2, root, relative.c_str(), &how, sizeof how)));
}

// The place for a mount: the folders above it and the thing itself, made where they are absent.
Result<Descriptor> place_for(int root, const std::filesystem::path& path, bool is_folder) {
  std::string made;
  const auto relative = path.relative_path();
  for (auto part = relative.begin(); part != relative.end(); ++part) {
    const Descriptor folder = open_inside(root, made.empty() ? "." : made);
    const bool last = std::next(part) == relative.end();
    made += (made.empty() ? "" : "/") + part->string();
    if (open_inside(root, made).get() >= 0) continue;
    if (last && !is_folder) {
      const Descriptor file(::openat(folder.get(), part->c_str(),
                                     O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kFileMode));
      if (file.get() < 0) return system_error("no place in the sandbox", path.string());
    } else if (::mkdirat(folder.get(), part->c_str(), kFolderMode) != 0) {
      return system_error("no place in the sandbox", path.string());
    }
  }
  Descriptor place = open_inside(root, made);
  if (place.get() < 0) return system_error("no place in the sandbox", path.string());
  return place;
}

Result<void> attach(int tree, int root, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(tree, &status) != 0) return system_error("cannot be looked at", path.string());
  const Descriptor place = TRY(place_for(root, path, S_ISDIR(status.st_mode)));
  if (::move_mount(tree, "", place.get(), "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) !=
      0) {
    return system_error("cannot be mounted in the sandbox", path.string());
  }
  return {};
}

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto differs = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return differs.first == folder.end();
}

// Folders before what lies in them; what an earlier rule of the same access covers is left out.
Result<std::vector<FileRule>> in_order(std::vector<FileRule> rules) {
  for (FileRule& rule : rules) {
    if (!rule.path.is_absolute() || rule.path == "/") {
      return fail(ErrorCode::kInvalidArgument, "not an absolute path below the root",
                  rule.path.string());
    }
    rule.path = rule.path.lexically_normal();
    if (!rule.path.has_filename()) rule.path = rule.path.parent_path();
  }
  std::stable_sort(rules.begin(), rules.end(),
                   [](const FileRule& a, const FileRule& b) { return a.path < b.path; });
  std::vector<FileRule> kept;
  for (FileRule& rule : rules) {
    // Only the innermost rule above decides.
    const auto above = std::find_if(kept.rbegin(), kept.rend(), [&](const FileRule& folder) {
      return is_below(rule.path, folder.path);
    });
    if (above == kept.rend() || above->access != rule.access) kept.push_back(std::move(rule));
  }
  return kept;
}

Result<void> change_root(int root) {
  if (::fchdir(root) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0) {
    return system_error("the root cannot be replaced");
  }
  // The old root lies under the new one now.
  if (::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    return system_error("the old root cannot be left");
  }
  return {};
}

}  // namespace

std::vector<FileRule> sandbox_devices() {
  return {{"/dev/null", FileAccess::kDevice},
          {"/dev/zero", FileAccess::kDevice},
          {"/dev/random", FileAccess::kDevice},
          {"/dev/urandom", FileAccess::kDevice}};
}

Result<void> enter_own_root(std::vector<FileRule> rules, bool proc, bool scratch_holds_code) {
  rules = TRY(in_order(std::move(rules)));
  if (::unshare(CLONE_NEWNS) != 0) return system_error("no mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return system_error("mounts cannot be made private");
  }
  std::vector<Descriptor> trees;
  trees.reserve(rules.size());
  for (const FileRule& rule : rules) trees.push_back(TRY(copy_of(rule, scratch_holds_code)));
  constexpr unsigned kBare = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  const Descriptor root = TRY(new_file_system("tmpfs", kRootBytes, kBare));
  // While the machine's own /proc is still visible: the kernel asks for that.
  const Descriptor processes =
      proc ? TRY(new_file_system("proc", nullptr, kBare | MOUNT_ATTR_RDONLY)) : Descriptor(-1);
  if (::move_mount(root.get(), "", AT_FDCWD, kMountPoint, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return system_error("the new root cannot be mounted");
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    TRY_VOID(attach(trees[i].get(), root.get(), rules[i].path));
  }
  if (proc) TRY_VOID(attach(processes.get(), root.get(), "/proc"));
  TRY_VOID(set_attributes(root.get(), MOUNT_ATTR_RDONLY, 0));
  return change_root(root.get());
}

}  // namespace dl
