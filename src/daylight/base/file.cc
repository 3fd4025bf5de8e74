// SPDX-License-Identifier: Apache-2.0
// Files by POSIX calls: mapping, atomic writing, appending, locking.
#include "daylight/base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>

#include "daylight/base/digest.h"

namespace dl {
namespace {

// errno as an Error about `path`.
tl::unexpected<Error> io_error(const std::string& doing, const std::filesystem::path& path) {
  const int code = errno;
  const auto kind = code == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  const char* hint = code == ENOENT   ? "check the path"
                     : code == EACCES ? "check who may read and write there"
                     : code == ENOSPC ? "make room on the disk"
                                      : "";
  return fail(kind, fmt::format("cannot {}: {}", doing, std::strerror(code)), path.string(), hint);
}

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void sync_parent(const std::filesystem::path& path) {
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return io_error("open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return io_error("stat", path);
  if (S_ISDIR(info.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, "is a folder, not a file", path.string(),
                "name a file in it");
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, "is not a regular file", path.string(),
                "copy it to a file first");
  }
  MappedFile mapped;
  if (info.st_size == 0) return mapped;
  const auto size = static_cast<std::size_t>(info.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return io_error("map", path);
  mapped.data_ = static_cast<const std::uint8_t*>(data);
  mapped.size_ = size;
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

void MappedFile::release(ByteSpan part) const {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  if (part.empty() || std::less<>()(part.data(), data_) ||
      std::less<>()(data_ + size_, part.data() + part.size()))
    return;
  // Only whole pages; the last one of the file counts as whole.
  const auto first = reinterpret_cast<std::uintptr_t>(part.data());
  const bool to_end = part.data() + part.size() == data_ + size_;
  const std::uintptr_t begin = (first + page - 1) / page * page;
  const std::uintptr_t end = (first + part.size() + (to_end ? page - 1 : 0)) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

std::string sha256_of_mapped(const MappedFile& file) {
  constexpr std::size_t kWindow = std::size_t{4} << 20;
  Sha256 hash;
  for (ByteSpan rest = file.bytes(); !rest.empty();) {
    const ByteSpan window = rest.first(std::min(kWindow, rest.size()));
    hash.update(window);
    file.release(window);
    rest = rest.subspan(window.size());
  }
  return hash.finish_hex();
}

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t limit) {
  auto mapped = TRY(MappedFile::open(path));
  if (mapped.bytes().size() > limit) {
    return fail(ErrorCode::kLimit, fmt::format("is larger than {} bytes", limit), path.string());
  }
  return std::string(as_text(mapped.bytes()));
}

Result<void> write_file_atomic(const std::filesystem::path& path, std::string_view content) {
  const auto temporary = path.string() + fmt::format(".tmp{}", ::getpid());
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return io_error("create", temporary);
    if (!write_all(file.get(), content) || ::fsync(file.get()) != 0) {
      auto error = io_error("write", temporary);
      ::unlink(temporary.c_str());
      return error;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = io_error("rename the finished file", path);
    ::unlink(temporary.c_str());
    return error;
  }
  sync_parent(path);
  return {};
}

Result<void> append_to_file(const std::filesystem::path& path, std::string_view record) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0) return io_error("open", path);
  if (!write_all(file.get(), record) || ::fdatasync(file.get()) != 0)
    return io_error("append", path);
  return {};
}

Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  if (path.has_parent_path()) {
    std::filesystem::create_directories(path.parent_path(), error);
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return io_error("make the folder", path);
  if (!std::filesystem::is_directory(path, error)) {
    return fail(ErrorCode::kIo, "is not a folder", path.string(), "choose another place");
  }
  return {};
}

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  auto mapped = TRY(MappedFile::open(path));
  return sha256_of_mapped(mapped);
}

Result<FileLock> FileLock::acquire(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return io_error("open the lock", path);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    const ssize_t size = ::read(fd, holder.data(), holder.size() - 1);
    ::close(fd);
    std::string pid(holder.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
    return fail(
        ErrorCode::kBusy,
        "another run is at work on this case" + (pid.empty() ? "" : " (process " + pid + ")"),
        path.parent_path().string(), "wait until it ends, or choose another --case");
  }
  const auto pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd, 0) == 0) write_all(fd, pid);
  return FileLock(fd);
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace dl
