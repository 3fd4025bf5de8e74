// SPDX-License-Identifier: Apache-2.0
// Mach-O files that the test links from text, against llvm's and LIEF's reading of them, and
// damaged ones.
#include "daylight/format/code/macho.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/format/code/file_kind.h"
#include "support/apple_binary.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using testing::AppleTarget;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kText = R"(
__attribute__((objc_root_class)) @interface MLModel
+ (id)modelWithContentsOfURL:(id)url error:(id*)error;
@end
__attribute__((objc_root_class)) @interface FaceAger
- (int)ageOf:(int)x;
@end
@implementation FaceAger
- (int)ageOf:(int)x { return x + 1; }
@end
const char *label = "age_label";
id daylight_load(id url) { return [MLModel modelWithContentsOfURL:url error:0]; }
int daylight_other(void) { return label[0]; }
int main(void) { return daylight_load(0) != 0; }
)";

std::optional<std::string> program(AppleTarget target, const std::string& linker = "") {
  return testing::build_apple_binary(
      kText, target, {{"/System/Library/Frameworks/CoreML.framework/CoreML", {}, {"MLModel"}}},
      "-rpath @executable_path/Frameworks -exported_symbol _daylight_load "
      "-exported_symbol _daylight_other " +
          linker);
}

#define PROGRAM_OR_SKIP(variable, target)                                          \
  const auto variable##_built = program(target);                                   \
  if (!variable##_built) GTEST_SKIP() << "clang-14 or ld64.lld-14 is absent here"; \
  const std::string variable = *variable##_built

MachoFile only(const std::string& bytes) {
  auto files = MachoFile::parse_all(as_bytes(bytes), "app");
  EXPECT_TRUE(files) << describe(files.error());
  EXPECT_THAT(*files, SizeIs(1));
  return std::move(files->front());
}

std::string gaps_of(const MachoFile& file) {
  std::string text;
  for (const FormatGap& gap : file.gaps().list()) text += gap.why + "\n";
  return text;
}

// A command of the file, found by its number.
std::size_t command_at(const std::string& bytes, std::uint32_t wanted) {
  std::size_t at = 32;
  for (std::uint32_t i = 0; i < *load_le<std::uint32_t>(as_bytes(bytes), 16); ++i) {
    if (*load_le<std::uint32_t>(as_bytes(bytes), at) == wanted) return at;
    at += *load_le<std::uint32_t>(as_bytes(bytes), at + 4);
  }
  return 0;
}

void put(std::string& bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

TEST(Macho, ReadsAProgramForPhones) {
  PROGRAM_OR_SKIP(bytes, AppleTarget::kArm64Ios);
  EXPECT_EQ(file_kind(as_bytes(bytes)), FileKind::kMachO);
  const MachoFile file = only(bytes);
  EXPECT_EQ(gaps_of(file), "");
  EXPECT_EQ(file.cpu(), "arm64");
  EXPECT_TRUE(file.is_64bit());
  EXPECT_EQ(file.type(), 2U);
  EXPECT_EQ(file.platform(), "ios");
  EXPECT_EQ(file.minimum_os(), "14.0");
  EXPECT_EQ(file.sdk(), "16.2");
  EXPECT_EQ(file.uuid().size(), 32U);
  EXPECT_TRUE(file.entry_offset());
  EXPECT_FALSE(file.encrypted());
  ASSERT_THAT(file.dylibs(), SizeIs(2));
  EXPECT_EQ(file.dylibs()[0].name, "/System/Library/Frameworks/CoreML.framework/CoreML");
  EXPECT_EQ(file.dylibs()[0].current_version, "1.2.3");
  EXPECT_THAT(file.rpaths(), ElementsAre("@executable_path/Frameworks"));
  EXPECT_THAT(file.objc_imported_classes(), ElementsAre("MLModel"));
  EXPECT_THAT(file.objc_defined_classes(), ElementsAre("FaceAger"));
  EXPECT_THAT(file.imports(), Contains("_objc_msgSend"));
  EXPECT_THAT(file.exported_names(), Contains("_daylight_load"));
  const MachoSection* strings = file.section("__TEXT", "__cstring");
  ASSERT_NE(strings, nullptr);
  EXPECT_THAT(file.strings_of(*strings), Contains("age_label"));
  bool found = false;
  for (const MachoRange& range : file.data_ranges()) {
    EXPECT_EQ(as_text(range.bytes),
              std::string_view(bytes).substr(range.offset, range.bytes.size()));
    found |= as_text(range.bytes).find("age_label") != std::string_view::npos;
  }
  EXPECT_TRUE(found);
}

TEST(Macho, ReadsEverySliceOfAFatFile) {
  PROGRAM_OR_SKIP(phone, AppleTarget::kArm64Ios);
  PROGRAM_OR_SKIP(desk, AppleTarget::kX86_64Macos);
  const auto fat = testing::join_apple_binaries({phone, desk});
  if (!fat) GTEST_SKIP() << "llvm-lipo-14 is absent here";
  EXPECT_EQ(file_kind(as_bytes(*fat)), FileKind::kMachO);
  const auto files = MachoFile::parse_all(as_bytes(*fat), "app");
  ASSERT_TRUE(files);
  ASSERT_THAT(*files, SizeIs(2));
  std::vector<std::string> cpus;
  for (const MachoFile& file : *files) {
    cpus.push_back(file.cpu());
    EXPECT_THAT(file.objc_defined_classes(), ElementsAre("FaceAger")) << file.cpu();
    EXPECT_THAT(file.imports(), Contains("_OBJC_CLASS_$_MLModel")) << file.cpu();
    EXPECT_EQ(std::string_view(*fat).substr(file.slice_offset(), 4),
              std::string_view(phone).substr(0, 4));
  }
  EXPECT_THAT(cpus, ::testing::UnorderedElementsAre("arm64", "x86_64"));
  // Cut inside of the second slice: the first one is read, the other has gaps.
  const std::string cut = fat->substr(0, fat->size() - 40);
  const auto rest = MachoFile::parse_all(as_bytes(cut), "app");
  ASSERT_TRUE(rest);
  EXPECT_THAT(gaps_of(rest->front()), HasSubstr("beyond the end of the file"));
}

TEST(Macho, TellsJavaClassesFromFatFiles) {
  const std::string java("\xca\xfe\xba\xbe\x00\x00\x00\x34", 8);
  EXPECT_FALSE(looks_like_macho(as_bytes(java)));
  EXPECT_FALSE(MachoFile::parse_all(as_bytes(java), "a.class"));
}

// A stripped library keeps what the linker needs, in chained fixups too where it has those.
TEST(Macho, ReadsAStrippedLibrary) {
  const auto library = testing::build_apple_binary(
      "extern int TFLower(int); int TFLUpper(int x) { return TFLower(x) + 1; }",
      AppleTarget::kArm64Ios, {{"@rpath/Low.framework/Low", {"_TFLower"}}},
      "-dylib -S -x -install_name @rpath/TFL.framework/TFL -current_version 2.14");
  if (!library) GTEST_SKIP() << "clang-14 or ld64.lld-14 is absent here";
  const MachoFile file = only(*library);
  EXPECT_EQ(gaps_of(file), "");
  EXPECT_EQ(file.install_name(), "@rpath/TFL.framework/TFL");
  EXPECT_EQ(file.install_version(), "2.14");
  EXPECT_EQ(file.type(), 6U);
  ASSERT_THAT(file.exports(), SizeIs(1));
  EXPECT_EQ(file.exports()[0].name, "_TFLUpper");
  EXPECT_THAT(file.imports(), Contains("_TFLower"));
}

TEST(Macho, SaysThatAnEncryptedProgramIsEncrypted) {
  PROGRAM_OR_SKIP(built, AppleTarget::kArm64Ios);
  std::string bytes = built;
  const std::size_t command = command_at(bytes, 0x2c);
  ASSERT_NE(command, 0U);
  put(bytes, command + 16, 1);
  const MachoFile file = only(bytes);
  EXPECT_TRUE(file.encrypted());
  EXPECT_THAT(gaps_of(file), HasSubstr("encrypted by the App Store"));
  EXPECT_THAT(file.objc_imported_classes(), ElementsAre("MLModel"));
  for (const MachoRange& range : file.data_ranges())
    EXPECT_EQ(as_text(range.bytes).find("age_label"), std::string_view::npos);
}

// Names, addresses and libraries as LIEF has them.
TEST(Macho, AgreesWithLief) {
  constexpr const char* kScript = R"(
import json, lief, sys
b = lief.MachO.parse(sys.argv[1]).at(0)
print(json.dumps({
  'libraries': [l.name for l in b.libraries],
  'sections': sorted([s.segment_name, s.name, s.virtual_address, s.size, s.offset] for s in b.sections),
  'segments': sorted([s.name, s.virtual_address, s.virtual_size, s.file_offset, s.file_size] for s in b.segments),
  'imports': sorted({s.name for s in b.imported_symbols}),
  'exports': sorted({s.name for s in b.symbols if s.has_export_info}),
  'uuid': bytes(b.uuid.uuid).hex(), 'rpaths': [r.path for r in b.rpaths]}))
)";
  for (const AppleTarget target : {AppleTarget::kArm64Ios, AppleTarget::kX86_64Macos}) {
    PROGRAM_OR_SKIP(bytes, target);
    const testing::TemporaryFolder folder;
    const std::string at = folder.path().string();
    std::ofstream(at + "/app", std::ios::binary) << bytes;
    std::ofstream(at + "/read.py") << kScript;
    const auto answer =
        testing::run_command(testing::test_python() + " " + at + "/read.py " + at + "/app");
    if (!answer) GTEST_SKIP() << "LIEF is absent here";
    const auto theirs = parse_json(*answer, "LIEF");
    ASSERT_TRUE(theirs);
    const MachoFile file = only(bytes);
    Json ours = Json::object();
    for (const MachoDylib& each : file.dylibs()) ours["libraries"].push_back(each.name);
    for (const MachoSection& each : file.sections())
      ours["sections"].push_back({each.segment, each.name, each.address, each.size, each.offset});
    for (const MachoSegment& each : file.segments())
      ours["segments"].push_back(
          {each.name, each.address, each.memory_size, each.offset, each.file_size});
    std::sort(ours["sections"].begin(), ours["sections"].end());
    std::sort(ours["segments"].begin(), ours["segments"].end());
    ours["imports"] = file.imports();
    for (const MachoExport& each : file.exports()) ours["exports"].push_back(each.name);
    std::sort(ours["exports"].begin(), ours["exports"].end());
    ours["uuid"] = file.uuid();
    ours["rpaths"] = file.rpaths();
    for (const auto& [key, value] : theirs->items()) EXPECT_EQ(ours[key], value) << key;
  }
}

TEST(Macho, SurvivesDamage) {
  PROGRAM_OR_SKIP(bytes, AppleTarget::kArm64Ios);
  EXPECT_FALSE(MachoFile::parse_all(as_bytes(bytes.substr(0, 20)), "cut"));
  EXPECT_FALSE(MachoFile::parse_all(as_bytes(std::string("\xfe\xed\xfa\xcf", 4)), "ppc"));
  for (const std::size_t size : {32U, 100U, 1000U, 17000U, 50000U}) {
    const auto files = MachoFile::parse_all(as_bytes(bytes.substr(0, size)), "cut");
    ASSERT_TRUE(files) << size;
    EXPECT_FALSE(files->front().gaps().empty()) << size;
  }
  // A trie whose node leads back to itself.
  std::string looped = bytes;
  const std::size_t info = command_at(bytes, 0x80000022);
  ASSERT_NE(info, 0U);
  const std::uint32_t trie = *load_le<std::uint32_t>(as_bytes(bytes), info + 40);
  const std::string node("\x00\x01x\x00\x00", 5);
  looped.replace(trie, node.size(), node);
  const MachoFile file = only(looped);
  EXPECT_THAT(gaps_of(file), HasSubstr("two names lead to one node"));
  EXPECT_THAT(file.exports(), IsEmpty());
  // A symbol table of four thousand million entries.
  std::string many = bytes;
  put(many, command_at(bytes, 0x2) + 12, 0xffffffffU);
  EXPECT_THAT(gaps_of(only(many)), HasSubstr("the symbol table reaches beyond"));
}

}  // namespace
}  // namespace dl
