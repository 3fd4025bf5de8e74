// SPDX-License-Identifier: Apache-2.0
// Requests, rows of the answers, and what becomes of both when a process dies.
#include "daylight/capture/jvm/picture_loop.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "daylight/capture/jvm/jvm_answers.h"

namespace dl::capture {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Processes in a row that die before one picture got an answer.
constexpr int kMaxDeaths = 3;
// Beyond the limits of the native calls in it, a picture's Java code has this long.
constexpr std::chrono::milliseconds kJavaTime = std::chrono::seconds(20);
constexpr std::size_t kMaxGapText = 500;
constexpr std::size_t kMaxGaps = 1'000;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

Json to_request(const HarnessEntry& harness) {
  const Entry& entry = harness.entry;
  Json args = Json::array();
  for (const EntryArgument& each : entry.args)
    args.push_back({{"type", each.type}, {"const", each.has_constant ? each.constant : Json()}});
  return {{"do", "entry"},
          {"entry",
           {{"class", entry.klass},
            {"method", entry.method},
            {"descriptor", entry.descriptor},
            {"receiver", entry.receiver},
            {"maker", harness.receiver},
            {"words", harness.args},
            {"before", harness.before},
            {"args", std::move(args)}}}};
}

class Loop {
 public:
  Loop(const PictureLoopOptions& options, const Samples& samples, PictureProcess& process,
       CaptureNotes& notes, LogSink& log, JvmCapture& out)
      : options_(options),
        samples_(samples),
        process_(process),
        notes_(notes),
        log_(log),
        out_(out),
        entries_(options.entries) {}

  Result<void> go();

 private:
  Result<void> start();
  Result<void> add_entries();
  Result<bool> show_next();
  Result<void> show(std::uint64_t number, const Sample& sample);
  void add_row(const Sample& sample, std::size_t entry, const Json& answer);
  void add_rows_without_answer(const Sample& sample, PredictionStatus status);
  void lose(const Sample& sample, const Error& error);
  void give_up(const std::string& why);
  void keep_trace();
  void finish();

  const PictureLoopOptions& options_;
  const Samples& samples_;
  PictureProcess& process_;
  CaptureNotes& notes_;
  LogSink& log_;
  JvmCapture& out_;
  std::vector<HarnessEntry> entries_;  // after the first start those that it could call
  std::vector<std::size_t> usable_;    // of entries_, in the order in which the process knows them
  std::size_t wanted_ = 0;             // samples
  bool running_ = false;
  int deaths_ = 0;
};

Result<void> Loop::start() {
  TRY_VOID(process_.start());
  running_ = true;
  return add_entries();
}

Result<void> Loop::add_entries() {
  usable_.clear();
  std::string last;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = entries_[i].entry;
    auto asked = process_.ask(to_request(entries_[i]), options_.boot_time);
    if (!asked) {
      Error error = asked.error();
      running_ = false;
      error.what = head_of(entry) + " cannot be called: " + error.what + ": " + process_.kill();
      return tl::unexpected<Error>(std::move(error));
    }
    const Json answer = std::move(*asked);
    if (answer.is_object() && answer.contains("ok")) {
      usable_.push_back(i);
      if (entry.descriptor.empty()) entry.descriptor = text_at(answer, "descriptor");
    } else {
      last = "cannot be called: " + text_at(answer, "error");
      notes_.add(head_of(entry), last);
    }
  }
  if (!usable_.empty()) return {};
  return fail(ErrorCode::kNotFound, "no method of the app can be called: " + last, "capture");
}

void Loop::add_row(const Sample& sample, std::size_t entry, const Json& answer) {
  Prediction row = prediction_of(sample.file, entries_[entry].entry, answer);
  if (row.status != PredictionStatus::kOk) {
    const std::string error = text_at(answer, "error");
    notes_.add(row.head, std::string(to_string(row.status)) + ": " +
                             (error.empty() ? "an answer of another kind" : error));
  }
  out_.rows.push_back(std::move(row));
}

Result<void> Loop::show(std::uint64_t number, const Sample& sample) {
  Json which = Json::array();
  for (std::size_t i = 0; i < usable_.size(); ++i) which.push_back(i);
  const fs::path path = fs::weakly_canonical(fs::absolute(samples_.folder) / sample.file);
  const auto limit = kJavaTime + options_.call_time * static_cast<std::int64_t>(usable_.size());
  const Json answer = TRY(process_.ask({{"do", "picture"},
                                        {"id", number},
                                        {"file", sample.file},
                                        {"path", path.string()},
                                        {"entries", std::move(which)}},
                                       limit));
  const Json answers = list_at(answer, "answers");
  const std::size_t before = out_.rows.size();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    // What the first process could call and this one cannot has a row like the others.
    const auto found = std::find(usable_.begin(), usable_.end(), i);
    const auto place = static_cast<std::size_t>(found - usable_.begin());
    const Json absent = {{"error", "cannot be called any more"}};
    const Json& given = place < answers.size() ? answers[place] : answer;
    add_row(sample, i, found == usable_.end() ? absent : given);
  }
  if (std::any_of(out_.rows.begin() + static_cast<std::ptrdiff_t>(before), out_.rows.end(),
                  [](const Prediction& row) { return row.status != PredictionStatus::kOk; }))
    ++out_.failed;
  return {};
}

void Loop::add_rows_without_answer(const Sample& sample, PredictionStatus status) {
  ++out_.failed;
  for (const HarnessEntry& each : entries_) {
    Prediction row;
    row.file = sample.file;
    row.head = head_of(each.entry);
    row.source = "captured";
    row.status = status;
    out_.rows.push_back(std::move(row));
  }
}

// A picture that cost the process.
void Loop::lose(const Sample& sample, const Error& error) {
  const std::string how = process_.kill();
  running_ = false;
  ++deaths_;
  add_rows_without_answer(sample, error.code == ErrorCode::kLimit ? PredictionStatus::kTimeout
                                                                  : PredictionStatus::kCrash);
  notes_.add(sample.file, error.what + ": " + how);
  log_.message(LogLevel::kWarning, sample.file + ": " + error.what + ": " + how);
  keep_trace();
}

// The samples that are left stay in the table: they would leave the denominators otherwise.
void Loop::give_up(const std::string& why) {
  notes_.add("capture", why + ": the rest was not shown");
  log_.message(LogLevel::kWarning, why);
  for (std::size_t i = out_.pictures; i < wanted_; ++i) {
    add_rows_without_answer(samples_.rows[i], PredictionStatus::kCrash);
    ++out_.not_shown;
  }
}

// Answers count without their trace.
void Loop::keep_trace() {
  const auto kept = process_.keep_trace();
  if (!kept) notes_.add("trace", kept.error().what);
}

void Loop::finish() {
  if (!running_) return;
  const auto done = process_.finish();
  running_ = false;
  if (!done)
    notes_.add("capture", "the app's process did not end as it should: " + done.error().what +
                              ": " + process_.kill());
  keep_trace();
}

// Whether there is more to show.
Result<bool> Loop::show_next() {
  if (log_.cancelled()) return fail(ErrorCode::kCancelled, "interrupted", "capture");
  if (!running_) {
    if (const auto started = start(); !started) {
      give_up("no other process could be started: " + started.error().what);
      return false;
    }
  }
  const Sample& sample = samples_.rows[out_.pictures++];
  const auto shown = show(out_.pictures, sample);
  log_.progress("capture", out_.pictures, samples_.rows.size());
  if (shown) {
    deaths_ = 0;
  } else {
    lose(sample, shown.error());
  }
  if (deaths_ < kMaxDeaths) return true;
  give_up("the app's process died on three pictures in a row");
  return false;
}

Result<void> Loop::go() {
  const auto booting = Clock::now();
  TRY_VOID(start());
  out_.boot_seconds = seconds_since(booting);
  std::vector<HarnessEntry> callable;
  for (const std::size_t i : usable_) callable.push_back(entries_[i]);
  entries_ = std::move(callable);
  for (std::size_t i = 0; i < usable_.size(); ++i) usable_[i] = i;
  wanted_ = samples_.rows.size();
  if (options_.limit != 0) wanted_ = std::min<std::size_t>(wanted_, options_.limit);
  const auto began = Clock::now();
  while (out_.pictures < wanted_ && TRY(show_next())) {
  }
  out_.seconds = seconds_since(began);
  finish();
  return {};
}

}  // namespace

void CaptureNotes::add(const std::string& where, const std::string& why) {
  // What became of the run as a whole is said in any case: it is said a few times at most.
  const bool room = noted_.size() < kMaxGaps || where == "capture";
  if (room && noted_.insert(where + why).second)
    gaps_.push_back({where, why.substr(0, kMaxGapText)});
}

Result<void> show_pictures(const PictureLoopOptions& options, const Samples& samples,
                           PictureProcess& process, CaptureNotes& notes, LogSink& log,
                           JvmCapture& out) {
  return Loop(options, samples, process, notes, log, out).go();
}

}  // namespace dl::capture
