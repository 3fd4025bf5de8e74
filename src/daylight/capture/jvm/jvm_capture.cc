// SPDX-License-Identifier: Apache-2.0
// Pictures to a process, and to the next one where it dies.
#include "daylight/capture/jvm/jvm_capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "daylight/base/file.h"
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

// The list at `key`; an empty one where there is none.
Json list_at(const Json& answer, const char* key) {
  if (!answer.is_object()) return Json::array();
  const auto found = answer.find(key);
  return found != answer.end() && found->is_array() ? *found : Json::array();
}

Json to_request(const Entry& entry) {
  Json args = Json::array();
  for (const EntryArgument& each : entry.args)
    args.push_back({{"type", each.type}, {"const", each.has_constant ? each.constant : Json()}});
  return {{"do", "entry"},
          {"entry",
           {{"class", entry.klass},
            {"method", entry.method},
            {"descriptor", entry.descriptor},
            {"receiver", entry.receiver},
            {"args", std::move(args)}}}};
}

// One run over the samples.
class Run {
 public:
  Run(const JvmCaptureOptions& options, const Samples& samples, LogSink& log)
      : options_(options), samples_(samples), log_(log) {
    for (const Entry& entry : options.entries)
      if (entry.kind == "picture") entries_.push_back(entry);
  }

  Result<JvmCapture> go();
  // After a failure: ends the process, and takes away what it has written.
  void clean();

 private:
  Result<void> prepare();
  Result<void> start();
  Result<void> add_entries();
  Result<void> show(std::uint64_t number, const Sample& sample);
  void lose(const Sample& sample, const Error& error);
  Result<void> keep_trace();
  void note(const std::string& where, const std::string& why);

  const JvmCaptureOptions& options_;
  const Samples& samples_;
  LogSink& log_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> usable_;  // entries that the process knows, in its order
  JvmHostOptions host_options_;
  std::optional<JvmHost> host_;
  fs::path scratch_;
  std::set<std::string> noted_;
  int deaths_ = 0;
  JvmCapture out_;
};

void Run::note(const std::string& where, const std::string& why) {
  if (noted_.size() < kMaxGaps && noted_.insert(where + why).second)
    out_.gaps.push_back({where, why.substr(0, kMaxGapText)});
}

Result<void> Run::prepare() {
  if (entries_.empty())
    return fail(ErrorCode::kNotFound, "the plan names no method that takes a picture", "capture",
                "name one with --entry CLASS.METHOD");
  host_options_.parts = TRY(find_jvm_parts());
  host_options_.apk = fs::weakly_canonical(fs::absolute(options_.apk));
  const ConvertedApp converted =
      TRY(convert_app(host_options_.parts, host_options_.apk, jvm_cache_folder(options_.out),
                      options_.without_missing_parts));
  out_.conversion = converted.report;
  for (const Json& each : list_at(converted.report, "failed"))
    if (each.is_string()) note(each.get<std::string>(), "could not be made into Java's bytecode");
  host_options_.app_jar = converted.jar;
  host_options_.package = options_.package;
  host_options_.host_libraries = options_.host_libraries;
  host_options_.head = options_.head;
  host_options_.without_missing_parts = options_.without_missing_parts;
  std::set<fs::path> folders;
  for (const Sample& sample : samples_.rows)
    folders.insert(fs::weakly_canonical(fs::absolute(samples_.folder) / sample.file).parent_path());
  host_options_.pictures.assign(folders.begin(), folders.end());
  return {};
}

Result<void> Run::start() {
  const auto began = Clock::now();
  scratch_ = fs::absolute(options_.out) / fmt::format(".jvm-host.{}", out_.traces.size() + 1);
  std::error_code error;
  fs::remove_all(scratch_, error);
  TRY_VOID(make_private_folder(scratch_));
  host_options_.scratch = scratch_;
  host_.emplace(TRY(JvmHost::start(host_options_)));
  TRY_VOID(add_entries());
  if (out_.boot_seconds == 0) out_.boot_seconds = seconds_since(began);
  return {};
}

Result<void> Run::add_entries() {
  usable_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Json answer = TRY(host_->ask(to_request(entries_[i]), host_options_.boot_time));
    if (answer.is_object() && answer.contains("ok")) {
      usable_.push_back(i);
      if (entries_[i].descriptor.empty()) entries_[i].descriptor = text_at(answer, "descriptor");
    } else {
      note(head_of(entries_[i]), "cannot be called: " + text_at(answer, "error"));
    }
  }
  if (!usable_.empty()) return {};
  return fail(ErrorCode::kNotFound,
              "no method of the app can be called: " +
                  (out_.gaps.empty() ? std::string() : out_.gaps.back().why),
              "capture");
}

Result<void> Run::show(std::uint64_t number, const Sample& sample) {
  Json which = Json::array();
  for (std::size_t i = 0; i < usable_.size(); ++i) which.push_back(i);
  const fs::path path = fs::weakly_canonical(fs::absolute(samples_.folder) / sample.file);
  const auto limit =
      kJavaTime + host_options_.call_time * static_cast<std::int64_t>(usable_.size());
  const Json answer = TRY(host_->ask({{"do", "picture"},
                                      {"id", number},
                                      {"file", sample.file},
                                      {"path", path.string()},
                                      {"entries", std::move(which)}},
                                     limit));
  const Json answers = list_at(answer, "answers");
  bool failed = false;
  for (std::size_t i = 0; i < usable_.size(); ++i) {
    const Json one = i < answers.size() ? answers[i] : answer;
    Prediction row = prediction_of(sample.file, entries_[usable_[i]], one);
    if (row.status != PredictionStatus::kOk) {
      failed = true;
      const std::string error = text_at(one, "error");
      note(row.head, std::string(to_string(row.status)) + ": " +
                         (error.empty() ? "an answer of another kind" : error));
    }
    out_.rows.push_back(std::move(row));
  }
  if (failed) ++out_.failed;
  return {};
}

// A picture that cost the process.
void Run::lose(const Sample& sample, const Error& error) {
  const std::string how = host_->kill();
  host_.reset();
  ++out_.failed;
  for (const std::size_t i : usable_) {
    Prediction row;
    row.file = sample.file;
    row.head = head_of(entries_[i]);
    row.source = "captured";
    row.status =
        error.code == ErrorCode::kLimit ? PredictionStatus::kTimeout : PredictionStatus::kCrash;
    out_.rows.push_back(std::move(row));
  }
  note(sample.file, error.what + ": " + how);
  log_.message(LogLevel::kWarning, sample.file + ": " + error.what + ": " + how);
}

// Strangers' code wrote beside it: only the folder with its plain files is taken over.
Result<void> Run::keep_trace() {
  const fs::path made = scratch_ / "trace";
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(made, error)))
    return fail(ErrorCode::kCorrupt, "the app's process left no trace", made.string());
  for (auto each = fs::recursive_directory_iterator(made, error);
       each != fs::recursive_directory_iterator(); each.increment(error)) {
    const auto kind = each->symlink_status(error).type();
    if (kind != fs::file_type::regular && kind != fs::file_type::directory)
      return fail(ErrorCode::kCorrupt, "the app's process put something else into its trace",
                  each->path().string());
  }
  const std::size_t number = out_.traces.size() + 1;
  const std::string name = number == 1 ? "trace" : fmt::format("trace.{}", number);
  fs::remove_all(options_.out / name, error);
  fs::rename(made, options_.out / name, error);
  if (error) return fail(ErrorCode::kIo, error.message(), (options_.out / name).string());
  out_.traces.push_back(name);
  fs::remove_all(scratch_, error);
  return {};
}

void Run::clean() {
  host_.reset();
  std::error_code error;
  if (!scratch_.empty()) fs::remove_all(scratch_, error);
}

Result<JvmCapture> Run::go() {
  TRY_VOID(prepare());
  TRY_VOID(start());
  const auto began = Clock::now();
  for (const Sample& sample : samples_.rows) {
    if (options_.limit != 0 && out_.pictures == options_.limit) break;
    if (log_.cancelled()) return fail(ErrorCode::kCancelled, "interrupted", "capture");
    if (!host_) TRY_VOID(start());
    ++out_.pictures;
    const auto shown = show(out_.pictures, sample);
    log_.progress("capture", out_.pictures, samples_.rows.size());
    if (shown) {
      deaths_ = 0;
      continue;
    }
    lose(sample, shown.error());
    TRY_VOID(keep_trace());
    if (++deaths_ == kMaxDeaths) {
      note("capture", "the app's process died on three pictures in a row: the rest was not shown");
      break;
    }
  }
  out_.seconds = seconds_since(began);
  if (host_) {
    TRY_VOID(host_->finish());
    TRY_VOID(keep_trace());
  }
  return std::move(out_);
}

}  // namespace

Result<JvmCapture> capture_with_jvm(const JvmCaptureOptions& options, const Samples& samples,
                                    LogSink& log) {
  Run run(options, samples, log);
  auto done = run.go();
  if (!done) run.clean();
  return done;
}

}  // namespace dl::capture
