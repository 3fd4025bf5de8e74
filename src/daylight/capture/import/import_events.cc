// SPDX-License-Identifier: Apache-2.0
// Ids, times that do not go back, and batches.
#include "daylight/capture/import/import_events.h"

#include <algorithm>
#include <utility>

namespace dl::capture {
namespace {

constexpr std::size_t kBatchEvents = 4096;
constexpr std::size_t kBatchBytes = std::size_t{8} << 20;
constexpr std::size_t kMaxThreads = std::size_t{1} << 18;

}  // namespace

std::string import_text(std::string_view text) {
  return std::string(text.substr(0, kMaxTraceTextBytes));
}

ImportEvents::ImportEvents(TraceSink& sink, std::string source)
    : sink_(sink), source_(std::move(source)) {}

// Threads beyond a hostile number are not followed: their times are those of the log.
std::uint64_t ImportEvents::forward(const ImportStamp& at) {
  const auto key = std::pair(at.pid, at.tid);
  const auto found = latest_.find(key);
  if (found == latest_.end()) {
    if (latest_.size() < kMaxThreads) latest_.emplace(key, at.time_ns);
    return at.time_ns;
  }
  if (at.time_ns < found->second) ++times_moved_;
  return found->second = std::max(found->second, at.time_ns);
}

void ImportEvents::see_process(std::uint32_t pid, std::string_view name) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) {
    if (processes_.size() >= kMaxImportProcesses) return;
    processes_.emplace(pid, import_text(name));
    add({last_.time_ns, pid, 0}, 0, TraceProcess{import_text(name), "", source_});
  } else if (!name.empty() && found->second != name) {
    if (!found->second.empty()) return;  // tags of one process differ: the first one stays
    found->second = import_text(name);
    note({last_.time_ns, pid, 0}, 0, "process", "is called " + found->second);
  }
}

std::uint32_t ImportEvents::method(const ImportStamp& at, TraceMethodKind kind,
                                   const std::string& name, const std::string& signature) {
  auto key = std::tuple(at.pid, import_text(name), import_text(signature));
  const auto found = methods_.find(key);
  if (found != methods_.end()) return found->second;
  if (methods_.size() >= kMaxImportMethods) return 0;
  see_process(at.pid, "");
  const auto id = static_cast<std::uint32_t>(methods_.size() + 1);
  add(at, 0, TraceMethod{id, kind, std::get<1>(key), kNoTraceModule, 0, std::get<2>(key)});
  methods_.emplace(std::move(key), id);
  return id;
}

std::uint64_t ImportEvents::new_call() {
  ++report_.calls;
  return next_call_++;
}

void ImportEvents::add(const ImportStamp& at, std::uint64_t call, TracePayload payload) {
  if (events_.size() >= kBatchEvents || waiting_bytes_ >= kBatchBytes) send();
  last_ = at;
  TraceEvent event;
  event.time_ns = forward(at);
  event.pid = at.pid;
  event.tid = at.tid;
  event.call = call;
  event.payload = std::move(payload);
  events_.push_back(std::move(event));
}

void ImportEvents::add_argument(const ImportStamp& at, std::uint64_t call, TraceArgument argument,
                                std::string bytes) {
  if (argument.shape.size() > kMaxTraceRank) argument.shape.clear();
  argument.name = import_text(argument.name);
  argument.type = import_text(argument.type);
  add(at, call, std::move(argument));
  if (bytes.empty()) return;
  report_.bytes += bytes.size();
  waiting_bytes_ += bytes.size();
  buffers_.emplace_back(events_.size() - 1, std::move(bytes));
}

void ImportEvents::note(const ImportStamp& at, std::uint64_t call, const std::string& where,
                        std::string text) {
  ++report_.notes;
  add(at, call, TraceNote{TraceLevel::kWarning, import_text(where), import_text(text)});
}

void ImportEvents::lose(const ImportStamp& at, std::uint64_t calls, std::uint64_t events,
                        std::uint64_t bytes, const std::string& why) {
  add(at, 0, TraceLoss{calls, events, bytes, import_text(why)});
}

void ImportEvents::send() {
  if (events_.empty()) return;
  std::vector<SinkBuffer> buffers;
  for (const auto& [event, bytes] : buffers_) buffers.push_back({event, as_bytes(bytes)});
  sink_.write(events_, buffers);
  events_.clear();
  buffers_.clear();
  waiting_bytes_ = 0;
}

void ImportEvents::finish() {
  if (times_moved_ > 0) {
    note(last_, 0, source_,
         std::to_string(times_moved_) +
             " times lay before the one before of the same thread and became that one");
  }
  if (report_.foreign > 0) {
    note(last_, 0, source_,
         std::to_string(report_.foreign) + " lines are nothing of this format and were left out");
  }
  send();
}

}  // namespace dl::capture
