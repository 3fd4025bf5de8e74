// SPDX-License-Identifier: Apache-2.0
// The text format is read into a tree; what is no text format ends the reading.
#include "daylight/format/encoding/protobuf_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ReadProtoText, ReadsAllFormsOfFields) {
  const std::string text =
      "# a comment\n"
      "name: \"net \\\"x\\\" \\x41\\102\\n\" 'more'\n"
      "layer { type: 'Input' dim: -1, dim: 0x10; inner: < a: 1.5e-3f > }\n"
      "list: [1, 2, 3]  list: 4\n"
      "messages: [{ a: 1 }, < a: 2 >]\n"
      "[ext.field]: true\n"
      "options { [type.googleapis.com/pkg.Message] { path: \"m.tflite\" } }\n";
  const ProtoText read = read_proto_text(text);
  EXPECT_EQ(read.why, "");
  EXPECT_EQ(read.size, text.size());
  EXPECT_EQ(read.root.text("name"), "net \"x\" AB\nmore");
  const ProtoTextField* layer = read.root.find("layer");
  ASSERT_NE(layer, nullptr);
  EXPECT_THAT(layer->texts("dim"), ElementsAre("-1", "0x10"));
  EXPECT_EQ(layer->find("inner")->text("a"), "1.5e-3f");
  EXPECT_THAT(read.root.texts("list"), ElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(read.root.fields[6].text("a"), "1");
  EXPECT_EQ(read.root.text("[ext.field]"), "true");
  EXPECT_EQ(read.root.find("options")->fields.at(0).text("path"), "m.tflite");
}

TEST(ReadProtoText, EndsWhereNoFieldIs) {
  const std::string good = "a: 1\nb { c: 2 }\n";
  for (const char* tail : {"}", "= 1", "d", "d: ", "d {", "\x01", "9: 1", "d: \"x", "d: \"\\"}) {
    const ProtoText read = read_proto_text(good + tail);
    EXPECT_EQ(read.size, good.size()) << tail;
    EXPECT_NE(read.why, "") << tail;
    EXPECT_EQ(read.root.text("a"), "1");
  }
}

TEST(ReadProtoText, KeepsTheBeginningOfWhatIsCut) {
  const ProtoText read = read_proto_text("node { name: \"a\" inner { b: 1 ");
  EXPECT_THAT(read.why, HasSubstr("ends inside"));
  ASSERT_EQ(read.root.fields.size(), 1U);
  EXPECT_EQ(read.root.fields[0].text("name"), "a");
  EXPECT_EQ(read.root.fields[0].find("inner")->text("b"), "1");
}

TEST(ReadProtoText, DepthIsBounded) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "a{";
  EXPECT_THAT(read_proto_text(text).why, HasSubstr("too deeply"));
  std::string lists = "a:";
  for (int i = 0; i < 100000; ++i) lists += "[";
  EXPECT_NE(read_proto_text(lists).why, "");
}

TEST(BeginsWithProtoField, LooksBehindComments) {
  EXPECT_TRUE(begins_with_proto_field(as_bytes("# x\n\n node {"), {"node", "name"}));
  EXPECT_TRUE(begins_with_proto_field(as_bytes("name : 'x'"), {"node", "name"}));
  EXPECT_FALSE(begins_with_proto_field(as_bytes("nodes {"), {"node"}));
  EXPECT_FALSE(begins_with_proto_field(as_bytes("node ="), {"node"}));
  EXPECT_FALSE(begins_with_proto_field(as_bytes("node"), {"node"}));
  EXPECT_FALSE(begins_with_proto_field({}, {"node"}));
}

TEST(ProtoTextNumber, ReadsNumbersAndTruth) {
  EXPECT_EQ(proto_text_number("0x1f"), 31);
  EXPECT_EQ(proto_text_number("-1.5f"), -1.5);
  EXPECT_EQ(proto_text_number("true"), 1);
  EXPECT_FALSE(proto_text_number("MAX"));
  EXPECT_FALSE(proto_text_number(""));
}

}  // namespace
}  // namespace dl
