// SPDX-License-Identifier: Apache-2.0
// Names and arguments from the command line, calls, and the events around them.
#include "daylight/cli/guest_calls.h"

#include <charconv>
#include <cstring>
#include <mutex>
#include <utility>

#include "daylight/artifact/probe_plan.h"
#include "daylight/base/file.h"
#include "daylight/base/hex.h"
#include "daylight/base/text.h"
#include "daylight/cli/extraction.h"
#include "daylight/cli/guest_answer.h"
#include "daylight/guest/native_call.h"
#include "daylight/guest/observe/guest_tracer.h"

namespace dl::cli {
namespace {

using guest::Guest;
using guest::GuestFault;
using guest::LibraryFiles;

constexpr std::uint64_t kMaxPlanFile = std::uint64_t{64} << 20;

// Text of an argument of `guest call`: a number, or "text" in quotes of its own.
Result<std::uint64_t> argument_of(Guest& guest, const std::string& text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    return guest.machine().new_text(text.substr(1, text.size() - 2));
  const bool hex = text.starts_with("0x");
  std::uint64_t out = 0;
  const char* const begin = text.data() + (hex ? 2 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), out, hex ? 16 : 10);
  if (error == std::errc() && end == text.data() + text.size()) return out;
  if (const auto whole = parse_integer(text)) return static_cast<std::uint64_t>(*whole);
  return fail(ErrorCode::kInvalidArgument, "an argument is a number or a \"text\" in quotes", text);
}

Result<std::uint64_t> function_of(const guest::GuestLibrary& library, const std::string& name) {
  if (name.starts_with("+0x")) {
    std::uint64_t offset = 0;
    std::from_chars(name.data() + 3, name.data() + name.size(), offset, 16);
    return library.bias + offset;
  }
  if (const auto found = library.find(name)) return *found;
  return fail(ErrorCode::kNotFound, "has no such function; daylight guest exports lists them",
              library.name + "!" + name);
}

// A static method does not see the difference, unless it looks at its class.
Result<guest::JavaValue> call_on_new_object(Guest& guest, const guest::JavaMember& method,
                                            const std::vector<guest::JavaValue>& values) {
  return call_java_native(guest, method, guest.java().new_object(method.owner), values);
}

}  // namespace

Result<Json> call_function(Guest& guest, const LibraryFiles& files, const GuestFlags& flags,
                           const NativeCallLine* line) {
  if (line != nullptr) {
    const guest::JavaMember method = TRY(line->find(guest));
    const std::vector<guest::JavaValue> values = TRY(line->values(guest, method));
    const auto done = call_on_new_object(guest, method, values);
    if (!done) return Json{{"fault", {{"kind", "call"}, {"what", done.error().what}}}};
    return Json{{"method", method.text()}, {"result", NativeCallLine::describe(guest, *done)}};
  }
  const guest::GuestLibrary* const library = guest.loader().loaded(files.name());
  const std::uint64_t function = TRY(function_of(*library, flags.function));
  std::vector<std::uint64_t> arguments;
  for (const std::string& text : flags.arguments)
    arguments.push_back(TRY(argument_of(guest, text)));
  const auto done = guest.call(function, arguments);
  if (!done) return Json{{"fault", to_json(done.error())}};
  double floating = 0;
  std::memcpy(&floating, done->vector.data(), sizeof(floating));
  Json out = {{"integer", "0x" + hex_number(done->integer)}, {"floating", floating}};
  if (const auto text = guest.arena().text(done->integer, 4096)) out["text"] = std::string(*text);
  return Json{{"result", std::move(out)}};
}

Result<std::vector<CaptureRule>> capture_rules_of(const GuestFlags& flags) {
  std::vector<CaptureRule> out;
  for (const std::string& text : flags.watch) out.push_back(TRY(parse_capture_rule(text)));
  if (flags.plan.empty()) return out;
  const std::string text = TRY(read_file(flags.plan, kMaxPlanFile));
  const Json json = TRY(parse_json(text, flags.plan.string()));
  const ProbePlan plan = TRY(probe_plan_from_json(json, flags.plan.string()));
  for (const Probe& probe : plan.probes) out.push_back(TRY(capture_rule_of(probe)));
  return out;
}

namespace {

// One trace: steps, and what each leaves.
class TraceRun {
 public:
  TraceRun(Guest& guest, guest::GuestTracer& tracer, std::filesystem::path models_folder)
      : tracer_(tracer),
        models_(guest, [this](const guest::MemoryModel& model,
                              ByteSpan bytes) { keep_model(model, bytes); }),
        models_folder_(std::move(models_folder)) {}

  // Threads of the guest may run on: they find no models any more.
  ~TraceRun() { tracer_.stop_models(); }
  TraceRun(const TraceRun&) = delete;
  TraceRun& operator=(const TraceRun&) = delete;

  guest::MemoryModels& models() { return models_; }
  // Whether the call came to its end.
  template <typename Run>
  Result<bool> step(const std::string& name, Run run) {
    const std::uint64_t id = tracer_.begin_call(name);
    const guest::GuestResult<guest::GuestValue> done = run();
    tracer_.end_call(id, name, done);
    if (!done) faults_.push_back({{"call", name}, {"fault", to_json(done.error())}});
    TRY_VOID(look("after " + name));
    return done.has_value();
  }
  // What came into memory: libraries, natives, models, which are written out.
  Result<void> look(const std::string& where) {
    tracer_.note_libraries();
    models_.search(where);
    const std::scoped_lock lock(mutex_);
    return kept_;
  }
  void finish(Json& out) {
    tracer_.stop_models();
    if (!models_.complete())
      tracer_.note(TraceLevel::kWarning, "memory", "not all of it was searched for models");
    out["models"] = std::move(found_);
    if (!faults_.empty()) out["faults"] = std::move(faults_);
  }

 private:
  // Into the trace, the answer, and a file.
  void keep_model(const guest::MemoryModel& model, ByteSpan bytes) {
    tracer_.note_model(model, bytes);
    const std::scoped_lock lock(mutex_);  // found by any thread of the guest
    Json entry = {{"format", model.format},
                  {"sha256", model.sha256},
                  {"size", model.size},
                  {"where", model.where},
                  {"in_file", model.in_file}};
    const std::string name =
        "model-" + std::to_string(found_.size() + 1) + format_extension(model.format);
    if (auto written = write_model(name, bytes)) {
      entry["path"] = "models/" + name;
    } else if (kept_) {
      kept_ = std::move(written);
    }
    found_.push_back(std::move(entry));
  }
  Result<void> write_model(const std::string& name, ByteSpan bytes) {
    if (found_.empty()) TRY_VOID(make_private_folder(models_folder_));
    return write_file_atomic(models_folder_ / name, as_text(bytes));
  }

  guest::GuestTracer& tracer_;
  guest::MemoryModels models_;
  std::filesystem::path models_folder_;
  Json faults_ = Json::array();
  std::mutex mutex_;  // guards what follows
  Json found_ = Json::array();
  Result<void> kept_;  // or why the first model that could not be written was not
};

guest::GuestResult<guest::GuestValue> start(Guest& guest, const guest::GuestLibrary& library) {
  const auto version = guest.run_on_load(library);
  if (!version) return tl::unexpected<GuestFault>(version.error());
  return guest::GuestValue{static_cast<std::uint32_t>(*version), {}};
}

// The function of the command line, by address or as a method.
Result<void> call_in_trace(Guest& guest, const guest::GuestLibrary& library,
                           const GuestFlags& flags, const NativeCallLine* line, TraceRun& run,
                           Json& out) {
  if (line != nullptr) {
    const guest::JavaMember method = TRY(line->find(guest));
    const std::string name = print_selector(
        java_selector("L" + method.owner + ";", method.name, method.signature, true));
    const std::vector<guest::JavaValue> values = TRY(line->values(guest, method));
    TRY(run.step(name, [&]() -> guest::GuestResult<guest::GuestValue> {
      const auto done = call_on_new_object(guest, method, values);
      if (done) {
        out["result"] = NativeCallLine::describe(guest, *done);
        return guest::GuestValue{done->bits, {}};
      }
      GuestFault fault;
      fault.kind = GuestFault::Kind::kAbort;
      fault.what = done.error().what;
      return tl::unexpected<GuestFault>(std::move(fault));
    }));
    return {};
  }
  const std::uint64_t function = TRY(function_of(library, flags.function));
  std::vector<std::uint64_t> arguments;
  for (const std::string& text : flags.arguments)
    arguments.push_back(TRY(argument_of(guest, text)));
  TRY(run.step("so:" + library.name + "!" + flags.function,
               [&] { return guest.call(function, arguments); }));
  return {};
}

}  // namespace

Result<std::string> run_trace(const guest::GuestOptions& base, const LibraryFiles& files,
                              const GuestFlags& flags, const NativeCallLine* line,
                              std::vector<CaptureRule> rules, const std::filesystem::path& folder) {
  TraceHead head;
  head.source = "guest";
  for (const CaptureRule& rule : rules) head.rules.push_back(print_capture_rule(rule));
  const auto writer = TRY(TraceWriter::create(folder / "trace", head));
  guest::GuestTracer tracer(*writer, std::move(rules));
  guest::GuestOptions options = base;
  options.events = &tracer;
  options.engine.jailed = true;  // run_in_jail()
  options.folders.changes = folder / "files";
  const auto guest = TRY(Guest::create(options));
  TraceRun run(*guest, tracer, folder / "models");
  tracer.attach(*guest, files.name(), &run.models());
  guest->machine().engine.observe(&tracer);
  Json out = {{"library", files.name()}};
  const auto done = [&]() -> Result<void> {
    const guest::GuestLibrary* const library = TRY(guest->load(files.name()));
    TRY_VOID(run.look("after loading"));
    const bool started = TRY(
        run.step("so:" + files.name() + "!JNI_OnLoad", [&] { return start(*guest, *library); }));
    if (!started || flags.function.empty()) return {};
    return call_in_trace(*guest, *library, flags, line, run, out);
  }();
  guest->machine().engine.observe(nullptr);
  if (!done) {
    tracer.note(TraceLevel::kError, files.name(), dl::describe(done.error()));
    TRY_VOID(writer->finish(TraceEnding::kFailed, done.error().what));
    return tl::unexpected<Error>(done.error());
  }
  for (const auto& gap : guest->java().gaps())
    tracer.note(TraceLevel::kWarning, "java", "wanted and not there: " + gap.what);
  if (guest->machine().engine.nans_may_differ())
    tracer.note(TraceLevel::kWarning, "arithmetic", kNansMayDiffer);
  out["nans_may_differ"] = guest->machine().engine.nans_may_differ();
  run.finish(out);
  out["gaps"] = Json::array();
  out["files"] = files_json(*guest, out["gaps"]);
  for (const Json& gap : out["gaps"])
    tracer.note(TraceLevel::kWarning, "files", gap["why"].get<std::string>());
  TRY_VOID(writer->finish(TraceEnding::kFinished));
  const TraceCounts counts = writer->counts();
  out["events"] = counts.events;
  out["calls"] = counts.calls;
  out["lost_events"] = counts.lost.events;
  return dump_json(out);
}

}  // namespace dl::cli
