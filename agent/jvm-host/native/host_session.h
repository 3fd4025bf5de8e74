// SPDX-License-Identifier: Apache-2.0
// One app in one virtual machine: its native libraries in the guest, its native methods bound to
// them, its calls in the trace.
#pragma once

#include <jni.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/guest/engine/host_engine.h"
#include "daylight/guest/guest.h"
#include "daylight/guest/library_files.h"
#include "native/call_recorder.h"
#include "native/call_watchdog.h"
#include "native/hotspot_bitmaps.h"
#include "native/hotspot_world.h"
#include "native/model_watch.h"
#include "native/native_thunk.h"

namespace dl::jvm {

// What daylight tells the agent, as JSON in a file.
struct HostConfiguration {
  std::string apk;                               // its libraries lie inside
  std::string package;                           // "org.example.app"
  std::filesystem::path trace;                   // folder to make
  Json head;                                     // trace.json
  Json notes;                                    // [{"where", "why"}], for the trace
  std::filesystem::path twins;                   // libraries that run in place of the app's; or ""
  ElfMachine machine = ElfMachine::kArm64;       // whose libraries
  std::chrono::milliseconds call_limit{10'000};  // of a native call
  int socket = 3;                                // requests and answers
  // What loading the translator's library set.
  struct sigaction translator_segv = {};
  struct sigaction translator_bus = {};
};
// kCorrupt for what is none, kIo.
Result<HostConfiguration> read_configuration(const std::filesystem::path& file);

// Thread safe. Lives until the process ends.
class HostSession {
 public:
  // kIo for the trace's folder.
  static Result<std::unique_ptr<HostSession>> create(HostConfiguration configuration);

  CallRecorder& recorder() { return *recorder_; }
  int socket() const { return configuration_.socket; }

  // Where the app's Java side keeps its files: native code sees them there too. Before the first
  // library.
  void set_data_folder(const std::string& folder);
  // Bytes that Java code hands to native code: kept as a model if they are one.
  void offer_model(ByteSpan bytes, const std::string& where);

  // System.load and loadLibrary: "face" or "libface.so", with or without folders. Runs its
  // JNI_OnLoad when it is loaded for the first time. An Error says what the app's Java code is
  // told; an exception of JNI_OnLoad is pending instead.
  Result<void> load(JNIEnv* env, const std::string& name, jobject loader);
  // Binds a class's native methods, each by its name in Java and the one that HotSpot knows, to
  // what the loaded libraries export. How many are bound now.
  int bind(JNIEnv* env, jclass klass, const std::string& owner,
           const std::vector<std::string>& names, const std::vector<std::string>& signatures);

 private:
  explicit HostSession(HostConfiguration configuration)
      : configuration_(std::move(configuration)) {}

  // The guest begins with the first library.
  Result<void> begin_guest(const std::string& library);
  Result<void> open_libraries(const std::string& library);
  Result<void> run_on_load(JNIEnv* env, const guest::GuestLibrary& library);
  bool bind_one(JNIEnv* env, jclass klass, const guest::RegisteredNative& native,
                const std::string& hotspot_name, bool exported);
  void register_from_guest(const guest::RegisteredNative& native);
  std::optional<guest::GuestValue> call(const NativeThunk& thunk, JNIEnv* env,
                                        std::span<const std::uint64_t> integers,
                                        std::span<const guest::Vector128> vectors);

  HostConfiguration configuration_;
  std::unique_ptr<CallRecorder> recorder_;
  std::recursive_mutex mutex_;  // guards what follows; JNI_OnLoad loads further libraries
  std::unique_ptr<guest::LibraryFiles> files_;      // of the app
  std::unique_ptr<guest::LibraryFiles> libraries_;  // twins; null: those of the app
  std::unique_ptr<guest::Guest> guest_;
  HotspotWorld* world_ = nullptr;  // the guest's
  std::unique_ptr<HotspotBitmaps> bitmaps_;
  std::unique_ptr<ModelWatch> models_;
  std::string data_folder_;
  std::unique_ptr<CallWatchdog> watchdog_;
  std::set<std::string> started_;  // libraries whose JNI_OnLoad ran
};

// The prefix of the names under which HotSpot knows native methods that Java code wraps.
inline constexpr const char* kNativePrefix = "daylight$";

}  // namespace dl::jvm
