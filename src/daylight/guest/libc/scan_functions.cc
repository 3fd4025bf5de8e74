// SPDX-License-Identifier: Apache-2.0
// The scanf family: directives are checked one by one, this machine's own scanf reads.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "daylight/guest/libc/guest_streams.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr std::size_t kMaxScanned = 24;

// ---- scanf: every argument is a pointer that must be writable ----

// The pointers that a format takes; nothing where it takes too many or a long double.
bool take_pointers(GuestMachine& machine, std::string_view format, ArgumentSource& arguments,
                   std::array<void*, kMaxScanned>& out) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i >= format.size()) return true;
    if (format[i] == '%') continue;
    const bool ignored = format[i] == '*';
    while (i < format.size() && std::strchr("*0123456789hljztqL'm", format[i]) != nullptr) {
      if (format[i] == 'L' || format[i] == 'm') return false;
      ++i;
    }
    if (i < format.size() && format[i] == '[') {
      ++i;
      if (i < format.size() && format[i] == '^') ++i;
      if (i < format.size() && format[i] == ']') ++i;
      while (i < format.size() && format[i] != ']') ++i;
    }
    if (ignored) continue;
    const std::uint64_t address = arguments.next_integer();
    if (used >= kMaxScanned || (machine.arena.access_at(address) & kPageWrite) == 0) return false;
    out[used++] = reinterpret_cast<void*>(address);
  }
  return true;
}

int scan(GuestMachine& machine, const char* text, const char* format, ArgumentSource& arguments) {
  std::array<void*, kMaxScanned> p{};
  if (!take_pointers(machine, format, arguments, p)) {
    machine.raise(GuestFault::Kind::kArgument, "sscanf: a pointer cannot be written to");
    return -1;
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return std::sscanf(text, format, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9],
                     p[10], p[11], p[12], p[13], p[14], p[15], p[16], p[17], p[18], p[19], p[20],
                     p[21], p[22], p[23]);
#pragma GCC diagnostic pop
}
int scan_stream(GuestMachine& machine, std::uint64_t stream, const char* format,
                ArgumentSource& arguments) {
  std::FILE* const file = machine.part<Streams>().find(stream);
  std::array<void*, kMaxScanned> p{};
  if (file == nullptr) return EOF;
  if (!take_pointers(machine, format, arguments, p)) {
    machine.raise(GuestFault::Kind::kArgument, "fscanf: a pointer cannot be written to");
    return -1;
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  return std::fscanf(file, format, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9],
                     p[10], p[11], p[12], p[13], p[14], p[15], p[16], p[17], p[18], p[19], p[20],
                     p[21], p[22], p[23]);
#pragma GCC diagnostic pop
}
int fscanf_(GuestMachine& machine, std::uint64_t stream, const char* format, CallArguments& rest) {
  return scan_stream(machine, stream, format, rest);
}
int vfscanf_(GuestMachine& machine, std::uint64_t stream, const char* format, std::uint64_t list,
             CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  return scan_stream(machine, stream, format, arguments);
}
int sscanf_(GuestMachine& machine, const char* text, const char* format, CallArguments& rest) {
  return scan(machine, text, format, rest);
}
int vsscanf_(GuestMachine& machine, const char* text, const char* format, std::uint64_t list,
             CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  return scan(machine, text, format, arguments);
}

}  // namespace

void add_scan_functions(FunctionTable& table) {
  table.add("sscanf", &sscanf_);
  table.add("vsscanf", &vsscanf_);
  table.add("fscanf", &fscanf_);
  table.add("vfscanf", &vfscanf_);
}

}  // namespace dl::guest
