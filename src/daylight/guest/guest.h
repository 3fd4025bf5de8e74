// SPDX-License-Identifier: Apache-2.0
// A phone without a phone: loads an app's native libraries and calls their functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/guest/android/android_app.h"
#include "daylight/guest/engine/guest_engine.h"
#include "daylight/guest/image/library_loader.h"
#include "daylight/guest/jni/jni_table.h"
#include "daylight/guest/jni/own_java_world.h"
#include "daylight/guest/libc/app_folders.h"
#include "daylight/guest/machine/guest_machine.h"
#include "daylight/guest/time_limit.h"

namespace dl::guest {

struct GuestOptions {
  // arm64 code is translated; that of this machine's own processor runs as it is.
  ElfMachine machine = ElfMachine::kArm64;
  // The app's libraries by file name.
  std::function<std::optional<LibraryFile>(const std::string& name)> libraries;
  // Null for the builtin profile of the machine.
  const DeviceProfile* profile = nullptr;
  // Null for none.
  GuestEvents* events = nullptr;
  GuestEngineOptions engine;
  // After which all calls end with kStopped, with the place where they were; 0 for never.
  std::chrono::milliseconds time_limit{0};
  // What is known of the app's classes; null for nothing.
  const ClassHierarchy* classes = nullptr;
  // What is known of the app itself: its assets, name and signers.
  AndroidApp app;
  // Its files.
  AppFolders folders;
  // Makes the Java side, of a virtual machine that is there; without it, objects exist as far as
  // native code looks at them (OwnJavaWorld).
  std::function<std::unique_ptr<JavaWorld>(GuestMachine&)> java_world;
};

// Runs hostile code in this process: arm64 code behind dynarmic, in memory of its own, but with
// this program's parsers and shims around it; x86-64 code with nothing around it, so that it needs
// `engine.jailed`. Callers put it into a child process (base/sandbox.h). One at a time
// in a process. Calls are thread safe.
class Guest {
 public:
  // kUnsupported for processors that no engine runs, and as make_host_engine().
  static Result<std::unique_ptr<Guest>> create(const GuestOptions& options);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  // As LibraryLoader::load.
  Result<GuestLibrary*> load(const std::string& name);
  // Calls a function by address. A fault has a backtrace with names.
  GuestResult<GuestValue> call(std::uint64_t function, std::span<const std::uint64_t> integers,
                               std::span<const Vector128> vectors = {});
  // By the name of an exported function of any loaded library: kNotFound as a fault of kind import.
  GuestResult<GuestValue> call(const std::string& symbol,
                               std::initializer_list<std::uint64_t> integers);

  // Calls the library's JNI_OnLoad, if it has one and nobody has called it before (Java's
  // loadLibrary in native code does): the version that it answers, 0 without one. An exception that
  // it leaves behind is a fault of kind abort.
  GuestResult<std::int32_t> run_on_load(const GuestLibrary& library);
  // Calls a native method: the JNIEnv comes before the arguments. See native_call.h for more.
  GuestResult<GuestValue> call_native(std::uint64_t function,
                                      std::span<const std::uint64_t> integers,
                                      std::span<const Vector128> vectors = {});
  // This thread of the program calls the guest no more: what the guest had for it is given back.
  // Not from inside of a call.
  void leave_thread();
  // The small world of our own: not for guests that were made with a `java_world`.
  OwnJavaWorld& java() { return *own_java_; }
  JavaWorld& java_world() { return *java_; }
  JniTable& jni() { return *jni_; }

  GuestMachine& machine() { return *machine_; }
  LibraryLoader& loader() { return *loader_; }
  GuestArena& arena() { return *arena_; }

 private:
  Guest() = default;
  void make_java(const GuestOptions& options);

  std::unique_ptr<GuestArena> arena_;
  std::unique_ptr<GuestHeap> heap_;
  std::unique_ptr<GuestEngine> engine_;
  std::unique_ptr<TimeLimit> time_limit_;
  std::unique_ptr<LibraryWorld> world_;
  std::unique_ptr<LibraryLoader> loader_;
  std::unique_ptr<GuestMachine> machine_;
  std::unique_ptr<JavaWorld> java_;
  OwnJavaWorld* own_java_ = nullptr;  // the same, if it is one
  std::unique_ptr<JniTable> jni_;
};

}  // namespace dl::guest
