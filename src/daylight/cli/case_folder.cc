// SPDX-License-Identifier: Apache-2.0
// The case folder: lock, journal, and the question whether an artifact is up to date.
#include "daylight/cli/case_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <ctime>

#include "daylight/artifact/json_fields.h"
#include "daylight/base/digest.h"
#include "daylight/base/text.h"

namespace dl::cli {
namespace {

constexpr const char* kWrites = "writes";

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// Whether nothing but a samples table, which 'samples import --out' put there, lies in a folder.
bool holds_samples_only(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name != "samples.csv" && name != "samples.csv.meta.json") return false;
  }
  return !error;
}

// A folder that holds other things is not turned into a case.
Result<void> refuse_other_folders(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error) || std::filesystem::is_empty(folder, error))
    return {};
  if (std::filesystem::exists(folder / kJournalFile, error) ||
      std::filesystem::exists(folder / "lock", error))
    return {};
  if (holds_samples_only(folder)) return {};
  return fail(ErrorCode::kInvalidArgument, "is a folder with other files, not a case",
              folder.string(), "name a new folder");
}

}  // namespace

Result<CaseFolder> CaseFolder::open(const std::filesystem::path& folder) {
  TRY_VOID(refuse_other_folders(folder));
  TRY_VOID(make_private_folder(folder));
  // Faces and weights lie in it: nobody else reads them, also where the folder was there before.
  std::error_code ignored;
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
  auto lock = TRY(FileLock::acquire(folder / "lock"));
  return CaseFolder(folder, std::move(lock));
}

Result<void> CaseFolder::journal(const std::string& stage, const std::string& event,
                                 Json details) const {
  Json line = {{"time", utc_now()},
               {"host", host_name()},
               {"user", static_cast<unsigned>(::getuid())},
               {"version", tool_version()},
               {"stage", stage},
               {"event", event}};
  if (!details.empty()) line["details"] = std::move(details);
  return append_to_file(file(kJournalFile), dump_json_line(line) + "\n");
}

bool CaseFolder::is_as_written(const std::string& name, const std::string& sha256) const {
  const auto text = read_file(file(kJournalFile));
  if (!text) return true;
  bool any = false;
  for (const auto& line : split(*text, '\n')) {
    const auto json = parse_json(line, kJournalFile);
    if (!json || !json->is_object() || json->value("event", Json()) != Json(kWrites)) continue;
    const Json details = json->value("details", Json());
    if (!details.is_object() || details.value("file", Json()) != Json(name)) continue;
    if (details.value("sha256", Json()) == Json(sha256)) return true;
    any = true;
  }
  return !any;
}

Result<Json> CaseFolder::read_json(const std::string& name) const {
  const auto path = file(name);
  auto text = read_file(path);
  if (!text) {
    if (text.error().code != ErrorCode::kNotFound) return tl::unexpected(text.error());
    return fail(ErrorCode::kNotFound, "is not there yet", path.string(),
                "run the stage that writes it, or 'daylight audit'");
  }
  return parse_json(*text, path.string());
}

Result<void> CaseFolder::write_json(const std::string& name, const Json& json) const {
  const std::string text = dump_json(json);
  // Before the write: whatever lies there after a crash is known.
  TRY_VOID(journal("case", kWrites, {{"file", name}, {"sha256", sha256_hex(text)}}));
  return write_file_atomic(file(name), text);
}

bool CaseFolder::is_current(const std::string& name, const std::string& kind,
                            const Provenance& provenance) const {
  const auto json = read_json(name);
  if (!json) return false;
  const auto found = read_artifact_head(*json, kind, name);
  return found && fingerprint(kind, *found) == fingerprint(kind, provenance);
}

bool CaseFolder::is_current_with_meta(const std::string& name, const std::string& kind,
                                      const Provenance& provenance) const {
  const std::string meta = name + ".meta.json";
  if (!is_current(meta, kind, provenance)) return false;
  const auto json = read_json(meta);
  const auto digest = sha256_of_file(file(name));
  return json && digest && json->value("sha256", "") == *digest;
}

Result<InputDigest> CaseFolder::input(const std::string& role, const std::string& name) const {
  const auto digest = sha256_of_file(file(name));
  if (!digest && digest.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "is not there yet", file(name).string(),
                "run the stage that writes it, or 'daylight audit'");
  }
  return InputDigest{role, name, TRY(digest)};
}

std::uint64_t CaseFolder::size_on_disk() const {
  std::uint64_t total = 0;
  std::error_code error;
  for (auto it = std::filesystem::recursive_directory_iterator(folder_, error);
       !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_regular_file(error)) total += it->file_size(error);
  }
  return total;
}

}  // namespace dl::cli
