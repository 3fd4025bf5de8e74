// SPDX-License-Identifier: Apache-2.0
// Hostile tables and file names of data sets, and hostile samples.csv: what is accepted must come
// back the same when it is written and read. The first byte chooses: 0 FairFace, 1 CSV, 2 UTKFace,
// 3 folders (names, one to a line), 4 samples.csv.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/samples.h"
#include "daylight/base/bytes.h"
#include "daylight/base/text.h"
#include "daylight/replay/sample_layouts.h"
#include "daylight/replay/sample_paths.h"

namespace {

const std::filesystem::path kTable = "/fuzz/set/table.csv";

void require(bool holds) {
  if (!holds) std::abort();
}

void require_explained(const dl::Error& error) {
  require(!error.what.empty() && !error.where.empty() && !error.hint.empty());
}

// Names as a walk over a folder gives them: relative, in their plain form.
std::vector<std::string> names_in(std::string_view text) {
  std::set<std::string> names;
  for (const std::string& line : dl::split(text, '\n')) {
    const auto path = std::filesystem::path(line).lexically_normal().relative_path();
    const std::string name = path.generic_string();
    const bool is_file = path.has_filename() && name != "." && !dl::leaves_folder(name);
    if (is_file && name.find('\0') == std::string::npos) names.insert(name);
  }
  return {names.begin(), names.end()};
}

void require_reads_back(const dl::Samples& samples) {
  const std::string text = dl::dump_samples(samples);
  const auto again = dl::parse_samples(text, kTable);
  require(again.has_value());
  require(again->attributes == samples.attributes);
  require(again->reserved == samples.reserved);
  require(again->rows.size() == samples.rows.size());
  for (std::size_t i = 0; i < samples.rows.size(); ++i) {
    const dl::Sample& before = samples.rows[i];
    const dl::Sample& after = again->rows[i];
    require(after.file == before.file && after.values == before.values);
    require(after.sha256 == before.sha256);
    require(after.weight >= before.weight && after.weight <= before.weight);
  }
  require(dl::dump_samples(*again) == text);
}

// What an import makes of the listing when each picture is there.
void check_listing(const dl::SampleListing& listing) {
  dl::SamplePaths paths("/fuzz/out");
  std::set<std::string> files;
  dl::Samples samples;
  samples.attributes = listing.attributes;
  for (const dl::UnusableRow& row : listing.unusable) require(!row.why.empty());
  for (const dl::ListedSample& listed : listing.samples) {
    require(listed.values.size() == listing.attributes.size());
    require(listed.path.is_absolute());
    const auto file = paths.path_to(listed.path);
    if (!file) {
      require_explained(file.error());
      continue;
    }
    require(dl::is_sample_file(*file));
    if (!files.insert(*file).second) continue;
    dl::Sample sample = {*file, listed.values, std::string(64, 'a'), 1.0};
    samples.rows.push_back(sample);
    for (const auto& [column, value] : listed.reserved) samples.reserved[column].push_back(value);
  }
  for (const auto& [column, values] : samples.reserved)
    require(values.size() == samples.rows.size());
  if (!samples.rows.empty()) require_reads_back(samples);
}

void list_table(dl::SampleSource source, std::string_view text) {
  dl::SampleListing listing;
  std::set<std::string> seen;
  const auto added = dl::add_table(source, text, kTable, seen, listing);
  if (!added) return require_explained(added.error());
  check_listing(listing);
}

void list_names(dl::SampleSource source, std::string_view text) {
  const auto end = source == dl::SampleSource::kFolders ? text.find('\n') : 0;
  std::vector<std::string> attributes;
  if (end != std::string_view::npos && end > 0) attributes = dl::split(text.substr(0, end), ',');
  const auto names = names_in(text.substr(end == std::string_view::npos ? text.size() : end));
  const auto listing = dl::list_names(source, names, "/fuzz/set", attributes);
  if (!listing) return require_explained(listing.error());
  require(listing->samples.size() + listing->unusable.size() == names.size());
  check_listing(*listing);
}

void read_table(std::string_view text) {
  const auto samples = dl::parse_samples(text, kTable);
  if (!samples) return require_explained(samples.error());
  require_reads_back(*samples);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = dl::as_text(dl::ByteSpan(data, size)).substr(1);
  switch (data[0] % 5) {  // NOLINT: the five parsers above
    case '0' % 5:
      list_table(dl::SampleSource::kFairFace, text);
      break;
    case '1' % 5:
      list_table(dl::SampleSource::kCsv, text);
      break;
    case '2' % 5:
      list_names(dl::SampleSource::kUtkFace, text);
      break;
    case '3' % 5:
      list_names(dl::SampleSource::kFolders, text);
      break;
    default:
      read_table(text);
      break;
  }
  return 0;
}
