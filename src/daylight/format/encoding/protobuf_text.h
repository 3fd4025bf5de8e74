// SPDX-License-Identifier: Apache-2.0
// The text format of Protocol Buffers (prototxt, pbtxt), read into a tree without a schema.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"

namespace dl {

// Messages inside messages.
inline constexpr int kMaxProtoTextDepth = 32;
// Fields of one text, messages and values together; what comes behind is not read.
inline constexpr std::size_t kMaxProtoTextFields = 2'000'000;
// Bytes of one value.
inline constexpr std::size_t kMaxProtoTextValue = 1U << 20U;

// One "name: value" or "name { ... }".
struct ProtoTextField {
  std::string name;
  std::string value;  // text without its quotes and escapes, a number or a word as it stands
  bool quoted = false;
  bool is_message = false;
  std::vector<ProtoTextField> fields;

  // The first field inside with this name, or null.
  const ProtoTextField* find(std::string_view field) const;
  // Value of the first field inside with this name; empty if there is none.
  std::string text(std::string_view field) const;
  std::vector<std::string> texts(std::string_view field) const;
};

// A message without a name of its own: its fields in their order. `size` bytes were read; `why`
// says why the rest was not, and is empty at the end of the text.
struct ProtoText {
  ProtoTextField root;
  std::uint64_t size = 0;
  std::string why;
};

// Reads fields until the end of the text or the first thing that is none. Never fails: a text that
// is no message has no fields.
ProtoText read_proto_text(std::string_view text);

// Whether a text begins, behind comments and white space, with a field of one of these names:
// cheap, to be asked before the whole is read.
bool begins_with_proto_field(ByteSpan bytes, std::initializer_list<std::string_view> names);

// A value as a number: decimal, hexadecimal or octal integers, floats, true and false.
std::optional<double> proto_text_number(std::string_view value);

}  // namespace dl
