// SPDX-License-Identifier: Apache-2.0
// Reads XmlNode and ResourceTable messages field by field.
#include "daylight/format/package/proto_xml.h"

#include <algorithm>
#include <utility>

#include "daylight/format/encoding/protobuf.h"

namespace dl {
namespace {

// The content of a field that is bytes; empty for others.
ByteSpan content(const ProtoField& field) {
  return field.wire == ProtoWire::kBytes ? field.bytes : ByteSpan{};
}

ByteSpan message_at(ByteSpan message, std::uint32_t number) {
  const auto field = proto_field(message, number);
  return field ? content(*field) : ByteSpan{};
}

std::uint32_t number_at(ByteSpan message, std::uint32_t number) {
  return static_cast<std::uint32_t>(proto_integer(message, number, 0));
}

// Item.str, raw_str or styled_str.
std::optional<std::string_view> item_text(ByteSpan item) {
  for (const std::uint32_t kind : {2U, 3U, 4U}) {
    const auto field = proto_field(item, kind);
    if (!field || field->wire != ProtoWire::kBytes) continue;
    return as_text(message_at(field->bytes, 1));
  }
  return std::nullopt;
}

// Item.ref: its id; 0 where it is none, or known by its name only.
std::uint32_t item_reference(ByteSpan item) {
  const auto field = proto_field(item, 1);
  return field ? number_at(content(*field), 2) : 0;
}

// Item.prim as binary XML types it.
std::optional<ResValue> item_primitive(ByteSpan item) {
  const auto primitive = proto_field(item, 7);
  if (!primitive) return std::nullopt;
  ProtoReader reader(content(*primitive));
  const auto field = reader.next();
  if (!field) return std::nullopt;
  const auto bits = static_cast<std::uint32_t>(field->value);
  switch (field->number) {
    case 3:
      return ResValue{ResType::kFloat, bits};
    case 6:
      return ResValue{ResType::kIntDec, bits};
    case 7:
      return ResValue{ResType::kIntHex, bits};
    case 8:
      return ResValue{ResType::kIntBoolean, bits == 0 ? 0U : 0xffffffffU};
    case 9:
    case 10:
    case 11:
    case 12:
      return ResValue{static_cast<ResType>(0x1cU + field->number - 9), bits};
    case 13:
      return ResValue{ResType::kDimension, bits};
    case 14:
      return ResValue{ResType::kFraction, bits};
    default:
      return std::nullopt;
  }
}

class XmlReader {
 public:
  explicit XmlReader(const std::string& where) : where_(where) {}

  void read_node(ByteSpan node, std::int32_t parent, std::size_t depth);
  Result<AxmlDocument> finish() {
    if (document_.elements.empty())
      return fail(ErrorCode::kCorrupt, "no element of an app bundle's XML", where_);
    return std::move(document_);
  }

 private:
  void read_element(ByteSpan element, std::uint32_t line, std::int32_t parent, std::size_t depth);
  AxmlAttribute read_attribute(ByteSpan attribute) const;
  void gap(std::string why) { document_.gaps.add(where_, std::move(why)); }

  const std::string& where_;
  AxmlDocument document_;
  std::size_t attributes_ = 0;
};

void XmlReader::read_node(ByteSpan node, std::int32_t parent, std::size_t depth) {
  const std::uint32_t line = number_at(message_at(node, 3), 1);
  ProtoReader reader(node);
  while (const auto field = reader.next()) {
    if (field->wire != ProtoWire::kBytes) continue;
    if (field->cut) gap("a node is cut");
    if (field->number == 1) read_element(field->bytes, line, parent, depth);
    if (field->number == 2 && parent >= 0)
      document_.elements[static_cast<std::size_t>(parent)].text += as_text(field->bytes);
  }
  if (!reader.complete()) gap("a node is damaged: the rest of it is not read");
}

void XmlReader::read_element(ByteSpan element, std::uint32_t line, std::int32_t parent,
                             std::size_t depth) {
  if (depth > kMaxProtoXmlDepth || document_.elements.size() >= kMaxAxmlElements)
    return gap("more elements, or deeper ones, than are read");
  const auto index = document_.elements.size();
  document_.elements.emplace_back();
  {
    AxmlElement& out = document_.elements.back();
    out.parent = parent;
    out.depth = static_cast<std::uint32_t>(depth);
    out.line = line;
  }
  ProtoReader reader(element);
  while (const auto field = reader.next()) {
    if (field->wire != ProtoWire::kBytes) continue;
    AxmlElement& out = document_.elements[index];
    if (field->number == 2) out.namespace_uri = as_text(field->bytes);
    if (field->number == 3) out.name = as_text(field->bytes);
    if (field->number == 4) {
      if (++attributes_ > kMaxAxmlAttributes) return gap("more attributes than are read");
      out.attributes.push_back(read_attribute(field->bytes));
    }
    if (field->number == 5) read_node(field->bytes, static_cast<std::int32_t>(index), depth + 1);
  }
  if (!reader.complete()) gap("an element is damaged: the rest of it is not read");
}

AxmlAttribute XmlReader::read_attribute(ByteSpan attribute) const {
  AxmlAttribute out;
  out.namespace_uri = proto_text(attribute, 1);
  out.name = proto_text(attribute, 2);
  out.text = proto_text(attribute, 3);
  out.resource_id = number_at(attribute, 5);
  out.value.type = ResType::kString;
  const auto item = proto_field(attribute, 6);
  if (!item) return out;
  if (const auto text = item_text(content(*item))) {
    out.text = *text;
  } else if (const std::uint32_t id = item_reference(content(*item)); id != 0) {
    out.value = {ResType::kReference, id};
  } else if (const auto value = item_primitive(content(*item))) {
    out.value = *value;
  }
  return out;
}

// The value that counts of an entry's configurations: the default one's, else the first.
ByteSpan chosen_value(ByteSpan entry) {
  ByteSpan first;
  bool found = false;
  ProtoReader reader(entry);
  while (const auto field = reader.next()) {
    if (field->number != 6 || field->wire != ProtoWire::kBytes) continue;
    const ByteSpan value = message_at(field->bytes, 2);
    if (message_at(field->bytes, 1).empty()) return value;
    if (!found) first = value;
    found = true;
  }
  return first;
}

}  // namespace

bool looks_like_proto_xml(ByteSpan bytes) {
  ProtoReader reader(bytes);
  const auto field = reader.next();
  if (!field || (field->number != 1 && field->number != 3) || field->wire != ProtoWire::kBytes)
    return false;
  const ByteSpan element = message_at(bytes, 1);
  const std::string name = proto_text(element, 3);
  return !name.empty() && is_plain_text(name, 200);
}

Result<AxmlDocument> parse_proto_xml(ByteSpan bytes, const std::string& where) {
  XmlReader reader(where);
  reader.read_node(bytes, -1, 0);
  return reader.finish();
}

Result<ProtoStrings> ProtoStrings::parse(ByteSpan bytes, const std::string& where) {
  ProtoStrings out;
  ProtoReader reader(bytes);
  bool any = false;
  while (const auto field = reader.next()) {
    if (field->number != 2 || field->wire != ProtoWire::kBytes) continue;
    any = true;
    out.read_package(field->bytes, where);
  }
  if (!reader.complete()) out.gaps_.add(where, "the resource table is damaged or cut");
  if (!any) return fail(ErrorCode::kCorrupt, "no package in the resource table", where);
  return out;
}

void ProtoStrings::read_package(ByteSpan package, const std::string& where) {
  const std::uint32_t id = number_at(message_at(package, 1), 1);
  ProtoReader reader(package);
  while (const auto field = reader.next()) {
    if (field->number != 3 || field->wire != ProtoWire::kBytes) continue;
    const std::uint32_t type = number_at(message_at(field->bytes, 1), 1);
    read_type(field->bytes, (id << 24U) | ((type & 0xffU) << 16U), where);
  }
  if (!reader.complete()) gaps_.add(where, "a package of the resource table is damaged");
}

void ProtoStrings::read_type(ByteSpan type, std::uint32_t first_id, const std::string& where) {
  ProtoReader reader(type);
  while (const auto field = reader.next()) {
    if (field->number != 3 || field->wire != ProtoWire::kBytes) continue;
    const std::uint32_t id = first_id | (number_at(message_at(field->bytes, 1), 1) & 0xffffU);
    const ByteSpan item = message_at(chosen_value(field->bytes), 4);
    const auto text = item_text(item);
    const std::uint32_t reference = text ? 0 : item_reference(item);
    if (!text && reference == 0) continue;  // a file, a colour, a style ...
    if (values_.size() >= kMaxProtoStrings) return gaps_.add(where, "more strings than are read");
    values_.emplace(id, Value{text.value_or(std::string_view{}), reference});
  }
  if (!reader.complete()) gaps_.add(where, "a type of the resource table is damaged");
}

std::optional<std::string> ProtoStrings::string_of(std::uint32_t id) const {
  for (int step = 0; step < kMaxProtoReferences; ++step) {
    const auto found = values_.find(id);
    if (found == values_.end()) return std::nullopt;
    if (found->second.reference == 0) return std::string(found->second.text);
    id = found->second.reference;
  }
  return std::nullopt;
}

void resolve_strings(const ProtoStrings& strings, AxmlDocument& document) {
  for (AxmlElement& element : document.elements) {
    for (AxmlAttribute& attribute : element.attributes) {
      if (!attribute.value.is_reference()) continue;
      auto text = strings.string_of(attribute.value.data);
      if (!text) continue;
      attribute.text = std::move(*text);
      attribute.value = {ResType::kString, 0};
    }
  }
}

}  // namespace dl
