// SPDX-License-Identifier: Apache-2.0
// Every class, member, instruction and handler of real apps, line by line against Android's
// dexdump.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "daylight/format/code/dex.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using Lines = std::vector<std::string>;

std::string hex(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof(text), "%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

// What we read, in the canonical form that normalised dexdump output has too.
class OurDump {
 public:
  explicit OurDump(const DexFile& dex) : dex_(dex) {}

  Lines lines() {
    for (const DexClass& cls : dex_.classes()) dump_class(cls);
    return std::move(lines_);
  }

 private:
  void add(const std::string& line) { lines_.push_back(line); }

  void dump_class(const DexClass& cls) {
    add("class " + std::string(dex_.type_descriptor(cls.type)));
    add("access 0x" + hex(cls.access, 4));
    if (cls.superclass != kDexNoIndex)
      add("super " + std::string(dex_.type_descriptor(cls.superclass)));
    for (std::uint32_t i = 0; i < cls.interfaces.size(); ++i) {
      add("interface " + std::string(dex_.type_descriptor(cls.interfaces[i])));
    }
    for (const DexField& f : cls.static_fields) dump_field(f);
    for (const DexField& f : cls.instance_fields) dump_field(f);
    for (const DexMethod& m : cls.direct_methods) dump_method(m);
    for (const DexMethod& m : cls.virtual_methods) dump_method(m);
  }

  void dump_field(const DexField& f) {
    const DexFieldId id = dex_.field(f.field);
    add("name " + std::string(dex_.string(id.name)));
    add("type " + std::string(dex_.type_descriptor(id.type)));
    add("access 0x" + hex(f.access, 4));
  }

  void dump_method(const DexMethod& m) {
    add("name " + std::string(dex_.method_name(m.method)));
    add("type " + dex_.method_descriptor(m.method));
    add("access 0x" + hex(m.access, 4));
    if (m.code_offset == 0) return;
    const auto code = dex_.code(m);
    ASSERT_TRUE(code) << describe(code.error());
    add("registers " + std::to_string(code->registers));
    add("ins " + std::to_string(code->ins));
    add("outs " + std::to_string(code->outs));
    add("units " + std::to_string(code->units()));
    DexInstructionReader reader(*code);
    DexInstruction instruction;
    while (reader.next(instruction)) add(hex(instruction.pc, 4) + ": " + text(*code, instruction));
    EXPECT_TRUE(reader.complete()) << reader.problem();
    dump_tries(*code);
  }

  void dump_tries(const DexCode& code) {
    std::vector<std::string> problems;
    for (const DexTry& t : dex_tries(code, &problems)) {
      add("try 0x" + hex(t.start, 4) + " - 0x" + hex(t.end, 4));
      for (const DexHandler& h : t.handlers) {
        const std::string type =
            h.type == kDexNoIndex ? "<any>" : std::string(dex_.type_descriptor(h.type));
        add("catch " + type + " -> 0x" + hex(h.pc, 4));
      }
    }
    EXPECT_TRUE(problems.empty()) << problems.front();
  }

  std::string field_reference(std::uint32_t index) {
    const DexFieldId id = dex_.field(index);
    return std::string(dex_.type_descriptor(id.owner)) + "." + std::string(dex_.string(id.name)) +
           ":" + std::string(dex_.type_descriptor(id.type));
  }
  std::string method_reference(std::uint32_t index) {
    return std::string(dex_.method_owner(index)) + "." + std::string(dex_.method_name(index)) +
           ":" + dex_.method_descriptor(index);
  }

  std::string reference(const DexInstruction& in) {
    switch (in.info().index_kind) {
      case DexIndexKind::kString:
        return "string@" + std::to_string(in.index);
      case DexIndexKind::kType:
        return std::string(dex_.type_descriptor(in.index));
      case DexIndexKind::kField:
        return field_reference(in.index);
      case DexIndexKind::kMethod:
        return method_reference(in.index);
      default:
        return "?" + std::to_string(in.index);
    }
  }

  std::string arguments(const DexInstruction& in) {
    std::string out = "{";
    for (std::uint32_t i = 0; i < in.argument_count; ++i)
      out += (i == 0 ? "v" : ", v") + std::to_string(in.argument(i));
    return out + "}";
  }

  std::string text(const DexCode& code, const DexInstruction& in) {
    const std::string name(in.info().name);
    const auto reg = [](std::uint32_t v) { return " v" + std::to_string(v); };
    const std::string a = name + reg(in.a);
    const std::string ab = a + "," + reg(in.b);
    const std::string literal = " " + std::to_string(in.literal);
    switch (in.format) {
      case DexFormat::kPayload: {
        const auto ident = *load_le<std::uint16_t>(code.instructions, std::uint64_t{in.pc} * 2);
        const char* kind = ident == 0x0100   ? "packed-switch"
                           : ident == 0x0200 ? "sparse-switch"
                                             : "array";
        return std::string(kind) + "-data (" + std::to_string(in.size) + " units)";
      }
      case DexFormat::k10x:
        return name;
      case DexFormat::k12x:
      case DexFormat::k22x:
      case DexFormat::k32x:
        return ab;
      case DexFormat::k11x:
        return a;
      case DexFormat::k11n:
      case DexFormat::k21s:
      case DexFormat::k21h:
      case DexFormat::k31i:
      case DexFormat::k51l:
        return a + "," + literal;
      case DexFormat::k22b:
      case DexFormat::k22s:
        return ab + "," + literal;
      case DexFormat::k10t:
      case DexFormat::k20t:
      case DexFormat::k30t:
        return name + " " + hex(in.target, 4);
      case DexFormat::k21t:
        return a + ", " + hex(in.target, 4);
      case DexFormat::k31t:
        return a + ", " + hex(in.target, 8);
      case DexFormat::k22t:
        return ab + ", " + hex(in.target, 4);
      case DexFormat::k21c:
      case DexFormat::k31c:
        return a + ", " + reference(in);
      case DexFormat::k22c:
        return ab + ", " + reference(in);
      case DexFormat::k23x:
        return ab + "," + reg(in.c);
      case DexFormat::k35c:
      case DexFormat::k3rc:
        return name + " " + arguments(in) + ", " + reference(in);
      default:
        return "?";
    }
  }

  const DexFile& dex_;
  Lines lines_;
};

// The text between single quotes that ends the line.
std::string in_quotes(const std::string& line) {
  const std::size_t first = line.find('\'');
  return line.substr(first + 1, line.rfind('\'') - first - 1);
}

// The index in "1a01 1504" (bytes in file order) or, for the jumbo form, in "1b01 1504 0000".
std::uint32_t index_in(const std::string& units) {
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(std::stoul(units.substr(at, 2), nullptr, 16));
  };
  std::uint32_t index = byte(5) | byte(7) << 8U;
  if (units[10] != ' ') index |= byte(10) << 16U | byte(12) << 24U;
  return index;
}

// "v0, #int 4 // #4" and its relatives as "v0, 4": floats by the bits in the comment.
std::string normal_instruction(std::string text, const std::string& units) {
  const std::size_t comment_at = text.rfind(" // ");
  const std::string comment = comment_at == std::string::npos ? "" : text.substr(comment_at + 4);
  // The string may hold line ends, so that its comment is lost: take the index from the code units.
  if (text.rfind("const-string", 0) == 0) {
    return text.substr(0, text.find(',')) + ", string@" + std::to_string(index_in(units));
  }
  if (comment_at != std::string::npos) text.resize(comment_at);
  for (const char* kind : {"#int ", "#long "}) {
    const std::size_t at = text.find(kind);
    if (at != std::string::npos) return text.erase(at, std::string(kind).size());
  }
  for (const char* kind : {"#float ", "#double "}) {
    const std::size_t at = text.find(kind);
    if (at == std::string::npos) continue;
    const std::uint64_t bits = std::stoull(comment.substr(1), nullptr, 16);
    const bool wide = text.rfind("const-wide ", 0) == 0;
    const auto value = wide ? static_cast<std::int64_t>(bits)
                            : static_cast<std::int32_t>(static_cast<std::uint32_t>(bits));
    return text.substr(0, at) + std::to_string(value);
  }
  return text;
}

bool starts(const std::string& line, const char* prefix) { return line.rfind(prefix, 0) == 0; }

std::string after_colon(const std::string& line) { return line.substr(line.find(": ") + 2); }

Lines normalised(const std::string& dump) {
  Lines out;
  std::istringstream stream(dump);
  std::string line;
  std::string registers;
  while (std::getline(stream, line)) {
    const std::size_t bar = line.find("|");
    if (starts(line, "  Class descriptor")) {
      out.push_back("class " + in_quotes(line));
    } else if (starts(line, "  Access flags") || starts(line, "      access  ")) {
      const std::string value = after_colon(line);
      out.push_back("access " + value.substr(0, value.find(' ')));
    } else if (starts(line, "  Superclass")) {
      out.push_back("super " + in_quotes(line));
    } else if (starts(line, "    #") && line.find(": '") != std::string::npos) {
      out.push_back("interface " + in_quotes(line));
    } else if (starts(line, "      name  ")) {
      out.push_back("name " + in_quotes(line));
    } else if (starts(line, "      type  ")) {
      out.push_back("type " + in_quotes(line));
    } else if (starts(line, "      registers")) {
      out.push_back("registers " + after_colon(line));
    } else if (starts(line, "      ins  ")) {
      out.push_back("ins " + after_colon(line));
    } else if (starts(line, "      outs  ")) {
      out.push_back("outs " + after_colon(line));
    } else if (starts(line, "      insns size")) {
      const std::string value = after_colon(line);
      out.push_back("units " + value.substr(0, value.find(' ')));
    } else if (starts(line, "        0x") && line.find(" - 0x") != std::string::npos &&
               line.find(" reg=") == std::string::npos) {
      out.push_back("try " + line.substr(8));
    } else if (starts(line, "          ") && line.find(" -> 0x") != std::string::npos) {
      out.push_back("catch " + line.substr(10));
    } else if (bar == 47 && line[bar + 1] != '[') {
      const std::size_t colon = line.find(": ", bar);
      out.push_back(line.substr(bar + 1, colon - bar + 1) +
                    normal_instruction(line.substr(colon + 2), line.substr(8, 39)));
    }
  }
  return out;
}

void compare_with_dexdump(ByteSpan bytes, const std::string& name) {
  SCOPED_TRACE(name);
  auto dex = DexFile::open(bytes, name);
  ASSERT_TRUE(dex) << describe(dex.error());
  EXPECT_TRUE(dex->gaps().empty()) << dex->gaps().front().where << ": " << dex->gaps().front().why;
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "classes.dex";
  std::ofstream(path, std::ios::binary) << as_text(bytes);
  const auto dump = testing::run_command("dexdump -d " + path.string());
  ASSERT_TRUE(dump);
  const Lines theirs = normalised(*dump);
  const Lines ours = OurDump(*dex).lines();
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    ASSERT_EQ(ours[i], theirs[i]) << "line " << i << " after " << (i == 0 ? "" : ours[i - 1]);
  }
  ASSERT_EQ(ours.size(), theirs.size());
  ASSERT_GT(ours.size(), 5U);
}

class DexOracle : public ::testing::TestWithParam<const char*> {};

TEST_P(DexOracle, EqualsDexdump) {
  DAYLIGHT_SHARED_OR_SKIP(path, std::string("apps/") + GetParam() + ".apk");
  if (!testing::run_command("command -v dexdump")) GTEST_SKIP() << "dexdump is not installed";
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto archive = ZipArchive::open(file->bytes(), GetParam());
  ASSERT_TRUE(archive) << describe(archive.error());
  std::size_t compared = 0;
  for (const ZipEntry& entry : archive->entries()) {
    if (!starts(std::string(entry.name), "classes") ||
        entry.name.find(".dex") == std::string_view::npos)
      continue;
    const auto content = archive->read(entry);
    ASSERT_TRUE(content);
    compare_with_dexdump(content->bytes(), std::string(entry.name));
    ++compared;
  }
  EXPECT_GT(compared, 0U);
}

std::string test_name(const ::testing::TestParamInfo<const char*>& test) {
  std::string name = test.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Few, DexOracle,
                         ::testing::Values("facegauge-obf", "facegauge-plain", "ra-detect_person",
                                           "ra-peekatbayntun", "droidbench-FieldSensitivity1"),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Many, DexOracle,
                         ::testing::Values("blooddonation", "calibreboxnew",
                                           "droidbench-ContentProvider1",
                                           "droidbench-EventOrdering1", "droidbench-Library2",
                                           "emotionly", "facedetection-1core", "instapaper",
                                           "ra-faceapp", "ra-moveapp_0.3", "ra-tflite",
                                           "settings_apk-debug"),
                         test_name);

}  // namespace
}  // namespace dl
