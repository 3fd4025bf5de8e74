// SPDX-License-Identifier: Apache-2.0
// Manifests of bundles: made by aapt2 from text and compared with its binary form, and made by
// hand; manifests of libraries as text.
#include "daylight/format/package/proto_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/package/android_manifest.h"
#include "daylight/format/package/xml_text.h"
#include "support/protobuf_builder.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::pb_bytes;
using testing::pb_int;

constexpr const char* kManifest = R"(<?xml version="1.0" encoding="utf-8"?>
<!-- &lt; a note > -->
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="org.example.ager"
    android:versionCode="70" android:versionName="1.4">
  <uses-sdk android:minSdkVersion="21" android:targetSdkVersion="30"/>
  <uses-permission android:name="android.permission.CAMERA"/>
  <application android:label="@string/app_name" android:debuggable="true">
    <activity android:name=".Main" android:exported="true">
      <intent-filter>
        <action android:name="android.intent.action.MAIN"/>
        <category android:name="android.intent.category.LAUNCHER"/>
      </intent-filter>
    </activity>
    <meta-data android:name="com.google.mlkit.vision.DEPENDENCIES" android:value="face &amp; ocr"/>
    <meta-data android:name="count" android:value="7"/>
  </application>
</manifest>
)";

// aapt2's package of kManifest, in its binary or its Protocol Buffer form.
std::optional<std::map<std::string, std::string>> linked(bool proto) {
  const std::filesystem::path framework = "/usr/share/android-framework-res/framework-res.apk";
  if (!std::filesystem::exists(framework)) return std::nullopt;
  const testing::TemporaryFolder folder;
  const std::string at = folder.path().string();
  std::filesystem::create_directories(folder.path() / "res" / "values");
  std::ofstream(at + "/AndroidManifest.xml") << kManifest;
  std::ofstream(at + "/res/values/strings.xml")
      << "<resources><string name=\"app_name\">How old</string>"
         "<string name=\"other\">@string/app_name</string></resources>";
  if (!testing::run_command("cd '" + at + "' && aapt2 compile --dir res -o res.zip && aapt2 link " +
                            (proto ? "--proto-format " : "") + "-o out.apk -I " +
                            framework.string() + " --manifest AndroidManifest.xml res.zip"))
    return std::nullopt;
  const auto file = MappedFile::open(folder.path() / "out.apk");
  if (!file) return std::nullopt;
  const auto archive = ZipArchive::open(file->bytes(), "out.apk");
  std::map<std::string, std::string> out;
  for (const ZipEntry& entry : archive->entries()) {
    const auto bytes = archive->read(entry);
    if (bytes) out[std::string(entry.name)] = as_text(bytes->bytes());
  }
  return out;
}

void expect_manifest(const ManifestInfo& info, bool label) {
  EXPECT_EQ(info.package, "org.example.ager");
  EXPECT_EQ(info.version_code, 70);
  EXPECT_EQ(info.version_name, "1.4");
  EXPECT_EQ(info.min_sdk, 21);
  EXPECT_TRUE(info.debuggable);
  if (label) {
    EXPECT_EQ(info.label, "How old");
  }
  EXPECT_THAT(info.permissions, ElementsAre("android.permission.CAMERA"));
  ASSERT_EQ(info.components.size(), 1U);
  EXPECT_EQ(info.components[0].name, "org.example.ager.Main");
  EXPECT_TRUE(info.components[0].exported);
  EXPECT_THAT(info.components[0].actions, ElementsAre("android.intent.action.MAIN"));
  ASSERT_EQ(info.meta_data.size(), 2U);
  EXPECT_EQ(info.meta_data[0].value, "face & ocr");
  EXPECT_EQ(info.meta_data[1].value, "7");
}

TEST(ProtoXml, SaysWhatTheBinaryFormSays) {
  const auto proto = linked(true);
  const auto binary = linked(false);
  if (!proto || !binary) GTEST_SKIP() << "aapt2 or the platform's resources are absent here";
  const std::string& manifest = proto->at("AndroidManifest.xml");
  EXPECT_TRUE(looks_like_proto_xml(as_bytes(manifest)));
  EXPECT_FALSE(looks_like_proto_xml(as_bytes(binary->at("AndroidManifest.xml"))));
  auto document = parse_proto_xml(as_bytes(manifest), "AndroidManifest.xml");
  ASSERT_TRUE(document) << describe(document.error());
  EXPECT_THAT(document->gaps.list(), IsEmpty());
  const auto theirs = parse_axml(as_bytes(binary->at("AndroidManifest.xml")), "b");
  ASSERT_TRUE(theirs);
  ASSERT_EQ(document->elements.size(), theirs->elements.size());
  for (std::size_t i = 0; i < theirs->elements.size(); ++i) {
    const AxmlElement& ours = document->elements[i];
    EXPECT_EQ(ours.name, theirs->elements[i].name);
    EXPECT_EQ(ours.parent, theirs->elements[i].parent);
    EXPECT_EQ(ours.depth, theirs->elements[i].depth);
    EXPECT_EQ(ours.line, theirs->elements[i].line);
    for (const AxmlAttribute& attribute : theirs->elements[i].attributes) {
      const AxmlAttribute* same = ours.attribute(attribute.resource_id, attribute.name);
      ASSERT_NE(same, nullptr) << attribute.name;
      EXPECT_EQ(same->namespace_uri, attribute.namespace_uri);
      EXPECT_EQ(same->value.type, attribute.value.type) << attribute.name;
      if (attribute.value.type == ResType::kString) {
        EXPECT_EQ(same->text, attribute.text);
      } else {
        EXPECT_EQ(same->value.data, attribute.value.data) << attribute.name;
      }
    }
  }
  const auto strings = ProtoStrings::parse(as_bytes(proto->at("resources.pb")), "resources.pb");
  ASSERT_TRUE(strings) << describe(strings.error());
  EXPECT_EQ(strings->string_of(0x7f010000), "How old");
  EXPECT_EQ(strings->string_of(0x7f010001), "How old");  // by reference
  EXPECT_FALSE(strings->string_of(0x7f010002));
  resolve_strings(*strings, *document);
  const auto info = read_manifest(*document, nullptr, "AndroidManifest.xml");
  ASSERT_TRUE(info);
  EXPECT_THAT(info->gaps.list(), IsEmpty());
  expect_manifest(*info, true);
}

TEST(ProtoXml, XmlAsTextSaysTheSame) {
  EXPECT_TRUE(looks_like_xml_text(as_bytes(kManifest)));
  const auto document = parse_xml_text(as_bytes(kManifest), "AndroidManifest.xml");
  ASSERT_TRUE(document);
  EXPECT_THAT(document->gaps.list(), IsEmpty());
  EXPECT_EQ(document->elements[0].attributes[1].namespace_uri,
            "http://schemas.android.com/apk/res/android");
  EXPECT_EQ(document->elements[3].line, 7U);
  const auto info = read_manifest(*document, nullptr, "AndroidManifest.xml");
  ASSERT_TRUE(info);
  expect_manifest(*info, false);
  // The same in UTF-16.
  std::string wide = "\xff\xfe";
  for (const char c : std::string(kManifest)) wide += std::string{c, '\0'};
  EXPECT_TRUE(looks_like_xml_text(as_bytes(wide)));
  const auto again = parse_xml_text(as_bytes(wide), "AndroidManifest.xml");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->elements.size(), document->elements.size());
}

TEST(ProtoXml, ReadsXmlTextLeniently) {
  const auto document = parse_xml_text(
      as_bytes("<a x = 'it&apos;s' y=\"&#x263a;&nbsp;\"><b/>text<c><d></c>more</a></a><e/>"), "x");
  ASSERT_TRUE(document);
  ASSERT_EQ(document->elements.size(), 5U);
  EXPECT_EQ(document->elements[0].attributes[0].text, "it's");
  EXPECT_EQ(document->elements[0].attributes[1].text, "\xe2\x98\xba&nbsp;");
  EXPECT_EQ(document->elements[0].text, "textmore");
  EXPECT_EQ(document->elements[3].parent, 2);
  EXPECT_EQ(document->elements[4].parent, -1);
  EXPECT_EQ(document->gaps.count(), 2U);
  EXPECT_FALSE(parse_xml_text(as_bytes("no tags"), "x"));
  const auto cut = parse_xml_text(as_bytes("<a><b x='1"), "x");
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->elements.size(), 1U);
  EXPECT_THAT(cut->gaps.list()[0].why, HasSubstr("the rest is not read"));
}

// What aapt2 does not write: types of values, damage, depth.
TEST(ProtoXml, ReadsMessagesMadeByHand) {
  const auto attribute = [](const std::string& name, const std::string& item) {
    return pb_bytes(4, pb_bytes(2, name) + pb_bytes(6, item));
  };
  const std::string element =
      pb_bytes(3, "manifest") + attribute("flag", pb_bytes(7, pb_int(8, 1))) +
      attribute("hex", pb_bytes(7, pb_int(7, 255))) +
      attribute("raw", pb_bytes(3, pb_bytes(1, "raw text"))) +
      attribute("ref", pb_bytes(1, pb_int(2, 0x7f010000))) +
      attribute("number", pb_bytes(7, pb_int(6, -3))) + pb_bytes(5, pb_bytes(2, "inside"));
  const std::string node = pb_bytes(1, element) + pb_bytes(3, pb_int(1, 12));
  const auto document = parse_proto_xml(as_bytes(node), "x");
  ASSERT_TRUE(document);
  const AxmlElement& root = document->elements.front();
  EXPECT_EQ(root.line, 12U);
  EXPECT_EQ(root.text, "inside");
  EXPECT_EQ(simple_text(root.attributes[0].value), "true");
  EXPECT_EQ(root.attributes[1].value.data, 255U);
  EXPECT_EQ(root.attributes[2].text, "raw text");
  EXPECT_TRUE(root.attributes[3].value.is_reference());
  EXPECT_EQ(simple_text(root.attributes[4].value), "-3");
  EXPECT_FALSE(parse_proto_xml(as_bytes("text"), "x"));
  EXPECT_FALSE(ProtoStrings::parse(as_bytes("text"), "x"));
  std::string deep = pb_bytes(3, "leaf");
  for (int i = 0; i < 400; ++i) deep = pb_bytes(3, "e") + pb_bytes(5, pb_bytes(1, deep));
  const auto bounded = parse_proto_xml(as_bytes(pb_bytes(1, deep)), "x");
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->elements.size(), kMaxProtoXmlDepth + 1);
  EXPECT_FALSE(bounded->gaps.empty());
  for (std::size_t i = 0; i < node.size(); ++i)
    static_cast<void>(parse_proto_xml(as_bytes(node.substr(0, i)), "x"));
}

// A string that refers to itself.
TEST(ProtoXml, EndsCircularReferences) {
  const std::string item = pb_bytes(1, pb_int(2, 0x7f010000));
  const std::string entry = pb_bytes(3, pb_bytes(6, pb_bytes(2, pb_bytes(4, item))));
  const std::string table =
      pb_bytes(2, pb_bytes(1, pb_int(1, 0x7f)) + pb_bytes(3, pb_bytes(1, pb_int(1, 1)) + entry));
  const auto strings = ProtoStrings::parse(as_bytes(table), "x");
  ASSERT_TRUE(strings);
  EXPECT_EQ(strings->size(), 1U);
  EXPECT_FALSE(strings->string_of(0x7f010000));
}

}  // namespace
}  // namespace dl
