// SPDX-License-Identifier: Apache-2.0
// Landlock rules of a sandbox: which files a process may open and how, though it can name others.
#pragma once

#include <filesystem>
#include <vector>

#include "daylight/base/result.h"

namespace dl {

// What may be done with a file, or with everything below a folder.
enum class FileAccess {
  kRead,         // read and list
  kReadExecute,  // and start as a program
  kScratch,      // read, write, make and remove; no programs, sockets or device files
  kDevice,       // read and write a device file
};

struct FileRule {
  std::filesystem::path path;
  FileAccess access = FileAccess::kRead;
};

// The version of Landlock that the kernel offers; 0 for none.
int landlock_version();

// Allows the calling thread, and its children, nothing but `rules` for files; where the kernel can,
// also no TCP port, and no signal or abstract socket to processes that are not so restricted. A
// path that does not exist is an error. Sets "no new privileges".
Result<void> restrict_files(const std::vector<FileRule>& rules);

}  // namespace dl
