// SPDX-License-Identifier: Apache-2.0
// Declaration of verbs and flags with CLI11.
#include "daylight/cli/flags.h"

#include "daylight/artifact/provenance.h"

namespace dl::cli {
namespace {

void add_talk(CLI::App* verb, Options& o) {
  verb->add_flag("--json", o.json, "print the result as JSON on stdout");
  verb->add_flag("-q,--quiet", o.quiet, "no messages except warnings and errors");
}

void add_app(CLI::App* verb, Options& o) {
  verb->add_option("app", o.app,
                   "the app: an APK, a set of splits (.apks, .xapk or a folder), an AAB, AAR or "
                   "IPA, a folder "
                   "or a single file")
      ->required();
  verb->add_option(
      "--app-data", o.app_data,
      "folder or tar of what the installed app downloaded or unpacked: looked at with the app");
}

CLI::Option* add_case(CLI::App* verb, Options& o, bool begins = false) {
  return verb->add_option("--case", o.case_folder,
                          begins ? "folder of the case; made when it is absent"
                                 : "folder of the case, begun by detect or audit");
}

void add_samples(CLI::App* verb, Options& o, bool required) {
  auto* option = verb->add_option(
      "--samples", o.replay.samples,
      "samples.csv: pictures with the people's attributes ('daylight samples import' makes one)");
  if (required) option->required();
}

void add_replay(CLI::App* verb, ReplayFlags& r) {
  verb->add_option("--samples-are", r.samples_are,
                   "what the pictures show: 'pictures' go through the app's face finder, "
                   "'face-crops' enter behind it")
      ->check(CLI::IsMember({"pictures", "face-crops"}))
      ->capture_default_str();
  verb->add_option("--resize-kernel", r.resize_kernel,
                   "use this resize kernel instead of the app's (docs/design/replay.md)");
  verb->add_option("--compare-kernels", r.compare_kernels,
                   "also run with these resize kernels and report what they change; 'none' for no "
                   "comparison")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_flag("--all-alternatives", r.all_alternatives,
                 "also run every alternative of the steps that were assumed");
  verb->add_flag("--reference-kernels", r.reference_kernels,
                 "without XNNPACK: slower, the same bytes on any CPU");
  verb->add_option("--threads", r.threads, "worker processes; 0 for one each processor")
      ->check(CLI::Range(0, 256));
  verb->add_option("--picture-timeout", r.picture_seconds,
                   "seconds until a picture that does not end has the status timeout")
      ->check(CLI::Range(0.001, 86400.0));
}

void add_assess(CLI::App* verb, AssessFlags& a) {
  verb->add_option(
      "--target", a.targets,
      "HEAD=COLUMN: which column of the samples is the truth of a head; may be repeated. "
      "HEAD= leaves a head out. Without it, names that agree are matched");
  verb->add_option("--by", a.by,
                   "columns whose values are the groups, separated by commas; without it, every "
                   "fitting column")
      ->delimiter(',');
  verb->add_option("--intersections", a.intersections,
                   "also groups of up to this many columns together")
      ->check(CLI::Range(1, 3))
      ->capture_default_str();
  verb->add_option("--bootstrap", a.bootstrap, "resamples for intervals of means")
      ->check(CLI::Range(std::uint64_t{100}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  verb->add_option("--age-truth", a.age_truth,
                   "what a bracketed age means: its midpoint, the distance to its edge, or bounds")
      ->check(CLI::IsMember({"midpoint", "edge-distance", "bounds"}))
      ->capture_default_str();
  verb->add_option("--confidence", a.confidence, "of every interval")
      ->check(CLI::Range(0.5, 0.999))
      ->capture_default_str();
  verb->add_option("--fdr", a.fdr, "false discovery rate of the Benjamini-Hochberg procedure")
      ->check(CLI::Range(0.0001, 0.5))
      ->capture_default_str();
  verb->add_option("--seed", a.seed, "of every random draw")->capture_default_str();
  verb->add_option(
      "--label", a.labels,
      "[HEAD:]FROM=TO: what a label means, predicted or true; 'FROM=' makes it no answer; "
      "may be repeated");
  verb->add_option(
      "--positive", a.positive,
      "HEAD=LABEL: what a head that gives one number answers at the threshold or above; "
      "may be repeated");
  verb->add_option("--threshold", a.threshold, "of heads that give one number")
      ->capture_default_str();
  verb->add_option("--min-group", a.min_group, "groups of fewer people are shown, not tested")
      ->check(CLI::Range(std::uint64_t{2}, std::uint64_t{1'000'000}))
      ->capture_default_str();
}

void add_fail_on(CLI::App* verb, Options& o, const std::vector<std::string>& rules) {
  verb->add_option("--fail-on", o.fail_on,
                   "exit with 1 when this is found (4 when it cannot be decided)")
      ->delimiter(',')
      ->check(CLI::IsMember(rules));
}

// What detect writes besides the inventory.
void add_detect_outputs(CLI::App* verb, DetectFlags& d) {
  verb->add_flag("--tsv", d.tsv, "print one line for each model on stdout, separated by tabs");
  verb->add_option("--sarif", d.sarif, "also write the findings as SARIF 2.1.0 to this file");
  verb->add_option("--mlbom", d.ml_bom,
                   "also write models and runtimes as a CycloneDX 1.6 ML-BOM to this file");
  verb->add_option(
      "--extract", d.extract,
      "also write the models' bytes, decrypted where the key was found, and index.json "
      "to this folder");
  verb->add_flag("--force", d.force,
                 "extract into a folder that has files; same names are replaced");
}

// What detection is given besides the app.
void add_detect_inputs(CLI::App* verb, DetectFlags& d) {
  verb->add_option("--known", d.known,
                   "table of known models instead of the user's own ('daylight models add' writes "
                   "one); those that come with the program are always known");
  verb->add_option(
      "--mapping", d.mapping,
      "mapping.txt of the app's build (ProGuard, R8): adds the names before obfuscation");
}

void add_recipes(CLI::App* verb, Options& o) {
  verb->add_option("--recipes", o.recipes,
                   "folder of recipes instead of the user's own; those that come with the program "
                   "are always known");
}

CLI::App* add_verb(CLI::App& app, CommandLine& line, const std::string& name,
                   const std::string& text) {
  auto* verb = app.add_subcommand(name, text);
  verb->callback([&line, name] {
    if (line.verb.empty()) line.verb = name;
  });
  add_talk(verb, line.options);
  return verb;
}

void declare_capture(CLI::App& app, CommandLine& line) {
  CaptureFlags& c = line.capture;
  auto* capture = app.add_subcommand("capture",
                                     "run the app's own code over the samples, without a phone "
                                     "(predictions.captured.csv and trace/)");
  capture->callback([&line] { line.verb = "capture"; });
  capture->add_option("app", c.app,
                      "the app: an APK; with --frida a program, or a phone's package");
  capture->add_option("arguments", c.arguments, "--frida: of the program, behind --");
  capture->add_option("--samples", c.samples, "samples.csv: the pictures");
  auto* case_option = capture->add_option("--case", c.case_folder, "folder of the case");
  capture->add_option("--out", c.out, "write there, without a case")->excludes(case_option);
  capture->add_option("--plan", c.plan, "a probe_plan.json; default: the case's");
  capture->add_option("--entry", c.entries,
                      "CLASS.METHOD that takes a picture, instead of the plan's; may be repeated");
  capture
      ->add_option("--libs", c.libs,
                   "whose native libraries: arm64 (translated) or host (x86_64, run as they are)")
      ->check(CLI::IsMember({"arm64", "host"}))
      ->capture_default_str();
  capture->add_option("--twins", c.twins,
                      "a folder of AARs (tools/get-twins.sh): the x86-64 library of the one whose "
                      "arm64 library is the app's own runs in its place, faster");
  capture->add_option("--harness", c.harness,
                      "a JSON file that says how to call the app (docs/formats/harness.md)");
  capture->add_option("--limit", c.limit, "show only the first so many pictures");
  auto* frida =
      capture->add_flag("--frida", c.frida,
                        "watch a process by Frida, which must be here (tools/bootstrap.sh "
                        "third --frida), into a new trace at --out");
  capture
      ->add_option("--watch", c.watch,
                   "--frida: a rule (docs/formats/selectors.md); may be repeated")
      ->allow_extra_args(false)  // what follows is the program
      ->needs(frida);
  capture
      ->add_option("--frida-plan", c.frida_plan,
                   "--frida: functions with their arguments (docs/formats/frida_plan.md)")
      ->needs(frida);
  capture->add_option("--pid", c.pid, "--frida: a process that runs, instead of a program")
      ->needs(frida);
  capture
      ->add_option("--device", c.device, "--frida: a phone, as adb names it (untested on a device)")
      ->needs(frida);
  capture->add_option("--seconds", c.seconds, "--frida: end after this time, the process goes on")
      ->needs(frida);
  capture->add_flag("--unsafe-no-sandbox", c.unsafe_no_sandbox,
                    "go on where this machine lacks parts of the sandbox (daylight doctor)");
  capture->add_flag("--json", c.json, "print the result as JSON on stdout");
  capture->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
}

void declare_models(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("models", "published models that detect recognises");
  group->require_subcommand(1);
  ModelsOptions& m = line.models;
  const auto add_common = [&](CLI::App* verb) {
    verb->add_option("--known", m.known, "the table; default: the user's own");
    verb->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
  };
  auto* add = group->add_subcommand("add", "add a model's digests to the user's own table");
  add->callback([&line] { line.verb = "models add"; });
  add->add_option("file", m.file, "the model")->required();
  add->add_option("--name", m.name, "what it is called")->required();
  add->add_option("--task", m.tasks, "what it is for (age, face-detection ...); may be repeated");
  add->add_option("--source", m.source, "where it was published");
  add->add_flag("--architecture", m.architecture,
                "models with the same graph and other weights have these tasks too");
  add_common(add);
  auto* list = group->add_subcommand("list", "list the user's own table and the built-in one");
  list->callback([&line] { line.verb = "models list"; });
  list->add_flag("--json", m.json, "print both tables as one, as JSON on stdout");
  add_common(list);
}

void declare_guest(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("guest", "run an app's own native code, without a phone");
  group->require_subcommand(1);
  GuestFlags& g = line.guest;
  const auto add = [&](const char* name, const char* what) {
    auto* verb = group->add_subcommand(name, what);
    verb->callback([&line, name] { line.verb = std::string("guest ") + name; });
    verb->add_option("--deps", g.deps, "a folder with further libraries that it needs");
    verb->add_option("--profile", g.profile,
                     "the phone that it believes to run on (docs/formats/device_profile.md)");
    verb->add_option("--engine", g.engine,
                     "whose libraries of an archive: arm64 (translated; first choice) or host "
                     "(x86_64, run as they are)")
        ->check(CLI::IsMember({"arm64", "host"}));
    verb->add_option("--seconds", g.seconds, "how long it may take (default 600)");
    verb->add_flag("--exact-nans", g.exact_nans,
                   "arm64: results that are no numbers have a phone's bits; slower (a run that "
                   "needs it says so)");
    if (std::string(name) != "exports") {  // nothing runs there
      verb->add_option("--app-data", g.app_data,
                       "a folder that it sees as its app's data (/data/user/0/PACKAGE)");
      verb->add_option("--sdcard", g.sdcard,
                       "a folder that it sees as the shared storage (/sdcard)");
    }
    verb->add_flag("--unsafe-no-sandbox", g.unsafe_no_sandbox,
                   "go on where this machine lacks parts of the sandbox (daylight doctor)");
    verb->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
    return verb;
  };
  const auto add_library = [&](CLI::App* verb) {
    verb->add_option("library", g.library, "a library, or APK!libx.so")->required();
    verb->add_flag("--json", g.json, "print everything that was seen, as JSON on stdout");
  };
  add_library(add("natives", "list the native methods that a library provides, by running it"));
  add_library(add("exports", "list what a library exports; nothing of it is run"));
  auto* call = add("call", "call one of its functions");
  add_library(call);
  call->add_option("function", g.function,
                   "a symbol, +0xOFFSET, or a native method: com.app.Face.analyze")
      ->required();
  call->add_option("arguments", g.arguments,
                   "numbers, or texts in quotes of their own; of a method by its types: numbers, "
                   "texts, @FILE (picture, array, buffer), null");
  auto* trace = add("trace", "load it, call a function if one is named, and write what it does");
  add_library(trace);
  trace->add_option("function", g.function,
                    "a symbol, +0xOFFSET, or a native method: com.app.Face.analyze");
  trace->add_option("arguments", g.arguments,
                    "numbers, or texts in quotes of their own; of a method by its types: numbers, "
                    "texts, @FILE (picture, array, buffer), null");
  trace->add_option("--watch", g.watch,
                    "calls to write, as \"import:*!memcpy {in,len=arg2}\"; may be repeated");
  trace->add_option("--plan", g.plan, "a probe_plan.json, whose probes are written too");
  trace->add_option("--out", g.out, "the folder of the trace")->required();
  auto* tflite = add("tflite", "run a model with the library's own TensorFlow Lite");
  tflite->add_option("--lib", g.library, "a library, or APK!libx.so")->required();
  tflite->add_option("--model", g.model, "the model")->required();
  tflite->add_option("--input", g.input, "raw bytes of all inputs in order; may hold several runs")
      ->required();
  tflite->add_option("--output", g.output, "raw bytes of all outputs in order")->required();
  tflite->add_option("--threads", g.threads, "threads of the interpreter (default 1)")
      ->check(CLI::Range(1, 64));
  tflite->add_flag("--xnnpack", g.xnnpack,
                   "with XNNPACK's kernels, as Java's Interpreter has it by default");
}

void add_event_choice(CLI::App* verb, TraceFlags& t) {
  verb->add_option("--call", t.call, "only the events of this call");
  verb->add_option("--thread", t.thread, "only those of this thread");
  verb->add_option("--kind", t.kinds,
                   "only those of these kinds, separated by commas: enter, leave, argument, log, "
                   "lookup, note ... (docs/formats/trace.md)")
      ->delimiter(',');
  verb->add_option("--from", t.from_ms, "not those before, in ms since the run began");
  verb->add_option("--to", t.to_ms, "not those after, in ms since the run began");
  verb->add_option("--limit", t.limit, "stop after so many");
}

void declare_device(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand(
      "device", "take apps from a phone that is connected (adb; untested on a real phone)");
  group->require_subcommand(1);
  DeviceFlags& d = line.device;
  const auto add = [&](const char* name, const char* help) {
    auto* verb = group->add_subcommand(name, help);
    verb->callback([&line, name] { line.verb = std::string("device ") + name; });
    verb->add_option("--adb", d.adb, "the program adb; default: the one in PATH");
    verb->add_flag("--json", d.json, "print the result as JSON on stdout");
    verb->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
    return verb;
  };
  add("list", "list the phones that are connected, and what can be seen there");
  auto* pull = add("pull", "take an app with all its splits, and its data where the phone permits");
  pull->add_option("package", d.package, "the name of its package")->required();
  pull->add_option("--out", d.out, "a new folder")->required();
  pull->add_option("--serial", d.serial, "the phone, where several are connected");
  pull->add_flag("--no-data", d.no_data, "leave the app's data on the phone");
}

void declare_trace(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("trace", "look at what a run of an app's code did");
  group->require_subcommand(1);
  TraceFlags& t = line.trace;
  const auto add = [&](const char* name, const char* what) {
    auto* verb = group->add_subcommand(name, what);
    verb->callback([&line, name] { line.verb = std::string("trace ") + name; });
    verb->add_option("run", t.run,
                     "the folder of the trace, of its case, or of 'guest trace --out'")
        ->required();
    verb->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
    return verb;
  };
  auto* show =
      add("show", "list its events: calls with their arguments, what was asked, what is missing");
  add_event_choice(show, t);
  show->add_flag("--json", t.json, "one JSON object on a line for each event");
  auto* grep = add("grep", "list the events that a pattern finds");
  grep->add_option(
          "pattern", t.pattern,
          "a selector of calls (docs/formats/selectors.md), 'sha256:PREFIX' of a buffer, or "
          "a text that stands in a name, log line, lookup or note ('*': anything)")
      ->required();
  add_event_choice(grep, t);
  grep->add_flag("--json", t.json, "one JSON object on a line for each event");
  auto* stats =
      add("stats",
          "count events, calls and their times, bytes, buffers that repeat, and what is missing");
  stats->add_flag("--json", t.json, "print the result as JSON on stdout");
  auto* out = add("export", "write it as a file for other programs");
  out->add_option("--format", t.format,
                  "jsonl: one JSON object on a line for each event; perfetto: for ui.perfetto.dev, "
                  "with the flow of equal buffers; parquet: three tables (needs DuckDB)")
      ->required()
      ->check(CLI::IsMember({"jsonl", "perfetto", "parquet"}));
  out->add_option("--out", t.out,
                  "the file; an older one is replaced (parquet: the folder, a new one)")
      ->required();
  auto* import_verb = group->add_subcommand("import", "make a trace of what another tool logged");
  import_verb->callback([&line] { line.verb = "trace import"; });
  import_verb->add_option("file", t.run, "the log")->required();
  import_verb
      ->add_option("--format", t.format,
                   "jack (logcat of the instrumented Android runtime), jnitrace (its JSON), "
                   "frida-trace (its text), logcat; default: by the beginning of the file")
      ->check(CLI::IsMember({"jack", "jnitrace", "frida-trace", "logcat"}));
  import_verb->add_option("--out", t.out, "the folder of the trace")->required();
  import_verb->add_flag("--json", t.json, "print the result as JSON on stdout");
  import_verb->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
  auto* collect = group->add_subcommand("collect", "receive the events of agents into a new trace");
  collect->callback([&line] { line.verb = "trace collect"; });
  collect->add_option("--socket", t.socket, "listen on a Unix socket with this path");
  collect->add_option("--tcp", t.tcp, "listen on HOST:PORT (port 0: any)");
  collect->add_option("--out", t.out, "the folder of the trace")->required();
  collect->add_option("--token", t.token, "what agents must show; default: a new one, printed");
  collect->add_option("--clients", t.clients, "end when so many have come and all have ended")
      ->capture_default_str();
  collect->add_option("--seconds", t.seconds, "end after this time");
  collect->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
}

void declare_samples(CLI::App& app, CommandLine& line) {
  auto* group = app.add_subcommand("samples", "make and change sample sets");
  group->require_subcommand(1);
  SamplesOptions& s = line.samples;
  auto* import_verb = group->add_subcommand("import", "write samples.csv for a folder of pictures");
  import_verb->callback([&line] { line.verb = "samples import"; });
  import_verb->add_option("--from", s.from, "how the folder says who is shown")
      ->required()
      ->check(CLI::IsMember({"fairface", "utkface", "folders", "csv"}));
  import_verb->add_option("folder", s.folder, "the folder (csv: the folder or the CSV file)")
      ->required();
  import_verb->add_option("--out", s.out,
                          "where to write the table; default: samples.csv in the folder");
  import_verb
      ->add_option(
          "--attributes", s.attributes,
          "folders: what each level of folders stands for, from the top, separated by commas")
      ->delimiter(',');
  import_verb->add_flag("--json", s.json, "print the report as JSON on stdout");
  import_verb->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
  auto* balance =
      group->add_subcommand("balance", "draw the same number of pictures for each group");
  balance->callback([&line] { line.verb = "samples balance"; });
  balance->add_option("samples", s.samples, "samples.csv")->required();
  balance->add_option("--by", s.by, "columns whose combinations are the groups")
      ->required()
      ->delimiter(',');
  balance->add_option("--seed", s.seed, "of the draw")->capture_default_str();
  balance->add_option("--out", s.out,
                      "where to write the table; default: samples.balanced.csv beside it");
  balance->add_flag("--json", s.json, "print the report as JSON on stdout");
  balance->add_flag("-q,--quiet", line.options.quiet, "no messages except warnings and errors");
}  // namespace dl::cli

}  // namespace

void declare_flags(CLI::App& app, CommandLine& line) {
  app.description(
      "Shows what the machine learning inside a mobile app infers about a person, and whether it "
      "treats people alike.");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("daylight ") + tool_version());
  app.footer(
      "Exit codes: 0 done; 1 a --fail-on rule is broken; 2 error; 3 some pictures could not be "
      "read; 4 a rule could not be "
      "decided; 130 interrupted.\nGuide: docs/guide.md");
  Options& o = line.options;

  auto* audit = add_verb(app, line, "audit",
                         "all stages in one: from the app and the samples to report.html");
  add_app(audit, o);
  add_samples(audit, o, true);
  add_case(audit, o, true)->required();
  add_detect_inputs(audit, o.detect);
  add_recipes(audit, o);
  audit->add_flag(
      "--static", o.static_only,
      "run nothing of the app's own code (without it, the app's own answers are captured "
      "where this machine can run it)");
  add_replay(audit, o.replay);
  add_assess(audit, o.assess);
  add_fail_on(audit, o, {"disparity", "sensitive-task", "gap"});

  auto* detect =
      add_verb(app, line, "detect", "find models, runtimes, ML calls and tasks (inventory.json)");
  add_app(detect, o);
  auto* detect_case = add_case(detect, o, true);
  detect->add_option("--out", o.out, "write the inventory here, without a case")
      ->excludes(detect_case);
  add_detect_inputs(detect, o.detect);
  add_detect_outputs(detect, o.detect);
  add_fail_on(detect, o, {"sensitive-task", "gap"});

  auto* plan =
      add_verb(app, line, "plan", "choose what a capture agent would watch (probe_plan.json)");
  add_app(plan, o);
  add_case(plan, o)->required();
  add_recipes(plan, o);

  auto* rebuild = add_verb(app, line, "rebuild",
                           "rebuild the steps from a picture to the answer (pipeline.json)");
  add_app(rebuild, o);
  add_case(rebuild, o)->required();

  auto* replay = add_verb(app, line, "replay",
                          "run the rebuilt pipeline over the samples (predictions.replayed.csv)");
  add_case(replay, o)->required();
  add_samples(replay, o, true);
  add_replay(replay, o.replay);

  declare_capture(app, line);

  auto* assess = add_verb(app, line, "assess",
                          "measure how predictions do for each group of people (assessment.json)");
  auto* case_option = add_case(assess, o);
  assess->add_option("--predictions", o.predictions, "a table of predictions, ours or anybody's")
      ->excludes(case_option);
  add_samples(assess, o, true);
  assess->add_option("--out", o.out, "write the assessment here, without a case");
  add_assess(assess, o.assess);
  add_fail_on(assess, o, {"disparity"});

  auto* report = add_verb(app, line, "report", "write one self-contained page (report.html)");
  add_case(report, o)->required();
  add_samples(report, o, false);

  auto* diff = add_verb(app, line, "diff",
                        "say what changed between two versions: models, tasks, runtimes, calls");
  diff->add_option("old", line.diff_old, "an app, the folder of its case, or its inventory.json")
      ->required();
  diff->add_option("new", line.diff_new, "the newer version, as one of these")->required();
  add_fail_on(diff, o, {"new-sensitive-task", "new-model", "change"});

  auto* check = add_verb(app, line, "check", "validate an artifact or a whole case");
  check
      ->add_option("target", line.check_target,
                   "a file that Daylight wrote, or the folder of a case or a trace")
      ->required();

  add_verb(app, line, "doctor",
           "say what this machine offers for the sandbox, and what works without it");

  declare_models(app, line);
  declare_guest(app, line);
  declare_trace(app, line);
  declare_device(app, line);
  declare_samples(app, line);
}

}  // namespace dl::cli
