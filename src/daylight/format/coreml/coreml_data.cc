// SPDX-License-Identifier: Apache-2.0
// Headers are checked where their layout is known; what they do not say is left out.
#include "daylight/format/coreml/coreml_data.h"

#include <algorithm>
#include <string_view>

#include "daylight/format/coreml/coreml.h"
#include "daylight/format/coreml/coreml_description.h"
#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

bool is_plain_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// A description that says something: with a border, or a function that has them.
bool is_telling_description(ByteSpan message) {
  if (!is_coreml_description(message)) return false;
  for (const std::uint32_t number : {1U, 10U, 20U}) {
    const auto field = proto_field(message, number);
    if (field && !proto_text(field->bytes, 1).empty()) return true;
  }
  return false;
}

// The description behind the length at `offset`.
std::optional<ByteSpan> description_at(ByteSpan bytes, std::uint64_t offset, std::uint64_t limit) {
  const auto size = load_le<std::uint64_t>(bytes, offset);
  if (!size || *size == 0 || *size > limit) return std::nullopt;
  const auto message = subspan_checked(bytes, offset + sizeof(std::uint64_t), *size);
  if (!message || !is_telling_description(*message)) return std::nullopt;
  return message;
}

bool read_known_header(ByteSpan bytes, CoremlData& out) {
  constexpr std::uint64_t kBeforeText = 28;
  constexpr std::uint64_t kBehindText = 32;
  ByteReader reader(bytes, kBeforeText);
  const std::uint64_t length = reader.u64();
  if (length == 0 || length > kMaxCoremlHeaderText || !is_plain_text(as_text(reader.take(length))))
    return false;
  const std::uint64_t behind = reader.offset();
  const std::uint32_t version = reader.u32();
  if (!reader.ok() || version == 0 || version > kMaxCoremlVersion) return false;
  const auto description = description_at(bytes, behind + kBehindText, kMaxCoremlDescription);
  if (!description) return false;
  out.version = version;
  out.description = *description;
  out.known_header = true;
  return true;
}

bool find_description(ByteSpan bytes, CoremlData& out) {
  for (std::uint64_t offset = sizeof(std::uint32_t); offset < kMaxCoremlDescriptionOffset;
       ++offset) {
    const auto description = description_at(bytes, offset, kMaxFoundCoremlDescription);
    if (!description) continue;
    out.description = *description;
    return true;
  }
  return false;
}

// A text behind its length; nothing where it is none.
std::optional<std::string> counted_text(ByteReader& reader) {
  const std::uint64_t size = reader.u64();
  if (!reader.ok() || size > kMaxCoremlNote) return std::nullopt;
  const std::string_view text = as_text(reader.take(size));
  if (!reader.ok() || !is_plain_text(text)) return std::nullopt;
  return std::string(text);
}

}  // namespace

std::optional<CoremlData> read_coreml_data(ByteSpan bytes) {
  CoremlData out;
  const auto type = load_le<std::uint32_t>(bytes, 0);
  if (!type || coreml_type_name(*type).empty()) return std::nullopt;
  out.type = *type;
  if (!read_known_header(bytes, out) && !find_description(bytes, out)) return std::nullopt;
  const auto end =
      static_cast<std::uint64_t>(out.description.data() - bytes.data()) + out.description.size();
  out.rest = bytes.size() - end;
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> read_coreml_analytics(
    ByteSpan bytes) {
  std::vector<std::pair<std::string, std::string>> out;
  ByteReader reader(bytes);
  while (reader.remaining() > 0) {
    const auto section = counted_text(reader);
    if (!section || !section->ends_with("Details")) return std::nullopt;
    const std::uint64_t count = reader.u64();
    if (!reader.ok() || count > kMaxCoremlNotes - out.size()) return std::nullopt;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto key = counted_text(reader);
      auto value = key ? counted_text(reader) : std::nullopt;
      if (!value || key->empty()) return std::nullopt;
      out.emplace_back(*section + "." + *key, std::move(*value));
    }
  }
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace dl
