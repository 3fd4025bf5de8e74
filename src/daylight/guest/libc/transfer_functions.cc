// SPDX-License-Identifier: Apache-2.0
// Many bytes at once: lists of buffers, from file to file, and sizes of files.
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_wait.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

constexpr std::size_t kMaxVectors = 1'024;  // IOV_MAX

GuestFiles& files(GuestMachine& machine) { return machine.part<GuestFiles>(); }

// The guest's list, checked; nothing with errno.
std::optional<std::vector<iovec>> vectors_at(GuestMachine& machine, std::uint64_t list, int count,
                                             std::uint8_t access) {
  if (count < 0 || count > static_cast<int>(kMaxVectors)) {
    errno = EINVAL;
    return std::nullopt;
  }
  const auto bytes = machine.arena.bytes(list, static_cast<std::uint64_t>(count) * sizeof(iovec));
  errno = EFAULT;
  if (!bytes) return std::nullopt;
  std::vector<iovec> out(static_cast<std::size_t>(count));
  if (count > 0) std::memcpy(out.data(), bytes->data(), bytes->size());
  for (const iovec& each : out) {
    if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(each.iov_base), each.iov_len, access))
      return std::nullopt;
  }
  errno = 0;
  return out;
}
std::int64_t readv_(GuestMachine& machine, int number, std::uint64_t list, int count) {
  const auto vectors = vectors_at(machine, list, count, kPageWrite);
  const auto file = files(machine).find(number);
  if (!vectors || file == nullptr || !wait_ready(machine, *file, POLLIN)) return -1;
  std::int64_t done = 0;
  for (const iovec& each : *vectors) {
    if (each.iov_len == 0) continue;
    const std::int64_t got = read_file(machine, *file, each.iov_base, each.iov_len);
    if (got < 0) return done > 0 ? done : -1;
    done += got;
    if (static_cast<std::size_t>(got) < each.iov_len) break;
  }
  return done;
}
std::int64_t writev_(GuestMachine& machine, int number, std::uint64_t list, int count) {
  const auto vectors = vectors_at(machine, list, count, kPageRead);
  if (!vectors) return -1;
  const auto file = files(machine).find(number);
  std::int64_t done = 0;
  for (const iovec& each : *vectors) {
    if (each.iov_len == 0) continue;
    std::int64_t wrote = static_cast<std::int64_t>(each.iov_len);
    if (file == nullptr && (number == 1 || number == 2)) {
      const auto text = machine.copy_text(each.iov_base, each.iov_len);
      if (!text) return -1;
      machine.events.log(number == 1 ? 4 : 5, number == 1 ? "stdout" : "stderr", *text);
    } else {
      if (file == nullptr || !wait_ready(machine, *file, POLLOUT)) return -1;
      wrote = write_file(*file, each.iov_base, std::min<std::size_t>(each.iov_len, 1U << 30U));
    }
    if (wrote < 0) return done > 0 ? done : -1;
    done += wrote;
    if (static_cast<std::size_t>(wrote) < each.iov_len) break;
  }
  if (file == nullptr) errno = 0;
  return done;
}
std::int64_t sendfile_(GuestMachine& machine, int to, int from, std::int64_t* offset,
                       std::uint64_t size) {
  const auto source = files(machine).find(from);
  const auto target = files(machine).find(to);
  if (source == nullptr || target == nullptr || target->host < 0) return -1;
  std::vector<char> buffer(std::size_t{1} << 16U);
  std::int64_t done = 0;
  std::int64_t at = offset == nullptr ? 0 : *offset;
  while (static_cast<std::uint64_t>(done) < size && !machine.engine.faulted()) {
    const std::uint64_t part =
        std::min<std::uint64_t>(buffer.size(), size - static_cast<std::uint64_t>(done));
    const std::int64_t got = offset == nullptr
                                 ? read_file(machine, *source, buffer.data(), part)
                                 : read_file_at(machine, *source, buffer.data(), part, at);
    if (got <= 0) break;
    if (!wait_ready(machine, *target, POLLOUT)) break;
    const std::int64_t wrote = write_file(*target, buffer.data(), static_cast<std::size_t>(got));
    if (wrote <= 0) break;
    done += wrote;
    at += wrote;
    if (wrote < got) break;
  }
  if (offset != nullptr) *offset = at;
  return done;
}
int fallocate_(GuestMachine& machine, int number, int, std::int64_t offset, std::int64_t size) {
  const auto file = files(machine).find(number);
  return file == nullptr ? -1 : allocate_file(*file, offset, size);
}
// Answers the error itself.
int posix_fallocate_(GuestMachine& machine, int number, std::int64_t offset, std::int64_t size) {
  const auto file = files(machine).find(number);
  const int result = file != nullptr && allocate_file(*file, offset, size) == 0 ? 0 : errno;
  errno = 0;
  return result;
}
int no_advice(int, std::int64_t, std::int64_t, int) { return 0; }
void sync_() {}

}  // namespace

void add_transfer_functions(FunctionTable& table) {
  table.add("readv", &readv_);
  table.add("writev", &writev_);
  table.add("sendfile", &sendfile_);
  table.alias("sendfile64", "sendfile");
  table.add("fallocate", &fallocate_);
  table.alias("fallocate64", "fallocate");
  table.add("posix_fallocate", &posix_fallocate_);
  table.alias("posix_fallocate64", "posix_fallocate");
  table.add("posix_fadvise", &no_advice);
  table.alias("posix_fadvise64", "posix_fadvise");
  table.add("sync", &sync_);
}

}  // namespace dl::guest
