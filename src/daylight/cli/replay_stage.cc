// SPDX-License-Identifier: Apache-2.0
// Replay with a partial file: what was finished survives an interrupt, a crash and a power cut.
#include "daylight/cli/replay_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "daylight/artifact/predictions.h"
#include "daylight/artifact/table.h"
#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/replay/replayer.h"

namespace dl::cli {
namespace {

constexpr std::string_view kChunkMark = "#samples ";
constexpr std::string_view kGapMark = "#gap ";
constexpr std::string_view kGivenUpMark = "#given-up ";

ReplayOptions replay_options(const ReplayFlags& flags) {
  ReplayOptions options;
  options.samples_are = flags.samples_are;
  options.resize_kernel = flags.resize_kernel;
  for (const std::string& kernel : flags.compare_kernels) {
    if (kernel != "none") options.compare_kernels.push_back(kernel);
  }
  options.all_alternatives = flags.all_alternatives;
  options.threads = flags.threads;
  options.picture_seconds = flags.picture_seconds;
  options.reference_kernels = flags.reference_kernels;
  return options;
}

// The options that change the answers. The number of threads is not one of them.
Json provenance_options(const ReplayOptions& options) {
  return {{"samples_are", options.samples_are},
          {"resize_kernel", options.resize_kernel},
          {"compare_kernels", options.compare_kernels},
          {"all_alternatives", options.all_alternatives},
          {"picture_seconds", options.picture_seconds},
          {"reference_kernels", options.reference_kernels}};
}

// What an earlier run of the same work left: whole chunks only.
struct Unfinished {
  std::size_t samples_done = 0;
  std::string rows;       // CSV lines without header and marks
  std::vector<Gap> gaps;  // of those pictures
  std::vector<GivenUpStep> given_up;
};

// The partial file: first line the fingerprint of the work, then chunks of rows, each closed by a
// mark.
class PartialFile {
 public:
  PartialFile(std::filesystem::path path, std::string print)
      : path_(std::move(path)), fingerprint_(std::move(print)) {}

  // The chunks of an earlier run with the same fingerprint; starts a new file when there are none.
  // A torn last chunk is cut off.
  Result<Unfinished> resume() const {
    Unfinished found;
    const auto text = read_file(path_);
    const std::string first = fingerprint_ + "\n";
    if (!text || text->compare(0, first.size(), first) != 0) {
      TRY_VOID(write_file_atomic(path_, first));
      return found;
    }
    std::size_t keep = first.size();
    std::size_t at = first.size();
    std::string chunk;
    std::vector<Gap> gaps;
    std::vector<GivenUpStep> given_up;  // each chunk has them all
    while (at < text->size()) {
      const auto end = text->find('\n', at);
      if (end == std::string::npos) break;
      const std::string line = text->substr(at, end + 1 - at);
      at = end + 1;
      if (line.starts_with(kGapMark)) {
        const auto json =
            parse_json(std::string_view(line).substr(kGapMark.size()), path_.string());
        const auto gap =
            json ? gap_from_json(*json, path_.string()) : Result<Gap>(tl::unexpected(json.error()));
        if (!gap) break;
        gaps.push_back(*gap);
        continue;
      }
      if (line.starts_with(kGivenUpMark)) {
        const auto json =
            parse_json(std::string_view(line).substr(kGivenUpMark.size()), path_.string());
        const auto step = json ? given_up_step_from_json(*json, path_.string())
                               : Result<GivenUpStep>(tl::unexpected(json.error()));
        if (!step) break;
        given_up.push_back(*step);
        continue;
      }
      if (!line.starts_with(kChunkMark)) {
        chunk += line;
        continue;
      }
      const auto count = parse_integer(std::string_view(line).substr(kChunkMark.size()));
      if (!count || *count < 0) break;
      found.samples_done = static_cast<std::size_t>(*count);
      found.rows += chunk;
      found.gaps.insert(found.gaps.end(), gaps.begin(), gaps.end());
      found.given_up = given_up;
      chunk.clear();
      gaps.clear();
      given_up.clear();
      keep = at;
    }
    if (keep != text->size()) TRY_VOID(write_file_atomic(path_, text->substr(0, keep)));
    return found;
  }

  Result<void> append(const std::string& rows, const ReplayChunk& chunk) const {
    std::string text = rows;
    for (const Gap& gap : chunk.gaps) {
      text += fmt::format("{}{}\n", kGapMark, dump_json_line(to_json(gap)));
    }
    for (const GivenUpStep& step : chunk.given_up) {
      text += fmt::format("{}{}\n", kGivenUpMark, dump_json_line(to_json(step)));
    }
    return append_to_file(path_, text + fmt::format("{}{}\n", kChunkMark, chunk.next_sample));
  }

  void remove() const {
    std::error_code error;
    std::filesystem::remove(path_, error);
  }

 private:
  std::filesystem::path path_;
  std::string fingerprint_;
};

// A head that could not be run, as a gap of the table.
Gap gap_of(const FailedHead& head) {
  const std::string alternative = head.alternative.empty() ? "" : " (" + head.alternative + ")";
  return {"head " + head.head + alternative, "was not replayed: " + describe(head.error)};
}

// Rows and outcomes of the finished table.
struct Counts {
  std::uint64_t rows = 0;
  std::map<std::string, std::uint64_t>
      by_status;  // answers of the pipeline itself, not of alternatives
};

Result<Counts> count_rows(const std::string& csv) {
  Counts counts;
  const Table table = TRY(parse_csv(csv, kPredictionsFile));
  counts.rows = table.rows.size();
  const auto status = table.find("status");
  const auto alternative = table.find("alternative");
  for (const auto& row : table.rows) {
    if (status && alternative && row[*alternative].empty()) ++counts.by_status[row[*status]];
  }
  return counts;
}

// A user may correct a step by hand; that is then no longer what was read in the app.
std::optional<Substitution> edited_pipeline(const CaseFolder& folder) {
  const auto present = sha256_of_file(folder.file(kPipelineFile));
  if (!present || folder.is_as_written(kPipelineFile, *present)) return std::nullopt;
  return Substitution{kPipelineFile, "the file as it was changed by hand", "declared",
                      "it is not what rebuild wrote"};
}

}  // namespace

std::vector<Substitution> exchanged_kernels(const Pipeline& pipeline, const std::string& kernel,
                                            const std::vector<std::string>& skipped) {
  std::vector<Substitution> exchanges;
  if (kernel.empty()) return exchanges;
  std::set<std::string> replayed;
  for (const Head& head : pipeline.heads) {
    const auto path = path_to(pipeline, head.sink);
    if (!path) continue;
    for (const Step* step : *path) replayed.insert(step->id);
  }
  for (const std::string& step : skipped) replayed.erase(step);
  for (const Step& step : pipeline.steps) {
    if (step.op != "resize" || !step.params.is_object() || !replayed.contains(step.id)) continue;
    const auto own = step.params.find("kernel");
    const std::string app_kernel =
        own != step.params.end() && own->is_string() ? own->get<std::string>() : "";
    if (app_kernel == kernel) continue;
    exchanges.push_back(
        {step.id, kernel, "assumed",
         "--resize-kernel" +
             (app_kernel.empty() ? std::string() : "; the app itself uses " + app_kernel)});
  }
  return exchanges;
}

Result<StageReport> replay_into_case(const CaseFolder& folder, const Pipeline& pipeline,
                                     const Samples& samples, Provenance provenance,
                                     const ReplayFlags& flags, LogSink& log) {
  const ReplayOptions options = replay_options(flags);
  provenance.options = provenance_options(options);
  provenance.runtime = replay_runtime_facts(pipeline, options);
  StageReport report;
  report.stage = "replay";
  const auto edited = edited_pipeline(folder);
  if (edited) {
    log.message(LogLevel::kWarning,
                "replay   pipeline.json was changed by hand: the answers are those of the change");
  }
  if (folder.is_current_with_meta(kPredictionsFile, "predictions", provenance)) {
    report.up_to_date = true;
    report.summary = "up to date";
    return report;
  }
  const PartialFile partial(folder.file(std::string(kPredictionsFile) + ".partial"),
                            fingerprint("predictions", provenance));
  const Unfinished earlier = TRY(partial.resume());
  if (earlier.samples_done > 0) {
    log.message(LogLevel::kInfo,
                fmt::format("replay   going on behind {} pictures of an earlier run",
                            earlier.samples_done));
  }
  std::string rows = predictions_header() + earlier.rows;
  std::vector<Gap> gaps = earlier.gaps;
  const auto keep_chunk = [&](const ReplayChunk& chunk) -> Result<void> {
    std::string text;
    for (const Prediction& prediction : chunk.rows) text += dump_prediction(prediction);
    TRY_VOID(partial.append(text, chunk));
    rows += text;
    gaps.insert(gaps.end(), chunk.gaps.begin(), chunk.gaps.end());
    return {};
  };
  const ReplaySummary summary = TRY(replay(pipeline, samples, folder.blobs(), options, keep_chunk,
                                           {earlier.samples_done, earlier.given_up}, log));
  const std::size_t unreadable = gaps.size();
  for (const FailedHead& head : summary.failed_heads) {
    gaps.push_back(gap_of(head));
    log.message(LogLevel::kWarning, gaps.back().where + " " + gaps.back().why);
  }
  const Counts counts = TRY(count_rows(rows));
  TRY_VOID(write_file_atomic(folder.file(kPredictionsFile), rows));
  Json meta = artifact_head("predictions", provenance);
  meta["rows"] = counts.rows;
  meta["sha256"] = sha256_hex(rows);
  meta["outcomes"] = counts.by_status;
  meta["substitutions"] = Json::array();
  if (edited) meta["substitutions"].push_back(to_json(*edited));
  for (const Substitution& substitution : summary.substitutions)
    meta["substitutions"].push_back(to_json(substitution));
  for (const Substitution& exchange :
       exchanged_kernels(pipeline, options.resize_kernel, summary.skipped_steps)) {
    meta["substitutions"].push_back(to_json(exchange));
  }
  meta["skipped_steps"] = summary.skipped_steps;
  meta["gaps"] = to_json(gaps);
  TRY_VOID(folder.write_json(std::string(kPredictionsFile) + ".meta.json", meta));
  partial.remove();
  report.failed_inputs = unreadable + summary.failed_heads.size();
  std::string failures;
  std::uint64_t answers = 0;
  for (const auto& [status, n] : counts.by_status) {
    answers += n;
    if (status != "ok") failures += fmt::format(", {} of them {}", n, status);
  }
  report.summary =
      fmt::format("{} pictures, {} rows of the pipeline{}", samples.rows.size(), answers, failures);
  if (counts.rows > answers)
    report.summary += fmt::format(", {} more of alternatives", counts.rows - answers);
  return report;
}

}  // namespace dl::cli
