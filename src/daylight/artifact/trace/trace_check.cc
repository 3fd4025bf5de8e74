// SPDX-License-Identifier: Apache-2.0
// One pass over the events, then one over the blobs.
#include "daylight/artifact/trace/trace_check.h"

#include <fmt/format.h>

#include <unordered_set>
#include <utility>

#include "daylight/artifact/trace/trace_reader.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

// Problems up to a limit; the rest is counted.
class Problems {
 public:
  void add(const std::string& problem) {
    if (++count_ <= kMaxTraceProblems) lines_.push_back(printable(problem, 300));
  }
  std::vector<std::string> take() {
    if (count_ > kMaxTraceProblems)
      lines_.push_back(fmt::format("and {} more", count_ - kMaxTraceProblems));
    return std::move(lines_);
  }

 private:
  std::vector<std::string> lines_;
  std::uint64_t count_ = 0;
};

// Ids of one sort, each of a process.
class Ids {
 public:
  void define(std::uint32_t pid, std::uint32_t id) {
    if (known_.size() < kMaxCheckedIds) {
      known_.insert(key(pid, id));
    } else {
      full_ = true;
    }
  }
  // False only if it surely is not there.
  bool contains(std::uint32_t pid, std::uint32_t id) const {
    return full_ || known_.contains(key(pid, id));
  }
  bool full() const { return full_; }

 private:
  static std::uint64_t key(std::uint32_t pid, std::uint32_t id) {
    return (std::uint64_t{pid} << 32U) | id;
  }
  std::unordered_set<std::uint64_t> known_;
  bool full_ = false;
};

// Looks at each event in turn.
class EventCheck {
 public:
  EventCheck(const BlobReader& blobs, Problems& problems) : blobs_(blobs), problems_(problems) {}

  void see(const TraceEvent& event) {
    ++number_;
    stamp_ = event;
    std::visit([this](const auto& record) { check(record); }, event.payload);
  }
  void finish() {
    if (methods_.full() || modules_.full())
      problems_.add("defines so many methods or modules that their uses were not all checked");
  }

 private:
  void problem(const std::string& what) {
    problems_.add(fmt::format("event {} (process {}): {}", number_ - 1, stamp_.pid, what));
  }
  void use_method(std::uint32_t id) {
    if (!methods_.contains(stamp_.pid, id))
      problem(fmt::format("names method {}, which no event before it defines", id));
  }
  void use_module(std::uint32_t id) {
    if (id != kNoTraceModule && !modules_.contains(stamp_.pid, id))
      problem(fmt::format("names module {}, which no event before it defines", id));
  }
  void use_buffer(const TraceBuffer& buffer) {
    if (buffer.held == TraceHeld::kBlob && !blobs_.contains(buffer.digest))
      problem("names blob " + to_hex(buffer.digest) + ", which is not there");
  }

  template <typename Record>
  void check(const Record& /*record*/) {}
  void check(const TraceModule& module) { modules_.define(stamp_.pid, module.id); }
  void check(const TraceMethod& method) {
    use_module(method.module);
    methods_.define(stamp_.pid, method.id);
  }
  void check(const TraceEnter& enter) { use_method(enter.method); }
  void check(const TraceLeave& leave) { use_method(leave.method); }
  void check(const TraceArgument& argument) { use_buffer(argument.buffer); }
  void check(const TraceStimulusBegin& stimulus) { use_buffer(stimulus.buffer); }
  void check(const TraceNative& native) { use_module(native.module); }
  void check(const TraceMemoryModel& model) { use_buffer(model.buffer); }

  const BlobReader& blobs_;
  Problems& problems_;
  Ids modules_;
  Ids methods_;
  TraceStamp stamp_ = {};
  std::uint64_t number_ = 0;
};

void check_summary(const TraceReader& reader, Problems& problems) {
  const TraceSummary& summary = reader.summary();
  for (const TraceDamage& damage : summary.damage)
    problems.add(fmt::format("{} at {}: {} ({} bytes passed over)", damage.file, damage.offset,
                             damage.why, damage.bytes));
  if (summary.damages > summary.damage.size())
    problems.add(fmt::format("{} more damaged places", summary.damages - summary.damage.size()));
  if (summary.missing != 0) problems.add(fmt::format("{} events are missing", summary.missing));
  if (!summary.end) {
    problems.add(fmt::format(
        "does not end properly after {} events: its writer was stopped, or the disk was full",
        summary.events));
    return;
  }
  const TraceEnd& end = *summary.end;
  const auto compare = [&](const char* what, std::uint64_t stated, std::uint64_t found) {
    if (stated != found)
      problems.add(fmt::format("its end states {} {}, there are {}", stated, what, found));
  };
  if (summary.damages != 0) return;  // the counts can but differ
  if (!reader.complete()) problems.add("its end states another number of events");
  compare("calls", end.calls, summary.calls);
  compare("lost calls", end.lost_calls, summary.lost.calls);
  compare("lost events", end.lost_events, summary.lost.events);
}

void check_blobs(const BlobReader& blobs, const std::optional<TraceEnd>& end, Problems& problems) {
  for (const BlobDamage& damage : blobs.index().damage)
    problems.add(fmt::format("blobs/pack-{:06}.dlb at {}: {} ({} bytes passed over)", damage.pack,
                             damage.offset, damage.why, damage.bytes));
  for (const auto& entry : blobs.index().entries) {
    const auto bytes = blobs.get(entry.digest);
    if (!bytes) problems.add("blob " + to_hex(entry.digest) + ": " + describe(bytes.error()));
  }
  const std::uint64_t there = blobs.index().entries.size();
  if (end && end->blobs != there)
    problems.add(fmt::format("its end states {} blobs, there are {}", end->blobs, there));
}

}  // namespace

Result<std::vector<std::string>> trace_problems(const std::filesystem::path& folder) {
  TraceReader reader = TRY(TraceReader::open(folder));
  const BlobReader blobs = TRY(reader.blobs());
  Problems problems;
  EventCheck events(blobs, problems);
  TraceEvent event;
  while (reader.next(event)) events.see(event);
  events.finish();
  check_summary(reader, problems);
  check_blobs(blobs, reader.summary().end, problems);
  return problems.take();
}

}  // namespace dl
