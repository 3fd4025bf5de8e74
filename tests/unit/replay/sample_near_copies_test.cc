// SPDX-License-Identifier: Apache-2.0
// The search for near copies against comparing every pair, on real faces where they are here.
#include "daylight/replay/sample_near_copies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "daylight/base/file.h"
#include "daylight/replay/image_codec.h"
#include "support/shared_data.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// Every pair compared, groups by the lowest index.
std::vector<std::size_t> leaders_by_pairs(const std::vector<Thumbnail>& pictures) {
  std::vector<std::size_t> leaders(pictures.size());
  std::iota(leaders.begin(), leaders.end(), std::size_t{0});
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    for (std::size_t j = i + 1; j < pictures.size(); ++j) {
      if (thumbnail_distance(pictures[i], pictures[j]) > kNearCopyDistance) continue;
      const std::size_t low = std::min(leaders[i], leaders[j]);
      const std::size_t high = std::max(leaders[i], leaders[j]);
      std::replace(leaders.begin(), leaders.end(), high, low);
    }
  }
  return leaders;
}

// `patterns` random pictures, each `copies` times with noise of up to `noise` grey levels.
std::vector<Thumbnail> noisy_copies(std::size_t patterns, std::size_t copies, int noise) {
  std::mt19937 random(7);
  std::vector<Thumbnail> pictures;
  for (std::size_t pattern = 0; pattern < patterns; ++pattern) {
    Thumbnail original{};
    for (std::uint8_t& value : original) value = static_cast<std::uint8_t>(60 + random() % 130);
    for (std::size_t copy = 0; copy < copies; ++copy) {
      Thumbnail picture = original;
      for (std::uint8_t& value : picture) {
        const int shift = static_cast<int>(random() % static_cast<unsigned>(2 * noise + 1)) - noise;
        value = static_cast<std::uint8_t>(value + shift);
      }
      pictures.push_back(picture);
    }
  }
  std::shuffle(pictures.begin(), pictures.end(), random);
  return pictures;
}

std::vector<Thumbnail> thumbnails_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Thumbnail> pictures;
  for (const fs::path& file : files) {
    const auto bytes = MappedFile::open(file);
    EXPECT_TRUE(bytes) << file;
    const auto decoded = decode_image(bytes->bytes(), file.string());
    EXPECT_TRUE(decoded) << file;
    pictures.push_back(grey_thumbnail(decoded->image));
  }
  return pictures;
}

std::size_t count_joined(const std::vector<std::size_t>& leaders) {
  std::size_t joined = 0;
  for (std::size_t i = 0; i < leaders.size(); ++i) joined += leaders[i] == i ? 0U : 1U;
  return joined;
}

TEST(SampleNearCopies, EqualsComparingEveryPair) {
  // From copies that are all near over such that lie about the limit to such that are none.
  std::size_t seen_joined = 0;
  std::size_t seen_apart = 0;
  for (const int noise : {0, 5, 8, 9, 10, 30}) {
    const auto pictures = noisy_copies(40, 7, noise);
    const auto leaders = near_copy_leaders(pictures);
    EXPECT_EQ(leaders, leaders_by_pairs(pictures)) << noise;
    seen_joined += count_joined(leaders);
    seen_apart += pictures.size() - count_joined(leaders);
  }
  EXPECT_GT(seen_joined, 300U);
  EXPECT_GT(seen_apart, 300U);
}

TEST(SampleNearCopies, FewPictures) {
  EXPECT_TRUE(near_copy_leaders({}).empty());
  const auto one = noisy_copies(1, 1, 0);
  EXPECT_EQ(near_copy_leaders(one), std::vector<std::size_t>{0});
  const auto same = noisy_copies(1, 100, 0);
  EXPECT_EQ(near_copy_leaders(same), std::vector<std::size_t>(100, 0));
}

TEST(SampleNearCopies, FlatPicturesAreCopiesOfNothing) {
  Thumbnail flat{};
  flat.fill(100);
  Thumbnail nearly_flat = flat;
  nearly_flat[3] = 110;
  EXPECT_EQ(near_copy_leaders({flat, flat, nearly_flat, nearly_flat}),
            (std::vector<std::size_t>{0, 1, 2, 3}));
}

// Pictures of different people that look alike most: one pair of the 900 drawn faces is as near as
// copies are.
TEST(SampleNearCopies, DrawnFaces) {
  const fs::path folder = testing::project_file("examples/mirror/faces/pictures");
  const auto pictures = thumbnails_of(folder);
  ASSERT_EQ(pictures.size(), 900U);
  const auto leaders = near_copy_leaders(pictures);
  EXPECT_EQ(leaders, leaders_by_pairs(pictures));
  EXPECT_EQ(count_joined(leaders), 1U);
}

TEST(SampleNearCopies, NoTwoFacesOfFairFace) {
  DAYLIGHT_SHARED_OR_SKIP(folder, "faces/img");
  const auto leaders = near_copy_leaders(thumbnails_of(folder));
  EXPECT_EQ(leaders.size(), 600U);
  EXPECT_EQ(count_joined(leaders), 0U);
}

}  // namespace
}  // namespace dl
