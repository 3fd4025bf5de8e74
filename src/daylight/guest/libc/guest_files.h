// SPDX-License-Identifier: Apache-2.0
// The files that a guest can open: those of its device profile, those that the user gave it, and a
// folder of its own. Nothing else of this machine.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {

inline constexpr std::size_t kMaxGuestFiles = 1'024;  // open at a time
// Names in one folder that are listed.
inline constexpr std::size_t kMaxFolderEntries = 65'536;

// What a number stands for. Several numbers can share one (dup).
struct OpenFile {
  enum class Kind {
    kHost,    // a descriptor of this machine
    kText,    // a file that is made here, in memory; only read
    kRandom,  // /dev/urandom
    kFolder,  // a folder that is made here
    kSocket,  // one that nothing is connected to: there is no network
  };
  OpenFile() = default;
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  Kind kind = Kind::kHost;
  int host = -1;
  std::string path;  // as the guest opened it; "" for pipes and sockets
  int flags = 0;     // of the host; for what has no descriptor there
  std::string text;
  std::string name;  // of a socket: the address that it was bound to
  std::mutex mutex;  // guards what follows
  std::uint64_t position = 0;
};

// Paths as the guest sees them, absolute. Numbers of open files are the guest's own. Below a mount
// no symbolic link is followed. Functions that return -1 set errno. Thread safe.
class GuestFiles {
 public:
  explicit GuestFiles(GuestMachine& machine) : machine_(machine) {}
  GuestFiles(const GuestFiles&) = delete;
  GuestFiles& operator=(const GuestFiles&) = delete;

  // A file or folder of this machine that the guest sees at `path`; writable if it says so.
  void mount(const std::string& path, const std::string& host, bool writable);

  // As open(2), with the flags of the guest's own processor already translated. The guest's number,
  // or -1 with errno. Absent files are told to the events.
  int open(const std::string& path, int flags, unsigned mode);
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

  // As read(2), pread(2), lseek(2), fstat(2). The buffer must be the guest's to write.
  std::int64_t read(OpenFile& file, void* to, std::uint64_t size);
  std::int64_t read_at(OpenFile& file, void* to, std::uint64_t size, std::int64_t offset);
  static std::int64_t seek(OpenFile& file, std::int64_t offset, int whence);
  int stat(OpenFile& file, struct stat& to);
  // Fills [address, address + size) from the file; what is behind its end is zero.
  bool read_into(int number, std::uint64_t address, std::uint64_t size, std::int64_t offset);

  // As lstat(2), for all kinds of paths.
  int stat(const std::string& path, struct stat& to);
  struct Entry {
    std::string name;
    std::uint8_t type = 0;  // DT_*
    std::uint64_t inode = 0;
  };
  // What lies in a folder, "." and ".." first, sorted; nothing with errno.
  std::optional<std::vector<Entry>> list(const std::string& path);

  // Where a path of the guest lies on the host; nothing if it is none of its own.
  struct Place {
    std::string host;
    bool writable = false;
  };
  std::optional<Place> place_of(const std::string& path) const;
  // The folder of the host that a path lies in, opened without following links, and its name
  // there: for the calls of the *at family. `folder` is -1 with errno when there is none.
  struct Parent {
    Parent() = default;
    ~Parent();
    Parent(Parent&& other) noexcept;
    Parent& operator=(Parent&&) = delete;
    int folder = -1;
    std::string name;
    bool writable = false;
  };
  Parent parent_of(const std::string& path) const;
  // The content of a file of the profile, or one that this machine makes (/proc/self/maps).
  std::optional<std::string> made_file(const std::string& path) const;
  // An absolute path without "." and "..", and with this process by the name of self.
  std::string whole_path(const std::string& path) const;
  // The guest's folder; -1 with errno.
  int change_folder(const std::string& path);
  // The first mount that may be written, as the guest sees it; "" if there is none.
  std::string writable_folder() const;

 private:
  bool is_made_folder(const std::string& whole) const;
  int open_made(const std::string& whole, int flags, std::string& answer, bool& known);

  GuestMachine& machine_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Place> mounts_;
  std::map<int, std::shared_ptr<OpenFile>> open_;
  std::string folder_ = "/";
};

}  // namespace dl::guest
