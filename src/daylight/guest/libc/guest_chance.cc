// SPDX-License-Identifier: Apache-2.0
// Draws and counts.
#include "daylight/guest/libc/guest_chance.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace dl::guest {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// What clocks that count from the start of the device show first.
constexpr std::int64_t kUptime = 3'600 * kSecond;

timespec to_timespec(std::int64_t nanoseconds) {
  return {nanoseconds / kSecond, static_cast<long>(nanoseconds % kSecond)};
}
std::int64_t to_nanoseconds(const timespec& time) {
  std::int64_t out = 0;
  if (__builtin_mul_overflow(std::int64_t{time.tv_sec}, kSecond, &out) ||
      __builtin_add_overflow(out, std::int64_t{time.tv_nsec}, &out))
    return time.tv_sec < 0 ? INT64_MIN / 4 : INT64_MAX / 4;
  return std::clamp(out, INT64_MIN / 4, INT64_MAX / 4);
}

}  // namespace

GuestChance::GuestChance(GuestMachine& machine)
    : fixed_(machine.profile.seed.has_value()), engine_(machine.profile.seed.value_or(0)) {}

void GuestChance::fill(void* to, std::uint64_t size) {
  auto* at = static_cast<std::uint8_t*>(to);
  if (!fixed_) {
    while (size > 0) {
      const ssize_t got = ::getrandom(at, std::min<std::uint64_t>(size, 1U << 20U), 0);
      if (got <= 0) return;
      at += got;
      size -= static_cast<std::uint64_t>(got);
    }
    return;
  }
  while (size > 0) {
    // Drawn with the lock, written without: it may be the guest's memory.
    std::array<std::uint64_t, 64> words{};
    const std::uint64_t part = std::min<std::uint64_t>(size, sizeof(words));
    {
      const std::scoped_lock lock(mutex_);
      for (std::uint64_t i = 0; i * sizeof(std::uint64_t) < part; ++i) words[i] = engine_();
    }
    std::memcpy(at, words.data(), part);
    at += part;
    size -= part;
  }
}

std::uint64_t GuestChance::number() {
  std::uint64_t out = 0;
  fill(&out, sizeof(out));
  return out;
}

GuestClock::GuestClock(GuestMachine& machine)
    : start_(machine.profile.clock_start_ns.value_or(0)),
      step_(machine.profile.clock_start_ns
                ? std::max<std::int64_t>(machine.profile.clock_step_ns, 1)
                : 0) {}

bool GuestClock::now(int clock, timespec& to) {
  if (step_ == 0) return ::clock_gettime(clock, &to) == 0;
  const std::scoped_lock lock(mutex_);
  passed_ += step_;
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
      to = to_timespec(start_ + passed_);
      return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
      to = to_timespec(kUptime + passed_);
      return true;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
      to = to_timespec(passed_);
      return true;
    default:
      errno = EINVAL;
      return false;
  }
}

void GuestClock::advance(std::int64_t nanoseconds) {
  if (step_ == 0) return;
  const std::scoped_lock lock(mutex_);
  passed_ += nanoseconds;
}

timespec GuestClock::deadline(int clock, const timespec& time) {
  timespec guest_now{};
  timespec host_now{};
  now(clock, guest_now);
  ::clock_gettime(CLOCK_MONOTONIC, &host_now);
  const std::int64_t left = to_nanoseconds(time) - to_nanoseconds(guest_now);
  return to_timespec(std::max<std::int64_t>(to_nanoseconds(host_now) + left, 0));
}

}  // namespace dl::guest
