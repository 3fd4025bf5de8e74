// SPDX-License-Identifier: Apache-2.0
// A buffer of a megabyte over a temporary file.
#include "daylight/capture/view/exported_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace dl::capture {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

std::string system_reason() { return std::error_code(errno, std::generic_category()).message(); }

}  // namespace

Result<ExportedFile> ExportedFile::create(const std::filesystem::path& path) {
  std::string temporary = path.string() + ".XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return fail(ErrorCode::kIo, "cannot be written: " + system_reason(), path.string());
  return ExportedFile(fd, path, temporary);
}

ExportedFile::ExportedFile(ExportedFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      buffer_(std::move(other.buffer_)) {}

ExportedFile::~ExportedFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  std::error_code error;
  std::filesystem::remove(temporary_, error);
}

Result<void> ExportedFile::write(std::string_view piece) {
  buffer_ += piece;
  return buffer_.size() < kBufferBytes ? Result<void>() : flush();
}

Result<void> ExportedFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t done = ::write(fd_, rest.data(), rest.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return failure();
    rest.remove_prefix(static_cast<std::size_t>(done));
  }
  buffer_.clear();
  return {};
}

Result<void> ExportedFile::finish() {
  TRY_VOID(flush());
  if (::fsync(fd_) != 0) return failure();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure();
  ::close(std::exchange(fd_, -1));
  return {};
}

tl::unexpected<Error> ExportedFile::failure() const {
  return fail(ErrorCode::kIo, "cannot be written: " + system_reason(), path_.string(),
              "is the disk full?");
}

}  // namespace dl::capture
