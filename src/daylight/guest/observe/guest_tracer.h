// SPDX-License-Identifier: Apache-2.0
// Writes what a guest does into a trace: calls that rules select, what it looks up and says.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "daylight/artifact/selector.h"
#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/guest/guest.h"
#include "daylight/guest/native_methods.h"
#include "daylight/guest/observe/memory_models.h"
#include "daylight/guest/observe/model_calls.h"

namespace dl::guest {

// Arguments of a call that are looked at.
inline constexpr std::size_t kTracedArguments = 8;
// Functions that one rule watches in one library.
inline constexpr std::size_t kMaxWatchedFunctions = 4'096;
// Bytes of a buffer where neither a rule nor the heap says how long it is, and of all others where
// the rule has no limit.
inline constexpr std::uint64_t kTracedUnknownBytes = 64;
inline constexpr std::uint64_t kTracedBytes = std::uint64_t{64} << 20;

// Rules of kind `import` select calls from a library to the system (functions of JNI are imports
// under the name "jni:FindClass"), `so` functions and addresses of libraries, `jni` native methods
// by class, name and signature. Those of code are watched from note_libraries() on. Where a
// buffer's length is not said it is that of the block of the heap that it lies in, of the text that
// it is, or kTracedUnknownBytes. Thread safe. The writer must outlive it.
class GuestTracer : public CallObserver, public GuestEvents {
 public:
  GuestTracer(TraceWriter& writer, std::vector<CaptureRule> rules);

  // Who is traced; before its libraries are loaded. Writes the process. Where `models` are given,
  // they get those at the arguments of functions that load models, from every library that has such
  // functions, until stop_models(): before `models` go.
  void attach(Guest& guest, const std::string& name, MemoryModels* models = nullptr);
  void stop_models() { model_calls_.stop(); }
  // Writes modules, native methods and registered engines that were not written yet.
  void note_libraries();
  // A model that came into memory, with its bytes. Thread safe like all else.
  void note_model(const MemoryModel& model, ByteSpan bytes);
  void note(TraceLevel level, const std::string& where, const std::string& text);

  // A call from the host into the guest; the same name at its end.
  std::uint64_t begin_call(const std::string& name);
  void end_call(std::uint64_t id, const std::string& name, const GuestResult<GuestValue>& result);

  void enter(const HostFunction& function, CallFrame& frame) override;
  void leave(const HostFunction& function, CallFrame& frame) override;
  void enter_code(std::uint64_t address, CallFrame& frame) override;
  void leave_code(std::uint64_t address, CallFrame& frame) override;
  void lookup(const GuestLookup& lookup) override;
  void log(int priority, std::string_view tag, std::string_view text) override;

  std::uint64_t calls() const;

 private:
  struct Choice {
    const CaptureRule* rule = nullptr;  // null: not selected
    std::uint32_t method = 0;
    std::uint64_t seen = 0;
  };
  // A call under way.
  struct Open {
    Choice* choice = nullptr;
    std::uint64_t arguments[kTracedArguments] = {};
  };

  TraceStamp stamp(std::uint64_t call) const;
  Choice& choice_for(const HostFunction& function, const GuestLibrary* caller);
  std::uint32_t module_of(const GuestLibrary* library);
  void note_engines();
  void watch_library(const GuestLibrary& library);
  void watch_native(const NativeMethod& native);
  void watch(const GuestLibrary& library, std::uint64_t offset, const CaptureRule& rule,
             TraceMethodKind kind, const std::string& name, const std::string& signature);
  // The id of the call, or 0 where the rule passes over it.
  std::uint64_t begin(Choice& choice, CallFrame& frame);
  void end(std::uint64_t id, CallFrame& frame);
  void write_argument(std::uint64_t call, std::int32_t index, TraceDirection direction,
                      std::uint64_t value, const Open& open);
  std::uint64_t length_at(std::uint64_t address, const Open& open) const;

  TraceWriter& writer_;
  std::vector<CaptureRule> rules_;
  Guest* guest_ = nullptr;
  std::uint64_t began_ns_ = 0;
  ModelCalls model_calls_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::pair<const HostFunction*, const GuestLibrary*>, Choice> choices_;
  std::map<std::uint64_t, Choice> watched_;  // by address
  std::map<const GuestLibrary*, std::uint32_t> modules_;
  std::set<const GuestLibrary*> examined_;  // for functions to watch
  std::map<std::string, std::uint32_t> methods_;
  std::size_t natives_written_ = 0;
  std::size_t engines_written_ = 0;
  std::map<std::uint64_t, Open> open_;  // by id of the call
  std::uint64_t next_call_ = 1;
  std::uint64_t calls_ = 0;
};

}  // namespace dl::guest
