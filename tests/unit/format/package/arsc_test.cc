// SPDX-License-Identifier: Apache-2.0
// Resource tables: built ones in every layout that aapt2 writes, damaged ones, and real ones
// against aapt.
#include "daylight/format/package/arsc.h"

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

using testing::arsc_config;
using testing::arsc_table;
using testing::arsc_type;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ResourceTable parsed(const std::string& bytes) {
  auto table = ResourceTable::parse(as_bytes(bytes), "r.arsc");
  EXPECT_TRUE(table) << describe(table.error());
  return table ? *std::move(table) : ResourceTable();
}

std::string gaps_of(const ResourceTable& table) {
  std::string text;
  for (const FormatGap& gap : table.gaps().list()) text += gap.why + "\n";
  return text;
}

// raw/model (two configurations), string/name -> reference, array/labels.
std::string sample(int layout = 0, bool compact = false) {
  return arsc_table(
      {"res/raw/model.tflite", "res/raw-fr/model.tflite", "Female", "Male"},
      {"raw", "string", "array"}, {"model", "name", "labels", "other"},
      {arsc_type(1, arsc_config("fr", 0, 0), {{.index = 0, .key = 0, .data = 1}}, layout, compact),
       arsc_type(1, arsc_config(), {{.index = 0, .key = 0, .data = 0}}, layout, compact),
       arsc_type(2, arsc_config(),
                 {{.index = 2, .key = 1, .type = 1, .data = 0x7f020003},
                  {.index = 3, .key = 3, .data = 2}},
                 layout, compact),
       arsc_type(3, arsc_config(), {{.index = 0, .key = 2, .bag = {2, 3}}})});
}

TEST(Arsc, EveryLayoutOfEntriesGivesTheSameTable) {
  for (const int layout : {0, 1, 2}) {
    for (const bool compact : {false, true}) {
      SCOPED_TRACE(std::to_string(layout) + (compact ? " compact" : ""));
      const std::string bytes = sample(layout, compact);
      const ResourceTable table = parsed(bytes);
      EXPECT_EQ(gaps_of(table), "");
      EXPECT_EQ(table.values().size(), 5U);
      EXPECT_EQ(table.packages().at(0x7f), "org.example");
      EXPECT_EQ(table.type_name(0x7f010000), "raw");
      EXPECT_EQ(table.entry_name(0x7f020002), "name");
      EXPECT_EQ(table.id_of("raw", "model"), 0x7f010000U);
      EXPECT_EQ(table.id_of("raw", "absent"), std::nullopt);
      EXPECT_EQ(table.string_of(0x7f010000),
                "res/raw/model.tflite");                 // the default one, though not the first
      EXPECT_EQ(table.string_of(0x7f020002), "Female");  // by reference
      EXPECT_THAT(table.files_of(0x7f010000),
                  ElementsAre("res/raw-fr/model.tflite", "res/raw/model.tflite"));
      EXPECT_EQ(table.file_ids().at("res/raw-fr/model.tflite"), 0x7f010000U);
      EXPECT_THAT(table.array_of(0x7f030000), ElementsAre("Female", "Male"));
      EXPECT_THAT(table.configs(), ElementsAre("", "fr"));
      EXPECT_THAT(table.find(0x7f0900ff), IsEmpty());
      EXPECT_EQ(table.string_of(0x7f0900ff), std::nullopt);
    }
  }
}

TEST(Arsc, CirclesOfReferencesEnd) {
  const std::string bytes =
      arsc_table({}, {"string"}, {"a", "b"},
                 {arsc_type(1, arsc_config(),
                            {{.index = 0, .key = 0, .type = 1, .data = 0x7f010001},
                             {.index = 1, .key = 1, .type = 1, .data = 0x7f010000}})});
  EXPECT_EQ(parsed(bytes).string_of(0x7f010000), std::nullopt);
}

TEST(Arsc, ConfigurationsAreNamed) {
  const std::string bytes = arsc_table({"res/x/a"}, {"drawable"}, {"a"},
                                       {arsc_type(1, arsc_config("de", 320, 21), {{.index = 0}}),
                                        arsc_type(1, arsc_config("", 0xffff, 0), {{.index = 0}})});
  EXPECT_THAT(parsed(bytes).configs(), ElementsAre("", "de-xhdpi-v21", "nodpi"));
}

TEST(Arsc, EntryCountsThatLieAreCut) {
  std::string type = arsc_type(1, arsc_config(), {{.index = 0, .data = 0}});
  testing::poke32(type, 12, 0x00ffffff);
  const std::string bytes = arsc_table({"res/raw/m"}, {"raw"}, {"m"}, {type});
  const ResourceTable table = parsed(bytes);
  EXPECT_EQ(table.string_of(0x7f010000), "res/raw/m");
  EXPECT_THAT(gaps_of(table), HasSubstr("declares 16777215 entries"));
}

TEST(Arsc, ACutTableKeepsWhatWasRead) {
  const std::string bytes = sample();
  std::size_t best = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto table = ResourceTable::parse(as_bytes(bytes).first(size), "cut.arsc");
    if (!table) continue;
    EXPECT_FALSE(table->gaps().empty()) << size;
    best = std::max(best, table->values().size());
  }
  EXPECT_GE(best, 3U);
}

TEST(Arsc, WhatIsNoTableIsAnError) {
  EXPECT_FALSE(ResourceTable::parse({}, "e"));
  EXPECT_FALSE(ResourceTable::parse(as_bytes("not a resource table"), "t"));
}

// One line for each value: id, name, type and data as `aapt dump --values resources` prints them,
// sorted.
std::string our_lines(const ResourceTable& table) {
  std::vector<std::string> lines;
  for (const ArscValue& value : table.values()) {
    char text[64];
    static_cast<void>(std::snprintf(text, sizeof(text), "0x%08x ", value.id));
    std::string line = text + table.type_name(value.id) + "/" + table.entry_name(value.id);
    if (value.is_bag) {
      line += " <bag>";
    } else {
      static_cast<void>(std::snprintf(text, sizeof(text), " t=0x%02x d=0x%08x",
                                      static_cast<unsigned>(value.value.type), value.value.data));
      line += text;
    }
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return join(lines, "\n");
}

std::string aapt_lines(const std::string& app) {
  std::vector<std::string> lines;
  const auto dump = testing::run_command("aapt dump --values resources '" + app + "' 2>/dev/null");
  for (const std::string& raw : split(dump.value_or(""), '\n')) {
    const std::string_view line = trim(raw);
    if (!line.starts_with("resource 0x")) continue;
    const std::string id(line.substr(9, 10));
    const std::size_t colon = line.find(':');
    const std::size_t end = line.find(": ", colon + 1);
    const std::size_t value = line.find(" (s=", end);
    if (colon == std::string_view::npos || end == std::string_view::npos) continue;
    const std::string name(line.substr(colon + 1, end - colon - 1));
    const bool bag = line.find("<bag>", end) != std::string_view::npos;
    lines.push_back(id + " " + name + " " +
                    (bag ? "<bag>" : std::string(line.substr(end + 2, value - end - 2))));
  }
  std::sort(lines.begin(), lines.end());
  return join(lines, "\n");
}

TEST(ArscOracle, EveryAppAgreesWithAapt) {
  DAYLIGHT_SHARED_OR_SKIP(apps, "apps");
  if (!testing::run_command("command -v aapt")) GTEST_SKIP() << "aapt is absent here";
  std::size_t values = 0;
  for (const auto& file : std::filesystem::directory_iterator(apps)) {
    SCOPED_TRACE(file.path().filename());
    const auto mapped = MappedFile::open(file.path());
    ASSERT_TRUE(mapped);
    const auto archive = ZipArchive::open(mapped->bytes(), "app");
    ASSERT_TRUE(archive);
    const ZipEntry* entry = archive->find("resources.arsc");
    if (entry == nullptr) continue;
    const auto bytes = archive->read(*entry);
    ASSERT_TRUE(bytes);
    const auto table = ResourceTable::parse(bytes->bytes(), "resources.arsc");
    ASSERT_TRUE(table);
    EXPECT_TRUE(table->gaps().empty()) << gaps_of(*table);
    EXPECT_EQ(our_lines(*table) == aapt_lines(file.path().string()), true);
    for (const auto& [path, id] : table->file_ids()) {
      EXPECT_NE(archive->find(path), nullptr) << path << " of " << table->entry_name(id);
    }
    values += table->values().size();
  }
  EXPECT_GT(values, 10'000U);
}

}  // namespace
}  // namespace dl
