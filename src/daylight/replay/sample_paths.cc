// SPDX-License-Identifier: Apache-2.0
// Relative paths: by their text where nothing leads upwards, else by the folders that they really
// lie in.
#include "daylight/replay/sample_paths.h"

#include <algorithm>

#include "daylight/base/text.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

bool leads_upwards(const fs::path& path) {
  return std::find(path.begin(), path.end(), "..") != path.end();
}

fs::path absolute_of(const fs::path& path) {
  std::error_code error;
  return fs::absolute(path, error).lexically_normal() / "";
}

fs::path real_folder(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(fs::absolute(path, error), error);
  return real.empty() ? absolute_of(path) : real / "";
}

}  // namespace

SamplePaths::SamplePaths(const std::filesystem::path& folder)
    : real_(real_folder(folder.empty() ? "." : folder)) {
  if (!leads_upwards(folder)) written_ = absolute_of(folder.empty() ? "." : folder);
}

Result<std::string> SamplePaths::path_to(const std::filesystem::path& picture) {
  std::string file;
  if (!written_.empty() && !leads_upwards(picture)) {
    std::error_code error;
    file = fs::absolute(picture, error)
               .lexically_normal()
               .lexically_relative(written_)
               .generic_string();
  }
  if (file.empty() || leaves_folder(file)) {
    auto [known, is_new] = real_parents_.try_emplace(picture.parent_path());
    if (is_new)
      known->second = real_folder(picture.has_parent_path() ? picture.parent_path() : ".");
    file = (known->second / picture.filename()).lexically_relative(real_).generic_string();
  }
  if (is_sample_file(file)) return file;
  return fail(ErrorCode::kInvalidArgument,
              "the path cannot stand in samples.csv: it holds control characters", picture.string(),
              "rename the picture or its folder");
}

Result<Samples> samples_seen_from(const Samples& samples, const std::filesystem::path& folder) {
  Samples moved = samples;
  moved.folder = folder.empty() ? fs::path(".") : folder;
  SamplePaths paths(moved.folder);
  for (Sample& row : moved.rows) {
    row.file = TRY(paths.path_to(samples.folder / row.file));
    if (leaves_folder(row.file) && !is_sha256(row.sha256)) {
      return fail(ErrorCode::kInvalidArgument,
                  "the picture '" + printable(row.file) +
                      "' would lie outside of the table's folder and has no sha256",
                  moved.folder.string(),
                  "write the table beside the pictures, or run 'daylight samples import' first");
    }
  }
  return moved;
}

}  // namespace dl
