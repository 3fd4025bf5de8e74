// SPDX-License-Identifier: Apache-2.0
// Texts, faults and addresses of functions.
#include "daylight/guest/machine/guest_machine.h"

#include <atomic>
#include <cstring>
#include <utility>

namespace dl::guest {
namespace {

class NoEvents : public GuestEvents {
 public:
  void lookup(const GuestLookup&) override {}
  void log(int, std::string_view, std::string_view) override {}
};

// Data of the system that were put into the guest's memory.
struct SystemData {
  explicit SystemData(GuestMachine&) {}
  std::mutex mutex;
  std::unordered_map<std::string, std::uint64_t> addresses;
};

}  // namespace

const char* name_of(GuestLookup::What what) {
  switch (what) {
    case GuestLookup::What::kProperty:
      return "property";
    case GuestLookup::What::kSymbol:
      return "symbol";
    case GuestLookup::What::kFile:
      return "file";
    case GuestLookup::What::kLibrary:
      return "library";
    case GuestLookup::What::kImport:
      return "import";
    case GuestLookup::What::kSystemCall:
      return "system-call";
    case GuestLookup::What::kSetting:
      return "setting";
  }
  return "file";
}

GuestEvents& no_guest_events() {
  static NoEvents events;
  return events;
}

void GuestMachine::raise(GuestFault::Kind kind, std::string what) {
  GuestFault fault;
  fault.kind = kind;
  fault.what = std::move(what);
  engine.raise(std::move(fault));
}

std::uint64_t GuestMachine::new_text(std::string_view text) {
  const std::uint64_t address = heap.allocate(text.size() + 1);
  if (address == 0) return 0;
  std::memcpy(reinterpret_cast<void*>(address), text.data(), text.size());
  *reinterpret_cast<char*>(address + text.size()) = '\0';
  return address;
}

void GuestMachine::end_by_thread(const GuestFault& fault) {
  {
    const std::scoped_lock lock(fault_mutex_);
    if (thread_fault_) return;
    thread_fault_ = fault;
    thread_fault_->what = "a thread of the guest: " + fault.what;
  }
  engine.stop(fault.what);
}

std::optional<GuestFault> GuestMachine::thread_fault() const {
  const std::scoped_lock lock(fault_mutex_);
  return thread_fault_;
}

std::optional<std::string> GuestMachine::copy_text(const void* at, std::uint64_t size) {
  std::string out(size, '\0');
  const auto bad = with_memory_escape([&] { std::memcpy(out.data(), at, size); });
  if (!bad) return out;
  raise(GuestFault::Kind::kMemory, "gives text that is not there");
  return std::nullopt;
}

std::optional<std::string> GuestMachine::copy_text(const char* text) {
  return text == nullptr ? std::string() : copy_text(text, std::strlen(text));
}

std::uint64_t GuestMachine::constant_text(const std::string& text) {
  {
    const std::scoped_lock lock(texts_mutex_);
    const auto known = texts_.find(text);
    if (known != texts_.end()) return known->second;
  }
  // Without the lock: it writes the guest's memory.
  const std::uint64_t fresh = new_text(text);
  if (fresh == 0) return 0;
  const std::scoped_lock lock(texts_mutex_);
  const auto [known, added] = texts_.emplace(text, fresh);
  if (!added) heap.release(fresh);  // another thread was here
  return known->second;
}

std::uint64_t GuestMachine::next_serial() {
  static std::atomic<std::uint64_t> next{1};
  return next++;
}

std::optional<std::uint64_t> address_of(GuestMachine& machine, const std::string& name) {
  if (const auto* const make = machine.functions.find_data(name)) {
    SystemData& data = machine.part<SystemData>();
    const EscapeLock lock(data.mutex);  // what is made is written into the guest's memory
    const auto known = data.addresses.find(name);
    if (known != data.addresses.end()) return known->second;
    const std::uint64_t address = (*make)(machine);
    if (address == 0) return std::nullopt;
    data.addresses.emplace(name, address);
    return address;
  }
  const HostFunction* const function = machine.functions.find(name);
  if (function == nullptr) return std::nullopt;
  HostFunction bound = *function;
  bound.state = &machine;
  const auto address = machine.engine.bind(std::move(bound));
  if (!address) return std::nullopt;
  return *address;
}

}  // namespace dl::guest
