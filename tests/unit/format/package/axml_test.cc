// SPDX-License-Identifier: Apache-2.0
// Binary XML: documents that the test writes, damaged in the ways obfuscators damage them, and real
// ones against aapt.
#include "daylight/format/package/axml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/zip.h"
#include "support/res_builder.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using testing::AxmlBuilder;
using ::testing::HasSubstr;

constexpr std::uint32_t kNameId = 0x01010003;

AxmlBuilder sample() {
  AxmlBuilder builder;
  builder.start("manifest", {{.name = "package", .text = "org.example"}}, 2);
  builder.start(
      "application",
      {{.name = "name", .resource_id = kNameId, .text = ".App", .android = "android"},
       {.name = "debuggable", .resource_id = 0x0101000f, .type = 0x12, .data = 0xffffffffU}},
      5);
  builder.text("hello");
  builder.end("application");
  builder.end("manifest");
  return builder;
}

AxmlDocument parsed(const std::string& bytes) {
  auto document = parse_axml(as_bytes(bytes), "m.xml");
  EXPECT_TRUE(document) << describe(document.error());
  return document ? *std::move(document) : AxmlDocument();
}

std::string gaps_of(const AxmlDocument& document) {
  std::string text;
  for (const FormatGap& gap : document.gaps.list()) text += gap.why + "\n";
  return text;
}

TEST(Axml, ReadsElementsAttributesAndText) {
  for (const bool utf8 : {false, true}) {
    const AxmlDocument document = parsed(sample().build(utf8));
    EXPECT_EQ(gaps_of(document), "");
    ASSERT_EQ(document.elements.size(), 2U);
    EXPECT_EQ(document.elements[0].name, "manifest");
    EXPECT_EQ(document.elements[0].parent, -1);
    const AxmlElement& application = document.elements[1];
    EXPECT_EQ(application.parent, 0);
    EXPECT_EQ(application.depth, 1U);
    EXPECT_EQ(application.line, 5U);
    EXPECT_EQ(application.text, "hello");
    ASSERT_EQ(application.attributes.size(), 2U);
    EXPECT_EQ(application.attributes[0].namespace_uri, "android");
    EXPECT_EQ(application.attributes[0].text, ".App");
    EXPECT_EQ(application.attributes[1].value.type, ResType::kIntBoolean);
    EXPECT_EQ(application.attributes[1].value.data, 0xffffffffU);
  }
}

TEST(Axml, AttributesAreFoundByIdThoughTheirNamesAreGone) {
  AxmlBuilder builder;
  builder.start("manifest", {{.name = "", .resource_id = kNameId, .text = "by id"},
                             {.name = "name", .text = "by name"}});
  const AxmlDocument document = parsed(builder.build());
  EXPECT_EQ(document.elements[0].attribute(kNameId, "name")->text, "by id");
  EXPECT_EQ(document.elements[0].attribute(0, "name")->text, "by name");
  EXPECT_EQ(document.elements[0].attribute(0x0101000f, "debuggable"), nullptr);
}

TEST(Axml, AWrongDocumentTypeIsReadAsAndroidReadsIt) {
  std::string bytes = sample().build();
  bytes[0] = 0;
  const AxmlDocument document = parsed(bytes);
  EXPECT_EQ(document.elements.size(), 2U);
  EXPECT_THAT(gaps_of(document), HasSubstr("the document's type is 0, not 3"));
}

TEST(Axml, UnknownChunksAreSkipped) {
  AxmlBuilder builder;
  builder.start("a");
  builder.raw(testing::res_chunk(0x7777, "", "12345678"));
  builder.start("b");
  builder.end("b");
  builder.end("a");
  const AxmlDocument document = parsed(builder.build());
  EXPECT_EQ(document.elements.size(), 2U);
  EXPECT_EQ(gaps_of(document), "");
}

TEST(Axml, ADocumentSizeThatLiesIsCut) {
  std::string bytes = sample().build();
  testing::poke32(bytes, 4, 0x7fffffff);
  const AxmlDocument document = parsed(bytes);
  EXPECT_EQ(document.elements.size(), 2U);
  EXPECT_THAT(gaps_of(document), HasSubstr("declares more bytes than there are"));
}

TEST(Axml, AStringCountThatLiesIsCut) {
  std::string bytes = sample().build();
  testing::poke32(bytes, 8 + 8, 0x10000000);  // of the pool, the first chunk
  const AxmlDocument document = parsed(bytes);
  EXPECT_EQ(document.elements[0].name, "manifest");
  EXPECT_THAT(gaps_of(document), HasSubstr("declares 268435456 strings"));
}

TEST(Axml, AttributeCountsThatLieAreCut) {
  AxmlBuilder builder;
  builder.start("a", {{.name = "x", .text = "y"}});
  std::string bytes = builder.build();
  const std::size_t element = bytes.rfind(std::string("\x02\x01\x10\x00", 4));
  ASSERT_NE(element, std::string::npos);
  bytes[element + 28] = 50;
  const AxmlDocument document = parsed(bytes);
  ASSERT_EQ(document.elements.size(), 1U);
  EXPECT_EQ(document.elements[0].attributes.size(), 1U);
  EXPECT_THAT(gaps_of(document), HasSubstr("<a> declares 50 attributes, 1 were read"));
}

TEST(Axml, AZeroChunkSizeEndsTheDocument) {
  AxmlBuilder builder;
  builder.start("a");
  builder.raw(std::string("\x02\x01\x10\x00\x00\x00\x00\x00", 8));
  const AxmlDocument document = parsed(builder.build());
  EXPECT_EQ(document.elements.size(), 1U);
  EXPECT_THAT(gaps_of(document), HasSubstr("has no size: the rest is not read"));
  EXPECT_THAT(gaps_of(document), HasSubstr("ends inside 1 elements"));
}

TEST(Axml, EndsWithoutBeginningsAreGaps) {
  AxmlBuilder builder;
  builder.start("a");
  builder.end("a");
  builder.end("a");
  EXPECT_THAT(gaps_of(parsed(builder.build())), HasSubstr("an element ends that did not begin"));
}

TEST(Axml, DepthIsBounded) {
  AxmlBuilder builder;
  for (std::size_t i = 0; i < kMaxAxmlDepth + 5; ++i) builder.start("a");
  const AxmlDocument document = parsed(builder.build());
  EXPECT_EQ(document.elements.size(), kMaxAxmlDepth);
  EXPECT_THAT(gaps_of(document), HasSubstr("nested deeper than"));
}

TEST(Axml, WhatIsNoDocumentIsAnError) {
  EXPECT_FALSE(parse_axml({}, "e"));
  EXPECT_FALSE(parse_axml(as_bytes("<manifest package='x'/>"), "text.xml"));
  EXPECT_FALSE(parse_axml(as_bytes(testing::res_chunk(3, "", testing::res_pool({"a"}, true))),
                          "no elements"));
}

TEST(ResStringPool, DecodesSurrogatesAndLongStrings) {
  const std::string pair("\x3d\xd8\x00\xde", 4);  // U+1F600 in UTF-16
  std::string pool = testing::res_pool({"ab"}, false);
  pool.replace(pool.size() - 6, 4, pair);
  GapList gaps;
  const auto chunk = res_chunk_at(as_bytes(pool), 0, 0);
  ASSERT_TRUE(chunk);
  const auto read = ResStringPool::parse(*chunk, "t", gaps);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(0), "\xf0\x9f\x98\x80");
  EXPECT_EQ(read->get(1), std::nullopt);
}

TEST(ResStringPool, AnOverflowedUtf8LengthIsMended) {
  const std::string text(40'000, 'x');  // its length does not fit the 15 bits of the field
  const std::string pool = testing::res_pool({text}, true);
  GapList gaps;
  const auto read = ResStringPool::parse(*res_chunk_at(as_bytes(pool), 0, 0), "t", gaps);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(0).size(), text.size());
}

TEST(ResValue, TextOfSimpleValues) {
  EXPECT_EQ(simple_text({ResType::kIntDec, 0xffffffffU}), "-1");
  EXPECT_EQ(simple_text({ResType::kIntBoolean, 1}), "true");
  EXPECT_EQ(simple_text({ResType::kFloat, 0x3f800000U}), "1");
  EXPECT_EQ(simple_text({ResType::kDimension, 0x00001001U}), "16dp");
  EXPECT_EQ(simple_text({ResType::kFraction, 0x40000030U}), "50%");
  EXPECT_EQ(simple_text({static_cast<ResType>(0x1c), 0xff00ff00U}), "#ff00ff00");
  EXPECT_EQ(simple_text({ResType::kString, 0}), std::nullopt);
}

// Our elements in the words of `aapt dump xmltree`, without indentation and namespace prefixes.
std::string as_aapt_prints(const AxmlDocument& document) {
  std::string out;
  const auto hex = [](const char* format, std::uint32_t value) {
    char text[16];
    static_cast<void>(std::snprintf(text, sizeof(text), format, value));
    return std::string(text);
  };
  for (const AxmlElement& element : document.elements) {
    out += "E: " + element.name + " (line=" + std::to_string(element.line) + ")\n";
    for (const AxmlAttribute& attribute : element.attributes) {
      out += "A: " + attribute.name;
      if (attribute.resource_id != 0) out += hex("(0x%08x)", attribute.resource_id);
      const auto type = static_cast<std::uint8_t>(attribute.value.type);
      switch (attribute.value.type) {
        case ResType::kString:
          out += "=\"" + attribute.text + "\"\n";
          break;
        case ResType::kReference:
          out += "=@" + hex("0x%08x", attribute.value.data) + "\n";
          break;
        case ResType::kAttribute:
          out += "=?" + hex("0x%08x", attribute.value.data) + "\n";
          break;
        default:
          out += "=(type " + hex("0x%x", type) + ")" + hex("0x%x", attribute.value.data) + "\n";
      }
    }
  }
  return out;
}

// The lines that aapt prints for elements and attributes, normalised the same way.
std::string aapt_xmltree(const std::string& app, const std::string& files) {
  std::string out;
  const auto dump =
      testing::run_command("aapt dump xmltree '" + app + "' " + files + " 2>/dev/null");
  for (const std::string& raw : split(dump.value_or(""), '\n')) {
    std::string line(trim(raw));
    if (!line.starts_with("A: ") && !line.starts_with("E: ")) continue;
    if (line.starts_with("A: ")) {
      const std::size_t value = line.find('=');
      const std::size_t colon = line.rfind(':', value);
      if (colon > 1) line = "A: " + line.substr(colon + 1);
      if (const std::size_t shown = line.find(" (Raw: "); shown != std::string::npos)
        line.resize(shown);
    }
    if (line.starts_with("E: ") && line.find(':', 3) != std::string::npos)
      line = "E: " + line.substr(line.find(':', 3) + 1);
    out += line + "\n";
  }
  return out;
}

// The first pair of lines that differ, or "".
std::string first_difference(const std::string& ours, const std::string& theirs) {
  const auto a = split(ours, '\n');
  const auto b = split(theirs, '\n');
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string left = i < a.size() ? a[i] : "(nothing)";
    const std::string right = i < b.size() ? b[i] : "(nothing)";
    if (left != right) return "ours: " + left.substr(0, 200) + "\ntheirs: " + right.substr(0, 200);
  }
  return "";
}

TEST(AxmlOracle, ManifestsAndLayoutsAreWhatAaptPrints) {
  DAYLIGHT_SHARED_OR_SKIP(apps, "apps");
  if (!testing::run_command("command -v aapt")) GTEST_SKIP() << "aapt is absent here";
  std::size_t documents = 0;
  for (const auto& file : std::filesystem::directory_iterator(apps)) {
    SCOPED_TRACE(file.path().filename());
    const auto mapped = MappedFile::open(file.path());
    ASSERT_TRUE(mapped);
    const auto archive = ZipArchive::open(mapped->bytes(), "app");
    ASSERT_TRUE(archive);
    std::string names;
    std::string ours;
    std::size_t taken = 0;
    for (const ZipEntry& entry : archive->entries()) {
      // Names with spaces or quotes would need escaping for the shell: none of these apps has them.
      if (!entry.name.ends_with(".xml") || entry.name.starts_with("assets/") || taken >= 60)
        continue;
      const auto content = archive->read(entry);
      ASSERT_TRUE(content);
      const auto document = parse_axml(content->bytes(), std::string(entry.name));
      if (!document) continue;  // text XML, as in META-INF
      EXPECT_TRUE(document->gaps.empty()) << entry.name;
      names += "'" + std::string(entry.name) + "' ";
      ours += as_aapt_prints(*document);
      ++taken;
    }
    EXPECT_EQ(first_difference(ours, aapt_xmltree(file.path().string(), names)), "");
    documents += taken;
  }
  EXPECT_GT(documents, 300U);
}

}  // namespace
}  // namespace dl
