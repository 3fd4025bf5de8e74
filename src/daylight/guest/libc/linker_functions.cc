// SPDX-License-Identifier: Apache-2.0
// libdl: libraries while they run, and what unwinders ask.
#include <cerrno>
#include <cstring>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/libc/system_world.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

constexpr std::uint64_t kDefaultHandle = 0;               // RTLD_DEFAULT
constexpr std::uint64_t kNextHandle = ~std::uint64_t{0};  // RTLD_NEXT
constexpr std::uint64_t kWholeHandle = 1;                 // dlopen(NULL)

struct LinkerError {
  explicit LinkerError(GuestMachine&) {}
  std::mutex mutex;
  std::string text;
};

void set_error(GuestMachine& machine, const std::string& text) {
  LinkerError& error = machine.part<LinkerError>();
  const std::scoped_lock lock(error.mutex);
  error.text = text;
}

std::string file_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// Libraries of hardware that no profile has: a device without it answers so.
bool is_absent_hardware(const std::string& name) {
  return name == "libEGL.so" || name == "libvulkan.so" || name == "libneuralnetworks.so" ||
         name == "libOpenCL.so";
}

std::uint64_t dlopen_(GuestMachine& machine, const char* path, int) {
  if (path == nullptr) return kWholeHandle;
  const std::string name = file_name(path);
  if (is_absent_hardware(name)) {
    machine.events.lookup({GuestLookup::What::kLibrary, path, false, "no such hardware"});
    set_error(machine, "dlopen failed: library \"" + name + "\" not found");
    return 0;
  }
  if (is_system_library(name)) {
    machine.events.lookup({GuestLookup::What::kLibrary, path, true, "system"});
    return machine.constant_text(name);
  }
  const auto library = machine.loader->load(name);
  machine.events.lookup({GuestLookup::What::kLibrary, path, library.has_value(),
                         library ? (*library)->path : library.error().what});
  if (library) return (*library)->begin;
  if (const auto& fault = machine.loader->fault()) machine.engine.raise(*fault);
  set_error(machine, "dlopen failed: library \"" + name + "\" not found");
  return 0;
}

// Of the library, then of those that it needs: where a thread-local variable lies for this thread.
std::optional<std::uint64_t> find_thread_local(GuestMachine& machine, const GuestLibrary& library,
                                               const char* name) {
  std::vector<const GuestLibrary*> all = {&library};
  all.insert(all.end(), library.dependencies.begin(), library.dependencies.end());
  for (const GuestLibrary* const each : all) {
    if (const auto offset = each->find_thread_local(name))
      return machine.loader->thread_storage().address(each->thread_module, *offset);
  }
  return std::nullopt;
}

std::uint64_t dlsym_(GuestMachine& machine, std::uint64_t handle, const char* name) {
  std::optional<std::uint64_t> found;
  GuestLibrary* const library =
      handle == kDefaultHandle || handle == kNextHandle ? nullptr : machine.loader->holding(handle);
  if (library != nullptr) {
    found = library->find(name);
    for (std::size_t i = 0; !found && i < library->dependencies.size(); ++i)
      found = library->dependencies[i]->find(name);
    if (!found) found = find_thread_local(machine, *library, name);
  } else {
    found = machine.loader->find(name);
  }
  machine.events.lookup({GuestLookup::What::kSymbol, name, found.has_value(),
                         found ? machine.loader->describe(*found) : std::string()});
  if (found) return *found;
  set_error(machine, std::string("undefined symbol: ") + name);
  return 0;
}

int dlclose_(std::uint64_t) { return 0; }  // libraries stay

std::uint64_t dlerror_(GuestMachine& machine) {
  LinkerError& error = machine.part<LinkerError>();
  std::string text;
  {
    const std::scoped_lock lock(error.mutex);
    text = std::exchange(error.text, {});
  }
  return text.empty() ? 0 : machine.constant_text(text);
}

int dladdr_(GuestMachine& machine, std::uint64_t address, std::uint64_t to) {
  const GuestLibrary* const library = machine.loader->holding(address);
  if (library == nullptr || !machine.arena.allows(to, 32, kPageWrite)) return 0;
  std::uint64_t out[4] = {machine.constant_text(library->path), library->begin, 0, 0};
  if (const auto symbol = library->symbol_at(address)) {
    out[2] = machine.constant_text(std::string(symbol->first));
    out[3] = address - symbol->second;
  }
  std::memcpy(reinterpret_cast<void*>(to), out, sizeof(out));
  return 1;
}

int dl_iterate_phdr_(GuestMachine& machine, std::uint64_t callback, std::uint64_t data) {
  // struct dl_phdr_info: address, name, headers, their number, loads, unloads, two for TLS.
  constexpr std::uint64_t kInfoSize = 64;
  const std::uint64_t info = machine.heap.allocate(kInfoSize);
  if (info == 0) return 0;
  int answer = 0;
  const auto& libraries = machine.loader->libraries();
  ThreadStorage& storage = machine.loader->thread_storage();
  for (std::size_t i = 0; i < libraries.size() && answer == 0; ++i) {
    const GuestLibrary& library = *libraries[i];
    const std::uint64_t words[8] = {library.bias,
                                    machine.constant_text(library.path),
                                    library.program_headers,
                                    library.elf.segments().size(),
                                    libraries.size(),
                                    0,
                                    library.thread_module,
                                    storage.known_block(library.thread_module)};
    std::memcpy(reinterpret_cast<void*>(info), words, sizeof(words));
    const std::uint64_t arguments[] = {info, kInfoSize, data};
    const auto called = machine.engine.call(callback, arguments);
    if (!called) break;
    answer = static_cast<int>(called->integer);
  }
  machine.heap.release(info);
  return answer;
}

// struct tls_index: number of the module, offset.
std::uint64_t tls_get_addr_(GuestMachine& machine, std::uint64_t index) {
  const auto words = machine.arena.bytes(index, 16);
  if (!words) {
    machine.raise(GuestFault::Kind::kArgument,
                  "asks for a thread-local variable with an index that is not readable");
    return 0;
  }
  std::uint64_t parts[2];
  std::memcpy(parts, words->data(), sizeof(parts));
  return machine.loader->thread_storage().address(parts[0], parts[1]);
}

}  // namespace

void add_linker_functions(FunctionTable& table) {
  table.add("dlopen", &dlopen_);
  table.alias("android_dlopen_ext", "dlopen");
  table.add("dlsym", &dlsym_);
  table.add("dlclose", &dlclose_);
  table.add("dlerror", &dlerror_);
  table.add("dladdr", &dladdr_);
  table.add("__tls_get_addr", &tls_get_addr_);
  table.add("dl_iterate_phdr", &dl_iterate_phdr_);
}

}  // namespace dl::guest
