// SPDX-License-Identifier: Apache-2.0
// Code of real libraries, compared with what other people's programs read: llvm-objdump for calls
// and references, readelf for frame descriptions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "daylight/base/log.h"
#include "daylight/program/native_code/native_code.h"
#include "daylight/program/native_code/native_decode_x86.h"
#include "daylight/program/native_code/native_unwind.h"
#include "daylight/program/package/app_package.h"
#include "support/shared_data.h"

namespace dl::program {
namespace {

constexpr const char* kObjdump = "llvm-objdump-14";

// A library of an app of the shared data, unpacked to a file.
struct RealLibrary {
  testing::TemporaryFolder folder;
  std::optional<AppPackage> app;
  EntryContent content;
  std::optional<ElfFile> elf;
  std::string path;
};

std::unique_ptr<RealLibrary> open_library(const std::string& app_path, const std::string& entry) {
  auto out = std::make_unique<RealLibrary>();
  auto app = AppPackage::open(app_path, null_log());
  if (!app) return nullptr;
  out->app.emplace(*std::move(app));
  auto content = out->app->entry_bytes(entry);
  if (!content) return nullptr;
  out->content = *content;
  auto elf = ElfFile::parse(content->bytes, entry);
  if (!elf) return nullptr;
  out->elf.emplace(*std::move(elf));
  out->path = (out->folder.path() / "lib.so").string();
  std::ofstream(out->path, std::ios::binary)
      .write(reinterpret_cast<const char*>(content->bytes.data()),
             static_cast<std::streamsize>(content->bytes.size()));
  return out;
}

using Pairs = std::set<std::pair<std::uint64_t, std::uint64_t>>;

// What the disassembly of .text says: instruction and target.
struct Disassembly {
  Pairs calls;
  Pairs addresses;                   // RIP-relative LEA; ADRP with an ADD right behind it
  std::set<std::uint64_t> indirect;  // BLR
};

// llvm-objdump's address of a line: "   3c4f0: bl ...".
std::optional<std::uint64_t> line_address(const std::string& line) {
  const std::size_t colon = line.find(':');
  const std::size_t first = line.find_first_not_of(' ');
  if (colon == std::string::npos || first == std::string::npos || first >= colon)
    return std::nullopt;
  if (line.find_first_not_of("0123456789abcdef", first) != colon) return std::nullopt;
  return std::stoull(line.substr(first, colon - first), nullptr, 16);
}

// The hexadecimal number behind `mark`, or nothing.
std::optional<std::uint64_t> number_after(const std::string& line, const std::string& mark) {
  const std::size_t at = line.find(mark);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t digits = at + mark.size();
  if (digits >= line.size() || std::isxdigit(static_cast<unsigned char>(line[digits])) == 0)
    return std::nullopt;
  return std::stoull(line.substr(digits), nullptr, 16);
}

Disassembly disassemble(const std::string& path) {
  Disassembly out;
  const auto text = testing::run_command(std::string(kObjdump) +
                                         " -d --no-show-raw-insn --no-leading-headers -j .text '" +
                                         path + "' 2>/dev/null");
  std::istringstream lines(text.value_or(""));
  const std::regex adrp(R"(adrp\s+(x\d+), 0x([0-9a-f]+))");
  const std::regex add(R"(add\s+x\d+, (x\d+), #(\d+))");
  std::string page_register;
  std::uint64_t page = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto at = line_address(line);
    if (!at) continue;
    const std::string page_before = page_register;
    page_register.clear();
    std::smatch match;
    if (const auto target = number_after(line, "\tbl\t0x")) out.calls.emplace(*at, *target);
    if (const auto target = number_after(line, "\tcallq\t0x")) out.calls.emplace(*at, *target);
    if (line.find("\tblr\t") != std::string::npos) out.indirect.insert(*at);
    if (line.find("\tlea") != std::string::npos && line.find("(%rip)") != std::string::npos) {
      if (const auto target = number_after(line, "# 0x")) out.addresses.emplace(*at, *target);
    }
    if (std::regex_search(line, match, adrp)) {
      page_register = match[1];
      page = std::stoull(match[2], nullptr, 16);
    } else if (!page_before.empty() && std::regex_search(line, match, add) &&
               match[1] == page_before) {
      out.addresses.emplace(*at, page + std::stoull(match[2]));
    }
  }
  return out;
}

class RealLibraries : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(RealLibraries, CallsAndAddressesAreThoseOfTheDisassembler) {
  DAYLIGHT_SHARED_OR_SKIP(app, GetParam().first);
  if (!testing::run_command(std::string("command -v ") + kObjdump))
    GTEST_SKIP() << kObjdump << " is absent here";
  const auto library = open_library(app.string(), GetParam().second);
  ASSERT_NE(library, nullptr);
  const auto code = NativeCode::read(*library->elf, "lib.so");
  ASSERT_TRUE(code) << describe(code.error());
  const Disassembly truth = disassemble(library->path);
  ASSERT_GT(truth.calls.size(), 10U);
  ASSERT_GT(truth.addresses.size(), 10U);
  const ElfSection* text = library->elf->section(".text");
  ASSERT_NE(text, nullptr);
  Pairs calls;
  Pairs addresses;
  // As they are read: the code keeps only those to data once its graph holds the others.
  GapList gaps;
  const auto references = NativeReferences::read(*library->elf, native_code_areas(*library->elf),
                                                 (*code)->functions(), "lib.so", gaps);
  EXPECT_TRUE(gaps.list().empty());
  for (const NativeReference reference : references.all()) {
    if (reference.from < text->address || reference.from - text->address >= text->size) continue;
    if (reference.kind == NativeReferenceKind::kCall) calls.emplace(reference.from, reference.to);
    if (reference.kind == NativeReferenceKind::kAddress)
      addresses.emplace(reference.from, reference.to);
  }
  // Calls through a register whose value is known are ours alone.
  std::erase_if(calls, [&](const auto& call) { return truth.indirect.contains(call.first); });
  EXPECT_EQ(calls, truth.calls);
  Pairs missing;
  std::set_difference(truth.addresses.begin(), truth.addresses.end(), addresses.begin(),
                      addresses.end(), std::inserter(missing, missing.begin()));
  // The disassembler reads padding of zeros as instructions and may lose the first prefix behind
  // it; we begin anew with each function.
  std::erase_if(missing, [&](const auto& found) {
    return addresses.contains({found.first - 1, found.second});
  });
  EXPECT_TRUE(missing.empty()) << missing.size() << " missing, the first at " << std::hex
                               << missing.begin()->first;
}

TEST_P(RealLibraries, FrameDescriptionsAreThoseOfReadelf) {
  DAYLIGHT_SHARED_OR_SKIP(app, GetParam().first);
  const auto library = open_library(app.string(), GetParam().second);
  ASSERT_NE(library, nullptr);
  const auto text = testing::run_command("readelf --debug-dump=frames '" + library->path +
                                         "' 2>/dev/null | grep -o 'pc=[0-9a-f.]*'");
  if (!text) GTEST_SKIP() << "readelf is absent here";
  Pairs truth;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t dots = line.find("..");
    ASSERT_NE(dots, std::string::npos);
    const std::uint64_t begin = std::stoull(line.substr(3), nullptr, 16);
    truth.emplace(begin, std::stoull(line.substr(dots + 2), nullptr, 16) - begin);
  }
  ASSERT_GT(truth.size(), 10U);
  Pairs ours;
  GapList gaps;
  for (const UnwindRange& range : read_unwind_ranges(*library->elf, "lib.so", gaps))
    ours.emplace(range.address, range.size);
  EXPECT_EQ(ours, truth);
  EXPECT_TRUE(gaps.empty());
}

TEST_P(RealLibraries, FunctionsAreSortedAndDisjoint) {
  DAYLIGHT_SHARED_OR_SKIP(app, GetParam().first);
  const auto library = open_library(app.string(), GetParam().second);
  ASSERT_NE(library, nullptr);
  const auto code = NativeCode::read(*library->elf, "lib.so");
  ASSERT_TRUE(code);
  std::uint64_t end = 0;
  for (const NativeFunction& function : (*code)->functions().all()) {
    ASSERT_GE(function.address, end);
    ASSERT_GT(function.size, 0U);
    end = function.end();
  }
  for (const ElfSymbol& symbol : library->elf->symbols()) {
    if (symbol.type != 2 || !symbol.defined()) continue;
    EXPECT_NE((*code)->functions().at(symbol.value), kNoFunction) << symbol.name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Apps, RealLibraries,
    ::testing::Values(std::pair{"apps/ra-tflite.apk", "lib/arm64-v8a/libtensorflowlite_jni.so"},
                      std::pair{"apps/ra-tflite.apk", "lib/x86_64/libtensorflowlite_jni.so"},
                      std::pair{"apps/facedetection-1core.apk", "lib/arm64-v8a/libmain.so"},
                      std::pair{"apps/facedetection-1core.apk", "lib/x86_64/libmain.so"}),
    [](const auto& test) {
      std::string name = std::string(test.param.first) + test.param.second;
      std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
      return name;
    });

TEST(DecodeX86, LengthsAreThoseOfTheManual) {
  struct Case {
    std::vector<std::uint8_t> bytes;
    int length;
    bool relative;
  };
  const std::vector<Case> cases = {
      {{0x90}, 1, false},
      {{0x48, 0x8d, 0x3d, 1, 2, 3, 4}, 7, true},                     // lea rdi, [rip+x]
      {{0x67, 0x48, 0x8d, 0x3d, 1, 2, 3, 4}, 8, false},              // ... of 32 bits
      {{0xff, 0x25, 1, 2, 3, 4}, 6, true},                           // jmp [rip+x]
      {{0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, 10, false},             // mov rax, imm64
      {{0x66, 0xb8, 1, 2}, 4, false},                                // mov ax, imm16
      {{0xf6, 0x05, 1, 2, 3, 4, 5}, 7, true},                        // test byte [rip+x], imm8
      {{0xf7, 0x15, 1, 2, 3, 4}, 6, true},                           // not dword [rip+x]
      {{0xc5, 0xf8, 0x77}, 3, false},                                // vzeroupper
      {{0xc4, 0xe3, 0x79, 0x0f, 0xc1, 0x08}, 6, false},              // vpalignr
      {{0x62, 0xf1, 0x7c, 0x48, 0x10, 0x05, 1, 2, 3, 4}, 10, true},  // vmovups zmm0, [rip+x]
      {{0x0f, 0x0b}, 2, false},                                      // ud2
      {{0xf3, 0x0f, 0x1e, 0xfa}, 4, false},                          // endbr64
      {{0x66, 0x0f, 0x3a, 0x0f, 0xc1, 0x08}, 6, false},              // palignr
      {{0x42, 0x80, 0x7c, 0x24, 0x01, 0x02}, 6, false},              // cmp byte [rsp+1], 2
      {{0x42, 0x80, 0x3c, 0x25, 1, 2, 3, 4, 5}, 9, false},           // SIB without a base
      {{0xe8, 1, 2, 3, 4}, 5, false},
      {{0xc8, 1, 2, 3}, 4, false},  // enter
  };
  for (const Case& test : cases) {
    const auto decoded = decode_x86_64(test.bytes);
    ASSERT_TRUE(decoded) << static_cast<int>(test.bytes[0]);
    EXPECT_EQ(decoded->length, test.length);
    EXPECT_EQ(decoded->rip_relative, test.relative) << static_cast<int>(test.bytes[0]);
    for (std::size_t cut = 0; cut < static_cast<std::size_t>(test.length); ++cut)
      EXPECT_FALSE(decode_x86_64(ByteSpan(test.bytes).first(cut)));
  }
  EXPECT_FALSE(decode_x86_64(std::vector<std::uint8_t>(16, 0x66)));
  EXPECT_FALSE(decode_x86_64(std::vector<std::uint8_t>{0x06}));
}

}  // namespace
}  // namespace dl::program
