// SPDX-License-Identifier: Apache-2.0
// ELF thread-local storage: what `thread_local` of a guest's libraries is to each of its threads.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/format/code/elf.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/memory/guest_heap.h"

namespace dl::guest {

// Bytes that one library wants for each thread.
inline constexpr std::uint64_t kMaxThreadImage = std::uint64_t{16} << 20;
// Libraries of one guest that have thread-local storage.
inline constexpr std::size_t kMaxThreadModules = 1'024;

// What one library gives each thread: bytes at `image`, then zeros up to `memory_size`. The place
// is aligned as the image's address is in the file.
struct ThreadModule {
  std::uint64_t image = 0;  // address in the guest's memory
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
  std::uint64_t align = 1;  // a power of two, a page at the most
  std::uint64_t skew = 0;   // of the address in the file against `align`
};

// Blocks are made when a thread asks for the first time, as bionic does. Modules are numbered from
// 1; module 0 is all of memory: a variable that nobody has lies there, at the address that stands
// for it. Thread safe. Arena, heap and engine must outlive it.
class ThreadStorage {
 public:
  ThreadStorage(GuestArena& arena, GuestHeap& heap, GuestEngine& engine, ElfMachine machine);

  // The module of this segment (PT_TLS) of the library that lies at `bias`. kCorrupt and kLimit for
  // segments that no linker makes; kLimit for too many.
  Result<std::uint64_t> add(const ElfSegment& segment, std::uint64_t bias,
                            const std::string& where);

  // Where the variable lies for this thread. 0 after a fault of the guest's call: no such module,
  // no memory. Only from host functions.
  std::uint64_t address(std::uint64_t module, std::uint64_t offset);

  // This thread's block of a module; 0 where it has not asked for one.
  std::uint64_t known_block(std::uint64_t module) const;

  // The code that a TLS descriptor names first: with the descriptor's address in x0 (rax) it gives
  // the variable's distance from the thread pointer there, and changes no other register.
  Result<std::uint64_t> descriptor_code();
  // What a TLS descriptor names second.
  static std::uint64_t descriptor_word(std::uint64_t module, std::uint64_t offset);

  // This thread ends: its blocks are given back. No guest code runs on it any more.
  void release_thread();

 private:
  std::uint64_t block_of(std::uint64_t module);
  std::uint64_t make_block(const ThreadModule& module);
  std::uint64_t refuse(GuestFault::Kind kind, const char* why);

  GuestArena& arena_;
  GuestHeap& heap_;
  GuestEngine& engine_;
  ElfMachine machine_;
  const std::uint64_t serial_;
  std::mutex mutex_;  // guards what follows
  std::vector<ThreadModule> modules_;
  std::uint64_t code_ = 0;
};

}  // namespace dl::guest
