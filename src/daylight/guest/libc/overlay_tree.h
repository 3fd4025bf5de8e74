// SPDX-License-Identifier: Apache-2.0
// A folder of the user's that a guest may change without changing it: what it writes, renames and
// removes lies in a second folder above.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daylight/guest/libc/change_budget.h"
#include "daylight/guest/libc/host_layer.h"

namespace dl::guest {

// A name in a folder.
struct FolderEntry {
  std::string name;
  std::uint8_t type = 0;  // DT_*
  std::uint64_t inode = 0;
};
// Names in one folder that are listed.
inline constexpr std::size_t kMaxFolderEntries = 65'536;

// Paths are relative to the tree, without "." and ".."; "" is the tree itself. Functions that
// return -1 set errno as the system calls that they are named after. An open file of the lower
// folder does not see what is written to its copy above, as with Linux' own overlay. Thread safe.
class OverlayTree {
 public:
  // `name` says which tree it is in words for people. `lower` is never written, `upper` is made
  // when something is; either may be "": an empty tree, one that may not be changed. `folders` are
  // there although neither has them.
  OverlayTree(std::string name, std::string lower, std::string upper,
              std::shared_ptr<ChangeBudget> budget, std::set<std::string> folders = {});

  const std::string& name() const { return name_; }
  bool writable() const { return upper_.present(); }
  const std::shared_ptr<ChangeBudget>& budget() const { return budget_; }

  // As lstat(2).
  int stat(const std::string& path, struct stat& to) const;
  // As open(2): a descriptor of this machine. `made` says whether it is a file of the guest's own,
  // whose bytes count. A folder that neither layer has is -1 with EISDIR.
  int open(const std::string& path, int flags, unsigned mode, bool& made);
  // A file without a name; -1 with errno.
  int open_temporary();
  int make_folder(const std::string& path, unsigned mode);
  int remove(const std::string& path, bool folder);
  // Files, and folders with all that is in them.
  int rename(const std::string& from, const std::string& to);
  int set_mode(const std::string& path, unsigned mode);
  // Null for now.
  int set_times(const std::string& path, const timespec* times);
  // Without "." and ".."; sorted. Nothing with errno.
  std::optional<std::vector<FolderEntry>> list(const std::string& path) const;

  // Names of the lower folder that the guest has taken away or replaced, sorted.
  std::vector<std::string> removed() const;
  // Files that the guest has written, with their sizes, sorted.
  std::vector<std::pair<std::string, std::uint64_t>> written() const;

 private:
  enum class Layer { kNone, kUpper, kLower, kMade };
  // With mutex_ held.
  Layer find(const std::string& path, struct stat& to) const;
  bool is_hidden(const std::string& path) const;
  bool is_made(const std::string& path) const;
  std::optional<std::vector<FolderEntry>> list_locked(const std::string& path) const;
  bool make_root();
  bool lift_parents(const std::string& path);
  bool lift(const std::string& path);
  bool lift_file(const std::string& path, const struct stat& found);
  bool lift_all(const std::string& path, unsigned depth);
  int create(const std::string& path, int flags, unsigned mode);
  int make_folder_locked(const std::string& path, unsigned mode);
  int rename_over(const std::string& from, const std::string& to);
  bool hide(const std::string& path);
  void collect(const std::string& path, unsigned depth,
               std::vector<std::pair<std::string, std::uint64_t>>& to) const;

  const std::string name_;
  const HostLayer lower_;
  const HostLayer upper_;
  const std::shared_ptr<ChangeBudget> budget_;
  const std::set<std::string> folders_;
  mutable std::mutex mutex_;       // guards what follows, and the order of changes on disk
  std::set<std::string> removed_;  // nothing of the lower folder is seen there and below
};

}  // namespace dl::guest
