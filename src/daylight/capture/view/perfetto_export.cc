// SPDX-License-Identifier: Apache-2.0
// Track events: a slice's begin waits until its arguments are there, everything else is written at
// once.
#include "daylight/capture/view/perfetto_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/base/text.h"
#include "daylight/capture/view/trace_words.h"

namespace dl::capture {
namespace {

// Field numbers of perfetto/trace/trace.proto and what it includes.
enum Field : std::uint32_t {
  kTracePacket = 1,
  kPacketTimestamp = 8,
  kPacketSequence = 10,
  kPacketTrackEvent = 11,
  kPacketTrackDescriptor = 60,
  kTrackUuid = 1,
  kTrackName = 2,
  kTrackProcess = 3,
  kTrackThread = 4,
  kTrackParent = 5,
  kProcessPid = 1,
  kProcessName = 6,
  kThreadPid = 1,
  kThreadTid = 2,
  kEventAnnotation = 4,
  kEventType = 9,
  kEventTrack = 11,
  kEventCategory = 22,
  kEventName = 23,
  kEventFlow = 47,
  kAnnotationUint = 3,
  kAnnotationString = 6,
  kAnnotationPointer = 7,
  kAnnotationName = 10,
  kAnnotationEntry = 11,
};
enum EventType : std::uint64_t { kSliceBegin = 1, kSliceEnd = 2, kInstant = 3 };

constexpr std::uint64_t kSequence = 1;
constexpr std::size_t kShownText = 400;
constexpr std::size_t kMaxTracks = std::size_t{1} << 20;
constexpr std::size_t kMaxLanes = 64;  // of stimuli at the same time
constexpr std::uint64_t kTraceTrack = 1;

std::string shown(std::string_view text) { return printable(text, kShownText); }

// Ids of tracks: 64 bits that differ for what differs.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}
enum class TrackSort : std::uint64_t { kProcess = 1, kThread, kStimuli };
std::uint64_t track_uuid(TrackSort sort, std::uint32_t pid, std::uint32_t part) {
  return mixed(mixed((std::uint64_t{pid} << 32U) | part) + static_cast<std::uint64_t>(sort)) | 2U;
}

// The debug annotations of one event.
class Annotations {
 public:
  Annotations& text(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name).text(kAnnotationString, shown(value));
    return close();
  }
  Annotations& number(std::string_view name, std::uint64_t value) {
    add(name).number(kAnnotationUint, value);
    return close();
  }
  Annotations& pointer(std::string_view name, std::uint64_t value) {
    add(name).number(kAnnotationPointer, value);
    return close();
  }
  // A dictionary under one name.
  Annotations& dictionary(std::string_view name, const Annotations& entries) {
    ProtobufMessage& message = add(name);
    for (const ProtobufMessage& entry : entries.all_) message.message(kAnnotationEntry, entry);
    return close();
  }
  // As fields of a TrackEvent.
  ProtobufMessage fields() const {
    ProtobufMessage out;
    for (const ProtobufMessage& each : all_) out.message(kEventAnnotation, each);
    return out;
  }

 private:
  ProtobufMessage& add(std::string_view name) {
    open_.emplace();
    open_->text(kAnnotationName, shown(name));
    return *open_;
  }
  Annotations& close() {
    if (open_) all_.push_back(*std::exchange(open_, std::nullopt));
    return *this;
  }

  std::optional<ProtobufMessage> open_;
  std::vector<ProtobufMessage> all_;
};

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  return shape.empty() ? "" : fmt::format("[{}]", fmt::join(shape, ","));
}

void describe_buffer(const TraceBuffer& buffer, ValueType type, std::uint64_t length,
                     BufferBeginnings& beginnings, Annotations& out) {
  out.text("held", word(buffer.held));
  if (buffer.captured != length) out.number("captured", buffer.captured);
  if (buffer.held == TraceHeld::kBlob || buffer.held == TraceHeld::kDigest)
    out.text("sha256", to_hex(buffer.digest));
  if (const auto beginning = beginnings.of(buffer))
    out.text("values", values_text(type, as_bytes(*beginning), beginning->size() < length));
}

Annotations describe(const TraceArgument& argument, BufferBeginnings& beginnings) {
  Annotations out;
  out.text("type", argument.type).text("dtype", argument.dtype);
  out.text("shape", shape_text(argument.shape));
  if (const auto scalar = scalar_text(argument)) return out.text("value", *scalar);
  out.pointer("address", argument.address);
  if (argument.length == 0 && argument.buffer.held == TraceHeld::kNothing) return out;
  out.number("length", argument.length);
  describe_buffer(argument.buffer, value_type(argument), argument.length, beginnings, out);
  return out;
}

// Instants: a category, a name and annotations for each kind.
struct InstantWords {
  std::string category;
  std::string name;
  Annotations annotations;
};

InstantWords words_of(const TraceLog& log) {
  return {"log", "log: " + log.text,
          Annotations().text("level", word(log.level)).text("tag", log.tag).text("text", log.text)};
}
InstantWords words_of(const TraceNote& note) {
  return {"note", "note: " + note.where,
          Annotations().text("level", word(note.level)).text("text", note.text)};
}
InstantWords words_of(const TraceLookup& lookup) {
  return {
      "lookup", fmt::format("{} {}", word(lookup.what), lookup.name),
      Annotations().text("found", lookup.found ? "there" : "absent").text("answer", lookup.answer)};
}
InstantWords words_of(const TraceLoss& loss) {
  return {"loss", fmt::format("lost {} calls, {} events", loss.calls, loss.events),
          Annotations()
              .number("calls", loss.calls)
              .number("events", loss.events)
              .number("bytes", loss.bytes)
              .text("why", loss.why)};
}
InstantWords words_of(const TraceNative& native) {
  return {"native", fmt::format("native {}.{}", native.klass, native.name),
          Annotations()
              .text("signature", native.signature)
              .number("module", native.module)
              .pointer("offset", native.offset)
              .text("route", word(native.route))};
}
InstantWords words_of(const TraceMemoryModel& model) {
  return {"memory-model", "model in memory: " + model.format,
          Annotations()
              .pointer("address", model.address)
              .number("size", model.size)
              .text("where", model.where)};
}

template <typename Record>
concept Instant = requires(const Record& record) {
  words_of(record);
};

ProtobufMessage slice_event(EventType type, std::uint64_t track) {
  ProtobufMessage event;
  event.number(kEventType, type);
  event.number(kEventTrack, track);
  return event;
}

}  // namespace

PerfettoExport::PerfettoExport(BufferFlows& flows, BufferBeginnings& beginnings, ExportSink sink)
    : flows_(flows), beginnings_(beginnings), sink_(std::move(sink)) {
  ProtobufMessage descriptor;
  descriptor.number(kTrackUuid, kTraceTrack);
  descriptor.text(kTrackName, "trace");
  track_packet(descriptor);
}

Result<void> PerfettoExport::see(const TraceEvent& event) {
  last_ns_ = std::max(last_ns_, event.time_ns);
  names_.see(event);
  const auto* argument = std::get_if<TraceArgument>(&event.payload);
  const auto waiting = unwritten_.find(thread_of(event));
  const bool completes = argument != nullptr && argument->direction == TraceDirection::kIn &&
                         waiting != unwritten_.end() && waiting->second.key == call_of(event);
  if (waiting != unwritten_.end() && !completes) begin_slice(thread_of(event));
  std::visit([&](const auto& record) { on(event, record); }, event.payload);
  return written_;
}

void PerfettoExport::on(const TraceEvent& event, const TraceEnter& enter) {
  if (!calls_.enter(event, enter.method)) return;
  const OpenCall& call = *calls_.find(call_of(event));
  Annotations annotations;
  annotations.number("call", event.call);
  if (enter.caller != 0) annotations.pointer("caller", enter.caller);
  Slice slice{call.thread};
  slice.annotations = annotations.fields().bytes();
  pending_bytes_ += slice.annotations.size();
  slices_.emplace(call.key, std::move(slice));
  unwritten_.emplace(call.thread, call);
}

void PerfettoExport::on(const TraceEvent& event, const TraceArgument& argument) {
  const auto slice = slices_.find(call_of(event));
  const std::string name = place_of(argument) + (argument.name.empty() ? "" : " ") + argument.name;
  if (slice == slices_.end()) {
    instant(event, "argument", name, describe(argument, beginnings_).fields());
    return;
  }
  if (pending_bytes_ >= kMaxPendingBytes) {
    ++slice->second.left_out;
    return;
  }
  ProtobufMessage fields = Annotations().dictionary(name, describe(argument, beginnings_)).fields();
  if (const auto flow = flows_.flow_of(event, argument)) fields.fixed64(kEventFlow, *flow);
  pending_bytes_ += fields.bytes().size();
  slice->second.annotations += fields.bytes();
}

// What waits becomes the slice's begin.
void PerfettoExport::begin_slice(const ThreadKey& thread) {
  const auto waiting = unwritten_.find(thread);
  if (waiting == unwritten_.end()) return;
  const OpenCall call = waiting->second;
  unwritten_.erase(waiting);
  Slice& slice = slices_.at(call.key);
  slice.begun = true;
  ProtobufMessage event =
      slice_event(kSliceBegin, track_of({call.enter_ns, call.thread.first, call.thread.second, 0}));
  const TraceMethod* const method = names_.method(call.key.first, call.method);
  event.text(kEventCategory, method == nullptr ? "call" : word(method->kind));
  event.text(kEventName, shown(names_.method_name(call.key.first, call.method)));
  event.append(take_annotations(slice));
  event_packet(call.enter_ns, event);
}

std::string PerfettoExport::take_annotations(Slice& slice) {
  std::string taken = std::exchange(slice.annotations, {});
  pending_bytes_ -= taken.size();
  if (slice.left_out != 0)
    taken += Annotations().number("arguments left out", slice.left_out).fields().bytes();
  slice.left_out = 0;
  return taken;
}

void PerfettoExport::end_slice(const OpenCall& call, std::uint64_t time_ns,
                               const ProtobufMessage& why) {
  const auto slice = slices_.find(call.key);
  if (slice == slices_.end()) return;
  if (!slice->second.begun) begin_slice(call.thread);
  ProtobufMessage event =
      slice_event(kSliceEnd, track_of({time_ns, call.thread.first, call.thread.second, 0}));
  event.append(take_annotations(slice->second));
  event.append(why.bytes());
  event_packet(std::max(time_ns, call.enter_ns), event);
  slices_.erase(slice);
}

void PerfettoExport::on(const TraceEvent& event, const TraceLeave& leave) {
  const auto over = calls_.leave(event);
  if (over.empty()) {
    instant(event, "leave", "end of a call whose begin was not seen",
            Annotations()
                .text("method", names_.method_name(event.pid, leave.method))
                .number("call", event.call)
                .fields());
    return;
  }
  for (const OpenCall& call : over) {
    Annotations why;
    if (call.key == call_of(event)) {
      why.text("outcome", word(leave.outcome)).pointer("value", leave.value);
      why.text("text", leave.text);
    } else {
      why.text("outcome", "no end was told: the call around it ended");
    }
    end_slice(call, event.time_ns, why.fields());
  }
}

void PerfettoExport::on(const TraceEvent& event, const TraceProcess& process) {
  process_track(event.pid);
  ProtobufMessage names;
  names.number(kProcessPid, event.pid);
  names.text(kProcessName, shown(process.name));
  ProtobufMessage descriptor;
  descriptor.number(kTrackUuid, track_uuid(TrackSort::kProcess, event.pid, 0));
  descriptor.message(kTrackProcess, names);
  track_packet(descriptor);
}

// Slices of one track must lie inside each other: stimuli that overlap get a lane each.
void PerfettoExport::on(const TraceEvent& event, const TraceStimulusBegin& stimulus) {
  auto& lanes = stimuli_[event.pid];
  auto lane = std::find(lanes.begin(), lanes.end(), std::nullopt);
  if (lane == lanes.end() && lanes.size() >= kMaxLanes) return;
  if (lane == lanes.end()) lane = lanes.insert(lane, std::nullopt);
  *lane = stimulus.id;
  const auto number = static_cast<std::uint32_t>(lane - lanes.begin());
  const std::uint64_t uuid = track_uuid(TrackSort::kStimuli, event.pid, number);
  if (tracks_.size() < kMaxTracks && tracks_.insert(uuid).second) {
    ProtobufMessage descriptor;
    descriptor.number(kTrackUuid, uuid);
    descriptor.number(kTrackParent, process_track(event.pid));
    descriptor.text(kTrackName, "stimuli");
    track_packet(descriptor);
  }
  Annotations annotations;
  annotations.number("stimulus", stimulus.id).number("face", stimulus.face);
  annotations.number("frame", stimulus.frame);
  describe_buffer(stimulus.buffer, ValueType::kBytes, stimulus.buffer.captured, beginnings_,
                  annotations);
  ProtobufMessage begin = slice_event(kSliceBegin, uuid);
  begin.text(kEventCategory, "stimulus");
  begin.text(kEventName, shown(stimulus.file));
  begin.append(annotations.fields().bytes());
  event_packet(event.time_ns, begin);
}

void PerfettoExport::on(const TraceEvent& event, const TraceStimulusEnd& stimulus) {
  auto& lanes = stimuli_[event.pid];
  const auto lane = std::find(lanes.begin(), lanes.end(), stimulus.id);
  if (lane == lanes.end()) return;
  lane->reset();
  const auto number = static_cast<std::uint32_t>(lane - lanes.begin());
  ProtobufMessage end = slice_event(kSliceEnd, track_uuid(TrackSort::kStimuli, event.pid, number));
  end.append(Annotations()
                 .text("outcome", word(stimulus.outcome))
                 .text("text", stimulus.text)
                 .fields()
                 .bytes());
  event_packet(event.time_ns, end);
}

// Definitions are in the names; the end says nothing that the file does not show.
template <typename Record>
void PerfettoExport::on(const TraceEvent& event, const Record& record) {
  if constexpr (Instant<Record>) {
    const InstantWords words = words_of(record);
    instant(event, words.category, words.name, words.annotations.fields());
  }
}

void PerfettoExport::instant(const TraceStamp& stamp, std::string_view category,
                             const std::string& name, const ProtobufMessage& annotations) {
  ProtobufMessage event = slice_event(kInstant, track_of(stamp));
  event.text(kEventCategory, category);
  event.text(kEventName, shown(name));
  event.append(annotations.bytes());
  event_packet(stamp.time_ns, event);
}

std::uint64_t PerfettoExport::process_track(std::uint32_t pid) {
  const std::uint64_t uuid = track_uuid(TrackSort::kProcess, pid, 0);
  if (tracks_.size() >= kMaxTracks || !tracks_.insert(uuid).second) return uuid;
  ProtobufMessage process;
  process.number(kProcessPid, pid);
  ProtobufMessage descriptor;
  descriptor.number(kTrackUuid, uuid);
  descriptor.message(kTrackProcess, process);
  track_packet(descriptor);
  return uuid;
}

// The writer's own events belong to no thread.
std::uint64_t PerfettoExport::track_of(const TraceStamp& stamp) {
  if (stamp.pid == 0 && stamp.tid == 0) return kTraceTrack;
  const std::uint64_t uuid = track_uuid(TrackSort::kThread, stamp.pid, stamp.tid);
  if (tracks_.contains(uuid)) return uuid;
  const std::uint64_t parent = process_track(stamp.pid);
  if (tracks_.size() >= kMaxTracks || !tracks_.insert(uuid).second) return uuid;
  ProtobufMessage thread;
  thread.number(kThreadPid, stamp.pid);
  thread.number(kThreadTid, stamp.tid);
  ProtobufMessage descriptor;
  descriptor.number(kTrackUuid, uuid);
  descriptor.number(kTrackParent, parent);
  descriptor.message(kTrackThread, thread);
  track_packet(descriptor);
  return uuid;
}

Result<void> PerfettoExport::finish(const TraceSummary& summary) {
  while (!unwritten_.empty()) begin_slice(ThreadKey(unwritten_.begin()->first));
  const auto why = Annotations().text("outcome", "no end was told: the trace ends before").fields();
  for (const OpenCall& call : calls_.take_all()) end_slice(call, last_ns_, why);
  for (const auto& [pid, lanes] : stimuli_) {
    for (std::uint32_t lane = 0; lane < lanes.size(); ++lane) {
      if (!lanes[lane]) continue;
      ProtobufMessage end = slice_event(kSliceEnd, track_uuid(TrackSort::kStimuli, pid, lane));
      end.append(why.bytes());
      event_packet(last_ns_, end);
    }
  }
  const TraceStamp at{last_ns_, 0, 0, 0};
  for (const TraceDamage& damage : summary.damage)
    instant(at, "damage", "damaged: " + damage.file,
            Annotations().number("offset", damage.offset).text("why", damage.why).fields());
  if (summary.missing != 0)
    instant(at, "damage", fmt::format("{} events are missing", summary.missing), {});
  if (!summary.end) instant(at, "damage", "the trace did not end properly", {});
  return written_;
}

void PerfettoExport::event_packet(std::uint64_t time_ns, const ProtobufMessage& track_event) {
  ProtobufMessage fields;
  fields.number(kPacketTimestamp, time_ns);
  fields.number(kPacketSequence, kSequence);
  fields.message(kPacketTrackEvent, track_event);
  packet(fields);
}

void PerfettoExport::track_packet(const ProtobufMessage& descriptor) {
  ProtobufMessage fields;
  fields.number(kPacketSequence, kSequence);
  fields.message(kPacketTrackDescriptor, descriptor);
  packet(fields);
}

void PerfettoExport::packet(const ProtobufMessage& fields) {
  if (!written_) return;
  ProtobufMessage trace;
  trace.message(kTracePacket, fields);
  written_ = sink_(trace.bytes());
}

}  // namespace dl::capture
