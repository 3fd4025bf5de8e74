// SPDX-License-Identifier: Apache-2.0
// Slots that lead to gates while constructors run, and what passes through them.
#include "daylight/guest/image/constructor_watch.h"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "daylight/guest/image/guest_gates.h"
#include "daylight/guest/image/guest_words.h"
#include "daylight/guest/image/registration_reader.h"
#include "daylight/guest/memory/memory_escape.h"

namespace dl::guest {
namespace {

constexpr std::size_t kMaxDemangled = 4'096;
// Registers whose values a gate keeps, in the order of arguments.
constexpr std::size_t kArm64Arguments = 8;
constexpr std::size_t kIntelArguments = 6;

// What every C++ library calls all the time: new, delete, the language's runtime, std.
constexpr std::array<std::string_view, 9> kRuntimeNames = {
    "_Zn", "_Zd", "__cxa_", "__gxx_", "_Unwind_", "_ZSt", "_ZNSt", "_ZNKSt", "__dynamic_cast"};
constexpr std::array<std::string_view, 4> kRuntimeLibraries = {
    "libc++_shared.so", "libgnustl_shared.so", "libstlport_shared.so", "libstdc++.so"};

std::string demangled(const std::string& symbol) {
  if (!symbol.starts_with("_Z") || symbol.size() > kMaxDemangled) return symbol;
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
  if (status != 0 || text == nullptr) return symbol;
  return std::string(text.get()).substr(0, kMaxDemangled);
}

std::uint64_t pass_gate(ConstructorWatch& watch, std::uint64_t number, std::uint64_t arguments) {
  return watch.pass(number, arguments);
}

}  // namespace

bool ConstructorWatch::is_candidate(const GuestLibrary& importer, const ImportSlot& slot) {
  if (slot.receiver == nullptr || slot.receiver == &importer) return false;
  for (const std::string_view name : kRuntimeLibraries) {
    if (slot.receiver->name == name) return false;
  }
  return std::none_of(kRuntimeNames.begin(), kRuntimeNames.end(),
                      [&](std::string_view prefix) { return slot.symbol.starts_with(prefix); });
}

// Only where the slot still holds what is expected: a library may have changed it itself.
void ConstructorWatch::set_slot(const Import& import, std::uint64_t from, std::uint64_t to) {
  if (!arena_.allows(import.slot.address, 8, kPageWrite)) return;
  (void)with_memory_escape([&] {
    if (read_word(import.slot.address) == from) write_word(import.slot.address, to);
  });
}

void ConstructorWatch::begin(const GuestLibrary& library, const std::vector<ImportSlot>& slots,
                             GapList& gaps) {
  if (slots.empty()) return;
  const std::scoped_lock lock(mutex_);
  const std::uint64_t first = imports_.size();
  const auto unwatched = [&](const std::string& why) {
    gaps.add(library.name, "what its constructors register is not seen: " + why);
  };
  if (first + slots.size() > kMaxWatchedImports) return unwatched("too many imports");
  HostFunction function = host_function("constructor_watch", &pass_gate);
  function.state = this;
  const auto host = engine_.bind(std::move(function));
  if (!host) return unwatched(host.error().what);
  // A page that another thread may take away; the lock stays this function's own.
  Result<std::uint64_t> gates = 0;
  if (with_memory_escape(
          [&] { gates = put_watch_gates(arena_, engine_, machine_, *host, first, slots.size()); }))
    return unwatched("the guest takes the gates away");
  if (!gates) return unwatched(gates.error().what);
  for (std::uint64_t i = 0; i < slots.size(); ++i) {
    imports_.push_back({&library, slots[i], *gates + i * kWatchGateSize, 0});
    set_slot(imports_.back(), slots[i].target, imports_.back().gate);
  }
}

void ConstructorWatch::end(const GuestLibrary& library) {
  const std::scoped_lock lock(mutex_);
  // Code that another thread is in stays: gates lead to their functions for ever.
  for (const Import& import : imports_) {
    if (import.library == &library) set_slot(import, import.gate, import.slot.target);
  }
}

std::uint64_t ConstructorWatch::pass(std::uint64_t number, std::uint64_t arguments) {
  Import import;
  {
    const std::scoped_lock lock(mutex_);
    if (number < imports_.size()) {
      ++imports_[number].calls;
      import = imports_[number];
    }
  }
  if (import.library == nullptr) {
    GuestFault fault;
    fault.kind = GuestFault::Kind::kArgument;
    fault.what = "passes a gate that is not there";
    engine_.raise(std::move(fault));
    return 0;
  }
  const std::size_t count = machine_ == ElfMachine::kArm64 ? kArm64Arguments : kIntelArguments;
  const auto saved = arena_.copy(arguments, 8 * count);
  if (!saved || import.calls > kMaxWatchedCalls) return import.slot.target;
  Arguments words{};
  std::memcpy(words.data(), saved->data(), saved->size());
  EngineRegistration found = read(import, words, count);
  if (!found.functions.empty()) keep(std::move(found));
  return import.slot.target;
}

EngineRegistration ConstructorWatch::read(const Import& import, const Arguments& arguments,
                                          std::size_t count) {
  EngineRegistration out;
  out.library = import.library->name;
  out.receiver = import.slot.receiver->name;
  out.symbol = std::string(import.slot.symbol);
  out.name = demangled(out.symbol);
  RegistrationParts parts =
      read_registration(arena_, *import.library, arguments_of(import, out.name, arguments, count),
                        kMaxRegisteredParts);
  out.functions = std::move(parts.functions);
  out.texts = std::move(parts.texts);
  return out;
}

// Registers behind the arguments often hold what the function before was called with: where it is
// not certain that one is an argument, it counts only if it does not.
std::vector<std::uint64_t> ConstructorWatch::arguments_of(const Import& import,
                                                          const std::string& name,
                                                          const Arguments& arguments,
                                                          std::size_t count) {
  const ArgumentRegisters registers = argument_registers(name, count);
  const std::scoped_lock lock(mutex_);
  if (last_.target != import.slot.target) other_ = last_;
  last_ = {import.slot.target, arguments};
  std::vector<std::uint64_t> out;
  for (std::size_t i = 0; i < registers.possible; ++i) {
    const bool old = std::find(other_.arguments.begin(), other_.arguments.end(), arguments[i]) !=
                     other_.arguments.end();
    if (i < registers.certain || !old) out.push_back(arguments[i]);
  }
  return out;
}

void ConstructorWatch::keep(EngineRegistration registration) {
  const std::scoped_lock lock(mutex_);
  if (registrations_.size() >= kMaxRegistrations) return;
  if (std::find(registrations_.begin(), registrations_.end(), registration) == registrations_.end())
    registrations_.push_back(std::move(registration));
}

std::vector<EngineRegistration> ConstructorWatch::registrations() const {
  const std::scoped_lock lock(mutex_);
  return registrations_;
}

}  // namespace dl::guest
