// SPDX-License-Identifier: Apache-2.0
// Sums and bounded tables.
#include "daylight/capture/view/trace_statistics.h"

#include <algorithm>

#include "daylight/capture/view/trace_words.h"

namespace dl::capture {
namespace {

constexpr std::size_t kToldNameBytes = 512;  // of a method or lookup; the rest is cut

std::string told(const std::string& name) { return name.substr(0, kToldNameBytes); }

template <typename T, typename Less>
void sort_by(std::vector<T>& parts, Less less) {
  std::stable_sort(parts.begin(), parts.end(), less);
}

Json to_json(const MethodStatistics& method) {
  Json json = {{"name", method.name},
               {"calls", method.calls},
               {"total_ns", method.total_ns},
               {"self_ns", method.self_ns},
               {"longest_ns", method.longest_ns},
               {"bytes_in", method.bytes_in},
               {"bytes_out", method.bytes_out}};
  for (std::size_t i = 0; i < method.outcomes.size(); ++i) {
    if (method.outcomes[i] != 0)
      json["outcomes"][std::string(word(static_cast<TraceOutcome>(i)))] = method.outcomes[i];
  }
  if (method.unended != 0) json["outcomes"]["unended"] = method.unended;
  return json;
}

Json damage_to_json(const TraceSummary& summary) {
  Json json = Json::array();
  for (const TraceDamage& damage : summary.damage)
    json.push_back({{"file", damage.file},
                    {"offset", damage.offset},
                    {"bytes", damage.bytes},
                    {"why", damage.why}});
  return json;
}

}  // namespace

std::optional<Sha256Bytes> identity_of(const TraceBuffer& buffer) {
  if (buffer.captured < kMinToldBufferBytes) return std::nullopt;
  if (buffer.held == TraceHeld::kInline) return sha256_bytes(as_bytes(buffer.bytes));
  if (buffer.held == TraceHeld::kBlob || buffer.held == TraceHeld::kDigest) return buffer.digest;
  return std::nullopt;
}

void TraceCounter::see(const TraceEvent& event) {
  if (sums_.events.empty()) sums_.first_ns = event.time_ns;
  sums_.first_ns = std::min(sums_.first_ns, event.time_ns);
  sums_.last_ns = std::max(sums_.last_ns, event.time_ns);
  ++sums_.events[kind_of(event.payload)];
  // The writer's own events have neither.
  if (event.pid != 0 || event.tid != 0) {
    if (threads_.size() < kMaxToldThreads) threads_.insert(thread_of(event));
  }
  names_.see(event);
  if (const auto* enter = std::get_if<TraceEnter>(&event.payload)) {
    calls_.enter(event, enter->method);
    if (auto* method = method_of(event.pid, enter->method)) ++method->calls;
  } else if (const auto* leave = std::get_if<TraceLeave>(&event.payload)) {
    count_leave(event, *leave);
  } else if (const auto* argument = std::get_if<TraceArgument>(&event.payload)) {
    count_argument(event, *argument);
  } else if (const auto* lookup = std::get_if<TraceLookup>(&event.payload)) {
    count_lookup(*lookup);
  }
}

MethodStatistics* TraceCounter::method_of(std::uint32_t pid, std::uint32_t id) {
  const std::string name = told(names_.method_name(pid, id));
  const auto found = methods_.find(name);
  if (found != methods_.end()) return &found->second;
  if (methods_.size() >= kMaxToldMethods) {
    sums_.cut = true;
    return nullptr;
  }
  MethodStatistics& method = methods_[name];
  method.name = name;
  return &method;
}

void TraceCounter::end_call(const OpenCall& call, std::uint64_t end_ns) {
  MethodStatistics* const method = method_of(call.key.first, call.method);
  if (method == nullptr) return;
  const std::uint64_t took = end_ns - std::min(end_ns, call.enter_ns);
  method->total_ns += took;
  method->self_ns += took - std::min(took, call.inner_ns);
  method->longest_ns = std::max(method->longest_ns, took);
}

void TraceCounter::count_leave(const TraceEvent& event, const TraceLeave& leave) {
  std::vector<OpenCall> over = calls_.leave(event);
  if (!over.empty()) {
    end_call(over.back(), event.time_ns);
    over.pop_back();
  }
  for (const OpenCall& call : over) {
    if (auto* method = method_of(call.key.first, call.method)) ++method->unended;
  }
  if (auto* method = method_of(event.pid, leave.method))
    ++method->outcomes[static_cast<std::size_t>(leave.outcome)];
}

void TraceCounter::count_argument(const TraceEvent& event, const TraceArgument& argument) {
  const bool in = argument.direction == TraceDirection::kIn;
  (in ? sums_.bytes_in : sums_.bytes_out) += argument.buffer.captured;
  if (const OpenCall* call = calls_.find(call_of(event))) {
    if (auto* method = method_of(event.pid, call->method))
      (in ? method->bytes_in : method->bytes_out) += argument.buffer.captured;
  }
  const auto digest = identity_of(argument.buffer);
  if (!digest) return;
  const auto key = *load_le<std::uint64_t>(*digest, 0);
  if (const auto found = buffers_.find(key); found != buffers_.end()) {
    ++found->second.times;
    ++sums_.repeats;
  } else if (buffers_.size() < kMaxToldBuffers) {
    buffers_.emplace(key, Told{*digest, argument.buffer.captured, 1});
    sums_.distinct_bytes += argument.buffer.captured;
  } else {
    sums_.cut = true;
  }
}

void TraceCounter::count_lookup(const TraceLookup& lookup) {
  if (lookup.found) return;
  const std::pair key(lookup.what, told(lookup.name));
  const auto found = absent_.find(key);
  if (found != absent_.end()) {
    ++found->second;
  } else if (absent_.size() < kMaxToldLookups) {
    absent_.emplace(key, 1);
  } else {
    sums_.cut = true;
  }
}

TraceStatistics TraceCounter::finish(const TraceReader& reader) {
  for (const OpenCall& call : calls_.take_all()) {
    if (auto* method = method_of(call.key.first, call.method)) ++method->unended;
  }
  sums_.threads = threads_.size();
  std::set<std::uint32_t> processes;
  for (const auto& [pid, tid] : threads_) processes.insert(pid);
  sums_.processes = processes.size();
  for (auto& [name, method] : methods_) sums_.methods.push_back(std::move(method));
  sort_by(sums_.methods, [](const auto& a, const auto& b) { return a.total_ns > b.total_ns; });
  for (const auto& [key, buffer] : buffers_) {
    if (buffer.times > 1) sums_.repeated.push_back({buffer.digest, buffer.bytes, buffer.times});
  }
  // The table's order is by chance.
  sort_by(sums_.repeated, [](const auto& a, const auto& b) {
    return std::pair(b.times, a.digest) < std::pair(a.times, b.digest);
  });
  if (sums_.repeated.size() > kShownRepeats) sums_.repeated.resize(kShownRepeats);
  sums_.distinct_buffers = buffers_.size();
  for (const auto& [key, times] : absent_) sums_.absent.push_back({key.first, key.second, times});
  sort_by(sums_.absent, [](const auto& a, const auto& b) { return a.times > b.times; });
  sums_.summary = reader.summary();
  sums_.complete = reader.complete();
  return std::move(sums_);
}

Json to_json(const TraceStatistics& statistics) {
  Json json;
  json["events"] = Json::object();
  for (const auto& [kind, count] : statistics.events)
    json["events"][std::string(word(kind))] = count;
  for (const auto& [kind, count] : statistics.summary.unknown)
    json["unknown_kinds"][std::to_string(kind)] = count;
  json["first_ns"] = statistics.first_ns;
  json["last_ns"] = statistics.last_ns;
  json["processes"] = statistics.processes;
  json["threads"] = statistics.threads;
  json["methods"] = Json::array();
  for (const MethodStatistics& method : statistics.methods)
    json["methods"].push_back(to_json(method));
  json["bytes_in"] = statistics.bytes_in;
  json["bytes_out"] = statistics.bytes_out;
  json["buffers"] = {{"distinct", statistics.distinct_buffers},
                     {"distinct_bytes", statistics.distinct_bytes},
                     {"repeats", statistics.repeats}};
  json["buffers"]["most_repeated"] = Json::array();
  for (const RepeatedBuffer& buffer : statistics.repeated)
    json["buffers"]["most_repeated"].push_back(
        {{"sha256", to_hex(buffer.digest)}, {"bytes", buffer.bytes}, {"times", buffer.times}});
  json["absent"] = Json::array();
  for (const AbsentLookup& lookup : statistics.absent)
    json["absent"].push_back(
        {{"what", word(lookup.what)}, {"name", lookup.name}, {"times", lookup.times}});
  const TraceLoss& lost = statistics.summary.lost;
  json["lost"] = {{"calls", lost.calls}, {"events", lost.events}, {"bytes", lost.bytes}};
  json["missing_events"] = statistics.summary.missing;
  json["damage"] = damage_to_json(statistics.summary);
  json["damages"] = statistics.summary.damages;
  json["more_than_told"] = statistics.cut;
  json["complete"] = statistics.complete;
  return json;
}

}  // namespace dl::capture
