// SPDX-License-Identifier: Apache-2.0
// What a process needs to run the app, and the trace that it leaves.
#include "daylight/capture/jvm/jvm_capture.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "daylight/base/file.h"
#include "daylight/capture/jvm/carrier_apk.h"
#include "daylight/capture/jvm/jvm_answers.h"
#include "daylight/capture/jvm/picture_loop.h"

namespace dl::capture {
namespace {

namespace fs = std::filesystem;
// One run over the samples.
class Run final : public PictureProcess {
 public:
  Run(const JvmCaptureOptions& options, const Samples& samples, LogSink& log)
      : options_(options), samples_(samples), log_(log), notes_(out_.gaps) {
    for (const HarnessEntry& each : options.entries)
      if (each.entry.kind == "picture") entries_.push_back(each);
  }

  Result<JvmCapture> go();
  // Ends the process where it still runs, and takes away what it has written beside its trace.
  void clean();

  Result<void> start() override;
  Result<Json> ask(const Json& request, std::chrono::milliseconds limit) override;
  Result<void> finish() override { return host_->finish(); }
  std::string kill() override;
  Result<void> keep_trace() override;

 private:
  Result<void> prepare();
  Result<JvmHost> start_host();
  Result<void> make_scratch();
  Result<void> carry_resources(const Error& refused);
  Result<void> take_twins();

  const JvmCaptureOptions& options_;
  const Samples& samples_;
  LogSink& log_;
  std::vector<HarnessEntry> entries_;
  JvmHostOptions host_options_;
  std::optional<JvmHost> host_;
  fs::path scratch_;
  fs::path twins_;    // "" without twins
  fs::path carrier_;  // "" while the app's own package is fine
  JvmCapture out_;
  CaptureNotes notes_;
};

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
    if (each.is_string())
      notes_.add(each.get<std::string>(), "could not be made into Java's bytecode");
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
  notes_.add(
      "AndroidManifest.xml",
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
  for (const Gap& gap : twins.gaps) notes_.add(gap.where, gap.why);
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
  host_.reset();
  host_.emplace(TRY(start_host()));
  return {};
}

Result<Json> Run::ask(const Json& request, std::chrono::milliseconds limit) {
  return host_->ask(request, limit);
}

std::string Run::kill() {
  std::string how = host_->kill();
  host_.reset();
  return how;
}

// Strangers' code wrote beside it: only the folder with its plain files is taken over.
Result<void> Run::keep_trace() {
  const fs::path made = scratch_ / "trace";
  const std::size_t number = out_.traces.size() + 1;
  const std::string name = number == 1 ? "trace" : fmt::format("trace.{}", number);
  std::error_code error;
  // One of an earlier run would be taken for this one's.
  fs::remove_all(options_.out / name, error);
  if (!fs::is_directory(fs::symlink_status(made, error)))
    return fail(ErrorCode::kCorrupt, "the app's process left no trace", made.string());
  for (auto each = fs::recursive_directory_iterator(made, error);
       each != fs::recursive_directory_iterator(); each.increment(error)) {
    const auto kind = each->symlink_status(error).type();
    if (kind != fs::file_type::regular && kind != fs::file_type::directory)
      return fail(ErrorCode::kCorrupt, "the app's process put something else into its trace",
                  each->path().string());
  }
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
  const PictureLoopOptions loop{entries_, options_.limit, host_options_.boot_time,
                                host_options_.call_time};
  TRY_VOID(show_pictures(loop, samples_, *this, notes_, log_, out_));
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
