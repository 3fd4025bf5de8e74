// SPDX-License-Identifier: Apache-2.0
// What manifests declare: built ones for each rule, real ones against `aapt dump badging`.
#include "daylight/format/package/android_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/zip.h"
#include "support/res_builder.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using testing::AxmlBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint8_t kInt = 0x10;
constexpr std::uint8_t kBool = 0x12;
constexpr std::uint8_t kReference = 1;

AxmlBuilder::Attribute name(const std::string& text) {
  return {.name = "name", .resource_id = 0x01010003, .text = text};
}
AxmlBuilder::Attribute number(const std::string& attribute, std::uint32_t id, std::uint32_t value,
                              std::uint8_t type = kInt) {
  return {.name = attribute, .resource_id = id, .type = type, .data = value};
}

ManifestInfo read(const AxmlBuilder& builder, const ResourceTable* resources = nullptr) {
  const std::string bytes = builder.build();
  const auto document = parse_axml(as_bytes(bytes), "m.xml");
  EXPECT_TRUE(document);
  auto info = read_manifest(*document, resources, "m.xml");
  EXPECT_TRUE(info) << describe(info.error());
  return info ? *std::move(info) : ManifestInfo();
}

TEST(Manifest, ClassNamesAreResolvedAsAndroidDoes) {
  EXPECT_EQ(manifest_class_name("org.a", ".B"), "org.a.B");
  EXPECT_EQ(manifest_class_name("org.a", "B"), "org.a.B");
  EXPECT_EQ(manifest_class_name("org.a", "com.x.B"), "com.x.B");
  EXPECT_EQ(manifest_class_name("org.a", ""), "");
}

TEST(Manifest, ReadsVersionsAndFlags) {
  AxmlBuilder builder;
  builder.start("manifest", {{.name = "package", .text = "org.a"},
                             {.name = "versionName", .resource_id = 0x0101021c, .text = "1.2"},
                             number("versionCode", 0x0101021b, 7),
                             number("versionCodeMajor", 0x01010576, 2),
                             {.name = "split", .text = "config.arm64_v8a"}});
  builder.start("uses-sdk", {number("minSdkVersion", 0x0101020c, 21),
                             number("targetSdkVersion", 0x01010270, 30)});
  builder.end("uses-sdk");
  builder.start("uses-permission", {name("android.permission.CAMERA")});
  builder.end("uses-permission");
  builder.start("uses-feature",
                {name("android.hardware.camera"), number("required", 0x0101028e, 0, kBool)});
  builder.end("uses-feature");
  builder.start("application", {name(".App"), number("debuggable", 0x0101000f, 0xffffffffU, kBool),
                                number("extractNativeLibs", 0x010104ea, 0, kBool)});
  builder.start("uses-native-library",
                {name("libOpenCL.so"), number("required", 0x0101028e, 0, kBool)});
  const ManifestInfo info = read(builder);
  EXPECT_EQ(info.package, "org.a");
  EXPECT_EQ(info.version_name, "1.2");
  EXPECT_EQ(info.version_code, (std::int64_t{2} << 32) + 7);
  EXPECT_EQ(info.split, "config.arm64_v8a");
  EXPECT_EQ(info.min_sdk, 21);
  EXPECT_EQ(info.target_sdk, 30);
  EXPECT_THAT(info.permissions, ElementsAre("android.permission.CAMERA"));
  ASSERT_EQ(info.features.size(), 1U);
  EXPECT_FALSE(info.features[0].required);
  EXPECT_EQ(info.application_class, "org.a.App");
  EXPECT_TRUE(info.debuggable);
  EXPECT_EQ(info.extract_native_libs, false);
  ASSERT_EQ(info.native_libraries.size(), 1U);
  EXPECT_EQ(info.native_libraries[0].name, "libOpenCL.so");
  EXPECT_FALSE(info.native_libraries[0].required);
}

TEST(Manifest, ComponentsCarryTheirFiltersMetaDataAndDefaults) {
  AxmlBuilder builder;
  builder.start("manifest", {{.name = "package", .text = "org.a"}});
  builder.start("uses-sdk", {number("targetSdkVersion", 0x01010270, 16)});
  builder.end("uses-sdk");
  builder.start("application");
  builder.start("activity", {name(".Main")});
  builder.start("intent-filter");
  builder.start("action", {name("android.intent.action.MAIN")});
  builder.end("action");
  builder.start("category", {name("android.intent.category.LAUNCHER")});
  builder.end("category");
  builder.end("intent-filter");
  builder.start("meta-data",
                {name("inner"), {.name = "value", .resource_id = 0x01010024, .text = "v"}});
  builder.end("meta-data");
  builder.end("activity");
  builder.start(
      "activity-alias",
      {name("Alias"), {.name = "targetActivity", .resource_id = 0x01010202, .text = ".Main"}});
  builder.end("activity-alias");
  builder.start("provider", {name("com.b.P"),
                             {.name = "authorities", .resource_id = 0x01010018, .text = "x;y"}});
  builder.end("provider");
  builder.start("service", {name(".S"), number("exported", 0x01010010, 0xffffffffU, kBool)});
  builder.end("service");
  builder.start("meta-data", {name("com.google.mlkit.vision.DEPENDENCIES"),
                              {.name = "value", .resource_id = 0x01010024, .text = "face,ocr"}});
  builder.end("meta-data");
  const ManifestInfo info = read(builder);
  ASSERT_EQ(info.components.size(), 4U);
  EXPECT_EQ(info.components[0].name, "org.a.Main");
  EXPECT_TRUE(info.components[0].exported);  // by its filter
  EXPECT_THAT(info.components[0].actions, ElementsAre("android.intent.action.MAIN"));
  EXPECT_THAT(info.components[0].categories, ElementsAre("android.intent.category.LAUNCHER"));
  EXPECT_EQ(info.components[1].target, "org.a.Main");
  EXPECT_FALSE(info.components[1].exported);
  EXPECT_TRUE(info.components[2].exported);  // a provider before target SDK 17
  EXPECT_THAT(info.components[2].authorities, ElementsAre("x", "y"));
  EXPECT_TRUE(info.components[3].exported);
  ASSERT_EQ(info.meta_data.size(), 2U);
  EXPECT_EQ(info.meta_data[0].owner, "org.a.Main");
  EXPECT_EQ(info.meta_data[1].owner, "");
  EXPECT_EQ(info.meta_data[1].value, "face,ocr");
}

TEST(Manifest, ReferencesAreResolvedOrBecomeGaps) {
  const std::string table_bytes = testing::arsc_table(
      {"Mirror", "debug"}, {"string", "bool"}, {"app_name", "is_debug"},
      {testing::arsc_type(1, testing::arsc_config(), {{.index = 0, .key = 0, .data = 0}}),
       testing::arsc_type(2, testing::arsc_config(),
                          {{.index = 0, .key = 1, .type = kBool, .data = 1}})});
  const auto table = ResourceTable::parse(as_bytes(table_bytes), "t.arsc");
  ASSERT_TRUE(table);
  AxmlBuilder builder;
  builder.start("manifest", {{.name = "package", .text = "org.a"}});
  builder.start("application", {number("label", 0x01010001, 0x7f010000, kReference),
                                number("debuggable", 0x0101000f, 0x7f020000, kReference)});
  const ManifestInfo resolved = read(builder, &*table);
  EXPECT_EQ(resolved.label, "Mirror");
  EXPECT_TRUE(resolved.debuggable);
  EXPECT_EQ(resolved.gaps.count(), 1U);  // only that the document is not ended
  const ManifestInfo unresolved = read(builder);
  EXPECT_EQ(unresolved.label, "");
  EXPECT_THAT(unresolved.gaps.list().back().why,
              HasSubstr("refers to a resource that was not found"));
}

TEST(Manifest, WithoutAManifestElementItIsAnError) {
  AxmlBuilder builder;
  builder.start("LinearLayout");
  const std::string bytes = builder.build();
  const auto document = parse_axml(as_bytes(bytes), "l.xml");
  ASSERT_TRUE(document);
  const auto info = read_manifest(*document, nullptr, "l.xml");
  ASSERT_FALSE(info);
  EXPECT_EQ(describe(info.error()), "l.xml: no <manifest> element");
}

// Lines of `aapt dump badging`: the value in quotes behind a key, the first of each key.
class Badging {
 public:
  // Permissions come from another dump: badging adds those that old target SDKs imply.
  explicit Badging(const std::string& app)
      : lines_(split(testing::run_command("(aapt dump badging '" + app +
                                          "' | grep -v ^uses-permission; "
                                          "aapt dump permissions '" +
                                          app + "') 2>/dev/null")
                         .value_or(""),
                     '\n')) {}

  std::string value(const std::string& line_start, const std::string& key) const {
    for (const std::string& line : lines_) {
      if (!line.starts_with(line_start)) continue;
      const std::size_t at = line.find(key + "'");
      if (at == std::string::npos) return "";
      const std::size_t begin = at + key.size() + 1;
      return line.substr(begin, line.find('\'', begin) - begin);
    }
    return "";
  }
  std::vector<std::string> all(const std::string& line_start) const {
    std::vector<std::string> values;
    for (const std::string& line : lines_) {
      if (!line.starts_with(line_start)) continue;
      const std::size_t begin = line.find('\'') + 1;
      values.push_back(line.substr(begin, line.find('\'', begin) - begin));
    }
    return values;
  }

 private:
  std::vector<std::string> lines_;
};

std::string sdk_text(const std::optional<std::int32_t>& sdk) {
  return sdk ? std::to_string(*sdk) : "";
}

TEST(ManifestOracle, EveryAppAgreesWithAapt) {
  DAYLIGHT_SHARED_OR_SKIP(apps, "apps");
  if (!testing::run_command("command -v aapt")) GTEST_SKIP() << "aapt is absent here";
  std::size_t compared = 0;
  for (const auto& file : std::filesystem::directory_iterator(apps)) {
    SCOPED_TRACE(file.path().filename());
    const auto mapped = MappedFile::open(file.path());
    ASSERT_TRUE(mapped);
    const auto archive = ZipArchive::open(mapped->bytes(), "app");
    ASSERT_TRUE(archive);
    const auto manifest_bytes = archive->read(*archive->find("AndroidManifest.xml"));
    ASSERT_TRUE(manifest_bytes);
    const auto document = parse_axml(manifest_bytes->bytes(), "AndroidManifest.xml");
    ASSERT_TRUE(document);
    EntryBytes table_bytes;
    std::optional<ResourceTable> table;
    if (const ZipEntry* entry = archive->find("resources.arsc")) {
      table_bytes = *archive->read(*entry);
      table = *ResourceTable::parse(table_bytes.bytes(), "resources.arsc");
    }
    const auto info = read_manifest(*document, table ? &*table : nullptr, "AndroidManifest.xml");
    ASSERT_TRUE(info);
    const Badging badging(file.path().string());
    EXPECT_EQ(info->package, badging.value("package:", "name="));
    EXPECT_EQ(std::to_string(info->version_code), badging.value("package:", "versionCode="));
    EXPECT_EQ(info->version_name, badging.value("package:", "versionName="));
    EXPECT_EQ(sdk_text(info->min_sdk), badging.value("sdkVersion:", ""));
    EXPECT_EQ(sdk_text(info->target_sdk), badging.value("targetSdkVersion:", ""));
    // Without a resource table aapt prints no label, not even a literal one.
    if (table) {
      EXPECT_EQ(info->label, badging.value("application:", "label="));
    }
    EXPECT_EQ(info->permissions, badging.all("uses-permission:"));
    const std::string launcher = badging.value("launchable-activity:", "name=");
    const bool found = std::any_of(info->components.begin(), info->components.end(),
                                   [&](const ManifestComponent& c) {
                                     return c.name == launcher && c.exported && !c.actions.empty();
                                   });
    EXPECT_TRUE(launcher.empty() || found) << launcher;
    EXPECT_TRUE(info->gaps.empty());
    ++compared;
  }
  EXPECT_GT(compared, 10U);
}

}  // namespace
}  // namespace dl
