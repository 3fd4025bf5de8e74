// SPDX-License-Identifier: Apache-2.0
// Property lists that Python writes in both forms, and damaged ones.
#include "daylight/format/package/property_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/text.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::HasSubstr;

std::string gaps_of(const PropertyList& list) {
  std::string text;
  for (const FormatGap& gap : list.gaps.list()) text += gap.why + "\n";
  return text;
}

// What plistlib writes of a Python expression.
std::optional<std::string> written(const std::string& value, bool binary) {
  return testing::run_command(
      "python3 -c \"import plistlib,sys,datetime;sys.stdout.buffer.write(plistlib.dumps(" + value +
      ",fmt=plistlib." + (binary ? "FMT_BINARY" : "FMT_XML") + ",sort_keys=False))\"");
}

constexpr const char* kValue =
    "{'CFBundleIdentifier':'org.example.ager','n':[1,200,70000,-3,2**40,2**63],'r':2.5,'t':True,"
    "'f':False,'e':{},'text':'M\\xfcnchen \\u65e5\\u672c \\U0001f600 "
    "<&>','d':b'\\x00\\x01\\x02\\xff',"
    "'deep':{'a':[{'b':'c'}]},'long':'x'*300}";

TEST(PropertyList, BothFormsSayTheSame) {
  for (const bool binary : {true, false}) {
    const auto bytes = written(kValue, binary);
    ASSERT_TRUE(bytes);
    EXPECT_TRUE(looks_like_property_list(as_bytes(*bytes)));
    const auto list = parse_property_list(as_bytes(*bytes), "Info.plist");
    ASSERT_TRUE(list) << describe(list.error());
    EXPECT_EQ(gaps_of(*list), "");
    EXPECT_EQ(list->binary, binary);
    const Json& root = list->root;
    EXPECT_EQ(root["CFBundleIdentifier"], "org.example.ager");
    EXPECT_EQ(root["n"][3], -3);
    EXPECT_EQ(root["n"][4], std::int64_t{1} << 40);
    EXPECT_EQ(root["n"][5], std::uint64_t{1} << 63);
    EXPECT_EQ(root["r"], 2.5);
    EXPECT_EQ(root["t"], true);
    EXPECT_EQ(root["f"], false);
    EXPECT_EQ(root["e"], Json::object());
    EXPECT_EQ(root["text"], "M\xc3\xbcnchen \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80 <&>");
    EXPECT_EQ(root["d"], "AAEC/w==");
    EXPECT_EQ(root["deep"]["a"][0]["b"], "c");
    EXPECT_EQ(root["long"].get<std::string>().size(), 300U);
    EXPECT_EQ(root.size(), 10U);
  }
}

TEST(PropertyList, ReadsXmlLeniently) {
  const std::string text =
      "\xef\xbb\xbf<?xml version='1.0'?><!-- note --><!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST "
      "1.0//EN\" \"x\" [ <!ENTITY a \"b\"> ]><plist version=\"1.0\"><dict><key>a</key><string>"
      "<![CDATA[1 < 2]]>&#x41;&#66;&unknown;</string><key>b</key><array><integer> 7 </integer>"
      "<true/><date>2024-01-02T03:04:05Z</date></array></dict></plist>";
  const auto list = parse_property_list(as_bytes(text), "Info.plist");
  ASSERT_TRUE(list);
  EXPECT_EQ(gaps_of(*list), "");
  EXPECT_EQ(dump_json_line(list->root),
            R"({"a":"1 < 2AB&unknown;","b":[7,true,"2024-01-02T03:04:05Z"]})");
  // What is cut is kept as far as it goes.
  const auto cut = parse_property_list(as_bytes(text.substr(0, text.find("<true"))), "Info.plist");
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->root["b"][0], 7);
  EXPECT_THAT(gaps_of(*cut), HasSubstr("ends inside of a value"));
}

TEST(PropertyList, SurvivesDamage) {
  EXPECT_EQ(parse_property_list(as_bytes("{ a = b; }"), "x").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(parse_property_list(as_bytes("bplist00"), "x").error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(parse_property_list(as_bytes("<plist></plist>"), "x"));
  EXPECT_FALSE(looks_like_property_list(as_bytes("<html><body>")));
  // An array of two that holds itself twice: 2^128 values, were it followed.
  std::string loop = "bplist00";
  loop += std::string("\xa2\x00\x00", 3);
  loop += std::string("\x08", 1);
  loop +=
      std::string("\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0b", 32);
  const auto list = parse_property_list(as_bytes(loop), "x");
  ASSERT_TRUE(list);
  EXPECT_THAT(gaps_of(*list), HasSubstr("nested deeper"));
  EXPECT_THAT(gaps_of(*list), HasSubstr("larger than is read"));
  const auto bytes = written(kValue, true);
  ASSERT_TRUE(bytes);
  for (std::size_t i = 0; i < bytes->size(); ++i) {
    std::string damaged = *bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x5a);
    static_cast<void>(parse_property_list(as_bytes(damaged), "x"));
    static_cast<void>(parse_property_list(as_bytes(bytes->substr(0, i)), "x"));
  }
}

}  // namespace
}  // namespace dl
