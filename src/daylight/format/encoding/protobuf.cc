// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers on the wire, as its encoding guide describes them.
#include "daylight/format/encoding/protobuf.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace dl {
namespace {

constexpr int kMaxVarintBytes = 10;

// A varint at the start of the bytes: its value and size, or nothing.
std::optional<std::pair<std::uint64_t, std::size_t>> read_varint(ByteSpan bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), kMaxVarintBytes); ++i) {
    const std::uint64_t byte = bytes[i];
    if (i + 1 == kMaxVarintBytes && byte > 1) return std::nullopt;
    value |= (byte & 0x7fU) << (7 * i);
    if ((byte & 0x80U) == 0) return std::pair{value, i + 1};
  }
  return std::nullopt;
}

bool are_varints(ByteSpan bytes) {
  while (!bytes.empty()) {
    const auto found = read_varint(bytes);
    if (!found) return false;
    bytes = bytes.subspan(found->second);
  }
  return true;
}

// The check of one message and those inside of it, with one budget of fields.
class SchemaFitter {
 public:
  ProtoFit fit(ByteSpan bytes, const ProtoSchema& schema, int depth) {
    ProtoFit out;
    std::uint64_t seen = 0;  // by index of rule
    ProtoReader reader(bytes);
    while (budget_ > 0) {
      const auto field = reader.next();
      if (!field) break;
      --budget_;
      const std::size_t rule = rule_of(schema, field->number);
      const Fit fits = rule == schema.rules.size()
                           ? (field->number <= schema.open_up_to ? Fit::kYes : Fit::kNo)
                           : fits_rule(*field, schema.rules[rule], depth);
      if (fits == Fit::kNo) break;
      if (rule < schema.rules.size()) {
        const std::uint64_t bit = std::uint64_t{1} << std::min<std::size_t>(rule, 63);
        if (!schema.rules[rule].repeated && (seen & bit) != 0) break;
        seen |= bit;
      }
      ++out.fields;
      out.size = reader.offset();
      if (field->cut || fits == Fit::kCut) {
        out.cut = true;
        out.size = bytes.size();
        break;
      }
    }
    out.required = true;
    for (std::size_t i = 0; i < schema.rules.size(); ++i) {
      if (schema.rules[i].required && ((seen >> std::min<std::size_t>(i, 63)) & 1U) == 0)
        out.required = false;
    }
    return out;
  }

 private:
  enum class Fit { kNo, kYes, kCut };

  static std::size_t rule_of(const ProtoSchema& schema, std::uint32_t number) {
    const auto found = std::find_if(schema.rules.begin(), schema.rules.end(),
                                    [&](const ProtoRule& rule) { return rule.number == number; });
    return static_cast<std::size_t>(found - schema.rules.begin());
  }

  Fit fits_rule(const ProtoField& field, const ProtoRule& rule, int depth) {
    const bool bytes = field.wire == ProtoWire::kBytes;
    const bool whole = !field.cut;
    const auto when = [](bool condition) { return condition ? Fit::kYes : Fit::kNo; };
    switch (rule.kind) {
      case ProtoKind::kVarint:
        return when(field.wire == ProtoWire::kVarint && field.value <= rule.largest);
      case ProtoKind::kFixed32:
        return when(field.wire == ProtoWire::kFixed32);
      case ProtoKind::kFixed64:
        return when(field.wire == ProtoWire::kFixed64);
      case ProtoKind::kBytes:
        return when(bytes);
      case ProtoKind::kText:
        return when(bytes && whole && is_plain_text(field.text()));
      case ProtoKind::kMessage:
        return bytes ? fits_message(field, rule, depth) : Fit::kNo;
      case ProtoKind::kVarints:
        return when(field.wire == ProtoWire::kVarint ||
                    (bytes && whole && are_varints(field.bytes)));
      case ProtoKind::kFixed32s:
        return when(field.wire == ProtoWire::kFixed32 || (bytes && field.value % 4 == 0));
      case ProtoKind::kFixed64s:
        return when(field.wire == ProtoWire::kFixed64 || (bytes && field.value % 8 == 0));
    }
    return Fit::kNo;
  }

  Fit fits_message(const ProtoField& field, const ProtoRule& rule, int depth) {
    if (rule.schema == nullptr) return Fit::kYes;
    if (depth >= kMaxProtoDepth) return Fit::kNo;
    const ProtoFit inner = fit(field.bytes, *rule.schema, depth + 1);
    if (field.cut) {
      // The cut may lie inside of a tag or a length: fewer bytes than those need are left.
      const std::uint64_t rest = field.bytes.size() - inner.size;
      return inner.cut || rest < kMaxVarintBytes ? Fit::kCut : Fit::kNo;
    }
    return inner.size == field.bytes.size() && !inner.cut && inner.required ? Fit::kYes : Fit::kNo;
  }

  std::uint64_t budget_ = kMaxProtoFields;
};

// Bytes of the UTF-8 character at the start, or 0.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U) return 0;
  }
  return length;
}

}  // namespace

float ProtoField::number32() const {
  return wire == ProtoWire::kFixed32 ? std::bit_cast<float>(static_cast<std::uint32_t>(value)) : 0;
}

double ProtoField::number64() const {
  return wire == ProtoWire::kFixed64 ? std::bit_cast<double>(value) : 0;
}

std::optional<std::uint64_t> ProtoReader::varint(std::uint64_t& at) const {
  const auto found = read_varint(message_.subspan(static_cast<std::size_t>(at)));
  if (!found) return std::nullopt;
  at += found->second;
  return found->first;
}

std::optional<ProtoField> ProtoReader::next() {
  if (ended_ || offset_ >= message_.size()) return std::nullopt;
  ended_ = true;  // taken back when the field is whole
  std::uint64_t at = offset_;
  const auto tag = varint(at);
  if (!tag || *tag > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  ProtoField field;
  field.number = static_cast<std::uint32_t>(*tag >> 3U);
  if (field.number == 0 || field.number > kMaxProtoFieldNumber ||
      (field.number >= kFirstReservedProtoField && field.number <= kLastReservedProtoField))
    return std::nullopt;
  switch (*tag & 7U) {
    case 0: {
      const auto value = varint(at);
      if (!value) return std::nullopt;
      field.value = *value;
      break;
    }
    case 1: {
      const auto value = load_le<std::uint64_t>(message_, at);
      if (!value) return std::nullopt;
      field.wire = ProtoWire::kFixed64;
      field.value = *value;
      at += 8;
      break;
    }
    case 2: {
      const auto length = varint(at);
      if (!length) return std::nullopt;
      field.wire = ProtoWire::kBytes;
      field.value = *length;
      const std::uint64_t there = std::min<std::uint64_t>(*length, message_.size() - at);
      field.bytes = message_.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(there));
      field.cut = there < *length;
      if (field.cut) return field;
      at += there;
      break;
    }
    case 5: {
      const auto value = load_le<std::uint32_t>(message_, at);
      if (!value) return std::nullopt;
      field.wire = ProtoWire::kFixed32;
      field.value = *value;
      at += 4;
      break;
    }
    default:
      return std::nullopt;
  }
  offset_ = at;
  ended_ = false;
  return field;
}

std::optional<ProtoField> proto_field(ByteSpan message, std::uint32_t number) {
  ProtoReader reader(message);
  while (auto field = reader.next()) {
    if (field->number == number) return field;
  }
  return std::nullopt;
}

std::string proto_text(ByteSpan message, std::uint32_t number) {
  const auto field = proto_field(message, number);
  return field ? std::string(field->text()) : std::string();
}

std::int64_t proto_integer(ByteSpan message, std::uint32_t number, std::int64_t otherwise) {
  const auto field = proto_field(message, number);
  return field && field->wire == ProtoWire::kVarint ? field->integer() : otherwise;
}

bool append_proto_integers(const ProtoField& field, std::size_t limit,
                           std::vector<std::int64_t>& out) {
  if (field.wire != ProtoWire::kBytes) {
    if (out.size() >= limit) return false;
    out.push_back(field.integer());
    return true;
  }
  ByteSpan rest = field.bytes;
  while (!rest.empty()) {
    const auto found = read_varint(rest);
    if (!found || out.size() >= limit) return false;
    out.push_back(static_cast<std::int64_t>(found->first));
    rest = rest.subspan(found->second);
  }
  return !field.cut;
}

bool append_proto_floats(const ProtoField& field, std::size_t limit, std::vector<float>& out) {
  if (field.wire == ProtoWire::kFixed32) {
    if (out.size() >= limit) return false;
    out.push_back(field.number32());
    return true;
  }
  if (field.wire != ProtoWire::kBytes) return false;
  for (std::size_t i = 0; i + 4 <= field.bytes.size(); i += 4) {
    if (out.size() >= limit) return false;
    out.push_back(load_le<float>(field.bytes, i).value_or(0));
  }
  return !field.cut && field.bytes.size() % 4 == 0;
}

ProtoFit fit_proto_schema(ByteSpan bytes, const ProtoSchema& schema) {
  return SchemaFitter().fit(bytes, schema, 0);
}

bool is_plain_text(std::string_view text, std::size_t limit) {
  if (text.size() > limit) return false;
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return false;
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace dl
