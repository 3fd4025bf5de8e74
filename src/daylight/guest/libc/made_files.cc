// SPDX-License-Identifier: Apache-2.0
// Texts as a phone's kernel writes them.
#include "daylight/guest/libc/made_files.h"

#include <algorithm>

#include "daylight/base/hex.h"
#include "daylight/guest/libc/guest_chance.h"
#include "daylight/guest/libc/mapped_files.h"

namespace dl::guest {
namespace {

std::string access_text(std::uint8_t access) {
  std::string out;
  out += (access & kPageRead) != 0 ? 'r' : '-';
  out += (access & kPageWrite) != 0 ? 'w' : '-';
  out += (access & kPageExecute) != 0 ? 'x' : '-';
  return out + "p ";
}

std::string line_of(std::uint64_t begin, std::uint64_t end, std::uint8_t access,
                    std::uint64_t offset, const std::string& path) {
  return hex_number(begin, 12) + "-" + hex_number(end, 12) + " " + access_text(access) +
         hex_number(offset, 8) + " 00:00 0 " + path + "\n";
}

// As phones show them: the library's own path, or that of a mapped file, instead of anonymous
// memory.
std::string maps_text(GuestMachine& machine) {
  std::string out;
  const MappedFiles& mapped = machine.part<MappedFiles>();
  std::uint64_t at = machine.arena.base();
  while (const auto run = machine.arena.next_run(at)) {
    const std::uint64_t end = run->address + run->size;
    for (at = run->address; at < end;) {
      const std::uint64_t here = at;
      const auto file = mapped.at(here);
      at = std::min(file ? file->end : mapped.next_begin(here), end);
      const GuestLibrary* const library =
          file || machine.loader == nullptr ? nullptr : machine.loader->holding(here);
      const std::uint64_t offset = file                 ? file->offset + (here - file->begin)
                                   : library == nullptr ? 0
                                                        : here - library->begin;
      out += line_of(here, at, run->access, offset,
                     file                 ? file->path
                     : library == nullptr ? "[anon:libc_malloc]"
                                          : library->path);
    }
  }
  return out;
}

// An app's process that nobody traces. Source: proc(5); order and names as Linux 4.19 writes them.
std::string status_text(const GuestMachine& machine) {
  const std::string pid = std::to_string(kGuestProcess);
  const std::string user = std::to_string(kGuestUser);
  const std::string users = user + "\t" + user + "\t" + user + "\t" + user + "\n";
  const std::string memory = std::to_string(machine.arena.mapped() / 1024) + " kB\n";
  return "Name:\tapp_process64\nUmask:\t0077\nState:\tR (running)\nTgid:\t" + pid +
         "\nNgid:\t0\nPid:\t" + pid + "\nPPid:\t" + std::to_string(kGuestParent) +
         "\nTracerPid:\t0\nUid:\t" + users + "Gid:\t" + users +
         "FDSize:\t128\nGroups:\t9997 20123 50123\nVmPeak:\t" + memory + "VmSize:\t" + memory +
         "VmRSS:\t" + memory +
         "Threads:\t1\nSigQ:\t0/13580\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
         "CapEff:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n";
}

}  // namespace

std::optional<std::string> made_file(GuestMachine& machine, const std::string& whole) {
  const auto found = machine.profile.files.find(whole);
  if (found != machine.profile.files.end()) return found->second;
  const std::string self = "/proc/self/";
  if (!whole.starts_with(self)) return std::nullopt;
  const std::string what = whole.substr(self.size());
  if (what == "maps") return maps_text(machine);
  if (what == "status") return status_text(machine);
  if (what == "cmdline" || what == "comm")
    return std::string("app_process64") + (what == "comm" ? '\n' : '\0');
  return std::nullopt;
}

bool is_made_device(const std::string& whole) {
  return whole == "/dev/urandom" || whole == "/dev/random" || whole == "/dev/null" ||
         whole == "/dev/zero";
}

}  // namespace dl::guest
