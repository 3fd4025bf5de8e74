// SPDX-License-Identifier: Apache-2.0
// What holds of every importer, whatever it is fed: events that can be written, defined before they
// are used, and buffers no larger than what was read.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/capture/import/trace_import.h"

namespace dl::fuzz {

class CheckingSink final : public capture::TraceSink {
 public:
  bool write(std::span<TraceEvent> events, std::span<const capture::SinkBuffer> buffers) override {
    for (const TraceEvent& event : events) check(event);
    for (const auto& [event, part] : buffers) {
      TraceEvent copy = events[event];
      require(capture::buffer_of(copy.payload) != nullptr);
      bytes += part.size();
    }
    return true;
  }
  static void require(bool holds) {
    if (!holds) std::abort();
  }
  std::uint64_t calls = 0;
  std::uint64_t bytes = 0;

 private:
  void check(const TraceEvent& event) {
    std::string frame;
    require(append_frame(event, frame).has_value());
    if (const auto* method = std::get_if<TraceMethod>(&event.payload))
      methods_.insert({event.pid, method->id});
    if (const auto* enter = std::get_if<TraceEnter>(&event.payload)) {
      require(event.call != 0 && methods_.count({event.pid, enter->method}) == 1);
      ++calls;
    }
    if (const auto* leave = std::get_if<TraceLeave>(&event.payload))
      require(event.call != 0 && methods_.count({event.pid, leave->method}) == 1);
  }
  std::set<std::pair<std::uint32_t, std::uint32_t>> methods_;
};

// The first byte says how the others are cut into pieces.
inline int check_import(const char* format, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(as_text(ByteSpan(data + 1, size - 1)));
  CheckingSink sink;
  capture::ImportEvents events(sink, std::string("import:") + format);
  const auto source = capture::make_import(format, events);
  const std::size_t step = data[0] == 0 ? text.size() + 1 : data[0];
  for (std::size_t at = 0; at < text.size(); at += step)
    source->feed(std::string_view(text).substr(at, step));
  source->finish();
  CheckingSink::require(sink.calls == events.report().calls);
  CheckingSink::require(sink.bytes == events.report().bytes && sink.bytes <= 4 * text.size() + 64);
  (void)capture::guess_import_format(text);
  return 0;
}

}  // namespace dl::fuzz
