// SPDX-License-Identifier: Apache-2.0
// DEX tables and classes: built files come back as they were declared, and lying ones are read with
// a gap.
#include "daylight/format/code/dex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daylight/base/file.h"
#include "daylight/format/archive/zip.h"
#include "support/dex_builder.h"
#include "support/shared_data.h"

namespace dl {
namespace {

using ::testing::Contains;
using testing::DexBuilder;
using testing::DexIds;
using testing::DexTestClass;
using testing::DexUnits;
using ::testing::HasSubstr;

// Two classes with every kind of member.
DexBuilder sample() {
  DexBuilder builder;
  DexTestClass shape;
  shape.descriptor = "Lapp/Shape;";
  shape.interfaces = {"Ljava/lang/Runnable;", "Ljava/io/Closeable;"};
  shape.source_file = "Shape.java";
  shape.static_fields = {{"COUNT", "I", 0x19, {0x24, 0x39, 0x30, 0x00}},  // 12345 in three bytes
                         {"LABEL", "Ljava/lang/String;", 0x19}};
  shape.instance_fields = {{"size", "[F", 0x2}};
  shape.direct_methods = {
      {.name = "<init>",
       .access = 0x10001,
       .registers = 1,
       .ins = 1,
       .outs = 1,
       .code = [](const DexIds& ids) {
         return DexUnits{0x1070, ids.method("Ljava/lang/Object;", "<init>", "()V"), 0, 0x000e};
       }}};
  shape.virtual_methods = {{.name = "area", .descriptor = "(F[I)D", .access = 0x101},
                           {.name = "close", .access = 0x401}};
  builder.classes.push_back(shape);
  builder.methods = {{"Ljava/lang/Object;", "<init>", "()V"}};
  return builder;
}

std::string gaps_of(const DexFile& dex) {
  std::string text;
  for (const FormatGap& gap : dex.gaps()) text += gap.where + ": " + gap.why + "\n";
  return text;
}

DexFile opened(const std::string& bytes) {
  auto dex = DexFile::open(as_bytes(bytes), "t.dex");
  EXPECT_TRUE(dex) << describe(dex.error());
  if (!dex) std::abort();
  return std::move(*dex);
}

void poke32(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes.at(at + i) = static_cast<char>(value >> (8 * i));
}
std::uint32_t peek32(const std::string& bytes, std::size_t at) {
  return load_le<std::uint32_t>(as_bytes(bytes), at).value();
}

// Offsets in the header.
constexpr std::size_t kChecksum = 8, kFileSize = 0x20, kHeaderSize = 0x24, kEndian = 0x28,
                      kMap = 0x34, kStringCount = 0x38, kStrings = 0x3c, kTypeCount = 0x40,
                      kProtos = 0x4c, kClassCount = 0x60, kClasses = 0x64;

TEST(Dex, GivesBackWhatWasDeclared) {
  const std::string bytes = sample().build();
  const DexFile dex = opened(bytes);
  EXPECT_EQ(gaps_of(dex), "");
  EXPECT_EQ(dex.version(), 35);
  ASSERT_EQ(dex.classes().size(), 1U);
  const DexClass& cls = dex.classes()[0];
  EXPECT_EQ(dex.type_descriptor(cls.type), "Lapp/Shape;");
  EXPECT_EQ(dex.type_descriptor(cls.superclass), "Ljava/lang/Object;");
  EXPECT_EQ(dex.string(cls.source_file), "Shape.java");
  ASSERT_EQ(cls.interfaces.size(), 2U);
  EXPECT_EQ(dex.type_descriptor(cls.interfaces[0]), "Ljava/lang/Runnable;");
  EXPECT_EQ(dex.type_descriptor(cls.interfaces[1]), "Ljava/io/Closeable;");
  EXPECT_EQ(cls.interfaces[2], kDexNoIndex);
  ASSERT_EQ(cls.static_fields.size(), 2U);
  EXPECT_EQ(dex.field_text(cls.static_fields[0].field), "Lapp/Shape;->COUNT:I");
  EXPECT_EQ(cls.static_fields[1].access, 0x19U);
  ASSERT_EQ(cls.instance_fields.size(), 1U);
  EXPECT_EQ(dex.field_text(cls.instance_fields[0].field), "Lapp/Shape;->size:[F");
  ASSERT_EQ(cls.methods.size(), 3U);
  EXPECT_EQ(dex.method_text(cls.direct_methods[0].method), "Lapp/Shape;-><init>()V");
  EXPECT_EQ(dex.method_text(cls.virtual_methods[0].method), "Lapp/Shape;->area(F[I)D");
  EXPECT_EQ(dex.method_text(cls.methods[2].method), "Lapp/Shape;->close()V");
  EXPECT_EQ(cls.virtual_methods[0].access, kDexPublic | kDexNative);
  EXPECT_TRUE(cls.members_complete);
}

TEST(Dex, FindsClassesAndDefinitions) {
  const std::string bytes = sample().build();
  const DexFile dex = opened(bytes);
  const DexClass& cls = dex.classes()[0];
  EXPECT_EQ(dex.class_of_type(cls.type), &cls);
  EXPECT_EQ(dex.class_of_type(cls.superclass), nullptr);
  EXPECT_EQ(dex.class_of_type(kDexNoIndex), nullptr);
  for (const DexMethod& method : dex.defined_methods())
    EXPECT_EQ(dex.definition(method.method), &method);
  EXPECT_EQ(dex.definition(kDexNoIndex), nullptr);
  std::size_t defined = 0;
  for (std::uint32_t i = 0; i < dex.method_count(); ++i)
    defined += dex.definition(i) != nullptr ? 1 : 0;
  EXPECT_EQ(defined, 3U);
  EXPECT_EQ(dex.method_count(), 4U);  // and Object.<init>
}

TEST(Dex, PrototypesHaveTypesAndShorty) {
  const std::string bytes = sample().build();
  const DexFile dex = opened(bytes);
  const DexProto proto = dex.proto(dex.method(dex.classes()[0].virtual_methods[0].method).proto);
  EXPECT_EQ(dex.string(proto.shorty), "DFL");
  EXPECT_EQ(dex.type_descriptor(proto.return_type), "D");
  ASSERT_EQ(proto.parameters.size(), 2U);
  EXPECT_EQ(dex.type_descriptor(proto.parameters[1]), "[I");
  EXPECT_EQ(dex.proto(99).return_type, kDexNoIndex);
}

TEST(Dex, CodeOfConcreteMethodsOnly) {
  const std::string bytes = sample().build();
  const DexFile dex = opened(bytes);
  const DexClass& cls = dex.classes()[0];
  const auto code = dex.code(cls.direct_methods[0]);
  ASSERT_TRUE(code);
  EXPECT_EQ(code->registers, 1);
  EXPECT_EQ(code->units(), 4U);
  const auto none = dex.code(cls.virtual_methods[0]);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
}

TEST(Dex, StaticValuesAreFilledWithDefaults) {
  const std::string bytes = sample().build();
  const DexFile dex = opened(bytes);
  const auto values = dex.static_values(dex.classes()[0]);
  ASSERT_TRUE(values) << describe(values.error());
  ASSERT_EQ(values->size(), 2U);
  EXPECT_EQ((*values)[0].kind, DexValueKind::kInt);
  EXPECT_EQ((*values)[0].integer, 12345);
  EXPECT_EQ((*values)[1].kind, DexValueKind::kNull);
}

TEST(Dex, OutOfRangeIndicesAreEmpty) {
  const std::string bytes = sample().build();
  const DexFile dex = opened(bytes);
  EXPECT_EQ(dex.string(0xffffff), "");
  EXPECT_EQ(dex.type_descriptor(kDexNoIndex), "");
  EXPECT_EQ(dex.field(1000).name, kDexNoIndex);
  EXPECT_EQ(dex.method(1000).owner, kDexNoIndex);
  EXPECT_EQ(dex.method_handle(0).target, kDexNoIndex);
  EXPECT_EQ(dex.method_text(1000), "->()");
  EXPECT_FALSE(dex.call_site(0));
}

TEST(Dex, ModifiedUtf8BecomesUtf8) {
  DexBuilder builder = sample();
  builder.strings = {"k1", "k2", "k3", "k4", "k5"};
  builder.raw_strings = {{"k1", {"\xc3\xa9t\xc3\xa9", 3}},         // été: the same in UTF-8
                         {"k2", {"a\xc0\x80z", 3}},                // a, U+0000, z
                         {"k3", {"\xed\xa0\xbd\xed\xb8\x80", 2}},  // U+1F600 as a surrogate pair
                         {"k4", {"\xed\xa0\xbd!", 2}},             // unpaired
                         {"k5", {"\xff\xfe", 2}}};
  const std::string bytes = builder.build();
  const DexFile dex = opened(bytes);
  std::vector<std::string> found;
  for (std::uint32_t i = 0; i < dex.string_count(); ++i) found.emplace_back(dex.string(i));
  EXPECT_THAT(found, Contains("\xc3\xa9t\xc3\xa9"));
  EXPECT_THAT(found, Contains(std::string("a\0z", 3)));
  EXPECT_THAT(found, Contains("\xf0\x9f\x98\x80"));
  EXPECT_THAT(found, Contains("\xef\xbf\xbd!"));
  EXPECT_THAT(found, Contains("\xef\xbf\xbd\xef\xbf\xbd"));
  EXPECT_THAT(gaps_of(dex), HasSubstr("2 rows are not valid MUTF-8"));
  EXPECT_THAT(gaps_of(dex), ::testing::Not(HasSubstr("another length")));
}

TEST(Dex, MovingKeepsViewsValid) {
  DexBuilder builder = sample();
  builder.strings = {"k"};
  builder.raw_strings = {{"k", {"\xc0\x80", 1}}};
  const std::string bytes = builder.build();
  DexFile first = opened(bytes);
  const DexFile second = std::move(first);
  EXPECT_EQ(second.classes()[0].methods.size(), 3U);
  EXPECT_EQ(second.method_text(second.classes()[0].methods[0].method), "Lapp/Shape;-><init>()V");
  std::vector<std::string> found;
  for (std::uint32_t i = 0; i < second.string_count(); ++i) found.emplace_back(second.string(i));
  EXPECT_THAT(found, Contains(std::string(1, '\0')));
}

TEST(DexHostile, WhatIsNoDexIsRefused) {
  const auto code_of = [](const std::string& bytes) {
    return DexFile::open(as_bytes(bytes), "t").error().code;
  };
  EXPECT_EQ(code_of(""), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(std::string(200, 'x')), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(sample().build().substr(0, 0x6f)), ErrorCode::kCorrupt);
  std::string compact = sample().build();
  compact.replace(0, 4, "cdex");
  EXPECT_EQ(code_of(compact), ErrorCode::kUnsupported);
  std::string reversed = sample().build();
  poke32(reversed, kEndian, 0x78563412);
  EXPECT_EQ(code_of(reversed), ErrorCode::kUnsupported);
}

TEST(DexHostile, LiesOfTheHeaderAreGaps) {
  const std::string good = sample().build();
  const auto gap_after = [&](std::size_t at, std::uint32_t value) {
    std::string bytes = good;
    poke32(bytes, at, value);
    const DexFile dex = opened(bytes);
    EXPECT_EQ(dex.classes().size(), 1U);
    return gaps_of(dex);
  };
  EXPECT_THAT(gap_after(kChecksum, 7), HasSubstr("wrong checksum"));
  EXPECT_THAT(gap_after(kFileSize, 9), HasSubstr("file_size is 9"));
  EXPECT_THAT(gap_after(kHeaderSize, 0x74), HasSubstr("header_size is 116"));
  EXPECT_THAT(gap_after(kEndian, 1), HasSubstr("endian"));
  EXPECT_THAT(gap_after(kMap, 0), HasSubstr("map_list: absent"));
  std::string version = good;
  version.replace(4, 3, "050");
  EXPECT_THAT(gaps_of(opened(version)), HasSubstr("version 50"));
  EXPECT_THAT(gaps_of(opened(good + "more")), HasSubstr("file_size"));
}

TEST(DexHostile, TablesAreCutToTheFile) {
  std::string bytes = sample().build();
  poke32(bytes, kTypeCount, 0xffffffff);
  const DexFile dex = opened(bytes);
  EXPECT_LT(dex.type_count(), bytes.size());
  EXPECT_THAT(gaps_of(dex), HasSubstr("type_ids"));
  EXPECT_THAT(gaps_of(dex), HasSubstr("behind the end of the file"));
  EXPECT_EQ(dex.type_descriptor(dex.classes().at(0).type), "Lapp/Shape;");
}

TEST(DexHostile, ABadClassDoesNotTakeTheOthersWithIt) {
  DexBuilder builder = sample();
  builder.classes.push_back(builder.classes[0]);
  builder.classes[1].descriptor = "Lapp/Other;";
  std::string bytes = builder.build();
  poke32(bytes, peek32(bytes, kClasses), 0x00ffffff);  // the type of the first class
  const DexFile dex = opened(bytes);
  ASSERT_EQ(dex.classes().size(), 1U);
  EXPECT_EQ(dex.type_descriptor(dex.classes()[0].type), "Lapp/Other;");
  EXPECT_EQ(dex.classes()[0].methods.size(), 3U);
  EXPECT_THAT(gaps_of(dex), HasSubstr("class_def 0: its type index 16777215"));
}

TEST(DexHostile, DamagedMembersKeepWhatCameBefore) {
  std::string bytes = sample().build();
  const std::uint32_t data = peek32(bytes, peek32(bytes, kClasses) + 24);
  // uleb sizes: 2 static, 1 instance, 1 direct, 2 virtual; the second static field's index follows
  // two bytes later.
  ASSERT_EQ(bytes.substr(data, 4), std::string("\x02\x01\x01\x02", 4));
  bytes[data + 6] = 0x7f;
  const DexFile dex = opened(bytes);
  ASSERT_EQ(dex.classes().size(), 1U);
  EXPECT_FALSE(dex.classes()[0].members_complete);
  EXPECT_EQ(dex.classes()[0].static_fields.size(), 1U);
  EXPECT_EQ(dex.classes()[0].methods.size(), 0U);
  EXPECT_THAT(gaps_of(dex), HasSubstr("member list is damaged"));
  const auto values = dex.static_values(dex.classes()[0]);
  ASSERT_FALSE(values);
  EXPECT_THAT(values.error().what, HasSubstr("cannot be matched"));
}

TEST(DexHostile, SharedMemberListsDoNotMultiply) {
  // As many classes as fit, all with the same member list: the sum is bounded by the file's size.
  std::string bytes = sample().build();
  const std::string row = bytes.substr(peek32(bytes, kClasses), 32);
  poke32(bytes, kClasses, static_cast<std::uint32_t>(bytes.size()));
  poke32(bytes, kClassCount, 5000);
  for (int i = 0; i < 5000; ++i) bytes += row;
  const DexFile dex = opened(bytes);
  EXPECT_EQ(dex.classes().size(), 5000U);
  EXPECT_LE(dex.defined_methods().size(), bytes.size());
  EXPECT_THAT(gaps_of(dex), HasSubstr("defines a type that an earlier class defines"));
  EXPECT_EQ(dex.class_of_type(dex.classes()[0].type), &dex.classes()[0]);
}

TEST(DexHostile, OverlappingStringsAreBounded) {
  std::string bytes = sample().build();
  const std::size_t table = bytes.size();
  const std::size_t count = 60000;
  const std::size_t text = table + 4 * count;
  for (std::size_t i = 0; i < count; ++i) {
    const auto offset = static_cast<std::uint32_t>(text + i);
    for (unsigned k = 0; k < 4; ++k) bytes.push_back(static_cast<char>(offset >> (8 * k)));
  }
  bytes += std::string(200000, 'a') + std::string(1, '\0');
  poke32(bytes, kStrings, static_cast<std::uint32_t>(table));
  poke32(bytes, kStringCount, count);
  const DexFile dex = opened(bytes);
  EXPECT_THAT(gaps_of(dex), HasSubstr("overlap so often"));
  EXPECT_EQ(dex.string_count(), count);
  EXPECT_EQ(dex.string(0).size(), 199999U);
}

TEST(DexHostile, ParameterListsThatDoNotFitAreEmpty) {
  std::string bytes = sample().build();
  const std::uint32_t protos = peek32(bytes, kProtos);
  std::size_t changed = 0;
  for (std::uint32_t i = 0; i < 2; ++i) {
    if (peek32(bytes, protos + 12 * i + 8) == 0) continue;
    poke32(bytes, protos + 12 * i + 8, static_cast<std::uint32_t>(bytes.size() - 2));
    ++changed;
  }
  ASSERT_EQ(changed, 1U);
  const DexFile dex = opened(bytes);
  EXPECT_THAT(gaps_of(dex), HasSubstr("1 rows have a parameter list that does not fit"));
  for (std::uint32_t i = 0; i < dex.proto_count(); ++i)
    EXPECT_TRUE(dex.proto(i).parameters.empty());
}

TEST(DexHostile, EveryTruncationIsReadOrRefused) {
  const std::string bytes = sample().build();
  std::size_t readable = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    const auto dex = DexFile::open(as_bytes(cut), "cut");
    if (!dex) continue;
    ++readable;
    EXPECT_FALSE(dex->gaps().empty()) << size;
    for (const DexMethod& method : dex->defined_methods()) (void)dex->code(method);
  }
  EXPECT_EQ(readable, bytes.size() - 0x70);
}

TEST(Dex, OdexIsUnwrapped) {
  const std::string inner = sample().build();
  std::string odex = "dey\n036";
  odex.push_back('\0');
  for (const std::uint32_t value : {40U, static_cast<std::uint32_t>(inner.size())}) {
    for (unsigned k = 0; k < 4; ++k) odex.push_back(static_cast<char>(value >> (8 * k)));
  }
  odex.resize(40);
  odex += inner + "dependencies";
  const DexFile dex = opened(odex);
  EXPECT_EQ(dex.classes().size(), 1U);
  EXPECT_THAT(gaps_of(dex), HasSubstr("optimised DEX"));
}

TEST(Dex, ContainerHoldsSeveral) {
  DexBuilder first = sample();
  first.version = 41;
  DexBuilder second = sample();
  second.version = 41;
  second.classes[0].descriptor = "Lapp/Second;";
  std::string bytes = first.build();
  bytes += second.build(static_cast<std::uint32_t>(bytes.size()));
  const auto all = DexFile::open_all(as_bytes(bytes), "c.dex");
  ASSERT_TRUE(all) << describe(all.error());
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(gaps_of((*all)[0]) + gaps_of((*all)[1]), "");
  EXPECT_EQ((*all)[1].type_descriptor((*all)[1].classes().at(0).type), "Lapp/Second;");
  EXPECT_EQ((*all)[1].method_text((*all)[1].classes()[0].methods[0].method),
            "Lapp/Second;-><init>()V");
  ASSERT_TRUE((*all)[1].code((*all)[1].classes()[0].methods[0]));
}

TEST(Dex, HandlesAndCallSites) {
  DexBuilder builder = sample();
  builder.version = 38;
  builder.strings = {"run"};
  builder.method_handles = {
      {4, [](const DexIds& ids) { return ids.method("Lapp/Shape;", "area", "(F[I)D"); }}};
  builder.call_sites = {[](const DexIds& ids) {
    return std::vector<std::uint8_t>{3,
                                     0x16,
                                     0x00,
                                     0x17,
                                     static_cast<std::uint8_t>(ids.string("run")),
                                     0x15,
                                     static_cast<std::uint8_t>(ids.proto("()V"))};
  }};
  const std::string bytes = builder.build();
  const DexFile dex = opened(bytes);
  EXPECT_EQ(gaps_of(dex), "");
  ASSERT_EQ(dex.method_handle_count(), 1U);
  EXPECT_EQ(dex.method_handle(0).kind, 4);
  EXPECT_EQ(dex.method_text(dex.method_handle(0).target), "Lapp/Shape;->area(F[I)D");
  ASSERT_EQ(dex.call_site_count(), 1U);
  const auto site = dex.call_site(0);
  ASSERT_TRUE(site) << describe(site.error());
  ASSERT_EQ(site->size(), 3U);
  EXPECT_EQ((*site)[0].kind, DexValueKind::kMethodHandle);
  EXPECT_EQ(dex.string((*site)[1].index), "run");
  EXPECT_EQ(dex.proto_text((*site)[2].index), "()V");
}

TEST(DexHostile, ARealDamagedFileIsReadWithGaps) {
  DAYLIGHT_SHARED_OR_SKIP(path, "apps/redex-test.apk");
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file);
  const auto archive = ZipArchive::open(file->bytes(), "redex-test.apk");
  ASSERT_TRUE(archive) << describe(archive.error());
  const ZipEntry* entry = archive->find("classes.dex");
  ASSERT_NE(entry, nullptr);
  const auto content = archive->read(*entry);
  ASSERT_TRUE(content) << describe(content.error());
  const auto dex = DexFile::open(content->bytes(), "classes.dex");
  ASSERT_TRUE(dex) << describe(dex.error());
  EXPECT_THAT(gaps_of(*dex), HasSubstr("file_size is 597924 of 597970 bytes"));
  EXPECT_THAT(gaps_of(*dex), HasSubstr("wrong checksum"));
  EXPECT_GT(dex->classes().size(), 100U);
}

TEST(Dex, DottedNames) {
  EXPECT_EQ(dotted_class_name("Lpkg/Outer$Inner;"), "pkg.Outer$Inner");
  EXPECT_EQ(dotted_class_name("[[I"), "int[][]");
  EXPECT_EQ(dotted_class_name("[Lx;"), "x[]");
  EXPECT_EQ(dotted_class_name("V"), "void");
  EXPECT_EQ(dotted_class_name("no descriptor"), "no descriptor");
  EXPECT_EQ(dotted_class_name(""), "");
  EXPECT_EQ(dotted_class_name("L;"), "L;");
}

}  // namespace
}  // namespace dl
