// SPDX-License-Identifier: Apache-2.0
// SHA-256 against the vectors of FIPS 180-4 and against sha256sum.
#include "daylight/base/digest.h"

#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "support/shared_data.h"

namespace dl {
namespace {

TEST(Sha256, KnownVectors) {
  EXPECT_EQ(sha256_hex(std::string_view("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(std::string_view("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, RawBytesAreTheSameDigest) {
  for (const std::string_view text : {"", "abc"})
    EXPECT_EQ(to_hex(sha256_bytes(as_bytes(text))), sha256_hex(text));
}

TEST(Sha256, PiecesGiveTheSameAsTheWhole) {
  Sha256 hash;
  hash.update(as_bytes("a"));
  hash.update(as_bytes("bc"));
  EXPECT_EQ(hash.finish_hex(), sha256_hex(std::string_view("abc")));
}

TEST(Sha256, AgreesWithCoreutilsOnAFile) {
  const auto path = testing::project_file("CMakeLists.txt");
  const auto theirs = testing::run_command("sha256sum " + path.string());
  ASSERT_TRUE(theirs);
  EXPECT_EQ(*sha256_of_file(path), theirs->substr(0, 64));
}

}  // namespace
}  // namespace dl
