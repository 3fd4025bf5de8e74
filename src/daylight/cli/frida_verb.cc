// SPDX-License-Identifier: Apache-2.0
// Flags → plan and process; a collector over a new run folder.
#include "daylight/cli/frida_verb.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/capture/frida/frida_capture.h"
#include "daylight/capture/frida/frida_plan.h"
#include "daylight/capture/wire/folder_sink.h"

namespace dl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostPlan = std::uint64_t{16} << 20;

Result<void> check_flags(const CaptureFlags& flags) {
  const auto wrong = [](const char* what, const char* hint = "") {
    return fail(ErrorCode::kInvalidArgument, what, "capture --frida", hint);
  };
  if (flags.out.empty() || !flags.case_folder.empty()) return wrong("writes a trace at --out");
  if (flags.app.empty() == (flags.pid == 0)) return wrong("wants a program or --pid");
  if (!flags.watch.empty() && !flags.frida_plan.empty())
    return wrong("takes --watch or --frida-plan");
  if (flags.device.empty() && flags.pid == 0 && !flags.unsafe_no_sandbox)
    return wrong("runs the program as you would, not in the jail",
                 "say --unsafe-no-sandbox if you trust it");
  return {};
}

Result<Json> plan_of(const CaptureFlags& flags) {
  if (!flags.frida_plan.empty()) {
    const std::string where = flags.frida_plan.string();
    Json plan = TRY(parse_json(TRY(read_file(flags.frida_plan, kMostPlan)), where));
    if (!plan.is_object() || !plan.contains("hooks") || !plan.contains("recipes"))
      return fail(ErrorCode::kCorrupt, "is no plan: it has no hooks or no recipes", where,
                  "docs/formats/frida_plan.md");
    return plan;
  }
  std::vector<CaptureRule> rules;
  for (const std::string& text : flags.watch) rules.push_back(TRY(parse_capture_rule(text)));
  return capture::frida_plan(rules, capture::frida_recipes());
}

// Where the socket lies, gone with the object.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make() {
    std::string path = (fs::temp_directory_path() / "daylight-frida-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
      return fail(ErrorCode::kIo, "no folder for a socket can be made", path);
    return ScratchFolder(path);
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<std::string> new_token() {
  std::array<std::uint8_t, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return fail(ErrorCode::kIo, "gives no random bytes", "this machine");
  return to_hex(bytes);
}

Result<capture::FridaOptions> options_of(const CaptureFlags& flags, const ScratchFolder& scratch,
                                         Terminal& terminal) {
  capture::FridaOptions out;
  out.parts = TRY(capture::find_frida_parts());
  out.plan = TRY(plan_of(flags));
  out.token = TRY(new_token());
  out.scratch = scratch.path();
  out.pid = flags.pid;
  out.device = flags.device;
  out.seconds = flags.seconds;
  out.stop = [&terminal] { return terminal.cancelled(); };
  if (!flags.app.empty()) out.program = {flags.app.string()};
  out.program.insert(out.program.end(), flags.arguments.begin(), flags.arguments.end());
  return out;
}

void report(const capture::FridaCapture& done, const TraceCounts& counts, const CaptureFlags& flags,
            Terminal& terminal) {
  terminal.message(LogLevel::kInfo, "the process: " + printable(done.ended, 300));
  const std::string text =
      flags.json
          ? dump_json({{"hooks", done.hooks},
                       {"events", counts.events},
                       {"calls", counts.calls},
                       {"blobs", counts.blobs.blobs},
                       {"lost_calls", counts.lost.calls},
                       {"lost_events", counts.lost.events},
                       {"ended", printable(done.ended, 300)},
                       {"without_goodbye", done.collected.killed}})
          : fmt::format("capture  {} calls, {} events, {} buffers; {} calls and {} events lost\n",
                        counts.calls, counts.events, counts.blobs.blobs, counts.lost.calls,
                        counts.lost.events);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace

Result<ExitCode> run_frida_capture(const CaptureFlags& flags, Terminal& terminal) {
  TRY_VOID(check_flags(flags));
  const ScratchFolder scratch = TRY(ScratchFolder::make());
  const capture::FridaOptions options = TRY(options_of(flags, scratch, terminal));
  TraceHead head;
  head.source = "frida";
  head.rules = flags.watch;
  head.provenance.options = {{"plan", options.plan}};
  const auto writer = TRY(TraceWriter::create(flags.out, head));
  capture::FolderSink sink(*writer);
  const auto done = capture::capture_with_frida(options, sink, terminal);
  if (!done) {
    (void)writer->finish(TraceEnding::kFailed, done.error().what);
    return tl::unexpected<Error>(done.error());
  }
  const bool stopped = done->collected.stopped;
  TRY_VOID(writer->finish(stopped ? TraceEnding::kStopped : TraceEnding::kFinished, done->ended));
  report(*done, writer->counts(), flags, terminal);
  return kDone;
}

}  // namespace dl::cli
