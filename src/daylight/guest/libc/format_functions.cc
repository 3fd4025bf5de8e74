// SPDX-License-Identifier: Apache-2.0
// The printf family into memory, and Android's log.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/text_format.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr int kFatal = 7;  // ANDROID_LOG_FATAL

int guest_errno(GuestMachine& machine) {
  int out = 0;
  std::memcpy(&out, reinterpret_cast<void*>(machine.engine.thread_block() + kErrnoSlot),
              sizeof(out));
  return out;
}

std::string made(GuestMachine& machine, const char* format, ArgumentSource& arguments,
                 CallArguments& rest) {
  if (format == nullptr) return "";
  return format_text(rest.frame(), format, arguments, guest_errno(machine));
}

// As much as fits, always ended; the length of the whole.
int put(GuestMachine& machine, std::uint64_t to, std::uint64_t room, const std::string& text,
        CallArguments& rest) {
  if (room == 0) return static_cast<int>(text.size());
  const std::uint64_t size = std::min<std::uint64_t>(text.size(), room - 1);
  if (!machine.arena.allows(to, size + 1, kPageWrite)) {
    rest.frame().refuse("the buffer to print into is not writable");
    return -1;
  }
  std::memcpy(reinterpret_cast<void*>(to), text.data(), size);
  *reinterpret_cast<char*>(to + size) = '\0';
  return static_cast<int>(text.size());
}

constexpr std::uint64_t kAnyRoom = std::uint64_t{1} << 31U;

int snprintf_(GuestMachine& machine, std::uint64_t to, std::uint64_t room, const char* format,
              CallArguments& rest) {
  return put(machine, to, room, made(machine, format, rest, rest), rest);
}
int vsnprintf_(GuestMachine& machine, std::uint64_t to, std::uint64_t room, const char* format,
               std::uint64_t list, CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  return put(machine, to, room, made(machine, format, arguments, rest), rest);
}
int sprintf_(GuestMachine& machine, std::uint64_t to, const char* format, CallArguments& rest) {
  return put(machine, to, kAnyRoom, made(machine, format, rest, rest), rest);
}
int vsprintf_(GuestMachine& machine, std::uint64_t to, const char* format, std::uint64_t list,
              CallArguments& rest) {
  return vsnprintf_(machine, to, kAnyRoom, format, list, rest);
}
// to, supplied room, flags, room of the object, format
int snprintf_chk(GuestMachine& machine, std::uint64_t to, std::uint64_t room, int,
                 std::uint64_t object, const char* format, CallArguments& rest) {
  return put(machine, to, std::min(room, object), made(machine, format, rest, rest), rest);
}
int vsnprintf_chk(GuestMachine& machine, std::uint64_t to, std::uint64_t room, int,
                  std::uint64_t object, const char* format, std::uint64_t list,
                  CallArguments& rest) {
  return vsnprintf_(machine, to, std::min(room, object), format, list, rest);
}
int sprintf_chk(GuestMachine& machine, std::uint64_t to, int, std::uint64_t object,
                const char* format, CallArguments& rest) {
  return put(machine, to, std::min(kAnyRoom, object), made(machine, format, rest, rest), rest);
}
int vsprintf_chk(GuestMachine& machine, std::uint64_t to, int, std::uint64_t object,
                 const char* format, std::uint64_t list, CallArguments& rest) {
  return vsnprintf_(machine, to, std::min(kAnyRoom, object), format, list, rest);
}
int allocate_text(GuestMachine& machine, std::uint64_t* to, const std::string& text) {
  *to = machine.new_text(text);
  return *to == 0 ? -1 : static_cast<int>(text.size());
}
int asprintf_(GuestMachine& machine, std::uint64_t* to, const char* format, CallArguments& rest) {
  return allocate_text(machine, to, made(machine, format, rest, rest));
}
int vasprintf_(GuestMachine& machine, std::uint64_t* to, const char* format, std::uint64_t list,
               CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  return allocate_text(machine, to, made(machine, format, arguments, rest));
}

// ---- liblog ----

// A copy: events are kept under locks.
std::string shown(GuestMachine& machine, const char* text) {
  return machine.copy_text(text).value_or("");
}

int log_print(GuestMachine& machine, int priority, const char* tag, const char* format,
              CallArguments& rest) {
  machine.events.log(priority, shown(machine, tag), made(machine, format, rest, rest));
  return 1;
}
int log_vprint(GuestMachine& machine, int priority, const char* tag, const char* format,
               std::uint64_t list, CallArguments& rest) {
  VaListArguments arguments(rest.frame(), list);
  machine.events.log(priority, shown(machine, tag), made(machine, format, arguments, rest));
  return 1;
}
int log_write(GuestMachine& machine, int priority, const char* tag, const char* text) {
  machine.events.log(priority, shown(machine, tag), shown(machine, text));
  return 1;
}
int log_buf_write(GuestMachine& machine, int, int priority, const char* tag, const char* text) {
  return log_write(machine, priority, tag, text);
}
void log_assert(GuestMachine& machine, const char* condition, const char* tag, const char* format,
                CallArguments& rest) {
  std::string text = made(machine, format, rest, rest);
  if (format == nullptr && condition != nullptr)
    text = "assertion failed: " + std::string(condition);
  machine.events.log(kFatal, shown(machine, tag), text);
  machine.raise(GuestFault::Kind::kAbort, text);
}
int log_is_loggable(int, const char*, int) { return 1; }

void syslog_(GuestMachine& machine, int, const char* format, CallArguments& rest) {
  machine.events.log(4, "syslog", made(machine, format, rest, rest));
}
void openlog_(const char*, int, int) {}
void closelog_() {}

}  // namespace

void add_format_functions(FunctionTable& table) {
  table.add("snprintf", &snprintf_);
  table.add("vsnprintf", &vsnprintf_);
  table.add("sprintf", &sprintf_);
  table.add("vsprintf", &vsprintf_);
  table.add("__snprintf_chk", &snprintf_chk);
  table.add("__vsnprintf_chk", &vsnprintf_chk);
  table.add("__sprintf_chk", &sprintf_chk);
  table.add("__vsprintf_chk", &vsprintf_chk);
  table.add("asprintf", &asprintf_);
  table.add("vasprintf", &vasprintf_);
  table.add("__android_log_print", &log_print);
  table.add("__android_log_vprint", &log_vprint);
  table.add("__android_log_write", &log_write);
  table.add("__android_log_buf_write", &log_buf_write);
  table.add("__android_log_assert", &log_assert);
  table.add("__android_log_is_loggable", &log_is_loggable);
  table.add("syslog", &syslog_);
  table.add("openlog", &openlog_);
  table.add("closelog", &closelog_);
}

}  // namespace dl::guest
