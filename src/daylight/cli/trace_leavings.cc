// SPDX-License-Identifier: Apache-2.0
// Names by place, then kinds of files.
#include "daylight/cli/trace_leavings.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "daylight/artifact/trace/trace_folder.h"

namespace dl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDigits = "0123456789";
constexpr std::size_t kMaxModelDigits = 6;
constexpr std::size_t kMaxExtension = 16;

// "events-000012.dlt"
bool is_numbered(std::string_view name, std::string_view prefix, std::string_view suffix) {
  constexpr std::size_t kNumber = 6;
  return name.size() == prefix.size() + kNumber + suffix.size() && name.starts_with(prefix) &&
         name.ends_with(suffix) &&
         name.substr(prefix.size(), kNumber).find_first_not_of(kDigits) == std::string_view::npos;
}

// "model-12.tflite"
bool is_model_name(std::string_view name) {
  constexpr std::string_view kPrefix = "model-";
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const std::size_t digits = std::min(name.find_first_not_of(kDigits), name.size());
  if (digits == 0 || digits > kMaxModelDigits) return false;
  name.remove_prefix(digits);
  return name.size() >= 2 && name.size() <= kMaxExtension && name.front() == '.' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") ==
             std::string_view::npos;
}

// A place below OUT in which names are given by us.
enum class Place { kOut, kTrace, kBlobs, kModels, kFiles, kGuests };

// What a folder of ours holds: the place that it is, or nothing for no folder of ours.
std::optional<Place> folder_in(Place place, std::string_view name) {
  switch (place) {
    case Place::kOut:
      if (name == "trace") return Place::kTrace;
      if (name == "models") return Place::kModels;
      if (name == "files") return Place::kFiles;
      return std::nullopt;
    case Place::kTrace:
      if (name == kTraceBlobFolder) return Place::kBlobs;
      return std::nullopt;
    case Place::kFiles:
      if (name == "app-data" || name == "sdcard") return Place::kGuests;
      return std::nullopt;
    case Place::kGuests:
      return Place::kGuests;
    case Place::kBlobs:
    case Place::kModels:
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_file_in(Place place, std::string_view name) {
  switch (place) {
    case Place::kTrace:
      return name == kTraceHeadFile || is_numbered(name, "events-", ".dlt");
    case Place::kBlobs:
      return name == kBlobIndexFile || is_numbered(name, "pack-", ".dlb");
    case Place::kModels:
      return is_model_name(name);
    case Place::kGuests:
      return true;
    case Place::kOut:
    case Place::kFiles:
      return false;
  }
  return false;
}

// What a process that was ended while it wrote a file of ours leaves: "index.dli.tmp2".
bool is_half_written(Place place, std::string_view name) {
  constexpr std::string_view kMark = ".tmp";
  const std::size_t mark = name.rfind(kMark);
  if (mark == std::string_view::npos || place == Place::kGuests) return false;
  return is_file_in(place, name.substr(0, mark)) &&
         name.substr(mark + kMark.size()).find_first_not_of(kDigits) == std::string_view::npos;
}

std::string kind_of(const fs::file_status& status) {
  switch (status.type()) {
    case fs::file_type::symlink:
      return "a link";
    case fs::file_type::fifo:
      return "a pipe";
    case fs::file_type::socket:
      return "a socket";
    case fs::file_type::directory:
      return "a folder that no run makes";
    case fs::file_type::regular:
      return "a file that no run makes";
    default:
      return "no file";
  }
}

// One walk. Paths are resolved by their names: nobody else changes the folder any more.
class Leavings {
 public:
  explicit Leavings(fs::path out) : out_(std::move(out)) {}

  void look(Place place, const fs::path& folder, std::size_t depth) {
    std::error_code error;
    // The guest may have taken our own rights away.
    fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add, error);
    std::vector<fs::path> names;
    for (fs::directory_iterator each(folder, error), end; !error && each != end;
         each.increment(error))
      names.push_back(each->path().filename());
    if (error) return take_away(folder, "cannot be looked through");
    std::sort(names.begin(), names.end());
    for (const fs::path& name : names) look_at(place, folder / name, depth);
  }

  std::vector<std::string> told() && {
    if (untold_ > 0) told_.push_back("and " + std::to_string(untold_) + " more");
    return std::move(told_);
  }

 private:
  void look_at(Place place, const fs::path& path, std::size_t depth) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    const std::string name = path.filename().string();
    if (fs::is_directory(status)) {
      const auto inner = folder_in(place, name);
      if (inner && depth < kMaxLeavingsDepth) return look(*inner, path, depth + 1);
      return take_away(path, inner ? "lies too deep" : "is " + kind_of(status));
    }
    if (!fs::is_regular_file(status)) return take_away(path, "is " + kind_of(status));
    if (!is_file_in(place, name))
      return take_away(path,
                       is_half_written(place, name) ? "is half written" : "is " + kind_of(status));
    fs::permissions(path, fs::perms::set_uid | fs::perms::set_gid, fs::perm_options::remove, error);
  }

  void take_away(const fs::path& path, const std::string& why) {
    std::error_code error;
    fs::remove_all(path, error);  // of a link the link
    if (told_.size() >= kMaxToldLeavings) {
      ++untold_;
      return;
    }
    told_.push_back(path.lexically_relative(out_).string() + " " + why + ": " +
                    (error ? "it cannot be taken away: " + error.message() : "taken away"));
  }

  fs::path out_;
  std::vector<std::string> told_;
  std::size_t untold_ = 0;
};

bool is_regular(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(fs::symlink_status(path, error));
}

// "a/b/c": no root, nothing empty, no way up.
bool leads_down(const fs::path& path) {
  return path.is_relative() && !path.empty() &&
         std::none_of(path.begin(), path.end(), [](const fs::path& part) {
           return part.empty() || part == "." || part == "..";
         });
}

}  // namespace

std::vector<std::string> clear_leavings(const fs::path& out) {
  Leavings walk(out);
  walk.look(Place::kOut, out, 0);
  return std::move(walk).told();
}

bool is_traced_model(const fs::path& out, const std::string& path) {
  constexpr std::string_view kFolder = "models/";
  return path.starts_with(kFolder) &&
         is_model_name(std::string_view(path).substr(kFolder.size())) && is_regular(out / path);
}

bool is_written_file(const fs::path& out, const std::string& path) {
  return path.find('\0') == std::string::npos && leads_down(path) &&
         is_regular(out / "files" / path);
}

void settle_with_folder(CheckedAnswer& answer, const fs::path& out,
                        const std::vector<std::string>& leavings) {
  for (const std::string& each : leavings) answer.add_gap("folder", each);
  answer.keep_files([&](const std::string& path) { return is_traced_model(out, path); },
                    [&](const std::string& path) { return is_written_file(out, path); });
}

}  // namespace dl::cli
