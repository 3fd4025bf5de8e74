// SPDX-License-Identifier: Apache-2.0
// Finds the tables and pictures of a data set on disk.
#include "daylight/replay/sample_listing.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/replay/sample_layouts.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

struct SourceEntry {
  SampleSource source;
  const char* name;
};
constexpr std::array kSources = {
    SourceEntry{SampleSource::kFairFace, "fairface"},
    SourceEntry{SampleSource::kUtkFace, "utkface"},
    SourceEntry{SampleSource::kFolders, "folders"},
    SourceEntry{SampleSource::kCsv, "csv"},
};

constexpr std::array<std::string_view, 12> kPictureEndings = {".jpg",  ".jpeg", ".jpe", ".png",
                                                              ".webp", ".gif",  ".bmp", ".heic",
                                                              ".heif", ".avif", ".tif", ".tiff"};

bool is_picture_name(const fs::path& path) {
  const std::string ending = to_lower(path.extension().string());
  return std::find(kPictureEndings.begin(), kPictureEndings.end(), ending) != kPictureEndings.end();
}

Result<void> check_folder(const fs::path& place) {
  std::error_code error;
  const auto status = fs::status(place, error);
  if (fs::is_directory(status)) return {};
  if (fs::exists(status)) {
    return fail(ErrorCode::kInvalidArgument, "is not a folder", place.string(),
                "name the folder of the data set");
  }
  return fail(ErrorCode::kNotFound, "there is no such folder", place.string(), "check the path");
}

// Every picture below the folder, relative to it, sorted; other files are counted. Links to folders
// are not followed.
Result<std::vector<std::string>> pictures_below(const fs::path& folder, std::size_t& ignored) {
  TRY_VOID(check_folder(folder));
  std::vector<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code unreadable;
    if (!it->is_regular_file(unreadable)) continue;
    if (!is_picture_name(it->path())) {
      ++ignored;
      continue;
    }
    if (found.size() >= kMaxListedFiles) {
      return fail(ErrorCode::kLimit,
                  "there are more than " + std::to_string(kMaxListedFiles) + " pictures",
                  folder.string(), "import the data set in parts");
    }
    found.push_back(it->path().lexically_relative(folder).generic_string());
  }
  if (error) {
    return fail(ErrorCode::kIo, "cannot list the folder or one below it: " + error.message(),
                folder.string(), "check who may read there");
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The tables in a folder, sorted, whose names satisfy `wanted`.
template <typename Wanted>
Result<std::vector<fs::path>> tables_in(const fs::path& folder, const Wanted& wanted) {
  TRY_VOID(check_folder(folder));
  std::vector<fs::path> tables;
  std::error_code error;
  for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (to_lower(it->path().extension().string()) == ".csv" &&
        wanted(it->path().filename().string())) {
      tables.push_back(it->path());
    }
  }
  if (error) {
    return fail(ErrorCode::kIo, "cannot list the folder: " + error.message(), folder.string(),
                "check who may read there");
  }
  std::sort(tables.begin(), tables.end());
  return tables;
}

Result<std::vector<fs::path>> fairface_tables(const fs::path& folder) {
  auto tables = TRY(tables_in(folder, [](const std::string& name) {
    return name.starts_with("fairface_label_") || name == "labels.csv";
  }));
  if (!tables.empty()) return tables;
  return fail(ErrorCode::kNotFound, "the folder has no fairface_label_*.csv or labels.csv",
              folder.string(), "name the label file itself, or another layout with --from");
}

// The only table in a folder; those that this program wrote there do not count beside others.
Result<std::vector<fs::path>> only_table(const fs::path& folder) {
  auto tables = TRY(tables_in(folder, [](const std::string&) { return true; }));
  const std::size_t count = tables.size();
  if (count > 1) {
    std::erase_if(tables, [](const fs::path& table) {
      std::error_code error;
      return fs::exists(table.string() + ".meta.json", error);
    });
  }
  if (tables.size() == 1) return tables;
  return fail(count == 0 ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
              "the folder has " + std::to_string(count) + " CSV tables, not one", folder.string(),
              "name the table itself");
}

Result<SampleListing> list_tables(SampleSource source, const fs::path& place) {
  SampleListing listing;
  std::error_code error;
  const bool is_file = fs::exists(place, error) && !fs::is_directory(place, error);
  if (is_file) {
    listing.tables = {place};
  } else {
    listing.tables =
        source == SampleSource::kFairFace ? TRY(fairface_tables(place)) : TRY(only_table(place));
  }
  std::set<std::string> seen;
  for (const fs::path& table : listing.tables) {
    const auto file = TRY(MappedFile::open(table));
    TRY_VOID(add_table(source, as_text(file.bytes()), table, seen, listing));
  }
  return listing;
}

}  // namespace

const char* to_string(SampleSource source) {
  return kSources.at(static_cast<std::size_t>(source)).name;
}

Result<SampleSource> sample_source_from_string(const std::string& text) {
  for (const SourceEntry& entry : kSources) {
    if (text == entry.name) return entry.source;
  }
  return fail(ErrorCode::kInvalidArgument,
              "samples cannot be imported from '" + printable(text) + "'", "--from",
              "the layouts are fairface, utkface, folders and csv");
}

Result<SampleListing> list_samples(SampleSource source, const std::filesystem::path& place,
                                   const std::vector<std::string>& folder_attributes) {
  SampleListing listing;
  if (has_table(source)) {
    listing = TRY(list_tables(source, place));
  } else {
    std::size_t ignored = 0;
    const auto names = TRY(pictures_below(place, ignored));
    listing = TRY(list_names(source, names, place, folder_attributes));
    listing.ignored_files = ignored;
  }
  if (listing.samples.empty() && listing.unusable.empty()) {
    return fail(ErrorCode::kNotFound,
                has_table(source) ? "the table has a header but no rows" : "there are no pictures",
                place.string(),
                has_table(source) ? "add one row for each picture"
                                  : "name the folder that holds the pictures or their folders");
  }
  return listing;
}

}  // namespace dl
