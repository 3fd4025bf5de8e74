// SPDX-License-Identifier: Apache-2.0
// Clocks and sleep.
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "daylight/guest/libc/guest_chance.h"
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
  if (!machine.part<GuestClock>().now(clock, now)) return -1;
  return put(machine, to, now) ? 0 : -1;
}
int clock_getres_(GuestMachine& machine, int clock, std::uint64_t to) {
  timespec step{};
  if (::clock_getres(clock, &step) != 0) return -1;
  return to == 0 || put(machine, to, step) ? 0 : -1;
}
int gettimeofday_(GuestMachine& machine, std::uint64_t to, std::uint64_t) {
  timespec time{};
  machine.part<GuestClock>().now(CLOCK_REALTIME, time);
  const timeval now{time.tv_sec, time.tv_nsec / 1'000};
  return to == 0 || put(machine, to, now) ? 0 : -1;
}
std::int64_t time_(GuestMachine& machine, std::uint64_t to) {
  timespec time{};
  machine.part<GuestClock>().now(CLOCK_REALTIME, time);
  const std::int64_t now = time.tv_sec;
  if (to != 0) put(machine, to, now);
  return now;
}
std::int64_t clock_(GuestMachine& machine) {
  timespec time{};
  machine.part<GuestClock>().now(CLOCK_PROCESS_CPUTIME_ID, time);
  return std::int64_t{time.tv_sec} * CLOCKS_PER_SEC + time.tv_nsec / (kNanosecond / CLOCKS_PER_SEC);
}

bool sleep_for(GuestMachine& machine, std::int64_t seconds, long nanoseconds) {
  while (seconds > 0 || nanoseconds > 0) {
    if (machine.engine.faulted()) return false;
    if (nanoseconds <= 0) {
      --seconds;
      nanoseconds += kNanosecond;
    }
    const timespec slice{0, std::min(nanoseconds, kSlice)};
    ::nanosleep(&slice, nullptr);
    machine.part<GuestClock>().advance(slice.tv_nsec);
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

int clock_nanosleep_(GuestMachine& machine, int clock, int flags, std::uint64_t wanted,
                     std::uint64_t) {
  const auto bytes = machine.arena.bytes(wanted, sizeof(timespec));
  if (!bytes) return EFAULT;
  timespec time{};
  std::memcpy(&time, bytes->data(), sizeof(time));
  if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= kNanosecond) return EINVAL;
  if ((flags & TIMER_ABSTIME) != 0) {
    timespec now{};
    if (!machine.part<GuestClock>().now(clock, now)) return EINVAL;
    time = {time.tv_sec - now.tv_sec, time.tv_nsec - now.tv_nsec};
    if (time.tv_nsec < 0) time = {time.tv_sec - 1, time.tv_nsec + kNanosecond};
    if (time.tv_sec < 0) return 0;
  }
  return sleep_for(machine, time.tv_sec, time.tv_nsec) ? 0 : EINTR;
}
double difftime_(std::int64_t a, std::int64_t b) {
  return static_cast<double>(a) - static_cast<double>(b);
}
// "Thu Jan  1 00:00:00 1970\n"
std::string date_text(const struct tm& parts) {
  std::array<char, 128> out{};
  return {out.data(), ::strftime(out.data(), out.size(), "%a %b %e %H:%M:%S %Y\n", &parts)};
}
std::uint64_t put_text(GuestMachine& machine, std::uint64_t to, const std::string& text) {
  if (!machine.arena.allows(to, text.size() + 1, kPageWrite)) {
    errno = EFAULT;
    return 0;
  }
  std::memcpy(reinterpret_cast<void*>(to), text.c_str(), text.size() + 1);
  return to;
}
std::uint64_t asctime_r_(GuestMachine& machine, std::uint64_t parts, std::uint64_t to) {
  const auto bytes = machine.arena.bytes(parts, sizeof(struct tm));
  if (!bytes) return 0;
  struct tm copy = {};
  std::memcpy(&copy, bytes->data(), sizeof(copy));
  return put_text(machine, to, date_text(copy));
}
struct DateText {
  explicit DateText(GuestMachine& machine) : address(machine.heap.allocate(128)) {}
  std::uint64_t address;
};
std::uint64_t asctime_(GuestMachine& machine, std::uint64_t parts) {
  return asctime_r_(machine, parts, machine.part<DateText>().address);
}
std::uint64_t ctime_r_(GuestMachine& machine, std::uint64_t time, std::uint64_t to) {
  const auto bytes = machine.arena.bytes(time, 8);
  struct tm parts = {};
  time_t seconds = 0;
  if (!bytes) return 0;
  std::memcpy(&seconds, bytes->data(), 8);
  if (::gmtime_r(&seconds, &parts) == nullptr) return 0;
  return put_text(machine, to, date_text(parts));
}
std::uint64_t ctime_(GuestMachine& machine, std::uint64_t time) {
  return ctime_r_(machine, time, machine.part<DateText>().address);
}
std::uint64_t strptime_(GuestMachine& machine, const char* text, const char* format,
                        std::uint64_t to) {
  const auto bytes = machine.arena.bytes(to, sizeof(struct tm));
  if (!bytes) return 0;
  struct tm parts = {};
  std::memcpy(&parts, bytes->data(), sizeof(parts));
  // Not handed to the library: the guest's pointer stays the guest's.
  const char* const zone = parts.tm_zone;
  parts.tm_zone = nullptr;
  const char* const end = ::strptime(text, format, &parts);
  parts.tm_zone = zone;
  if (end == nullptr || !put(machine, to, parts)) return 0;
  return reinterpret_cast<std::uint64_t>(end);
}
std::uint64_t zone_names(GuestMachine& machine) {
  const std::uint64_t slot = machine.heap.allocate(16);
  const std::uint64_t names[2] = {machine.constant_text("UTC"), machine.constant_text("UTC")};
  if (slot != 0) std::memcpy(reinterpret_cast<void*>(slot), names, sizeof(names));
  return slot;
}
std::uint64_t zero_datum(GuestMachine& machine) { return machine.heap.allocate(16, 16, true); }

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
  table.add("clock_nanosleep", &clock_nanosleep_);
  table.add("difftime", &difftime_);
  table.add("asctime", &asctime_);
  table.add("asctime_r", &asctime_r_);
  table.add("ctime", &ctime_);
  table.add("ctime_r", &ctime_r_);
  table.add("strptime", &strptime_);
  table.alias("strptime_l", "strptime");
  table.alias("strftime_l", "strftime");
  table.add_data("tzname", &zone_names);
  table.add_data("timezone", &zero_datum);
  table.add_data("daylight", &zero_datum);
}

}  // namespace dl::guest
