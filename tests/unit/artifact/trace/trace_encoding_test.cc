// SPDX-License-Identifier: Apache-2.0
// Events as frames and back, at every limit and with every byte damaged.
#include "daylight/artifact/trace/trace_encoding.h"

#include <gtest/gtest.h>

#include "random_events.h"

namespace dl {
namespace {

using testing::RandomEvents;

TraceFrame whole_frame(const std::string& bytes) {
  const FrameReading reading = read_frame(as_bytes(bytes));
  EXPECT_EQ(reading.state, FrameState::kWhole);
  EXPECT_EQ(reading.size, bytes.size());
  return reading.frame;
}

TEST(TraceEncoding, EveryKindComesBack) {
  RandomEvents random(7);
  for (std::uint16_t kind = 1; kind <= std::variant_size_v<TracePayload>; ++kind) {
    for (int i = 0; i < 200; ++i) {
      const TraceEvent event = random.event(static_cast<TraceKind>(kind));
      ASSERT_EQ(static_cast<std::uint16_t>(kind_of(event.payload)), kind);
      std::string bytes;
      ASSERT_TRUE(append_frame(event, bytes));
      const auto back = decode_event(whole_frame(bytes));
      ASSERT_TRUE(back) << describe(back.error());
      ASSERT_EQ(*back, event) << kind;
    }
  }
}

// The bytes are a contract with writers in other languages: this frame was put together by hand
// from docs/formats/trace.md.
TEST(TraceEncoding, BytesOfAnEnterEvent) {
  std::string bytes;
  ASSERT_TRUE(append_frame({{0x1122334455667788, 7, 9, 3}, TraceEnter{5, 0x1000, 2}}, bytes));
  const std::string head(
      "\x14\0\0\0\x04\0\0\0\x88\x77\x66\x55\x44\x33\x22\x11\x07\0\0\0\x09\0\0\0"
      "\x03\0\0\0\0\0\0\0",
      32);
  const std::string payload("\x05\0\0\0\0\x10\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", 20);
  ASSERT_EQ(bytes.size(), kFrameOverheadBytes + payload.size());
  EXPECT_EQ(bytes.substr(0, 32), head);
  EXPECT_EQ(bytes.substr(kFrameHeaderBytes, payload.size()), payload);
}

TEST(TraceEncoding, AnArgumentOfOutsideBytesIsTheSameFrame) {
  RandomEvents random(8);
  for (int i = 0; i < 100; ++i) {
    TraceEvent event = random.event(TraceKind::kArgument);
    auto& argument = std::get<TraceArgument>(event.payload);
    argument.buffer = {};
    const std::string outside = random.text(100);
    std::string direct;
    ASSERT_TRUE(append_argument_frame(event, argument, as_bytes(outside), direct));
    argument.buffer = {TraceHeld::kInline, outside.size(), outside, {}};
    std::string expected;
    ASSERT_TRUE(append_frame(event, expected));
    ASSERT_EQ(direct, expected);
  }
}

TEST(TraceEncoding, LimitsAreKept) {
  const std::string longest(kMaxTraceTextBytes, 'x');
  std::string bytes;
  EXPECT_TRUE(append_frame({{}, TraceNote{TraceLevel::kInfo, "", longest}}, bytes));
  const std::string before = bytes;
  const auto refuse = [&](const TracePayload& payload, ErrorCode code) {
    const auto done = append_frame({{}, payload}, bytes);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, code);
    EXPECT_EQ(bytes, before);
  };
  refuse(TraceNote{TraceLevel::kInfo, "", longest + "x"}, ErrorCode::kLimit);
  TraceArgument argument;
  argument.shape.resize(kMaxTraceRank + 1);
  refuse(argument, ErrorCode::kLimit);
  argument.shape.clear();
  argument.buffer = {
      TraceHeld::kInline, kMaxInlineBytes + 1, std::string(kMaxInlineBytes + 1, 'x'), {}};
  refuse(argument, ErrorCode::kLimit);
  argument.buffer.bytes = "x";
  refuse(argument, ErrorCode::kInvalidArgument);
  TraceModule module;
  module.entry.assign(kMaxTraceEntries, longest);
  refuse(module, ErrorCode::kLimit);
  EXPECT_FALSE(
      append_argument_frame({}, {}, as_bytes(std::string(kMaxInlineBytes + 1, 'x')), bytes));
  EXPECT_EQ(bytes, before);
}

TEST(TraceEncoding, EveryPrefixIsShortAndSaysWhatItNeeds) {
  RandomEvents random(9);
  std::string bytes;
  ASSERT_TRUE(append_frame(random.event(TraceKind::kArgument), bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const FrameReading reading = read_frame(as_bytes(bytes).first(size));
    ASSERT_EQ(reading.state, FrameState::kShort);
    ASSERT_EQ(reading.size, size < kFrameHeaderBytes ? kFrameHeaderBytes : bytes.size());
  }
}

TEST(TraceEncoding, EveryFlippedBitIsSeen) {
  std::string bytes;
  ASSERT_TRUE(append_frame({{1, 2, 3, 4}, TraceLog{TraceLevel::kInfo, "tag", "text"}}, bytes));
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const FrameReading reading = read_frame(as_bytes(damaged));
    ASSERT_EQ(reading.state,
              bit / 8 < kFrameHeaderBytes ? FrameState::kBadHeader : FrameState::kBadPayload)
        << bit;
  }
}

// Payloads with the right checksum may still say anything.
TEST(TraceEncoding, HostilePayloadsAreErrors) {
  RandomEvents random(10);
  for (std::uint16_t kind = 1; kind <= std::variant_size_v<TracePayload>; ++kind) {
    std::string bytes;
    ASSERT_TRUE(append_frame(random.event(static_cast<TraceKind>(kind)), bytes));
    const std::string payload = bytes.substr(kFrameHeaderBytes, bytes.size() - kFrameOverheadBytes);
    for (std::size_t size = 0; size < payload.size(); ++size) {
      const auto part = as_bytes(payload).first(size);
      const auto event = decode_event({kind, {}, part});
      ASSERT_FALSE(event) << kind << " " << size;
      ASSERT_EQ(event.error().code, ErrorCode::kCorrupt);
    }
    for (std::size_t at = 0; at < payload.size(); ++at) {
      std::string damaged = payload;
      damaged[at] = '\xff';
      const auto event = decode_event({kind, {}, as_bytes(damaged)});
      if (event) {
        std::string again;
        ASSERT_TRUE(append_frame(*event, again));
      }
    }
  }
}

TEST(TraceEncoding, NewerKindsAndNewerFieldsDoNoHarm) {
  EXPECT_EQ(decode_event({0, {}, {}}).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(decode_event({16, {}, {}}).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(decode_event({65535, {}, {}}).error().code, ErrorCode::kUnsupported);
  RandomEvents random(11);
  for (std::uint16_t kind = 1; kind <= std::variant_size_v<TracePayload>; ++kind) {
    const TraceEvent event = random.event(static_cast<TraceKind>(kind));
    std::string bytes;
    ASSERT_TRUE(append_frame(event, bytes));
    const std::string longer =
        bytes.substr(kFrameHeaderBytes, bytes.size() - kFrameOverheadBytes) + "new fields";
    const auto back = decode_event({kind, event, as_bytes(longer)});
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, event);
  }
}

TEST(TraceEncoding, CountsWholeFrames) {
  std::string bytes;
  ASSERT_TRUE(append_frame({{}, TraceEnter{}}, bytes));
  ASSERT_TRUE(append_frame({{}, TraceLeave{}}, bytes));
  const std::size_t two = bytes.size();
  ASSERT_TRUE(append_frame({{}, TraceEnter{}}, bytes));
  EXPECT_EQ(count_frames(as_bytes(bytes)), (FrameCount{3, 2, bytes.size()}));
  EXPECT_EQ(count_frames(as_bytes(bytes).first(bytes.size() - 1)), (FrameCount{2, 1, two}));
  EXPECT_EQ(count_frames({}), FrameCount{});
}

}  // namespace
}  // namespace dl
