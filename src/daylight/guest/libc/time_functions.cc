// SPDX-License-Identifier: Apache-2.0
// Clocks and sleep.
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr long kNanosecond = 1'000'000'000;
// One slice of a sleep, after which a stop is seen.
constexpr long kSlice = 50'000'000;

template <typename T>
bool put(GuestMachine& machine, std::uint64_t to, const T& from) {
  if (!machine.arena.allows(to, sizeof(T), kPageWrite)) {
    errno = EFAULT;
    return false;
  }
  std::memcpy(reinterpret_cast<void*>(to), &from, sizeof(T));
  return true;
}

int clock_gettime_(GuestMachine& machine, int clock, std::uint64_t to) {
  timespec now{};
  if (::clock_gettime(clock, &now) != 0) return -1;
  return put(machine, to, now) ? 0 : -1;
}
int clock_getres_(GuestMachine& machine, int clock, std::uint64_t to) {
  timespec step{};
  if (::clock_getres(clock, &step) != 0) return -1;
  return to == 0 || put(machine, to, step) ? 0 : -1;
}
int gettimeofday_(GuestMachine& machine, std::uint64_t to, std::uint64_t) {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  return to == 0 || put(machine, to, now) ? 0 : -1;
}
std::int64_t time_(GuestMachine& machine, std::uint64_t to) {
  const std::int64_t now = ::time(nullptr);
  if (to != 0) put(machine, to, now);
  return now;
}
std::int64_t clock_() { return ::clock(); }

bool sleep_for(GuestMachine& machine, std::int64_t seconds, long nanoseconds) {
  while (seconds > 0 || nanoseconds > 0) {
    if (machine.engine.faulted()) return false;
    if (nanoseconds <= 0) {
      --seconds;
      nanoseconds += kNanosecond;
    }
    const timespec slice{0, std::min(nanoseconds, kSlice)};
    ::nanosleep(&slice, nullptr);
    nanoseconds -= slice.tv_nsec;
  }
  return true;
}

int nanosleep_(GuestMachine& machine, std::uint64_t wanted, std::uint64_t) {
  const auto bytes = machine.arena.bytes(wanted, sizeof(timespec));
  if (!bytes) {
    errno = EFAULT;
    return -1;
  }
  timespec time{};
  std::memcpy(&time, bytes->data(), sizeof(time));
  if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= kNanosecond) {
    errno = EINVAL;
    return -1;
  }
  return sleep_for(machine, time.tv_sec, time.tv_nsec) ? 0 : -1;
}
int usleep_(GuestMachine& machine, std::uint32_t microseconds) {
  sleep_for(machine, microseconds / 1'000'000, static_cast<long>(microseconds % 1'000'000) * 1000);
  return 0;
}
unsigned sleep_(GuestMachine& machine, unsigned seconds) {
  sleep_for(machine, seconds, 0);
  return 0;
}

// struct tm of bionic is that of glibc: nine ints, then offset and zone.
static_assert(sizeof(struct tm) == 56);

std::uint64_t split_time(GuestMachine& machine, std::uint64_t time, std::uint64_t to) {
  const auto bytes = machine.arena.bytes(time, 8);
  if (!bytes) return 0;
  time_t seconds = 0;
  std::memcpy(&seconds, bytes->data(), 8);
  struct tm parts = {};
  if (::gmtime_r(&seconds, &parts) == nullptr) return 0;  // the profile's zone is UTC
  parts.tm_zone = reinterpret_cast<const char*>(machine.constant_text("UTC"));
  return put(machine, to, parts) ? to : 0;
}
std::uint64_t gmtime_r_(GuestMachine& machine, std::uint64_t time, std::uint64_t to) {
  return split_time(machine, time, to);
}
struct SplitTime {
  explicit SplitTime(GuestMachine& machine) : address(machine.heap.allocate(sizeof(struct tm))) {}
  std::uint64_t address;
};
std::uint64_t gmtime_(GuestMachine& machine, std::uint64_t time) {
  return split_time(machine, time, machine.part<SplitTime>().address);
}
std::int64_t mktime_(GuestMachine& machine, std::uint64_t parts) {
  if (!machine.arena.allows(parts, sizeof(struct tm), kPageWrite)) return -1;
  struct tm copy = {};
  std::memcpy(&copy, reinterpret_cast<const void*>(parts), sizeof(copy));
  const std::int64_t out = ::timegm(&copy);
  copy.tm_zone = reinterpret_cast<const char*>(machine.constant_text("UTC"));
  put(machine, parts, copy);
  return out;
}
std::uint64_t strftime_(GuestMachine& machine, std::uint64_t to, std::uint64_t room,
                        const char* format, std::uint64_t parts) {
  const auto bytes = machine.arena.bytes(parts, sizeof(struct tm));
  if (!bytes || !machine.arena.allows(to, room, kPageWrite)) return 0;
  struct tm copy = {};
  std::memcpy(&copy, bytes->data(), sizeof(copy));
  copy.tm_zone = "UTC";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return ::strftime(reinterpret_cast<char*>(to), room, format, &copy);
#pragma GCC diagnostic pop
}
void tzset_() {}

}  // namespace

void add_time_functions(FunctionTable& table) {
  table.add("clock_gettime", &clock_gettime_);
  table.add("clock_getres", &clock_getres_);
  table.add("gettimeofday", &gettimeofday_);
  table.add("time", &time_);
  table.add("clock", &clock_);
  table.add("nanosleep", &nanosleep_);
  table.add("usleep", &usleep_);
  table.add("sleep", &sleep_);
  table.add("gmtime_r", &gmtime_r_);
  table.alias("localtime_r", "gmtime_r");
  table.add("gmtime", &gmtime_);
  table.alias("localtime", "gmtime");
  table.add("mktime", &mktime_);
  table.alias("timegm", "mktime");
  table.add("strftime", &strftime_);
  table.add("tzset", &tzset_);
}

}  // namespace dl::guest
