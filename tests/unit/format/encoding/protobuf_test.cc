// SPDX-License-Identifier: Apache-2.0
// The wire reader gives back what was written, ends at damage, and messages fit their schema only.
#include "daylight/format/encoding/protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "support/protobuf_builder.h"

namespace dl {
namespace {

using ::testing::ElementsAre;
using testing::pb_bytes;
using testing::pb_float;
using testing::pb_floats;
using testing::pb_int;
using testing::pb_ints;
using testing::pb_tag;

TEST(ProtoReader, GivesBackRandomFields) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string message;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> written;
    for (int i = 0; i < 20; ++i) {
      auto number = static_cast<std::uint32_t>(1 + (random() >> (35 + random() % 29)));
      if (number >= kFirstReservedProtoField && number <= kLastReservedProtoField) number = 1;
      const std::uint64_t value = random() >> (random() % 64);
      if (i % 2 == 0) {
        message += pb_int(number, static_cast<std::int64_t>(value));
        written.emplace_back(number, value);
      } else {
        message += pb_bytes(number, std::string(value % 300, 'x'));
        written.emplace_back(number, value % 300);
      }
    }
    ProtoReader reader(as_bytes(message));
    for (const auto& [number, value] : written) {
      const auto field = reader.next();
      ASSERT_TRUE(field);
      EXPECT_EQ(field->number, number);
      EXPECT_EQ(field->value, value);
      EXPECT_FALSE(field->cut);
    }
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.complete());
    // Every prefix ends at a whole field, or gives one that is marked.
    const std::size_t cut = random() % message.size();
    ProtoReader shorter(as_bytes(message).first(cut));
    bool was_cut = false;
    while (const auto field = shorter.next()) was_cut = field->cut;
    EXPECT_LE(shorter.offset(), cut);
    EXPECT_TRUE(!was_cut || shorter.offset() < cut);
  }
}

TEST(ProtoReader, ReadsNumbersByTheirWireType) {
  const std::string message = pb_float(1, 1.5F) + pb_tag(2, 1) +
                              std::string("\0\0\0\0\0\0\x04\x40", 8) + pb_int(3, -7) +
                              pb_ints(4, {1, -1, 300}) + pb_floats(5, {0.5F, -2});
  EXPECT_EQ(proto_field(as_bytes(message), 1)->number32(), 1.5F);
  EXPECT_EQ(proto_field(as_bytes(message), 2)->number64(), 2.5);
  EXPECT_EQ(proto_integer(as_bytes(message), 3, 0), -7);
  EXPECT_EQ(proto_integer(as_bytes(message), 9, 42), 42);
  std::vector<std::int64_t> integers;
  EXPECT_TRUE(append_proto_integers(*proto_field(as_bytes(message), 4), 10, integers));
  EXPECT_THAT(integers, ElementsAre(1, -1, 300));
  EXPECT_FALSE(append_proto_integers(*proto_field(as_bytes(message), 4), 4, integers));
  EXPECT_EQ(integers.size(), 4U);
  std::vector<float> floats;
  EXPECT_TRUE(append_proto_floats(*proto_field(as_bytes(message), 5), 10, floats));
  EXPECT_THAT(floats, ElementsAre(0.5F, -2));
}

TEST(ProtoReader, EndsAtWhatIsNoField) {
  const std::array<std::string, 6> bad = {
      std::string("\x00\x01", 2),                     // number 0
      "\x0b\x0c",                                     // a group
      std::string("\x08") + std::string(10, '\xff'),  // a varint without end
      "\x0d\x01\x02",                                 // fixed32 that is cut
      pb_int(19500, 1),                               // reserved
      "\x80\x80\x80\x80\x80\x01",                     // a tag of more than 32 bits
  };
  for (const std::string& tail : bad) {
    const std::string message = pb_int(1, 5) + tail;
    ProtoReader reader(as_bytes(message));
    EXPECT_TRUE(reader.next());
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.offset(), 2U);
    EXPECT_FALSE(reader.complete());
  }
}

constexpr std::array<ProtoRule, 2> kInnerRules = {
    {{1, ProtoKind::kText, nullptr, false, true},
     {2, ProtoKind::kVarint, nullptr, false, false, 9}}};
constexpr ProtoSchema kInner = {kInnerRules, 5};
constexpr std::array<ProtoRule, 3> kOuterRules = {{{1, ProtoKind::kVarint, nullptr, false, true},
                                                   {2, ProtoKind::kMessage, &kInner, true},
                                                   {3, ProtoKind::kVarints, nullptr, true}}};
constexpr ProtoSchema kOuter = {kOuterRules, 0};

TEST(FitProtoSchema, TakesFieldsWhileTheyFit) {
  const std::string model =
      pb_int(1, 4) + pb_bytes(2, pb_bytes(1, "name") + pb_int(2, 9)) + pb_ints(3, {1, 2});
  for (const std::string& tail :
       {std::string(), std::string(16, '\0'), pb_int(9, 1), pb_int(1, 4),
        pb_bytes(2, pb_bytes(1, "\x01")), pb_bytes(2, pb_bytes(1, "a") + pb_int(2, 10)),
        pb_bytes(2, ""), pb_bytes(3, "\xff")}) {
    const std::string bytes = model + tail;
    const ProtoFit fit = fit_proto_schema(as_bytes(bytes), kOuter);
    EXPECT_EQ(fit.size, model.size());
    EXPECT_EQ(fit.fields, 3U);
    EXPECT_TRUE(fit.required);
    EXPECT_FALSE(fit.cut);
  }
  const std::string known = model + pb_bytes(2, pb_bytes(1, "a") + pb_int(5, 1));
  EXPECT_EQ(fit_proto_schema(as_bytes(known), kOuter).size, known.size());
}

TEST(FitProtoSchema, KnowsAMessageThatIsCutOff) {
  const std::string inner = pb_bytes(1, "name") + pb_int(2, 3) + pb_bytes(3, std::string(40, 'x'));
  const std::string bytes = pb_int(1, 4) + pb_bytes(2, inner);
  const ProtoFit fit = fit_proto_schema(as_bytes(bytes).first(bytes.size() - 10), kOuter);
  EXPECT_TRUE(fit.cut);
  EXPECT_EQ(fit.size, bytes.size() - 10);
}

TEST(FitProtoSchema, MessagesThatContainThemselvesEnd) {
  struct Recursive {
    Recursive() { schema.rules = rules; }
    std::array<ProtoRule, 1> rules = {{{1, ProtoKind::kMessage, &schema, true}}};
    ProtoSchema schema;
  } const recursive;
  std::string bytes;
  for (int i = 0; i < 2 * kMaxProtoDepth; ++i) bytes = pb_bytes(1, bytes);
  EXPECT_EQ(fit_proto_schema(as_bytes(bytes), recursive.schema).fields, 0U);
}

TEST(IsPlainText, IsUtf8WithoutControls) {
  EXPECT_TRUE(is_plain_text("Conv_1/kernel:0 \xe4\xb8\xad\n"));
  EXPECT_TRUE(is_plain_text(""));
  EXPECT_FALSE(is_plain_text(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_plain_text("\xe4\xb8"));
  EXPECT_FALSE(is_plain_text("\xc0\x80"));
  EXPECT_FALSE(is_plain_text("\x1b"));
  EXPECT_FALSE(is_plain_text("abc", 2));
}

}  // namespace
}  // namespace dl
