// SPDX-License-Identifier: Apache-2.0
// `daylight samples import` and `daylight samples balance`.
#include <fmt/format.h>

#include "daylight/artifact/samples.h"
#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/cli/verbs.h"
#include "daylight/replay/sample_balance.h"
#include "daylight/replay/sample_import.h"

namespace dl::cli {
namespace {

constexpr std::size_t kShownProblems = 5;  // on the terminal; the meta file has all

// Writes the table and <table>.meta.json with where it comes from.
Result<void> write_samples(const std::filesystem::path& out, const Samples& samples, const Provenance& provenance,
                           const Json& report) {
  const std::string text = dump_samples(samples);
  Json meta = artifact_head("samples", provenance);
  meta["rows"] = samples.rows.size();
  meta["sha256"] = sha256_hex(text);
  for (const auto& [key, value] : report.items()) {
    if (!meta.contains(key)) meta[key] = value;
  }
  TRY_VOID(write_file_atomic(out, text));
  return write_file_atomic(out.string() + ".meta.json", dump_json(meta));
}

// The report in the words of the schema: every unusable row, every group of duplicates.
Json report_to_json(const ImportReport& report) {
  Json unusable = Json::array();
  for (const UnusableRow& row : report.unusable) {
    unusable.push_back({{"file", printable(row.file)}, {"why", row.why}, {"line", row.line}});
  }
  Json duplicates = Json::array();
  const auto add = [&](const char* kind, const std::vector<DuplicateGroup>& groups) {
    for (const DuplicateGroup& group : groups) {
      duplicates.push_back({{"kind", kind}, {"files", group.files}, {"labels_differ", group.labels_differ}});
    }
  };
  add("exact", report.exact);
  add("perceptual", report.perceptual);
  return {{"unusable", std::move(unusable)},
          {"duplicates", std::move(duplicates)},
          {"ignored_files", report.ignored_files}};
}

void tell_problems(const ImportReport& report, Terminal& terminal) {
  for (std::size_t i = 0; i < std::min(report.unusable.size(), kShownProblems); ++i) {
    const UnusableRow& row = report.unusable[i];
    terminal.message(LogLevel::kWarning, row.file + ": " + row.why);
  }
  if (report.unusable.size() > kShownProblems) {
    terminal.message(LogLevel::kWarning, fmt::format("and {} more that cannot be used", report.unusable.size() - kShownProblems));
  }
}

Result<ExitCode> import_verb(const SamplesOptions& options, Terminal& terminal) {
  const SampleSource source = TRY(sample_source_from_string(options.from));
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(options.folder, error);
  const auto home = is_folder ? options.folder : options.folder.parent_path();
  const auto out = options.out.empty() ? home / "samples.csv" : options.out;
  ImportOptions import_options;
  import_options.out_folder = out.has_parent_path() ? out.parent_path() : std::filesystem::path(".");
  import_options.folder_attributes = options.attributes;
  const ImportReport report = TRY(import_samples(source, options.folder, import_options, terminal));
  const Json details = report_to_json(report);
  Provenance provenance;
  provenance.inputs = {{"images", home.filename().string(), samples_digest(report.samples)}};
  provenance.options = {{"from", options.from}, {"attributes", options.attributes}};
  TRY_VOID(write_samples(out, report.samples, provenance, details));
  tell_problems(report, terminal);
  if (options.json) {
    Json result = {{"samples", out.string()}, {"rows", report.samples.rows.size()}};
    result.update(details);
    std::fputs(dump_json(result).c_str(), stdout);
  } else {
    fmt::print("{}: {} pictures, {} cannot be used, {} groups of equal pictures, {} of near copies\n", out.string(),
               report.samples.rows.size(), report.unusable.size(), report.exact.size(), report.perceptual.size());
  }
  return report.unusable.empty() ? kDone : kSomeInputsFailed;
}

Result<ExitCode> balance_verb(const SamplesOptions& options) {
  const Samples samples = TRY(read_samples(options.samples));
  const BalancedSamples balanced = TRY(balance_samples(samples, options.by, options.seed));
  const auto out = options.out.empty() ? samples.folder / "samples.balanced.csv" : options.out;
  const auto out_folder = out.has_parent_path() ? out.parent_path() : std::filesystem::path(".");
  std::error_code error;
  if (!std::filesystem::equivalent(out_folder, samples.folder, error)) {
    return fail(ErrorCode::kInvalidArgument, "lies in another folder than the pictures' table", out.string(),
                "write it beside " + options.samples.string() + ": the paths in it are relative");
  }
  Json cells = Json::array();
  std::size_t kept = 0;
  for (const BalanceCell& cell : balanced.cells) {
    cells.push_back({{"values", cell.values}, {"available", cell.available}, {"kept", cell.kept}});
    kept = cell.kept;
  }
  Provenance provenance;
  provenance.inputs = {{"samples", options.samples.filename().string(), TRY(sha256_of_file(options.samples))}};
  provenance.options = {{"by", options.by}};
  provenance.seed = options.seed;
  const Json report = {{"unusable", Json::array()},       {"duplicates", Json::array()},
                       {"cells", cells},                  {"empty_cells", balanced.empty_cells},
                       {"without_value", balanced.without_value}};
  TRY_VOID(write_samples(out, balanced.samples, provenance, report));
  if (options.json) {
    Json result = {{"samples", out.string()}, {"rows", balanced.samples.rows.size()}};
    result.update(report);
    std::fputs(dump_json(result).c_str(), stdout);
  } else {
    fmt::print("{}: {} pictures, {} of each of {} groups ({} left out; {} combinations have nobody)\n", out.string(),
               balanced.samples.rows.size(), kept, balanced.cells.size(),
               samples.rows.size() - balanced.samples.rows.size(), balanced.empty_cells.size());
  }
  return kDone;
}

}  // namespace

Result<ExitCode> run_samples_verb(const std::string& verb, const SamplesOptions& options, Terminal& terminal) {
  return verb == "samples import" ? import_verb(options, terminal) : balance_verb(options);
}

}  // namespace dl::cli
