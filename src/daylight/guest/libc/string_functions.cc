// SPDX-License-Identifier: Apache-2.0
// Functions on texts, characters and numbers in text.
#include <strings.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

std::uint64_t address_of_text(const char* text) { return reinterpret_cast<std::uint64_t>(text); }

// Whether a text with its zero may be put at `to`; refuses if not.
bool room_for(GuestMachine& machine, std::uint64_t to, std::uint64_t size) {
  if (machine.arena.allows(to, size, kPageWrite)) return true;
  machine.raise(GuestFault::Kind::kMemory, "a text is copied to where it does not fit");
  return false;
}

// Bytes of a text of at most `most`, which need not end.
std::uint64_t length_up_to(GuestMachine& machine, std::uint64_t text, std::uint64_t most) {
  std::uint64_t size = 0;
  while (size < most) {
    if ((machine.arena.access_at(text + size) & kPageRead) == 0) {
      machine.raise(GuestFault::Kind::kMemory, "a text is read where it is not readable");
      return size;
    }
    const std::uint64_t part = std::min(kGuestPage - (text + size) % kGuestPage, most - size);
    const std::size_t found = strnlen(reinterpret_cast<const char*>(text + size), part);
    size += found;
    if (found < part) return size;
  }
  return size;
}

std::uint64_t strlen_(const char* text) { return text == nullptr ? 0 : std::strlen(text); }
std::uint64_t strlen_chk(const char* text, std::uint64_t) { return strlen_(text); }
std::uint64_t strnlen_(GuestMachine& machine, std::uint64_t text, std::uint64_t most) {
  return length_up_to(machine, text, most);
}
int strcmp_(const char* a, const char* b) { return std::strcmp(a, b); }
int strcasecmp_(const char* a, const char* b) { return strcasecmp(a, b); }
int strcoll_(const char* a, const char* b) { return std::strcmp(a, b); }

int compare(GuestMachine& machine, std::uint64_t a, std::uint64_t b, std::uint64_t most,
            bool fold) {
  const std::uint64_t size_a = length_up_to(machine, a, most);
  const std::uint64_t size_b = length_up_to(machine, b, most);
  if (machine.engine.faulted()) return 0;
  const auto size = static_cast<std::size_t>(std::min(most, std::max(size_a, size_b)));
  const std::string text_a(reinterpret_cast<const char*>(a), size_a);
  const std::string text_b(reinterpret_cast<const char*>(b), size_b);
  return fold ? strncasecmp(text_a.c_str(), text_b.c_str(), size)
              : std::strncmp(text_a.c_str(), text_b.c_str(), size);
}
int strncmp_(GuestMachine& machine, std::uint64_t a, std::uint64_t b, std::uint64_t most) {
  return compare(machine, a, b, most, false);
}
int strncasecmp_(GuestMachine& machine, std::uint64_t a, std::uint64_t b, std::uint64_t most) {
  return compare(machine, a, b, most, true);
}

std::uint64_t strchr_(const char* text, int c) { return address_of_text(std::strchr(text, c)); }
std::uint64_t strchr_chk(const char* text, int c, std::uint64_t) { return strchr_(text, c); }
std::uint64_t strrchr_(const char* text, int c) { return address_of_text(std::strrchr(text, c)); }
std::uint64_t strrchr_chk(const char* text, int c, std::uint64_t) { return strrchr_(text, c); }
std::uint64_t strstr_(const char* text, const char* what) {
  return address_of_text(std::strstr(text, what));
}
std::uint64_t strcasestr_(const char* text, const char* what) {
  return address_of_text(strcasestr(text, what));
}
std::uint64_t strpbrk_(const char* text, const char* set) {
  return address_of_text(std::strpbrk(text, set));
}
std::uint64_t strspn_(const char* text, const char* set) { return std::strspn(text, set); }
std::uint64_t strcspn_(const char* text, const char* set) { return std::strcspn(text, set); }

std::uint64_t strcpy_(GuestMachine& machine, std::uint64_t to, const char* from) {
  const std::size_t size = std::strlen(from) + 1;
  if (room_for(machine, to, size)) std::memmove(reinterpret_cast<void*>(to), from, size);
  return to;
}
std::uint64_t stpcpy_(GuestMachine& machine, std::uint64_t to, const char* from) {
  return strcpy_(machine, to, from) + std::strlen(from);
}
std::uint64_t strncpy_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                       std::uint64_t size) {
  const std::uint64_t used = length_up_to(machine, from, size);
  if (machine.engine.faulted() || !room_for(machine, to, size)) return to;
  std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), used);
  std::memset(reinterpret_cast<void*>(to + used), 0, size - used);
  return to;
}
std::uint64_t strcat_(GuestMachine& machine, std::uint64_t to, const char* from) {
  const auto had = machine.arena.text(to);
  if (!had) {
    machine.raise(GuestFault::Kind::kMemory, "a text is read where it is not readable");
    return to;
  }
  strcpy_(machine, to + had->size(), from);
  return to;
}
std::uint64_t strncat_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                       std::uint64_t most) {
  const auto had = machine.arena.text(to);
  const std::uint64_t used = length_up_to(machine, from, most);
  if (!had || machine.engine.faulted() || !room_for(machine, to + had->size(), used + 1)) return to;
  std::memmove(reinterpret_cast<void*>(to + had->size()), reinterpret_cast<const void*>(from),
               used);
  *reinterpret_cast<char*>(to + had->size() + used) = '\0';
  return to;
}
std::uint64_t strlcpy_(GuestMachine& machine, std::uint64_t to, const char* from,
                       std::uint64_t room) {
  const std::uint64_t size = std::strlen(from);
  if (room == 0) return size;
  const std::uint64_t used = std::min(size, room - 1);
  if (!room_for(machine, to, used + 1)) return size;
  std::memmove(reinterpret_cast<void*>(to), from, used);
  *reinterpret_cast<char*>(to + used) = '\0';
  return size;
}
std::uint64_t strlcat_(GuestMachine& machine, std::uint64_t to, const char* from,
                       std::uint64_t room) {
  const std::uint64_t had = length_up_to(machine, to, room);
  if (had == room) return room + std::strlen(from);
  return had + strlcpy_(machine, to + had, from, room - had);
}
std::uint64_t strdup_(GuestMachine& machine, const char* text) { return machine.new_text(text); }
std::uint64_t strndup_(GuestMachine& machine, std::uint64_t text, std::uint64_t most) {
  const std::uint64_t size = length_up_to(machine, text, most);
  return machine.new_text({reinterpret_cast<const char*>(text), size});
}

// The checked forms: room of the object as the last argument.
bool fits(GuestMachine& machine, const char* name, std::uint64_t size, std::uint64_t room) {
  if (size <= room) return true;
  machine.raise(GuestFault::Kind::kAbort, std::string(name) + ": the buffer is too small");
  return false;
}
std::uint64_t strcpy_chk(GuestMachine& machine, std::uint64_t to, const char* from,
                         std::uint64_t room) {
  return fits(machine, "strcpy", std::strlen(from) + 1, room) ? strcpy_(machine, to, from) : to;
}
std::uint64_t strncpy_chk(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                          std::uint64_t size, std::uint64_t room) {
  return fits(machine, "strncpy", size, room) ? strncpy_(machine, to, from, size) : to;
}
std::uint64_t strcat_chk(GuestMachine& machine, std::uint64_t to, const char* from,
                         std::uint64_t room) {
  const auto had = machine.arena.text(to);
  const std::uint64_t size = (had ? had->size() : 0) + std::strlen(from) + 1;
  return fits(machine, "strcat", size, room) ? strcat_(machine, to, from) : to;
}
std::uint64_t strncat_chk(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                          std::uint64_t most, std::uint64_t) {
  return strncat_(machine, to, from, most);
}
std::uint64_t strlcpy_chk(GuestMachine& machine, std::uint64_t to, const char* from,
                          std::uint64_t room, std::uint64_t object) {
  return fits(machine, "strlcpy", room, object) ? strlcpy_(machine, to, from, room) : 0;
}

std::uint64_t strlcat_chk(GuestMachine& machine, std::uint64_t to, const char* from,
                          std::uint64_t room, std::uint64_t object) {
  return fits(machine, "strlcat", room, object) ? strlcat_(machine, to, from, room) : 0;
}
std::uint64_t stpncpy_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                       std::uint64_t size) {
  return strncpy_(machine, to, from, size) + length_up_to(machine, to, size);
}
std::uint64_t stpcpy_chk(GuestMachine& machine, std::uint64_t to, const char* from,
                         std::uint64_t room) {
  return fits(machine, "stpcpy", std::strlen(from) + 1, room) ? stpcpy_(machine, to, from) : to;
}
std::uint64_t stpncpy_chk(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                          std::uint64_t size, std::uint64_t room) {
  return fits(machine, "stpncpy", size, room) ? stpncpy_(machine, to, from, size) : to;
}
std::uint64_t strchrnul_(const char* text, int c) { return address_of_text(::strchrnul(text, c)); }
int strverscmp_(const char* a, const char* b) { return ::strverscmp(a, b); }
int ffs_(int x) { return ::ffs(x); }
int ffsl_(long x) { return ::ffsl(x); }

// Ends at the first of `separators` and goes on behind it; empty parts count.
std::uint64_t strsep_(GuestMachine& machine, std::uint64_t* rest, const char* separators) {
  if (rest == nullptr || *rest == 0) return 0;
  const std::uint64_t at = *rest;
  const auto whole = machine.arena.text(at);
  if (!whole) {
    machine.raise(GuestFault::Kind::kMemory, "a text is read where it is not readable");
    return 0;
  }
  const std::uint64_t size = std::strcspn(reinterpret_cast<const char*>(at), separators);
  if (*reinterpret_cast<const char*>(at + size) == '\0') {
    *rest = 0;
    return at;
  }
  if (!room_for(machine, at + size, 1)) return 0;
  *reinterpret_cast<char*>(at + size) = '\0';
  *rest = at + size + 1;
  return at;
}

std::uint64_t strtok_r_(GuestMachine& machine, std::uint64_t text, const char* separators,
                        std::uint64_t* rest) {
  std::uint64_t at = text != 0 ? text : *rest;
  if (at == 0) return 0;
  const auto whole = machine.arena.text(at);
  if (!whole) {
    machine.raise(GuestFault::Kind::kMemory, "a text is read where it is not readable");
    return 0;
  }
  at += std::strspn(reinterpret_cast<const char*>(at), separators);
  const std::uint64_t size = std::strcspn(reinterpret_cast<const char*>(at), separators);
  if (size == 0) {
    *rest = 0;
    return 0;
  }
  char* const end = reinterpret_cast<char*>(at + size);
  if (*end == '\0') {
    *rest = 0;
  } else {
    if (!room_for(machine, at + size, 1)) return 0;
    *end = '\0';
    *rest = at + size + 1;
  }
  return at;
}

struct TokenRest {
  explicit TokenRest(GuestMachine&) {}
  std::uint64_t rest = 0;
};
std::uint64_t strtok_(GuestMachine& machine, std::uint64_t text, const char* separators) {
  return strtok_r_(machine, text, separators, &machine.part<TokenRest>().rest);
}
std::uint64_t strerror_(GuestMachine& machine, int error) {
  return machine.constant_text(std::strerror(error));
}
int strerror_r_(GuestMachine& machine, int error, std::uint64_t to, std::uint64_t room) {
  strlcpy_(machine, to, std::strerror(error), room);
  return 0;
}
std::uint64_t gnu_strerror_r_(GuestMachine& machine, int error, std::uint64_t to,
                              std::uint64_t room) {
  strlcpy_(machine, to, std::strerror(error), room);
  return to;
}

// ---- numbers: the end of what was read goes back to the guest ----

template <typename T>
T with_end(const char* text, std::uint64_t* end, const char* stop, T value) {
  (void)text;
  if (end != nullptr) *end = address_of_text(stop);
  return value;
}
long strtol_(const char* text, std::uint64_t* end, int base) {
  char* stop = nullptr;
  const long made = std::strtol(text, &stop, base);
  return with_end(text, end, stop, made);
}
unsigned long strtoul_(const char* text, std::uint64_t* end, int base) {
  char* stop = nullptr;
  const unsigned long made = std::strtoul(text, &stop, base);
  return with_end(text, end, stop, made);
}
double strtod_(const char* text, std::uint64_t* end) {
  char* stop = nullptr;
  const double made = std::strtod(text, &stop);
  return with_end(text, end, stop, made);
}
float strtof_(const char* text, std::uint64_t* end) {
  char* stop = nullptr;
  const float made = std::strtof(text, &stop);
  return with_end(text, end, stop, made);
}
int atoi_(const char* text) { return static_cast<int>(std::strtol(text, nullptr, 10)); }
long atol_(const char* text) { return std::strtol(text, nullptr, 10); }
double atof_(const char* text) { return std::strtod(text, nullptr); }

// ---- characters: those of the "C" locale, as bionic has them ----

int is_upper(int c) { return c >= 'A' && c <= 'Z' ? 1 : 0; }
int is_lower(int c) { return c >= 'a' && c <= 'z' ? 1 : 0; }
int is_alpha(int c) { return is_upper(c) | is_lower(c); }
int is_digit(int c) { return c >= '0' && c <= '9' ? 1 : 0; }
int is_alnum(int c) { return is_alpha(c) | is_digit(c); }
int is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r') ? 1 : 0; }
int is_blank(int c) { return c == ' ' || c == '\t' ? 1 : 0; }
int is_print(int c) { return c >= 0x20 && c < 0x7f ? 1 : 0; }
int is_graph(int c) { return c > 0x20 && c < 0x7f ? 1 : 0; }
int is_punct(int c) { return is_graph(c) != 0 && is_alnum(c) == 0 ? 1 : 0; }
int is_cntrl(int c) { return (c >= 0 && c < 0x20) || c == 0x7f ? 1 : 0; }
int is_xdigit(int c) {
  return is_digit(c) != 0 || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ? 1 : 0;
}
int is_ascii(int c) { return c >= 0 && c < 0x80 ? 1 : 0; }
int to_lower_(int c) { return is_upper(c) != 0 ? c + 32 : c; }
int to_upper_(int c) { return is_lower(c) != 0 ? c - 32 : c; }

// bionic's table for older code: one flag byte a character, the first for EOF.
std::uint64_t character_table(GuestMachine& machine) {
  const std::uint64_t table = machine.heap.allocate(257 + 16);
  if (table == 0) return 0;
  auto* const flags = reinterpret_cast<std::uint8_t*>(table);
  flags[0] = 0;
  for (int c = 0; c < 256; ++c) {
    int flag = is_upper(c) | is_lower(c) << 1 | is_digit(c) << 2 | is_space(c) << 3 |
               is_punct(c) << 4 | is_cntrl(c) << 5;
    if (is_xdigit(c) != 0 && is_digit(c) == 0) flag |= 0x40;
    if (c == ' ') flag |= 0x80;
    flags[c + 1] = static_cast<std::uint8_t>(flag);
  }
  // The datum is a pointer to it.
  const std::uint64_t slot = machine.heap.allocate(8);
  if (slot != 0) std::memcpy(reinterpret_cast<void*>(slot), &table, 8);
  return slot;
}

}  // namespace

void add_string_functions(FunctionTable& table) {
  table.add("strlen", &strlen_);
  table.add("__strlen_chk", &strlen_chk);
  table.add("strnlen", &strnlen_);
  table.add("strcmp", &strcmp_);
  table.add("strncmp", &strncmp_);
  table.add("strcasecmp", &strcasecmp_);
  table.add("strncasecmp", &strncasecmp_);
  table.add("strcoll", &strcoll_);
  table.add("strchr", &strchr_);
  table.alias("index", "strchr");
  table.add("__strchr_chk", &strchr_chk);
  table.add("strrchr", &strrchr_);
  table.add("__strrchr_chk", &strrchr_chk);
  table.add("strstr", &strstr_);
  table.add("strcasestr", &strcasestr_);
  table.add("strpbrk", &strpbrk_);
  table.add("strspn", &strspn_);
  table.add("strcspn", &strcspn_);
  table.add("strcpy", &strcpy_);
  table.add("stpcpy", &stpcpy_);
  table.add("strncpy", &strncpy_);
  table.add("strcat", &strcat_);
  table.add("strncat", &strncat_);
  table.add("strlcpy", &strlcpy_);
  table.add("strlcat", &strlcat_);
  table.add("strdup", &strdup_);
  table.add("strndup", &strndup_);
  table.add("__strcpy_chk", &strcpy_chk);
  table.add("__strncpy_chk", &strncpy_chk);
  table.add("__strncpy_chk2", &strncpy_chk);
  table.add("__strcat_chk", &strcat_chk);
  table.add("__strncat_chk", &strncat_chk);
  table.add("__strlcpy_chk", &strlcpy_chk);
  table.add("__strlcat_chk", &strlcat_chk);
  table.add("stpncpy", &stpncpy_);
  table.add("__stpcpy_chk", &stpcpy_chk);
  table.add("__stpncpy_chk", &stpncpy_chk);
  table.add("__stpncpy_chk2", &stpncpy_chk);
  table.add("strchrnul", &strchrnul_);
  table.add("strverscmp", &strverscmp_);
  table.add("ffs", &ffs_);
  table.add("ffsl", &ffsl_);
  table.alias("ffsll", "ffsl");
  table.add("strsep", &strsep_);
  table.add("strtok", &strtok_);
  table.add("strtok_r", &strtok_r_);
  table.add("strerror", &strerror_);
  table.add("strerror_r", &strerror_r_);
  table.add("__gnu_strerror_r", &gnu_strerror_r_);
  table.add("strtol", &strtol_);
  for (const char* name : {"strtoll", "strtoll_l", "strtol_l", "strtoimax", "strtoq"})
    table.alias(name, "strtol");
  table.add("strtoul", &strtoul_);
  for (const char* name : {"strtoull", "strtoull_l", "strtoul_l", "strtoumax", "strtouq"})
    table.alias(name, "strtoul");
  table.add("strtod", &strtod_);
  table.alias("strtod_l", "strtod");
  table.add("strtof", &strtof_);
  table.alias("strtof_l", "strtof");
  table.add("atoi", &atoi_);
  table.add("atol", &atol_);
  table.alias("atoll", "atol");
  table.add("atof", &atof_);
  const std::pair<const char*, int (*)(int)> characters[] = {
      {"isupper", &is_upper},  {"islower", &is_lower}, {"isalpha", &is_alpha},
      {"isdigit", &is_digit},  {"isalnum", &is_alnum}, {"isspace", &is_space},
      {"isblank", &is_blank},  {"isprint", &is_print}, {"isgraph", &is_graph},
      {"ispunct", &is_punct},  {"iscntrl", &is_cntrl}, {"isxdigit", &is_xdigit},
      {"tolower", &to_lower_}, {"toupper", &to_upper_}};
  for (const auto& [name, function] : characters) {
    table.add(name, function);
    table.add(std::string(name) + "_l", function);
  }
  table.add("isascii", &is_ascii);
  table.add_data("_ctype_", &character_table);
}

}  // namespace dl::guest
