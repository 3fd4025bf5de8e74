// SPDX-License-Identifier: Apache-2.0
// `daylight samples import` and `daylight samples balance`.
#include <fmt/format.h>

#include "daylight/artifact/samples.h"
#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/cli/refusals.h"
#include "daylight/cli/verbs.h"
#include "daylight/replay/sample_balance.h"
#include "daylight/replay/sample_import.h"
#include "daylight/replay/sample_paths.h"

namespace dl::cli {
namespace {

constexpr std::size_t kShownProblems = 5;  // on the terminal; the meta file has all

// Writes the table and <table>.meta.json with where it comes from.
Result<void> write_samples(const std::filesystem::path& out, const Samples& samples,
                           const Provenance& provenance, const Json& report) {
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

// The folder of the table must be there before hours of decoding are lost; `--out` may name a new
// one.
Result<void> prepare_out(const std::filesystem::path& out) {
  std::error_code error;
  if (!out.has_filename() || std::filesystem::is_directory(out, error)) {
    return fail(ErrorCode::kInvalidArgument, "is a folder, not a file", out.string(),
                "name the table in it: " + (out / "samples.csv").string());
  }
  if (!out.has_parent_path()) return {};
  return make_private_folder(out.parent_path());
}

void tell_problems(const ImportReport& report, Terminal& terminal) {
  if (report.samples.attributes.empty()) {
    terminal.message(
        LogLevel::kWarning,
        "nothing is said about the people: the table has no attributes to compare groups by");
  }
  for (std::size_t i = 0; i < std::min(report.unusable.size(), kShownProblems); ++i) {
    const UnusableRow& row = report.unusable[i];
    terminal.message(LogLevel::kWarning, printable(row.file) + ": " + row.why);
  }
  if (report.unusable.size() > kShownProblems) {
    terminal.message(LogLevel::kWarning, fmt::format("and {} more that cannot be used",
                                                     report.unusable.size() - kShownProblems));
  }
}

// The pictures of a table as they lie on disk.
std::vector<std::filesystem::path> pictures_of(const Samples& samples) {
  std::vector<std::filesystem::path> paths;
  paths.reserve(samples.rows.size());
  for (const Sample& row : samples.rows) paths.push_back(samples.folder / row.file);
  return paths;
}

// The folder's own name, also where it was written as "." or with a slash at the end.
std::string dataset_name(const std::filesystem::path& place) {
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(place, error);
  return (std::filesystem::is_directory(whole, error) ? whole : whole.parent_path())
      .filename()
      .string();
}

Result<ExitCode> import_verb(const SamplesOptions& options, Terminal& terminal) {
  const SampleSource source = TRY(sample_source_from_string(options.from));
  std::error_code error;
  const auto status = std::filesystem::status(options.folder, error);
  if (!std::filesystem::is_directory(status) && !std::filesystem::is_regular_file(status)) {
    return fail(ErrorCode::kNotFound, "there is no such folder or regular file",
                options.folder.string(), "check the path");
  }
  ImportOptions import_options;
  import_options.out = options.out.empty() ? default_samples_table(options.folder) : options.out;
  import_options.folder_attributes = options.attributes;
  const std::filesystem::path& out = import_options.out;
  TRY_VOID(prepare_out(out));
  TRY_VOID(refuse_input_as_out(out, {options.folder}));
  if (options.out.empty()) TRY_VOID(refuse_hand_made_table(out));
  const ImportReport report = TRY(import_samples(source, options.folder, import_options, terminal));
  TRY_VOID(refuse_input_as_out(out, pictures_of(report.samples)));
  const Json details = to_json(report);
  Provenance provenance;
  provenance.inputs = {{"images", dataset_name(options.folder), samples_digest(report.samples)}};
  provenance.options = {{"from", options.from}, {"attributes", options.attributes}};
  TRY_VOID(write_samples(out, report.samples, provenance, details));
  tell_problems(report, terminal);
  if (options.json) {
    Json result = {{"samples", out.string()}, {"rows", report.samples.rows.size()}};
    result.update(details);
    std::fputs(dump_json(result).c_str(), stdout);
  } else {
    fmt::print(
        "{}: {} pictures, {} cannot be used, {} groups of equal pictures, {} of near copies\n",
        out.string(), report.samples.rows.size(), report.unusable.size(), report.exact.size(),
        report.perceptual.size());
  }
  return report.unusable.empty() ? kDone : kSomeInputsFailed;
}

Result<ExitCode> balance_verb(const SamplesOptions& options) {
  const Samples samples = TRY(read_samples(options.samples));
  const BalancedSamples balanced = TRY(balance_samples(samples, options.by, options.seed));
  const auto out = options.out.empty() ? samples.folder / "samples.balanced.csv" : options.out;
  TRY_VOID(prepare_out(out));
  TRY_VOID(refuse_input_as_out(out, {options.samples}));
  TRY_VOID(refuse_input_as_out(out, pictures_of(samples)));
  const Samples written = TRY(samples_seen_from(balanced.samples, out.parent_path()));
  Json cells = Json::array();
  std::size_t kept = 0;
  for (const BalanceCell& cell : balanced.cells) {
    cells.push_back({{"values", cell.values}, {"available", cell.available}, {"kept", cell.kept}});
    kept = cell.kept;
  }
  Provenance provenance;
  provenance.inputs = {
      {"samples", options.samples.filename().string(), TRY(sha256_of_file(options.samples))}};
  provenance.options = {{"by", options.by}};
  provenance.seed = options.seed;
  const Json report = {{"unusable", Json::array()},
                       {"duplicates", Json::array()},
                       {"cells", cells},
                       {"empty_cells", balanced.empty_cells},
                       {"without_value", balanced.without_value}};
  TRY_VOID(write_samples(out, written, provenance, report));
  if (options.json) {
    Json result = {{"samples", out.string()}, {"rows", balanced.samples.rows.size()}};
    result.update(report);
    std::fputs(dump_json(result).c_str(), stdout);
  } else {
    fmt::print(
        "{}: {} pictures, {} of each of {} groups ({} left out; {} combinations have nobody)\n",
        out.string(), balanced.samples.rows.size(), kept, balanced.cells.size(),
        samples.rows.size() - balanced.samples.rows.size(), balanced.empty_cells.size());
  }
  return kDone;
}

}  // namespace

Result<ExitCode> run_samples_verb(const std::string& verb, const SamplesOptions& options,
                                  Terminal& terminal) {
  return verb == "samples import" ? import_verb(options, terminal) : balance_verb(options);
}

}  // namespace dl::cli
