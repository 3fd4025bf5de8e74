// SPDX-License-Identifier: Apache-2.0
// Hashing of pictures on several threads.
#include "daylight/cli/sample_hashing.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"

namespace dl::cli {
namespace {

constexpr std::size_t kHashThreads = 8;

struct Hashed {
  std::string sha256;
  std::optional<Error> error;
};

std::vector<Hashed> hash_all(const Samples& samples) {
  std::vector<Hashed> hashed(samples.rows.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < hashed.size(); i = next++) {
      auto digest = sha256_of_file(samples.folder / samples.rows[i].file);
      if (digest) {
        hashed[i].sha256 = std::move(*digest);
      } else {
        hashed[i].error = digest.error();
      }
    }
  };
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> threads;
  for (std::size_t t = 1; t < std::min(processors, kHashThreads); ++t) threads.emplace_back(work);
  work();
  threads.clear();
  return hashed;
}

}  // namespace

Result<void> hash_pictures(Samples& samples, const std::filesystem::path& csv, LogSink& log) {
  log.progress("reading pictures", 0, 0);
  const std::vector<Hashed> hashed = hash_all(samples);
  const auto missing = static_cast<std::size_t>(std::count_if(
      hashed.begin(), hashed.end(), [](const Hashed& h) { return h.error.has_value(); }));
  for (std::size_t i = 0; i < hashed.size(); ++i) {
    Sample& sample = samples.rows[i];
    const std::string where = fmt::format("{}:{}", csv.string(), i + 2);
    if (hashed[i].error) {
      return fail(
          hashed[i].error->code,
          fmt::format("the picture '{}' cannot be read ({}); {} of {} pictures are affected",
                      printable(sample.file), hashed[i].error->what, missing, hashed.size()),
          where, "put the pictures where the table says, or remove the rows");
    }
    if (!sample.sha256.empty() && sample.sha256 != hashed[i].sha256) {
      return fail(ErrorCode::kCorrupt,
                  "the picture '" + printable(sample.file) +
                      "' is not the one whose sha256 the table gives",
                  where, "run 'daylight samples import' again, or remove the column sha256");
    }
    sample.sha256 = hashed[i].sha256;
  }
  return {};
}

}  // namespace dl::cli
