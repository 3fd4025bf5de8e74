// SPDX-License-Identifier: Apache-2.0
// The process and the device: its end, its settings, and what it can be asked.
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kPropertyValue = 92;  // PROP_VALUE_MAX

std::uint64_t errno_(GuestMachine& machine) { return machine.engine.thread_block() + kErrnoSlot; }

// ---- the end ----

struct LastWords {
  explicit LastWords(GuestMachine&) {}
  std::mutex mutex;
  std::string message;  // android_set_abort_message
};

void abort_(GuestMachine& machine) {
  LastWords& words = machine.part<LastWords>();
  const std::scoped_lock lock(words.mutex);
  machine.raise(GuestFault::Kind::kAbort,
                words.message.empty() ? "calls abort()" : "calls abort(): " + words.message);
}
void set_abort_message(GuestMachine& machine, const char* text) {
  std::string message = machine.copy_text(text).value_or("");
  LastWords& words = machine.part<LastWords>();
  const std::scoped_lock lock(words.mutex);
  words.message = std::move(message);
}
void stack_smashed(GuestMachine& machine) {
  machine.raise(GuestFault::Kind::kAbort, "has overwritten its stack's guard");
}
void assert_failed(GuestMachine& machine, const char* file, int line, const char* expression) {
  machine.raise(GuestFault::Kind::kAbort, std::string("assertion failed: ") + expression + " (" +
                                              file + ":" + std::to_string(line) + ")");
}
void assert_failed_in(GuestMachine& machine, const char* file, int line, const char*,
                      const char* expression) {
  assert_failed(machine, file, line, expression);
}
void exit_(GuestMachine& machine, int code) {
  machine.raise(GuestFault::Kind::kExit, "ends its process with code " + std::to_string(code));
}

// Destructors of static objects, by library: run when the library ends, last first.
struct ExitFunctions {
  explicit ExitFunctions(GuestMachine&) {}
  struct Function {
    std::uint64_t address = 0;
    std::uint64_t argument = 0;
    std::uint64_t library = 0;  // its __dso_handle
  };
  static constexpr std::size_t kMost = 1U << 20U;
  std::mutex mutex;
  std::vector<Function> functions;
};
int cxa_atexit(GuestMachine& machine, std::uint64_t function, std::uint64_t argument,
               std::uint64_t library) {
  ExitFunctions& all = machine.part<ExitFunctions>();
  const std::scoped_lock lock(all.mutex);
  if (all.functions.size() >= ExitFunctions::kMost) return -1;
  all.functions.push_back({function, argument, library});
  return 0;
}
int atexit_(GuestMachine& machine, std::uint64_t function) {
  return cxa_atexit(machine, function, 0, 0);
}
// Those of one library; of all for 0.
void cxa_finalize(GuestMachine& machine, std::uint64_t library) {
  ExitFunctions& all = machine.part<ExitFunctions>();
  while (!machine.engine.faulted()) {
    ExitFunctions::Function next;
    {
      const std::scoped_lock lock(all.mutex);
      const auto found =
          std::find_if(all.functions.rbegin(), all.functions.rend(),
                       [&](const auto& each) { return library == 0 || each.library == library; });
      if (found == all.functions.rend()) return;
      next = *found;
      all.functions.erase(std::next(found).base());
    }
    const std::uint64_t arguments[] = {next.argument};
    (void)machine.engine.call(next.address, arguments);
  }
}
int atfork(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t) { return 0; }

// ---- settings ----

const std::string* property(GuestMachine& machine, const std::string& name) {
  const auto found = machine.profile.properties.find(name);
  const bool there = found != machine.profile.properties.end();
  machine.events.lookup(
      {GuestLookup::What::kProperty, name, there, there ? found->second : std::string()});
  return there ? &found->second : nullptr;
}

int property_get(GuestMachine& machine, const char* name, std::uint64_t to) {
  if (!machine.arena.allows(to, kPropertyValue, kPageWrite)) {
    machine.raise(GuestFault::Kind::kArgument, "__system_property_get: no room for the value");
    return 0;
  }
  const std::string* const found = property(machine, name);
  const std::string text = found == nullptr ? std::string() : found->substr(0, kPropertyValue - 1);
  std::memcpy(reinterpret_cast<void*>(to), text.c_str(), text.size() + 1);
  return static_cast<int>(text.size());
}
// The handle is the name's own text.
std::uint64_t property_find(GuestMachine& machine, const char* name) {
  return property(machine, name) == nullptr ? 0 : machine.constant_text(name);
}
int property_read(GuestMachine& machine, const char* handle, std::uint64_t name, std::uint64_t to) {
  if (name != 0 && machine.arena.allows(name, std::strlen(handle) + 1, kPageWrite))
    std::memcpy(reinterpret_cast<void*>(name), handle, std::strlen(handle) + 1);
  return property_get(machine, handle, to);
}
void property_read_callback(GuestMachine& machine, const char* handle, std::uint64_t callback,
                            std::uint64_t cookie) {
  const std::string* const found = property(machine, handle);
  const std::uint64_t arguments[] = {
      cookie, machine.constant_text(handle),
      machine.constant_text(found == nullptr ? std::string() : *found), 1};
  (void)machine.engine.call(callback, arguments);
}

std::uint64_t getenv_(GuestMachine& machine, const char* name) {
  const auto found = machine.profile.environment.find(name);
  const bool there = found != machine.profile.environment.end();
  machine.events.lookup({GuestLookup::What::kSetting, std::string("getenv ") + name, there,
                         there ? found->second : std::string()});
  return there ? machine.constant_text(found->second) : 0;
}
int setenv_(const char*, const char*, int) { return 0; }

// ---- what the device is ----

// bionic's numbers for sysconf.
std::int64_t sysconf_(GuestMachine& machine, int what) {
  switch (what) {
    case 0x0006:  // _SC_CLK_TCK
      return 100;
    case 0x000b:  // _SC_OPEN_MAX
      return 32'768;
    case 0x0027:  // _SC_PAGESIZE
    case 0x0028:
      return static_cast<std::int64_t>(kGuestPage);
    case 0x0060:  // _SC_NPROCESSORS_CONF
    case 0x0061:  // _SC_NPROCESSORS_ONLN
      return machine.profile.cpu_count;
    case 0x0062:  // _SC_PHYS_PAGES
      return 971'073;
    case 0x0063:  // _SC_AVPHYS_PAGES
      return 350'504;
    case 0x0048:  // _SC_GETPW_R_SIZE_MAX
      return 1024;
    default:
      machine.events.lookup(
          {GuestLookup::What::kSetting, "sysconf " + std::to_string(what), false, ""});
      errno = EINVAL;
      return -1;
  }
}

std::uint64_t getauxval_(GuestMachine& machine, std::uint64_t what) {
  switch (what) {
    case AT_PAGESZ:
      return kGuestPage;
    case AT_HWCAP:
      return machine.profile.hwcap;
    case AT_HWCAP2:
      return machine.profile.hwcap2;
    case AT_CLKTCK:
      return 100;
    default:
      machine.events.lookup(
          {GuestLookup::What::kSetting, "getauxval " + std::to_string(what), false, ""});
      errno = ENOENT;
      return 0;
  }
}
int cpu_family(CallArguments& rest) { return rest.frame().is_arm64() ? 4 : 5; }
std::uint64_t cpu_features(GuestMachine& machine) { return machine.profile.hwcap; }
int cpu_count(GuestMachine& machine) { return machine.profile.cpu_count; }

std::uint64_t process_name(GuestMachine& machine) { return machine.constant_text("app_process64"); }
int getpid_() { return kGuestProcess; }
int getppid_() { return kGuestParent; }
int getuid_() { return kGuestUser; }

int prctl_(GuestMachine& machine, int option) {
  machine.events.lookup(
      {GuestLookup::What::kSetting, "prctl " + std::to_string(option), true, "ignored"});
  return 0;
}

}  // namespace

void add_process_functions(FunctionTable& table) {
  table.add("__errno", &errno_);
  table.add("abort", &abort_);
  table.add("android_set_abort_message", &set_abort_message);
  table.add("__stack_chk_fail", &stack_smashed);
  table.add("__assert", &assert_failed);
  table.add("__assert2", &assert_failed_in);
  table.add("exit", &exit_);
  for (const char* name : {"_exit", "_Exit", "quick_exit"}) table.alias(name, "exit");
  table.add("__cxa_atexit", &cxa_atexit);
  table.add("atexit", &atexit_);
  table.add("__cxa_finalize", &cxa_finalize);
  table.add("__register_atfork", &atfork);
  table.alias("pthread_atfork", "__register_atfork");
  table.add("__system_property_get", &property_get);
  table.add("__system_property_find", &property_find);
  table.add("__system_property_read", &property_read);
  table.add("__system_property_read_callback", &property_read_callback);
  table.add("getenv", &getenv_);
  table.add("setenv", &setenv_);
  table.add("sysconf", &sysconf_);
  table.add("getauxval", &getauxval_);
  table.add("android_getCpuFamily", &cpu_family);
  table.add("android_getCpuFeatures", &cpu_features);
  table.add("android_getCpuCount", &cpu_count);
  table.add("getprogname", &process_name);
  table.add("getpid", &getpid_);
  table.add("getppid", &getppid_);
  table.add("getuid", &getuid_);
  for (const char* name : {"geteuid", "getgid", "getegid"}) table.alias(name, "getuid");
  table.add("prctl", &prctl_);
  table.add_data("__stack_chk_guard", [](GuestMachine& machine) {
    const std::uint64_t slot = machine.heap.allocate(16);
    if (slot != 0)
      std::memcpy(reinterpret_cast<void*>(slot),
                  reinterpret_cast<void*>(machine.engine.thread_block() + kStackGuardSlot), 8);
    return slot;
  });
}

}  // namespace dl::guest
