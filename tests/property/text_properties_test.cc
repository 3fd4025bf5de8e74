// SPDX-License-Identifier: Apache-2.0
// Text, numbers, bytes and JSON: what is made printable cannot deceive, what is written reads back,
// what is reckoned does not overflow.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/digest.h"
#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "hostile_text.h"

namespace dl {
namespace {

using dl::testing::awkward_text;
using dl::testing::hostile_bytes;

// Numbers near the ends and the middle of their range as often as others.
rc::Gen<std::uint64_t> edgy_number() {
  const auto near_power = rc::gen::map(
      rc::gen::pair(rc::gen::inRange(0, 64), rc::gen::inRange(-2, 3)),
      [](const std::pair<int, int>& drawn) {
        return (std::uint64_t{1} << drawn.first) + static_cast<std::uint64_t>(drawn.second);
      });
  return rc::gen::oneOf(near_power, rc::gen::arbitrary<std::uint64_t>());
}

// Every bit pattern that is a finite number.
rc::Gen<double> finite_number() {
  const auto any = rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t bits) {
    double value = 0.0;
    std::memcpy(&value, &bits, sizeof(value));
    return std::isfinite(value) ? value : std::numeric_limits<double>::denorm_min();
  });
  return rc::gen::oneOf(any, rc::gen::arbitrary<double>());
}

bool holds_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<std::uint8_t>(text[i + 1]) : 0;
    const auto third = i + 2 < text.size() ? static_cast<std::uint8_t>(text[i + 2]) : 0;
    if (c < 0x20 || c == 0x7f) return true;
    if (c == 0xc2 && next >= 0x80 && next < 0xa0) return true;  // C1
    // Direction marks, embeddings, overrides and isolates; line and paragraph separators.
    if (c == 0xe2 && next == 0x80 && (third == 0x8e || third == 0x8f)) return true;
    if (c == 0xe2 && next == 0x80 && third >= 0xa8 && third <= 0xae) return true;
    if (c == 0xe2 && next == 0x81 && third >= 0xa6 && third <= 0xa9) return true;
  }
  return false;
}

RC_GTEST_PROP(Printable, IsOneLineOfValidTextWithoutControlCharacters, ()) {
  const auto text = *hostile_bytes();
  const std::string shown = printable(text, 1000);
  RC_ASSERT(!holds_control_character(shown));
  // JSON would replace what is not UTF-8.
  RC_ASSERT(parse_json(dump_json(Json(shown)), "shown")->get<std::string>() == shown);
}

RC_GTEST_PROP(Printable, DoneTwiceIsTheSameAsOnceAndNeverLongerThanPromised, ()) {
  const auto text = *hostile_bytes();
  const auto limit = *rc::gen::inRange<std::size_t>(3, 40);
  const std::string once = printable(text, limit);
  RC_ASSERT(once.size() <= limit + 3);
  RC_ASSERT(printable(once, limit) == once);
}

RC_GTEST_PROP(ParseInteger, ReadsWhatWasWritten, (long long value)) {
  RC_ASSERT(parse_integer(std::to_string(value)) == value);
  RC_ASSERT(parse_integer(" " + std::to_string(value) + "\r\n") == value);
  RC_ASSERT(!parse_integer(std::to_string(value) + "x"));
  RC_ASSERT(!parse_integer(std::to_string(value) + ".0"));
}

RC_GTEST_PROP(ParseInteger, RefusesWhatDoesNotFit, ()) {
  const auto value = *rc::gen::arbitrary<std::uint64_t>();
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<long long>::max());
  RC_ASSERT(parse_integer(std::to_string(value)).has_value() == (value <= kMost));
  RC_ASSERT(!parse_integer("9" + std::to_string(kMost)));
}

RC_GTEST_PROP(FormatDouble, ReadsBackAsTheSameNumber, ()) {
  const double value = *finite_number();
  const auto back = parse_double(format_double(value));
  RC_ASSERT(back.has_value());
  RC_ASSERT(std::memcmp(&*back, &value, sizeof(value)) == 0);
}

RC_GTEST_PROP(CheckedArithmetic, AgreesWithWiderNumbers, ()) {
  __extension__ using Wide = unsigned __int128;
  const auto a = *edgy_number();
  const auto b = *edgy_number();
  const auto expect = [](Wide wide) {
    const bool fits = wide <= std::numeric_limits<std::uint64_t>::max();
    return fits ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(wide)) : std::nullopt;
  };
  RC_ASSERT(multiply_checked(a, b) == expect(static_cast<Wide>(a) * b));
  RC_ASSERT(add_checked(a, b) == expect(static_cast<Wide>(a) + b));
}

RC_GTEST_PROP(SubspanChecked, IsThePartOrNothing, ()) {
  const auto bytes = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
  const auto near = rc::gen::inRange<std::uint64_t>(0, bytes.size() + 3);
  const auto offset = *rc::gen::oneOf(near, edgy_number());
  const auto size = *rc::gen::oneOf(near, edgy_number());
  const auto part = subspan_checked(bytes, offset, size);
  const bool inside = offset <= bytes.size() && size <= bytes.size() - offset;
  RC_ASSERT(part.has_value() == inside);
  if (!part) return;
  RC_ASSERT(part->size() == size);
  RC_ASSERT(part->data() == bytes.data() + offset);
}

RC_GTEST_PROP(ByteReader, ReadsLeb128AsItWasWritten, ()) {
  const auto value = static_cast<std::uint32_t>(*edgy_number());
  std::vector<std::uint8_t> bytes;
  for (std::uint32_t rest = value; bytes.empty() || rest != 0; rest >>= 7U) {
    if (!bytes.empty()) bytes.back() |= 0x80U;
    bytes.push_back(rest & 0x7fU);
  }
  const std::size_t size = bytes.size();
  bytes.push_back(0xee);
  ByteReader reader(bytes);
  RC_ASSERT(reader.uleb128() == value);
  RC_ASSERT(reader.ok() && reader.offset() == size);
  // Cut short it fails, and stays failed.
  ByteReader cut(ByteSpan(bytes).first(size - 1));
  RC_ASSERT(cut.uleb128() == 0 || size > 1);
  RC_ASSERT(!cut.ok() && cut.u8() == 0);
}

RC_GTEST_PROP(Split, IsUndoneByJoin, ()) {
  const auto text = *hostile_bytes();
  const char separator = *rc::gen::element(',', '\n', 'a', ' ');
  const auto parts = split(text, separator);
  RC_ASSERT(join(parts, std::string(1, separator)) == text);
  for (const std::string& part : parts) RC_ASSERT(part.find(separator) == std::string::npos);
}

RC_GTEST_PROP(Sha256Stream, DoesNotSeeWhereThePiecesEnd, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(hostile_bytes());
  Sha256 stream;
  for (const std::string& piece : pieces) stream.update(as_bytes(piece));
  RC_ASSERT(stream.finish_hex() == sha256_hex(join(pieces, "")));
}

Json drawn_json(int depth);

Json drawn_leaf() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return *edgy_number();
    case 4:
      return *finite_number();
    default:
      return *awkward_text();
  }
}

Json drawn_json(int depth) {
  const int kind = depth == 0 ? 0 : *rc::gen::inRange(0, 3);
  if (kind == 0) return drawn_leaf();
  Json json = kind == 1 ? Json::array() : Json::object();
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    if (kind == 1) {
      json.push_back(drawn_json(depth - 1));
    } else {
      json[*awkward_text()] = drawn_json(depth - 1);
    }
  }
  return json;
}

RC_GTEST_PROP(JsonText, ReadsBackInBothFormsWithItsKeysInOrder, ()) {
  const Json json = drawn_json(4);
  const std::string text = dump_json(json);
  const auto back = parse_json(text, "drawn");
  RC_ASSERT(back.has_value());
  RC_ASSERT(dump_json(*back) == text);
  RC_ASSERT(dump_json_line(*parse_json(dump_json_line(json), "line")) == dump_json_line(json));
  RC_ASSERT(dump_json_line(json).find('\n') == std::string::npos);
}

RC_GTEST_PROP(JsonText, NeverThrowsOnHostileBytes, ()) {
  const auto text = *hostile_bytes();
  // Bytes that are not UTF-8 are replaced, whatever they are.
  RC_ASSERT(parse_json(dump_json(Json(text)), "replaced").has_value());
  const auto read = parse_json(text, "hostile");
  RC_ASSERT(read.has_value() || !read.error().what.empty());
}

}  // namespace
}  // namespace dl
