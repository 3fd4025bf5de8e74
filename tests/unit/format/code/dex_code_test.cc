// SPDX-License-Identifier: Apache-2.0
// Dalvik instructions, payloads, handlers and encoded values from hand-written code units, and from
// smali text.
#include "daylight/format/code/dex_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>

#include "daylight/format/code/dex.h"
#include "daylight/format/code/dex_value.h"
#include "support/dex_builder.h"
#include "support/smali.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Units = std::vector<std::uint16_t>;

// A code item over units that live as long as the object.
struct Code {
  explicit Code(Units values) : units(std::move(values)) {
    for (const std::uint16_t unit : units) {
      bytes.push_back(static_cast<std::uint8_t>(unit));
      bytes.push_back(static_cast<std::uint8_t>(unit >> 8U));
    }
    code.instructions = bytes;
    code.registers = 16;
  }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  Units units;
  std::vector<std::uint8_t> bytes;
  DexCode code;
};

DexInstruction one(Units units) {
  const Code code(std::move(units));
  const auto out = decode_dex_instruction(code.code, 0);
  EXPECT_TRUE(out) << describe(out.error());
  return out.value_or(DexInstruction{});
}

TEST(DexOpcodes, TableIsConsistent) {
  std::set<std::string_view> names;
  int used = 0;
  for (int i = 0; i < 256; ++i) {
    const DexOpcode& row = dex_opcode(static_cast<std::uint8_t>(i));
    EXPECT_EQ(row.name.empty(), row.format == DexFormat::kUnused) << i;
    EXPECT_EQ(row.name.empty(), dex_format_units(row.format) == 0) << i;
    if (row.name.empty()) continue;
    ++used;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    const bool leaves =
        (row.flags & (kDexReturn | kDexThrow)) != 0 || row.name.substr(0, 4) == "goto";
    EXPECT_EQ((row.flags & kDexContinues) == 0, leaves) << row.name;
    if ((row.flags & kDexWide) != 0) {
      EXPECT_NE(row.flags & kDexWritesA, 0) << row.name;
    }
    EXPECT_EQ((row.flags & kDexInvoke) != 0, row.name.substr(0, 6) == "invoke") << row.name;
  }
  EXPECT_EQ(used, 224);
  EXPECT_EQ(dex_opcode(kOpInvokeVirtual).name, "invoke-virtual");
  EXPECT_EQ(dex_opcode(kOpConstMethodType).name, "const-method-type");
  EXPECT_EQ(dex_opcode(kOpUshrIntLit8).name, "ushr-int/lit8");
  EXPECT_EQ(dex_opcode(kOpSputShort).name, "sput-short");
}

TEST(DexDecode, Constants) {
  EXPECT_EQ(one({0xf312}).literal, -1);  // const/4 v3, -1
  EXPECT_EQ(one({0xf312}).a, 3U);
  EXPECT_EQ(one({0x0013, 0xff00}).literal, -256);
  EXPECT_EQ(one({0x0014, 0x0000, 0x42e8}).literal, std::bit_cast<std::int32_t>(116.0F));
  EXPECT_EQ(one({0x0015, 0x437f}).literal, std::bit_cast<std::int32_t>(255.0F));
  EXPECT_EQ(one({0x0015, 0xbf80}).literal, std::bit_cast<std::int32_t>(-1.0F));
  EXPECT_EQ(one({0x0019, 0x4060}).literal, std::bit_cast<std::int64_t>(128.0));
  EXPECT_EQ(one({0x0019, 0x8000}).literal, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(one({0x0018, 0x1111, 0x2222, 0x3333, 0xf444}).literal,
            static_cast<std::int64_t>(0xf444333322221111ULL));
  EXPECT_EQ(one({0x001b, 0x0001, 0x0002}).index, 0x20001U);
}

TEST(DexDecode, RegistersAndArguments) {
  const DexInstruction listed = one({0x5d6e, 0x1234, 0xcba9});  // five registers: 9 10 11 12 13
  ASSERT_EQ(listed.argument_count, 5);
  EXPECT_EQ(listed.argument(0), 9U);
  EXPECT_EQ(listed.argument(3), 12U);
  EXPECT_EQ(listed.argument(4), 13U);
  EXPECT_EQ(listed.index, 0x1234U);
  const DexInstruction range = one({0x0377, 0x0001, 0x0100});
  ASSERT_EQ(range.argument_count, 3);
  EXPECT_EQ(range.argument(2), 0x102U);
  const DexInstruction polymorphic = one({0x20fa, 0x0007, 0x0021, 0x0009});
  EXPECT_EQ(polymorphic.index, 7U);
  EXPECT_EQ(polymorphic.proto_index, 9U);
  EXPECT_EQ(polymorphic.argument(1), 2U);
  EXPECT_EQ(one({0x01fb, 0x0007, 0x0021, 0x0009}).proto_index, 9U);
  const DexInstruction field = one({0x2154, 0x0003});
  EXPECT_EQ(field.a, 1U);
  EXPECT_EQ(field.b, 2U);
  EXPECT_EQ(field.index, 3U);
  const DexInstruction literal = one({0x01d8, 0xff02});
  EXPECT_EQ(literal.b, 2U);
  EXPECT_EQ(literal.literal, -1);
}

TEST(DexDecode, BranchTargetsAreAbsoluteAndChecked) {
  const Code code({0x0000, 0x0238, 0xffff, 0x0128, 0x000e});
  EXPECT_EQ(decode_dex_instruction(code.code, 1)->target, 0U);
  EXPECT_EQ(decode_dex_instruction(code.code, 3)->target, 4U);
  EXPECT_EQ(one({0x7f28}).target, kDexNoPc);
  EXPECT_EQ(one({0x8028}).target, kDexNoPc);
  EXPECT_EQ(one({0x002a, 0x0000, 0x8000}).target, kDexNoPc);
}

TEST(DexDecode, StopsAtGarbage) {
  const auto problem = [](Units units) {
    const Code code(std::move(units));
    DexInstructionReader reader(code.code);
    DexInstruction out;
    int count = 0;
    while (reader.next(out)) ++count;
    EXPECT_FALSE(reader.next(out));
    return std::to_string(count) + " " + reader.problem();
  };
  EXPECT_EQ(problem({0x0000, 0x000e}), "2 ");
  EXPECT_THAT(problem({0x0000, 0x00e3}),
              HasSubstr("1 unknown opcode (code unit 0x00e3) at 0x0001"));
  EXPECT_THAT(problem({0x006e, 0x0000}), HasSubstr("0 instruction cut off"));
  EXPECT_THAT(problem({0x606e, 0x0000, 0x0000}), HasSubstr("more than five"));
  EXPECT_THAT(problem({0x0100, 0xffff, 0, 0}), HasSubstr("payload does not fit"));
  EXPECT_THAT(problem({0x0300, 8, 0xffff, 0xffff}), HasSubstr("payload does not fit"));
  Code cut({0x000e});
  cut.code.missing_units = 3;
  DexInstructionReader reader(cut.code);
  DexInstruction out;
  EXPECT_TRUE(reader.next(out));
  EXPECT_FALSE(reader.next(out));
  EXPECT_THAT(reader.problem(), HasSubstr("behind the end of the file"));
}

TEST(DexPayload, PackedSwitch) {
  // packed-switch v0, +4; return-void; payload: first key -1, targets +3, +99
  const Code code({0x002b, 0x0004, 0x0000, 0x000e, 0x0100, 0x0002, 0xffff, 0xffff, 0x0003, 0x0000,
                   0x0063, 0x0000});
  const auto instruction = decode_dex_instruction(code.code, 0);
  ASSERT_TRUE(instruction);
  const auto found = dex_switch(code.code, *instruction);
  ASSERT_TRUE(found) << describe(found.error());
  EXPECT_THAT(found->cases, ElementsAre(std::pair(-1, 3U), std::pair(0, kDexNoPc)));
  DexInstructionReader reader(code.code);
  DexInstruction out;
  std::vector<std::uint32_t> sizes;
  while (reader.next(out)) sizes.push_back(out.size);
  EXPECT_THAT(sizes, ElementsAre(3U, 1U, 8U));
  EXPECT_TRUE(out.is_payload());
}

TEST(DexPayload, SparseSwitch) {
  const Code code(
      {0x002c, 0x0004, 0x0000, 0x000e, 0x0200, 0x0002, 0x0005, 0, 0x0000, 0x4000, 3, 0, 0, 0});
  const auto found = dex_switch(code.code, *decode_dex_instruction(code.code, 0));
  ASSERT_TRUE(found) << describe(found.error());
  EXPECT_THAT(found->cases, ElementsAre(std::pair(5, 3U), std::pair(0x40000000, 0U)));
}

TEST(DexPayload, WrongKindsAreRefused) {
  const Code wrong({0x002b, 0x0004, 0x0000, 0x000e, 0x0200, 0x0000});
  EXPECT_FALSE(dex_switch(wrong.code, *decode_dex_instruction(wrong.code, 0)));
  const Code absent({0x002b, 0x0003, 0x0000, 0x000e});
  EXPECT_FALSE(dex_switch(absent.code, *decode_dex_instruction(absent.code, 0)));
  const Code width({0x0026, 0x0003, 0x0000, 0x0300, 3, 1, 0, 0, 0});
  EXPECT_FALSE(dex_array_data(width.code, *decode_dex_instruction(width.code, 0)));
}

TEST(DexPayload, ArrayData) {
  const Code code(
      {0x0026, 0x0004, 0x0000, 0x000e, 0x0300, 4, 2, 0, 0x0000, 0x3f80, 0x0000, 0x4000});
  const auto found = dex_array_data(code.code, *decode_dex_instruction(code.code, 0));
  ASSERT_TRUE(found) << describe(found.error());
  EXPECT_EQ(found->width, 4);
  ASSERT_EQ(found->count, 2U);
  EXPECT_EQ(load_le<float>(found->data, 4), 2.0F);
  const Code odd({0x0026, 0x0004, 0x0000, 0x000e, 0x0300, 1, 3, 0, 0x0201, 0x0003});
  EXPECT_EQ(dex_array_data(odd.code, *decode_dex_instruction(odd.code, 0))->data.size(), 3U);
}

TEST(DexTries, TypedAndCatchAll) {
  Code code({0x0000, 0x0000, 0x000e});
  // padding; rows (start, count, handler offset); list at 1: size -1: type 7 at 2, all at 0; a row
  // outside the code
  const std::vector<std::uint8_t> after = {0, 0, 0, 0, 0, 0, 2, 0,    1, 0, 2, 0,
                                           0, 0, 9, 0, 1, 0, 1, 0x7f, 7, 2, 0};
  code.code.tries = 2;
  code.code.after = after;
  std::vector<std::string> problems;
  const std::vector<DexTry> tries = dex_tries(code.code, &problems);
  ASSERT_EQ(tries.size(), 1U);
  EXPECT_EQ(tries[0].end, 2U);
  ASSERT_EQ(tries[0].handlers.size(), 2U);
  EXPECT_EQ(tries[0].handlers[0].type, 7U);
  EXPECT_EQ(tries[0].handlers[0].pc, 2U);
  EXPECT_EQ(tries[0].handlers[1].type, kDexNoIndex);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("outside the code")));
  code.code.after = ByteSpan(after).first(5);
  problems.clear();
  EXPECT_TRUE(dex_tries(code.code, &problems).empty());
  EXPECT_FALSE(problems.empty());
}

Result<DexValue> value_of(std::vector<std::uint8_t> bytes) {
  ByteReader reader(bytes);
  return read_dex_value(reader);
}

TEST(DexValues, Scalars) {
  EXPECT_EQ(value_of({0x00, 0xff})->integer, -1);
  EXPECT_EQ(value_of({0x22, 0x34, 0x80})->integer, static_cast<std::int16_t>(0x8034));
  EXPECT_EQ(value_of({0x03, 0xff})->integer, 255);
  EXPECT_EQ(value_of({0x04, 0x80})->integer, -128);
  EXPECT_EQ(value_of({0xe6, 1, 0, 0, 0, 0, 0, 0, 0x80})->integer,
            std::numeric_limits<std::int64_t>::min() + 1);
  EXPECT_EQ(value_of({0x30, 0x80, 0x3f})->real, 1.0);
  EXPECT_EQ(value_of({0x11, 0x40})->real, 2.0);
  EXPECT_EQ(value_of({0x37, 0x01, 0x02})->index, 0x201U);
  EXPECT_EQ(value_of({0x1e})->kind, DexValueKind::kNull);
  EXPECT_EQ(value_of({0x3f})->integer, 1);
  EXPECT_EQ(value_of({0x1f})->integer, 0);
}

TEST(DexValues, BadOnesAreRefused) {
  EXPECT_FALSE(value_of({}));
  EXPECT_FALSE(value_of({0x04}));
  EXPECT_FALSE(value_of({0x20, 1, 2}));  // a byte of two bytes
  EXPECT_FALSE(value_of({0x5f}));        // a boolean of 2
  EXPECT_FALSE(value_of({0x05, 0}));     // no such kind
  EXPECT_FALSE(value_of({0x1c, 0xff, 0xff, 0x7f}));
  std::vector<std::uint8_t> deep;
  for (int i = 0; i < 100; ++i) deep.insert(deep.end(), {0x1c, 0x01});
  deep.push_back(0x1e);
  const auto found = value_of(deep);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kLimit);
}

TEST(DexValues, LimitsCountNestedElements) {
  const std::vector<std::uint8_t> bytes = {2, 0x1c, 2, 0x1e, 0x1e, 0x1e};
  ByteReader whole(bytes);
  EXPECT_TRUE(read_dex_array(whole, 4));
  ByteReader cut(bytes);
  const auto found = read_dex_array(cut, 3);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kLimit);
}

TEST(DexValues, ArraysAndAnnotations) {
  const auto array = value_of({0x1c, 2, 0x04, 5, 0x1e});
  ASSERT_TRUE(array);
  ASSERT_EQ(array->elements.size(), 2U);
  EXPECT_EQ(array->elements[0].integer, 5);
  const auto annotation = value_of({0x1d, 9, 1, 4, 0x17, 6});
  ASSERT_TRUE(annotation);
  EXPECT_EQ(annotation->index, 9U);
  EXPECT_THAT(annotation->names, ElementsAre(4U));
  EXPECT_EQ(annotation->elements[0].index, 6U);
}

TEST(DexText, InstructionsOfSmaliComeBackAsText) {
  const auto bytes = testing::assemble_smali(R"(.class public Lt/T;
.super Ljava/lang/Object;
.source "T.java"
.annotation runtime Lt/Mark;
    value = { "a", "b" }
.end annotation
.field public static final SCALE:F = 116.0f
.field public static final NAME:Ljava/lang/String; = "model.tflite"
.field public static final ON:Z = true
.method public static f(I[F)V
    .registers 8
    const/high16 v0, 0x437f0000
    const-string v1, "model.tflite"
    invoke-static {v6, p1}, Lt/T;->f(I[F)V
    invoke-static/range {v6 .. v7}, Lt/T;->f(I[F)V
    sget v2, Lt/T;->SCALE:F
    div-float/2addr v2, v0
    aput v2, p1, v6
    :try_start
    new-array v3, v6, [I
    fill-array-data v3, :data
    :try_end
    .catch Ljava/lang/Exception; {:try_start .. :try_end} :handler
    packed-switch p0, :cases
    :handler
    return-void
    :data
    .array-data 4
        0x1
        0x2
    .end array-data
    :cases
    .packed-switch 0x3
        :handler
    .end packed-switch
.end method
)");
  if (!bytes) GTEST_SKIP() << "smali is not installed";
  const auto dex = DexFile::open(as_bytes(*bytes), "t.dex");
  ASSERT_TRUE(dex) << describe(dex.error());
  ASSERT_EQ(dex->classes().size(), 1U);
  const DexClass& cls = dex->classes()[0];
  const auto code = dex->code(cls.methods[0]);
  ASSERT_TRUE(code);
  std::vector<std::string> lines;
  DexInstructionReader reader(*code);
  DexInstruction in;
  while (reader.next(in)) lines.push_back(dex_instruction_text(*dex, in));
  EXPECT_THAT(
      lines,
      ElementsAre("const/high16 v0, #1132396544", "const-string v1, \"model.tflite\"",
                  "invoke-static {v6, v7}, Lt/T;->f(I[F)V",
                  "invoke-static/range {v6 .. v7}, Lt/T;->f(I[F)V", "sget v2, Lt/T;->SCALE:F",
                  "div-float/2addr v2, v0", "aput v2, v7, v6", "new-array v3, v6, [I",
                  "fill-array-data v3, 0018", "packed-switch v6, 0020", "return-void",
                  "payload of 8 units", "payload of 6 units"));
  const std::vector<DexTry> tries = dex_tries(*code);
  ASSERT_EQ(tries.size(), 1U);
  EXPECT_EQ(dex->type_descriptor(tries[0].handlers.at(0).type), "Ljava/lang/Exception;");

  const auto values = dex->static_values(cls);
  ASSERT_TRUE(values) << describe(values.error());
  std::set<std::string> seen;
  for (std::size_t i = 0; i < values->size(); ++i) {
    const DexValue& value = (*values)[i];
    const std::string name(dex->string(dex->field(cls.static_fields[i].field).name));
    if (name == "SCALE") {
      EXPECT_EQ(value.real, 116.0);
    }
    if (name == "NAME") {
      EXPECT_EQ(dex->string(value.index), "model.tflite");
    }
    if (name == "ON") {
      EXPECT_EQ(value.integer, 1);
    }
    seen.insert(name);
  }
  EXPECT_EQ(seen.size(), 3U);

  const auto annotations = dex->class_annotations(cls);
  ASSERT_TRUE(annotations) << describe(annotations.error());
  ASSERT_EQ(annotations->size(), 1U);
  EXPECT_EQ((*annotations)[0].visibility, 1);
  EXPECT_EQ(dex->type_descriptor((*annotations)[0].value.index), "Lt/Mark;");
  EXPECT_EQ((*annotations)[0].value.elements.at(0).elements.size(), 2U);
}

}  // namespace
}  // namespace dl
