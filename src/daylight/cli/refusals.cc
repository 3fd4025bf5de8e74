// SPDX-License-Identifier: Apache-2.0
// Checks that cost nothing, made before work that costs much.
#include "daylight/cli/refusals.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "daylight/artifact/provenance.h"
#include "daylight/base/digest.h"
#include "daylight/base/text.h"
#include "daylight/replay/resize_kernels.h"

namespace dl::cli {
namespace {

constexpr std::size_t kShownDigits = 12;  // of a digest in a message

// The app that an artifact of the case was made from.
std::optional<InputDigest> app_of(const CaseFolder& folder, const char* name, const char* kind) {
  const auto json = folder.read_json(name);
  if (!json) return std::nullopt;
  const auto provenance = read_artifact_head(*json, kind, name);
  if (!provenance) return std::nullopt;
  for (const InputDigest& input : provenance->inputs) {
    if (input.role == "app") return input;
  }
  return std::nullopt;
}

// The first artifact that can still be read says whose case it is.
std::optional<InputDigest> app_of_case(const CaseFolder& folder) {
  if (auto app = app_of(folder, kInventoryFile, "inventory")) return app;
  if (auto app = app_of(folder, kPipelineFile, "pipeline")) return app;
  return app_of(folder, kProbePlanFile, "probe_plan");
}

Result<void> check_kernel(const std::string& name, const char* flag) {
  const auto kernel = resize_kernel_from_string(name);
  if (kernel) return {};
  return fail(ErrorCode::kInvalidArgument, kernel.error().what, flag, kernel.error().hint);
}

Result<void> check_head(const std::string& head, const char* flag, const Pipeline& pipeline) {
  std::vector<std::string> names;
  for (const Head& known : pipeline.heads) names.push_back(known.name);
  if (std::find(names.begin(), names.end(), head) != names.end()) return {};
  return fail(ErrorCode::kInvalidArgument, "the app has no head '" + printable(head) + "'", flag,
              "the heads are: " + printable(join(names, ", ")));
}

}  // namespace

Result<void> refuse_input_as_out(const std::filesystem::path& out,
                                 const std::vector<std::filesystem::path>& inputs) {
  std::error_code error;
  if (out.empty()) return {};
  if (std::filesystem::is_directory(out, error)) {
    return fail(ErrorCode::kInvalidArgument, "is a folder, not a file", out.string(),
                "name a file with --out");
  }
  for (const auto& input : inputs) {
    if (std::filesystem::equivalent(out, input, error)) {
      return fail(ErrorCode::kInvalidArgument, "would be replaced by the result: it is an input",
                  out.string(), "name another file with --out");
    }
  }
  return {};
}

Result<void> refuse_filled_folder(const std::filesystem::path& folder, bool force) {
  std::error_code error;
  if (folder.empty() || !std::filesystem::exists(folder, error)) return {};
  if (!std::filesystem::is_directory(folder, error)) {
    return fail(ErrorCode::kInvalidArgument, "is a file, not a folder", folder.string(),
                "name a new folder");
  }
  if (force || std::filesystem::is_empty(folder, error)) return {};
  return fail(ErrorCode::kInvalidArgument, "is a folder with files in it", folder.string(),
              "name a new folder, or say --force");
}

Result<void> refuse_another_app(const CaseFolder& folder, const program::AppPackage& app) {
  const auto of_case = app_of_case(folder);
  if (!of_case || of_case->sha256 == app.sha256()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("the case is of another app ({}, SHA-256 {}...), not of {}",
                          printable(of_case->name), of_case->sha256.substr(0, kShownDigits),
                          printable(app.file_name())),
              folder.folder().string(), "name another folder with --case, or that app");
}

Result<void> refuse_hand_made_table(const std::filesystem::path& out) {
  std::error_code error;
  if (!std::filesystem::exists(out, error)) return {};
  const std::string meta = out.string() + ".meta.json";
  const auto text = read_file(meta);
  const auto json = text ? parse_json(*text, meta) : Result<Json>(tl::unexpected(text.error()));
  const auto digest = sha256_of_file(out);
  const bool own = json && digest && json->is_object() && json->contains("sha256") &&
                   (*json)["sha256"] == *digest;
  if (own) return {};
  return fail(ErrorCode::kInvalidArgument,
              "is there already and is not a table that 'samples import' wrote, or was changed "
              "since: it would be replaced",
              out.string(), "name another file with --out, or move this one away");
}

Result<void> refuse_unknown_kernels(const ReplayFlags& flags) {
  if (!flags.resize_kernel.empty()) TRY_VOID(check_kernel(flags.resize_kernel, "--resize-kernel"));
  for (const std::string& name : flags.compare_kernels) {
    if (name != "none") TRY_VOID(check_kernel(name, "--compare-kernels"));
  }
  return {};
}

Result<void> refuse_unknown_heads(const AssessFlags& flags, const Pipeline& pipeline) {
  for (const std::string& target : flags.targets)
    TRY_VOID(check_head(target.substr(0, target.find('=')), "--target", pipeline));
  for (const std::string& rule : flags.positive)
    TRY_VOID(check_head(rule.substr(0, rule.find('=')), "--positive", pipeline));
  return {};
}

}  // namespace dl::cli
