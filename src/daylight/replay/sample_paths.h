// SPDX-License-Identifier: Apache-2.0
// How a table of samples names pictures that lie in another folder than itself.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "daylight/artifact/samples.h"
#include "daylight/base/result.h"

namespace dl {

// Paths from one folder to pictures. Not thread-safe.
class SamplePaths {
 public:
  // `folder` is where the table lies or will lie; it need not exist yet.
  explicit SamplePaths(const std::filesystem::path& folder);

  // The picture's path as samples.csv in the folder writes it (is_sample_file). Below the folder it
  // is as the picture is named; elsewhere it begins with ".." and goes by the real folders, so that
  // links in either path do not lead it astray. kInvalidArgument where the name holds control
  // characters.
  Result<std::string> path_to(const std::filesystem::path& picture);

 private:
  std::filesystem::path written_;  // absolute, as it was given; empty if it has ".." in it
  std::filesystem::path real_;     // without links
  std::map<std::filesystem::path, std::filesystem::path> real_parents_;
};

// The same samples for a table in another folder. kInvalidArgument where a picture would lie
// outside of it and has no digest, or cannot be named.
Result<Samples> samples_seen_from(const Samples& samples, const std::filesystem::path& folder);

}  // namespace dl
