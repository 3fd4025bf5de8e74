// SPDX-License-Identifier: Apache-2.0
// The one locale that there is: C with UTF-8, as bionic has it; and the classes of wide characters.
#include <langinfo.h>
#include <locale.h>
#include <wchar.h>
#include <wctype.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/wide_text.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

// ---- the locale and what it says ----

std::uint64_t newlocale_(GuestMachine& machine, int, const char*, std::uint64_t) {
  return machine.constant_text("C.locale");
}
std::uint64_t duplocale_(GuestMachine& machine, std::uint64_t) {
  return machine.constant_text("C.locale");
}
void freelocale_(std::uint64_t) {}
std::uint64_t uselocale_(GuestMachine& machine, std::uint64_t) {
  return machine.constant_text("C.locale");
}
// Null for locales that a phone does not have either.
std::uint64_t setlocale_(GuestMachine& machine, int, const char* name) {
  if (name != nullptr && *name != '\0') {
    const std::string_view wanted = name;
    if (wanted != "C" && wanted != "POSIX" && wanted != "C.UTF-8" && wanted != "en_US.UTF-8")
      return 0;
  }
  return machine.constant_text("C.UTF-8");
}
std::uint64_t mb_cur_max() { return 4; }

// struct lconv: ten texts and fourteen numbers of a byte, CHAR_MAX where the locale says nothing.
struct LocaleFacts {
  explicit LocaleFacts(GuestMachine& machine) : address(machine.heap.allocate(96, 16, true)) {
    if (address == 0) return;
    std::uint64_t texts[10];
    std::fill(std::begin(texts), std::end(texts), machine.constant_text(""));
    texts[0] = machine.constant_text(".");
    std::memcpy(reinterpret_cast<void*>(address), texts, sizeof(texts));
    // char has no sign on arm64.
    std::memset(reinterpret_cast<void*>(address + sizeof(texts)), machine.arm64 ? 255 : 127, 14);
  }
  std::uint64_t address;
};
std::uint64_t localeconv_(GuestMachine& machine) { return machine.part<LocaleFacts>().address; }

// bionic's numbers of nl_langinfo items, from 1.
constexpr std::array<const char*, 56> kLanguageItems = {
    "",          "UTF-8",   "%F %T %z", "%F",       "%T",      "%I:%M:%S %p",
    "AM",        "PM",      "Sunday",   "Monday",   "Tuesday", "Wednesday",
    "Thursday",  "Friday",  "Saturday", "Sun",      "Mon",     "Tue",
    "Wed",       "Thu",     "Fri",      "Sat",      "January", "February",
    "March",     "April",   "May",      "June",     "July",    "August",
    "September", "October", "November", "December", "Jan",     "Feb",
    "Mar",       "Apr",     "May",      "Jun",      "Jul",     "Aug",
    "Sep",       "Oct",     "Nov",      "Dec",      "",        "",
    "",          "",        "",         ".",        "",        "^[yY]",
    "^[nN]",     "-"};
std::uint64_t nl_langinfo_(GuestMachine& machine, int item) {
  const bool known = item > 0 && static_cast<std::size_t>(item) < kLanguageItems.size();
  return machine.constant_text(known ? kLanguageItems[static_cast<std::size_t>(item)] : "");
}

// ---- collation: by code ----

int strcoll_l_(const char* a, const char* b, std::uint64_t) { return std::strcmp(a, b); }
int wcscoll_(const wchar_t* a, const wchar_t* b) { return ::wcscmp(a, b); }

std::uint64_t strxfrm_(GuestMachine& machine, std::uint64_t to, const char* from,
                       std::uint64_t room) {
  const std::uint64_t size = std::strlen(from);
  const std::uint64_t used = std::min(size + 1, room);
  if (used == 0) return size;
  if (!machine.arena.allows(to, used, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "strxfrm: the buffer is not writable");
    return size;
  }
  std::memmove(reinterpret_cast<void*>(to), from, used);
  return size;
}
std::uint64_t wcsxfrm_(GuestMachine& machine, std::uint64_t to, const wchar_t* from,
                       std::uint64_t room) {
  const std::uint64_t size = ::wcslen(from);
  const std::uint64_t used = std::min(size + 1, room);
  if (used == 0) return size;
  if (used > (std::uint64_t{1} << 40U) || !machine.arena.allows(to, 4 * used, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "wcsxfrm: the buffer is not writable");
    return size;
  }
  std::memmove(reinterpret_cast<void*>(to), from, 4 * used);
  return size;
}

// ---- classes of wide characters, by Unicode as this machine's library has it ----

locale_t unicode() {
  static const locale_t kLocale = [] {
    const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return utf8 != nullptr ? utf8 : ::newlocale(LC_CTYPE_MASK, "C", nullptr);
  }();
  return kLocale;
}

template <int (*kIs)(wint_t, locale_t) noexcept>
int is_wide(std::uint32_t c) {
  return kIs(c, unicode()) != 0 ? 1 : 0;
}
std::uint32_t tow_lower(std::uint32_t c) { return ::towlower_l(c, unicode()); }
std::uint32_t tow_upper(std::uint32_t c) { return ::towupper_l(c, unicode()); }

struct WideClass {
  const char* name;
  int (*test)(std::uint32_t);
};
constexpr std::array<WideClass, 12> kWideClasses = {{{"alnum", &is_wide<::iswalnum_l>},
                                                     {"alpha", &is_wide<::iswalpha_l>},
                                                     {"blank", &is_wide<::iswblank_l>},
                                                     {"cntrl", &is_wide<::iswcntrl_l>},
                                                     {"digit", &is_wide<::iswdigit_l>},
                                                     {"graph", &is_wide<::iswgraph_l>},
                                                     {"lower", &is_wide<::iswlower_l>},
                                                     {"print", &is_wide<::iswprint_l>},
                                                     {"punct", &is_wide<::iswpunct_l>},
                                                     {"space", &is_wide<::iswspace_l>},
                                                     {"upper", &is_wide<::iswupper_l>},
                                                     {"xdigit", &is_wide<::iswxdigit_l>}}};

// The numbers of the classes count from 1; 0 is none.
std::uint64_t wctype_(const char* name) {
  for (std::size_t i = 0; i < kWideClasses.size(); ++i) {
    if (std::strcmp(name, kWideClasses[i].name) == 0) return i + 1;
  }
  return 0;
}
int iswctype_(std::uint32_t c, std::uint64_t which) {
  return which == 0 || which > kWideClasses.size() ? 0 : kWideClasses[which - 1].test(c);
}
std::uint64_t wctrans_(const char* name) {
  if (std::strcmp(name, "tolower") == 0) return 1;
  if (std::strcmp(name, "toupper") == 0) return 2;
  errno = EINVAL;
  return 0;
}
std::uint32_t towctrans_(std::uint32_t c, std::uint64_t which) {
  if (which == 1) return tow_lower(c);
  return which == 2 ? tow_upper(c) : c;
}

// ---- wcsftime ----

std::uint64_t wcsftime_(GuestMachine& machine, std::uint64_t to, std::uint64_t room,
                        const wchar_t* format, std::uint64_t parts) {
  const auto bytes = machine.arena.bytes(parts, sizeof(struct tm));
  std::uint64_t size = 0;
  if (!bytes || __builtin_mul_overflow(room, 4, &size) ||
      !machine.arena.allows(to, size, kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "wcsftime: memory that may not be used so");
    return 0;
  }
  struct tm copy = {};
  std::memcpy(&copy, bytes->data(), sizeof(copy));
  copy.tm_zone = "UTC";
  std::u32string wide;
  for (const wchar_t* at = format; *at != L'\0'; ++at) wide += static_cast<char32_t>(*at);
  std::array<char, 4096> narrow{};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  const std::size_t made =
      ::strftime(narrow.data(), narrow.size(), narrow_text(wide).c_str(), &copy);
#pragma GCC diagnostic pop
  const std::u32string out = widen_text({narrow.data(), made});
  if (out.size() >= room) return 0;
  std::memcpy(reinterpret_cast<void*>(to), out.c_str(), 4 * (out.size() + 1));
  return out.size();
}

}  // namespace

void add_locale_functions(FunctionTable& table) {
  table.add("newlocale", &newlocale_);
  table.add("duplocale", &duplocale_);
  table.add("freelocale", &freelocale_);
  table.add("uselocale", &uselocale_);
  table.add("setlocale", &setlocale_);
  table.add("__ctype_get_mb_cur_max", &mb_cur_max);
  table.add("localeconv", &localeconv_);
  table.add("nl_langinfo", &nl_langinfo_);
  table.alias("nl_langinfo_l", "nl_langinfo");
  table.add("strcoll_l", &strcoll_l_);
  table.add("wcscoll", &wcscoll_);
  table.alias("wcscoll_l", "wcscoll");
  table.add("strxfrm", &strxfrm_);
  table.alias("strxfrm_l", "strxfrm");
  table.add("wcsxfrm", &wcsxfrm_);
  table.alias("wcsxfrm_l", "wcsxfrm");
  for (const WideClass& each : kWideClasses) {
    table.add(std::string("isw") + each.name, each.test);
    table.add(std::string("isw") + each.name + "_l", each.test);
  }
  for (const char* suffix : {"", "_l"}) {
    table.add(std::string("towlower") + suffix, &tow_lower);
    table.add(std::string("towupper") + suffix, &tow_upper);
    table.add(std::string("wctype") + suffix, &wctype_);
    table.add(std::string("iswctype") + suffix, &iswctype_);
    table.add(std::string("wctrans") + suffix, &wctrans_);
    table.add(std::string("towctrans") + suffix, &towctrans_);
    table.add(std::string("wcsftime") + suffix, &wcsftime_);
  }
}

}  // namespace dl::guest
