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
#include "daylight/capture/jvm/carrier_apk.h"
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

// One run over the samples.
class Run {
 public:
  Run(const JvmCaptureOptions& options, const Samples& samples, LogSink& log)
      : options_(options), samples_(samples), log_(log) {
    for (const HarnessEntry& each : options.entries)
      if (each.entry.kind == "picture") entries_.push_back(each);
  }

  Result<JvmCapture> go();
  // Ends the process where it still runs, and takes away what it has written beside its trace.
  void clean();

 private:
  Result<void> prepare();
  Result<void> start();
  Result<JvmHost> start_host();
  Result<void> make_scratch();
  Result<void> carry_resources(const Error& refused);
  Result<void> take_twins();
  Result<void> add_entries();
  Result<void> show(std::uint64_t number, const Sample& sample);
  void lose(const Sample& sample, const Error& error);
  Result<void> keep_trace();
  void note(const std::string& where, const std::string& why);

  const JvmCaptureOptions& options_;
  const Samples& samples_;
  LogSink& log_;
  std::vector<HarnessEntry> entries_;
  std::vector<std::size_t> usable_;  // entries that the process knows, in its order
  JvmHostOptions host_options_;
  std::optional<JvmHost> host_;
  fs::path scratch_;
  fs::path twins_;    // "" without twins
  fs::path carrier_;  // "" while the app's own package is fine
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
  TRY_VOID(take_twins());
  host_options_.head = options_.head;
  host_options_.without_missing_parts = options_.without_missing_parts;
  std::set<fs::path> folders;
  for (const Sample& sample : samples_.rows)
    folders.insert(fs::weakly_canonical(fs::absolute(samples_.folder) / sample.file).parent_path());
  host_options_.pictures.assign(folders.begin(), folders.end());
  return {};
}

Result<void> Run::make_scratch() {
  scratch_ = fs::absolute(options_.out) / fmt::format(".jvm-host.{}", out_.traces.size() + 1);
  std::error_code error;
  fs::remove_all(scratch_, error);
  TRY_VOID(make_private_folder(scratch_));
  host_options_.scratch = scratch_;
  return {};
}

// Android's framework refuses a split APK, and manifests that no phone would take either.
Result<void> Run::carry_resources(const Error& refused) {
  carrier_ = fs::absolute(options_.out) / ".jvm-carrier.apk";
  TRY_VOID(write_carrier(host_options_.apk, JvmHost::package_of(host_options_), carrier_));
  host_options_.resources = carrier_;
  host_options_.notes.push_back(
      {"AndroidManifest.xml", "the app's resources and assets stand under a manifest of ours"});
  note("AndroidManifest.xml",
       "Android's framework does not take the app's own package: its resources and assets were "
       "shown under a manifest of ours (" +
           refused.what + ")");
  return {};
}

Result<JvmHost> Run::start_host() {
  TRY_VOID(make_scratch());
  auto started = JvmHost::start(host_options_);
  if (started || started.error().code != ErrorCode::kCorrupt || !carrier_.empty()) return started;
  TRY_VOID(carry_resources(started.error()));
  TRY_VOID(make_scratch());
  return JvmHost::start(host_options_);
}

// Published libraries in place of the app's own: which, and why they are the same, is told.
Result<void> Run::take_twins() {
  if (options_.twins.empty()) return {};
  twins_ = fs::absolute(options_.out) / ".jvm-twins";
  std::error_code error;
  fs::remove_all(twins_, error);
  TRY_VOID(make_private_folder(twins_));
  const TwinLibraries twins = TRY(find_twins(host_options_.apk, options_.twins, twins_));
  for (const Gap& gap : twins.gaps) note(gap.where, gap.why);
  for (const TwinLibrary& each : twins.found) {
    out_.twins.push_back(each);
    host_options_.notes.push_back(
        {"twin " + each.name, "the x86-64 library of " + each.archive +
                                  " runs in its place: the arm64 libraries have the same " +
                                  each.proof});
    log_.message(LogLevel::kInfo, each.name + ": the x86-64 library of " + each.archive +
                                      " (same " + each.proof + " for arm64)");
  }
  host_options_.twins = twins_;
  host_options_.host_libraries = true;
  return {};
}

Result<void> Run::start() {
  const auto began = Clock::now();
  host_.emplace(TRY(start_host()));
  TRY_VOID(add_entries());
  if (out_.boot_seconds == 0) out_.boot_seconds = seconds_since(began);
  return {};
}

Result<void> Run::add_entries() {
  usable_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto asked = host_->ask(to_request(entries_[i]), host_options_.boot_time);
    if (!asked) {
      Error error = asked.error();
      error.what =
          head_of(entries_[i].entry) + " cannot be called: " + error.what + ": " + host_->kill();
      return tl::unexpected<Error>(std::move(error));
    }
    const Json answer = std::move(*asked);
    if (answer.is_object() && answer.contains("ok")) {
      usable_.push_back(i);
      if (entries_[i].entry.descriptor.empty())
        entries_[i].entry.descriptor = text_at(answer, "descriptor");
    } else {
      note(head_of(entries_[i].entry), "cannot be called: " + text_at(answer, "error"));
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
    Prediction row = prediction_of(sample.file, entries_[usable_[i]].entry, one);
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
    row.head = head_of(entries_[i].entry);
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
  if (!carrier_.empty()) fs::remove(carrier_, error);
  if (!twins_.empty()) fs::remove_all(twins_, error);
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
  run.clean();
  return done;
}

}  // namespace dl::capture
