// SPDX-License-Identifier: Apache-2.0
// Writes what a guest does into a trace: calls that rules select, what it looks up and says.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/artifact/selector.h"
#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/guest/guest.h"
#include "daylight/guest/observe/memory_models.h"

namespace dl::guest {

// Arguments of a call that are looked at.
inline constexpr std::size_t kTracedArguments = 8;
// Bytes of a buffer where neither a rule nor the heap says how long it is, and of all others where
// the rule has no limit.
inline constexpr std::uint64_t kTracedUnknownBytes = 64;
inline constexpr std::uint64_t kTracedBytes = std::uint64_t{64} << 20;

// Rules of kind `import` select calls from a library to the system; functions of JNI are imports
// under the name "jni:FindClass". Where a buffer's length is not said it is that of the block of
// the heap that it lies in, of the text that it is, or kTracedUnknownBytes. Thread safe. The writer
// must outlive it.
class GuestTracer : public CallObserver, public GuestEvents {
 public:
  GuestTracer(TraceWriter& writer, std::vector<CaptureRule> rules);

  // Who is traced; before its libraries are loaded. Writes the process.
  void attach(Guest& guest, const std::string& name);
  // Writes modules and native methods that were not written yet.
  void note_libraries();
  // Models that came into memory since the last time; `where` says after what.
  void note_memory(MemoryModels& models, const std::string& where);
  void note(TraceLevel level, const std::string& where, const std::string& text);

  // A call from the host into the guest; the same name at its end.
  std::uint64_t begin_call(const std::string& name);
  void end_call(std::uint64_t id, const std::string& name, const GuestResult<GuestValue>& result);

  void enter(const HostFunction& function, CallFrame& frame) override;
  void leave(const HostFunction& function, CallFrame& frame) override;
  void lookup(const GuestLookup& lookup) override;
  void log(int priority, std::string_view tag, std::string_view text) override;

  std::uint64_t calls() const;

 private:
  struct Choice {
    const CaptureRule* rule = nullptr;  // null: not selected
    std::uint32_t method = 0;
    std::uint64_t seen = 0;
  };
  // A call under way on this thread.
  struct Open {
    const HostFunction* function = nullptr;
    Choice* choice = nullptr;  // null: not traced
    std::uint64_t call = 0;
    std::uint64_t arguments[kTracedArguments] = {};
  };

  TraceStamp stamp(std::uint64_t call) const;
  Choice& choice_for(const HostFunction& function, const GuestLibrary* caller);
  std::uint32_t module_of(const GuestLibrary* library);
  void write_argument(std::uint64_t call, std::int32_t index, TraceDirection direction,
                      std::uint64_t value, const Open& open);
  std::uint64_t length_at(std::uint64_t address, std::int32_t index, const Open& open) const;

  TraceWriter& writer_;
  std::vector<CaptureRule> rules_;
  Guest* guest_ = nullptr;
  std::uint64_t began_ns_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::pair<const HostFunction*, const GuestLibrary*>, Choice> choices_;
  std::map<const GuestLibrary*, std::uint32_t> modules_;
  std::map<std::string, std::uint32_t> methods_;
  std::size_t natives_written_ = 0;
  std::map<std::uint64_t, Open> open_;  // by id of the call
  std::uint64_t next_call_ = 1;
  std::uint64_t calls_ = 0;
};

}  // namespace dl::guest
