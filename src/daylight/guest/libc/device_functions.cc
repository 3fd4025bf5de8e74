// SPDX-License-Identifier: Apache-2.0
// What a guest can ask about the device, its user and its limits; and other programs, which do not
// run here.
#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kMemory = std::uint64_t{3'884'292} << 10U;  // bytes, as the profiles say
constexpr std::uint64_t kFreeMemory = std::uint64_t{1'402'016} << 10U;

int put_bytes(GuestMachine& machine, std::uint64_t to, const void* from, std::size_t size) {
  if (!machine.arena.allows(to, size, kPageWrite)) {
    errno = EFAULT;
    return -1;
  }
  std::memcpy(reinterpret_cast<void*>(to), from, size);
  return 0;
}
void tell(GuestMachine& machine, const std::string& what) {
  machine.events.lookup({GuestLookup::What::kSetting, what, false, ""});
}

// ---- the device ----

int uname_(GuestMachine& machine, std::uint64_t to) {
  std::array<std::array<char, 65>, 6> fields{};
  const auto version = machine.profile.files.find("/proc/version");
  std::string release = "4.19.110";
  if (version != machine.profile.files.end() && version->second.starts_with("Linux version ")) {
    const std::string rest = version->second.substr(14);
    release = rest.substr(0, rest.find(' '));
  }
  const std::string texts[6] = {
      "Linux",      "localhost", release, "#1 SMP PREEMPT", machine.arm64 ? "aarch64" : "x86_64",
      "localdomain"};
  for (std::size_t i = 0; i < 6; ++i) texts[i].copy(fields[i].data(), 64);
  return put_bytes(machine, to, fields.data(), sizeof(fields));
}
int gethostname_(GuestMachine& machine, std::uint64_t to, std::uint64_t room) {
  constexpr std::string_view kName = "localhost";
  if (room > kName.size()) return put_bytes(machine, to, "localhost", kName.size() + 1);
  errno = ENAMETOOLONG;
  return -1;
}
// struct sysinfo: uptime, three loads, then memory in units of a byte.
int sysinfo_(GuestMachine& machine, std::uint64_t to) {
  std::array<std::uint64_t, 14> words{};
  timespec now{};
  machine.part<GuestClock>().now(CLOCK_BOOTTIME, now);
  words[0] = static_cast<std::uint64_t>(now.tv_sec);
  words[4] = kMemory;
  words[5] = kFreeMemory;
  words[10] = 500;  // processes, 16 bits
  words[13] = 1;    // bytes of a unit, 32 bits
  return put_bytes(machine, to, words.data(), sizeof(words));
}
int api_level(GuestMachine& machine) { return machine.profile.api_level; }
int load_average(GuestMachine&, std::uint64_t, int) { return -1; }

// ---- limits and use ----

int getrlimit_(GuestMachine& machine, int what, std::uint64_t to) {
  std::array<std::uint64_t, 2> limits = {~std::uint64_t{0}, ~std::uint64_t{0}};
  if (what == 3) limits = {std::uint64_t{8} << 20U, ~std::uint64_t{0}};  // stack
  if (what == 7) limits = {32'768, 32'768};                              // open files
  if (what == 4) limits = {0, ~std::uint64_t{0}};                        // core
  if (what >= 0 && what < 16) return put_bytes(machine, to, limits.data(), sizeof(limits));
  errno = EINVAL;
  return -1;
}
int setrlimit_(GuestMachine& machine, int what, std::uint64_t) {
  tell(machine, "setrlimit " + std::to_string(what));
  return 0;
}
int prlimit_(GuestMachine& machine, int, int what, std::uint64_t, std::uint64_t old) {
  return old == 0 ? 0 : getrlimit_(machine, what, old);
}
int getrusage_(GuestMachine& machine, int, std::uint64_t to) {
  std::array<std::int64_t, 18> words{};
  timespec now{};
  machine.part<GuestClock>().now(CLOCK_PROCESS_CPUTIME_ID, now);
  words[0] = now.tv_sec;
  words[1] = now.tv_nsec / 1'000;
  words[4] = static_cast<std::int64_t>(machine.arena.mapped() >> 10U);
  return put_bytes(machine, to, words.data(), sizeof(words));
}
std::int64_t times_(GuestMachine& machine, std::uint64_t to) {
  std::array<std::int64_t, 4> words{};
  timespec now{};
  machine.part<GuestClock>().now(CLOCK_PROCESS_CPUTIME_ID, now);
  words[0] = now.tv_sec * 100 + now.tv_nsec / 10'000'000;
  if (to != 0 && put_bytes(machine, to, words.data(), sizeof(words)) != 0) return -1;
  machine.part<GuestClock>().now(CLOCK_MONOTONIC, now);
  return now.tv_sec * 100 + now.tv_nsec / 10'000'000;
}
int getpriority_(int, int) { return 0; }
int setpriority_(int, int, int) { return 0; }
int nice_(int) { return 0; }

// struct mallinfo: ten words; the third from the end is what is in use.
struct HeapFacts {
  std::uint64_t in_use = 0;
  std::uint64_t to = 0;
  void return_to(CallFrame& frame) const {
    const std::uint64_t words[10] = {in_use, 0, 0, 0, 0, 0, 0, in_use, 0, 0};
    const std::uint64_t address = frame.result_address();
    if (!frame.arena().allows(address, sizeof(words), kPageWrite)) {
      frame.refuse("the result's place is not writable");
      return;
    }
    std::memcpy(reinterpret_cast<void*>(address), words, sizeof(words));
  }
};
HeapFacts mallinfo_(GuestMachine& machine) { return {machine.arena.mapped(), 0}; }
int mallopt_(int, int) { return 1; }
int malloc_trim_(std::uint64_t) { return 0; }

// ---- processors ----

int sched_getaffinity_(GuestMachine& machine, int, std::uint64_t size, std::uint64_t to) {
  if (size < 8 || !machine.arena.allows(to, size, kPageWrite)) {
    errno = EINVAL;
    return -1;
  }
  const int cpus = std::min(machine.profile.cpu_count, 64);
  const std::uint64_t mask =
      cpus == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << static_cast<unsigned>(cpus)) - 1;
  std::memset(reinterpret_cast<void*>(to), 0, size);
  std::memcpy(reinterpret_cast<void*>(to), &mask, 8);
  return 0;
}
int sched_setaffinity_(int, std::uint64_t, std::uint64_t) { return 0; }
// cpu_set_t of so many processors: words of 64, cleared.
std::uint64_t cpu_set_alloc(GuestMachine& machine, std::uint64_t count) {
  constexpr std::uint64_t kMostProcessors = 65'536;
  return count > kMostProcessors ? 0 : machine.heap.allocate((count + 63) / 64 * 8, 16, true);
}
void cpu_set_free(GuestMachine& machine, std::uint64_t set) {
  if (set != 0 && !machine.heap.release(set))
    machine.raise(GuestFault::Kind::kAbort, "frees a processor set that is none");
}

int sched_cpucount(GuestMachine& machine, std::uint64_t size, std::uint64_t set) {
  const auto bytes = machine.arena.bytes(set, std::min<std::uint64_t>(size, 1'024));
  if (!bytes) return 0;
  int out = 0;
  for (const std::uint8_t byte : *bytes) out += __builtin_popcount(byte);
  return out;
}
int sched_getcpu_() { return 0; }
int priority_bound(int) { return 0; }
int sched_getscheduler_(int) { return 0; }
int sched_accepted(int, int, std::uint64_t) { return 0; }

// ---- the user: an app's ----

// struct passwd of bionic: name, password, two ids, comment, home, shell.
struct UserEntry {
  explicit UserEntry(GuestMachine& machine) : address(machine.heap.allocate(48, 16, true)) {
    std::array<std::uint64_t, 6> words{};
    words[0] = machine.constant_text("u0_a123");
    words[2] = static_cast<std::uint64_t>(kGuestProcess) << 32U |
               static_cast<std::uint64_t>(kGuestProcess);
    words[3] = machine.constant_text("");
    words[4] = machine.constant_text("/data");
    words[5] = machine.constant_text("/system/bin/sh");
    if (address != 0) std::memcpy(reinterpret_cast<void*>(address), words.data(), sizeof(words));
  }
  std::uint64_t address;
};
std::uint64_t getpwuid_(GuestMachine& machine, unsigned) {
  return machine.part<UserEntry>().address;
}
std::uint64_t getpwnam_(GuestMachine& machine, const char*) {
  return machine.part<UserEntry>().address;
}
int getpwuid_r_(GuestMachine& machine, unsigned, std::uint64_t to, std::uint64_t, std::uint64_t,
                std::uint64_t* result) {
  const std::uint64_t from = machine.part<UserEntry>().address;
  *result = 0;
  if (from == 0 || put_bytes(machine, to, reinterpret_cast<const void*>(from), 48) != 0)
    return ERANGE;
  *result = to;
  return 0;
}
std::uint64_t nobody(GuestMachine&, unsigned) { return 0; }
std::uint64_t getlogin_(GuestMachine& machine) { return machine.constant_text("u0_a123"); }
int getgroups_(int, std::uint64_t) { return 0; }
int set_id(GuestMachine&, unsigned) {
  errno = EPERM;
  return -1;
}

// ---- other programs and processes ----

int no_process(GuestMachine& machine) {
  tell(machine, "a process of its own");
  errno = EAGAIN;
  return -1;
}
int no_program(GuestMachine& machine, const char* path) {
  tell(machine, std::string("exec ") + (path == nullptr ? "" : path));
  errno = EACCES;
  return -1;
}
int system_(GuestMachine& machine, const char* command) {
  tell(machine, std::string("system ") + (command == nullptr ? "" : command));
  return command == nullptr ? 0 : 127 << 8;
}
int no_child(GuestMachine&) {
  errno = ECHILD;
  return -1;
}
std::int64_t ptrace_(GuestMachine& machine, int request) {
  tell(machine, "ptrace " + std::to_string(request));
  if (request == 0) return 0;  // to be traced, which many try to find out whether they are
  errno = EPERM;
  return -1;
}
int getpgrp_() { return kGuestProcess; }
int setsid_() { return kGuestProcess; }
void libc_init(GuestMachine& machine) {
  machine.raise(GuestFault::Kind::kImport, "is a program, not a library: it starts its process");
}

// ---- the environment: the profile's, with what the guest changes ----

std::uint64_t environment(GuestMachine& machine) {
  const auto& all = machine.profile.environment;
  const std::uint64_t list = machine.heap.allocate(8 * (all.size() + 1), 16, true);
  const std::uint64_t slot = machine.heap.allocate(16, 16, true);
  if (list == 0 || slot == 0) return 0;
  std::uint64_t at = list;
  for (const auto& [name, text] : all) {
    std::string setting = name;
    setting.append("=").append(text);
    const std::uint64_t entry = machine.new_text(setting);
    std::memcpy(reinterpret_cast<void*>(at), &entry, 8);
    at += 8;
  }
  std::memcpy(reinterpret_cast<void*>(slot), &list, 8);
  return slot;
}
int unsetenv_(const char*) { return 0; }
int clearenv_() { return 0; }
void region(GuestMachine&) {}
std::uint64_t closing_tag(GuestMachine&) { return 0; }
int fdsan_close(GuestMachine& machine, int number) {
  const auto close = address_of(machine, "close");
  const std::uint64_t arguments[] = {static_cast<std::uint64_t>(static_cast<unsigned>(number))};
  if (!close) return -1;
  const auto done = machine.engine.call(*close, arguments);
  return done ? static_cast<int>(done->integer) : -1;
}
// getopt of programs: there are no arguments.
int getopt_(int, std::uint64_t, const char*) { return -1; }
std::uint64_t one_datum(GuestMachine& machine) {
  const std::uint64_t slot = machine.heap.allocate(16, 16, true);
  if (slot != 0) *reinterpret_cast<std::uint32_t*>(slot) = 1;
  return slot;
}
std::uint64_t zero_datum(GuestMachine& machine) { return machine.heap.allocate(16, 16, true); }

}  // namespace

void add_device_functions(FunctionTable& table) {
  table.add("uname", &uname_);
  table.add("gethostname", &gethostname_);
  table.add("sysinfo", &sysinfo_);
  table.add("android_get_device_api_level", &api_level);
  table.alias("android_get_application_target_sdk_version", "android_get_device_api_level");
  table.add("getloadavg", &load_average);
  table.add("getrlimit", &getrlimit_);
  table.alias("getrlimit64", "getrlimit");
  table.add("setrlimit", &setrlimit_);
  table.alias("setrlimit64", "setrlimit");
  table.add("prlimit", &prlimit_);
  table.alias("prlimit64", "prlimit");
  table.add("getrusage", &getrusage_);
  table.add("times", &times_);
  table.add("getpriority", &getpriority_);
  table.add("setpriority", &setpriority_);
  table.add("nice", &nice_);
  table.add("mallinfo", &mallinfo_);
  table.add("mallopt", &mallopt_);
  table.add("malloc_trim", &malloc_trim_);
  table.add("sched_getaffinity", &sched_getaffinity_);
  table.add("sched_setaffinity", &sched_setaffinity_);
  table.add("__sched_cpucount", &sched_cpucount);
  table.add("__sched_cpualloc", &cpu_set_alloc);
  table.add("__sched_cpufree", &cpu_set_free);
  table.add("sched_getcpu", &sched_getcpu_);
  for (const char* name : {"sched_get_priority_min", "sched_get_priority_max"})
    table.add(name, &priority_bound);
  table.add("sched_getscheduler", &sched_getscheduler_);
  for (const char* name : {"sched_setscheduler", "sched_setparam"})
    table.add(name, &sched_accepted);
  table.add("getpwuid", &getpwuid_);
  table.add("getpwnam", &getpwnam_);
  table.add("getpwuid_r", &getpwuid_r_);
  for (const char* name : {"getgrgid", "getgrnam"}) table.add(name, &nobody);
  table.add("getlogin", &getlogin_);
  table.add("getgroups", &getgroups_);
  for (const char* name : {"setuid", "setgid", "seteuid", "setegid"}) table.add(name, &set_id);
  for (const char* name : {"fork", "vfork", "clone", "daemon", "posix_spawn", "posix_spawnp"})
    table.add(name, &no_process);
  for (const char* name : {"execl", "execlp", "execle", "execv", "execve", "execvp", "execvpe"})
    table.add(name, &no_program);
  table.add("system", &system_);
  for (const char* name : {"wait", "waitpid", "wait3", "wait4", "waitid"})
    table.add(name, &no_child);
  table.add("ptrace", &ptrace_);
  for (const char* name : {"getpgrp", "getpgid", "getsid"}) table.add(name, &getpgrp_);
  for (const char* name : {"setsid", "setpgid"}) table.add(name, &setsid_);
  table.add("__libc_init", &libc_init);
  table.add_data("environ", &environment);
  table.add("unsetenv", &unsetenv_);
  table.add("putenv", &unsetenv_);
  table.add("clearenv", &clearenv_);
  for (const char* name :
       {"__google_potentially_blocking_region_begin", "__google_potentially_blocking_region_end",
        "android_fdsan_exchange_owner_tag", "android_fdsan_set_error_level"})
    table.add(name, &region);
  for (const char* name : {"android_fdsan_create_owner_tag", "android_fdsan_get_owner_tag"})
    table.add(name, &closing_tag);
  table.add("android_fdsan_close_with_tag", &fdsan_close);
  for (const char* name : {"getopt", "getopt_long", "getopt_long_only"}) table.add(name, &getopt_);
  table.add_data("optind", &one_datum);
  table.add_data("opterr", &one_datum);
  table.add_data("optopt", &zero_datum);
  table.add_data("optarg", &zero_datum);
}

}  // namespace dl::guest
