// SPDX-License-Identifier: Apache-2.0
// Looks before the jail is made, so that the user reads what is wrong.
#include "daylight/cli/guest_folders.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace dl::cli {
namespace {

bool is_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

Result<std::filesystem::path> whole_folder(const std::filesystem::path& given) {
  if (given.empty()) return given;
  std::error_code error;
  std::filesystem::path whole = std::filesystem::canonical(given, error);
  if (error)
    return fail(ErrorCode::kNotFound, "cannot be read: " + error.message(), given.string());
  if (!std::filesystem::is_directory(whole, error))
    return fail(ErrorCode::kInvalidArgument, "is no folder", given.string());
  return whole;
}

}  // namespace

Result<TemporaryChanges> TemporaryChanges::make() {
  std::error_code error;
  const std::filesystem::path around = std::filesystem::temp_directory_path(error);
  std::string name = (around / "daylight-guest-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr)
    return fail(ErrorCode::kIo, std::string("no temporary folder: ") + std::strerror(errno), name);
  return TemporaryChanges(name);
}

TemporaryChanges::TemporaryChanges(TemporaryChanges&& other) noexcept
    : path_(std::exchange(other.path_, std::filesystem::path())) {}

TemporaryChanges::~TemporaryChanges() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<guest::AppFolders> app_folders_of(const GuestFlags& flags) {
  guest::AppFolders out;
  out.app_data = TRY(whole_folder(flags.app_data));
  out.sdcard = TRY(whole_folder(flags.sdcard));
  if (flags.out.empty()) return out;
  std::error_code error;
  const std::filesystem::path written = std::filesystem::weakly_canonical(flags.out, error);
  for (const std::filesystem::path& read : read_folders(out)) {
    if (is_below(written, read))
      return fail(ErrorCode::kInvalidArgument, "lies in " + read.string() + ", which is only read",
                  flags.out.string());
  }
  return out;
}

std::vector<std::filesystem::path> read_folders(const guest::AppFolders& folders) {
  std::vector<std::filesystem::path> out;
  for (const std::filesystem::path& each : {folders.app_data, folders.sdcard}) {
    if (!each.empty()) out.push_back(each);
  }
  return out;
}

}  // namespace dl::cli
