// SPDX-License-Identifier: Apache-2.0
// One folder of this machine as a guest's path reaches into it: no symbolic link on the way is
// followed, and nothing but files and folders is opened.
#pragma once

#include <sys/stat.h>

#include <string>

namespace dl::guest {

// Paths are relative to the folder, without "." and ".."; "" is the folder itself. Functions that
// return -1 set errno. Thread safe.
class HostLayer {
 public:
  // "" for a layer in which nothing is.
  explicit HostLayer(std::string root) : root_(std::move(root)) {}

  bool present() const { return !root_.empty(); }
  const std::string& root() const { return root_; }
  // As lstat(2).
  int stat(const std::string& path, struct stat& to) const;
  // As open(2): a descriptor of this machine. ELOOP for a symbolic link, EACCES for devices, pipes
  // and sockets.
  int open(const std::string& path, int flags, unsigned mode) const;

  // The folder that a path lies in and the path's name there, for the calls of the *at family.
  // `folder` is -1 with errno where there is none.
  struct Parent {
    Parent() = default;
    ~Parent();
    Parent(Parent&& other) noexcept;
    Parent& operator=(Parent&&) = delete;
    int folder = -1;
    std::string name;
  };
  Parent parent_of(const std::string& path) const;

 private:
  std::string root_;
};

}  // namespace dl::guest
