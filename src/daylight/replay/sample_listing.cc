// SPDX-License-Identifier: Apache-2.0
// One function for each layout of a data set.
#include "daylight/replay/sample_listing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "daylight/artifact/table.h"
#include "daylight/base/text.h"

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

// Karkkainen and Joo, "FairFace" (2021): the values of its label files.
constexpr std::array<std::string_view, 9> kFairFaceAges = {
    "0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70"};
constexpr std::array<std::string_view, 2> kGenders = {"Male", "Female"};
constexpr std::array<std::string_view, 7> kFairFaceRaces = {
    "White",           "Black",          "Indian",         "East Asian",
    "Southeast Asian", "Middle Eastern", "Latino_Hispanic"};

// Zhang, Song and Qi, "Age Progression/Regression by Conditional Adversarial Autoencoder" (2017):
// the numbers in UTKFace's file names are places in these lists.
constexpr std::array<std::string_view, 5> kUtkFaceRaces = {"White", "Black", "Asian", "Indian",
                                                           "Others"};
constexpr long long kMaxAge = 130;

constexpr std::array<std::string_view, 12> kPictureEndings = {".jpg",  ".jpeg", ".jpe", ".png",
                                                              ".webp", ".gif",  ".bmp", ".heic",
                                                              ".heif", ".avif", ".tif", ".tiff"};

// Columns that samples.csv gives a meaning of their own.
constexpr std::array<std::string_view, 8> kReservedColumns = {
    "identity", "edit", "cluster", "stratum", "source", "truth_kind", "status", "source_path"};

template <typename List>
bool contains(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_picture_name(const fs::path& path) {
  return contains(kPictureEndings, to_lower(path.extension().string()));
}

// Every picture below the folder, sorted; other files are counted. Links to folders are not
// followed.
Result<std::vector<fs::path>> pictures_below(const fs::path& folder, std::size_t& ignored) {
  std::vector<fs::path> found;
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
      return fail(ErrorCode::kLimit, "there are more files than are imported at once",
                  folder.string());
    }
    found.push_back(it->path());
  }
  if (error) return fail(ErrorCode::kIo, error.message(), folder.string());
  std::sort(found.begin(), found.end());
  return found;
}

Result<void> check_folder(const fs::path& place) {
  std::error_code error;
  if (fs::is_directory(place, error)) return {};
  return fail(ErrorCode::kNotFound, "there is no such folder", place.string());
}

// The tables in a folder, sorted, whose names satisfy `wanted`.
template <typename Wanted>
std::vector<fs::path> tables_in(const fs::path& folder, const Wanted& wanted) {
  std::vector<fs::path> tables;
  std::error_code error;
  for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (to_lower(it->path().extension().string()) == ".csv" &&
        wanted(it->path().filename().string())) {
      tables.push_back(it->path());
    }
  }
  std::sort(tables.begin(), tables.end());
  return tables;
}

// Reads the column `file` of a row; nothing, with a note, if it cannot be a sample's.
std::optional<std::string> usable_file(const std::string& file, std::size_t line,
                                       std::set<std::string>& seen, SampleListing& listing) {
  std::string why;
  if (file.empty()) {
    why = "the column 'file' is empty";
  } else if (file.find('\0') != std::string::npos) {
    why = "the column 'file' holds a zero byte";
  } else if (!seen.insert(file).second) {
    why = "the table lists the file a second time";
  } else {
    return file;
  }
  listing.unusable.push_back({file, why, line});
  return std::nullopt;
}

// --- FairFace

Result<void> list_fairface_table(const fs::path& csv, std::set<std::string>& seen,
                                 SampleListing& listing) {
  const Table table = TRY(read_csv(csv));
  std::array<std::size_t, 4> columns{};
  constexpr std::array<const char*, 4> kNames = {"file", "age", "gender", "race"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const auto column = table.find(kNames[i]);
    if (!column) {
      return fail(ErrorCode::kInvalidArgument, std::string("has no column '") + kNames[i] + "'",
                  csv.string(), "FairFace's label files have file, age, gender and race");
    }
    columns[i] = *column;
  }
  const auto digest = table.find("sha256");
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    const std::size_t line = r + 2;
    const auto file = usable_file(row[columns[0]], line, seen, listing);
    if (!file) continue;
    std::vector<std::string> values;
    for (std::size_t i = 1; i < columns.size(); ++i) values.emplace_back(trim(row[columns[i]]));
    const std::array<bool, 3> known = {contains(kFairFaceAges, values[0]),
                                       contains(kGenders, values[1]),
                                       contains(kFairFaceRaces, values[2])};
    const auto* const wrong = std::find(known.begin(), known.end(), false);
    if (wrong != known.end()) {
      const auto index = static_cast<std::size_t>(wrong - known.begin());
      listing.unusable.push_back({*file,
                                  "FairFace has no " + std::string(kNames[index + 1]) + " '" +
                                      printable(values[index]) + "'",
                                  line});
      continue;
    }
    ListedSample sample = {csv.parent_path() / *file, *file, line, std::move(values)};
    if (digest) sample.sha256 = row[*digest];
    listing.samples.push_back(std::move(sample));
  }
  return {};
}

Result<SampleListing> list_fairface(const fs::path& place) {
  SampleListing listing;
  listing.attributes = {"age", "gender", "race"};
  std::set<std::string> seen;
  std::error_code error;
  if (fs::is_regular_file(place, error)) {
    TRY_VOID(list_fairface_table(place, seen, listing));
    return listing;
  }
  TRY_VOID(check_folder(place));
  auto tables = tables_in(place, [](const std::string& name) {
    return name.starts_with("fairface_label_") || name == "labels.csv";
  });
  if (tables.empty()) {
    return fail(ErrorCode::kNotFound, "the folder has no fairface_label_*.csv", place.string(),
                "name the label file itself");
  }
  for (const fs::path& table : tables) TRY_VOID(list_fairface_table(table, seen, listing));
  return listing;
}

// --- UTKFace

// Age, gender and race from a file name; an explanation where it has none.
Result<std::vector<std::string>> utkface_values(const std::string& name) {
  const auto parts = split(name, '_');
  const auto bad = [](const std::string& why) { return fail(ErrorCode::kInvalidArgument, why); };
  if (parts.size() != 4) return bad("the name is not [age]_[gender]_[race]_[time]");
  const auto age = parse_integer(parts[0]);
  const auto gender = parse_integer(parts[1]);
  const auto race = parse_integer(parts[2]);
  if (!age || *age < 0 || *age > kMaxAge) return bad("the name begins with no age");
  if (!gender || *gender < 0 || *gender >= static_cast<long long>(kGenders.size())) {
    return bad("the name's gender is neither 0 nor 1");
  }
  if (!race || *race < 0 || *race >= static_cast<long long>(kUtkFaceRaces.size())) {
    return bad("the name's race is not a number from 0 to 4");
  }
  return std::vector<std::string>{std::to_string(*age),
                                  std::string(kGenders[static_cast<std::size_t>(*gender)]),
                                  std::string(kUtkFaceRaces[static_cast<std::size_t>(*race)])};
}

Result<SampleListing> list_utkface(const fs::path& place) {
  TRY_VOID(check_folder(place));
  SampleListing listing;
  listing.attributes = {"age", "gender", "race"};
  for (const fs::path& path : TRY(pictures_below(place, listing.ignored_files))) {
    const std::string name = path.lexically_relative(place).generic_string();
    auto values = utkface_values(path.filename().string());
    if (!values) {
      listing.unusable.push_back({name, values.error().what});
      continue;
    }
    listing.samples.push_back({path, name, 0, std::move(*values)});
  }
  return listing;
}

// --- folders

// What a picture's folders say: named values, and the rest from the outside in.
struct FolderValues {
  std::map<std::string, std::string> named;
  std::vector<std::string> plain;
};

FolderValues folder_values(const fs::path& relative) {
  FolderValues values;
  for (const fs::path& part : relative.parent_path()) {
    const std::string text = part.string();
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos && equals > 0) {
      values.named[text.substr(0, equals)] = text.substr(equals + 1);
    } else {
      values.plain.push_back(text);
    }
  }
  return values;
}

// How many plain folders most pictures lie in; of equals the deeper.
std::size_t usual_depth(const std::vector<FolderValues>& all) {
  std::map<std::size_t, std::size_t> counts;
  for (const FolderValues& values : all) ++counts[values.plain.size()];
  std::size_t best = 0;
  for (const auto& [depth, count] : counts) {
    if (count >= counts[best]) best = depth;
  }
  return best;
}

Result<SampleListing> list_folders(const fs::path& place, std::vector<std::string> names) {
  TRY_VOID(check_folder(place));
  SampleListing listing;
  const auto paths = TRY(pictures_below(place, listing.ignored_files));
  std::vector<FolderValues> all;
  std::set<std::string> named;
  for (const fs::path& path : paths) {
    all.push_back(folder_values(path.lexically_relative(place)));
    for (const auto& [name, value] : all.back().named) named.insert(name);
  }
  if (names.empty()) {
    const std::size_t depth = usual_depth(all);
    for (std::size_t i = 0; i < depth; ++i) {
      names.push_back(i == 0 ? "group" : "group" + std::to_string(i + 1));
    }
  }
  listing.attributes = names;
  for (const std::string& name : named) {
    if (contains(names, name)) {
      return fail(ErrorCode::kInvalidArgument,
                  "the attribute '" + printable(name) + "' comes from two folders", place.string());
    }
    listing.attributes.push_back(name);
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string name = paths[i].lexically_relative(place).generic_string();
    if (all[i].plain.size() != names.size()) {
      listing.unusable.push_back({name, "it lies in " + std::to_string(all[i].plain.size()) +
                                            " unnamed folders, not in " +
                                            std::to_string(names.size())});
      continue;
    }
    std::vector<std::string> values = all[i].plain;
    for (const std::string& attribute : named) {
      const auto found = all[i].named.find(attribute);
      values.push_back(found == all[i].named.end() ? "" : found->second);
    }
    listing.samples.push_back({paths[i], name, 0, std::move(values)});
  }
  return listing;
}

// --- CSV

Result<fs::path> only_table(const fs::path& place) {
  std::error_code error;
  if (fs::is_regular_file(place, error)) return place;
  TRY_VOID(check_folder(place));
  const auto tables = tables_in(place, [](const std::string&) { return true; });
  if (tables.size() == 1) return tables.front();
  return fail(tables.empty() ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument,
              "the folder has " + std::to_string(tables.size()) + " CSV tables, not one",
              place.string(), "name the table itself");
}

Result<SampleListing> list_csv(const fs::path& place) {
  const fs::path csv = TRY(only_table(place));
  const Table table = TRY(read_csv(csv));
  const auto file_column = table.find("file");
  if (!file_column) {
    return fail(ErrorCode::kInvalidArgument,
                "has no column 'file' (it has: " + printable(join(table.columns, ", ")) + ")",
                csv.string(), "name the column of the pictures' paths 'file'");
  }
  SampleListing listing;
  for (const std::string& column : table.columns) {
    const bool special = column == "file" || column == "sha256" || column == "weight";
    if (!special && !contains(kReservedColumns, column)) listing.attributes.push_back(column);
  }
  std::set<std::string> seen;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto file = usable_file(table.rows[r][*file_column], r + 2, seen, listing);
    if (!file) continue;
    ListedSample sample = {csv.parent_path() / *file, *file, r + 2, {}};
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const std::string& column = table.columns[c];
      const std::string& cell = table.rows[r][c];
      if (column == "file") continue;
      if (column == "sha256") {
        sample.sha256 = cell;
      } else if (column == "weight") {
        sample.weight = cell;
      } else if (contains(kReservedColumns, column)) {
        sample.reserved[column] = cell;
      } else {
        sample.values.emplace_back(trim(cell));
      }
    }
    listing.samples.push_back(std::move(sample));
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
              "samples cannot be imported from '" + printable(text) + "'", "",
              "the layouts are fairface, utkface, folders and csv");
}

Result<SampleListing> list_samples(SampleSource source, const std::filesystem::path& place,
                                   const std::vector<std::string>& folder_attributes) {
  SampleListing listing;
  switch (source) {
    case SampleSource::kFairFace:
      listing = TRY(list_fairface(place));
      break;
    case SampleSource::kUtkFace:
      listing = TRY(list_utkface(place));
      break;
    case SampleSource::kFolders:
      listing = TRY(list_folders(place, folder_attributes));
      break;
    case SampleSource::kCsv:
      listing = TRY(list_csv(place));
      break;
  }
  if (listing.samples.empty() && listing.unusable.empty()) {
    return fail(ErrorCode::kNotFound, "no pictures are listed there", place.string());
  }
  return listing;
}

}  // namespace dl
