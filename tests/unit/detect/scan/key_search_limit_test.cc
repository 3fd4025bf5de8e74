// SPDX-License-Identifier: Apache-2.0
// What searching for keys may cost: an app can hold any number of small files that look as if they
// were worth it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "daylight/detect/detector.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using testing::build_zip;
using testing::ZipItem;

// Bytes that recur every four bytes, as under a key, and are nothing under it.
std::string repetitive_bytes(std::uint32_t seed) {
  std::string out;
  const std::string key = {'\x91', '\x2e', '\xd4', static_cast<char>(seed)};
  std::uint32_t state = seed + 1;
  for (std::size_t i = 0; i < 4096; ++i) {
    state = state * 1664525U + 1013904223U;
    const bool odd = state >> 28U == 0;
    const std::uint32_t noise = odd ? state >> 16U : 0;
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(key[i % 4]) ^ (noise & 0xffU)));
  }
  return out;
}

// How often an app with so many of them in one of its files says that not all were searched.
std::size_t told_limits(std::uint32_t blobs) {
  std::vector<ZipItem> items;
  for (std::uint32_t i = 0; i < blobs; ++i)
    items.push_back({"blob" + std::to_string(i), repetitive_bytes(i)});
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "app.apk";
  std::ofstream(path, std::ios::binary)
      << build_zip({{"assets/pack.zip", build_zip(items).bytes}}).bytes;
  const auto app = program::AppPackage::open(path, null_log());
  EXPECT_TRUE(app) << describe(app.error());
  if (!app) return 0;
  const auto found = detect(*app, RuleSet::builtin(), {}, null_log());
  EXPECT_TRUE(found);
  std::size_t told = 0;
  for (const Gap& gap : found->gaps) {
    if (gap.why.find("searched for a key that repeats") == std::string::npos) continue;
    EXPECT_NE(gap.where.find("assets/pack.zip"), std::string::npos) << gap.where;
    ++told;
  }
  return told;
}

TEST(KeySearches, HaveALimitThatIsTold) {
  EXPECT_EQ(told_limits(16), 0U);
  EXPECT_EQ(told_limits(17), 1U);
}

}  // namespace
}  // namespace dl
