// SPDX-License-Identifier: Apache-2.0
// Each verb: libraries in, one job in a jailed guest, its answer out.
#include "daylight/cli/guest_verb.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>

#include "daylight/base/file.h"
#include "daylight/base/hex.h"
#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/guest/guest_process.h"
#include "daylight/guest/library_files.h"
#include "daylight/guest/native_methods.h"
#include "daylight/guest/observe/guest_tracer.h"
#include "daylight/guest/runtimes/tflite_library.h"
#include "daylight/report/text_layout.h"

namespace dl::cli {
namespace {

using guest::Guest;
using guest::GuestFault;
using guest::LibraryFiles;

constexpr std::uint64_t kMaxProfileFile = std::uint64_t{16} << 20;

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// What the guest asked for, kept for the answer.
class KeptEvents : public guest::GuestEvents {
 public:
  void lookup(const guest::GuestLookup& lookup) override {
    const std::scoped_lock lock(mutex_);
    const std::string key = std::string(name_of(lookup.what)) + "\n" + lookup.name;
    if (lookups_.size() < kMostKept) lookups_.emplace(key, lookup);
  }
  void log(int priority, std::string_view tag, std::string_view text) override {
    const std::scoped_lock lock(mutex_);
    if (log_.size() < kMostKept)
      log_.push_back(Json{{"priority", priority}, {"tag", tag}, {"text", text}});
  }
  Json lookups() const {
    Json out = Json::array();
    for (const auto& [key, lookup] : lookups_)
      out.push_back({{"what", name_of(lookup.what)},
                     {"name", lookup.name},
                     {"found", lookup.found},
                     {"answer", lookup.answer}});
    return out;
  }
  const std::vector<Json>& log() const { return log_; }

 private:
  static constexpr std::size_t kMostKept = 10'000;
  std::mutex mutex_;
  std::map<std::string, guest::GuestLookup> lookups_;
  std::vector<Json> log_;
};

Json to_json(const GuestFault& fault) {
  return {{"kind", name_of(fault.kind)}, {"what", fault.what}, {"backtrace", fault.backtrace}};
}

// Loads the library and runs JNI_OnLoad; what happened, for the answer.
Result<Json> load(Guest& guest, const LibraryFiles& files, KeptEvents& events) {
  const auto library = guest.load(files.name());
  if (!library) return tl::unexpected<Error>(library.error());
  Json out = {{"library", files.name()}, {"abi", abi_of(files.machine())}};
  const auto version = guest.run_on_load(**library);
  Json on_load = {{"exported", (*library)->find("JNI_OnLoad").has_value()}};
  if (version) {
    on_load["version"] = "0x" + hex_number(static_cast<std::uint32_t>(*version), 8);
  } else {
    on_load["fault"] = to_json(version.error());
  }
  out["jni_on_load"] = std::move(on_load);
  Json libraries = Json::array();
  for (const auto& each : guest.loader().libraries())
    libraries.push_back({{"name", each->name}, {"build_id", each->elf.build_id()}});
  out["libraries"] = std::move(libraries);
  Json missing = Json::array();
  for (const auto& import : guest.loader().missing())
    missing.push_back({{"library", import.library}, {"name", import.name}, {"weak", import.weak}});
  out["missing_imports"] = std::move(missing);
  out["lookups"] = events.lookups();
  out["log"] = events.log();
  Json wanted = Json::array();
  for (const auto& gap : guest.java().gaps())
    wanted.push_back({{"java", gap.what}, {"times", gap.times}});
  out["wanted_of_java"] = std::move(wanted);
  Json gaps = Json::array();
  for (const FormatGap& gap : guest.loader().gaps().list())
    gaps.push_back({{"where", gap.where}, {"why", gap.why}});
  out["gaps"] = std::move(gaps);
  return out;
}

Json natives_json(Guest& guest) {
  Json out = Json::array();
  std::vector<guest::NativeMethod> natives = guest::native_methods(guest);
  std::stable_sort(natives.begin(), natives.end(), [](const auto& a, const auto& b) {
    return std::tie(a.owner, a.name, a.signature) < std::tie(b.owner, b.name, b.signature);
  });
  for (const guest::NativeMethod& native : natives) {
    std::string klass = native.owner;
    std::replace(klass.begin(), klass.end(), '/', '.');
    out.push_back({{"class", klass},
                   {"name", native.name},
                   {"signature", native.signature},
                   {"library", native.library},
                   {"offset", "0x" + hex_number(native.offset)},
                   {"route", name_of(native.route)}});
  }
  return out;
}

Json exports_json(Guest& guest, const LibraryFiles& files) {
  Json out = Json::array();
  const guest::GuestLibrary* const library = guest.loader().loaded(files.name());
  if (library == nullptr) return out;
  for (const ElfSymbol& symbol : library->elf.symbols()) {
    if (!symbol.defined() || symbol.binding == 0) continue;
    out.push_back({{"name", symbol.name},
                   {"kind", symbol.type == 2   ? "function"
                            : symbol.type == 1 ? "data"
                                               : "other"},
                   {"offset", "0x" + hex_number(symbol.value)},
                   {"size", symbol.size}});
  }
  return out;
}

std::string text_of(const Json& value, std::size_t most = 200) {
  return printable(value.is_string() ? value.get<std::string>() : dump_json_line(value), most);
}

std::string render(const Json& answer, const std::string& list) {
  std::string text = fmt::format("{} ({})", text_of(answer["library"]), text_of(answer["abi"]));
  const Json& on_load = answer["jni_on_load"];
  if (on_load.contains("fault")) {
    text += ": JNI_OnLoad ends with a fault: " + text_of(on_load["fault"]["what"], 400);
  } else if (on_load["exported"].get<bool>()) {
    text += ": JNI_OnLoad answers " + text_of(on_load["version"]);
  }
  text += "\n";
  std::vector<std::vector<std::string>> rows;
  std::string klass;
  for (const Json& each : answer[list]) {
    if (list != "natives") {
      rows.push_back({text_of(each["name"]), text_of(each["kind"]), text_of(each["offset"]),
                      text_of(each["size"])});
      continue;
    }
    // Classes as headings: names are long.
    if (text_of(each["class"]) != klass) {
      klass = text_of(each["class"]);
      text += "  " + klass + "\n";
    }
    text += "    " + text_of(each["name"]) + text_of(each["signature"]) + "  " +
            text_of(each["library"]) + "+" + text_of(each["offset"]) +
            (text_of(each["route"]) == "export" ? "" : "  registered") + "\n";
  }
  if (list == "natives") {
    text += fmt::format("{} native methods\n", answer[list].size());
  } else {
    text += text_table(
        {{"export", 70, false, true}, {"kind", 8}, {"offset", 12}, {"bytes", 10, true}}, rows, 2);
    text += "\n";
  }
  for (const Json& each : answer["missing_imports"]) {
    if (each["weak"].get<bool>()) continue;  // may be absent on phones too
    text += "  not provided: " + text_of(each["name"]) + " (needed by " + text_of(each["library"]) +
            ")\n";
  }
  for (const Json& each : answer["gaps"])
    text += "  gap: " + text_of(each["where"]) + ": " + text_of(each["why"], 400) + "\n";
  return text;
}

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

// Runs over every input in the file, one after the other.
Result<std::string> run_tflite(Guest& guest, const LibraryFiles& files, ByteSpan model,
                               ByteSpan inputs, int threads) {
  const guest::GuestLibrary* const library = TRY(guest.load(files.name()));
  auto run = TRY(guest::TfliteModel::load(guest, *library, model, threads));
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

// Loading, the call if there is one, and a search of memory after each, into a trace.
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

std::optional<ElfMachine> machine_of(const std::string& engine) {
  if (engine.empty()) return std::nullopt;
  return engine == "host" ? ElfMachine::kX86_64 : ElfMachine::kArm64;
}

Result<std::vector<CaptureRule>> rules_of(const GuestFlags& flags) {
  std::vector<CaptureRule> out;
  for (const std::string& text : flags.watch) out.push_back(TRY(parse_capture_rule(text)));
  return out;
}

}  // namespace

Result<ExitCode> run_guest_verb(const std::string& verb, const GuestFlags& flags, Terminal&) {
  const LibraryFiles files =
      TRY(LibraryFiles::open(flags.library, flags.deps, machine_of(flags.engine)));
  KeptEvents events;
  guest::GuestOptions options;
  options.machine = files.machine();
  options.events = &events;
  options.libraries = [&](const std::string& name) { return files.find(name); };
  options.app.entry = [&](const std::string& name) { return files.entry(name); };
  options.app.entries = [&] { return files.entries(); };
  std::optional<guest::DeviceProfile> profile;
  if (!flags.profile.empty()) {
    const std::string text = TRY(read_file(flags.profile, kMaxProfileFile));
    profile = TRY(guest::DeviceProfile::parse(text, flags.profile.string()));
    options.profile = &*profile;
  }
  guest::GuestProcessOptions process;
  process.without_missing_parts = flags.unsafe_no_sandbox;
  process.wall_time = std::chrono::milliseconds(static_cast<std::int64_t>(flags.seconds * 1000));
  // Libraries are opened while the guest asks for them.
  const std::filesystem::path own(flags.library.substr(0, flags.library.find('!')));
  process.read_only.push_back(std::filesystem::absolute(own).parent_path());
  if (!flags.deps.empty()) process.read_only.push_back(std::filesystem::absolute(flags.deps));
  if (verb == "guest trace") {
    // The jailed child writes into a folder of its own making.
    if (std::filesystem::exists(flags.out) && !std::filesystem::is_empty(flags.out))
      return fail(ErrorCode::kInvalidArgument, "is not empty", flags.out.string());
    TRY_VOID(make_private_folder(flags.out));
    const std::filesystem::path folder = std::filesystem::absolute(flags.out);
    process.scratch = folder;
    std::vector<CaptureRule> rules = TRY(rules_of(flags));
    const std::string answer = TRY(guest::run_in_jail(process, [&] {
      return run_trace(options, files, flags, std::move(rules), folder / "trace");
    }));
    const Json parsed = TRY(parse_json(answer, "guest"));
    print(flags.json ? answer
                     : fmt::format("{} events, {} calls in {}\n", text_of(parsed["events"]),
                                   text_of(parsed["calls"]), (folder / "trace").string()));
    return parsed.contains("faults") ? kSomeInputsFailed : kDone;
  }
  if (verb == "guest tflite") {
    const MappedFile model = TRY(MappedFile::open(flags.model));
    const MappedFile input = TRY(MappedFile::open(flags.input));
    const std::string output = TRY(run_in_guest_process(process, options, [&](Guest& guest) {
      return run_tflite(guest, files, model.bytes(), input.bytes(), flags.threads);
    }));
    TRY_VOID(write_file_atomic(flags.output, output));
    return kDone;
  }
  const std::string list = verb == "guest exports" ? "exports" : "natives";
  const std::string answer =
      TRY(run_in_guest_process(process, options, [&](Guest& guest) -> Result<std::string> {
        Json out = TRY(load(guest, files, events));
        if (verb == "guest call") {
          out["call"] = TRY(call_function(guest, files, flags));
          return dump_json(out);
        }
        out[list] = list == "exports" ? exports_json(guest, files) : natives_json(guest);
        return dump_json(out);
      }));
  const Json parsed = TRY(parse_json(answer, "guest"));
  if (flags.json) {
    print(answer);
  } else if (verb == "guest call") {
    print(dump_json(parsed["call"]));
  } else {
    print(render(parsed, list));
  }
  const bool faulted = parsed["jni_on_load"].contains("fault") ||
                       (parsed.contains("call") && parsed["call"].contains("fault"));
  return faulted ? kSomeInputsFailed : kDone;
}

}  // namespace dl::cli
