// SPDX-License-Identifier: Apache-2.0
// ZIP archives: honest ones against Python's zipfile, and ones that lie in every way that Android
// forgives.
#include "daylight/format/archive/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/inflate.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using testing::build_zip;
using testing::BuiltZip;
using ::testing::HasSubstr;
using testing::ZipItem;

std::string content_of(const ZipArchive& archive, const ZipEntry& entry) {
  const auto content = archive.read(entry);
  return content ? std::string(as_text(content->bytes())) : "error: " + describe(content.error());
}

std::string gaps_of(const ZipArchive& archive) {
  std::string text;
  for (const FormatGap& gap : archive.gaps().list()) text += gap.where + ": " + gap.why + "\n";
  return text;
}

ZipArchive opened(const BuiltZip& zip) {
  auto archive = ZipArchive::open(zip.span(), "t.zip");
  EXPECT_TRUE(archive) << describe(archive.error());
  return archive ? *std::move(archive) : ZipArchive();
}

const std::string kText(5000, 'x');

TEST(Zip, StoredEntriesAreViewsAndDeflatedOnesAreUnpacked) {
  const BuiltZip zip = build_zip({{.name = "a.txt", .content = "hello"},
                                  {.name = "b/c.bin", .content = kText, .deflate = true},
                                  {.name = "empty", .content = "", .deflate = true}});
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 3U);
  EXPECT_EQ(gaps_of(archive), "");
  const ZipEntry* stored = archive.find("a.txt");
  ASSERT_NE(stored, nullptr);
  const auto bytes = archive.read(*stored);
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(bytes->is_view());
  EXPECT_EQ(static_cast<const void*>(bytes->bytes().data()),
            zip.bytes.data() + stored->data_offset);
  EXPECT_EQ(as_text(bytes->bytes()), "hello");
  EXPECT_EQ(content_of(archive, *archive.find("b/c.bin")), kText);
  EXPECT_EQ(content_of(archive, *archive.find("empty")), "");
  EXPECT_EQ(archive.find("absent"), nullptr);
  EXPECT_EQ(archive.central_directory_offset(), zip.directory_offset);
  EXPECT_EQ(archive.end_record_offset(), zip.end_offset);
}

TEST(Zip, ContentOutlivesAMove) {
  const BuiltZip zip = build_zip({{.name = "b", .content = kText, .deflate = true}});
  const ZipArchive archive = opened(zip);
  auto content = archive.read(archive.entries()[0]);
  ASSERT_TRUE(content);
  const EntryBytes moved = std::move(*content);
  EXPECT_EQ(as_text(moved.bytes()), kText);
}

TEST(Zip, Zip64AndDescriptorsAndCommentsAreRead) {
  const BuiltZip zip =
      build_zip({{.name = "big", .content = kText, .deflate = true, .zip64 = true},
                 {.name = "late", .content = kText, .deflate = true, .descriptor = true}},
                "", std::string(65535, 'c'), true);
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 2U);
  EXPECT_EQ(gaps_of(archive), "");
  EXPECT_EQ(content_of(archive, archive.entries()[0]), kText);
  EXPECT_EQ(content_of(archive, archive.entries()[1]), kText);
}

TEST(Zip, BytesBeforeTheArchiveShiftEveryOffset) {
  const BuiltZip zip =
      build_zip({{.name = "a", .content = "one"}, {.name = "b", .content = "two"}}, "#!/bin/sh\n");
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 2U);
  EXPECT_EQ(content_of(archive, archive.entries()[1]), "two");
  EXPECT_THAT(gaps_of(archive), HasSubstr("10 bytes stand before the archive"));
}

TEST(Zip, BytesBehindTheArchiveDoNotHideIt) {
  BuiltZip zip = build_zip({{.name = "a", .content = "one"}});
  zip.bytes += std::string(100'000, 'z');
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 1U);
  EXPECT_THAT(gaps_of(archive), HasSubstr("not followed by its comment alone"));
}

TEST(Zip, AForgedEndRecordInTheCommentDoesNotHideEntries) {
  const BuiltZip empty = build_zip({});
  std::string forged = empty.bytes;
  testing::poke32(forged, 12, 7);  // a directory size that leads nowhere
  const BuiltZip zip = build_zip({{.name = "a", .content = "one"}}, "", forged);
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 1U);
  EXPECT_EQ(content_of(archive, archive.entries()[0]), "one");
}

TEST(Zip, AWrongCrcIsReadWithAGap) {
  const BuiltZip zip = build_zip({{.name = "s", .content = "stored", .crc32 = 1},
                                  {.name = "d", .content = kText, .deflate = true, .crc32 = 2}});
  const ZipArchive archive = opened(zip);
  for (const ZipEntry& entry : archive.entries()) {
    const auto content = archive.read(entry);
    ASSERT_TRUE(content);
    ASSERT_TRUE(content->gap);
    EXPECT_THAT(content->gap->why, HasSubstr("CRC-32 is"));
    EXPECT_FALSE(archive.read(entry, {.check_crc = false})->gap);
  }
}

TEST(Zip, AWrongDeclaredSizeIsReadWholeWithAGap) {
  const BuiltZip zip = build_zip(
      {{.name = "short", .content = kText, .deflate = true, .uncompressed_size = 10},
       {.name = "long", .content = kText, .deflate = true, .uncompressed_size = 9999},
       {.name = "huge", .content = kText, .deflate = true, .uncompressed_size = 0xfffffff0U}});
  const ZipArchive archive = opened(zip);
  for (const ZipEntry& entry : archive.entries()) {
    const auto content = archive.read(entry);
    ASSERT_TRUE(content) << describe(content.error());
    EXPECT_EQ(as_text(content->bytes()), kText);
    ASSERT_TRUE(content->gap);
    EXPECT_THAT(content->gap->why, HasSubstr("unpacks to 5000 bytes"));
  }
}

TEST(Zip, TheEncryptionFlagAloneDoesNotHideContent) {
  const BuiltZip zip = build_zip({{.name = "e", .content = kText, .deflate = true, .flags = 1}});
  const ZipArchive archive = opened(zip);
  EXPECT_EQ(content_of(archive, archive.entries()[0]), kText);
  EXPECT_THAT(gaps_of(archive), HasSubstr("encryption flag"));
}

TEST(Zip, ReallyEncryptedDataIsSaidToBeSo) {
  BuiltZip zip = build_zip({{.name = "e", .content = kText, .deflate = true, .flags = 1}});
  for (std::size_t i = 31; i < 40; ++i) zip.bytes[i] = static_cast<char>(0xff);
  const ZipArchive archive = opened(zip);
  const auto content = archive.read(archive.entries()[0]);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::kUnsupported);
}

TEST(Zip, UnknownMethodsAreStoredAsForAndroid) {
  const BuiltZip zip = build_zip({{.name = "AndroidManifest.xml",
                                   .content = "manifest",
                                   .method = 26221,
                                   .compressed_size = 3}});
  const ZipArchive archive = opened(zip);
  EXPECT_EQ(content_of(archive, archive.entries()[0]), "manifest");
  EXPECT_THAT(gaps_of(archive), HasSubstr("method 26221 is unknown to Android"));
}

TEST(Zip, DuplicateNamesAreKeptAndTheFirstIsFound) {
  const BuiltZip zip = build_zip(
      {{.name = "classes.dex", .content = "first"}, {.name = "classes.dex", .content = "second"}});
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 2U);
  EXPECT_FALSE(archive.entries()[0].shadowed);
  EXPECT_TRUE(archive.entries()[1].shadowed);
  EXPECT_EQ(content_of(archive, *archive.find("classes.dex")), "first");
  EXPECT_EQ(content_of(archive, archive.entries()[1]), "second");
  EXPECT_THAT(gaps_of(archive), HasSubstr("same name"));
}

TEST(Zip, ABadLocalHeaderIsReadByTheCentralDirectory) {
  BuiltZip zip = build_zip({{.name = "a", .content = "one"},
                            {.name = "b", .content = "two"},
                            {.name = "c", .content = "three", .local_name = "x"}});
  testing::poke32(zip.bytes, zip.local_offsets[0], 0xdeadbeefU);
  const ZipArchive archive = opened(zip);
  EXPECT_EQ(content_of(archive, archive.entries()[0]), "one");
  EXPECT_EQ(content_of(archive, archive.entries()[2]), "three");
  EXPECT_THAT(gaps_of(archive), HasSubstr("t.zip!/a: no local header"));
  EXPECT_THAT(gaps_of(archive), HasSubstr("t.zip!/c: its local header has another name"));
}

TEST(Zip, ADisagreeingLocalHeaderIsAGap) {
  BuiltZip zip = build_zip({{.name = "a", .content = "one"}});
  testing::poke32(zip.bytes, zip.local_offsets[0] + 14, 7);
  EXPECT_THAT(gaps_of(opened(zip)), HasSubstr("other sizes or another CRC"));
}

TEST(Zip, HostileNamesAreKeptAsTheyAre) {
  const std::string nul("a\0b", 3);
  const BuiltZip zip = build_zip({{.name = "../../etc/passwd", .content = "1"},
                                  {.name = nul, .content = "2"},
                                  {.name = "c:\\windows", .content = "3"},
                                  {.name = "\xff\xfe", .content = "4"}});
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 4U);
  EXPECT_EQ(archive.entries()[1].name, nul);
  EXPECT_EQ(content_of(archive, *archive.find("../../etc/passwd")), "1");
}

TEST(Zip, OverlappingEntriesAreRead) {
  BuiltZip zip = build_zip({{.name = "a", .content = "one"}, {.name = "a2", .content = "two"}});
  testing::poke32(zip.bytes, zip.central_offsets[1] + 42,
                  0);  // both point at the first local header
  const ZipArchive archive = opened(zip);
  EXPECT_EQ(content_of(archive, archive.entries()[0]), "one");
  EXPECT_THAT(gaps_of(archive), HasSubstr("overlaps an earlier entry"));
}

TEST(Zip, ABombEndsAtTheLimit) {
  const BuiltZip zip = build_zip({{.name = "bomb",
                                   .content = std::string(8 << 20, '\0'),
                                   .deflate = true,
                                   .uncompressed_size = 5}});
  const ZipArchive archive = opened(zip);
  const auto content = archive.read(archive.entries()[0], {.limit = 1 << 20});
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(archive.read(archive.entries()[0]));
}

TEST(Zip, StoredEntriesObeyTheLimitToo) {
  const BuiltZip zip = build_zip({{.name = "s", .content = kText}});
  const ZipArchive archive = opened(zip);
  const auto content = archive.read(archive.entries()[0], {.limit = 100});
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, ErrorCode::kLimit);
}

TEST(Zip, WithoutACentralDirectoryEntriesAreRecovered) {
  BuiltZip zip = build_zip({{.name = "a", .content = "one"},
                            {.name = "b", .content = kText, .deflate = true, .descriptor = true},
                            {.name = "c", .content = "stored behind", .descriptor = true},
                            {.name = "d", .content = kText, .deflate = true}});
  zip.bytes.resize(zip.directory_offset);
  const ZipArchive archive = opened(zip);
  EXPECT_TRUE(archive.recovered());
  ASSERT_EQ(archive.entries().size(), 4U);
  EXPECT_EQ(content_of(archive, *archive.find("a")), "one");
  EXPECT_EQ(content_of(archive, *archive.find("b")), kText);
  EXPECT_EQ(content_of(archive, *archive.find("c")), "stored behind");
  EXPECT_EQ(content_of(archive, *archive.find("d")), kText);
  EXPECT_FALSE(archive.read(*archive.find("b"))->gap);
  EXPECT_THAT(gaps_of(archive),
              HasSubstr("central directory missing: 4 entries recovered from local headers"));
}

TEST(Zip, ACutLastEntryIsKeptAsFarAsItGoes) {
  BuiltZip zip = build_zip({{.name = "a", .content = "one"}, {.name = "b", .content = kText}});
  zip.bytes.resize(zip.local_offsets[1] + 131);
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 2U);
  EXPECT_EQ(archive.entries()[1].data.size(), 100U);
  EXPECT_THAT(gaps_of(archive), HasSubstr("its data is cut: 100 of 5000 bytes are there"));
}

TEST(Zip, ADamagedCentralRecordLosesNothing) {
  BuiltZip zip = build_zip({{.name = "a", .content = "one"},
                            {.name = "b", .content = "two"},
                            {.name = "c", .content = "three"}});
  testing::poke32(zip.bytes, zip.central_offsets[1], 0);
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 3U);
  ASSERT_NE(archive.find("b"), nullptr);
  EXPECT_TRUE(archive.find("b")->recovered);
  EXPECT_EQ(content_of(archive, *archive.find("b")), "two");
  EXPECT_THAT(gaps_of(archive), HasSubstr("the central directory is broken"));
}

TEST(Zip, RecordsBeyondTheDeclaredCountAreListed) {
  BuiltZip zip = build_zip({{.name = "a", .content = "one"}, {.name = "hidden", .content = "two"}});
  zip.bytes[zip.end_offset + 8] = zip.bytes[zip.end_offset + 10] = 1;
  const ZipArchive archive = opened(zip);
  ASSERT_EQ(archive.entries().size(), 2U);
  EXPECT_THAT(gaps_of(archive), HasSubstr("declares 1 entries, the central directory holds 2"));
}

TEST(Zip, WhatIsNoArchiveIsOneClearError) {
  const auto empty = ZipArchive::open({}, "e.apk");
  ASSERT_FALSE(empty);
  EXPECT_EQ(describe(empty.error()), "e.apk: the file is empty; get the file again");
  const auto text =
      ZipArchive::open(as_bytes("just some text, long enough for an end record"), "t.apk");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(text.error().what, HasSubstr("not a ZIP archive"));
}

TEST(Zip, AnArchiveWithoutEntriesIsOne) {
  const ZipArchive archive = opened(build_zip({}));
  EXPECT_TRUE(archive.entries().empty());
}

TEST(Inflate, LeavesWhatStandsBehindTheStream) {
  const std::string raw = testing::deflated(kText) + "tail";
  const auto unpacked = inflate(as_bytes(raw), 0, kMaxZipEntrySize, "t");
  ASSERT_TRUE(unpacked);
  EXPECT_EQ(as_text(unpacked->bytes()), kText);
  EXPECT_EQ(unpacked->consumed, raw.size() - 4);
  const auto broken = inflate(as_bytes("\xff\xff\xff\xff"), 0, kMaxZipEntrySize, "t");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kCorrupt);
}

TEST(Inflate, ReadsPythonsGzipAndZlibAndRefusesTheirWrongChecksums) {
  const testing::TemporaryFolder folder;
  const auto make = [&](const std::string& module) {
    const std::string path = (folder.path() / module).string();
    EXPECT_TRUE(testing::run_command(testing::test_python() + " -c 'import " + module +
                                     "; open(\"" + path + "\", \"wb\").write(" + module +
                                     ".compress(b\"daylight\" * 999))'"));
    return read_file(path).value_or("");
  };
  std::string expected;
  for (int i = 0; i < 999; ++i) expected += "daylight";
  for (const auto& [module, wrapper] :
       {std::pair{"gzip", DeflateWrapper::kGzip}, std::pair{"zlib", DeflateWrapper::kZlib}}) {
    std::string packed = make(module);
    const auto unpacked = inflate(as_bytes(packed), 0, kMaxZipEntrySize, "t", wrapper);
    ASSERT_TRUE(unpacked) << module;
    EXPECT_EQ(as_text(unpacked->bytes()), expected);
    ASSERT_GT(packed.size(), 10U);
    packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1);
    packed[packed.size() - 2] = static_cast<char>(packed[packed.size() - 2] ^ 1);
    EXPECT_FALSE(inflate(as_bytes(packed), 0, kMaxZipEntrySize, "t", wrapper)) << module;
  }
}

// Every entry of every app: name, size and SHA-256 as Python's zipfile unpacks it ("-" where that
// refuses).
std::string python_listing(const std::string& app) {
  const std::string script =
      "import sys,zipfile,hashlib\n"
      "z=zipfile.ZipFile(sys.argv[1])\n"
      "for i in z.infolist():\n"
      "    try:\n"
      "        d=z.read(i); print(i.filename, len(d), hashlib.sha256(d).hexdigest())\n"
      "    except Exception: print(i.filename, \"-\")\n";
  return testing::run_command(testing::test_python() + " -c '" + script + "' '" + app + "'")
      .value_or("");
}

// Compares every entry; gives how many zipfile could unpack.
std::size_t compare_with_python(const std::filesystem::path& app) {
  SCOPED_TRACE(app.filename());
  const auto mapped = MappedFile::open(app);
  EXPECT_TRUE(mapped);
  const auto archive = ZipArchive::open(mapped->bytes(), "app");
  EXPECT_TRUE(archive);
  std::size_t compared = 0;
  std::size_t index = 0;
  std::istringstream lines(python_listing(app.string()));
  for (std::string line; std::getline(lines, line); ++index) {
    if (index >= archive->entries().size()) break;
    const ZipEntry& entry = archive->entries()[index];
    const auto content = archive->read(entry);
    EXPECT_TRUE(content);
    if (!content) continue;
    const std::string name(entry.name);
    if (line == name + " -") {
      EXPECT_TRUE(content->gap) << name;  // zipfile refuses a wrong CRC or size
      continue;
    }
    EXPECT_EQ(line, name + " " + std::to_string(content->bytes().size()) + " " +
                        sha256_hex(content->bytes()));
    EXPECT_FALSE(content->gap);
    ++compared;
  }
  EXPECT_EQ(index, archive->entries().size());
  return compared;
}

TEST(ZipOracle, EntriesOfSomeAppsEqualPythons) {
  DAYLIGHT_SHARED_OR_SKIP(plain, "apps/facegauge-plain.apk");
  DAYLIGHT_SHARED_OR_SKIP(many, "apps/instapaper.apk");
  DAYLIGHT_SHARED_OR_SKIP(damaged, "apps/redex-test.apk");
  EXPECT_EQ(compare_with_python(plain), 9U);
  EXPECT_EQ(compare_with_python(many), 762U);
  EXPECT_EQ(compare_with_python(damaged), 7U);
}

TEST(ZipOracle, EntriesOfManyAppsEqualPythons) {
  DAYLIGHT_SHARED_OR_SKIP(apps, "apps");
  std::size_t compared = 0;
  for (const auto& file : std::filesystem::directory_iterator(apps)) {
    compared += compare_with_python(file.path());
  }
  EXPECT_GT(compared, 4000U);
}

TEST(ZipOracle, TheDamagedAppIsReadWithAGap) {
  DAYLIGHT_SHARED_OR_SKIP(app, "apps/redex-test.apk");
  const auto mapped = MappedFile::open(app);
  ASSERT_TRUE(mapped);
  const auto archive = ZipArchive::open(mapped->bytes(), "redex-test.apk");
  ASSERT_TRUE(archive);
  const auto dex = archive->read(*archive->find("classes.dex"));
  ASSERT_TRUE(dex);
  ASSERT_TRUE(dex->gap);
  EXPECT_THAT(dex->gap->why, HasSubstr("the archive declares 597924"));
}

TEST(ZipOracle, ATruncatedAppGivesTheEntriesThatAreThere) {
  DAYLIGHT_SHARED_OR_SKIP(app, "apps/facegauge-plain.apk");
  const auto mapped = MappedFile::open(app);
  ASSERT_TRUE(mapped);
  const auto whole = ZipArchive::open(mapped->bytes(), "app");
  ASSERT_TRUE(whole);
  const auto cut = ZipArchive::open(mapped->bytes().first(mapped->bytes().size() - 5000), "app");
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->entries().size(), whole->entries().size());
  for (const ZipEntry& entry : cut->entries()) {
    const ZipEntry* original = whole->find(entry.name);
    ASSERT_NE(original, nullptr);
    EXPECT_EQ(entry.data_offset, original->data_offset);
    EXPECT_EQ(entry.compressed_size, original->compressed_size);
  }
}

}  // namespace
}  // namespace dl
