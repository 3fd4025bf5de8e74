// SPDX-License-Identifier: Apache-2.0
// The content-addressed store.
#include "daylight/base/blob_store.h"

#include <gtest/gtest.h>

#include "support/shared_data.h"

namespace dl {
namespace {

TEST(BlobStore, StoresOnceAndReadsBack) {
  const testing::TemporaryFolder folder;
  const BlobStore store(folder.path() / "blobs");
  const auto digest = store.put(as_bytes("model"));
  ASSERT_TRUE(digest);
  EXPECT_EQ(store.put(as_bytes("model")), digest);
  EXPECT_TRUE(store.contains(*digest));
  EXPECT_EQ(as_text(store.get(*digest)->bytes()), "model");
}

TEST(BlobStore, RefusesNamesThatAreNoDigests) {
  const testing::TemporaryFolder folder;
  const BlobStore store(folder.path());
  for (const std::string name : {"", "../../etc/passwd", "ABC"}) {
    const auto got = store.get(name);
    ASSERT_FALSE(got) << name;
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(store.contains(name));
  }
  EXPECT_EQ(store.get(std::string(64, '0')).error().code, ErrorCode::kNotFound);
}

TEST(BlobStore, SeesChangedBytes) {
  const testing::TemporaryFolder folder;
  const BlobStore store(folder.path());
  const auto digest = store.put(as_bytes("model"));
  ASSERT_TRUE(digest);
  ASSERT_TRUE(write_file_atomic(store.path_of(*digest), "other"));
  EXPECT_EQ(store.get(*digest).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace dl
