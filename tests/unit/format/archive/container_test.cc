// SPDX-License-Identifier: Apache-2.0
// Containers of every kind: members are visited, the same bytes are found again by their chain of
// steps, and bombs end at their limit.
#include "daylight/format/archive/container.h"

#include <archive.h>
#include <archive_entry.h>
#include <brotli/encode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zstd.h>

#include <random>

#include "daylight/format/archive/base64_run.h"
#include "daylight/format/archive/container_carve.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string words(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  text.resize(size);
  return text;
}

std::string noise(std::size_t size) {
  std::mt19937 random(11);
  std::string out;
  while (out.size() < size) out.push_back(static_cast<char>(random()));
  return out;
}

std::string packed(StreamKind kind, const std::string& text) {
  std::string out(text.size() + 4096, '\0');
  auto* const to = reinterpret_cast<std::uint8_t*>(out.data());
  const auto* const from = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t size = 0;
  switch (kind) {
    case StreamKind::kXz:
      EXPECT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, from, text.size(), to, &size,
                                        out.size()),
                LZMA_OK);
      break;
    case StreamKind::kLzma: {
      lzma_options_lzma options;
      lzma_lzma_preset(&options, 6);
      lzma_stream stream = LZMA_STREAM_INIT;
      EXPECT_EQ(lzma_alone_encoder(&stream, &options), LZMA_OK);
      stream.next_in = from;
      stream.avail_in = text.size();
      stream.next_out = to;
      stream.avail_out = out.size();
      EXPECT_EQ(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
      size = out.size() - stream.avail_out;
      lzma_end(&stream);
      break;
    }
    case StreamKind::kZstd:
      size = ZSTD_compress(to, out.size(), from, text.size(), 3);
      break;
    case StreamKind::kLz4:
      size = LZ4F_compressFrame(to, out.size(), from, text.size(), nullptr);
      break;
    case StreamKind::kBrotli:
      size = out.size();
      EXPECT_TRUE(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, text.size(), from, &size, to));
      break;
    case StreamKind::kZlib:
    case StreamKind::kGzip: {
      const std::string raw = testing::deflated(text);
      if (kind == StreamKind::kZlib) {
        std::uint32_t a = 1;
        std::uint32_t b = 0;
        for (const char c : text) {
          a = (a + static_cast<std::uint8_t>(c)) % 65521;
          b = (b + a) % 65521;
        }
        std::string sum;
        testing::put32(sum, __builtin_bswap32(b << 16U | a));
        return "\x78\x9c" + raw + sum;
      }
      std::string end;
      testing::put32(end, crc32_of(as_bytes(text)));
      testing::put32(end, text.size());
      return std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10) + raw + end;
    }
  }
  out.resize(size);
  return out;
}

class Streams : public ::testing::TestWithParam<StreamKind> {};

TEST_P(Streams, RoundTrip) {
  const std::string text = words(300000);
  const std::string file = packed(GetParam(), text) + "behind";
  const std::string name = GetParam() == StreamKind::kBrotli ? "a.br" : "a.bin";
  EXPECT_EQ(stream_kind(as_bytes(file), name), GetParam());
  const auto out = unpack_stream(GetParam(), as_bytes(file), 1 << 20, "file");
  ASSERT_TRUE(out) << describe(out.error());
  EXPECT_EQ(as_text(out->bytes()), text);
  // liblzma's .lzma has no end mark where the size is known, and the encoder wrote one.
  EXPECT_EQ(out->consumed, file.size() - 6) << stream_name(GetParam());
}

TEST_P(Streams, CutAnywhere) {
  const std::string file = packed(GetParam(), words(20000));
  for (std::size_t size = 0; size + 1 < file.size(); size += 1 + size / 16) {
    const auto out =
        unpack_stream(GetParam(), as_bytes(std::string_view(file).substr(0, size)), 1 << 20, "cut");
    EXPECT_FALSE(out) << size << " of " << file.size();
  }
}

TEST_P(Streams, EndsAtTheLimit) {
  const std::string file = packed(GetParam(), std::string(40 << 20, '\0'));
  const auto over = unpack_stream(GetParam(), as_bytes(file), 30 << 20, "bomb");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, ErrorCode::kLimit);
  if (file.size() * kMaxStreamRatio >= (std::uint64_t{40} << 20)) return;
  const auto ratio = unpack_stream(GetParam(), as_bytes(file), std::uint64_t{1} << 40, "bomb");
  ASSERT_FALSE(ratio) << "grew " << (40 << 20) / file.size() << "-fold";
  EXPECT_EQ(ratio.error().code, ErrorCode::kLimit);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Streams,
                         ::testing::Values(StreamKind::kGzip, StreamKind::kZlib, StreamKind::kXz,
                                           StreamKind::kLzma, StreamKind::kZstd, StreamKind::kLz4,
                                           StreamKind::kBrotli),
                         [](const auto& kind) { return std::string(stream_name(kind.param)); });

std::string archived(int format, const std::vector<std::pair<std::string, std::string>>& files) {
  std::string out(1 << 20, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  if (format == ARCHIVE_FORMAT_7ZIP) {
    archive_write_set_format_7zip(writer);
  } else {
    archive_write_set_format_pax_restricted(writer);
  }
  EXPECT_EQ(archive_write_open_memory(writer, out.data(), out.size(), &used), ARCHIVE_OK);
  for (const auto& [name, content] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
    EXPECT_EQ(archive_write_data(writer, content.data(), content.size()),
              static_cast<la_ssize_t>(content.size()));
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

void put_big(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i)
    out.push_back(static_cast<char>(value >> (8U * static_cast<unsigned>(i))));
}

// A UnityFS bundle of two LZ4 blocks that hold two files.
std::string unity_bundle(const std::string& first, const std::string& second,
                         std::uint32_t version = 6) {
  const std::string data = first + second;
  const std::size_t half = data.size() / 2;
  std::string blocks;
  std::string list(16, '\0');
  put_big(list, 2, 4);
  for (const std::string& part : {data.substr(0, half), data.substr(half)}) {
    std::string block(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(part.size()))),
                      0);
    block.resize(static_cast<std::size_t>(LZ4_compress_default(
        part.data(), block.data(), static_cast<int>(part.size()), static_cast<int>(block.size()))));
    put_big(list, part.size(), 4);
    put_big(list, block.size(), 4);
    put_big(list, 3, 2);
    blocks += block;
  }
  put_big(list, 2, 4);
  put_big(list, 0, 8);
  put_big(list, first.size(), 8);
  put_big(list, 4, 4);
  list += std::string("CAB-1") + '\0';
  put_big(list, first.size(), 8);
  put_big(list, second.size(), 8);
  put_big(list, 0, 4);
  list += std::string("CAB-1.resS") + '\0';
  std::string out("UnityFS\0", 8);
  put_big(out, version, 4);
  out += std::string("5.x.x\0", 6) + std::string("2021.3.1f1\0", 11);
  put_big(out, 0, 8);
  put_big(out, list.size(), 4);
  put_big(out, list.size(), 4);
  put_big(out, 0x40, 4);
  if (version >= 7) out.resize((out.size() + 15) / 16 * 16);
  return out + list + blocks;
}

struct Seen {
  std::vector<std::pair<std::string, std::string>> members;
  std::vector<std::string> gaps;
};

Seen visit_all(const std::string& file, std::string_view name = "file") {
  Seen seen;
  const Content content{as_bytes(file), nullptr};
  const auto kind = container_kind(content.bytes, name);
  EXPECT_TRUE(kind);
  if (!kind) return seen;
  UnpackBudget budget(file.size());
  visit_members(*kind, content, name, budget,
                {[&](const std::string& step, const Content& member) {
                   seen.members.emplace_back(step, std::string(as_text(member.bytes)));
                 },
                 [&](const std::string& step, const std::string& why) {
                   seen.gaps.push_back(step + ": " + why);
                 }});
  for (const auto& [step, text] : seen.members) {
    const auto again = open_step(content, step);
    EXPECT_TRUE(again) << step << ": " << (again ? "" : describe(again.error()));
    if (again) {
      EXPECT_EQ(as_text(again->bytes), text) << step;
    }
  }
  return seen;
}

TEST(Container, MembersOfEveryKind) {
  const std::string a = words(50000);
  const std::string b = noise(3000);
  const std::vector<std::pair<std::string, std::string>> files = {{"a.txt", a}, {"dir/b", b}};
  const auto zip = testing::build_zip({{"a.txt", a, true}, {"dir/b", b}, {"empty", ""}});
  EXPECT_EQ(visit_all(zip.bytes).members, files);
  EXPECT_EQ(visit_all(archived(ARCHIVE_FORMAT_TAR, files)).members, files);
  EXPECT_EQ(visit_all(archived(ARCHIVE_FORMAT_7ZIP, files)).members, files);
  for (const std::uint32_t version : {6U, 7U, 8U}) {
    const Seen unity = visit_all(unity_bundle(a, b, version));
    EXPECT_THAT(unity.gaps, IsEmpty());
    ASSERT_EQ(unity.members.size(), 2U);
    EXPECT_EQ(unity.members[1].first, "CAB-1.resS");
    EXPECT_EQ(unity.members[1].second, b);
  }
  const Seen stream = visit_all(packed(StreamKind::kZstd, a));
  ASSERT_EQ(stream.members.size(), 1U);
  EXPECT_EQ(stream.members[0].first, "~zstd");
}

TEST(Container, NamesThatLookLikeSteps) {
  const auto zip = testing::build_zip({{"~gzip", "one"}, {"~/x", "two"}});
  const Seen seen = visit_all(zip.bytes);
  ASSERT_EQ(seen.members.size(), 2U);
  EXPECT_EQ(seen.members[0].first, "~/~gzip");
}

TEST(Container, StepsIntoParts) {
  const std::string text = words(6000);
  const Content content{as_bytes(text), nullptr};
  EXPECT_EQ(as_text(open_step(content, part_step(5, 10))->bytes), text.substr(5, 10));
  EXPECT_EQ(open_step(content, part_step(5990, 11)).error().code, ErrorCode::kCorrupt);
  const std::string key = "S3cretKey";
  const auto ciphered = xor_with_key(content.bytes, as_bytes(key));
  const auto plain = open_step({ciphered, nullptr}, xor_step(0, ciphered.size(), as_bytes(key)));
  ASSERT_TRUE(plain);
  EXPECT_EQ(as_text(plain->bytes), text);
  EXPECT_EQ(xor_step(1, 2, as_bytes("\x0f")), "~xor@1+2:0f");
  for (const std::string bad : {"~", "~nothing", "~at@", "~at@1", "~at@1+", "~at@1+2x", "~xor@1+2:",
                                "~xor@1+2:0", "~xor@1+2:zz", "~at@18446744073709551616+1"}) {
    EXPECT_EQ(open_step(content, bad).error().code, ErrorCode::kInvalidArgument) << bad;
  }
}

TEST(Container, TextAndNoiseAreNoContainers) {
  for (const std::string& text : {words(5000), noise(5000), std::string(600, '\0'), std::string(),
                                  std::string("PK\x03\x04"), std::string(600, ' ')}) {
    EXPECT_FALSE(container_kind(as_bytes(text), "a.dat"));
  }
}

TEST(Container, BombsEndAtTheBudget) {
  // Ten members of 200 MB each from one file of 2 MB: more than 200 times its size.
  std::vector<testing::ZipItem> items;
  const std::string zeros(200 << 20, '\0');
  testing::ZipItem item{"z", zeros, true};
  for (int i = 0; i < 4; ++i) {
    item.name = "z" + std::to_string(i);
    items.push_back(item);
  }
  const auto zip = testing::build_zip(items);
  ASSERT_LT(zip.bytes.size() * kMaxUnpackRatio, std::uint64_t{4} * zeros.size());
  std::size_t members = 0;
  std::vector<std::string> gaps;
  UnpackBudget budget(zip.bytes.size());
  visit_members(ContainerKind::kZip, {zip.span(), nullptr}, "bomb.zip", budget,
                {[&](const std::string&, const Content&) { ++members; },
                 [&](const std::string& step, const std::string& why) {
                   gaps.push_back(step + ": " + why);
                 }});
  EXPECT_EQ(members, 2U);
  EXPECT_THAT(gaps, ElementsAre(HasSubstr("z2: not unpacked"), HasSubstr("z3: not unpacked")));
}

TEST(Container, DamageIsAGap) {
  const std::string a = words(50000);
  std::string tar = archived(ARCHIVE_FORMAT_TAR, {{"a", a}, {"b", a}});
  tar.resize(tar.size() / 2);
  const Seen seen = visit_all(tar);
  EXPECT_EQ(seen.members.size(), 1U);
  EXPECT_EQ(seen.gaps.size(), 1U);
  std::string unity = unity_bundle(a, a);
  for (std::size_t i = unity.size() - 200; i < unity.size(); ++i) unity[i] = '\xff';
  EXPECT_THAT(visit_all(unity).gaps, ElementsAre(HasSubstr("block")));
}

// A thousand headers of streams, each of which would unpack to much before it breaks.
TEST(Container, BrokenStreamsInsideEndAtTheBudget) {
  std::string bomb = packed(StreamKind::kGzip, std::string(64 << 20, '\0'));
  bomb.resize(bomb.size() - 8);  // without its checksum
  std::string file = "x";
  for (int i = 0; i < 1000; ++i) file += bomb.substr(0, 20);
  file += bomb;
  UnpackBudget budget(file.size());
  EXPECT_THAT(find_containers_inside(as_bytes(file), 8, budget), IsEmpty());
  EXPECT_LT(budget.left(), kUnpackAllowance) << "the search was free of charge";
  // One that is whole is still found behind ordinary bytes.
  const std::string good = "header--" + packed(StreamKind::kGzip, words(5000)) + "trailer";
  UnpackBudget fresh(good.size());
  const auto found = find_containers_inside(as_bytes(good), 8, fresh);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].offset, 8U);
  EXPECT_EQ(found[0].size, good.size() - 15);
}

std::string base64_of(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8U | (i + j < bytes.size() ? static_cast<std::uint8_t>(bytes[i + j]) : 0U);
    for (int j = 0; j < 4; ++j)
      out.push_back(kDigits[group >> (18U - 6U * static_cast<unsigned>(j)) & 63U]);
  }
  if (bytes.size() % 3 != 0)
    out.replace(out.size() - (3 - bytes.size() % 3), std::string::npos, 3 - bytes.size() % 3, '=');
  return out;
}

TEST(Base64Run, FoundWhereverItStands) {
  for (const std::size_t size : {3072U, 3073U, 10001U}) {
    for (const std::size_t before : {0U, 1U, 2047U, 5000U}) {
      const std::string bytes = noise(size);
      const std::string text = base64_of(bytes);
      const std::string file = std::string(before, '"') + text + "\" and more words behind it";
      const auto runs = find_base64_runs(as_bytes(file));
      ASSERT_EQ(runs.size(), 1U) << size << " behind " << before;
      EXPECT_EQ(runs[0].offset, before);
      EXPECT_EQ(runs[0].size, text.size());
      const auto out =
          open_step({as_bytes(file), nullptr}, base64_step(runs[0].offset, runs[0].size));
      ASSERT_TRUE(out);
      EXPECT_EQ(as_text(out->bytes), bytes);
    }
  }
}

TEST(Base64Run, LineBreaksAreNoEnd) {
  const std::string bytes = noise(9000);
  std::string text;
  const std::string line = base64_of(bytes);
  for (std::size_t i = 0; i < line.size(); i += 76) text += line.substr(i, 76) + "\n";
  const auto runs = find_base64_runs(as_bytes(text));
  ASSERT_EQ(runs.size(), 1U);
  const auto plain = decode_base64(as_bytes(text));
  EXPECT_EQ(std::string(plain.begin(), plain.end()), bytes);
}

TEST(Base64Run, WordsHexAndRepetitionAreNone) {
  std::string hex;
  for (const char c : noise(8000)) hex += "0123456789abcdef"[static_cast<std::uint8_t>(c) & 15U];
  EXPECT_THAT(find_base64_runs(as_bytes(hex)), IsEmpty());
  EXPECT_THAT(find_base64_runs(as_bytes(std::string(9000, 'A'))), IsEmpty());
  EXPECT_THAT(find_base64_runs(as_bytes(words(9000))), IsEmpty());
  EXPECT_THAT(find_base64_runs(as_bytes(base64_of(noise(3000)))), IsEmpty()) << "too short";
}

}  // namespace
}  // namespace dl
