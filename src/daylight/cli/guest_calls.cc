// SPDX-License-Identifier: Apache-2.0
// Names and arguments from the command line, calls, and the events around them.
#include "daylight/cli/guest_calls.h"

#include <charconv>
#include <cstring>
#include <utility>

#include "daylight/artifact/probe_plan.h"
#include "daylight/base/file.h"
#include "daylight/base/hex.h"
#include "daylight/base/text.h"
#include "daylight/cli/guest_answer.h"
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

}  // namespace

Result<Json> call_function(Guest& guest, const LibraryFiles& files, const GuestFlags& flags) {
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

Result<std::string> run_trace(const guest::GuestOptions& base, const LibraryFiles& files,
                              const GuestFlags& flags, std::vector<CaptureRule> rules,
                              const std::filesystem::path& folder) {
  TraceHead head;
  head.source = "guest";
  for (const CaptureRule& rule : rules) head.rules.push_back(print_capture_rule(rule));
  const auto writer = TRY(TraceWriter::create(folder, head));
  guest::GuestTracer tracer(*writer, std::move(rules));
  guest::GuestOptions options = base;
  options.events = &tracer;
  options.engine.jailed = true;  // run_in_jail()
  const auto guest = TRY(Guest::create(options));
  tracer.attach(*guest, files.name());
  guest->machine().engine.observe(&tracer);
  guest::MemoryModels models(*guest);
  Json out = {{"library", files.name()}};
  const auto step = [&](const std::string& name, auto run) {
    const std::uint64_t id = tracer.begin_call(name);
    const auto done = run();
    tracer.end_call(id, name, done);
    tracer.note_libraries();
    tracer.note_memory(models, "after " + name);
    if (!done) out["faults"].push_back({{"call", name}, {"fault", to_json(done.error())}});
    return done.has_value();
  };
  const auto library = guest->load(files.name());
  if (!library) {
    tracer.note(TraceLevel::kError, files.name(), describe(library.error()));
    TRY_VOID(writer->finish(TraceEnding::kFailed, library.error().what));
    return tl::unexpected<Error>(library.error());
  }
  tracer.note_libraries();
  tracer.note_memory(models, "after loading");
  const std::string prefix = "so:" + files.name() + "!";
  const bool loaded = step(prefix + "JNI_OnLoad", [&]() -> guest::GuestResult<guest::GuestValue> {
    const auto version = guest->run_on_load(**library);
    if (!version) return tl::unexpected<GuestFault>(version.error());
    return guest::GuestValue{static_cast<std::uint32_t>(*version), {}};
  });
  if (loaded && !flags.function.empty()) {
    const std::uint64_t function = TRY(function_of(**library, flags.function));
    std::vector<std::uint64_t> arguments;
    for (const std::string& text : flags.arguments)
      arguments.push_back(TRY(argument_of(*guest, text)));
    step(prefix + flags.function, [&] { return guest->call(function, arguments); });
  }
  guest->machine().engine.observe(nullptr);
  for (const auto& gap : guest->java().gaps())
    tracer.note(TraceLevel::kWarning, "java", "wanted and not there: " + gap.what);
  if (!models.complete())
    tracer.note(TraceLevel::kWarning, "memory", "not all of it was searched for models");
  TRY_VOID(writer->finish(TraceEnding::kFinished));
  const TraceCounts counts = writer->counts();
  out["events"] = counts.events;
  out["calls"] = counts.calls;
  out["lost_events"] = counts.lost.events;
  return dump_json(out);
}

}  // namespace dl::cli
