// SPDX-License-Identifier: Apache-2.0
// System.loadLibrary and System.load, as ART does them.
#include "daylight/guest/android/java_libraries.h"

#include <chrono>
#include <utility>

#include "daylight/guest/android/java_classes.h"
#include "daylight/guest/libc/system_world.h"

namespace dl::guest {
namespace {

constexpr std::chrono::milliseconds kLookAround{50};
constexpr std::int32_t kJniError = -1;
// JNI_VERSION_1_2, 1_4, 1_6.
constexpr std::int32_t kVersions[] = {0x10002, 0x10004, 0x10006};

JavaValue refuse(const JavaCall& call, const std::string& why) {
  call.world.raise_new("java/lang/UnsatisfiedLinkError", why);
  return {};
}

// The file that a name or an absolute path means; nothing after an exception.
std::optional<std::string> file_of(const JavaCall& call) {
  const std::string name = call.world.utf8_of(reference_argument(call, 0));
  const std::size_t slash = name.rfind('/');
  if (call.method.name == "load") {
    if (name.starts_with('/')) return name.substr(slash + 1);
    refuse(call, "Expecting an absolute path of the library: " + name);
    return std::nullopt;
  }
  if (slash == std::string::npos) return "lib" + name + ".so";
  refuse(call, "Directory separator should not appear in library name: " + name);
  return std::nullopt;
}

JavaValue load_library(const JavaCall& call) {
  if (null_argument(call, 0)) return {};
  const auto file = file_of(call);
  if (!file) return {};
  GuestMachine& machine = call.world.machine();
  if (is_system_library(*file)) {
    machine.events.lookup({GuestLookup::What::kLibrary, *file, true, "system"});
    return {};
  }
  const auto loaded = machine.loader->load(*file);
  machine.events.lookup({GuestLookup::What::kLibrary, *file, loaded.has_value(),
                         loaded ? (*loaded)->path : loaded.error().what});
  if (!loaded) {
    // A constructor that faults ends the process.
    if (const auto& fault = machine.loader->fault()) {
      machine.engine.raise(*fault);
      return {};
    }
    const bool absent = loaded.error().code == ErrorCode::kNotFound;
    return refuse(call, "dlopen failed: library \"" + *file + "\" " +
                            (absent ? "not found" : loaded.error().what));
  }
  const auto version = machine.part<JavaLibraries>().start(**loaded);
  if (!version || machine.engine.faulted() || call.world.pending() != 0) return {};
  if (!*version) return {};
  if (const auto why = refused_version(**version, (*loaded)->path)) return refuse(call, *why);
  return {};
}

}  // namespace

std::optional<std::string> refused_version(std::int32_t version, const std::string& path) {
  for (const std::int32_t known : kVersions) {
    if (version == known) return std::nullopt;
  }
  if (version == kJniError) return "JNI_ERR returned from JNI_OnLoad in \"" + path + "\"";
  return "Bad JNI version returned from JNI_OnLoad in \"" + path + "\": " + std::to_string(version);
}

// What another call of start() has found, or this thread is about to find.
GuestResult<std::optional<std::int32_t>> JavaLibraries::known(std::unique_lock<std::mutex>& lock,
                                                              const Start& start) {
  if (!start.ended && start.by == std::this_thread::get_id()) return std::nullopt;
  while (!start.ended && !machine_.engine.faulted()) ended_.wait_for(lock, kLookAround);
  return start.answer;
}

GuestResult<std::optional<std::int32_t>> JavaLibraries::start(const GuestLibrary& library) {
  const auto on_load = library.find("JNI_OnLoad");
  if (!on_load) return std::nullopt;
  Start* own = nullptr;
  {
    std::unique_lock lock(mutex_);
    const auto [start, fresh] = starts_.try_emplace(&library);
    if (!fresh) return known(lock, start->second);
    own = &start->second;
    own->by = std::this_thread::get_id();
  }
  const std::uint64_t arguments[] = {vm_, 0};
  auto done = machine_.engine.call(*on_load, arguments);
  if (!done) machine_.loader->describe(done.error());
  const std::scoped_lock lock(mutex_);
  own->ended = true;
  if (done) {
    own->answer = static_cast<std::int32_t>(done->integer);
  } else {
    own->answer = tl::unexpected<GuestFault>(std::move(done.error()));
  }
  ended_.notify_all();
  return own->answer;
}

void add_library_classes(OwnJavaWorld& world) {
  const std::initializer_list<const char*> owners = {"java/lang/System", "java/lang/Runtime"};
  handle_all(world, owners, "loadLibrary(Ljava/lang/String;)V", &load_library);
  handle_all(world, owners, "load(Ljava/lang/String;)V", &load_library);
  handle_all(world, {"java/lang/Runtime"}, "getRuntime()Ljava/lang/Runtime;",
             [](const JavaCall& call) {
               return JavaValue::reference(call.world.new_object("java/lang/Runtime"));
             });
}

}  // namespace dl::guest
