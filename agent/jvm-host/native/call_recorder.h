// SPDX-License-Identifier: Apache-2.0
// What the app does on this virtual machine, as events of a trace.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/guest/guest.h"
#include "daylight/guest/observe/memory_models.h"

namespace dl::jvm {

// Where events go: a run folder here; what sends them elsewhere stands behind the same functions.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void write(const TraceEvent& event) = 0;
  virtual TraceBuffer keep(ByteSpan bytes) = 0;
  virtual void finish(TraceEnding ending, const std::string& text) = 0;
};
std::unique_ptr<EventSink> folder_sink(std::unique_ptr<TraceWriter> writer);

// One value of a call, as Java code described it.
struct RecordedValue {
  std::uint64_t call = 0;
  std::int32_t index = 0;
  bool out = false;
  std::string type;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::uint64_t bits = 0;    // of a scalar; the address of a buffer
  std::uint64_t length = 0;  // of the whole buffer
};

// Thread safe. Texts come from the app; they are cut to what an event holds, and a cut value says
// so by its lengths.
class CallRecorder : public guest::GuestEvents {
 public:
  explicit CallRecorder(std::unique_ptr<EventSink> sink);

  void process(const std::string& name, const std::string& abi);
  // The same id for the same method.
  std::uint32_t method(TraceMethodKind kind, const std::string& name, const std::string& signature);
  // A call begins on this thread: its id. Calls nest by thread.
  std::uint64_t enter(std::uint32_t method);
  void leave(std::uint64_t call, std::uint32_t method, TraceOutcome outcome, std::uint64_t value,
             const std::string& text);
  void scalar(const RecordedValue& value);
  // `seen` of the whole buffer's bytes.
  void bytes(const RecordedValue& value, ByteSpan seen);
  void unreadable(const RecordedValue& value);
  void note(TraceLevel level, const std::string& where, const std::string& text);
  void begin_stimulus(const TraceStimulusBegin& stimulus, ByteSpan picture);
  void end_stimulus(const TraceStimulusEnd& stimulus);
  // Modules that were not written yet.
  void libraries(guest::Guest& guest);
  // A native method got its function: at `address` of a loaded library.
  void native(guest::Guest& guest, const guest::RegisteredNative& native, bool exported);
  void model(const guest::MemoryModel& model, ByteSpan bytes);
  void finish(TraceEnding ending, const std::string& text);

  void lookup(const guest::GuestLookup& lookup) override;
  void log(int priority, std::string_view tag, std::string_view text) override;

 private:
  TraceStamp stamp(std::uint64_t call) const;
  TraceArgument argument_of(const RecordedValue& value) const;

  std::unique_ptr<EventSink> sink_;
  std::uint64_t began_ns_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, std::uint32_t> methods_;
  std::map<std::string, std::uint32_t> modules_;
  std::uint64_t next_call_ = 1;
};

}  // namespace dl::jvm
