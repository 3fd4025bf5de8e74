// SPDX-License-Identifier: Apache-2.0
// Goes down one folder at a time.
#include "daylight/guest/libc/host_layer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace dl::guest {
namespace {

int close_with(int fd, int error) {
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace

HostLayer::Parent::~Parent() {
  if (folder >= 0) ::close(folder);
}
HostLayer::Parent::Parent(Parent&& other) noexcept
    : folder(std::exchange(other.folder, -1)), name(std::move(other.name)) {}

HostLayer::Parent HostLayer::parent_of(const std::string& path) const {
  Parent out;
  errno = ENOENT;
  if (root_.empty()) return out;
  out.folder = ::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  std::string rest = path;
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
  out.name = rest.empty() ? "." : rest;
  return out;
}

int HostLayer::stat(const std::string& path, struct stat& to) const {
  const Parent parent = parent_of(path);
  if (parent.folder < 0) return -1;
  return ::fstatat(parent.folder, parent.name.c_str(), &to, AT_SYMLINK_NOFOLLOW);
}

int HostLayer::open(const std::string& path, int flags, unsigned mode) const {
  const Parent parent = parent_of(path);
  if (parent.folder < 0) return -1;
  struct stat found = {};
  // Opening a device can do something already.
  if (::fstatat(parent.folder, parent.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) {
    errno = S_ISLNK(found.st_mode) ? ELOOP : EACCES;
    return -1;
  }
  // What took the file's place meanwhile is not waited for either.
  const int fd = ::openat(parent.folder, parent.name.c_str(),
                          flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, mode);
  if (fd < 0) return -1;
  if (::fstat(fd, &found) != 0) return close_with(fd, errno);
  if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) return close_with(fd, EACCES);
  if ((flags & O_NONBLOCK) == 0) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

}  // namespace dl::guest
