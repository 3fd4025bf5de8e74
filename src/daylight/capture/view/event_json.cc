// SPDX-License-Identifier: Apache-2.0
// Members in the order of the fields of the format.
#include "daylight/capture/view/event_json.h"

#include "daylight/base/hex.h"
#include "daylight/capture/view/trace_words.h"

namespace dl::capture {
namespace {

std::string hexadecimal(std::uint64_t value) { return "0x" + hex_number(value); }

class EventMembers {
 public:
  EventMembers(const TraceEvent& event, const TraceNames& names, BufferBeginnings& beginnings)
      : names_(names), beginnings_(beginnings), pid_(event.pid) {
    json_ = {{"kind", word(kind_of(event.payload))},
             {"time_ns", event.time_ns},
             {"pid", event.pid},
             {"tid", event.tid}};
    if (event.call != 0) json_["call"] = event.call;
    std::visit([this](const auto& record) { add(record); }, event.payload);
  }
  Json take() { return std::move(json_); }

 private:
  void add(const TraceProcess& process) {
    json_["name"] = process.name;
    json_["abi"] = process.abi;
    json_["source"] = process.source;
  }
  void add(const TraceModule& module) {
    json_["id"] = module.id;
    json_["name"] = module.name;
    json_["entry"] = module.entry;
    json_["build_id"] = module.build_id;
    json_["base"] = hexadecimal(module.base);
    json_["size"] = module.size;
  }
  void add(const TraceMethod& method) {
    json_["id"] = method.id;
    json_["method_kind"] = word(method.kind);
    json_["name"] = method.name;
    json_["module"] = method.module;
    json_["offset"] = hexadecimal(method.offset);
    json_["signature"] = method.signature;
  }
  void add(const TraceEnter& enter) {
    add_method(enter.method);
    json_["caller"] = hexadecimal(enter.caller);
    json_["parent"] = enter.parent;
  }
  void add(const TraceLeave& leave) {
    add_method(leave.method);
    json_["outcome"] = word(leave.outcome);
    json_["value"] = hexadecimal(leave.value);
    if (!leave.text.empty()) json_["text"] = leave.text;
  }
  void add(const TraceArgument& argument) {
    json_["index"] = argument.index;
    json_["direction"] = word(argument.direction);
    json_["name"] = argument.name;
    json_["type"] = argument.type;
    json_["dtype"] = argument.dtype;
    json_["shape"] = argument.shape;
    json_["address"] = hexadecimal(argument.address);
    json_["length"] = argument.length;
    json_["buffer"] = buffer(argument.buffer);
    if (const auto beginning = beginnings_.of(argument.buffer))
      json_["first_values"] = first_values(value_type(argument), as_bytes(*beginning));
  }
  void add(const TraceStimulusBegin& stimulus) {
    json_["id"] = stimulus.id;
    json_["file"] = stimulus.file;
    json_["face"] = stimulus.face;
    json_["frame"] = stimulus.frame;
    json_["t_ms"] = stimulus.t_ms;
    json_["buffer"] = buffer(stimulus.buffer);
  }
  void add(const TraceStimulusEnd& stimulus) {
    json_["id"] = stimulus.id;
    json_["outcome"] = word(stimulus.outcome);
    json_["text"] = stimulus.text;
  }
  void add(const TraceLoss& loss) {
    json_["calls"] = loss.calls;
    json_["events"] = loss.events;
    json_["bytes"] = loss.bytes;
    json_["why"] = loss.why;
  }
  void add(const TraceNote& note) {
    json_["level"] = word(note.level);
    json_["where"] = note.where;
    json_["text"] = note.text;
  }
  void add(const TraceLog& log) {
    json_["level"] = word(log.level);
    json_["tag"] = log.tag;
    json_["text"] = log.text;
  }
  void add(const TraceLookup& lookup) {
    json_["what"] = word(lookup.what);
    json_["name"] = lookup.name;
    json_["found"] = lookup.found;
    json_["answer"] = lookup.answer;
  }
  void add(const TraceNative& native) {
    json_["class"] = native.klass;
    json_["name"] = native.name;
    json_["signature"] = native.signature;
    json_["module"] = native.module;
    json_["offset"] = hexadecimal(native.offset);
    json_["route"] = word(native.route);
  }
  void add(const TraceMemoryModel& model) {
    json_["format"] = model.format;
    json_["address"] = hexadecimal(model.address);
    json_["size"] = model.size;
    json_["where"] = model.where;
    json_["buffer"] = buffer(model.buffer);
  }
  void add(const TraceEnd& end) {
    json_["ending"] = word(end.ending);
    json_["events"] = end.events;
    json_["calls"] = end.calls;
    json_["blobs"] = end.blobs;
    json_["lost_calls"] = end.lost_calls;
    json_["lost_events"] = end.lost_events;
    json_["text"] = end.text;
  }

  void add_method(std::uint32_t id) {
    json_["method"] = id;
    const TraceMethod* const method = names_.method(pid_, id);
    if (method != nullptr) json_["method_name"] = method->name;
  }
  static Json buffer(const TraceBuffer& buffer) {
    Json json = {{"held", word(buffer.held)}, {"captured", buffer.captured}};
    if (buffer.held == TraceHeld::kInline) json["bytes"] = to_hex(as_bytes(buffer.bytes));
    if (buffer.held == TraceHeld::kBlob || buffer.held == TraceHeld::kDigest)
      json["sha256"] = to_hex(buffer.digest);
    return json;
  }

  const TraceNames& names_;
  BufferBeginnings& beginnings_;
  const std::uint32_t pid_;
  Json json_;
};

}  // namespace

Json event_json(const TraceEvent& event, const TraceNames& names, BufferBeginnings& beginnings) {
  return EventMembers(event, names, beginnings).take();
}

}  // namespace dl::capture
