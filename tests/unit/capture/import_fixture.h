// SPDX-License-Identifier: Apache-2.0
// Runs an importer over a text, in pieces of any size, and keeps what it says.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "daylight/artifact/trace/trace_encoding.h"
#include "daylight/capture/import/trace_import.h"

namespace dl::testing {

// Keeps all events, with the bytes of their buffers inside.
class KeepingSink final : public capture::TraceSink {
 public:
  bool write(std::span<TraceEvent> batch, std::span<const capture::SinkBuffer> buffers) override {
    const std::size_t first = events.size();
    for (const TraceEvent& event : batch) {
      std::string frame;
      EXPECT_TRUE(append_frame(event, frame)) << "an event that cannot be written";
      events.push_back(event);
      bytes.emplace_back();
    }
    for (const auto& [event, part] : buffers) bytes.at(first + event) = as_text(part);
    return true;
  }
  std::vector<TraceEvent> events;
  std::vector<std::string> bytes;
};

struct Imported {
  KeepingSink sink;
  capture::ImportReport report;

  template <typename T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const TraceEvent& event : sink.events)
      if (const auto* payload = std::get_if<T>(&event.payload)) out.push_back(*payload);
    return out;
  }
  // Of the arguments with this index and direction, in their order.
  std::vector<std::pair<TraceArgument, std::string>> arguments(
      std::int32_t index, TraceDirection direction = TraceDirection::kIn) const {
    std::vector<std::pair<TraceArgument, std::string>> out;
    for (std::size_t i = 0; i < sink.events.size(); ++i) {
      const auto* argument = std::get_if<TraceArgument>(&sink.events[i].payload);
      if (argument != nullptr && argument->index == index && argument->direction == direction)
        out.emplace_back(*argument, sink.bytes[i]);
    }
    return out;
  }
  bool has_note(const std::string& part) const {
    for (const TraceNote& note : all<TraceNote>())
      if (note.text.find(part) != std::string::npos) return true;
    return false;
  }
};

inline Imported import_text_of(const std::string& format, const std::string& text,
                               std::size_t piece = 0) {
  Imported out;
  capture::ImportEvents events(out.sink, "import:" + format);
  const auto source = capture::make_import(format, events);
  const std::size_t step = piece == 0 ? text.size() + 1 : piece;
  for (std::size_t at = 0; at < text.size(); at += step) source->feed(text.substr(at, step));
  source->finish();
  out.report = events.report();
  return out;
}

}  // namespace dl::testing
