// SPDX-License-Identifier: Apache-2.0
// Looks through mapped memory, neighbouring pages together.
#include "daylight/guest/observe/memory_models.h"

#include <algorithm>
#include <utility>

#include "daylight/base/digest.h"

namespace dl::guest {

MemoryModels::MemoryModels(Guest& guest, ModelSink sink, std::uint64_t window)
    : guest_(guest),
      sink_(std::move(sink)),
      window_(std::max(window / (2 * kGuestPage) * (2 * kGuestPage), kSmallestSearchWindow)) {}

void MemoryModels::search(const std::string& where) {
  where_ = where;
  found_ = 0;
  model_end_ = 0;
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
    if (looked > kMaxSearchedMemory || found_ >= kMaxEmbeddedModels) {
      complete_ = false;
      break;
    }
    search_run(begin, end);
  }
}

// A model that begins in the second half of a window is looked at in the next one, where there is
// more of it.
void MemoryModels::search_run(std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t at = begin;; at += window_ / 2) {
    const std::uint64_t size = std::min(window_, end - at);
    const Window window{at, copy_.take(guest_.arena(), at, size), size == end - at};
    if (!copy_.whole()) complete_ = false;
    search_window(window);
    if (window.last) return;
  }
}

void MemoryModels::search_window(const Window& window) {
  ModelCandidates marked = find_model_candidates(window.bytes);
  if (!marked.complete) complete_ = false;
  std::stable_sort(
      marked.candidates.begin(), marked.candidates.end(),
      [](const ModelCandidate& a, const ModelCandidate& b) { return a.offset < b.offset; });
  for (const ModelCandidate& candidate : marked.candidates) {
    if (!window.last && candidate.offset >= window_ / 2) return;
    // What begins inside of a model is part of it.
    if (window.address + candidate.offset < model_end_) continue;
    if (found_ >= kMaxEmbeddedModels) {
      complete_ = false;
      return;
    }
    if (const std::uint64_t size = take_model(window, candidate)) {
      ++found_;
      model_end_ = window.address + candidate.offset + size;
    }
  }
}

// Bytes of the model that begins there; 0 if none does.
std::uint64_t MemoryModels::take_model(const Window& window, const ModelCandidate& candidate) {
  const ByteSpan rest = window.bytes.subspan(static_cast<std::size_t>(candidate.offset));
  const auto found = candidate.format->probe(rest);
  if (!found) return 0;
  // It may go on behind the window: then it is larger than half of one.
  if (!window.last && found->size >= rest.size()) complete_ = false;
  MemoryModel model;
  model.format = std::string(found->format);
  model.address = window.address + candidate.offset;
  model.size = std::min<std::uint64_t>(found->size, rest.size());
  // Zeros behind a model look like its padding; those behind its block are not the model's.
  if (const auto asked = guest_.machine().heap.asked_of(model.address))
    model.size = std::min(model.size, *asked);
  model.where = where_;
  const std::uint64_t size = model.size;
  offer(std::move(model), rest.first(static_cast<std::size_t>(size)), false);
  return std::max<std::uint64_t>(found->size, 1);
}

void MemoryModels::offer(MemoryModel model, ByteSpan bytes, bool exact) {
  model.sha256 = sha256_hex(bytes);
  if (!is_new(model.sha256, bytes, exact)) return;
  const GuestLibrary* const library = guest_.loader().holding(model.address);
  if (library != nullptr) {
    const auto in_file = library->elf.at_address(model.address - library->bias, model.size);
    model.in_file = in_file && sha256_hex(*in_file) == model.sha256;
  }
  sink_(model, bytes);
}

bool MemoryModels::is_new(const std::string& digest, ByteSpan bytes, bool exact) {
  std::size_t end = bytes.size();
  while (end > 0 && bytes[end - 1] == 0) --end;
  const std::string without_zeros = end == bytes.size() ? digest : sha256_hex(bytes.first(end));
  const std::scoped_lock lock(mutex_);
  if (known_.contains(digest) || (!exact && known_ends_.contains(without_zeros))) return false;
  if (known_.size() >= kMaxMemoryModels || kept_bytes_ + bytes.size() > kMaxMemoryModelBytes) {
    complete_ = false;
    return false;
  }
  known_.insert(digest);
  known_ends_.insert(without_zeros);
  kept_bytes_ += bytes.size();
  return true;
}

}  // namespace dl::guest
