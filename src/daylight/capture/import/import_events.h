// SPDX-License-Identifier: Apache-2.0
// What importers have in common: events of a foreign log, with ids of their own, given to a sink
// one call at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "daylight/capture/wire/trace_sink.h"

namespace dl::capture {

// A log may name as many methods as it likes: calls of those beyond are counted as lost.
inline constexpr std::size_t kMaxImportMethods = std::size_t{1} << 18;
inline constexpr std::size_t kMaxImportProcesses = std::size_t{1} << 16;
// Bytes of one line or record of a foreign log; what is longer is cut, and a note says so.
inline constexpr std::size_t kMaxImportLine = std::size_t{4} << 20;

// When and where a foreign log saw something. Times count from its first line.
struct ImportStamp {
  std::uint64_t time_ns = 0;
  std::uint32_t pid = 0;
  std::uint32_t tid = 0;
};

// What an import found, for the user.
struct ImportReport {
  std::uint64_t records = 0;  // lines or records that the format has a meaning for
  std::uint64_t calls = 0;
  std::uint64_t notes = 0;    // what could not be recovered, each said in the trace
  std::uint64_t foreign = 0;  // lines that are nothing of the format; one note counts them
  std::uint64_t bytes = 0;    // of buffers

  friend bool operator==(const ImportReport&, const ImportReport&) = default;
};

// Collects the events of one call and gives them to the sink together. Times of one thread never go
// back: they become the time before, and finish() notes how many did. Not thread safe.
class ImportEvents {
 public:
  // `source` names the format: it stands in the trace's process events, as "import:jack".
  ImportEvents(TraceSink& sink, std::string source);

  // Defined once; a name that comes later is told by a note.
  void see_process(std::uint32_t pid, std::string_view name);
  // The id of a method of this process, defined at its first use; 0 if there are too many.
  std::uint32_t method(const ImportStamp& at, TraceMethodKind kind, const std::string& name,
                       const std::string& signature);
  std::uint64_t new_call();

  void add(const ImportStamp& at, std::uint64_t call, TracePayload payload);
  // With the bytes that were recovered; `argument.length` is what the log claims.
  void add_argument(const ImportStamp& at, std::uint64_t call, TraceArgument argument,
                    std::string bytes);
  void note(const ImportStamp& at, std::uint64_t call, const std::string& where, std::string text);
  // What the log shows to be missing.
  void lose(const ImportStamp& at, std::uint64_t calls, std::uint64_t events, std::uint64_t bytes,
            const std::string& why);
  // Gives what was added to the sink. Done by itself before a batch becomes large.
  void send();
  // Notes what was counted on the way, and sends.
  void finish();

  ImportReport& report() { return report_; }

 private:
  std::uint64_t forward(const ImportStamp& at);

  TraceSink& sink_;
  const std::string source_;
  std::map<std::uint32_t, std::string> processes_;
  std::map<std::tuple<std::uint32_t, std::string, std::string>, std::uint32_t> methods_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> latest_;  // by pid and tid
  std::vector<TraceEvent> events_;
  std::deque<std::pair<std::size_t, std::string>> buffers_;  // index of the event, bytes
  std::size_t waiting_bytes_ = 0;
  std::uint64_t next_call_ = 1;
  std::uint64_t times_moved_ = 0;
  ImportStamp last_ = {};
  ImportReport report_ = {};
};

// Cut to what an event can hold.
std::string import_text(std::string_view text);

}  // namespace dl::capture
