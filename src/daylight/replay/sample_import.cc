// SPDX-License-Identifier: Apache-2.0
// Opens the listed pictures on several threads and looks for copies among them.
#include "daylight/replay/sample_import.h"

#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/replay/image_codec.h"
#include "daylight/replay/orientation.h"
#include "daylight/replay/sample_near_copies.h"
#include "daylight/replay/sample_paths.h"
#include "daylight/replay/worker_count.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// What opening a picture told.
struct PictureFacts {
  std::string why;  // it cannot be used; empty: it can
  std::string sha256;
  Thumbnail thumbnail = {};
};

PictureFacts inspect(const ListedSample& sample) {
  PictureFacts facts;
  const auto file = MappedFile::open(sample.path);
  if (!file) {
    facts.why = "the picture cannot be read: " + file.error().what;
    return facts;
  }
  facts.sha256 = sha256_hex(file->bytes());
  if (!sample.sha256.empty() && to_lower(sample.sha256) != facts.sha256) {
    facts.why = "the picture has another SHA-256 than the table says";
    return facts;
  }
  const auto decoded = decode_image(file->bytes(), sample.name);
  if (!decoded) {
    facts.why = "the picture cannot be decoded: " + decoded.error().what;
    return facts;
  }
  // A copy that was saved upright is a copy too.
  facts.thumbnail = decoded->orientation == 1
                        ? grey_thumbnail(decoded->image)
                        : grey_thumbnail(apply_orientation(decoded->image, decoded->orientation));
  return facts;
}

Result<std::vector<PictureFacts>> inspect_all(const std::vector<ListedSample>& samples, int threads,
                                              LogSink& log) {
  std::vector<PictureFacts> facts(samples.size());
  std::atomic<std::size_t> done = 0;
  const int count = worker_count(threads);
  const tbb::global_control allowed(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(count));
  tbb::task_arena arena(count);
  arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, samples.size(), [&](std::size_t i) {
      if (log.cancelled()) return;
      facts[i] = inspect(samples[i]);
      log.progress("pictures", ++done, samples.size());
    });
  });
  if (log.cancelled()) return fail(ErrorCode::kCancelled, "the import was interrupted");
  return facts;
}

Result<double> weight_of(const ListedSample& listed) {
  if (listed.weight.empty()) return 1.0;
  const auto weight = parse_double(listed.weight);
  if (weight && *weight >= 0) return *weight;
  return fail(ErrorCode::kInvalidArgument,
              "the weight '" + printable(listed.weight) + "' is not a number of zero or more");
}

DuplicateGroup group_of(const std::vector<std::size_t>& members, const Samples& samples) {
  DuplicateGroup group;
  for (const std::size_t member : members) {
    group.files.push_back(samples.rows[member].file);
    if (samples.rows[member].values != samples.rows[members.front()].values) {
      group.labels_differ = true;
    }
  }
  std::sort(group.files.begin(), group.files.end());
  return group;
}

void find_exact(ImportReport& report) {
  std::map<std::string, std::vector<std::size_t>> by_digest;
  for (std::size_t i = 0; i < report.samples.rows.size(); ++i) {
    by_digest[report.samples.rows[i].sha256].push_back(i);
  }
  for (const auto& [digest, members] : by_digest) {
    if (members.size() > 1) report.exact.push_back(group_of(members, report.samples));
  }
}

void find_perceptual(const std::vector<PictureFacts>& facts, ImportReport& report) {
  std::vector<Thumbnail> thumbnails;
  thumbnails.reserve(facts.size());
  for (const PictureFacts& fact : facts) thumbnails.push_back(fact.thumbnail);
  const auto leaders = near_copy_leaders(thumbnails);
  std::map<std::size_t, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < leaders.size(); ++i) groups[leaders[i]].push_back(i);
  for (const auto& [leader, members] : groups) {
    std::set<std::string> digests;
    for (const std::size_t member : members) digests.insert(facts[member].sha256);
    if (digests.size() > 1) report.perceptual.push_back(group_of(members, report.samples));
  }
}

void sort_groups(std::vector<DuplicateGroup>& groups) {
  std::sort(groups.begin(), groups.end(),
            [](const DuplicateGroup& a, const DuplicateGroup& b) { return a.files < b.files; });
}

// Why an opened picture's row cannot be used after all; nothing if it can. Sets the sample's path.
std::string complete(const ListedSample& listed, const PictureFacts& facts, SamplePaths& paths,
                     std::set<std::string>& files, Sample& sample) {
  if (!facts.why.empty()) return facts.why;
  const auto weight = weight_of(listed);
  if (!weight) return weight.error().what;
  auto file = paths.path_to(listed.path);
  if (!file) return file.error().what;
  if (!files.insert(*file).second) return "another row names the same file";
  sample.file = std::move(*file);
  sample.weight = *weight;
  sample.sha256 = facts.sha256;
  return "";
}

// Moves the usable rows into the table; gives their facts in the same order.
std::vector<PictureFacts> assemble(SampleListing listing, std::vector<PictureFacts> facts,
                                   const fs::path& folder, ImportReport& report) {
  Samples& samples = report.samples;
  samples.folder = folder;
  samples.attributes = listing.attributes;
  report.unusable = std::move(listing.unusable);
  report.ignored_files = listing.ignored_files;
  for (const ListedSample& listed : listing.samples) {
    for (const auto& [column, value] : listed.reserved) samples.reserved[column] = {};
  }
  std::vector<PictureFacts> kept;
  SamplePaths paths(folder);
  std::set<std::string> files;
  for (std::size_t i = 0; i < listing.samples.size(); ++i) {
    ListedSample& listed = listing.samples[i];
    Sample sample;
    const std::string why = complete(listed, facts[i], paths, files, sample);
    if (!why.empty()) {
      report.unusable.push_back({listed.name, why, listed.line});
      continue;
    }
    sample.values = std::move(listed.values);
    samples.rows.push_back(std::move(sample));
    for (auto& [column, values] : samples.reserved) values.push_back(listed.reserved[column]);
    kept.push_back(std::move(facts[i]));
  }
  return kept;
}

// The result must not replace what it is made from.
Result<void> check_out(const fs::path& out, const SampleListing& listing) {
  for (const fs::path& table : listing.tables) {
    std::error_code error;
    if (fs::equivalent(out, table, error)) {
      return fail(ErrorCode::kInvalidArgument, "would be replaced by the table made from it",
                  out.string(), "name another file with --out");
    }
  }
  return {};
}

void add_groups(Json& list, const char* kind, const std::vector<DuplicateGroup>& groups) {
  for (const DuplicateGroup& group : groups) {
    list.push_back(
        {{"kind", kind}, {"files", group.files}, {"labels_differ", group.labels_differ}});
  }
}

}  // namespace

Result<ImportReport> import_samples(SampleSource source, const std::filesystem::path& place,
                                    const ImportOptions& options, LogSink& log) {
  auto listing = TRY(list_samples(source, place, options.folder_attributes));
  const fs::path out = options.out.empty() ? default_samples_table(place) : options.out;
  TRY_VOID(check_out(out, listing));
  auto facts = TRY(inspect_all(listing.samples, options.threads, log));
  ImportReport report;
  const auto kept = assemble(std::move(listing), std::move(facts),
                             out.has_parent_path() ? out.parent_path() : fs::path("."), report);
  if (report.samples.rows.empty()) {
    const UnusableRow& first = report.unusable.front();
    return fail(ErrorCode::kInvalidArgument,
                "none of its " + std::to_string(report.unusable.size()) +
                    " rows can be used; the first: " + printable(first.file) + ": " + first.why,
                place.string(), "mend the rows or the pictures, or check --from");
  }
  find_exact(report);
  find_perceptual(kept, report);
  sort_groups(report.exact);
  sort_groups(report.perceptual);
  return report;
}

std::filesystem::path default_samples_table(const std::filesystem::path& place) {
  std::error_code error;
  return (fs::is_directory(place, error) ? place : place.parent_path()) / "samples.csv";
}

Json to_json(const ImportReport& report) {
  Json unusable = Json::array();
  for (const UnusableRow& row : report.unusable) {
    unusable.push_back({{"file", row.file}, {"why", row.why}, {"line", row.line}});
  }
  Json duplicates = Json::array();
  add_groups(duplicates, "exact", report.exact);
  add_groups(duplicates, "perceptual", report.perceptual);
  return {{"unusable", std::move(unusable)},
          {"duplicates", std::move(duplicates)},
          {"ignored_files", report.ignored_files}};
}

}  // namespace dl
