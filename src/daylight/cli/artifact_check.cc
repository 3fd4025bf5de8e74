// SPDX-License-Identifier: Apache-2.0
// Validation by JSON Schema, by the readers themselves, and by digests across a case.
#include "daylight/cli/artifact_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/predictions.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/artifact/recipe.h"
#include "daylight/artifact/trace/trace_check.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "daylight/artifact/trace/trace_head.h"
#include "daylight/base/digest.h"
#include "daylight/base/embedded.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/cli/assessment_check.h"
#include "daylight/cli/case_folder.h"

namespace dl::embedded {
std::span<const File> schemas();
}

namespace dl::cli {
namespace {

constexpr std::size_t kMaxProblems = 20;  // of one file; more are counted, not shown

// "daylight/<kind>/1" -> kind, or empty.
std::string kind_of(const Json& json) {
  if (!json.is_object() || !json.contains("schema") || !json["schema"].is_string()) return "";
  const auto parts = split(json["schema"].get<std::string>(), '/');
  return parts.size() == 3 && parts[0] == "daylight" && parts[2] == "1" ? parts[1] : "";
}

std::string join_context(const std::vector<std::string>& context) {
  std::string text;
  for (const std::string& part : context) {
    if (part != "<root>") text += part;
  }
  return text.empty() ? "the file" : text;
}

void validate_schema(const std::string& kind, const std::string& text, CheckedFile& out) {
  const auto files = embedded::schemas();
  const auto found = std::find_if(files.begin(), files.end(), [&](const embedded::File& file) {
    return file.name == kind + ".schema.json";
  });
  if (found == files.end()) {
    out.problems.push_back("there is no schema for '" + printable(kind) + "'");
    return;
  }
  try {
    const auto schema_json = nlohmann::json::parse(found->bytes);
    const auto target = nlohmann::json::parse(text);
    valijson::Schema schema;
    const valijson::adapters::NlohmannJsonAdapter schema_adapter(schema_json);
    valijson::SchemaParser().populateSchema(schema_adapter, schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(target), &results))
      return;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
      out.problems.push_back(
          printable(join_context(error.context) + ": " + error.description, 300));
    }
  } catch (const std::exception& error) {
    out.problems.push_back(std::string("the schema could not be applied: ") + error.what());
  }
}

// The stage's own reader must take the file too: it sees what a schema cannot (edges, ids,
// circles).
void validate_record(const std::string& kind, const Json& json, CheckedFile& out) {
  const auto note = [&](const auto& result) {
    if (!result) out.problems.push_back(describe(result.error()));
  };
  if (kind == "inventory") note(inventory_from_json(json, "inventory"));
  if (kind == "probe_plan") note(probe_plan_from_json(json, "probe_plan"));
  if (kind == "recipe") note(recipe_from_json(json, "recipe"));
  if (kind == "pipeline") note(pipeline_from_json(json, "pipeline"));
  if (kind == "trace") note(trace_head_from_json(json, kTraceHeadFile));
  if (kind == "assessment") {
    const auto assessment = assessment_from_json(json, "assessment");
    note(assessment);
    if (assessment) {
      for (std::string& problem : implausible_numbers(*assessment))
        out.problems.push_back(std::move(problem));
    }
  }
}

// A table without rows whose gaps say why: the app's own code did not run.
bool is_empty_with_a_reason(const std::filesystem::path& table, const Json& meta) {
  if (!meta.contains("rows") || meta["rows"] != 0) return false;
  if (!meta.contains("gaps") || !meta["gaps"].is_array() || meta["gaps"].empty()) return false;
  const auto text = read_file(table);
  return text && *text == predictions_header();
}

// For <file>.meta.json: the file beside it has the digest that the meta states.
void validate_described_file(const std::filesystem::path& meta, const std::string& kind,
                             const Json& json, CheckedFile& out) {
  const std::string name = meta.string();
  const std::filesystem::path described =
      name.substr(0, name.size() - std::string(".meta.json").size());
  const auto digest = sha256_of_file(described);
  if (!digest) {
    out.problems.push_back(describe(digest.error()));
    return;
  }
  if (!json.contains("sha256") || json["sha256"] != *digest) {
    out.problems.push_back(described.filename().string() +
                           " has been changed since it was written");
  }
  if (kind == "predictions" && !is_empty_with_a_reason(described, json)) {
    const auto predictions = read_predictions(described);
    if (!predictions) {
      out.problems.push_back(describe(predictions.error()));
    } else if (json.contains("rows") && json["rows"] != predictions->rows.size()) {
      out.problems.push_back("states another number of rows than the table has");
    }
  }
}

bool is_meta(const std::filesystem::path& path) { return path.string().ends_with(".meta.json"); }

CheckedFile check_blob(const std::filesystem::path& path) {
  CheckedFile checked{path.filename().string(), "blob", {}};
  const auto digest = sha256_of_file(path);
  if (!digest || *digest != path.filename().string()) {
    checked.problems.emplace_back("its bytes do not have the digest of its name");
  }
  return checked;
}

CheckedFile check_journal(const std::filesystem::path& path) {
  CheckedFile checked{path.filename().string(), "journal", {}};
  const auto text = read_file(path);
  if (!text) {
    checked.problems.push_back(describe(text.error()));
    return checked;
  }
  std::size_t line_number = 0;
  for (const std::string& line : split(*text, '\n')) {
    ++line_number;
    if (!line.empty() && !parse_json(line, "journal")) {
      checked.problems.push_back(fmt::format("line {} is not JSON", line_number));
    }
  }
  return checked;
}

// Whether a file of this name is written by a stage of a case and read by a later one.
bool is_stage_file(const std::string& name) {
  return name == kInventoryFile || name == kProbePlanFile || name == kPipelineFile ||
         name == kPredictionsFile || name == kAssessmentFile;
}

// A table of answers or the page, which no one can vouch for without the meta file beside it.
bool needs_meta(const std::string& name) {
  return name == kReportFile || (name.starts_with("predictions.") && name.ends_with(".csv"));
}

// Each input of each artifact that names a file of the case must be there, with that digest.
void check_chain(const std::filesystem::path& folder, const std::map<std::string, Json>& artifacts,
                 std::vector<CheckedFile>& files) {
  for (auto& checked : files) {
    const auto found = artifacts.find(checked.file);
    if (found == artifacts.end()) continue;
    const auto provenance = provenance_from_json(found->second["provenance"], checked.file);
    if (!provenance) continue;
    for (const InputDigest& input : provenance->inputs) {
      std::error_code error;
      const auto path = folder / std::filesystem::path(input.name).filename();
      const bool from_case =
          input.role != "app" && input.role != "samples" && input.role != "images";
      if (!from_case) continue;
      if (!std::filesystem::is_regular_file(path, error)) {
        if (is_stage_file(input.name))
          checked.problems.push_back("was made from " + input.name + ", which is not here");
        continue;
      }
      const auto digest = sha256_of_file(path);
      if (digest && *digest != input.sha256) {
        checked.problems.push_back("was made from another " + printable(input.name) +
                                   " than the one that lies here");
      }
    }
  }
}

}  // namespace

Result<CheckedFile> check_file(const std::filesystem::path& path) {
  if (!is_meta(path) && path.extension() != ".json") {
    const std::filesystem::path meta = path.string() + ".meta.json";
    std::error_code error;
    if (std::filesystem::exists(path, error) && std::filesystem::exists(meta, error))
      return check_file(meta);
  }
  const std::string text = TRY(read_file(path));
  auto json = parse_json(text, path.string());
  if (!json) {
    Error error = json.error();
    error.hint = "give a JSON artifact of Daylight, or a table that has a .meta.json beside it";
    return tl::unexpected(std::move(error));
  }
  const std::string kind = kind_of(*json);
  if (kind.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "is JSON, but has no line \"schema\": \"daylight/<kind>/1\"", path.string(),
                "give a file that Daylight wrote");
  }
  CheckedFile checked{path.filename().string(), kind, {}};
  validate_schema(kind, text, checked);
  validate_record(kind, *json, checked);
  if (is_meta(path)) validate_described_file(path, kind, *json, checked);
  if (checked.problems.size() > kMaxProblems) {
    const auto more = checked.problems.size() - kMaxProblems;
    checked.problems.resize(kMaxProblems);
    checked.problems.push_back(fmt::format("and {} more", more));
  }
  return checked;
}

bool is_trace(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::is_regular_file(folder / kTraceHeadFile, error);
}

Result<std::vector<CheckedFile>> check_trace(const std::filesystem::path& folder) {
  std::vector<CheckedFile> files = {TRY(check_file(folder / kTraceHeadFile))};
  if (!files.front().problems.empty()) return files;
  files.push_back({"events and blobs", "trace", TRY(trace_problems(folder))});
  return files;
}

Result<std::vector<CheckedFile>> check_case(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder / kJournalFile, error)) {
    return fail(ErrorCode::kNotFound, "is not a case (it has no journal.jsonl)", folder.string(),
                "give the folder that --case named");
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file(error)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<CheckedFile> files;
  std::map<std::string, Json> artifacts;
  for (const auto& path : paths) {
    const std::string name = path.filename().string();
    if (name == kJournalFile) {
      files.push_back(check_journal(path));
    } else if (path.extension() == ".json") {
      auto checked = check_file(path);
      if (!checked) {
        files.push_back({name, "", {describe(checked.error())}});
        continue;
      }
      files.push_back(*checked);
      if (auto text = read_file(path)) {
        if (auto json = parse_json(*text, name)) artifacts.emplace(name, std::move(*json));
      }
    } else if (needs_meta(name) && !std::filesystem::exists(path.string() + ".meta.json", error)) {
      files.push_back({name, "", {name + ".meta.json, which says where it comes from, is absent"}});
    }
  }
  std::vector<std::filesystem::path> blobs;
  for (auto it = std::filesystem::recursive_directory_iterator(folder / kBlobFolder, error);
       !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_regular_file(error)) blobs.push_back(it->path());
  }
  std::sort(blobs.begin(), blobs.end());
  for (const auto& blob : blobs) files.push_back(check_blob(blob));
  check_chain(folder, artifacts, files);
  if (is_trace(folder / kTraceFolder)) {
    for (CheckedFile& file : TRY(check_trace(folder / kTraceFolder))) {
      file.file = std::string(kTraceFolder) + "/" + file.file;
      files.push_back(std::move(file));
    }
  }
  return files;
}

Json to_json(const std::vector<CheckedFile>& files) {
  Json json = Json::array();
  for (const CheckedFile& file : files) {
    json.push_back({{"file", printable(file.file)},
                    {"kind", file.kind},
                    {"valid", file.problems.empty()},
                    {"problems", file.problems}});
  }
  return json;
}

}  // namespace dl::cli
