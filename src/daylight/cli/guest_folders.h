// SPDX-License-Identifier: Apache-2.0
// The folders of this machine that a guest reads, and the one where it writes.
#pragma once

#include <filesystem>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/guest/libc/app_folders.h"

namespace dl::cli {

// A private folder among the temporary ones, gone with its object. What lies in it is a stranger's:
// links are removed, not followed.
class TemporaryChanges {
 public:
  static Result<TemporaryChanges> make();
  TemporaryChanges(TemporaryChanges&& other) noexcept;
  TemporaryChanges& operator=(TemporaryChanges&&) = delete;
  ~TemporaryChanges();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryChanges(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// What --app-data and --sdcard name, whole and without links on the way; `changes` stays empty.
// kNotFound, kInvalidArgument for what is no folder, and where --out lies in one of them, which
// would change it.
Result<guest::AppFolders> app_folders_of(const GuestFlags& flags);
// Those of them that the jail must show.
std::vector<std::filesystem::path> read_folders(const guest::AppFolders& folders);

}  // namespace dl::cli
