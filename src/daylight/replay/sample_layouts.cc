// SPDX-License-Identifier: Apache-2.0
// One part for each layout of a data set.
#include "daylight/replay/sample_layouts.h"

#include <algorithm>
#include <array>
#include <optional>

#include "daylight/artifact/samples.h"
#include "daylight/artifact/table.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

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
constexpr std::size_t kMaxFolderAttributes = 100;

template <typename List>
bool contains(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// --- tables

// Why the pictures of a table may not lie there; nothing if they may. A table from a stranger must
// not bring in pictures that do not belong to it: it may leave its folder only for those whose
// digest it knows.
std::string reach_of_table(const std::string& file, const fs::path& csv, bool has_digest) {
  const fs::path path = file;
  if (path.is_absolute()) {
    std::error_code error;
    const fs::path home = fs::absolute(csv, error).lexically_normal().parent_path();
    const std::string inside = path.lexically_normal().lexically_relative(home).generic_string();
    const bool below = !inside.empty() && inside != "." && !leaves_folder(inside);
    if (below && std::find(path.begin(), path.end(), "..") == path.end()) return "";
    return "the path is absolute and not below the table's folder: give it relative to the table";
  }
  if (!is_sample_file(file)) return "the path has '..' inside or holds control characters";
  if (leaves_folder(file) && !has_digest) {
    return "the path leaves the table's folder, and the table has no sha256 of the picture";
  }
  return "";
}

// Reads the columns `file` and `sha256` of a row; nothing, with a note, if it cannot be a sample's.
std::optional<ListedSample> start_sample(const std::string& file, const std::string& digest,
                                         std::size_t line, const fs::path& csv,
                                         std::set<std::string>& seen, SampleListing& listing) {
  std::string why;
  if (file.empty()) {
    why = "the column 'file' is empty";
  } else if (why = reach_of_table(file, csv, is_sha256(digest)); !why.empty()) {
    // said
  } else if (!seen.insert(file).second) {
    why = "the table lists the file a second time";
  } else {
    ListedSample sample = {csv.parent_path() / file, file, line, {}};
    sample.sha256 = digest;
    return sample;
  }
  listing.unusable.push_back({file, why, line});
  return std::nullopt;
}

Result<Table> table_of(std::string_view text, const fs::path& csv) {
  Table table = TRY(parse_csv(text, csv.string(), {kMaxSampleTableBytes, kMaxSampleTableCells}));
  if (table.rows.size() > kMaxListedFiles) {
    return fail(ErrorCode::kLimit, "has more than " + std::to_string(kMaxListedFiles) + " rows",
                csv.string(), "import it in parts");
  }
  return table;
}

Result<std::size_t> column_of(const Table& table, const std::string& name, const fs::path& csv,
                              const std::string& hint) {
  const auto column = table.find(name);
  if (column) return *column;
  return fail(ErrorCode::kInvalidArgument,
              "has no column '" + name + "' (it has: " + printable(join(table.columns, ", ")) + ")",
              csv.string(), missing_column_hint(table, hint));
}

// Why FairFace cannot have such a row; nothing if it can.
std::string fairface_fault(const std::vector<std::string>& values) {
  if (!contains(kFairFaceAges, values[0]))
    return "FairFace has no age '" + printable(values[0]) + "'";
  if (!contains(kGenders, values[1]))
    return "FairFace has no gender '" + printable(values[1]) + "'";
  if (!contains(kFairFaceRaces, values[2])) {
    return "FairFace has no race '" + printable(values[2]) + "'";
  }
  return "";
}

Result<void> add_fairface(std::string_view text, const fs::path& csv, std::set<std::string>& seen,
                          SampleListing& listing) {
  listing.attributes = {"age", "gender", "race"};
  const Table table = TRY(table_of(text, csv));
  const std::string hint = "FairFace's label files have file, age, gender and race";
  const std::size_t file = TRY(column_of(table, "file", csv, hint));
  std::vector<std::size_t> columns;
  for (const std::string& attribute : listing.attributes) {
    columns.push_back(TRY(column_of(table, attribute, csv, hint)));
  }
  const auto digest = table.find("sha256");
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    auto sample = start_sample(row[file], digest ? row[*digest] : "", r + 2, csv, seen, listing);
    if (!sample) continue;
    for (const std::size_t column : columns) sample->values.emplace_back(trim(row[column]));
    const std::string fault = fairface_fault(sample->values);
    if (!fault.empty()) {
      listing.unusable.push_back({sample->name, fault, sample->line});
    } else {
      listing.samples.push_back(std::move(*sample));
    }
  }
  return {};
}

Result<void> add_csv(std::string_view text, const fs::path& csv, std::set<std::string>& seen,
                     SampleListing& listing) {
  const Table table = TRY(table_of(text, csv));
  const std::size_t file =
      TRY(column_of(table, "file", csv, "name the column of the pictures' paths 'file'"));
  const auto digest = table.find("sha256");
  listing.attributes.clear();
  for (const std::string& column : table.columns) {
    if (!is_sample_column(column)) listing.attributes.push_back(column);
  }
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    auto sample = start_sample(row[file], digest ? row[*digest] : "", r + 2, csv, seen, listing);
    if (!sample) continue;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const std::string& column = table.columns[c];
      if (column == "file" || column == "sha256") continue;
      if (column == "weight") {
        sample->weight = row[c];
      } else if (is_sample_column(column)) {
        sample->reserved[column] = row[c];
      } else {
        sample->values.emplace_back(trim(row[c]));
      }
    }
    listing.samples.push_back(std::move(*sample));
  }
  return {};
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

SampleListing list_utkface(const std::vector<std::string>& names, const fs::path& place) {
  SampleListing listing;
  listing.attributes = {"age", "gender", "race"};
  for (const std::string& name : names) {
    auto values = utkface_values(fs::path(name).filename().string());
    if (values) {
      listing.samples.push_back({place / name, name, 0, std::move(*values)});
    } else {
      listing.unusable.push_back({name, values.error().what});
    }
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
      values.named[std::string(trim(text.substr(0, equals)))] = trim(text.substr(equals + 1));
    } else {
      values.plain.emplace_back(trim(text));
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

// Names for so many levels of folders: group, group2 ...
std::vector<std::string> default_names(std::size_t depth) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < depth; ++i) {
    names.push_back(i == 0 ? "group" : "group" + std::to_string(i + 1));
  }
  return names;
}

// Columns of samples.csv must be told apart, and from those with a meaning of their own.
Result<void> check_attributes(const std::vector<std::string>& attributes, const fs::path& place) {
  std::set<std::string> seen;
  for (const std::string& name : attributes) {
    const auto refuse = [&](const std::string& what, const std::string& hint) {
      return fail(ErrorCode::kInvalidArgument, what, place.string(), hint);
    };
    if (name.empty() || name != printable(name) || name != trim(name)) {
      return refuse("'" + printable(name) + "' is no name for an attribute",
                    "use letters, digits and signs, and no spaces at the ends");
    }
    if (is_sample_column(name)) {
      return refuse("the attribute '" + name + "' has another meaning in samples.csv",
                    "call it otherwise");
    }
    if (!seen.insert(name).second) {
      return refuse("the attribute '" + name + "' comes from two folders",
                    "give each level of folders a name of its own");
    }
  }
  if (attributes.size() > kMaxFolderAttributes) {
    return fail(ErrorCode::kLimit,
                "more than " + std::to_string(kMaxFolderAttributes) + " attributes", place.string(),
                "use a CSV table");
  }
  return {};
}

Result<SampleListing> list_folders(const std::vector<std::string>& names, const fs::path& place,
                                   std::vector<std::string> levels) {
  SampleListing listing;
  std::vector<FolderValues> all;
  std::set<std::string> named;
  for (const std::string& name : names) {
    all.push_back(folder_values(name));
    for (const auto& [attribute, value] : all.back().named) named.insert(attribute);
  }
  if (levels.empty()) levels = default_names(usual_depth(all));
  listing.attributes = levels;
  listing.attributes.insert(listing.attributes.end(), named.begin(), named.end());
  TRY_VOID(check_attributes(listing.attributes, place));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (all[i].plain.size() != levels.size()) {
      listing.unusable.push_back({names[i], "it lies in " + std::to_string(all[i].plain.size()) +
                                                " unnamed folders, not in " +
                                                std::to_string(levels.size())});
      continue;
    }
    std::vector<std::string> values = all[i].plain;
    for (const std::string& attribute : named) {
      const auto found = all[i].named.find(attribute);
      values.push_back(found == all[i].named.end() ? "" : found->second);
    }
    listing.samples.push_back({place / names[i], names[i], 0, std::move(values)});
  }
  return listing;
}

}  // namespace

bool has_table(SampleSource source) {
  return source == SampleSource::kFairFace || source == SampleSource::kCsv;
}

Result<void> add_table(SampleSource source, std::string_view text, const std::filesystem::path& csv,
                       std::set<std::string>& seen, SampleListing& listing) {
  return source == SampleSource::kFairFace ? add_fairface(text, csv, seen, listing)
                                           : add_csv(text, csv, seen, listing);
}

Result<SampleListing> list_names(SampleSource source, const std::vector<std::string>& names,
                                 const std::filesystem::path& place,
                                 const std::vector<std::string>& folder_attributes) {
  if (source == SampleSource::kUtkFace) return list_utkface(names, place);
  return list_folders(names, place, folder_attributes);
}

}  // namespace dl
