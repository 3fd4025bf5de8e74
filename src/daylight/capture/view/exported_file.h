// SPDX-License-Identifier: Apache-2.0
// A file that is written piece by piece and appears whole or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "daylight/base/result.h"

namespace dl::capture {

// Writes beside `path` under another name, with mode 0600. Move-only. Not thread safe.
class ExportedFile {
 public:
  static Result<ExportedFile> create(const std::filesystem::path& path);

  ExportedFile(ExportedFile&& other) noexcept;
  ExportedFile& operator=(ExportedFile&&) = delete;
  // Removes what was not finished.
  ~ExportedFile();

  // kIo if the disk refuses; the file can then only be given up.
  Result<void> write(std::string_view piece);
  // Waits for the disk and puts the file in its place; an older one there is replaced.
  Result<void> finish();

 private:
  ExportedFile(int fd, std::filesystem::path path, std::filesystem::path temporary)
      : fd_(fd), path_(std::move(path)), temporary_(std::move(temporary)) {}
  Result<void> flush();
  tl::unexpected<Error> failure() const;

  int fd_ = -1;
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::string buffer_;
};

}  // namespace dl::capture
