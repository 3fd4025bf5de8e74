// SPDX-License-Identifier: Apache-2.0
// malloc and its kin, mappings, and functions on plain memory.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "daylight/base/hex.h"
#include "daylight/guest/libc/guest_code.h"
#include "daylight/guest/libc/guest_files.h"
#include "daylight/guest/libc/mapped_files.h"
#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

// Failures of mmap are the address -1.
constexpr std::uint64_t kMapFailed = ~std::uint64_t{0};

std::uint64_t malloc_(GuestMachine& machine, std::uint64_t size) {
  const std::uint64_t out = machine.heap.allocate(size);
  if (out == 0) errno = ENOMEM;
  return out;
}

std::uint64_t calloc_(GuestMachine& machine, std::uint64_t count, std::uint64_t size) {
  std::uint64_t bytes = 0;
  const bool too_many = __builtin_mul_overflow(count, size, &bytes);
  const std::uint64_t out = too_many ? 0 : machine.heap.allocate(bytes, 16, true);
  if (out == 0) errno = ENOMEM;
  return out;
}

void free_(GuestMachine& machine, std::uint64_t address) {
  if (address == 0 || machine.heap.release(address)) return;
  machine.raise(GuestFault::Kind::kAbort,
                "frees 0x" + hex_number(address) + ", which is no block in use");
}

std::uint64_t realloc_(GuestMachine& machine, std::uint64_t address, std::uint64_t size) {
  if (size == 0 && address != 0) {
    free_(machine, address);
    return 0;
  }
  const auto out = machine.heap.reallocate(address, size);
  if (!out) {
    machine.raise(GuestFault::Kind::kAbort,
                  "resizes 0x" + hex_number(address) + ", which is no block in use");
    return 0;
  }
  if (*out == 0) errno = ENOMEM;
  return *out;
}

std::uint64_t memalign_(GuestMachine& machine, std::uint64_t align, std::uint64_t size) {
  const std::uint64_t out = machine.heap.allocate(
      size, std::bit_ceil(std::max<std::uint64_t>(align == 0 ? 16 : align, 16)));
  if (out == 0) errno = ENOMEM;
  return out;
}

int posix_memalign_(GuestMachine& machine, std::uint64_t* where, std::uint64_t align,
                    std::uint64_t size) {
  if (where == nullptr || align < 8 || !std::has_single_bit(align)) return EINVAL;
  const std::uint64_t out = machine.heap.allocate(size, std::max<std::uint64_t>(align, 16));
  if (out == 0) return ENOMEM;
  *where = out;
  return 0;
}

std::uint64_t valloc_(GuestMachine& machine, std::uint64_t size) {
  return memalign_(machine, kGuestPage, size);
}

std::uint64_t malloc_usable_size_(GuestMachine& machine, std::uint64_t address) {
  return machine.heap.size_of(address).value_or(0);
}

std::uint8_t access_of(int protection) {
  std::uint8_t out = 0;
  if ((protection & PROT_READ) != 0) out |= kPageRead;
  if ((protection & PROT_WRITE) != 0) out |= kPageRead | kPageWrite;
  if ((protection & PROT_EXEC) != 0) out |= kPageRead | kPageExecute;
  return out;
}

// Behind an unmapping: no file is there any more.
void forget_file(GuestMachine& machine, std::uint64_t address, std::uint64_t size) {
  std::uint64_t end = 0;
  if (__builtin_add_overflow(address, whole_pages(size), &end)) return;
  machine.part<MappedFiles>().remove(address, end);
}

std::uint64_t mmap_(GuestMachine& machine, std::uint64_t address, std::uint64_t size,
                    int protection, int flags, int fd, std::int64_t offset) {
  const bool fixed = (flags & MAP_FIXED) != 0;
  const bool anonymous = (flags & MAP_ANONYMOUS) != 0;
  if (size == 0 || (fixed && !machine.arena.contains(address)) || offset < 0) {
    errno = EINVAL;
    return kMapFailed;
  }
  std::uint64_t at = address;
  if (fixed) {
    if (!machine.arena.map_at(address, size, kPageRead | kPageWrite)) {
      errno = ENOMEM;
      return kMapFailed;
    }
  } else {
    const auto mapped = machine.arena.map(size, kPageRead | kPageWrite);
    if (!mapped) {
      errno = ENOMEM;
      return kMapFailed;
    }
    at = *mapped;
  }
  MappedFiles& mapped_files = machine.part<MappedFiles>();
  mapped_files.remove(at, at + whole_pages(size));
  // A file is read into pages of its own; what is written there never goes back.
  if (!anonymous) {
    GuestFiles& files = machine.part<GuestFiles>();
    const auto file = files.find(fd);
    if (file == nullptr || !files.read_into(*file, at, size, offset)) {
      machine.arena.unmap(at, size);
      errno = EBADF;
      return kMapFailed;
    }
    mapped_files.add({at, at + whole_pages(size), static_cast<std::uint64_t>(offset), file->path});
  }
  if (!machine.arena.protect(at, size, access_of(protection))) {
    errno = EINVAL;
    return kMapFailed;
  }
  if (fixed || (protection & PROT_EXEC) != 0) machine.engine.code_changed(at, size);
  return at;
}

int munmap_(GuestMachine& machine, std::uint64_t address, std::uint64_t size) {
  if (address % kGuestPage != 0 || size == 0) {
    errno = EINVAL;
    return -1;
  }
  machine.arena.unmap(address, size);
  forget_file(machine, address, size);
  machine.engine.code_changed(address, size);
  return 0;
}

int mprotect_(GuestMachine& machine, std::uint64_t address, std::uint64_t size, int protection) {
  if (!machine.arena.protect(address, size, access_of(protection))) {
    errno = ENOMEM;
    return -1;
  }
  if ((protection & PROT_EXEC) != 0) machine.engine.code_changed(address, size);
  return 0;
}

std::uint64_t mremap_(GuestMachine& machine, std::uint64_t address, std::uint64_t old_size,
                      std::uint64_t new_size, int flags) {
  const std::uint64_t had = whole_pages(old_size);
  const std::uint64_t wants = whole_pages(new_size);
  if (had == 0 || wants == 0 || !machine.arena.allows(address, had, kPageRead)) {
    errno = EINVAL;
    return kMapFailed;
  }
  if (wants <= had) {
    if (wants < had) {
      machine.arena.unmap(address + wants, had - wants);
      forget_file(machine, address + wants, had - wants);
    }
    return address;
  }
  if ((flags & MREMAP_MAYMOVE) == 0) {
    errno = ENOMEM;
    return kMapFailed;
  }
  const auto moved = machine.arena.map(wants, kPageRead | kPageWrite);
  if (!moved) {
    errno = ENOMEM;
    return kMapFailed;
  }
  std::memcpy(reinterpret_cast<void*>(*moved), reinterpret_cast<void*>(address), had);
  machine.arena.unmap(address, had);
  machine.part<MappedFiles>().move(address, had, *moved);
  return *moved;
}

int madvise_(GuestMachine& machine, std::uint64_t address, std::uint64_t size, int advice) {
  if (address % kGuestPage != 0 || !machine.arena.allows(address, size, 0)) {
    errno = EINVAL;
    return -1;
  }
  // Only this advice changes what a program sees.
  if (advice == MADV_DONTNEED) madvise(reinterpret_cast<void*>(address), size, MADV_DONTNEED);
  return 0;
}

int memory_is_there(GuestMachine&, std::uint64_t, std::uint64_t) { return 0; }  // mlock, msync

// The sizes of plain memory are known: checked to the last byte.
bool usable(GuestMachine& machine, std::uint64_t address, std::uint64_t size, std::uint8_t access) {
  if (machine.arena.allows(address, size, access)) return true;
  GuestFault fault;
  fault.kind = GuestFault::Kind::kMemory;
  fault.address = address;
  fault.what = std::string((access & kPageWrite) != 0 ? "writes " : "reads ") +
               std::to_string(size) + " bytes at 0x" + hex_number(address) +
               ", which are not all mapped for that";
  machine.engine.raise(std::move(fault));
  return false;
}

template <typename T>
T* at(std::uint64_t address) {
  return reinterpret_cast<T*>(address);
}

std::uint64_t memcpy_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                      std::uint64_t size) {
  if (usable(machine, from, size, kPageRead) && usable(machine, to, size, kPageWrite))
    std::memmove(at<void>(to), at<void>(from), size);
  return to;
}

std::uint64_t memset_(GuestMachine& machine, std::uint64_t to, int byte, std::uint64_t size) {
  if (usable(machine, to, size, kPageWrite)) std::memset(at<void>(to), byte, size);
  return to;
}

int memcmp_(GuestMachine& machine, std::uint64_t a, std::uint64_t b, std::uint64_t size) {
  if (!usable(machine, a, size, kPageRead) || !usable(machine, b, size, kPageRead)) return 0;
  return std::memcmp(at<void>(a), at<void>(b), size);
}

std::uint64_t memchr_(GuestMachine& machine, std::uint64_t from, int byte, std::uint64_t size) {
  // Callers search "at most so far": what is behind the hit need not be there.
  const auto wanted = static_cast<std::uint8_t>(byte);
  std::uint64_t done = 0;
  while (done < size) {
    const std::uint64_t rest = kGuestPage - (from + done) % kGuestPage;
    const std::uint64_t part = std::min(rest, size - done);
    if (!usable(machine, from + done, part, kPageRead)) return 0;
    const void* const hit = std::memchr(at<void>(from + done), wanted, part);
    if (hit != nullptr) return reinterpret_cast<std::uint64_t>(hit);
    done += part;
  }
  return 0;
}

std::uint64_t memrchr_(GuestMachine& machine, std::uint64_t from, int byte, std::uint64_t size) {
  if (!usable(machine, from, size, kPageRead)) return 0;
  return reinterpret_cast<std::uint64_t>(memrchr(at<void>(from), byte, size));
}

std::uint64_t memmem_(GuestMachine& machine, std::uint64_t from, std::uint64_t size,
                      std::uint64_t what, std::uint64_t length) {
  if (!usable(machine, from, size, kPageRead) || !usable(machine, what, length, kPageRead))
    return 0;
  return reinterpret_cast<std::uint64_t>(memmem(at<void>(from), size, at<void>(what), length));
}

// The checked forms of FORTIFY abort where the object is too small.
bool fits(GuestMachine& machine, const char* name, std::uint64_t size, std::uint64_t room) {
  if (size <= room) return true;
  machine.raise(GuestFault::Kind::kAbort, std::string(name) + ": a buffer of " +
                                              std::to_string(room) + " bytes is too small for " +
                                              std::to_string(size));
  return false;
}

std::uint64_t memcpy_chk(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                         std::uint64_t size, std::uint64_t room) {
  return fits(machine, "memcpy", size, room) ? memcpy_(machine, to, from, size) : to;
}

std::uint64_t memset_chk(GuestMachine& machine, std::uint64_t to, int byte, std::uint64_t size,
                         std::uint64_t room) {
  return fits(machine, "memset", size, room) ? memset_(machine, to, byte, size) : to;
}

std::uint64_t memchr_chk(GuestMachine& machine, std::uint64_t from, int byte, std::uint64_t size,
                         std::uint64_t room) {
  return fits(machine, "memchr", size, room) ? memchr_(machine, from, byte, size) : 0;
}

std::uint64_t mempcpy_(GuestMachine& machine, std::uint64_t to, std::uint64_t from,
                       std::uint64_t size) {
  return memcpy_(machine, to, from, size) + size;
}
std::uint64_t memccpy_(GuestMachine& machine, std::uint64_t to, std::uint64_t from, int byte,
                       std::uint64_t size) {
  const std::uint64_t hit = memchr_(machine, from, byte, size);
  const std::uint64_t part = hit == 0 ? size : hit - from + 1;
  memcpy_(machine, to, from, part);
  return hit == 0 ? 0 : to + part;
}
void bcopy_(GuestMachine& machine, std::uint64_t from, std::uint64_t to, std::uint64_t size) {
  memcpy_(machine, to, from, size);
}
void bzero_(GuestMachine& machine, std::uint64_t to, std::uint64_t size) {
  memset_(machine, to, 0, size);
}
std::uint64_t reallocarray_(GuestMachine& machine, std::uint64_t address, std::uint64_t count,
                            std::uint64_t size) {
  std::uint64_t bytes = 0;
  if (!__builtin_mul_overflow(count, size, &bytes)) return realloc_(machine, address, bytes);
  errno = ENOMEM;
  return 0;
}

int getpagesize_() { return static_cast<int>(kGuestPage); }

}  // namespace

void add_memory_functions(FunctionTable& table) {
  table.add("malloc", &malloc_);
  table.add("calloc", &calloc_);
  table.add("free", &free_);
  table.add("realloc", &realloc_);
  table.add("memalign", &memalign_);
  table.alias("aligned_alloc", "memalign");
  table.add("posix_memalign", &posix_memalign_);
  table.add("malloc_usable_size", &malloc_usable_size_);
  table.add("mmap", &mmap_);
  table.alias("mmap64", "mmap");
  table.add("munmap", &munmap_);
  table.add("mprotect", &mprotect_);
  table.add("mremap", &mremap_);
  table.add("madvise", &madvise_);
  for (const char* name : {"mlock", "munlock", "msync"}) table.add(name, &memory_is_there);
  for (const char* name : {"memcpy", "memmove"})
    add_fast_function(table, name, host_function(name, &memcpy_), false);
  add_fast_function(table, "memset", host_function("memset", &memset_), true);
  table.add("memcmp", &memcmp_);
  table.alias("bcmp", "memcmp");
  table.add("memchr", &memchr_);
  table.add("memrchr", &memrchr_);
  table.add("memmem", &memmem_);
  table.add("__memcpy_chk", &memcpy_chk);
  table.alias("__memmove_chk", "__memcpy_chk");
  table.add("__memset_chk", &memset_chk);
  table.add("__memchr_chk", &memchr_chk);
  table.add("getpagesize", &getpagesize_);
  table.add("mempcpy", &mempcpy_);
  table.add("memccpy", &memccpy_);
  table.add("bcopy", &bcopy_);
  table.add("bzero", &bzero_);
  table.alias("explicit_bzero", "bzero");
  table.add("reallocarray", &reallocarray_);
  table.add("valloc", &valloc_);
  table.alias("pvalloc", "valloc");
  table.alias("cfree", "free");
}

}  // namespace dl::guest
