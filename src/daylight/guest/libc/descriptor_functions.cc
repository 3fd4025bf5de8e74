// SPDX-License-Identifier: Apache-2.0
// Numbers of open files: copies and their flags; pipes, events and timers, which are the host's
// own.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/guest_wait.h"
#include "daylight/guest/libc/system_functions.h"

namespace dl::guest {
namespace {

GuestFiles& files(GuestMachine& machine) { return machine.part<GuestFiles>(); }

// ---- copies and flags ----

int dup_(GuestMachine& machine, int number) {
  auto file = files(machine).find(number);
  return file == nullptr ? -1 : files(machine).add(std::move(file));
}
int dup2_(GuestMachine& machine, int number, int to) {
  auto file = files(machine).find(number);
  if (file == nullptr) return -1;
  return number == to ? to : files(machine).put(std::move(file), to);
}
int dup3_(GuestMachine& machine, int number, int to, int) {
  if (number != to) return dup2_(machine, number, to);
  errno = EINVAL;
  return -1;
}

int lock_file(GuestMachine& machine, int fd, int command, std::uint64_t address) {
  if (!machine.arena.allows(address, sizeof(struct flock), kPageRead | kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  struct flock lock = {};
  std::memcpy(&lock, reinterpret_cast<const void*>(address), sizeof(lock));
  lock.l_pid = 0;
  int result = ::fcntl(fd, command == F_GETLK ? F_GETLK : F_SETLK, &lock);
  while (result != 0 && command == F_SETLKW && (errno == EAGAIN || errno == EACCES) &&
         !machine.engine.faulted()) {
    ::usleep(1'000);
    result = ::fcntl(fd, F_SETLK, &lock);
  }
  if (result == 0 && command == F_GETLK)
    std::memcpy(reinterpret_cast<void*>(address), &lock, sizeof(lock));
  return result;
}

// The flags that both processors number alike.
constexpr int kCommonFlags = O_ACCMODE | O_APPEND | O_NONBLOCK;

int fcntl_(GuestMachine& machine, int number, int command, CallArguments& rest) {
  const std::uint64_t argument = rest.next_integer();
  const auto file = files(machine).find(number);
  if (file == nullptr && (number < 0 || number > 2)) return -1;
  errno = 0;
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (file == nullptr) break;
      return files(machine).add(file, static_cast<int>(argument));
    case F_GETFD:
      return FD_CLOEXEC;
    case F_SETFD:
      return 0;
    case F_GETFL:
      if (file == nullptr) return O_RDWR;
      return (file->host < 0 ? file->flags : ::fcntl(file->host, F_GETFL)) & kCommonFlags;
    case F_SETFL: {
      if (file == nullptr) return 0;
      const int flags = static_cast<int>(argument) & (O_APPEND | O_NONBLOCK);
      if (file->host >= 0) return ::fcntl(file->host, F_SETFL, flags);
      const std::scoped_lock lock(file->mutex);
      file->flags = (file->flags & O_ACCMODE) | flags;
      return 0;
    }
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
      if (file == nullptr || file->host < 0) break;
      return lock_file(machine, file->host, command, argument);
    default:
      break;
  }
  machine.events.lookup(
      {GuestLookup::What::kSetting, "fcntl " + std::to_string(command), false, ""});
  errno = EINVAL;
  return -1;
}

int ioctl_(GuestMachine& machine, int number, int request, CallArguments& rest) {
  constexpr int kReadable = 0x541b;     // FIONREAD
  constexpr int kNonBlocking = 0x5421;  // FIONBIO
  const std::uint64_t argument = rest.next_integer();
  const auto file = files(machine).find(number);
  if (file == nullptr && (number < 0 || number > 2)) return -1;
  if (file != nullptr && (request == kReadable || request == kNonBlocking)) {
    if (!machine.arena.allows(argument, 4, kPageRead | kPageWrite)) {
      errno = EFAULT;
      return -1;
    }
    auto* const value = reinterpret_cast<std::int32_t*>(argument);
    if (request == kReadable) {
      int left = 0;
      if (file->host >= 0 && ::ioctl(file->host, FIONREAD, &left) != 0) return -1;
      if (file->kind == OpenFile::Kind::kText)
        left = static_cast<int>(file->text.size() -
                                std::min<std::uint64_t>(file->position, file->text.size()));
      *value = left;
      return 0;
    }
    if (file->host < 0) return 0;
    const int flags = ::fcntl(file->host, F_GETFL);
    return ::fcntl(file->host, F_SETFL, *value != 0 ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
  }
  machine.events.lookup(
      {GuestLookup::What::kSetting, "ioctl " + std::to_string(request), false, ""});
  errno = ENOTTY;
  return -1;
}
int isatty_(GuestMachine&, int) {
  errno = ENOTTY;
  return 0;
}
int no_terminal(GuestMachine&, int) {
  errno = ENOTTY;
  return -1;
}

// ---- pipes, events, timers: the host's own ----

int adopt(GuestMachine& machine, int fd) { return fd < 0 ? -1 : files(machine).adopt(fd); }

int pipe2_(GuestMachine& machine, std::int32_t* to, int flags) {
  if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(to), 8, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | (flags & O_NONBLOCK)) != 0) return -1;
  const int first = adopt(machine, ends[0]);
  const int second = adopt(machine, ends[1]);
  if (first < 0 || second < 0) {
    files(machine).close(first);
    files(machine).close(second);
    errno = EMFILE;
    return -1;
  }
  to[0] = first;
  to[1] = second;
  return 0;
}
int pipe_(GuestMachine& machine, std::int32_t* to) { return pipe2_(machine, to, 0); }
int eventfd_(GuestMachine& machine, unsigned value, int flags) {
  return adopt(machine, ::eventfd(value, EFD_CLOEXEC | (flags & (EFD_NONBLOCK | EFD_SEMAPHORE))));
}
int eventfd_read_(GuestMachine& machine, int number, std::uint64_t* to) {
  const auto file = files(machine).find(number);
  if (file == nullptr || !wait_ready(machine, *file, POLLIN)) return -1;
  return read_file(machine, *file, to, 8) == 8 ? 0 : -1;
}
int eventfd_write_(GuestMachine& machine, int number, std::uint64_t value) {
  const auto file = files(machine).find(number);
  if (file == nullptr || file->host < 0 || !wait_ready(machine, *file, POLLOUT)) return -1;
  return ::write(file->host, &value, 8) == 8 ? 0 : -1;
}
int timerfd_create_(GuestMachine& machine, int clock, int flags) {
  return adopt(machine, ::timerfd_create(clock == CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC,
                                         TFD_CLOEXEC | (flags & TFD_NONBLOCK)));
}
int timerfd_settime_(GuestMachine& machine, int number, int flags, std::uint64_t fresh,
                     std::uint64_t old) {
  const int fd = files(machine).host(number);
  if (!machine.arena.allows(fresh, sizeof(itimerspec), kPageRead) ||
      (old != 0 && !machine.arena.allows(old, sizeof(itimerspec), kPageWrite))) {
    errno = EFAULT;
    return -1;
  }
  itimerspec wanted{};
  itimerspec had{};
  std::memcpy(&wanted, reinterpret_cast<const void*>(fresh), sizeof(wanted));
  if (fd < 0 || ::timerfd_settime(fd, flags & 1, &wanted, &had) != 0) return -1;
  if (old != 0) std::memcpy(reinterpret_cast<void*>(old), &had, sizeof(had));
  return 0;
}
int timerfd_gettime_(GuestMachine& machine, int number, std::uint64_t to) {
  const int fd = files(machine).host(number);
  itimerspec now{};
  if (fd < 0 || !machine.arena.allows(to, sizeof(now), kPageWrite) ||
      ::timerfd_gettime(fd, &now) != 0)
    return -1;
  std::memcpy(reinterpret_cast<void*>(to), &now, sizeof(now));
  return 0;
}

}  // namespace

void add_descriptor_functions(FunctionTable& table) {
  table.add("dup", &dup_);
  table.add("dup2", &dup2_);
  table.add("dup3", &dup3_);
  table.add("fcntl", &fcntl_);
  table.alias("fcntl64", "fcntl");
  table.add("ioctl", &ioctl_);
  table.add("isatty", &isatty_);
  for (const char* name : {"tcgetattr", "tcsetattr", "tcflush", "tcdrain", "tcgetpgrp"})
    table.add(name, &no_terminal);
  table.add("pipe", &pipe_);
  table.add("pipe2", &pipe2_);
  table.add("eventfd", &eventfd_);
  table.add("eventfd_read", &eventfd_read_);
  table.add("eventfd_write", &eventfd_write_);
  table.add("timerfd_create", &timerfd_create_);
  table.add("timerfd_settime", &timerfd_settime_);
  table.add("timerfd_gettime", &timerfd_gettime_);
}

}  // namespace dl::guest
