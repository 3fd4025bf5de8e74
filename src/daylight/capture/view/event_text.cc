// SPDX-License-Identifier: Apache-2.0
// Words for each kind of event. Whatever comes from the app passes printable().
#include "daylight/capture/view/event_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/capture/view/trace_words.h"

namespace dl::capture {
namespace {

constexpr std::size_t kShownDepth = 24;  // deeper calls are not indented further
constexpr std::size_t kShownText = 160;
constexpr std::size_t kShownDigest = 12;

std::string shown(std::string_view text) { return printable(text, kShownText); }

// " label: text", or nothing for an empty one.
std::string part(const char* before, std::string_view text) {
  return text.empty() ? "" : before + shown(text);
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  return shape.empty() ? "" : fmt::format(" [{}]", fmt::join(shape, ","));
}

class EventWords {
 public:
  EventWords(const TraceEvent& event, const SeenEvent& seen, const TraceNames& names,
             BufferBeginnings& beginnings)
      : event_(event), seen_(seen), names_(names), beginnings_(beginnings) {}

  std::string of(const TraceProcess& process) const {
    return "process " + shown(process.name) +
           fmt::format(" ({}, {})", shown(process.abi), shown(process.source));
  }
  std::string of(const TraceModule& module) const {
    return fmt::format("module {}: {} at {:#x}, {} bytes", module.id, shown(module.name),
                       module.base, module.size) +
           part(", build-id ", module.build_id) + part(", from ", join(module.entry, " > "));
  }
  std::string of(const TraceMethod& method) const {
    return fmt::format("method {}: {} ({})", method.id, shown(method.name), word(method.kind)) +
           part(" ", method.signature);
  }
  std::string of(const TraceEnter& enter) const {
    std::string out =
        fmt::format("> {}  #{}", shown(names_.method_name(event_.pid, enter.method)), event_.call);
    if (enter.caller != 0) out += fmt::format(" from {:#x}", enter.caller);
    return out;
  }
  std::string of(const TraceLeave& leave) const {
    std::string out =
        fmt::format("< {}  #{} {} {:#x}", shown(names_.method_name(event_.pid, leave.method)),
                    event_.call, word(leave.outcome), leave.value);
    if (seen_.duration_ns)
      out += fmt::format(" after {:.3f} ms", static_cast<double>(*seen_.duration_ns) / 1e6);
    return out + part(": ", leave.text);
  }
  std::string of(const TraceArgument& argument) const {
    std::string out = place_of(argument) + part(" ", argument.name) + part(" ", argument.type);
    if (!argument.dtype.empty() && argument.type != argument.dtype)
      out += " " + shown(argument.dtype);
    out += shape_text(argument.shape);
    if (const auto scalar = scalar_text(argument)) return out + " = " + *scalar;
    const bool is_buffer = argument.length != 0 || argument.buffer.held != TraceHeld::kNothing;
    if (!is_buffer) return out + fmt::format(" = {:#x}", argument.address);
    if (argument.address != 0) out += fmt::format(" at {:#x}", argument.address);
    return out + fmt::format(", {} bytes", argument.length) +
           buffer(argument.buffer, value_type(argument), argument.length);
  }
  std::string of(const TraceStimulusBegin& stimulus) const {
    return fmt::format("stimulus {} begins: {}, face {}, frame {} at {} ms", stimulus.id,
                       shown(stimulus.file), stimulus.face, stimulus.frame, stimulus.t_ms) +
           buffer(stimulus.buffer, ValueType::kBytes, stimulus.buffer.captured);
  }
  std::string of(const TraceStimulusEnd& stimulus) const {
    return fmt::format("stimulus {} ends: {}", stimulus.id, word(stimulus.outcome)) +
           part(", ", stimulus.text);
  }
  std::string of(const TraceLoss& loss) const {
    return fmt::format("LOST {} calls, {} events, {} bytes", loss.calls, loss.events, loss.bytes) +
           part(": ", loss.why);
  }
  std::string of(const TraceNote& note) const {
    return fmt::format("note ({}) ", word(note.level)) + shown(note.where) + part(": ", note.text);
  }
  std::string of(const TraceLog& log) const {
    return fmt::format("log ({}) ", word(log.level)) + shown(log.tag) + ": " + shown(log.text);
  }
  std::string of(const TraceLookup& lookup) const {
    return fmt::format("lookup of {} {}: {}", word(lookup.what), shown(lookup.name),
                       lookup.found ? "there" : "absent") +
           part(", ", lookup.answer);
  }
  std::string of(const TraceNative& native) const {
    const TraceModule* const module = names_.module(event_.pid, native.module);
    return fmt::format("native {}.{}{} at {}+{:#x} ({})", shown(native.klass), shown(native.name),
                       shown(native.signature), module == nullptr ? "?" : shown(module->name),
                       native.offset, word(native.route));
  }
  std::string of(const TraceMemoryModel& model) const {
    return fmt::format("model in memory: {} at {:#x}, {} bytes", shown(model.format), model.address,
                       model.size) +
           part(", ", model.where) + buffer(model.buffer, ValueType::kBytes, model.size);
  }
  std::string of(const TraceEnd& end) const {
    return fmt::format("end: {}, {} events, {} calls, {} buffers, lost {} calls and {} events",
                       word(end.ending), end.events, end.calls, end.blobs, end.lost_calls,
                       end.lost_events) +
           part(": ", end.text);
  }

 private:
  std::string buffer(const TraceBuffer& buffer, ValueType type, std::uint64_t length) const {
    std::string out;
    if (buffer.held == TraceHeld::kUnreadable) return ", unreadable";
    if (buffer.held == TraceHeld::kDropped) return ", dropped";
    if (buffer.held == TraceHeld::kNothing) return out;
    if (buffer.captured < length) out += fmt::format(", the first {} kept", buffer.captured);
    if (buffer.held != TraceHeld::kInline)
      out += " sha256:" + to_hex(buffer.digest).substr(0, kShownDigest);
    const auto beginning = beginnings_.of(buffer);
    if (!beginning || beginning->empty()) return out;
    return out + " = " + values_text(type, as_bytes(*beginning), beginning->size() < length);
  }

  const TraceEvent& event_;
  const SeenEvent& seen_;
  const TraceNames& names_;
  BufferBeginnings& beginnings_;
};

}  // namespace

std::string event_text_title() {
  return fmt::format("{:>12}  {:<13} {}", "ms", "process:thread", "event");
}

std::string event_text(const TraceEvent& event, const SeenEvent& seen, const TraceNames& names,
                       BufferBeginnings& beginnings) {
  const EventWords words(event, seen, names, beginnings);
  return fmt::format(
      "{:>12.3f}  {:<13}  {:{}}{}", static_cast<double>(event.time_ns) / 1e6,
      fmt::format("{}:{}", event.pid, event.tid), "", 2 * std::min(seen.depth, kShownDepth),
      std::visit([&](const auto& record) { return words.of(record); }, event.payload));
}

}  // namespace dl::capture
