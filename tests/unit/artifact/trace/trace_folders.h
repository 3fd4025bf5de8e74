// SPDX-License-Identifier: Apache-2.0
// What the tests of run folders share: a head, writing and reading whole traces.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl::testing {

inline TraceHead sample_head() {
  TraceHead head;
  head.provenance.inputs = {{"app", "x.apk", std::string(64, 'a')}};
  head.source = "guest";
  head.rules = {"import:libx.so!open {in}"};
  return head;
}

inline std::unique_ptr<TraceWriter> new_writer(const std::filesystem::path& folder,
                                               const TraceWriterOptions& options = {}) {
  auto writer = TraceWriter::create(folder, sample_head(), options);
  if (!writer) {
    ADD_FAILURE() << describe(writer.error());
    std::abort();
  }
  return *std::move(writer);
}

// Everything that a reader gives.
struct WholeTrace {
  std::vector<TraceEvent> events;
  TraceSummary summary;
  bool complete = false;
};

inline WholeTrace read_trace(const std::filesystem::path& folder) {
  auto reader = TraceReader::open(folder);
  if (!reader) {
    ADD_FAILURE() << describe(reader.error());
    return {};
  }
  WholeTrace trace;
  TraceEvent event;
  while (reader->next(event)) trace.events.push_back(event);
  trace.summary = reader->summary();
  trace.complete = reader->complete();
  return trace;
}

inline std::string bytes_of(const std::filesystem::path& path) {
  auto bytes = read_file(path);
  return bytes ? *std::move(bytes) : std::string();
}

inline void overwrite(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

}  // namespace dl::testing
