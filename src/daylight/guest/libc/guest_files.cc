// SPDX-License-Identifier: Apache-2.0
// Opens what a guest may see.
#include "daylight/guest/libc/guest_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace dl::guest {
namespace {

// A file in memory with this content, at its beginning.
int memory_file(const std::string& name, const std::string& content) {
  const int fd = memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) return -1;
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t wrote = write(fd, content.data() + done, content.size() - done);
    if (wrote <= 0) {
      ::close(fd);
      return -1;
    }
    done += static_cast<std::size_t>(wrote);
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

// As a phone shows them: the library's own path instead of anonymous memory.
std::string maps_text(const GuestMachine& machine) {
  std::string out;
  std::uint64_t at = machine.arena.base();
  const auto hex = [](std::uint64_t value, std::size_t digits) {
    std::string text(digits, '0');
    for (std::size_t i = digits; i-- > 0; value >>= 4U) text[i] = "0123456789abcdef"[value & 15U];
    return text;
  };
  while (const auto run = machine.arena.next_run(at)) {
    at = run->address + run->size;
    const GuestLibrary* const library =
        machine.loader == nullptr ? nullptr : machine.loader->holding(run->address);
    out += hex(run->address, 12) + "-" + hex(at, 12) + " ";
    out += (run->access & kPageRead) != 0 ? 'r' : '-';
    out += (run->access & kPageWrite) != 0 ? 'w' : '-';
    out += (run->access & kPageExecute) != 0 ? 'x' : '-';
    out += "p ";
    out += hex(library == nullptr ? 0 : run->address - library->begin, 8) + " 00:00 0 ";
    out += library == nullptr ? "[anon:libc_malloc]" : library->path;
    out += "\n";
  }
  return out;
}

}  // namespace

GuestFiles::~GuestFiles() {
  for (const auto& [number, fd] : open_) ::close(fd);
}

std::string GuestFiles::whole_path(const std::string& path) const {
  const std::string full = path.starts_with('/') ? path : folder_ + "/" + path;
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at < full.size()) {
    const std::size_t end = std::min(full.find('/', at), full.size());
    const std::string part = full.substr(at, end - at);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    at = end + 1;
  }
  std::string out;
  for (const std::string& part : parts) out += "/" + part;
  return out.empty() ? "/" : out;
}

void GuestFiles::mount(const std::string& path, const std::string& host, bool writable) {
  const std::scoped_lock lock(mutex_);
  mounts_.insert_or_assign(whole_path(path), Place{host, writable});
}

std::optional<GuestFiles::Place> GuestFiles::place_of(const std::string& path) const {
  const std::string full = whole_path(path);
  const std::scoped_lock lock(mutex_);
  // The longest mount that the path lies in.
  for (auto mount = mounts_.rbegin(); mount != mounts_.rend(); ++mount) {
    const auto& [prefix, place] = *mount;
    if (full == prefix) return place;
    if (full.starts_with(prefix) && (prefix == "/" || full[prefix.size()] == '/'))
      return Place{place.host + full.substr(prefix == "/" ? 0 : prefix.size()), place.writable};
  }
  return std::nullopt;
}

const std::string* GuestFiles::profile_file(const std::string& path) const {
  const auto found = machine_.profile.files.find(whole_path(path));
  return found == machine_.profile.files.end() ? nullptr : &found->second;
}

int GuestFiles::adopt(int host) {
  const std::scoped_lock lock(mutex_);
  if (open_.size() >= kMaxGuestFiles) {
    ::close(host);
    errno = EMFILE;
    return -1;
  }
  while (open_.contains(next_)) next_ = next_ >= 65'535 ? 3 : next_ + 1;
  open_.emplace(next_, host);
  return next_++;
}

int GuestFiles::open(const std::string& path, int flags, unsigned mode) {
  const std::string full = whole_path(path);
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
  int fd = -1;
  std::string answer;
  if (const std::string* const content = profile_file(full); content != nullptr && !writes) {
    fd = memory_file("profile", *content);
    answer = "device profile";
  } else if (full == "/proc/self/maps" && !writes) {
    fd = memory_file("maps", maps_text(machine_));
    answer = "the guest's own memory";
  } else if ((full == "/dev/urandom" || full == "/dev/random") && !writes) {
    fd = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    answer = "random bytes";
  } else if (full == "/dev/null" || full == "/dev/zero") {
    fd = ::open(full.c_str(), (flags & O_ACCMODE) | O_CLOEXEC);
    answer = full;
  } else if (const auto place = place_of(full)) {
    if (writes && !place->writable) {
      errno = EROFS;
      answer = "may not be written";
    } else {
      // No link leads out of the mounted folder.
      fd = ::open(place->host.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, mode & 0777U);
      if (fd >= 0) answer = "mounted";
    }
  } else {
    errno = ENOENT;
  }
  const int error = errno;
  machine_.events.lookup({GuestLookup::What::kFile, full, fd >= 0, answer});
  errno = error;
  if (fd < 0) return -1;
  errno = 0;
  return adopt(fd);
}

int GuestFiles::close(int number) {
  const std::scoped_lock lock(mutex_);
  const auto found = open_.find(number);
  if (found == open_.end()) {
    errno = EBADF;
    return -1;
  }
  const int result = ::close(found->second);
  open_.erase(found);
  return result;
}

int GuestFiles::host(int number) const {
  const std::scoped_lock lock(mutex_);
  const auto found = open_.find(number);
  if (found != open_.end()) return found->second;
  errno = EBADF;
  return -1;
}

bool GuestFiles::read_into(int number, std::uint64_t address, std::uint64_t size,
                           std::int64_t offset) const {
  const int fd = host(number);
  if (fd < 0) return false;
  std::uint64_t done = 0;
  while (done < size) {
    const ssize_t got = pread(fd, reinterpret_cast<void*>(address + done), size - done,
                              offset + static_cast<std::int64_t>(done));
    if (got < 0) return false;
    if (got == 0) break;
    done += static_cast<std::uint64_t>(got);
  }
  return true;
}

}  // namespace dl::guest
