// SPDX-License-Identifier: Apache-2.0
// Looks through mapped memory, neighbouring pages together.
#include "daylight/guest/observe/memory_models.h"

#include <algorithm>

#include "daylight/base/digest.h"
#include "daylight/format/probe/model_probe.h"

namespace dl::guest {

std::vector<MemoryModel> MemoryModels::search() {
  std::vector<MemoryModel> out;
  std::uint64_t looked = 0;
  std::uint64_t at = guest_.arena().base();
  while (auto run = guest_.arena().next_run(at)) {
    // A model may go over pages of different access.
    std::uint64_t end = run->address + run->size;
    const std::uint64_t begin = run->address;
    const bool readable = (run->access & kPageRead) != 0;
    while (readable) {
      const auto next = guest_.arena().next_run(end);
      if (!next || next->address != end || (next->access & kPageRead) == 0) break;
      end += next->size;
    }
    at = end;
    if (!readable) continue;
    looked += end - begin;
    if (looked > kMaxSearchedMemory) {
      complete_ = false;
      break;
    }
    const auto bytes = guest_.arena().bytes(begin, end - begin);
    if (!bytes) continue;
    const EmbeddedModels found = find_models_inside(*bytes);
    complete_ = complete_ && found.complete;
    for (const EmbeddedModel& each : found.models) {
      MemoryModel model;
      model.format = std::string(each.model.format);
      model.address = begin + each.offset;
      model.size = each.model.size;
      // Zeros behind a model look like its padding; those behind its block are not the model's.
      if (const auto asked = guest_.machine().heap.asked_of(model.address))
        model.size = std::min(model.size, *asked);
      const auto held = guest_.arena().bytes(model.address, model.size);
      if (!held) continue;
      model.sha256 = sha256_hex(*held);
      const GuestLibrary* const library = guest_.loader().holding(model.address);
      if (library != nullptr) {
        const auto in_file = library->elf.at_address(model.address - library->bias, model.size);
        model.in_file = in_file && sha256_hex(*in_file) == model.sha256;
      }
      if (known_.insert(model.sha256).second) out.push_back(std::move(model));
    }
  }
  return out;
}

}  // namespace dl::guest
