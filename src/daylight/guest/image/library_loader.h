// SPDX-License-Identifier: Apache-2.0
// Puts native libraries into a guest's memory as Android's linker does, without a phone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/image/constructor_watch.h"
#include "daylight/guest/image/guest_library.h"
#include "daylight/guest/image/thread_storage.h"
#include "daylight/guest/memory/guest_arena.h"

namespace dl::guest {

// Addresses of one library.
inline constexpr std::uint64_t kMaxLibrarySpan = std::uint64_t{2} << 30;
// Libraries of one guest.
inline constexpr std::size_t kMaxGuestLibraries = 1'024;
// Constructors of one library.
inline constexpr std::uint64_t kMaxConstructors = 65'536;

// A file that a guest asks for by its name.
struct LibraryFile {
  Content content;
  std::vector<std::string> origin;  // containers, outermost first
  std::string path;                 // as the guest sees it
};

// A thread-local variable: a library's module and where in it.
struct ThreadPlace {
  std::uint64_t module = 0;
  std::uint64_t offset = 0;
};

// Where libraries and the functions of the system come from.
class LibraryWorld {
 public:
  virtual ~LibraryWorld() = default;
  // "libx.so"; nothing if the app has no such file.
  virtual std::optional<LibraryFile> open(const std::string& name) = 0;
  // Whether the system has a library of this name, whose functions are found by import().
  virtual bool is_system(const std::string& name) const = 0;
  // Address of a function or datum of the system for the guest.
  virtual std::optional<std::uint64_t> import(const std::string& name) = 0;
  // What stands for an import that nobody has: calling it ends the guest's call.
  virtual Result<std::uint64_t> missing(const std::string& library, const std::string& name,
                                        bool data) = 0;
};

// Thread safe, but for missing() and gaps(), which are asked for when nothing is loaded. Loading
// and destructors go one at a time; constructors that load further libraries come back in on the
// same thread. What only looks libraries up never waits for guest code. The arena, heap, engine and
// world must outlive it.
class LibraryLoader {
 public:
  LibraryLoader(GuestArena& arena, GuestHeap& heap, GuestEngine& engine, LibraryWorld& world,
                ElfMachine machine);
  ~LibraryLoader();

  // Maps, relocates and starts a library and what it needs; the same one if it is loaded already.
  // kNotFound, kUnsupported (another processor, initial-exec TLS), kCorrupt (a damaged file, or a
  // constructor that faults, or another thread of the guest that takes its memory away meanwhile:
  // see fault()); one that failed fails again. Needed libraries that nobody has are gaps.
  Result<GuestLibrary*> load(const std::string& name);
  // Of a loaded library; null if it is not. Here and below, one that is not wholly made is not.
  GuestLibrary* loaded(std::string_view name) const;
  // Whether its constructors came to their end, or still may.
  bool usable(const GuestLibrary& library) const;
  // The fault that the last failed load ended with, if it was one.
  std::optional<GuestFault> fault() const;

  // `told` of each library from here on when it is made, on the thread that loads it, before a
  // constructor runs. Not while one loads.
  void when_made(std::function<void(const GuestLibrary&)> told) { told_ = std::move(told); }

  ElfMachine machine() const { return machine_; }
  // In the order in which they were loaded.
  std::vector<GuestLibrary*> libraries() const;
  GuestLibrary* holding(std::uint64_t address) const;
  // The first usable library that defines it, in order of loading; then the system's.
  std::optional<std::uint64_t> find(const std::string& symbol);
  // "libx.so+0x1f40 (name+0x10)", or the host function's name, or the number.
  std::string describe(std::uint64_t address) const;
  // Names for the addresses of a fault.
  void describe(GuestFault& fault) const;

  // Runs the destructors of all libraries, last first. A fault ends it.
  GuestResult<void> run_destructors();

  const std::vector<MissingImport>& missing() const { return missing_; }
  const GapList& gaps() const { return gaps_; }
  ThreadStorage& thread_storage() { return thread_storage_; }
  // What constructors gave to other libraries so far, in order.
  std::vector<EngineRegistration> registrations() const { return watch_.registrations(); }

  // What a relocation asks for, whatever the processor calls it.
  enum class Relocation {
    kNone,
    kRelative,
    kSymbol,
    kSymbolNoAddend,
    kIndirect,
    kThreadModule,      // which library's thread-local storage
    kThreadOffset,      // where in it
    kThreadStatic,      // distance from the thread pointer: initial-exec
    kThreadDescriptor,  // a function that gives that distance, and its argument
    kOther
  };

 private:
  // Of one load(): libraries whose making has begun, and those that are mapped with what they need,
  // which comes first.
  struct Fresh {
    std::set<const GuestLibrary*> begun;
    std::vector<GuestLibrary*> libraries;
  };
  Result<GuestLibrary*> make(const std::string& name, Fresh& fresh);
  Result<GuestLibrary*> load_one(const std::string& name, Fresh& fresh);
  Result<GuestLibrary*> add_library(const std::string& name, Fresh& fresh);
  void add_dependency(GuestLibrary& library, const std::string& needed, Fresh& fresh);
  Result<void> start(const std::vector<GuestLibrary*>& fresh);
  GuestLibrary* known(std::string_view name) const;
  GuestLibrary* at(std::uint64_t address) const;
  std::optional<Error> why_broken(const GuestLibrary& library) const;
  void mark_made(const std::vector<GuestLibrary*>& fresh);
  void mark_broken(const std::vector<GuestLibrary*>& fresh, const Error& why);
  void set_fault(std::optional<GuestFault> fault);
  Result<void> map_segments(GuestLibrary& library);
  Result<void> add_thread_storage(GuestLibrary& library);
  Result<void> copy_headers(GuestLibrary& library);
  Result<void> relocate(GuestLibrary& library, const std::vector<GuestLibrary*>& scope);
  Result<void> protect_segments(GuestLibrary& library);
  void note_import(GuestLibrary& library, const ElfRelocation& relocation, std::uint64_t target);
  Result<void> construct(GuestLibrary& library);
  Result<void> run_constructors(GuestLibrary& library);
  Result<std::uint64_t> resolve(GuestLibrary& library, const ElfSymbol& symbol,
                                const std::vector<GuestLibrary*>& scope);
  Result<ThreadPlace> thread_place(GuestLibrary& library, std::uint32_t number,
                                   const std::vector<GuestLibrary*>& scope);
  Result<void> write_thread_place(GuestLibrary& library, Relocation kind, std::uint64_t at,
                                  const ThreadPlace& place);
  Result<void> run(GuestLibrary& library, std::uint64_t function, const char* what);

  GuestArena& arena_;
  GuestEngine& engine_;
  LibraryWorld& world_;
  ElfMachine machine_;
  ThreadStorage thread_storage_;
  ConstructorWatch watch_;
  std::function<void(const GuestLibrary&)> told_;
  // Held while libraries are made and started, and while destructors run: guest code, too.
  std::recursive_mutex loading_;
  // Imports that constructors may register with, of libraries that have not started yet.
  std::unordered_map<const GuestLibrary*, std::vector<ImportSlot>> import_slots_;
  std::vector<MissingImport> missing_;
  GapList gaps_;
  // Guards what follows, and `made` and `broken` of each library. No guest code runs and no memory
  // of the guest is touched while it is held; taken after loading_.
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<GuestLibrary>> libraries_;
  std::optional<GuestFault> fault_;
};

}  // namespace dl::guest
