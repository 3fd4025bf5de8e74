// SPDX-License-Identifier: Apache-2.0
// A native library that lies in a guest's memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/format/archive/container.h"
#include "daylight/format/code/elf.h"

namespace dl::guest {

// One name that a library asked for and that no library has.
struct MissingImport {
  std::string library;
  std::string name;
  bool weak = false;
  bool data = false;
};

// Immutable once it is made, but for `initialised` and `broken`, which its loader guards. Its
// addresses are those of the guest's memory.
struct GuestLibrary {
  std::string name = {};                 // file name: "libx.so"
  std::string path = {};                 // as the guest sees it: "/data/app/lib/libx.so"
  std::vector<std::string> origin = {};  // containers, outermost first
  Content content = {};                  // the file's bytes
  ElfFile elf = {};                      // views them
  std::uint64_t bias = 0;                // what is added to the file's addresses
  std::uint64_t begin = 0;               // first address
  std::uint64_t size = 0;
  std::uint64_t program_headers = 0;  // address, as dl_iterate_phdr hands it out
  std::vector<GuestLibrary*> dependencies = {};
  std::uint64_t thread_module = 0;  // of its thread-local storage; 0 if it has none
  bool made = false;                // mapped, relocated and protected: constructors may run
  bool initialised = false;
  std::optional<Error> broken = {};  // why it cannot be used; also of one that is not made yet

  bool holds(std::uint64_t address) const { return address - begin < size; }
  // Address of a defined symbol; nothing for thread-local variables.
  std::optional<std::uint64_t> find(std::string_view symbol) const;
  // Of a thread-local variable: where it lies in the library's thread-local storage.
  std::optional<std::uint64_t> find_thread_local(std::string_view symbol) const;
  // The named function that holds an address: name and distance.
  std::optional<std::pair<std::string_view, std::uint64_t>> symbol_at(std::uint64_t address) const;

  std::unordered_map<std::string_view, std::uint32_t> defined = {};  // symbol index by name
};

}  // namespace dl::guest
