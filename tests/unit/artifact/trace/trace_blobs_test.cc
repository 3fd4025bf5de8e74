// SPDX-License-Identifier: Apache-2.0
// The blob store: once each, compressed where it pays, found again, damage named.
#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

#include "daylight/artifact/trace/blob_reader.h"
#include "daylight/artifact/trace/blob_writer.h"
#include "daylight/artifact/trace/crc32c.h"
#include "daylight/artifact/trace/trace_folder.h"
#include "trace_folders.h"

namespace dl {
namespace {

using testing::bytes_of;
using testing::overwrite;
using testing::TemporaryFolder;

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out(size, ' ');
  for (char& c : out) c = static_cast<char>(random() >> 56U);
  return out;
}

// Blobs of all sorts: empty, tiny, noise, even, large.
std::vector<std::string> samples() {
  return {"",
          "a",
          noise(63, 1),
          noise(64, 2),
          std::string(64, 'x'),
          noise(150'000, 3),
          std::string(150'000, '\0'),
          std::string(100'000, '\0') + noise(100'000, 4),
          noise(100'000, 5) + std::string(100'000, '\0'),
          std::string(5'000'000, 'z')};
}

std::unique_ptr<BlobWriter> new_store(const std::filesystem::path& folder,
                                      const BlobWriterOptions& options = {}) {
  auto writer = BlobWriter::create(folder, options);
  if (!writer) std::abort();
  return *std::move(writer);
}

TEST(TraceBlobs, ComeBackWithAndWithoutAnIndex) {
  for (const bool finished : {true, false}) {
    const TemporaryFolder folder;
    BlobWriterOptions options;
    options.pack_bytes = 200'000;
    const auto writer = new_store(folder.path(), options);
    for (const std::string& bytes : samples())
      EXPECT_EQ(*writer->put(as_bytes(bytes)), sha256_bytes(as_bytes(bytes)));
    if (finished) {
      ASSERT_TRUE(writer->finish());
    }
    EXPECT_EQ(std::filesystem::exists(folder.path() / kBlobIndexFile), finished);
    EXPECT_GT(pack_numbers(folder.path()).size(), 1U);
    const auto reader = BlobReader::open(folder.path());
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->index().entries.size(), samples().size());
    for (const std::string& bytes : samples()) {
      const auto back = reader->get(sha256_bytes(as_bytes(bytes)));
      ASSERT_TRUE(back) << describe(back.error());
      EXPECT_EQ(*back, bytes);
    }
    EXPECT_EQ(reader->get(sha256_bytes(as_bytes(std::string_view("absent")))).error().code,
              ErrorCode::kNotFound);
    EXPECT_EQ(reader->get(sha256_bytes(as_bytes(samples().back())), 1000).error().code,
              ErrorCode::kLimit);
  }
}

TEST(TraceBlobs, RepeatedBuffersAreStoredOnce) {
  // With copies of the last buffers, without any, and with room for a few only.
  for (const std::size_t recent : {std::size_t{1} << 20, std::size_t{0}, std::size_t{90'000}}) {
    const TemporaryFolder folder;
    BlobWriterOptions options;
    options.recent_bytes = recent;
    const auto writer = new_store(folder.path(), options);
    for (int round = 0; round < 3; ++round) {
      for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const std::string bytes = noise(10'000, seed);
        ASSERT_EQ(*writer->put(as_bytes(bytes)), sha256_bytes(as_bytes(bytes)));
      }
    }
    const BlobCounts counts = writer->counts();
    EXPECT_EQ(counts.blobs, 40U);
    EXPECT_EQ(counts.repeats, 80U);
    EXPECT_EQ(counts.raw_bytes, 400'000U);
    EXPECT_EQ(std::filesystem::file_size(pack_path(folder.path(), 0)),
              kTraceFileHeaderBytes + 40 * (kBlobHeaderBytes + 10'000));
  }
}

// Two buffers of one size and one CRC32C: the checksum of four more bytes can be chosen.
TEST(TraceBlobs, EqualChecksumsAreNotEqualBuffers) {
  const std::string first = "the first buffer, 32 bytes long!";
  std::string second = "another one that is as long: ....";
  second.resize(first.size());
  bool found = false;
  // CRC32C is linear: the last four bytes that give a checksum are unique; find them bit by bit.
  std::uint32_t tail = 0;
  const auto crc_with = [&](std::uint32_t value) {
    std::memcpy(second.data() + second.size() - 4, &value, 4);
    return crc32c(as_bytes(second));
  };
  const std::uint32_t zero = crc_with(0);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> basis;  // (effect, bits)
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    std::uint32_t effect = crc_with(1U << bit) ^ zero;
    std::uint32_t bits = 1U << bit;
    for (const auto& [e, b] : basis) {
      if ((effect ^ e) < effect) {
        effect ^= e;
        bits ^= b;
      }
    }
    if (effect != 0) basis.emplace_back(effect, bits);
    std::sort(basis.rbegin(), basis.rend());
  }
  std::uint32_t wanted = zero ^ crc32c(as_bytes(first));
  for (const auto& [effect, bits] : basis) {
    if ((wanted ^ effect) < wanted) {
      wanted ^= effect;
      tail ^= bits;
    }
  }
  found = wanted == 0 && crc_with(tail) == crc32c(as_bytes(first));
  ASSERT_TRUE(found);
  ASSERT_NE(first, second);
  const TemporaryFolder folder;
  const auto writer = new_store(folder.path());
  const auto a = writer->put(as_bytes(first));
  const auto b = writer->put(as_bytes(second));
  EXPECT_NE(*a, *b);
  EXPECT_EQ(*b, sha256_bytes(as_bytes(second)));
}

TEST(TraceBlobs, CompressesOnlyWhatShrinks) {
  const TemporaryFolder folder;
  const auto writer = new_store(folder.path());
  const auto even = *writer->put(as_bytes(std::string(150'000, 'e')));
  const auto random = *writer->put(as_bytes(noise(150'000, 9)));
  const auto margin = *writer->put(as_bytes(noise(50'000, 9) + std::string(100'000, 'e')));
  ASSERT_TRUE(writer->finish());
  const auto reader = BlobReader::open(folder.path());
  EXPECT_EQ(reader->header(even)->codec, BlobCodec::kZstd);
  EXPECT_LT(reader->header(even)->stored_size, 100U);
  EXPECT_EQ(reader->header(random)->codec, BlobCodec::kRaw);
  EXPECT_EQ(reader->header(margin)->codec, BlobCodec::kZstd);
  EXPECT_LT(reader->header(margin)->stored_size, 52'000U);
}

TEST(TraceBlobs, EveryPrefixOfAPackIsValid) {
  const TemporaryFolder folder;
  const auto writer = new_store(folder.path());
  std::vector<std::string> put = {"one", "two two", std::string(200, 'x'), "four"};
  for (const auto& bytes : put) ASSERT_TRUE(writer->put(as_bytes(bytes)));
  const std::string bytes = bytes_of(pack_path(folder.path(), 0));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    overwrite(pack_path(folder.path(), 0), bytes.substr(0, size));
    const auto reader = BlobReader::open(folder.path());
    ASSERT_TRUE(reader);
    const std::size_t found = reader->index().entries.size();
    ASSERT_LT(found, put.size());
    for (std::size_t i = 0; i < put.size(); ++i) {
      const auto back = reader->get(sha256_bytes(as_bytes(put[i])));
      ASSERT_EQ(back.has_value(), i < found) << size;
    }
  }
}

TEST(TraceBlobs, EveryFlippedByteIsFoundOrHarmless) {
  const TemporaryFolder folder;
  const auto writer = new_store(folder.path());
  const std::vector<std::string> put = {"one blob", std::string(200, 'x'), "three"};
  for (const auto& bytes : put) ASSERT_TRUE(writer->put(as_bytes(bytes)));
  ASSERT_TRUE(writer->finish());
  const auto pack = pack_path(folder.path(), 0);
  const std::string bytes = bytes_of(pack);
  for (const bool with_index : {true, false}) {
    if (!with_index) std::filesystem::remove(folder.path() / kBlobIndexFile);
    for (std::size_t at = kTraceFileHeaderBytes; at < bytes.size(); ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
      overwrite(pack, damaged);
      const auto reader = BlobReader::open(folder.path());
      ASSERT_TRUE(reader);
      int lost = 0;
      for (const auto& blob : put) {
        const auto back = reader->get(sha256_bytes(as_bytes(blob)));
        if (back) {
          ASSERT_EQ(*back, blob);
        } else {
          ++lost;
        }
      }
      ASSERT_GE(lost, 1) << at;
      if (with_index) {
        ASSERT_EQ(lost, 1) << at;
      }
    }
  }
}

TEST(TraceBlobs, AStaleOrDamagedIndexIsMadeAgain) {
  const TemporaryFolder folder;
  const auto writer = new_store(folder.path());
  const auto digest = *writer->put(as_bytes(std::string_view("kept")));
  ASSERT_TRUE(writer->finish());
  const auto path = folder.path() / kBlobIndexFile;
  const std::string index = bytes_of(path);
  ASSERT_TRUE(decode_blob_index(as_bytes(index)));
  for (std::size_t at = 0; at < index.size(); ++at) {
    std::string damaged = index;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    ASSERT_FALSE(decode_blob_index(as_bytes(damaged))) << at;
    overwrite(path, damaged);
    ASSERT_TRUE(BlobReader::open(folder.path())->contains(digest));
  }
  // The pack has grown since.
  overwrite(path, index);
  const auto pack = pack_path(folder.path(), 0);
  BlobHeader header;
  header.digest = sha256_bytes(as_bytes(std::string_view("added")));
  header.raw_size = header.stored_size = 5;
  header.stored_crc = crc32c(as_bytes(std::string_view("added")));
  overwrite(pack, bytes_of(pack) + std::string(as_text(encode_blob_header(header))) + "added");
  EXPECT_EQ(*BlobReader::open(folder.path())->get(header.digest), "added");
}

// Sizes that a header claims cost nothing.
TEST(TraceBlobs, HostileCompressionIsAnError) {
  std::string packed(ZSTD_compressBound(1000), ' ');
  const std::string raw(1000, 'r');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
  EXPECT_EQ(*decompress_blob(as_bytes(packed), BlobCodec::kZstd, 1000), raw);
  for (const std::uint64_t claim :
       {std::uint64_t{0}, std::uint64_t{999}, std::uint64_t{1001}, std::uint64_t{1} << 29U}) {
    const auto result = decompress_blob(as_bytes(packed), BlobCodec::kZstd, claim);
    ASSERT_FALSE(result) << claim;
    EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_FALSE(decompress_blob(as_bytes(packed + "x"), BlobCodec::kZstd, 1000));
  EXPECT_FALSE(decompress_blob(as_bytes(packed).first(packed.size() - 1), BlobCodec::kZstd, 1000));
  EXPECT_FALSE(decompress_blob({}, BlobCodec::kZstd, 1000));
}

}  // namespace
}  // namespace dl
