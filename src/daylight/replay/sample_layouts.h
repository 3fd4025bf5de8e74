// SPDX-License-Identifier: Apache-2.0
// What the tables and file names of known data sets say about each picture, without touching the
// disk.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/replay/sample_listing.h"

namespace dl {

// The layouts whose knowledge is in a table: kFairFace and kCsv.
bool has_table(SampleSource source);

// Adds the rows of the table `csv` that has this text; sets the attributes. A row that cannot be a
// sample becomes an unusable one: an empty path, one in `seen` (which grows), one that
// leaves the table's folder without a digest, a label outside of the layout's own lists. Fails
// where the text is no table (parse_csv), has no column that is needed, or has more rows than are
// imported at once.
Result<void> add_table(SampleSource source, std::string_view text, const std::filesystem::path& csv,
                       std::set<std::string>& seen, SampleListing& listing);

// Lists pictures whose names, relative to `place` with forward slashes, say who is shown: kUtkFace
// and kFolders. `folder_attributes` as in list_samples(). Fails where attributes cannot be columns
// of samples.csv.
Result<SampleListing> list_names(SampleSource source, const std::vector<std::string>& names,
                                 const std::filesystem::path& place,
                                 const std::vector<std::string>& folder_attributes);

}  // namespace dl
