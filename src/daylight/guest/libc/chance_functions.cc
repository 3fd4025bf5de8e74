// SPDX-License-Identifier: Apache-2.0
// Random numbers: rand, drand48, arc4random and their kin.
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

bool fill(GuestMachine& machine, std::uint64_t to, std::uint64_t size) {
  if (!machine.arena.allows(to, size, kPageWrite)) return false;
  machine.part<GuestChance>().fill(reinterpret_cast<void*>(to), size);
  return true;
}

std::uint32_t arc4random_(GuestMachine& machine) {
  return static_cast<std::uint32_t>(machine.part<GuestChance>().number());
}
void arc4random_buf_(GuestMachine& machine, std::uint64_t to, std::uint64_t size) {
  if (!fill(machine, to, size))
    machine.raise(GuestFault::Kind::kMemory, "arc4random_buf: the buffer is not writable");
}
std::uint32_t arc4random_uniform_(GuestMachine& machine, std::uint32_t bound) {
  if (bound < 2) return 0;
  // The highest numbers would make the low results more likely.
  const std::uint32_t least = (0U - bound) % bound;
  std::uint32_t drawn = arc4random_(machine);
  while (drawn < least) drawn = arc4random_(machine);
  return drawn % bound;
}
std::int64_t getrandom_(GuestMachine& machine, std::uint64_t to, std::uint64_t size, unsigned) {
  if (fill(machine, to, size)) return static_cast<std::int64_t>(size);
  errno = EFAULT;
  return -1;
}
int getentropy_(GuestMachine& machine, std::uint64_t to, std::uint64_t size) {
  if (size > 256) {
    errno = EIO;
    return -1;
  }
  return getrandom_(machine, to, size, 0) < 0 ? -1 : 0;
}

// ---- random, rand: bionic's are those of BSD, an additive generator whose default table is the
// same as this machine's ----

struct RandomState {
  explicit RandomState(GuestMachine&) { ::initstate_r(1, table.data(), table.size(), &state); }
  std::mutex mutex;
  std::array<char, 128> table{};
  random_data state{};
};
std::int64_t random_(GuestMachine& machine) {
  RandomState& held = machine.part<RandomState>();
  const std::scoped_lock lock(held.mutex);
  std::int32_t out = 0;
  ::random_r(&held.state, &out);
  return out;
}
int rand_(GuestMachine& machine) { return static_cast<int>(random_(machine)); }
void srandom_(GuestMachine& machine, unsigned seed) {
  RandomState& held = machine.part<RandomState>();
  const std::scoped_lock lock(held.mutex);
  ::srandom_r(seed, &held.state);
}
int rand_r_(std::uint32_t* seed) {
  unsigned copy = *seed;
  const int out = ::rand_r(&copy);
  *seed = copy;
  return out;
}
// The guest's table is not used: a state stays the machine's.
std::uint64_t initstate_(GuestMachine& machine, unsigned seed, std::uint64_t table, std::uint64_t) {
  srandom_(machine, seed);
  return table;
}
std::uint64_t setstate_(std::uint64_t table) { return table; }

// ---- the 48-bit generator: x' = a x + c modulo 2^48, as POSIX says ----

constexpr std::uint64_t kMask48 = (std::uint64_t{1} << 48U) - 1;

struct State48 {
  explicit State48(GuestMachine& machine) : seed48_result(machine.heap.allocate(8, 16, true)) {}
  std::mutex mutex;
  std::uint64_t x = 0x1234abcd330e;
  std::uint64_t a = 0x5deece66d;
  std::uint64_t c = 0xb;
  std::uint64_t seed48_result;
  std::uint64_t next(std::uint64_t from) const { return (a * from + c) & kMask48; }
};
std::uint64_t step48(GuestMachine& machine) {
  State48& state = machine.part<State48>();
  const std::scoped_lock lock(state.mutex);
  return state.x = state.next(state.x);
}
// Three 16-bit words of the guest's, low first; stepped in place.
std::uint64_t step48_at(GuestMachine& machine, std::uint16_t* words) {
  State48& state = machine.part<State48>();
  if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(words), 6, kPageRead | kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "a random state is not in its memory");
    return 0;
  }
  const std::uint64_t from =
      words[0] | std::uint64_t{words[1]} << 16U | std::uint64_t{words[2]} << 32U;
  std::uint64_t x = 0;
  {
    const std::scoped_lock lock(state.mutex);
    x = state.next(from);
  }
  for (unsigned i = 0; i < 3; ++i) words[i] = static_cast<std::uint16_t>(x >> (16 * i));
  return x;
}
double real_of(std::uint64_t x) { return static_cast<double>(x) / 281'474'976'710'656.0; }
std::int64_t signed_of(std::uint64_t x) { return static_cast<std::int32_t>(x >> 16U); }

double drand48_(GuestMachine& machine) { return real_of(step48(machine)); }
double erand48_(GuestMachine& machine, std::uint16_t* words) {
  return real_of(step48_at(machine, words));
}
std::int64_t lrand48_(GuestMachine& machine) {
  return static_cast<std::int64_t>(step48(machine) >> 17U);
}
std::int64_t nrand48_(GuestMachine& machine, std::uint16_t* words) {
  return static_cast<std::int64_t>(step48_at(machine, words) >> 17U);
}
std::int64_t mrand48_(GuestMachine& machine) { return signed_of(step48(machine)); }
std::int64_t jrand48_(GuestMachine& machine, std::uint16_t* words) {
  return signed_of(step48_at(machine, words));
}
void srand48_(GuestMachine& machine, std::uint32_t seed) {
  State48& state = machine.part<State48>();
  const std::scoped_lock lock(state.mutex);
  state.x = std::uint64_t{seed} << 16U | 0x330e;
  state.a = 0x5deece66d;
  state.c = 0xb;
}
std::uint64_t seed48_(GuestMachine& machine, const std::uint16_t* words) {
  State48& state = machine.part<State48>();
  if (!machine.arena.allows(reinterpret_cast<std::uint64_t>(words), 6, kPageRead)) return 0;
  const std::uint64_t fresh =
      words[0] | std::uint64_t{words[1]} << 16U | std::uint64_t{words[2]} << 32U;
  std::uint64_t old = 0;
  {
    const std::scoped_lock lock(state.mutex);
    old = std::exchange(state.x, fresh);
  }
  if (state.seed48_result != 0) std::memcpy(reinterpret_cast<void*>(state.seed48_result), &old, 6);
  return state.seed48_result;
}

}  // namespace

void add_chance_functions(FunctionTable& table) {
  table.add("arc4random", &arc4random_);
  table.add("arc4random_buf", &arc4random_buf_);
  table.add("arc4random_uniform", &arc4random_uniform_);
  table.add("getrandom", &getrandom_);
  table.add("getentropy", &getentropy_);
  table.add("random", &random_);
  table.add("rand", &rand_);
  table.add("srandom", &srandom_);
  table.alias("srand", "srandom");
  table.add("rand_r", &rand_r_);
  table.add("initstate", &initstate_);
  table.add("setstate", &setstate_);
  table.add("drand48", &drand48_);
  table.add("erand48", &erand48_);
  table.add("lrand48", &lrand48_);
  table.add("nrand48", &nrand48_);
  table.add("mrand48", &mrand48_);
  table.add("jrand48", &jrand48_);
  table.add("srand48", &srand48_);
  table.add("seed48", &seed48_);
}

}  // namespace dl::guest
