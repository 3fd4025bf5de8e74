// SPDX-License-Identifier: Apache-2.0
// One phone that is not there: a guest's memory, processor, libraries and system, as the functions
// that it calls see them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <vector>

#include "daylight/guest/device/device_profile.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/image/library_loader.h"
#include "daylight/guest/machine/function_table.h"
#include "daylight/guest/machine/guest_events.h"
#include "daylight/guest/memory/guest_arena.h"
#include "daylight/guest/memory/guest_heap.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {

struct GuestMachine {
  GuestArena& arena;
  GuestHeap& heap;
  GuestEngine& engine;
  LibraryLoader* loader = nullptr;  // set once it is made
  const FunctionTable& functions;
  const DeviceProfile& profile;
  GuestEvents& events;
  bool arm64 = true;  // else x86-64
  // Of this machine alone in this process: what threads keep for it is known by this number.
  const std::uint64_t serial = next_serial();

  // The state of one part of the system (open files, threads, ...), made when it is first asked
  // for. T has a constructor that takes the machine. Thread safe.
  template <typename T>
  T& part() {
    const EscapeLock lock(parts_mutex_);  // T's constructor may take memory of the guest's
    std::shared_ptr<void>& slot = parts_[std::type_index(typeid(T))];
    if (slot == nullptr) slot = std::make_shared<T>(*this);
    return *static_cast<T*>(slot.get());
  }

  // What a part does before any of them goes: threads still ask for parts until they have ended.
  void before_end(std::function<void()> end) {
    const std::scoped_lock lock(parts_mutex_);
    ends_.push_back(std::move(end));
  }

  // A thread of the guest ended with a fault, as the whole process would on a phone: all calls end.
  void end_by_thread(const GuestFault& fault);
  // That fault.
  std::optional<GuestFault> thread_fault() const;
  // Ends the guest's call on this thread.
  void raise(GuestFault::Kind kind, std::string what);
  // A copy of a text in the guest's memory, with its zero; 0 when there is no memory.
  std::uint64_t new_text(std::string_view text);
  // A copy of bytes that may be the guest's own, for what is kept under locks. Where they are gone
  // meanwhile the guest's call ends, and there is nothing.
  std::optional<std::string> copy_text(const void* at, std::uint64_t size);
  // The same for a text with its zero; "" for null.
  std::optional<std::string> copy_text(const char* text);
  // The same text always at the same place, for results that the guest does not free.
  std::uint64_t constant_text(const std::string& text);

 private:
  static std::uint64_t next_serial();
  std::recursive_mutex parts_mutex_;
  std::unordered_map<std::type_index, std::shared_ptr<void>> parts_;
  std::vector<std::function<void()>> ends_;
  mutable std::mutex fault_mutex_;
  std::optional<GuestFault> thread_fault_;
  std::mutex texts_mutex_;
  std::unordered_map<std::string, std::uint64_t> texts_;

 public:
  GuestMachine(GuestArena& arena_in, GuestHeap& heap_in, GuestEngine& engine_in,
               const FunctionTable& functions_in, const DeviceProfile& profile_in,
               GuestEvents& events_in)
      : arena(arena_in),
        heap(heap_in),
        engine(engine_in),
        functions(functions_in),
        profile(profile_in),
        events(events_in) {}
  ~GuestMachine() {
    for (const auto& end : ends_) end();
  }
};

// The address of a host function for this machine's guest, bound when it is first asked for;
// nothing for names that the table does not have.
std::optional<std::uint64_t> address_of(GuestMachine& machine, const std::string& name);

}  // namespace dl::guest
