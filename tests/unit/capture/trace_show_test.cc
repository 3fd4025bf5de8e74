// SPDX-License-Identifier: Apache-2.0
// Events as lines for a person and as JSON.
#include <gmock/gmock.h>

#include "daylight/base/text.h"
#include "daylight/capture/view/event_json.h"
#include "daylight/capture/view/event_text.h"
#include "daylight/capture/view/trace_filter.h"
#include "daylight/capture/view/trace_words.h"
#include "sample_trace.h"
#include "unit/artifact/trace/random_events.h"

namespace dl::capture {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

struct Shown {
  std::vector<std::string> lines;
  std::vector<Json> json;
};

Shown show(const std::filesystem::path& folder, const TraceFilter& filter = {}) {
  Shown out;
  auto reader = TraceReader::open(folder);
  EXPECT_TRUE(reader);
  const auto blobs = reader->blobs();
  BufferBeginnings beginnings(*blobs);
  TraceContext context;
  TraceEvent event;
  while (reader->next(event)) {
    const SeenEvent seen = context.see(event);
    if (!filter.holds(event)) continue;
    out.lines.push_back(event_text(event, seen, context.names(), beginnings));
    out.json.push_back(event_json(event, context.names(), beginnings));
  }
  return out;
}

TEST(TraceShow, CallsLieInsideEachOther) {
  const TemporaryFolder temporary;
  TraceFilter filter;
  filter.thread = testing::kMain;
  filter.from_ns = 30'000;
  filter.to_ns = 70'000;
  const std::string picture = sha256_hex(testing::picture_bytes()).substr(0, 12);
  const std::string zeros = sha256_hex(std::string(4096, '\0')).substr(0, 12);
  const std::vector<std::string> expected = {
      "       0.030  7:7            > jni:pkg/Model;.run([F)[F  #2",
      "       0.031  7:7              in 0 input float[] float32 [1,200] at 0x5000, 800 bytes "
      "sha256:" +
          picture + " = 0.0 0.25 0.5 0.75 1.0 1.25 1.5 1.75 ...",
      "       0.032  7:7              in 1 mask float[] float32 [1,1024] at 0x5000, 4096 bytes "
      "sha256:" +
          zeros + " = 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0 ...",
      "       0.040  7:7              > import:libx.so!memcpy  #3",
      "       0.041  7:7                lookup of property ro.hardware: absent",
      "       0.045  7:7                > import:libx.so!memcpy  #4",
      "       0.050  7:7              < import:libx.so!memcpy  #3 unwound 0x0 after 0.010 ms: "
      "std::bad_alloc",
      "       0.060  7:7              out result float[] float32 [1,3] at 0x5000, 12 bytes = 0.5 "
      "-1.0 0.1",
      "       0.070  7:7            < jni:pkg/Model;.run([F)[F  #2 returned 0x2a after 0.040 ms"};
  EXPECT_EQ(show(testing::write_sample_trace(temporary), filter).lines, expected);
}

TEST(TraceShow, HostileTextStaysOneSafeLine) {
  const TemporaryFolder temporary;
  TraceFilter filter;
  filter.kinds = {TraceKind::kLog};
  const auto shown = show(testing::write_sample_trace(temporary), filter);
  EXPECT_THAT(
      shown.lines,
      ::testing::ElementsAre(
          "       0.081  7:9            log (error) ta\\u{1b}[31mg: line\\u{a}with \\xff bytes"));
  // JSON keeps the text, as far as it is one.
  EXPECT_EQ(parse_json(dump_json_line(shown.json.at(0)), "line").value()["tag"], "ta\x1b[31mg");
}

TEST(TraceShow, FiltersByCallKindAndTime) {
  const TemporaryFolder temporary;
  const auto folder = testing::write_sample_trace(temporary);
  TraceFilter filter;
  filter.call = 1;
  EXPECT_EQ(show(folder, filter).lines.size(), 4U);
  filter.kinds = {TraceKind::kLeave, TraceKind::kEnter};
  EXPECT_EQ(show(folder, filter).lines.size(), 2U);
  filter.from_ns = 20'000;
  EXPECT_EQ(show(folder, filter).lines.size(), 1U);
  filter.to_ns = 19'999;
  EXPECT_TRUE(show(folder, filter).lines.empty());
}

TEST(TraceShow, JsonNamesMethodsAndFirstValues) {
  const TemporaryFolder temporary;
  TraceFilter filter;
  filter.call = 2;
  const auto json = show(testing::write_sample_trace(temporary), filter).json;
  ASSERT_EQ(json.size(), 5U);
  EXPECT_EQ(json[0]["method_name"], "jni:pkg/Model;.run([F)[F");
  EXPECT_EQ(json[1]["buffer"]["sha256"], sha256_hex(testing::picture_bytes()));
  EXPECT_EQ(json[1]["first_values"], Json({0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75}));
  EXPECT_EQ(json[1]["shape"], Json({1, 200}));
  EXPECT_EQ(json[3]["buffer"]["bytes"],
            to_hex(as_bytes(testing::float_bytes({0.5F, -1.0F, 0.1F}))));
  EXPECT_EQ(json[4]["outcome"], "returned");
}

TEST(TraceShow, EveryKindHasAWordThatReadsBack) {
  for (std::uint16_t kind = 1; kind <= 15; ++kind) {
    const auto value = static_cast<TraceKind>(kind);
    EXPECT_FALSE(word(value).empty());
    EXPECT_EQ(kind_named(word(value)), value);
  }
  EXPECT_EQ(kind_named(""), std::nullopt);
  EXPECT_EQ(kind_named("call"), std::nullopt);
}

// Whatever an event holds, its line is one line without control characters, and its JSON is JSON.
TEST(TraceShow, RandomEventsAreSafe) {
  const TemporaryFolder temporary;
  const auto blobs = BlobReader::open(temporary.path() / "none");
  ASSERT_TRUE(blobs);
  BufferBeginnings beginnings(*blobs);
  TraceContext context;
  testing::RandomEvents random(5);
  for (int i = 0; i < 5000; ++i) {
    const TraceEvent event = random.event();
    const std::string line = event_text(event, context.see(event), context.names(), beginnings);
    EXPECT_EQ(line, printable(line, line.size() + 10));
    EXPECT_TRUE(parse_json(dump_json_line(event_json(event, context.names(), beginnings)), "line"));
  }
}

}  // namespace
}  // namespace dl::capture
