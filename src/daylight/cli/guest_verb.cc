// SPDX-License-Identifier: Apache-2.0
// Each verb: libraries in, one job in a jailed guest, its answer out.
#include "daylight/cli/guest_verb.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "daylight/base/file.h"
#include "daylight/base/json.h"
#include "daylight/cli/guest_answer.h"
#include "daylight/cli/guest_answer_check.h"
#include "daylight/cli/guest_app.h"
#include "daylight/cli/guest_calls.h"
#include "daylight/cli/guest_folders.h"
#include "daylight/cli/guest_report.h"
#include "daylight/cli/trace_leavings.h"
#include "daylight/guest/engine/host_engine.h"
#include "daylight/guest/guest_process.h"
#include "daylight/guest/library_files.h"
#include "daylight/guest/runtimes/tflite_library.h"

namespace dl::cli {
namespace {

using guest::Guest;
using guest::LibraryFiles;
using guest::SayStep;

constexpr std::uint64_t kMaxProfileFile = std::uint64_t{16} << 20;

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Runs over every input in the file, one after the other.
Result<std::string> run_tflite(Guest& guest, const SayStep& say, const LibraryFiles& files,
                               ByteSpan model, ByteSpan inputs,
                               const guest::TfliteOptions& options) {
  say("while its libraries were loaded");
  const guest::GuestLibrary* const library = TRY(guest.load(files.name()));
  say("in the model's run");
  auto run = TRY(guest::TfliteModel::load(guest, *library, model, options));
  std::uint64_t size = 0;
  for (const std::uint64_t each : run.input_sizes()) size += each;
  if (size == 0 || inputs.size() % size != 0)
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("holds {} bytes, no multiple of the {} that the model takes",
                            inputs.size(), size),
                "input");
  std::string out;
  for (std::uint64_t at = 0; at < inputs.size(); at += size) {
    const auto answer = TRY(run.run(inputs.subspan(at, size)));
    out.append(answer.begin(), answer.end());
  }
  return out;
}

std::optional<ElfMachine> machine_of(const std::string& engine) {
  if (engine.empty()) return std::nullopt;
  return engine == "host" ? ElfMachine::kX86_64 : ElfMachine::kArm64;
}

// One job for the jail: what the libraries are, and what the child may see and use.
struct GuestJob {
  const GuestFlags& flags;
  const LibraryFiles& files;
  Terminal& terminal;
  guest::GuestOptions options;
  guest::GuestProcessOptions process;
  KeptEvents events;
  std::optional<NativeCallLine> line = std::nullopt;  // a method to call
  const NativeCallLine* method() const { return line ? &*line : nullptr; }
};

void warn_of_nans(const GuestJob& job, bool may_differ) {
  if (may_differ) job.terminal.message(LogLevel::kWarning, kNansMayDiffer);
}

// Of a run without an answer, whose gaps they would be.
void warn_of_leavings(const GuestJob& job, const std::vector<std::string>& leavings) {
  for (const std::string& each : leavings) job.terminal.message(LogLevel::kWarning, each);
}

// Whether the library's code is translated and cannot reach the process that it runs in.
bool isolated(const GuestJob& job) { return job.files.machine() != guest::kHostMachine; }

Result<CheckedAnswer> checked(const GuestJob& job, AnswerKind kind, const std::string& message) {
  return CheckedAnswer::read(kind, message, isolated(job));
}

void print_answer(const GuestJob& job, const CheckedAnswer& answer, const std::string& text) {
  print(job.flags.json ? dump_json(answer.json()) : text);
}

ExitCode exit_code_of(const CheckedAnswer& answer) {
  return answer.has_fault() ? kSomeInputsFailed : kDone;
}

Result<ExitCode> natives_verb(GuestJob& job) {
  const std::string message = TRY(run_in_guest_process(
      job.process, job.options, [&](Guest& guest, const SayStep& say) -> Result<std::string> {
        Json out = TRY(load_library(guest, job.files, job.events, say));
        out["natives"] = natives_json(guest);
        out["files"] = files_json(guest, out["gaps"]);
        out["engines"] = engines_json(guest);
        return dump_json(out);
      }));
  const CheckedAnswer answer = TRY(checked(job, AnswerKind::kNatives, message));
  print_answer(job, answer, render_natives(answer));
  return exit_code_of(answer);
}

Result<ExitCode> exports_verb(GuestJob& job) {
  // The file is hostile too.
  const std::string message =
      TRY(run_in_jail(job.process, [&](const SayStep&) -> Result<std::string> {
        return dump_json(TRY(read_exports(job.files)));
      }));
  const CheckedAnswer answer = TRY(CheckedAnswer::read(AnswerKind::kExports, message, true));
  print_answer(job, answer, render_exports(answer));
  return kDone;
}

Result<ExitCode> call_verb(GuestJob& job) {
  const std::string message = TRY(run_in_guest_process(
      job.process, job.options, [&](Guest& guest, const SayStep& say) -> Result<std::string> {
        Json out = TRY(load_library(guest, job.files, job.events, say));
        say("in the call of " + job.flags.function);
        out["call"] = TRY(call_function(guest, job.files, job.flags, job.method()));
        out["nans_may_differ"] = guest.machine().engine.nans_may_differ();
        tell_events(guest, job.events, out);  // those of the call too
        out["files"] = files_json(guest, out["gaps"]);
        return dump_json(out);
      }));
  const CheckedAnswer answer = TRY(checked(job, AnswerKind::kCall, message));
  print_answer(job, answer, render_call(answer));
  warn_of_nans(job, answer.json()["nans_may_differ"].get<bool>());
  return exit_code_of(answer);
}

Result<ExitCode> trace_verb(GuestJob& job) {
  const GuestFlags& flags = job.flags;
  std::vector<CaptureRule> rules = TRY(capture_rules_of(flags));
  // The jailed child writes into a folder of its own making.
  if (std::filesystem::exists(flags.out) && !std::filesystem::is_empty(flags.out))
    return fail(ErrorCode::kInvalidArgument, "is not empty", flags.out.string());
  TRY_VOID(make_private_folder(flags.out));
  const std::filesystem::path folder = std::filesystem::absolute(flags.out);
  job.process.scratch = folder;
  const auto message = guest::run_in_jail(job.process, [&](const SayStep& say) {
    say("in the trace of " + (flags.function.empty() ? "its start" : flags.function));
    return run_trace(job.options, job.files, flags, job.method(), std::move(rules), folder);
  });
  // Before anything of it is read, and however the run ended.
  const std::vector<std::string> leavings = clear_leavings(folder);
  if (!message) warn_of_leavings(job, leavings);
  CheckedAnswer answer = TRY(checked(job, AnswerKind::kTrace, TRY(message)));
  settle_with_folder(answer, folder, leavings);
  print_answer(job, answer, render_trace(answer, folder));
  warn_of_nans(job, answer.json()["nans_may_differ"].get<bool>());
  return exit_code_of(answer);
}

Result<ExitCode> tflite_verb(GuestJob& job) {
  const GuestFlags& flags = job.flags;
  const MappedFile model = TRY(MappedFile::open(flags.model));
  const MappedFile input = TRY(MappedFile::open(flags.input));
  std::string message = TRY(run_in_guest_process(
      job.process, job.options, [&](Guest& guest, const SayStep& say) -> Result<std::string> {
        ModelOutputs out{TRY(run_tflite(guest, say, job.files, model.bytes(), input.bytes(),
                                        {flags.threads, flags.xnnpack}))};
        out.nans_may_differ = guest.machine().engine.nans_may_differ();
        return std::move(out).to_message();
      }));
  const ModelOutputs outputs = TRY(ModelOutputs::read(std::move(message)));
  warn_of_nans(job, outputs.nans_may_differ);
  TRY_VOID(write_file_atomic(flags.output, outputs.bytes));
  return kDone;
}

}  // namespace

Result<ExitCode> run_guest_verb(const std::string& verb, const GuestFlags& flags,
                                Terminal& terminal) {
  const LibraryFiles files =
      TRY(LibraryFiles::open(flags.library, flags.deps, machine_of(flags.engine)));
  GuestJob job{flags, files, terminal, {}, {}, {}};
  if (NativeCallLine::is_method(flags.function))
    job.line = TRY(NativeCallLine::parse(flags.function, flags.arguments));
  job.options.machine = files.machine();
  job.options.engine.exact_nans = flags.exact_nans;
  job.options.events = &job.events;
  job.options.libraries = [&](const std::string& name) { return files.find(name); };
  job.options.app.entry = [&](const std::string& name) { return files.entry(name); };
  job.options.app.entries = [&] { return files.entries(); };
  job.options.folders = TRY(app_folders_of(flags));
  // What the library may know of the app that it comes with.
  const std::filesystem::path own(flags.library.substr(0, flags.library.find('!')));
  const auto app = GuestApp::open(own, null_log());
  if (app != nullptr) {
    job.options.classes = &app->classes();
    job.options.app.package = app->package_name();
    job.options.app.certificates = app->certificates();
  }
  std::optional<guest::DeviceProfile> profile;
  if (!flags.profile.empty()) {
    const std::string text = TRY(read_file(flags.profile, kMaxProfileFile));
    profile = TRY(guest::DeviceProfile::parse(text, flags.profile.string()));
    job.options.profile = &*profile;
  }
  job.process.library = files.name();
  job.process.without_missing_parts = flags.unsafe_no_sandbox;
  job.process.wall_time =
      std::chrono::milliseconds(static_cast<std::int64_t>(flags.seconds * 1000));
  job.options.time_limit = job.process.wall_time;
  // Libraries are open already: the jail shows nothing of the folders that they lie in.
  for (const std::filesystem::path& each : read_folders(job.options.folders))
    job.process.read_only.push_back(each);
  if (verb == "guest exports") return exports_verb(job);
  if (verb == "guest trace") return trace_verb(job);
  const TemporaryChanges changes = TRY(TemporaryChanges::make());
  job.process.scratch = job.options.folders.changes = changes.path();
  if (verb == "guest natives") return natives_verb(job);
  if (verb == "guest call") return call_verb(job);
  return tflite_verb(job);
}

}  // namespace dl::cli
