// SPDX-License-Identifier: Apache-2.0
// Files: mapped for reading, written whole or not at all, and a lock that dies with its process.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

// A regular file mapped read-only. Move-only; the bytes live as long as the object. Empty files
// give an empty span.
class MappedFile {
 public:
  // Fails on a folder, a missing file, or a file that is not a regular one, and says which.
  static Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  ByteSpan bytes() const { return {data_, size_}; }

  // Tells that `part` is not needed for now: its pages no longer count as this process's memory. It
  // can still be read, at the price of a page fault. Ignored where `part` is no part of this file.
  // Thread safe.
  void release(ByteSpan part) const;

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// The whole file as text; `limit` bytes at the most.
Result<std::string> read_file(const std::filesystem::path& path,
                              std::uint64_t limit = std::uint64_t{1} << 31);

// Writes to a temporary file beside `path`, flushes it to disk and renames it: readers see the old
// or the new file whole. Mode 0600.
Result<void> write_file_atomic(const std::filesystem::path& path, std::string_view content);

// Appends one record and flushes it to disk; creates the file with mode 0600.
Result<void> append_to_file(const std::filesystem::path& path, std::string_view record);

// Makes the folder (and its parents); the last part gets mode 0700 when it is new.
Result<void> make_private_folder(const std::filesystem::path& path);

// SHA-256 of a file's content in hexadecimal; releases what it has read.
std::string sha256_of_mapped(const MappedFile& file);
Result<std::string> sha256_of_file(const std::filesystem::path& path);

// An exclusive advisory lock on a file, held until the object or the process ends. Move-only.
class FileLock {
 public:
  // kBusy if another process holds it; `where` names the holder's pid where it wrote one.
  static Result<FileLock> acquire(const std::filesystem::path& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace dl
