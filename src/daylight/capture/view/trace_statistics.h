// SPDX-License-Identifier: Apache-2.0
// A trace in numbers: events, calls by method, bytes, buffers that come again, what was absent.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/base/json.h"
#include "daylight/capture/view/open_calls.h"
#include "daylight/capture/view/trace_names.h"

namespace dl::capture {

// Different buffers, methods and lookups that are told apart; what comes after them is counted in
// the sums only.
inline constexpr std::size_t kMaxToldBuffers = std::size_t{1} << 22;
inline constexpr std::size_t kMaxToldMethods = std::size_t{1} << 16;
inline constexpr std::size_t kMaxToldLookups = std::size_t{1} << 16;
inline constexpr std::size_t kMaxToldThreads = std::size_t{1} << 20;
// Smaller buffers repeat by chance: they are no flow of data.
inline constexpr std::size_t kMinToldBufferBytes = 64;

// The digest by which equal buffers are known; nothing for those below kMinToldBufferBytes and for
// those whose bytes were not seen.
std::optional<Sha256Bytes> identity_of(const TraceBuffer& buffer);

struct MethodStatistics {
  std::string name;
  std::uint64_t calls = 0;
  std::array<std::uint64_t, 5> outcomes = {};  // by TraceOutcome
  std::uint64_t unended = 0;
  std::uint64_t total_ns = 0;  // of a method that calls itself, inner calls count again
  std::uint64_t self_ns = 0;   // without the calls that it made
  std::uint64_t longest_ns = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

struct RepeatedBuffer {
  Sha256Bytes digest = {};
  std::uint64_t bytes = 0;
  std::uint64_t times = 0;
};

struct AbsentLookup {
  TraceLookupKind what = TraceLookupKind::kProperty;
  std::string name;
  std::uint64_t times = 0;
};

struct TraceStatistics {
  std::map<TraceKind, std::uint64_t> events = {};
  std::uint64_t first_ns = 0;
  std::uint64_t last_ns = 0;
  std::uint64_t threads = 0;
  std::uint64_t processes = 0;
  std::vector<MethodStatistics> methods = {};  // the longest total first
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t distinct_buffers = 0;
  std::uint64_t distinct_bytes = 0;
  std::uint64_t repeats = 0;                  // of buffers that were there before
  std::vector<RepeatedBuffer> repeated = {};  // the most frequent first, kShownRepeats
  std::vector<AbsentLookup> absent = {};      // the most frequent first
  bool cut = false;                           // more of something than is told apart
  TraceSummary summary = {};
  bool complete = false;
};
inline constexpr std::size_t kShownRepeats = 20;
Json to_json(const TraceStatistics& statistics);

// Collects them, event by event. Not thread safe.
class TraceCounter {
 public:
  void see(const TraceEvent& event);
  TraceStatistics finish(const TraceReader& reader);

 private:
  struct Told {
    Sha256Bytes digest;
    std::uint64_t bytes;
    std::uint64_t times;
  };
  MethodStatistics* method_of(std::uint32_t pid, std::uint32_t id);
  void count_argument(const TraceEvent& event, const TraceArgument& argument);
  void count_lookup(const TraceLookup& lookup);
  void count_leave(const TraceEvent& event, const TraceLeave& leave);
  void end_call(const OpenCall& call, std::uint64_t end_ns);

  TraceStatistics sums_;
  TraceNames names_;
  OpenCalls calls_;
  std::set<ThreadKey> threads_;
  std::map<std::string, MethodStatistics> methods_;
  std::unordered_map<std::uint64_t, Told> buffers_;  // by the digest's first bytes
  std::map<std::pair<TraceLookupKind, std::string>, std::uint64_t> absent_;
};

}  // namespace dl::capture
