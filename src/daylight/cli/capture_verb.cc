// SPDX-License-Identifier: Apache-2.0
// Reads the plan and the samples, runs, writes.
#include "daylight/cli/capture_verb.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "daylight/artifact/probe_plan.h"
#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/capture/jvm/jvm_capture.h"
#include "daylight/cli/capture_stage.h"
#include "daylight/cli/case_folder.h"
#include "daylight/cli/frida_verb.h"
#include "daylight/cli/guest_app.h"
#include "daylight/cli/sample_hashing.h"

namespace dl::cli {
namespace {

namespace fs = std::filesystem;

// "org.app.Model.predict", "Lo/a;.a(Landroid/graphics/Bitmap;)F".
Result<Entry> entry_of(const std::string& text) {
  const std::size_t begin = std::min(text.find('('), text.size());
  const std::size_t dot = text.substr(0, begin).rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == begin)
    return fail(ErrorCode::kInvalidArgument, "not CLASS.METHOD", text);
  Entry out;
  out.klass = text.substr(0, dot);
  std::replace(out.klass.begin(), out.klass.end(), '.', '/');
  if (!out.klass.ends_with(';')) out.klass = "L" + out.klass + ";";
  out.method = text.substr(dot + 1, begin - dot - 1);
  out.descriptor = text.substr(begin);
  out.receiver = "new";
  return out;
}

Result<std::vector<capture::HarnessEntry>> entries_of(const CaptureFlags& flags) {
  if (!flags.harness.empty()) return capture::read_harness(flags.harness);
  std::vector<capture::HarnessEntry> out;
  for (const std::string& text : flags.entries)
    out.push_back(capture::harness_of(TRY(entry_of(text))));
  if (!out.empty()) return out;
  fs::path plan = flags.plan;
  if (plan.empty() && !flags.case_folder.empty()) plan = flags.case_folder / kProbePlanFile;
  if (plan.empty())
    return fail(ErrorCode::kInvalidArgument, "nothing says which method takes a picture", "capture",
                "give --plan, --entry, --harness, or a --case in which 'daylight plan' ran");
  const Json json = TRY(parse_json(TRY(read_file(plan)), plan.string()));
  for (const Entry& entry : TRY(probe_plan_from_json(json, plan.string())).entries)
    out.push_back(capture::harness_of(entry));
  return out;
}

Result<Provenance> provenance_of(const CaptureFlags& flags, const Samples& samples) {
  Provenance out;
  out.inputs = {{"app", flags.app.filename().string(), TRY(sha256_of_file(flags.app))},
                {"images", flags.samples.filename().string(), samples_digest(samples)}};
  out.options = {{"asked_by", kAskedByUser},
                 {"libs", flags.twins.empty() ? flags.libs : "twins"},
                 {"limit", flags.limit},
                 {"entries", flags.entries}};
  if (!flags.harness.empty())
    out.inputs.push_back(
        {"harness", flags.harness.filename().string(), TRY(sha256_of_file(flags.harness))});
  return out;
}

Json twins_of(const capture::JvmCapture& done) {
  Json out = Json::array();
  for (const capture::TwinLibrary& each : done.twins)
    out.push_back({{"library", each.name},
                   {"archive", each.archive},
                   {"proof", each.proof},
                   {"sha256", each.sha256}});
  return out;
}

Json summary_of(const capture::JvmCapture& done) {
  return {{"pictures", done.pictures},     {"failed", done.failed},
          {"not_shown", done.not_shown},   {"boot_seconds", done.boot_seconds},
          {"seconds", done.seconds},       {"traces", done.traces},
          {"conversion", done.conversion}, {"gaps", to_json(done.gaps)},
          {"twins", twins_of(done)}};
}

}  // namespace

Result<ExitCode> run_capture_verb(const CaptureFlags& flags, Terminal& terminal) {
  if (flags.frida) return run_frida_capture(flags, terminal);
  if (flags.app.empty() || flags.samples.empty())
    return fail(ErrorCode::kInvalidArgument, "wants an app and --samples", "capture");
  if (!flags.arguments.empty())
    return fail(ErrorCode::kInvalidArgument, "takes one app; arguments are for --frida", "capture");
  if (flags.case_folder.empty() == flags.out.empty())
    return fail(ErrorCode::kInvalidArgument, "wants --case or --out", "capture");
  std::optional<CaseFolder> open_case;
  if (!flags.case_folder.empty()) open_case.emplace(TRY(CaseFolder::open(flags.case_folder)));
  const fs::path folder = flags.case_folder.empty() ? flags.out : flags.case_folder;
  TRY_VOID(make_private_folder(folder));
  Samples samples = TRY(read_samples(flags.samples));
  TRY_VOID(hash_pictures(samples, flags.samples, terminal));
  capture::JvmCaptureOptions run;
  run.apk = flags.app;
  run.entries = TRY(entries_of(flags));
  if (const auto app = GuestApp::open(flags.app, terminal)) run.package = app->package_name();
  run.out = folder;
  run.host_libraries = flags.libs == "host";
  run.twins = flags.twins;
  run.limit = flags.limit;
  run.head.provenance = TRY(provenance_of(flags, samples));
  run.head.source = "jvm-host";
  run.without_missing_parts = flags.unsafe_no_sandbox;
  const capture::JvmCapture done = TRY(capture::capture_with_jvm(run, samples, terminal));
  TRY_VOID(write_captured(folder, done, run.head.provenance, open_case ? &*open_case : nullptr));
  for (const Gap& gap : done.gaps)
    terminal.message(LogLevel::kWarning, printable(gap.where + ": " + gap.why, 500));
  const std::string text =
      flags.json
          ? dump_json(summary_of(done))
          : fmt::format(
                "capture  {} pictures, {} without an answer  ({:.1f} s to begin, {:.1f} s)\n",
                done.pictures + done.not_shown, done.failed, done.boot_seconds, done.seconds);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return done.failed > 0 ? kSomeInputsFailed : kDone;
}

}  // namespace dl::cli
