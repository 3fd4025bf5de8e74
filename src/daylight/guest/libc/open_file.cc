// SPDX-License-Identifier: Apache-2.0
// Reads by kind; writes to files of this machine, within the budget.
#include "daylight/guest/libc/open_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "daylight/guest/libc/guest_chance.h"

namespace dl::guest {
namespace {

// How much one call draws at most.
constexpr std::uint64_t kMaxDrawn = std::uint64_t{32} << 20U;

// How many of `size` bytes there are from `position` on.
std::uint64_t part_of(const OpenFile& file, std::uint64_t position, std::uint64_t size) {
  return position >= file.text.size() ? 0
                                      : std::min<std::uint64_t>(size, file.text.size() - position);
}

std::int64_t draw(GuestMachine& machine, void* to, std::uint64_t size) {
  const std::uint64_t part = std::min(size, kMaxDrawn);
  machine.part<GuestChance>().fill(to, part);
  return static_cast<std::int64_t>(part);
}

int refuse_read(const OpenFile& file) {
  errno = file.kind == OpenFile::Kind::kFolder ? EISDIR : ENOTCONN;
  return -1;
}

bool can_write(const OpenFile& file) {
  if (file.host >= 0) return true;
  errno = file.kind == OpenFile::Kind::kSocket ? ENOTCONN : EBADF;
  return false;
}

// Takes what a file that ends at `end` from now on is larger. True for files that do not count.
bool may_end_at(OpenFile& file, std::uint64_t end) {
  if (file.budget == nullptr) return true;
  struct stat now = {};
  if (::fstat(file.host, &now) != 0) return false;
  const auto size = static_cast<std::uint64_t>(std::max<off_t>(now.st_size, 0));
  return end <= size || file.budget->take_bytes(end - size, file.path);
}

bool may_write(OpenFile& file, std::uint64_t size) {
  if (file.budget == nullptr) return true;
  const bool appends = (::fcntl(file.host, F_GETFL) & O_APPEND) != 0;
  const off_t at = appends ? 0 : ::lseek(file.host, 0, SEEK_CUR);
  if (appends) return file.budget->take_bytes(size, file.path);
  return at >= 0 && may_end_at(file, static_cast<std::uint64_t>(at) + size);
}

// Of two numbers that are no sizes, EINVAL.
bool end_of(std::int64_t offset, std::int64_t size, std::uint64_t& end) {
  std::int64_t sum = 0;
  if (offset < 0 || size < 0 || __builtin_add_overflow(offset, size, &sum)) {
    errno = EINVAL;
    return false;
  }
  end = static_cast<std::uint64_t>(sum);
  return true;
}

}  // namespace

OpenFile::~OpenFile() {
  if (host >= 0) ::close(host);
}

void stat_of_made(struct stat& to, unsigned kind, std::uint64_t size, const std::string& path) {
  to = {};
  to.st_mode = kind;
  to.st_size = static_cast<off_t>(size);
  to.st_nlink = 1;
  to.st_blksize = 4096;
  to.st_ino = 1 + std::hash<std::string>()(path) % 1'000'000;
}

std::int64_t read_file_at(GuestMachine& machine, OpenFile& file, void* to, std::uint64_t size,
                          std::int64_t offset) {
  switch (file.kind) {
    case OpenFile::Kind::kHost:
      return ::pread(file.host, to, size, offset);
    case OpenFile::Kind::kText: {
      if (offset < 0) {
        errno = EINVAL;
        return -1;
      }
      const auto at = static_cast<std::uint64_t>(offset);
      const std::uint64_t part = part_of(file, at, size);
      if (part > 0) std::memcpy(to, file.text.data() + at, part);
      return static_cast<std::int64_t>(part);
    }
    case OpenFile::Kind::kRandom:
      return draw(machine, to, size);
    case OpenFile::Kind::kFolder:
    case OpenFile::Kind::kSocket:
      break;
  }
  return refuse_read(file);
}

std::int64_t read_file(GuestMachine& machine, OpenFile& file, void* to, std::uint64_t size) {
  if (file.kind == OpenFile::Kind::kHost) return ::read(file.host, to, size);
  if (file.kind != OpenFile::Kind::kText) return read_file_at(machine, file, to, size, 0);
  std::uint64_t at = 0;
  std::uint64_t part = 0;
  {
    const std::scoped_lock lock(file.mutex);
    at = file.position;
    part = part_of(file, at, size);
    file.position += part;
  }
  if (part > 0) std::memcpy(to, file.text.data() + at, part);
  return static_cast<std::int64_t>(part);
}

std::int64_t write_file(OpenFile& file, const void* from, std::uint64_t size) {
  if (!can_write(file) || !may_write(file, size)) return -1;
  return ::write(file.host, from, size);
}

std::int64_t write_file_at(OpenFile& file, const void* from, std::uint64_t size,
                           std::int64_t offset) {
  std::uint64_t end = 0;
  if (!can_write(file) || !end_of(offset, static_cast<std::int64_t>(size), end) ||
      !may_end_at(file, end))
    return -1;
  return ::pwrite(file.host, from, size, offset);
}

int resize_file(OpenFile& file, std::int64_t size) {
  std::uint64_t end = 0;
  if (!can_write(file) || !end_of(0, size, end) || !may_end_at(file, end)) return -1;
  return ::ftruncate(file.host, size);
}

int allocate_file(OpenFile& file, std::int64_t offset, std::int64_t size) {
  std::uint64_t end = 0;
  if (!can_write(file) || !end_of(offset, size, end) || !may_end_at(file, end)) return -1;
  errno = ::posix_fallocate(file.host, offset, size);
  return errno == 0 ? 0 : -1;
}

bool may_grow(OpenFile& file, std::uint64_t bytes) {
  return file.budget == nullptr || file.budget->take_bytes(bytes, file.path);
}

std::int64_t seek_file(OpenFile& file, std::int64_t offset, int whence) {
  if (file.kind == OpenFile::Kind::kHost) return ::lseek(file.host, offset, whence);
  if (file.kind == OpenFile::Kind::kSocket) {
    errno = ESPIPE;
    return -1;
  }
  const std::scoped_lock lock(file.mutex);
  std::int64_t base = 0;
  if (whence == SEEK_CUR) base = static_cast<std::int64_t>(file.position);
  if (whence == SEEK_END) base = static_cast<std::int64_t>(file.text.size());
  std::int64_t at = 0;
  if (whence < SEEK_SET || whence > SEEK_END || __builtin_add_overflow(base, offset, &at) ||
      at < 0) {
    errno = EINVAL;
    return -1;
  }
  file.position = static_cast<std::uint64_t>(at);
  return at;
}

int stat_file(OpenFile& file, struct stat& to) {
  switch (file.kind) {
    case OpenFile::Kind::kHost:
      if (::fstat(file.host, &to) != 0) return -1;
      if (file.of_app) to.st_uid = to.st_gid = kGuestUser;
      return 0;
    case OpenFile::Kind::kText:
      stat_of_made(to, S_IFREG | 0444U, file.text.size(), file.path);
      return 0;
    case OpenFile::Kind::kRandom:
      stat_of_made(to, S_IFCHR | 0666U, 0, file.path);
      return 0;
    case OpenFile::Kind::kFolder:
      stat_of_made(to, S_IFDIR | 0555U, 4096, file.path);
      return 0;
    case OpenFile::Kind::kSocket:
      stat_of_made(to, S_IFSOCK | 0777U, 0, file.path);
      return 0;
  }
  return -1;
}

}  // namespace dl::guest
