// SPDX-License-Identifier: Apache-2.0
// A trace as Perfetto's track events: what https://ui.perfetto.dev and trace_processor read.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/capture/view/buffer_flows.h"
#include "daylight/capture/view/buffer_values.h"
#include "daylight/capture/view/open_calls.h"
#include "daylight/capture/view/protobuf_message.h"
#include "daylight/capture/view/trace_names.h"

namespace dl::capture {

// Takes the next bytes of the file.
using ExportSink = std::function<Result<void>(std::string_view)>;

// Calls are slices of their thread; arguments are debug annotations of a slice's begin (in) and end
// (out). A call that crashed, threw, was unwound or stopped ends with that as an annotation, one
// whose end was never told ends with the call around it, or with the trace. Stimuli are slices of
// tracks of their own; log lines, notes, lookups, natives, models in memory and losses are
// instants. Flows: BufferFlows.
//
// Not thread safe. Memory: names, open calls and what is known of their arguments
// (kMaxPendingBytes; what comes after them is left out and says so).
class PerfettoExport {
 public:
  // All must outlive this object; `flows` has had its first pass.
  PerfettoExport(BufferFlows& flows, BufferBeginnings& beginnings, ExportSink sink);

  // Every event of the trace in order. An Error is the sink's.
  Result<void> see(const TraceEvent& event);
  // Ends what is open, and says what the reader found missing.
  Result<void> finish(const TraceSummary& summary);

  static constexpr std::size_t kMaxPendingBytes = std::size_t{64} << 20;

 private:
  // What waits for the begin or the end of a slice.
  struct Slice {
    ThreadKey thread = {};
    bool begun = false;  // written
    std::uint32_t left_out = 0;
    std::string annotations = {};  // fields of TrackEvent
  };
  void on(const TraceEvent& event, const TraceEnter& enter);
  void on(const TraceEvent& event, const TraceLeave& leave);
  void on(const TraceEvent& event, const TraceArgument& argument);
  void on(const TraceEvent& event, const TraceStimulusBegin& stimulus);
  void on(const TraceEvent& event, const TraceStimulusEnd& stimulus);
  void on(const TraceEvent& event, const TraceProcess& process);
  template <typename Record>
  void on(const TraceEvent& event, const Record& record);

  void begin_slice(const ThreadKey& thread);
  void end_slice(const OpenCall& call, std::uint64_t time_ns, const ProtobufMessage& why);
  std::string take_annotations(Slice& slice);
  void instant(const TraceStamp& stamp, std::string_view category, const std::string& name,
               const ProtobufMessage& annotations);
  std::uint64_t track_of(const TraceStamp& stamp);
  std::uint64_t process_track(std::uint32_t pid);
  void event_packet(std::uint64_t time_ns, const ProtobufMessage& track_event);
  void track_packet(const ProtobufMessage& descriptor);
  void packet(const ProtobufMessage& fields);

  BufferFlows& flows_;
  BufferBeginnings& beginnings_;
  const ExportSink sink_;
  Result<void> written_ = {};
  TraceNames names_;
  OpenCalls calls_;
  std::map<CallKey, Slice> slices_;          // of open calls
  std::map<ThreadKey, OpenCall> unwritten_;  // slices whose begin waits for arguments
  std::size_t pending_bytes_ = 0;
  std::set<std::uint64_t> tracks_;                                              // described
  std::map<std::uint32_t, std::vector<std::optional<std::uint64_t>>> stimuli_;  // lanes by process
  std::uint64_t last_ns_ = 0;
};

}  // namespace dl::capture
