// SPDX-License-Identifier: Apache-2.0
// Watches, reads arguments, copies.
#include "daylight/guest/observe/model_calls.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "daylight/artifact/selector.h"
#include "daylight/guest/observe/call_arguments.h"
#include "daylight/guest/observe/memory_copy.h"

namespace dl::guest {
namespace {

constexpr std::uint8_t kFunctionSymbol = 2;  // STT_FUNC
// A model that says its own size is looked for in copies that grow: most are small, and what is
// mapped behind may be large.
constexpr std::uint64_t kFirstCopy = std::uint64_t{1} << 20;
constexpr std::uint64_t kCopyGrows = 16;

// Calls on this thread whose result says how long the buffer is; the innermost last.
struct AwaitedResult {
  const ModelCallRule* rule = nullptr;
  std::uint64_t function = 0;
  std::uint64_t buffer = 0;
};
thread_local std::vector<AwaitedResult> awaited;
// Calls that faults ended never come back: the oldest go.
constexpr std::size_t kMaxAwaited = 256;

// Bytes from there that the guest can read, up to a limit.
std::uint64_t readable_from(const GuestArena& arena, std::uint64_t address, std::uint64_t limit) {
  std::uint64_t end = address;
  while (end - address < limit && arena.contains(end)) {
    const auto run = arena.next_run(end);
    if (!run || run->address > end || (run->access & kPageRead) == 0) break;
    end = run->address + run->size;
  }
  return std::min(end - address, limit);
}

}  // namespace

void ModelCalls::begin(Guest& guest, MemoryModels& models, Warning warn) {
  const std::unique_lock lock(mutex_);
  guest_ = &guest;
  models_ = &models;
  warn_ = std::move(warn);
}

void ModelCalls::stop() {
  const std::unique_lock lock(mutex_);
  models_ = nullptr;
  guest_ = nullptr;
}

std::vector<const ModelCallRule*> ModelCalls::rules_for(std::string_view symbol) const {
  std::vector<const ModelCallRule*> out;
  for (const ModelCallRule& rule : rules_) {
    if (std::any_of(rule.symbols.begin(), rule.symbols.end(),
                    [&](const TextPattern& each) { return each.matches(symbol); }))
      out.push_back(&rule);
  }
  return out;
}

void ModelCalls::watch_library(const GuestLibrary& library) {
  for (const auto* table : {&library.elf.symbols(), &library.elf.debug_symbols()}) {
    for (const ElfSymbol& symbol : *table) {
      if (!symbol.defined() || symbol.type != kFunctionSymbol) continue;
      const auto rules = rules_for(symbol.name);
      if (!rules.empty()) watch(library, symbol, rules);
    }
  }
}

void ModelCalls::watch(const GuestLibrary& library, const ElfSymbol& symbol,
                       const std::vector<const ModelCallRule*>& rules) {
  const std::uint64_t address = library.bias + symbol.value;
  const std::string name = print_selector(symbol_selector(library.name, std::string(symbol.name)));
  GuestEngine* engine = nullptr;
  {
    const std::unique_lock lock(mutex_);
    if (models_ == nullptr) return;
    std::vector<Watched>& known = watched_[address];
    if (!known.empty()) return;  // in the other table of symbols, or by another name
    for (const ModelCallRule* const rule : rules) known.push_back({rule, name});
    engine = &guest_->machine().engine;
  }
  // Not under the lock: calls may come from other threads at once.
  const auto accepted = engine->watch(address);
  if (!accepted) warn_(name, accepted.error().what);
}

ModelCalls::Place ModelCalls::place_of(const ModelCallRule& rule, CallFrame& frame) const {
  const std::size_t hidden = rule.returns_object && !frame.is_arm64() ? 1 : 0;
  const std::uint64_t buffer = observed_argument(frame, rule.buffer + hidden);
  switch (rule.holds) {
    case ModelCallRule::Holds::kMemory:
      if (!rule.length) return {buffer, std::nullopt};
      return {buffer, observed_argument(frame, *rule.length + hidden)};
    case ModelCallRule::Holds::kDirectBuffer: {
      const auto [address, capacity] = guest_->java_world().buffer_of(buffer);
      return {address, capacity};
    }
    case ModelCallRule::Holds::kByteArray: {
      JavaWorld& java = guest_->java_world();
      if (java.element_size(buffer) != 1) return {};
      return {java.pin(buffer), java.length_of(buffer), buffer};
    }
  }
  return {};
}

void ModelCalls::enter(std::uint64_t address, CallFrame& frame) {
  const std::shared_lock lock(mutex_);
  const auto found = watched_.find(address);
  if (models_ == nullptr || found == watched_.end()) return;
  for (const Watched& watched : found->second) {
    const Place place = place_of(*watched.rule, frame);
    if (!watched.rule->length_is_result) {
      take(watched, place);
      if (place.array != 0 && place.address != 0)
        guest_->java_world().unpin(place.array, place.address, false);
      continue;
    }
    if (awaited.size() >= kMaxAwaited) awaited.erase(awaited.begin());
    awaited.push_back({watched.rule, address, place.address});
  }
}

void ModelCalls::leave(std::uint64_t address, CallFrame& frame) {
  const std::shared_lock lock(mutex_);
  const auto found = watched_.find(address);
  if (models_ == nullptr || found == watched_.end()) return;
  const auto size = static_cast<std::int32_t>(frame.result());
  for (const Watched& watched : found->second) {
    const auto call =
        std::find_if(awaited.rbegin(), awaited.rend(), [&](const AwaitedResult& each) {
          return each.rule == watched.rule && each.function == address;
        });
    if (call == awaited.rend()) continue;
    const std::uint64_t buffer = call->buffer;
    // Those above it ended without a return.
    awaited.erase(call.base() - 1, awaited.end());
    if (size > 0) take(watched, {buffer, static_cast<std::uint64_t>(size)});
  }
}

void ModelCalls::take(const Watched& watched, const Place& place) {
  if (place.address == 0 || place.size == 0U) return;
  if (place.size) return take_said(watched, place.address, *place.size);
  take_by_structure(watched, place.address);
}

MemoryModel ModelCalls::model_of(const Watched& watched, std::uint64_t address) const {
  MemoryModel model;
  model.address = address;
  model.where = "in " + watched.name + ", argument " + std::to_string(watched.rule->buffer);
  return model;
}

// The call knows where it ends.
void ModelCalls::take_said(const Watched& watched, std::uint64_t address, std::uint64_t size) {
  if (!guest_->arena().allows(address, size, kPageRead)) return;
  if (size > kMaxArgumentModel) return models_->pass_over();
  MemoryCopy copy;
  const ByteSpan bytes = copy.take(guest_->arena(), address, size);
  if (!copy.whole()) return models_->pass_over();
  MemoryModel model = model_of(watched, address);
  model.size = size;
  model.format = watched.rule->unread;
  for (const std::string& format : watched.rule->formats) {
    if (!model_format(format)->probe(bytes)) continue;
    model.format = format;
    break;
  }
  if (!model.format.empty()) models_->offer(std::move(model), bytes, true);
}

// The model itself knows.
void ModelCalls::take_by_structure(const Watched& watched, std::uint64_t address) {
  const GuestArena& arena = guest_->arena();
  std::uint64_t room = readable_from(arena, address, kMaxArgumentModel);
  if (const auto asked = guest_->machine().heap.asked_of(address)) room = std::min(room, *asked);
  MemoryCopy copy;
  for (std::uint64_t size = std::min(room, kFirstCopy); size > 0;
       size = std::min(room, size * kCopyGrows)) {
    const ByteSpan bytes = copy.take(arena, address, size);
    for (const std::string& format : watched.rule->formats) {
      const auto found = model_format(format)->probe(bytes);
      // It may go on behind what was copied.
      if (!found || (found->size >= size && size < room)) continue;
      MemoryModel model = model_of(watched, address);
      model.format = format;
      model.size = std::min(found->size, size);
      const ByteSpan held = bytes.first(static_cast<std::size_t>(model.size));
      return models_->offer(std::move(model), held, false);
    }
    if (size == room) return;
  }
}

}  // namespace dl::guest
