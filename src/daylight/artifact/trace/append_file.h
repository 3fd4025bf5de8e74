// SPDX-License-Identifier: Apache-2.0
// A new file that only grows, by whole records: what could not be written whole is taken back.
#pragma once

#include <filesystem>
#include <initializer_list>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"

namespace dl {

// Move-only; closes itself. Not thread safe.
class AppendFile {
 public:
  // Fails if the file is there already. Mode 0600.
  static Result<AppendFile> create(const std::filesystem::path& path);

  AppendFile() = default;
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();

  // Hands the parts to the system, one behind the other: after a success they survive the end of
  // this process, not that of the machine. After a failure the file is as it was before (where the
  // system allows that at all), and a later call may succeed.
  Result<void> append(std::initializer_list<ByteSpan> parts);

  // As append(), but keeps what a failed call wrote up to a boundary: `whole(written)` gives how
  // many of the written bytes are whole records. The number that stays goes to `kept`.
  template <typename Whole>
  Result<void> append_records(ByteSpan bytes, Whole whole, std::uint64_t& kept) {
    const std::uint64_t before = size_;
    auto done = write_all({bytes});
    const std::uint64_t written = size_ - before;
    kept = done ? written : whole(written);
    if (!done) cut(before + kept);
    return done;
  }

  // Waits until the disk has it.
  Result<void> sync();

  bool is_open() const { return fd_ >= 0; }
  std::uint64_t size() const { return size_; }
  int descriptor() const { return fd_; }

 private:
  Result<void> write_all(std::initializer_list<ByteSpan> parts);
  void cut(std::uint64_t size);

  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::filesystem::path path_;
};

}  // namespace dl
