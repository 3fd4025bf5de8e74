// SPDX-License-Identifier: Apache-2.0
// Wide characters (32 bits) and their conversion from and to UTF-8, which is the encoding of every
// locale on Android.
#include <wchar.h>
#include <wctype.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/text_format.h"
#include "daylight/guest/libc/wide_text.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

static_assert(sizeof(wchar_t) == 4);

constexpr std::uint64_t kNoCount = ~std::uint64_t{0};
constexpr std::uint32_t kEnd = 0xffffffffU;  // WEOF

const wchar_t* wide_at(std::uint64_t address) { return reinterpret_cast<const wchar_t*>(address); }

// Whether `count` wide characters may be written (read) at `at`; else the guest's call ends.
bool wide_room(GuestMachine& machine, std::uint64_t at, std::uint64_t count,
               std::uint8_t access = kPageWrite) {
  std::uint64_t bytes = 0;
  if (!__builtin_mul_overflow(count, 4, &bytes) && machine.arena.allows(at, bytes, access))
    return true;
  machine.raise(GuestFault::Kind::kMemory, "a wide text is used where it is not all in its memory");
  return false;
}

// ---- lengths, comparison, search: this machine's own functions ----

// Wide characters before the zero, at most `most`.
std::uint64_t wide_length(GuestMachine& machine, std::uint64_t text, std::uint64_t most) {
  std::uint64_t size = 0;
  while (size < most) {
    const auto bytes = machine.arena.bytes(text + 4 * size, 4);
    if (!bytes) {
      machine.raise(GuestFault::Kind::kMemory, "a wide text is read where it is not readable");
      return size;
    }
    if (*wide_at(text + 4 * size) == L'\0') break;
    ++size;
  }
  return size;
}

std::uint64_t wcslen_(const wchar_t* text) { return ::wcslen(text); }
std::uint64_t wcsnlen_(GuestMachine& machine, std::uint64_t text, std::uint64_t most) {
  return wide_length(machine, text, most);
}
int wcscmp_(const wchar_t* a, const wchar_t* b) { return ::wcscmp(a, b); }
int wcsncmp_(const wchar_t* a, const wchar_t* b, std::uint64_t most) {
  return ::wcsncmp(a, b, most);
}
int wcscasecmp_(const wchar_t* a, const wchar_t* b) { return ::wcscasecmp(a, b); }
int wcsncasecmp_(const wchar_t* a, const wchar_t* b, std::uint64_t most) {
  return ::wcsncasecmp(a, b, most);
}
const wchar_t* wcschr_(const wchar_t* text, wchar_t c) { return ::wcschr(text, c); }
const wchar_t* wcsrchr_(const wchar_t* text, wchar_t c) { return ::wcsrchr(text, c); }
const wchar_t* wcsstr_(const wchar_t* text, const wchar_t* what) { return ::wcsstr(text, what); }
const wchar_t* wcspbrk_(const wchar_t* text, const wchar_t* set) { return ::wcspbrk(text, set); }
std::uint64_t wcsspn_(const wchar_t* text, const wchar_t* set) { return ::wcsspn(text, set); }
std::uint64_t wcscspn_(const wchar_t* text, const wchar_t* set) { return ::wcscspn(text, set); }

// ---- copies ----

std::uint64_t wmemcpy_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                       std::uint64_t count) {
  if (wide_room(machine, from, count, kPageRead) && wide_room(machine, to, count))
    std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), 4 * count);
  return to;
}
std::uint64_t wmempcpy_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                        std::uint64_t count) {
  return wmemcpy_(machine, to, from, count) + 4 * count;
}
std::uint64_t wmemset_(GuestMachine& machine, std::uint64_t to, wchar_t c, std::uint64_t count) {
  if (wide_room(machine, to, count)) ::wmemset(reinterpret_cast<wchar_t*>(to), c, count);
  return to;
}
int wmemcmp_(GuestMachine& machine, std::uint64_t a, std::uint64_t b, std::uint64_t count) {
  if (!wide_room(machine, a, count, kPageRead) || !wide_room(machine, b, count, kPageRead))
    return 0;
  return ::wmemcmp(wide_at(a), wide_at(b), count);
}
std::uint64_t wmemchr_(GuestMachine& machine, std::uint64_t text, wchar_t c, std::uint64_t count) {
  if (!wide_room(machine, text, count, kPageRead)) return 0;
  return reinterpret_cast<std::uint64_t>(::wmemchr(wide_at(text), c, count));
}
std::uint64_t wcscpy_(GuestMachine& machine, std::uint64_t to, const wchar_t* from) {
  return wmemcpy_(machine, to, reinterpret_cast<std::uint64_t>(from), ::wcslen(from) + 1);
}
std::uint64_t wcpcpy_(GuestMachine& machine, std::uint64_t to, const wchar_t* from) {
  return wcscpy_(machine, to, from) + 4 * ::wcslen(from);
}
std::uint64_t wcsncpy_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                       std::uint64_t count) {
  const std::uint64_t used = wide_length(machine, from, count);
  if (machine.engine.faulted() || !wide_room(machine, to, count)) return to;
  wmemcpy_(machine, to, from, used);
  std::memset(reinterpret_cast<void*>(to + 4 * used), 0, 4 * (count - used));
  return to;
}
std::uint64_t wcscat_(GuestMachine& machine, std::uint64_t to, const wchar_t* from) {
  wcscpy_(machine, to + 4 * wide_length(machine, to, kNoCount), from);
  return to;
}
std::uint64_t wcsncat_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                       std::uint64_t most) {
  const std::uint64_t end = to + 4 * wide_length(machine, to, kNoCount);
  const std::uint64_t used = wide_length(machine, from, most);
  if (machine.engine.faulted() || !wide_room(machine, end, used + 1)) return to;
  wmemcpy_(machine, end, from, used);
  std::memset(reinterpret_cast<void*>(end + 4 * used), 0, 4);
  return to;
}
std::uint64_t wcslcpy_(GuestMachine& machine, std::uint64_t to, const wchar_t* from,
                       std::uint64_t room) {
  const std::uint64_t size = ::wcslen(from);
  if (room == 0) return size;
  const std::uint64_t used = std::min(size, room - 1);
  if (!wide_room(machine, to, used + 1)) return size;
  wmemcpy_(machine, to, reinterpret_cast<std::uint64_t>(from), used);
  std::memset(reinterpret_cast<void*>(to + 4 * used), 0, 4);
  return size;
}
std::uint64_t wcslcat_(GuestMachine& machine, std::uint64_t to, const wchar_t* from,
                       std::uint64_t room) {
  const std::uint64_t had = wide_length(machine, to, room);
  if (had == room) return room + ::wcslen(from);
  return had + wcslcpy_(machine, to + 4 * had, from, room - had);
}
std::uint64_t wcsdup_(GuestMachine& machine, const wchar_t* text) {
  const std::uint64_t count = ::wcslen(text) + 1;
  const std::uint64_t to = machine.heap.allocate(4 * count);
  return to == 0 ? 0 : wmemcpy_(machine, to, reinterpret_cast<std::uint64_t>(text), count);
}
std::uint64_t wcstok_(GuestMachine& machine, std::uint64_t text, const wchar_t* separators,
                      std::uint64_t* rest) {
  std::uint64_t at = text != 0 ? text : *rest;
  if (at == 0) return 0;
  wide_length(machine, at, kNoCount);
  if (machine.engine.faulted()) return 0;
  at += 4 * ::wcsspn(wide_at(at), separators);
  const std::uint64_t end = at + 4 * ::wcscspn(wide_at(at), separators);
  if (end == at) {
    *rest = 0;
    return 0;
  }
  const bool last = *wide_at(end) == L'\0';
  if (!last) {
    if (!wide_room(machine, end, 1)) return 0;
    std::memset(reinterpret_cast<void*>(end), 0, 4);
  }
  *rest = last ? 0 : end + 4;
  return at;
}

// ---- UTF-8 ----

// The state that a call without one uses: one for each function on a phone, one for all here.
struct SharedState {
  explicit SharedState(GuestMachine& machine) : address(machine.heap.allocate(8, 16, true)) {}
  std::uint64_t address;
};
Utf8State* state_at(GuestMachine& machine, std::uint64_t address) {
  if (address == 0) address = machine.part<SharedState>().address;
  if (machine.arena.allows(address, sizeof(Utf8State), kPageRead | kPageWrite))
    return reinterpret_cast<Utf8State*>(address);
  machine.raise(GuestFault::Kind::kMemory, "a conversion's state is not in its memory");
  return nullptr;
}

std::uint64_t mbrtowc_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                       std::uint64_t size, std::uint64_t state_address) {
  Utf8State* const state = state_at(machine, state_address);
  if (state == nullptr) return kBadSequence;
  if (from == 0) {
    *state = {};
    return 0;
  }
  // At most one character is read, so at most that must be readable.
  std::array<char, 4> bytes{};
  std::size_t have = 0;
  while (have < std::min<std::uint64_t>(size, 4) &&
         (machine.arena.access_at(from + have) & kPageRead) != 0) {
    bytes[have] = *reinterpret_cast<const char*>(from + have);
    ++have;
  }
  if (have == 0 && size > 0) {
    machine.raise(GuestFault::Kind::kMemory, "a text is read where it is not readable");
    return kBadSequence;
  }
  std::uint32_t point = 0;
  Utf8State copy = *state;
  const std::uint64_t used = decode_utf8({bytes.data(), have}, copy, point);
  *state = copy;
  if (used == kBadSequence) errno = EILSEQ;
  if (used == kBadSequence || used == kPartSequence || to == 0) return used;
  if (wide_room(machine, to, 1)) std::memcpy(reinterpret_cast<void*>(to), &point, 4);
  return used;
}
std::uint64_t mbrlen_(GuestMachine& machine, std::uint64_t from, std::uint64_t size,
                      std::uint64_t state) {
  return mbrtowc_(machine, 0, from, size, state);
}
int mbtowc_(GuestMachine& machine, std::uint64_t to, std::uint64_t from, std::uint64_t size) {
  const std::uint64_t used = mbrtowc_(machine, to, from, size, 0);
  if (used == kPartSequence) *state_at(machine, 0) = {};
  return used >= kPartSequence ? -1 : static_cast<int>(used);
}
int mblen_(GuestMachine& machine, std::uint64_t from, std::uint64_t size) {
  return mbtowc_(machine, 0, from, size);
}
int mbsinit_(GuestMachine& machine, std::uint64_t state) {
  if (state == 0) return 1;
  const Utf8State* const held = state_at(machine, state);
  return held == nullptr || held->bytes[0] == 0 ? 1 : 0;
}
std::uint64_t wcrtomb_(GuestMachine& machine, std::uint64_t to, std::uint32_t c, std::uint64_t) {
  if (to == 0) return 1;
  std::array<char, 4> bytes{};
  const std::size_t size = encode_utf8(c, bytes);
  if (size == 0) {
    errno = EILSEQ;
    return kBadSequence;
  }
  if (!machine.arena.allows(to, size, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "wcrtomb: the text is not writable");
    return kBadSequence;
  }
  std::memcpy(reinterpret_cast<void*>(to), bytes.data(), size);
  return size;
}
int wctomb_(GuestMachine& machine, std::uint64_t to, std::uint32_t c) {
  return to == 0 ? 0 : static_cast<int>(wcrtomb_(machine, to, c, 0));
}

// UTF-8 to wide: `from` is moved on; `size` bytes at most are read, `room` characters written.
std::uint64_t mbsnrtowcs_(GuestMachine& machine, std::uint64_t to, std::uint64_t* from,
                          std::uint64_t size, std::uint64_t room, std::uint64_t state_address) {
  Utf8State* const state = state_at(machine, state_address);
  if (state == nullptr || from == nullptr) return kBadSequence;
  std::uint64_t at = *from;
  const std::uint64_t begin = at;
  std::uint64_t made = 0;
  while (to == 0 || made < room) {
    if (machine.engine.faulted()) return kBadSequence;
    const std::uint64_t left = size == kNoCount ? 4 : size - (at - begin);
    if (left == 0) break;
    const std::uint64_t slot = to == 0 ? 0 : to + 4 * made;
    const std::uint64_t used = mbrtowc_(machine, slot, at, std::min<std::uint64_t>(left, 4),
                                        reinterpret_cast<std::uint64_t>(state));
    if (used == kBadSequence) {
      if (to != 0) *from = at;
      return kBadSequence;
    }
    if (used == kPartSequence) {
      at += left;
      break;
    }
    if (used == 0) {
      if (to != 0) *from = 0;
      return made;
    }
    at += used;
    ++made;
  }
  if (to != 0) *from = at;
  return made;
}
std::uint64_t mbsrtowcs_(GuestMachine& machine, std::uint64_t to, std::uint64_t* from,
                         std::uint64_t room, std::uint64_t state) {
  return mbsnrtowcs_(machine, to, from, kNoCount, room, state);
}
std::uint64_t mbstowcs_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                        std::uint64_t room) {
  return mbsnrtowcs_(machine, to, &from, kNoCount, room, 0);
}

// Wide to UTF-8, the same way round.
std::uint64_t wcsnrtombs_(GuestMachine& machine, std::uint64_t to, std::uint64_t* from,
                          std::uint64_t count, std::uint64_t room, std::uint64_t) {
  if (from == nullptr) return kBadSequence;
  std::uint64_t at = *from;
  std::uint64_t made = 0;
  for (std::uint64_t i = 0; i < count; ++i, at += 4) {
    if (!wide_room(machine, at, 1, kPageRead)) return kBadSequence;
    const auto c = std::bit_cast<std::uint32_t>(*wide_at(at));
    std::array<char, 4> bytes{};
    const std::size_t size = encode_utf8(c, bytes);
    if (size == 0) {
      errno = EILSEQ;
      if (to != 0) *from = at;
      return kBadSequence;
    }
    if (to != 0) {
      if (made + size > room) break;
      if (wcrtomb_(machine, to + made, c, 0) == kBadSequence) return kBadSequence;
    }
    if (c == 0) {
      if (to != 0) *from = 0;
      return made;
    }
    made += size;
  }
  if (to != 0) *from = at;
  return made;
}
std::uint64_t wcsrtombs_(GuestMachine& machine, std::uint64_t to, std::uint64_t* from,
                         std::uint64_t room, std::uint64_t state) {
  return wcsnrtombs_(machine, to, from, kNoCount, room, state);
}
std::uint64_t wcstombs_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                        std::uint64_t room) {
  return wcsnrtombs_(machine, to, &from, kNoCount, room, 0);
}
std::uint32_t btowc_(int c) { return c >= 0 && c < 0x80 ? static_cast<std::uint32_t>(c) : kEnd; }
int wctob_(std::uint32_t c) { return c < 0x80 ? static_cast<int>(c) : -1; }
int wcwidth_(std::uint32_t c) { return c == 0 ? 0 : c < 0x20 || (c >= 0x7f && c < 0xa0) ? -1 : 1; }

// ---- numbers ----

template <typename T>
T with_end(std::uint64_t* end, const wchar_t* stop, T value) {
  if (end != nullptr) *end = reinterpret_cast<std::uint64_t>(stop);
  return value;
}
long wcstol_(const wchar_t* text, std::uint64_t* end, int base) {
  wchar_t* stop = nullptr;
  const long made = ::wcstol(text, &stop, base);
  return with_end(end, stop, made);
}
unsigned long wcstoul_(const wchar_t* text, std::uint64_t* end, int base) {
  wchar_t* stop = nullptr;
  const unsigned long made = ::wcstoul(text, &stop, base);
  return with_end(end, stop, made);
}
double wcstod_(const wchar_t* text, std::uint64_t* end) {
  wchar_t* stop = nullptr;
  const double made = ::wcstod(text, &stop);
  return with_end(end, stop, made);
}
float wcstof_(const wchar_t* text, std::uint64_t* end) {
  wchar_t* stop = nullptr;
  const float made = ::wcstof(text, &stop);
  return with_end(end, stop, made);
}

// ---- swprintf ----

int put_wide(GuestMachine& machine, std::uint64_t to, std::uint64_t room, const wchar_t* format,
             ArgumentSource& arguments, CallArguments& rest) {
  if (format == nullptr || room == 0) return -1;
  std::u32string wide_format;
  for (const wchar_t* at = format; *at != L'\0'; ++at) wide_format += static_cast<char32_t>(*at);
  const std::u32string text =
      widen_text(format_text(rest.frame(), narrow_text(wide_format), arguments, 0));
  const std::uint64_t used = std::min<std::uint64_t>(text.size(), room - 1);
  if (!wide_room(machine, to, used + 1)) return -1;
  std::memcpy(reinterpret_cast<void*>(to), text.data(), 4 * used);
  std::memset(reinterpret_cast<void*>(to + 4 * used), 0, 4);
  if (text.size() < room) return static_cast<int>(text.size());
  errno = EOVERFLOW;
  return -1;
}
int swprintf_(GuestMachine& machine, std::uint64_t to, std::uint64_t room, const wchar_t* format,
              CallArguments& rest) {
  return put_wide(machine, to, room, format, rest, rest);
}
int vswprintf_(GuestMachine& machine, std::uint64_t to, std::uint64_t room, const wchar_t* format,
               std::uint64_t list, CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  return put_wide(machine, to, room, format, arguments, rest);
}

}  // namespace

void add_wide_functions(FunctionTable& table) {
  table.add("wcslen", &wcslen_);
  table.add("wcsnlen", &wcsnlen_);
  table.add("wcscmp", &wcscmp_);
  table.add("wcsncmp", &wcsncmp_);
  table.add("wcscasecmp", &wcscasecmp_);
  table.alias("wcscasecmp_l", "wcscasecmp");
  table.add("wcsncasecmp", &wcsncasecmp_);
  table.alias("wcsncasecmp_l", "wcsncasecmp");
  table.add("wcschr", &wcschr_);
  table.add("wcsrchr", &wcsrchr_);
  table.add("wcsstr", &wcsstr_);
  table.add("wcspbrk", &wcspbrk_);
  table.add("wcsspn", &wcsspn_);
  table.add("wcscspn", &wcscspn_);
  table.add("wmemcpy", &wmemcpy_);
  table.alias("wmemmove", "wmemcpy");
  table.add("wmempcpy", &wmempcpy_);
  table.add("wmemset", &wmemset_);
  table.add("wmemcmp", &wmemcmp_);
  table.add("wmemchr", &wmemchr_);
  table.add("wcscpy", &wcscpy_);
  table.add("wcpcpy", &wcpcpy_);
  table.add("wcsncpy", &wcsncpy_);
  table.add("wcscat", &wcscat_);
  table.add("wcsncat", &wcsncat_);
  table.add("wcslcpy", &wcslcpy_);
  table.add("wcslcat", &wcslcat_);
  table.add("wcsdup", &wcsdup_);
  table.add("wcstok", &wcstok_);
  table.add("mbrtowc", &mbrtowc_);
  table.alias("mbrtoc32", "mbrtowc");
  table.add("mbrlen", &mbrlen_);
  table.add("mbtowc", &mbtowc_);
  table.add("mblen", &mblen_);
  table.add("mbsinit", &mbsinit_);
  table.add("wcrtomb", &wcrtomb_);
  table.alias("c32rtomb", "wcrtomb");
  table.add("wctomb", &wctomb_);
  table.add("mbsnrtowcs", &mbsnrtowcs_);
  table.add("mbsrtowcs", &mbsrtowcs_);
  table.add("mbstowcs", &mbstowcs_);
  table.add("wcsnrtombs", &wcsnrtombs_);
  table.add("wcsrtombs", &wcsrtombs_);
  table.add("wcstombs", &wcstombs_);
  table.add("btowc", &btowc_);
  table.add("wctob", &wctob_);
  table.add("wcwidth", &wcwidth_);
  table.add("wcstol", &wcstol_);
  for (const char* name : {"wcstoll", "wcstol_l", "wcstoll_l", "wcstoimax"})
    table.alias(name, "wcstol");
  table.add("wcstoul", &wcstoul_);
  for (const char* name : {"wcstoull", "wcstoul_l", "wcstoull_l", "wcstoumax"})
    table.alias(name, "wcstoul");
  table.add("wcstod", &wcstod_);
  table.alias("wcstod_l", "wcstod");
  table.add("wcstof", &wcstof_);
  table.alias("wcstof_l", "wcstof");
  table.add("swprintf", &swprintf_);
  table.add("vswprintf", &vswprintf_);
}

}  // namespace dl::guest
