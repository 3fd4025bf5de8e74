// SPDX-License-Identifier: Apache-2.0
// Maps code.
#include "daylight/guest/libc/guest_code.h"

#include <cstring>

namespace dl::guest {

std::uint64_t put_guest_code(GuestMachine& machine, std::span<const std::uint8_t> code) {
  const std::uint64_t size = whole_pages(code.size());
  const auto page = machine.arena.map(size, kPageRead | kPageWrite);
  if (!page) return 0;
  std::memcpy(reinterpret_cast<void*>(*page), code.data(), code.size());
  if (!machine.arena.protect(*page, size, kPageRead | kPageExecute)) return 0;
  machine.engine.code_changed(*page, size);
  return *page;
}

std::uint64_t put_guest_code(GuestMachine& machine, std::span<const std::uint32_t> words) {
  return put_guest_code(
      machine, std::span<const std::uint8_t>(reinterpret_cast<const std::uint8_t*>(words.data()),
                                             words.size() * sizeof(std::uint32_t)));
}

}  // namespace dl::guest
