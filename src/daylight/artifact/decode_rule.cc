// SPDX-License-Identifier: Apache-2.0
// Words with an equal sign each, in a fixed order when written.
#include "daylight/artifact/decode_rule.h"

#include <algorithm>
#include <array>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::array<std::string_view, 12> kKinds = {
    "tensor", "bitmap", "image",  "bytes",   "float-array", "int-array",
    "text",   "json",   "number", "address", "object",      "objects"};

tl::unexpected<Error> bad(const std::string& what, std::string_view text) {
  return fail(ErrorCode::kCorrupt, what + ": " + printable(text, 80), {},
              "docs/formats/probe_plan.md lists the forms");
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<int> read_place(std::string_view text) {
  if (text == "this") return DecodeRule::kThis;
  if (text == "result") return DecodeRule::kResult;
  const auto index =
      text.starts_with("arg") && text.size() <= 6 ? parse_integer(text.substr(3)) : std::nullopt;
  if (!index || *index < 0 || static_cast<std::uint64_t>(*index) > kMaxArgument)
    return bad("a value is this, result or arg0 ...", text);
  return static_cast<int>(*index);
}

Result<std::vector<std::int64_t>> read_shape(std::string_view text) {
  std::vector<std::int64_t> shape;
  for (const std::string& part : split(text, 'x')) {
    const auto side = parse_integer(part);
    if (!side || *side < -1 || shape.size() == kMaxDecodeDimensions)
      return bad("a shape is like 1x200x200x3", text);
    shape.push_back(*side);
  }
  return shape;
}

Result<void> read_attribute(std::string_view word, DecodeRule& out) {
  const std::size_t equal = word.find('=');
  const std::string_view name = word.substr(0, equal);
  const std::string_view value =
      equal == std::string_view::npos ? std::string_view() : word.substr(equal + 1);
  if (name == "dtype" && is_word(value)) {
    out.dtype = value;
  } else if (name == "layout" && is_word(value)) {
    out.layout = value;
  } else if (name == "shape") {
    out.shape = TRY(read_shape(value));
  } else if (name == "len") {
    out.length = TRY(LengthExpression::parse(value));
  } else if (word == "dir=in") {
    out.direction = PassDirection::kIn;
  } else if (word == "dir=out") {
    out.direction = PassDirection::kOut;
  } else if (word == "dir=both") {
    out.direction = PassDirection::kBoth;
  } else {
    return bad("no such attribute of a value", word);
  }
  return {};
}

}  // namespace

Result<DecodeRule> parse_decode_rule(std::string_view text) {
  DecodeRule out;
  const std::vector<std::string> words = split(trim(text), ' ');
  const std::string& first = words.front();
  const std::size_t equal = first.find('=');
  if (equal == std::string::npos) return bad("a value is read as argument=kind", text);
  out.place = TRY(read_place(std::string_view(first).substr(0, equal)));
  out.kind = first.substr(equal + 1);
  if (std::find(kKinds.begin(), kKinds.end(), out.kind) == kKinds.end())
    return bad("no such kind of value", out.kind);
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (!words[i].empty()) TRY_VOID(read_attribute(words[i], out));
  }
  return out;
}

std::string print_decode_rule(const DecodeRule& rule) {
  std::string out = rule.place == DecodeRule::kThis     ? "this"
                    : rule.place == DecodeRule::kResult ? "result"
                                                        : "arg" + std::to_string(rule.place);
  out += "=" + rule.kind;
  if (!rule.dtype.empty()) out += " dtype=" + rule.dtype;
  for (std::size_t i = 0; i < rule.shape.size(); ++i)
    out += (i == 0 ? " shape=" : "x") + std::to_string(rule.shape[i]);
  if (!rule.layout.empty()) out += " layout=" + rule.layout;
  if (rule.length) out += " len=" + rule.length->text();
  if (rule.direction == PassDirection::kIn) out += " dir=in";
  if (rule.direction == PassDirection::kOut) out += " dir=out";
  if (rule.direction == PassDirection::kBoth) out += " dir=both";
  return out;
}

}  // namespace dl
