// SPDX-License-Identifier: Apache-2.0
// Sees what libraries register with each other while their constructors run: engines that no Java
// method and no export names.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/format/format_gap.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/image/guest_library.h"

namespace dl::guest {

// Imports of one guest that are watched, and registrations that are kept.
inline constexpr std::size_t kMaxWatchedImports = 65'536;
inline constexpr std::size_t kMaxRegistrations = 4'096;
// Calls of one import that are looked at.
inline constexpr std::uint64_t kMaxWatchedCalls = 4'096;
// Functions and texts of one registration.
inline constexpr std::size_t kMaxRegisteredParts = 16;

// A constructor of `library` gave functions of its own to another library. Texts are the guest's:
// hostile.
struct EngineRegistration {
  std::string library;                   // whose constructor it was
  std::string receiver;                  // whose function it called
  std::string symbol;                    // "_ZN6pitaya14RegisterEngineE..."
  std::string name;                      // "pitaya::RegisterEngine(...)"; the symbol of C
  std::vector<std::uint64_t> functions;  // addresses in the file of `library`
  std::vector<std::string> texts;        // strings among the arguments and beside them

  friend bool operator==(const EngineRegistration&, const EngineRegistration&) = default;
};

// A slot of a library's procedure linkage table.
struct ImportSlot {
  std::uint64_t address = 0;
  std::uint64_t target = 0;
  const GuestLibrary* receiver = nullptr;
  std::string_view symbol;  // of the importing library's file
};

// Calls go from the library's table to code that asks here and goes on to the function, with its
// arguments as they were and nothing more on the stack. The library's own code stays as it is.
// Thread safe; libraries outlive it.
class ConstructorWatch {
 public:
  ConstructorWatch(GuestArena& arena, GuestEngine& engine, ElfMachine machine)
      : arena_(arena), engine_(engine), machine_(machine) {}

  // Whether calls of this import can be registrations: one of another library of the app that is no
  // C++ runtime.
  static bool is_candidate(const GuestLibrary& importer, const ImportSlot& slot);

  // From here to end(), calls through these slots are seen. What cannot be watched is a gap; the
  // library works all the same.
  void begin(const GuestLibrary& library, const std::vector<ImportSlot>& slots, GapList& gaps);
  void end(const GuestLibrary& library);

  std::vector<EngineRegistration> registrations() const;

  // A call through gate `number`, with its integer arguments at `arguments`: where it goes on. For
  // the gates.
  std::uint64_t pass(std::uint64_t number, std::uint64_t arguments);

 private:
  struct Import {
    const GuestLibrary* library = nullptr;
    ImportSlot slot;
    std::uint64_t gate = 0;
    std::uint64_t calls = 0;
  };
  // Values of the registers when a function was called.
  static constexpr std::size_t kArguments = 8;
  using Arguments = std::array<std::uint64_t, kArguments>;
  struct Call {
    std::uint64_t target = 0;
    Arguments arguments{};
  };
  EngineRegistration read(const Import& import, const Arguments& arguments, std::size_t count);
  std::vector<std::uint64_t> arguments_of(const Import& import, const std::string& name,
                                          const Arguments& arguments, std::size_t count);
  void keep(EngineRegistration registration);
  void set_slot(const Import& import, std::uint64_t from, std::uint64_t to);

  GuestArena& arena_;
  GuestEngine& engine_;
  ElfMachine machine_;
  mutable std::mutex mutex_;    // guards what follows
  std::deque<Import> imports_;  // by number of the gate
  std::vector<EngineRegistration> registrations_;
  Call last_;   // that passed
  Call other_;  // the last one of another function before it
};

}  // namespace dl::guest
