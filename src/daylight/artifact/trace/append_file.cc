// SPDX-License-Identifier: Apache-2.0
// Appending by POSIX calls at an offset of our own, so that a cut file goes on where it was cut.
#include "daylight/artifact/trace/append_file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

namespace dl {
namespace {

tl::unexpected<Error> io_error(const char* doing, int code, const std::filesystem::path& path) {
  return fail(ErrorCode::kIo, std::string("cannot ") + doing + ": " + std::strerror(code),
              path.string(), code == ENOSPC ? "make room on the disk" : "");
}

}  // namespace

Result<AppendFile> AppendFile::create(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return io_error("create", errno, path);
  AppendFile file;
  file.fd_ = fd;
  file.path_ = path;
  return file;
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      size_(std::exchange(other.size_, 0)),
      path_(std::move(other.path_)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> AppendFile::append(std::initializer_list<ByteSpan> parts) {
  const std::uint64_t before = size_;
  auto done = write_all(parts);
  if (!done) cut(before);
  return done;
}

Result<void> AppendFile::write_all(std::initializer_list<ByteSpan> parts) {
  constexpr std::size_t kMostParts = 4;
  assert(parts.size() <= kMostParts);
  std::array<iovec, kMostParts> vectors{};
  int count = 0;
  for (const ByteSpan part : parts) {
    if (!part.empty()) {
      vectors[static_cast<std::size_t>(count++)] = {const_cast<std::uint8_t*>(part.data()),
                                                    part.size()};
    }
  }
  iovec* next = vectors.data();
  while (count > 0) {
    const ssize_t written = ::pwritev(fd_, next, count, static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return io_error("append", written < 0 ? errno : ENOSPC, path_);
    size_ += static_cast<std::uint64_t>(written);
    auto left = static_cast<std::size_t>(written);
    while (count > 0 && left >= next->iov_len) {
      left -= next->iov_len;
      ++next;
      --count;
    }
    if (count > 0) {
      next->iov_base = static_cast<std::uint8_t*>(next->iov_base) + left;
      next->iov_len -= left;
    }
  }
  return {};
}

void AppendFile::cut(std::uint64_t size) {
  // A failure leaves bytes behind that the next record overwrites, or that readers see as torn.
  static_cast<void>(::ftruncate(fd_, static_cast<off_t>(size)) == 0);
  size_ = size;
}

Result<void> AppendFile::sync() {
  if (::fdatasync(fd_) != 0) return io_error("flush", errno, path_);
  return {};
}

}  // namespace dl
