// SPDX-License-Identifier: Apache-2.0
// Walks the chunks of a binary XML document the way Android's parser does, but goes on where that
// one gives up.
#include "daylight/format/package/axml.h"

#include <algorithm>
#include <utility>

namespace dl {
namespace {

constexpr std::uint16_t kStringPoolChunk = 0x0001;
constexpr std::uint16_t kXmlChunk = 0x0003;
constexpr std::uint16_t kStartElementChunk = 0x0102;
constexpr std::uint16_t kEndElementChunk = 0x0103;
constexpr std::uint16_t kTextChunk = 0x0104;
constexpr std::uint16_t kResourceMapChunk = 0x0180;
constexpr std::uint64_t kChunkHeaderSize = 8;
constexpr std::uint64_t kAttributeSize = 20;
constexpr std::uint32_t kNoString = 0xffffffffU;

class AxmlReader {
 public:
  AxmlReader(ByteSpan bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  Result<AxmlDocument> read();

 private:
  bool read_chunk(const ResChunk& chunk);
  Result<void> read_pool(const ResChunk& chunk);
  void read_resource_map(const ResChunk& chunk);
  bool start_element(const ResChunk& chunk);
  void read_attributes(const ResChunk& chunk, std::uint64_t first, std::uint64_t stride,
                       std::uint64_t count, AxmlElement& element);
  AxmlAttribute read_attribute(ByteReader& reader) const;
  void end_element();
  void read_text(const ResChunk& chunk);
  // Where the node's own fields begin: behind its header, at the size that it declares.
  static std::uint64_t body_of(const ResChunk& node) {
    return std::max<std::uint64_t>(node.header_size, kChunkHeaderSize);
  }
  void gap(std::string why) { document_.gaps.add(where_, std::move(why)); }

  ByteSpan bytes_;
  const std::string& where_;
  AxmlDocument document_;
  std::optional<ResStringPool> pool_;
  ByteSpan resource_map_;
  std::vector<std::int32_t> open_;
  std::size_t attributes_ = 0;
};

Result<AxmlDocument> AxmlReader::read() {
  const auto document = res_chunk_at(bytes_, 0, 0);
  if (!document) return fail(ErrorCode::kCorrupt, "too short for binary XML", where_);
  if (document->type != kXmlChunk) {
    gap("the document's type is " + std::to_string(document->type) +
        ", not 3; Android does not look at it");
  }
  if (document->cut) gap("the document declares more bytes than there are");
  std::uint64_t at = std::max<std::uint64_t>(document->header_size, kChunkHeaderSize);
  while (at + kChunkHeaderSize <= document->bytes.size()) {
    const auto chunk = res_chunk_at(document->bytes, at, 0);
    if (!chunk) {
      gap("a chunk at offset " + std::to_string(at) + " has no size: the rest is not read");
      break;
    }
    if (chunk->cut)
      gap("the chunk at offset " + std::to_string(at) + " reaches beyond the document");
    if (!read_chunk(*chunk)) break;
    at += chunk->bytes.size();
  }
  if (!pool_) return fail(ErrorCode::kCorrupt, "binary XML without a string pool", where_);
  if (document_.elements.empty())
    return fail(ErrorCode::kCorrupt, "binary XML without elements", where_);
  if (!open_.empty()) gap("the document ends inside " + std::to_string(open_.size()) + " elements");
  return std::move(document_);
}

// False ends the document.
bool AxmlReader::read_chunk(const ResChunk& chunk) {
  switch (chunk.type) {
    case kStringPoolChunk:
      if (const auto pool = read_pool(chunk); !pool) gap(pool.error().what);
      return true;
    case kResourceMapChunk:
      read_resource_map(chunk);
      return true;
    case kStartElementChunk:
      return start_element(chunk);
    case kEndElementChunk:
      end_element();
      return true;
    case kTextChunk:
      read_text(chunk);
      return true;
    default:
      // Namespaces say nothing that the URI of each name does not; unknown chunks are skipped by
      // Android too.
      return true;
  }
}

// Of several pools before the first element Android takes the last.
Result<void> AxmlReader::read_pool(const ResChunk& chunk) {
  if (!document_.elements.empty()) {
    gap("a second string pool stands behind the first element; Android does not look at it");
    return {};
  }
  if (pool_) gap("more than one string pool; the last one counts");
  pool_ = TRY(ResStringPool::parse(chunk, where_, document_.gaps));
  return {};
}

void AxmlReader::read_resource_map(const ResChunk& chunk) { resource_map_ = chunk.body(); }

bool AxmlReader::start_element(const ResChunk& chunk) {
  if (!pool_) return true;
  if (document_.elements.size() >= kMaxAxmlElements) {
    gap("more than " + std::to_string(kMaxAxmlElements) + " elements: the rest is not read");
    return false;
  }
  if (open_.size() >= kMaxAxmlDepth) {
    gap("elements are nested deeper than " + std::to_string(kMaxAxmlDepth) +
        ": the rest is not read");
    return false;
  }
  ByteReader reader(chunk.bytes, kChunkHeaderSize);
  AxmlElement element;
  element.line = reader.u32();
  const std::uint64_t body = body_of(chunk);
  reader.seek(body);
  const std::uint32_t namespace_index = reader.u32();
  const std::uint32_t name_index = reader.u32();
  const std::uint16_t attribute_start = reader.u16();
  const std::uint16_t attribute_size = reader.u16();
  const std::uint16_t attribute_count = reader.u16();
  if (!reader.ok()) {
    gap("the element at offset " + std::to_string(chunk.offset) + " is cut");
    return true;
  }
  element.namespace_uri = pool_->text(namespace_index);
  if (const auto name = pool_->get(name_index)) {
    element.name = *name;
  } else {
    gap("the element at offset " + std::to_string(chunk.offset) + " has no name");
  }
  element.parent = open_.empty() ? -1 : open_.back();
  element.depth = static_cast<std::uint32_t>(open_.size());
  read_attributes(chunk, body + attribute_start, attribute_size, attribute_count, element);
  open_.push_back(static_cast<std::int32_t>(document_.elements.size()));
  document_.elements.push_back(std::move(element));
  return true;
}

void AxmlReader::read_attributes(const ResChunk& chunk, std::uint64_t first, std::uint64_t stride,
                                 std::uint64_t count, AxmlElement& element) {
  if (count > 0 && stride < kAttributeSize) {
    gap("the attributes of <" + element.name + "> declare a size of " + std::to_string(stride));
    stride = kAttributeSize;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    ByteReader reader(chunk.bytes, first + i * stride);
    AxmlAttribute attribute = read_attribute(reader);
    if (!reader.ok() || attributes_ >= kMaxAxmlAttributes) {
      gap("<" + element.name + "> declares " + std::to_string(count) + " attributes, " +
          std::to_string(i) + " were read");
      return;
    }
    ++attributes_;
    element.attributes.push_back(std::move(attribute));
  }
}

AxmlAttribute AxmlReader::read_attribute(ByteReader& reader) const {
  AxmlAttribute attribute;
  const std::uint32_t namespace_index = reader.u32();
  const std::uint32_t name_index = reader.u32();
  const std::uint32_t raw_index = reader.u32();
  reader.skip(3);
  attribute.value.type = static_cast<ResType>(reader.u8());
  attribute.value.data = reader.u32();
  if (!reader.ok()) return attribute;
  attribute.namespace_uri = pool_->text(namespace_index);
  attribute.name = pool_->text(name_index);
  attribute.resource_id =
      load_le<std::uint32_t>(resource_map_, std::uint64_t{name_index} * 4).value_or(0);
  std::optional<std::string> text;
  if (attribute.value.type == ResType::kString) text = pool_->get(attribute.value.data);
  if (!text && raw_index != kNoString) text = pool_->get(raw_index);
  attribute.text = std::move(text).value_or(std::string());
  return attribute;
}

void AxmlReader::end_element() {
  if (!open_.empty()) {
    open_.pop_back();
    return;
  }
  if (pool_) gap("an element ends that did not begin");
}

void AxmlReader::read_text(const ResChunk& chunk) {
  if (!pool_ || open_.empty()) return;
  if (const auto index = load_le<std::uint32_t>(chunk.bytes, body_of(chunk))) {
    document_.elements[static_cast<std::size_t>(open_.back())].text += pool_->text(*index);
  }
}

}  // namespace

const AxmlAttribute* AxmlElement::attribute(std::uint32_t resource_id,
                                            std::string_view attribute_name) const {
  const auto find_if = [this](auto predicate) -> const AxmlAttribute* {
    const auto found = std::find_if(attributes.begin(), attributes.end(), predicate);
    return found == attributes.end() ? nullptr : &*found;
  };
  if (resource_id != 0) {
    const auto* by_id =
        find_if([&](const AxmlAttribute& a) { return a.resource_id == resource_id; });
    if (by_id != nullptr) return by_id;
  }
  return find_if(
      [&](const AxmlAttribute& a) { return a.resource_id == 0 && a.name == attribute_name; });
}

Result<AxmlDocument> parse_axml(ByteSpan bytes, const std::string& where) {
  return AxmlReader(bytes, where).read();
}

}  // namespace dl
