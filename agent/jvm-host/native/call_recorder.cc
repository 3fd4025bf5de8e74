// SPDX-License-Identifier: Apache-2.0
// Stamps events and hands them to where they go.
#include "native/call_recorder.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace dl::jvm {
namespace {

// Ids of the calls under way on this thread, innermost last.
thread_local std::vector<std::uint64_t> open_calls;

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

std::string cut(std::string_view text) { return std::string(text.substr(0, kMaxTraceTextBytes)); }

std::uint64_t current_call() { return open_calls.empty() ? 0 : open_calls.back(); }

TraceLookupKind kind_of(guest::GuestLookup::What what) {
  using What = guest::GuestLookup::What;
  switch (what) {
    case What::kProperty:
      return TraceLookupKind::kProperty;
    case What::kSymbol:
      return TraceLookupKind::kSymbol;
    case What::kFile:
      return TraceLookupKind::kFile;
    case What::kLibrary:
      return TraceLookupKind::kLibrary;
    case What::kImport:
      return TraceLookupKind::kImport;
    case What::kSystemCall:
      return TraceLookupKind::kSystemCall;
    case What::kSetting:
      return TraceLookupKind::kSetting;
  }
  return TraceLookupKind::kFile;
}

// What the disk refuses the writer counts and tells by itself.
class FolderSink : public EventSink {
 public:
  explicit FolderSink(std::unique_ptr<TraceWriter> writer) : writer_(std::move(writer)) {}
  void write(const TraceEvent& event) override { (void)writer_->write(event); }
  TraceBuffer keep(ByteSpan bytes) override { return writer_->keep(bytes); }
  void finish(TraceEnding ending, const std::string& text) override {
    (void)writer_->finish(ending, text);
  }

 private:
  std::unique_ptr<TraceWriter> writer_;
};

}  // namespace

std::unique_ptr<EventSink> folder_sink(std::unique_ptr<TraceWriter> writer) {
  return std::make_unique<FolderSink>(std::move(writer));
}

CallRecorder::CallRecorder(std::unique_ptr<EventSink> sink)
    : sink_(std::move(sink)), began_ns_(now_ns()) {}

TraceStamp CallRecorder::stamp(std::uint64_t call) const {
  return {now_ns() - began_ns_, static_cast<std::uint32_t>(getpid()),
          static_cast<std::uint32_t>(syscall(SYS_gettid)), call};
}

void CallRecorder::process(const std::string& name, const std::string& abi) {
  sink_->write({stamp(0), TraceProcess{cut(name), abi, "jvm-host"}});
}

std::uint32_t CallRecorder::method(TraceMethodKind kind, const std::string& name,
                                   const std::string& signature) {
  const std::scoped_lock lock(mutex_);
  const auto fresh = static_cast<std::uint32_t>(methods_.size() + 1);
  const auto [known, added] = methods_.emplace(name + signature, fresh);
  if (added)
    sink_->write(
        {stamp(0), TraceMethod{fresh, kind, cut(name), kNoTraceModule, 0, cut(signature)}});
  return known->second;
}

std::uint64_t CallRecorder::enter(std::uint32_t method) {
  std::uint64_t call = 0;
  {
    const std::scoped_lock lock(mutex_);
    call = next_call_++;
  }
  const std::uint64_t parent = current_call();
  open_calls.push_back(call);
  sink_->write({stamp(call), TraceEnter{method, 0, parent}});
  return call;
}

void CallRecorder::leave(std::uint64_t call, std::uint32_t method, TraceOutcome outcome,
                         std::uint64_t value, const std::string& text) {
  sink_->write({stamp(call), TraceLeave{method, outcome, value, cut(text)}});
  // Calls inside that nobody left went by with it.
  const auto at = std::find(open_calls.begin(), open_calls.end(), call);
  open_calls.erase(at, open_calls.end());
}

TraceArgument CallRecorder::argument_of(const RecordedValue& value) const {
  TraceArgument out;
  out.index = value.index;
  out.direction = value.out ? TraceDirection::kOut : TraceDirection::kIn;
  out.type = cut(value.type);
  out.dtype = value.dtype;
  out.shape = value.shape;
  if (out.shape.size() > kMaxTraceRank) out.shape.clear();
  out.address = value.bits;
  out.length = value.length;
  return out;
}

void CallRecorder::scalar(const RecordedValue& value) {
  sink_->write({stamp(value.call), argument_of(value)});
}

void CallRecorder::bytes(const RecordedValue& value, ByteSpan seen) {
  TraceArgument argument = argument_of(value);
  argument.buffer = sink_->keep(seen);
  sink_->write({stamp(value.call), std::move(argument)});
}

void CallRecorder::unreadable(const RecordedValue& value) {
  TraceArgument argument = argument_of(value);
  argument.buffer.held = TraceHeld::kUnreadable;
  sink_->write({stamp(value.call), std::move(argument)});
}

void CallRecorder::note(TraceLevel level, const std::string& where, const std::string& text) {
  sink_->write({stamp(current_call()), TraceNote{level, cut(where), cut(text)}});
}

void CallRecorder::begin_stimulus(const TraceStimulusBegin& stimulus, ByteSpan picture) {
  TraceStimulusBegin event = stimulus;
  event.file = cut(event.file);
  if (!picture.empty()) event.buffer = sink_->keep(picture);
  sink_->write({stamp(0), std::move(event)});
}

void CallRecorder::end_stimulus(const TraceStimulusEnd& stimulus) {
  TraceStimulusEnd event = stimulus;
  event.text = cut(event.text);
  sink_->write({stamp(0), std::move(event)});
}

void CallRecorder::libraries(guest::Guest& guest) {
  const std::scoped_lock lock(mutex_);
  for (const auto& library : guest.loader().libraries()) {
    const auto id = static_cast<std::uint32_t>(modules_.size() + 1);
    if (!modules_.emplace(library->name, id).second) continue;
    std::vector<std::string> entry;
    for (const std::string& each : library->origin) entry.push_back(cut(each));
    sink_->write({stamp(0), TraceModule{id, cut(library->name), std::move(entry),
                                        library->elf.build_id(), library->bias, library->size}});
  }
}

void CallRecorder::native(guest::Guest& guest, const guest::RegisteredNative& native,
                          bool exported) {
  libraries(guest);
  std::uint32_t module = kNoTraceModule;
  std::uint64_t offset = native.function;
  const std::scoped_lock lock(mutex_);
  for (const auto& library : guest.loader().libraries()) {
    if (!library->holds(native.function)) continue;
    module = modules_[library->name];
    offset = native.function - library->bias;
  }
  sink_->write(
      {stamp(0),
       TraceNative{cut(native.owner), cut(native.name), cut(native.signature), module, offset,
                   exported ? TraceRoute::kExport : TraceRoute::kRegisterNatives}});
}

void CallRecorder::model(const guest::MemoryModel& model, ByteSpan bytes) {
  const std::string where = model.where + (model.in_file ? "; as it is in the file" : "");
  sink_->write({stamp(current_call()), TraceMemoryModel{model.format, model.address, model.size,
                                                        cut(where), sink_->keep(bytes)}});
}

void CallRecorder::finish(TraceEnding ending, const std::string& text) {
  sink_->finish(ending, cut(text));
}

void CallRecorder::lookup(const guest::GuestLookup& lookup) {
  sink_->write({stamp(current_call()), TraceLookup{kind_of(lookup.what), cut(lookup.name),
                                                   lookup.found, cut(lookup.answer)}});
}

void CallRecorder::log(int priority, std::string_view tag, std::string_view text) {
  // liblog's 2 (verbose) to 7 (fatal).
  const auto level = static_cast<TraceLevel>(std::clamp(priority - 2, 0, 5));
  sink_->write({stamp(current_call()), TraceLog{level, cut(tag), cut(text)}});
}

}  // namespace dl::jvm
