// SPDX-License-Identifier: Apache-2.0
// The files that a guest can open: those of its device profile, and those that the user gave it.
// Nothing else of this machine.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daylight/guest/libc/open_file.h"
#include "daylight/guest/libc/overlay_tree.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

inline constexpr std::size_t kMaxGuestFiles = 1'024;  // open at a time

// Paths as the guest sees them, absolute or from its folder. Numbers of open files are the guest's
// own. Functions that return -1 set errno. Thread safe.
class GuestFiles {
 public:
  explicit GuestFiles(GuestMachine& machine) : machine_(machine) {}
  GuestFiles(const GuestFiles&) = delete;
  GuestFiles& operator=(const GuestFiles&) = delete;

  // Shows a tree to the guest at `path`. `real` is where the path leads to on a phone, "" for
  // itself. Trees may be mounted several times.
  void mount(const std::string& path, std::shared_ptr<OverlayTree> tree,
             const std::string& real = "");

  // As open(2), with the flags of the guest's own processor already translated. The guest's number,
  // or -1 with errno. Absent files are told to the events.
  int open(const std::string& path, int flags, unsigned mode);
  // A file without a name, to write and read; -1 with errno.
  int open_temporary();
  int close(int number);
  // Null with errno EBADF.
  std::shared_ptr<OpenFile> find(int number) const;
  // The host's descriptor; -1 with errno EBADF, EINVAL for what has none.
  int host(int number) const;
  // The lowest free number from `least` on for a file; -1 with EMFILE.
  int add(std::shared_ptr<OpenFile> file, int least = 3);
  // The same under a number of its own, in place of what was there.
  int put(std::shared_ptr<OpenFile> file, int number);
  // A number for a descriptor of the host's, which the guest owns from then on.
  int adopt(int host);
  // A number for a file that holds `content`, to read.
  int add_text(std::string content);

  // Fills [address, address + size) from the file; what is behind its end is zero.
  bool read_into(OpenFile& file, std::uint64_t address, std::uint64_t size, std::int64_t offset);

  // As lstat(2), for all kinds of paths.
  int stat(const std::string& path, struct stat& to);
  // What lies in a folder, "." and ".." first, sorted; nothing with errno.
  std::optional<std::vector<FolderEntry>> list(const std::string& path);

  // The tree that a path lies in, and its path there; no tree for paths outside of all.
  struct Place {
    std::shared_ptr<OverlayTree> tree;
    std::string path;
    std::string real;  // of the whole path, as the guest sees it
    explicit operator bool() const { return tree != nullptr; }
  };
  Place place_of(const std::string& path) const;
  // Each tree once.
  std::vector<std::shared_ptr<OverlayTree>> trees() const;
  // An absolute path without "." and "..", and with this process by the name of self.
  std::string whole_path(const std::string& path) const;
  // The same, without the links that a phone has on the way to its shared storage.
  std::string real_path(const std::string& path) const;
  // A path that is relative to the open folder with a number (AT_FDCWD: to the guest's own), as a
  // whole; "" is that folder. Nothing with errno EBADF, ENOTDIR.
  std::optional<std::string> path_at(int folder, const std::string& path) const;
  // The guest's folder; -1 with errno.
  int change_folder(const std::string& path);

 private:
  struct Mount {
    std::shared_ptr<OverlayTree> tree;
    std::string real;
  };

  bool is_made_folder(const std::string& whole) const;
  int open_made(const std::string& whole, int flags, std::string& answer, bool& known);
  int open_mounted(const Place& place, int flags, unsigned mode, std::string& answer);

  GuestMachine& machine_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Mount> mounts_;
  std::map<int, std::shared_ptr<OpenFile>> open_;
  std::string folder_ = "/";
};

}  // namespace dl::guest
