// SPDX-License-Identifier: Apache-2.0
// ELF files: those of real apps against readelf, libraries that the test builds, and damaged ones.
#include "daylight/format/code/elf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "daylight/format/archive/zip.h"
#include "support/shared_data.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string gaps_of(const ElfFile& file) {
  std::string text;
  for (const FormatGap& gap : file.gaps().list()) text += gap.why + "\n";
  return text;
}

std::string hex16(std::uint64_t value) {
  char text[24];
  static_cast<void>(
      std::snprintf(text, sizeof(text), "%llx", static_cast<unsigned long long>(value)));
  return text;
}

// The words of a line.
std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> found;
  for (const std::string& part : split(line, ' ')) {
    if (!part.empty()) found.push_back(part);
  }
  return found;
}

std::vector<std::string> readelf(const std::string& options, const std::string& path) {
  return split(testing::run_command("readelf -W " + options + " '" + path + "' 2>/dev/null || true")
                   .value_or(""),
               '\n');
}

// "value size name" of each dynamic symbol, the empty one left out; versions behind names are cut.
std::vector<std::string> readelf_symbols(const std::string& path) {
  std::vector<std::string> symbols;
  for (const std::string& line : readelf("--dyn-syms", path)) {
    const auto parts = words(line);
    const bool row = parts.size() >= 8 && parts[0].ends_with(':') && parts[0] != "Num:";
    // Section symbols have no name; readelf shows that of their section.
    if (!row || parts[0] == "0:" || parts[3] == "SECTION") continue;
    const std::uint64_t value = std::strtoull(parts[1].c_str(), nullptr, 16);
    const std::uint64_t size = std::strtoull(parts[2].c_str(), nullptr, 0);
    symbols.push_back(hex16(value) + " " + std::to_string(size) + " " +
                      parts[7].substr(0, parts[7].find('@')));
  }
  return symbols;
}

std::vector<std::string> our_symbols(const ElfFile& file) {
  std::vector<std::string> symbols;
  for (std::size_t i = 1; i < file.symbols().size(); ++i) {
    const ElfSymbol& symbol = file.symbols()[i];
    if (symbol.name.empty())
      continue;  // section symbols, to which readelf gives the section's name
    symbols.push_back(hex16(symbol.value) + " " + std::to_string(symbol.size) + " " +
                      std::string(symbol.name.substr(0, symbol.name.find('@'))));
  }
  return symbols;
}

// "offset info" of each relocation that readelf decodes.
std::vector<std::string> readelf_relocations(const std::string& path) {
  std::vector<std::string> relocations;
  for (const std::string& line : readelf("-r", path)) {
    const auto parts = words(line);
    if (parts.size() < 3 || !parts[2].starts_with("R_")) continue;
    relocations.push_back(hex16(std::strtoull(parts[0].c_str(), nullptr, 16)) + " " +
                          hex16(std::strtoull(parts[1].c_str(), nullptr, 16)));
  }
  std::sort(relocations.begin(), relocations.end());
  return relocations;
}

std::vector<std::string> our_relocations(const ElfFile& file) {
  std::vector<std::string> relocations;
  for (const ElfRelocation& relocation : file.relocations()) {
    const std::uint64_t info = file.is_64bit()
                                   ? (std::uint64_t{relocation.symbol} << 32) | relocation.type
                                   : (std::uint64_t{relocation.symbol} << 8) | relocation.type;
    relocations.push_back(hex16(relocation.address) + " " + hex16(info));
  }
  std::sort(relocations.begin(), relocations.end());
  return relocations;
}

std::vector<std::string> bracketed(const std::vector<std::string>& lines, const std::string& tag) {
  std::vector<std::string> values;
  for (const std::string& line : lines) {
    if (line.find("(" + tag + ")") == std::string::npos) continue;
    const std::size_t begin = line.find('[');
    values.push_back(line.substr(begin + 1, line.find(']') - begin - 1));
  }
  return values;
}

std::string build_id_of(const std::string& path) {
  for (const std::string& line : readelf("-n", path)) {
    const std::size_t at = line.find("Build ID: ");
    if (at != std::string::npos) return line.substr(at + 10);
  }
  return "";
}

void compare_with_readelf(const ElfFile& file, const std::string& path, bool relocations) {
  const auto dynamic = readelf("-d", path);
  EXPECT_EQ(file.needed(), bracketed(dynamic, "NEEDED"));
  const auto soname = bracketed(dynamic, "SONAME");
  EXPECT_EQ(file.soname(), soname.empty() ? "" : soname[0]);
  EXPECT_EQ(file.build_id(), build_id_of(path));
  const auto ours = our_symbols(file);
  const auto theirs = readelf_symbols(path);
  EXPECT_EQ(ours.size(), theirs.size());
  EXPECT_TRUE(ours == theirs);
  if (relocations) {
    EXPECT_TRUE(our_relocations(file) == readelf_relocations(path));
  }
  EXPECT_EQ(gaps_of(file), "");
}

TEST(ElfOracle, EveryLibraryOfEveryAppAgreesWithReadelf) {
  DAYLIGHT_SHARED_OR_SKIP(apps, "apps");
  if (!testing::run_command("command -v readelf")) GTEST_SKIP() << "readelf is absent here";
  const testing::TemporaryFolder folder;
  std::size_t libraries = 0;
  for (const auto& app : std::filesystem::directory_iterator(apps)) {
    const auto mapped = MappedFile::open(app.path());
    ASSERT_TRUE(mapped);
    const auto archive = ZipArchive::open(mapped->bytes(), "app");
    ASSERT_TRUE(archive);
    for (const ZipEntry& entry : archive->entries()) {
      if (!entry.name.starts_with("lib/") || !entry.name.ends_with(".so")) continue;
      SCOPED_TRACE(app.path().filename().string() + " " + std::string(entry.name));
      const auto content = archive->read(entry);
      ASSERT_TRUE(content);
      if (!looks_like_elf(content->bytes())) continue;
      const std::string path = (folder.path() / "library.so").string();
      std::ofstream(path, std::ios::binary) << as_text(content->bytes());
      const auto file = ElfFile::parse(content->bytes(), std::string(entry.name));
      ASSERT_TRUE(file) << describe(file.error());
      EXPECT_THAT(std::string(entry.name),
                  HasSubstr(std::string(abi_of(file->machine())).substr(0, 6)));
      compare_with_readelf(*file, path, true);
      ++libraries;
    }
  }
  EXPECT_GT(libraries, 5U);
}

TEST(ElfOracle, TheSystemsOwnLibrariesAgreeWithReadelf) {
  if (!testing::run_command("command -v readelf")) GTEST_SKIP() << "readelf is absent here";
  std::size_t seen = 0;
  for (const std::string path :
       {"/lib/x86_64-linux-gnu/libm.so.6", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/bin/sh",
        "/lib64/ld-linux-x86-64.so.2"}) {
    const auto mapped = MappedFile::open(path);
    if (!mapped) continue;
    SCOPED_TRACE(path);
    const auto file = ElfFile::parse(mapped->bytes(), path);
    ASSERT_TRUE(file);
    // Newer readelf also lists what RELR decodes to, older ones its words: those are compared in a
    // test of their own.
    compare_with_readelf(*file, path, !file->dynamic_value(36));
    ++seen;
  }
  if (seen == 0) GTEST_SKIP() << "none of the system's libraries is where it is on Debian";
}

// Libraries built at test time with clang and lld, as the NDK would.
class BuiltElf : public ::testing::Test {
 protected:
  void SetUp() override {
    compiler_ =
        testing::run_command("command -v clang-14") && testing::run_command("command -v ld.lld-14")
            ? "clang-14"
        : testing::run_command("command -v clang") && testing::run_command("command -v ld.lld")
            ? "clang"
            : "";
    if (compiler_.empty()) GTEST_SKIP() << "clang or lld is absent here";
  }

  // The library's bytes; "" where the compiler refuses.
  std::string build(const std::string& target, const std::string& options) {
    const std::string source = (folder_.path() / "a.c").string();
    const std::string library = (folder_.path() / "liba.so").string();
    std::ofstream(source)
        << "extern int outside(int);\n"
           "const char model[] = \"TFL3 constant\";\n"
           "static int values[9];\n"
           "int *table[] = {&values[0], &values[1], &values[3], &values[8]};\n"
           "const char *names[] = {\"one\", \"two\", \"three\"};\n"
           "int Java_org_example_Native_run(int x) { return outside(x) + *table[x]; }\n"
           "__attribute__((weak)) int soft(void) { return 1; }\n";
    const std::string linker =
        compiler_ == "clang-14" ? "-fuse-ld=/usr/bin/ld.lld-14" : "-fuse-ld=lld";
    const auto done =
        testing::run_command(compiler_ + " --target=" + target + " -nostdlib -shared -fPIC -O1 " +
                             linker + " -Wl,--build-id=sha1 -Wl,-soname,liba.so " + options +
                             " -o '" + library + "' '" + source + "' 2>&1");
    return done ? read_file(library).value_or("") : "";
  }
  std::string path() const { return (folder_.path() / "liba.so").string(); }

 private:
  testing::TemporaryFolder folder_;
  std::string compiler_;
};

ElfFile parsed(const std::string& bytes) {
  auto file = ElfFile::parse(as_bytes(bytes), "liba.so");
  EXPECT_TRUE(file) << describe(file.error());
  return file ? *std::move(file) : ElfFile();
}

TEST_F(BuiltElf, EveryAndroidMachineIsRead) {
  const std::vector<std::pair<std::string, ElfMachine>> targets = {
      {"aarch64-linux-android29", ElfMachine::kArm64},
      {"armv7a-linux-androideabi29", ElfMachine::kArm},
      {"i686-linux-android29", ElfMachine::kX86},
      {"x86_64-linux-android29", ElfMachine::kX86_64}};
  for (const auto& [target, machine] : targets) {
    SCOPED_TRACE(target);
    const std::string bytes = build(target, "-Wl,--hash-style=both");
    ASSERT_FALSE(bytes.empty());
    const ElfFile file = parsed(bytes);
    EXPECT_EQ(file.machine(), machine);
    EXPECT_EQ(file.soname(), "liba.so");
    EXPECT_THAT(file.build_id(), SizeIs(40));
    ASSERT_NE(file.symbol("Java_org_example_Native_run"), nullptr);
    EXPECT_EQ(file.symbol("soft")->binding, 2);
    EXPECT_EQ(file.symbol("outside"), nullptr);  // an import
    const ElfSymbol* model = file.symbol("model");
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(file.string_at(model->value), "TFL3 constant");
    const auto ranges = file.data_ranges();
    EXPECT_TRUE(std::any_of(ranges.begin(), ranges.end(), [](const ElfRange& range) {
      return as_text(range.bytes).find("TFL3 constant") != std::string_view::npos;
    }));
    compare_with_readelf(file, path(), true);
  }
}

TEST_F(BuiltElf, SymbolsAreCountedByEitherHashTableWithoutSections) {
  for (const std::string style : {"sysv", "gnu", "both"}) {
    SCOPED_TRACE(style);
    std::string bytes = build("aarch64-linux-android29", "-Wl,--hash-style=" + style);
    ASSERT_FALSE(bytes.empty());
    const auto with_sections = our_symbols(parsed(bytes));
    std::memset(bytes.data() + 0x28, 0, 8);  // e_shoff
    std::memset(bytes.data() + 0x3c, 0, 4);  // e_shnum, e_shstrndx
    const ElfFile file = parsed(bytes);
    EXPECT_TRUE(file.sections().empty());
    EXPECT_EQ(gaps_of(file), "");
    EXPECT_EQ(our_symbols(file), with_sections);
    EXPECT_GE(with_sections.size(), 5U);
    EXPECT_THAT(file.build_id(), SizeIs(40));
  }
}

TEST_F(BuiltElf, PackedAndRelativeRelocationsEqualPlainOnes) {
  for (const std::string target : {"aarch64-linux-android29", "armv7a-linux-androideabi29"}) {
    const std::string layout = " -Wl,-z,norelro -Wl,--no-rosegment -Wl,-Tdata=0x400000";
    std::string plain_bytes = build(target, layout);
    ASSERT_FALSE(plain_bytes.empty());
    const auto plain = our_relocations(parsed(plain_bytes));
    EXPECT_GE(plain.size(), 8U);
    std::size_t compared = 0;
    for (const std::string packing : {"android", "relr", "android+relr"}) {
      SCOPED_TRACE(target + " " + packing);
      const std::string bytes = build(
          target, layout + " -Wl,--pack-dyn-relocs=" + packing + " -Wl,--use-android-relr-tags");
      if (bytes.empty()) continue;
      const ElfFile file = parsed(bytes);
      EXPECT_TRUE(file.dynamic_value(0x60000011) || file.dynamic_value(0x6000000f) ||
                  file.dynamic_value(0x6fffe000));
      GapList gaps;
      EXPECT_FALSE(file.relocations(&gaps).empty());
      EXPECT_TRUE(gaps.empty());
      // Tables have other sizes, so addresses move: what must be equal is the number for each type.
      const auto types = [](const std::vector<std::string>& all) {
        std::vector<std::string> infos;
        for (const std::string& one : all) infos.push_back(one.substr(one.find(' ')));
        std::sort(infos.begin(), infos.end());
        return infos;
      };
      EXPECT_EQ(types(our_relocations(file)), types(plain));
      ++compared;
    }
    EXPECT_GE(compared, 2U);
  }
}

TEST_F(BuiltElf, AnInsaneSectionTableIsNotUsedButNothingElseIsLost) {
  std::string bytes = build("aarch64-linux-android29", "");
  ASSERT_FALSE(bytes.empty());
  const ElfFile honest = parsed(bytes);
  ASSERT_FALSE(honest.sections().empty());
  bytes.replace(0x28, 8, std::string("\xff\xff\xff\x7f\0\0\0\0", 8));
  const ElfFile file = parsed(bytes);
  EXPECT_TRUE(file.sections().empty());
  EXPECT_THAT(gaps_of(file), HasSubstr("sections are not used"));
  EXPECT_EQ(our_symbols(file), our_symbols(honest));
  EXPECT_EQ(file.build_id(), honest.build_id());
}

TEST_F(BuiltElf, ConstantsInsideAnExecutableSegmentAreFoundBySections) {
  const std::string bytes = build("aarch64-linux-android29", "-Wl,--no-rosegment");
  ASSERT_FALSE(bytes.empty());
  const ElfFile file = parsed(bytes);
  const auto ranges = file.data_ranges();
  EXPECT_TRUE(std::any_of(ranges.begin(), ranges.end(), [](const ElfRange& range) {
    return as_text(range.bytes).find("TFL3 constant") != std::string_view::npos;
  }));
}

TEST_F(BuiltElf, ACutFileKeepsWhatWasRead) {
  const std::string bytes = build("aarch64-linux-android29", "");
  ASSERT_FALSE(bytes.empty());
  for (std::size_t size = 0; size < bytes.size(); size += 16) {
    const auto file = ElfFile::parse(as_bytes(bytes).first(size), "cut.so");
    EXPECT_EQ(file.has_value(), size >= 64) << size;
    if (file) {
      EXPECT_FALSE(file->gaps().empty()) << size;
    }
  }
}

TEST_F(BuiltElf, AddressesAndOffsetsAgree) {
  const std::string bytes = build("x86_64-linux-android29", "");
  ASSERT_FALSE(bytes.empty());
  const ElfFile file = parsed(bytes);
  const ElfSymbol* run = file.symbol("Java_org_example_Native_run");
  ASSERT_NE(run, nullptr);
  const auto offset = file.offset_of(run->value);
  ASSERT_TRUE(offset);
  EXPECT_EQ(file.address_of(*offset), run->value);
  EXPECT_EQ(file.at_address(run->value, run->size)->data(), as_bytes(bytes).data() + *offset);
  EXPECT_EQ(file.at_address(run->value, bytes.size()), std::nullopt);
  EXPECT_EQ(file.offset_of(~std::uint64_t{0}), std::nullopt);
  const auto code = file.code_ranges();
  ASSERT_THAT(code, SizeIs(::testing::Ge(1U)));
  EXPECT_THAT(file.needed(), ElementsAre());
}

TEST(Elf, WhatIsNoElfIsAnError) {
  EXPECT_EQ(ElfFile::parse({}, "e").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(ElfFile::parse(as_bytes("\x7f"
                                    "ELF"),
                           "e")
                .error()
                .code,
            ErrorCode::kCorrupt);
  std::string big_endian(
      "\x7f"
      "ELF\x02\x02\x01",
      7);
  big_endian.resize(64, '\0');
  EXPECT_EQ(ElfFile::parse(as_bytes(big_endian), "e").error().code, ErrorCode::kUnsupported);
  EXPECT_FALSE(looks_like_elf(as_bytes("PK\x03\x04")));
}

}  // namespace
}  // namespace dl
