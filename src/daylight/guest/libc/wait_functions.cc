// SPDX-License-Identifier: Apache-2.0
// Waiting for files: poll, select and epoll, in steps in which a stop of the guest is seen.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <map>
#include <vector>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_wait.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

constexpr int kSlice = 50;  // milliseconds of one step of waiting
constexpr std::size_t kMaxPolled = 4'096;

GuestFiles& files(GuestMachine& machine) { return machine.part<GuestFiles>(); }

using Clock = std::chrono::steady_clock;

// What of `events` there is now for a file. Made files are always ready; a socket that nothing is
// connected to hangs up.
short ready_events(const OpenFile& file, short events) {
  if (file.kind == OpenFile::Kind::kSocket) return POLLHUP;
  if (file.host < 0) return static_cast<short>(events & (POLLIN | POLLRDNORM));
  pollfd one{file.host, events, 0};
  return ::poll(&one, 1, 0) < 0 ? static_cast<short>(POLLERR) : one.revents;
}

}  // namespace

bool wait_ready(GuestMachine& machine, const OpenFile& file, short events) {
  if (file.host < 0) return true;
  struct stat kind = {};
  if (::fstat(file.host, &kind) != 0 || S_ISREG(kind.st_mode) || S_ISDIR(kind.st_mode)) return true;
  if ((::fcntl(file.host, F_GETFL) & O_NONBLOCK) != 0) return true;
  while (!machine.engine.faulted()) {
    pollfd one{file.host, events, 0};
    if (::poll(&one, 1, kSlice) != 0) return true;
  }
  errno = EINTR;
  return false;
}

namespace {

// ---- poll and select ----

struct Polled {
  int number = -1;
  short events = 0;
  short found = 0;
};

// Until one is ready, `milliseconds` are over (negative: never) or the guest is stopped.
int poll_all(GuestMachine& machine, std::vector<Polled>& all, std::int64_t milliseconds) {
  const auto end =
      Clock::now() + std::chrono::milliseconds(std::min<std::int64_t>(milliseconds, INT_MAX));
  while (true) {
    int ready = 0;
    std::vector<std::shared_ptr<OpenFile>> held;
    std::vector<pollfd> host;
    for (Polled& each : all) {
      each.found = 0;
      if (each.number < 0) continue;
      const auto file = files(machine).find(each.number);
      if (file == nullptr) {
        each.found = POLLNVAL;
      } else {
        each.found = static_cast<short>(ready_events(*file, each.events) &
                                        (each.events | POLLERR | POLLHUP | POLLNVAL));
        if (file->host >= 0) host.push_back({file->host, each.events, 0});
        held.push_back(file);
      }
      if (each.found != 0) ++ready;
    }
    errno = 0;
    if (ready > 0) return ready;
    std::int64_t wait = kSlice;
    if (milliseconds >= 0) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      if (left <= 0) return 0;
      wait = std::min<std::int64_t>(wait, left);
    }
    if (machine.engine.faulted()) {
      errno = EINTR;
      return -1;
    }
    ::poll(host.data(), host.size(), static_cast<int>(wait));
  }
}

int poll_at(GuestMachine& machine, std::uint64_t list, std::uint64_t count,
            std::int64_t milliseconds) {
  if (count > kMaxPolled) {
    errno = EINVAL;
    return -1;
  }
  if (!machine.arena.allows(list, count * sizeof(pollfd), kPageRead | kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  auto* const given = reinterpret_cast<pollfd*>(list);
  std::vector<Polled> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = {given[i].fd, given[i].events, 0};
  const int ready = poll_all(machine, all, milliseconds);
  if (machine.arena.allows(list, count * sizeof(pollfd), kPageRead | kPageWrite)) {
    for (std::size_t i = 0; i < count; ++i) given[i].revents = all[i].found;
  }
  return ready;
}
int poll_(GuestMachine& machine, std::uint64_t list, std::uint64_t count, int milliseconds) {
  return poll_at(machine, list, count, milliseconds);
}
// A timespec or timeval as milliseconds; -1 for null.
std::int64_t read_timeout(GuestMachine& machine, std::uint64_t address,
                          std::int64_t per_millisecond) {
  const auto bytes = machine.arena.bytes(address, 16);
  if (address == 0 || !bytes) return -1;
  std::int64_t words[2];
  std::memcpy(words, bytes->data(), 16);
  const std::int64_t seconds = std::clamp<std::int64_t>(words[0], 0, 1'000'000);
  return seconds * 1000 + std::clamp<std::int64_t>(words[1], 0, 1'000'000'000) / per_millisecond;
}
int ppoll_(GuestMachine& machine, std::uint64_t list, std::uint64_t count, std::uint64_t timeout,
           std::uint64_t) {
  return poll_at(machine, list, count, read_timeout(machine, timeout, 1'000'000));
}
int poll_chk(GuestMachine& machine, std::uint64_t list, std::uint64_t count, int milliseconds,
             std::uint64_t object) {
  if (count * sizeof(pollfd) > object) {
    machine.raise(GuestFault::Kind::kAbort, "poll: the list is too small");
    return -1;
  }
  return poll_(machine, list, count, milliseconds);
}

// fd_set: 1,024 bits in words of 64.
constexpr std::uint64_t kSetSize = 128;
using NumberSet = std::array<std::uint64_t, 16>;
bool has(const NumberSet& set, int number) {
  return ((set[static_cast<std::size_t>(number) / 64] >> (static_cast<unsigned>(number) % 64)) &
          1U) != 0;
}
int select_all(GuestMachine& machine, int count, const std::uint64_t (&sets)[3],
               std::int64_t milliseconds) {
  if (count < 0 || count > 1'024) {
    errno = EINVAL;
    return -1;
  }
  std::array<NumberSet, 3> wanted{};
  for (std::size_t i = 0; i < 3; ++i) {
    if (sets[i] == 0) continue;
    if (!machine.arena.allows(sets[i], kSetSize, kPageRead | kPageWrite)) {
      errno = EFAULT;
      return -1;
    }
    std::memcpy(wanted[i].data(), reinterpret_cast<const void*>(sets[i]), kSetSize);
  }
  constexpr short kEvents[3] = {POLLIN, POLLOUT, POLLPRI};
  std::vector<Polled> all;
  for (int number = 0; number < count; ++number) {
    short events = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      if (has(wanted[i], number)) events = static_cast<short>(events | kEvents[i]);
    }
    if (events != 0) all.push_back({number, events, 0});
  }
  if (poll_all(machine, all, milliseconds) < 0) return -1;
  std::array<NumberSet, 3> found{};
  int ready = 0;
  for (const Polled& each : all) {
    if ((each.found & POLLNVAL) != 0) {
      errno = EBADF;
      return -1;
    }
    const short broken = POLLERR | POLLHUP;
    const short shown[3] = {static_cast<short>(each.found & (POLLIN | broken)),
                            static_cast<short>(each.found & (POLLOUT | POLLERR)),
                            static_cast<short>(each.found & POLLPRI)};
    for (std::size_t i = 0; i < 3; ++i) {
      if (shown[i] == 0 || (each.events & kEvents[i]) == 0) continue;
      found[i][static_cast<std::size_t>(each.number) / 64] |=
          std::uint64_t{1} << (static_cast<unsigned>(each.number) % 64);
      ++ready;
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    if (sets[i] != 0 && machine.arena.allows(sets[i], kSetSize, kPageWrite))
      std::memcpy(reinterpret_cast<void*>(sets[i]), found[i].data(), kSetSize);
  }
  return ready;
}
int select_(GuestMachine& machine, int count, std::uint64_t read, std::uint64_t write,
            std::uint64_t except, std::uint64_t timeout) {
  return select_all(machine, count, {read, write, except}, read_timeout(machine, timeout, 1'000));
}
int pselect_(GuestMachine& machine, int count, std::uint64_t read, std::uint64_t write,
             std::uint64_t except, std::uint64_t timeout, std::uint64_t) {
  return select_all(machine, count, {read, write, except},
                    read_timeout(machine, timeout, 1'000'000));
}
// The checked forms of FD_SET and its kin.
std::uint64_t* set_word(GuestMachine& machine, int number, std::uint64_t set,
                        std::uint64_t object) {
  if (number < 0 || number >= 1'024 || object < kSetSize) {
    machine.raise(GuestFault::Kind::kAbort,
                  "a file's number " + std::to_string(number) + " does not fit into an fd_set");
    return nullptr;
  }
  const std::uint64_t at = set + 8 * (static_cast<std::uint64_t>(number) / 64);
  if (machine.arena.allows(at, 8, kPageRead | kPageWrite))
    return reinterpret_cast<std::uint64_t*>(at);
  machine.raise(GuestFault::Kind::kMemory, "an fd_set is not in its memory");
  return nullptr;
}
std::uint64_t bit_of(int number) {
  return std::uint64_t{1} << (static_cast<unsigned>(number) % 64);
}
void fd_set_chk(GuestMachine& machine, int number, std::uint64_t set, std::uint64_t object) {
  if (std::uint64_t* const word = set_word(machine, number, set, object)) *word |= bit_of(number);
}
void fd_clear_chk(GuestMachine& machine, int number, std::uint64_t set, std::uint64_t object) {
  if (std::uint64_t* const word = set_word(machine, number, set, object)) *word &= ~bit_of(number);
}
int fd_isset_chk(GuestMachine& machine, int number, std::uint64_t set, std::uint64_t object) {
  const std::uint64_t* const word = set_word(machine, number, set, object);
  return word != nullptr && (*word & bit_of(number)) != 0 ? 1 : 0;
}

// ---- epoll: a list that poll_all goes through ----

struct EpollSets {
  explicit EpollSets(GuestMachine&) {}
  struct Watch {
    std::uint32_t events = 0;
    std::uint64_t data = 0;
  };
  std::mutex mutex;
  std::map<const OpenFile*, std::map<int, Watch>> watches;  // by set, by number
};
// struct epoll_event: packed on x86-64 only.
constexpr std::uint64_t event_size(bool arm64) { return arm64 ? 16 : 12; }
constexpr std::uint64_t data_offset(bool arm64) { return arm64 ? 8 : 4; }
constexpr std::uint32_t kOneShot = 1U << 30U;

int epoll_create1_(GuestMachine& machine, int) {
  // A descriptor that is never ready stands for the set.
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const int number = event < 0 ? -1 : files(machine).adopt(event);
  if (number < 0) return -1;
  EpollSets& sets = machine.part<EpollSets>();
  const std::scoped_lock lock(sets.mutex);
  sets.watches[files(machine).find(number).get()].clear();
  return number;
}
int epoll_ctl_(GuestMachine& machine, int set, int operation, int number, std::uint64_t event) {
  const auto file = files(machine).find(set);
  if (file == nullptr || files(machine).find(number) == nullptr) return -1;
  EpollSets::Watch watch;
  if (operation != 2) {
    if (!machine.arena.allows(event, event_size(machine.arm64), kPageRead)) {
      errno = EFAULT;
      return -1;
    }
    std::memcpy(&watch.events, reinterpret_cast<const void*>(event), 4);
    std::memcpy(&watch.data, reinterpret_cast<const void*>(event + data_offset(machine.arm64)), 8);
  }
  EpollSets& sets = machine.part<EpollSets>();
  const std::scoped_lock lock(sets.mutex);
  const auto found = sets.watches.find(file.get());
  if (found == sets.watches.end()) {
    errno = EINVAL;
    return -1;
  }
  const bool there = found->second.contains(number);
  if (operation == 1 && (there || found->second.size() >= kMaxPolled)) {
    errno = there ? EEXIST : ENOSPC;
    return -1;
  }
  if (operation != 1 && !there) {
    errno = ENOENT;
    return -1;
  }
  if (operation == 2) {
    found->second.erase(number);
  } else {
    found->second[number] = watch;
  }
  return 0;
}
int epoll_wait_(GuestMachine& machine, int set, std::uint64_t to, int room, int milliseconds) {
  const std::uint64_t size = event_size(machine.arm64);
  const auto file = files(machine).find(set);
  if (file == nullptr || room <= 0 || room > static_cast<int>(kMaxPolled)) {
    if (file != nullptr) errno = EINVAL;
    return -1;
  }
  if (!machine.arena.allows(to, size * static_cast<std::uint64_t>(room), kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  EpollSets& sets = machine.part<EpollSets>();
  std::vector<Polled> all;
  std::map<int, EpollSets::Watch> watches;
  {
    const std::scoped_lock lock(sets.mutex);
    watches = sets.watches[file.get()];
  }
  for (const auto& [number, watch] : watches) {
    if (files(machine).find(number) == nullptr) continue;  // closed meanwhile
    all.push_back({number, static_cast<short>(watch.events & 0x7ffU), 0});
  }
  if (poll_all(machine, all, milliseconds) < 0) return -1;
  if (!machine.arena.allows(to, size * static_cast<std::uint64_t>(room), kPageWrite)) return -1;
  int made = 0;
  for (const Polled& each : all) {
    if (each.found == 0 || made >= room) continue;
    const EpollSets::Watch& watch = watches[each.number];
    const auto events = static_cast<std::uint32_t>(static_cast<std::uint16_t>(each.found));
    const std::uint64_t at = to + size * static_cast<std::uint64_t>(made++);
    std::memcpy(reinterpret_cast<void*>(at), &events, 4);
    std::memcpy(reinterpret_cast<void*>(at + data_offset(machine.arm64)), &watch.data, 8);
    if ((watch.events & kOneShot) != 0) {
      const std::scoped_lock lock(sets.mutex);
      sets.watches[file.get()][each.number].events = 0;
    }
  }
  return made;
}
int epoll_pwait_(GuestMachine& machine, int set, std::uint64_t to, int room, int milliseconds,
                 std::uint64_t) {
  return epoll_wait_(machine, set, to, room, milliseconds);
}

}  // namespace

void add_wait_functions(FunctionTable& table) {
  table.add("poll", &poll_);
  table.add("__poll_chk", &poll_chk);
  table.add("ppoll", &ppoll_);
  table.add("select", &select_);
  table.add("pselect", &pselect_);
  table.add("__FD_SET_chk", &fd_set_chk);
  table.add("__FD_CLR_chk", &fd_clear_chk);
  table.add("__FD_ISSET_chk", &fd_isset_chk);
  table.add("epoll_create1", &epoll_create1_);
  table.alias("epoll_create", "epoll_create1");
  table.add("epoll_ctl", &epoll_ctl_);
  table.add("epoll_wait", &epoll_wait_);
  table.add("epoll_pwait", &epoll_pwait_);
}

}  // namespace dl::guest
