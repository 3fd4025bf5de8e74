// SPDX-License-Identifier: Apache-2.0
// Reads HDF5 by the "HDF5 File Format Specification" (versions 1 to 3 of the superblock).
#include "daylight/format/encoding/hdf5.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
constexpr std::uint64_t kUndefined = ~std::uint64_t{0};
constexpr int kMaxBlocks = 64;              // continuation blocks of one object header
constexpr std::size_t kMaxStrings = 65536;  // of one attribute
constexpr std::size_t kMaxHdf5Rank = 32;

// Numbers of header messages.
enum Message : std::uint16_t {
  kDataspace = 0x1,
  kLinkInfo = 0x2,
  kDatatype = 0x3,
  kLink = 0x6,
  kLayout = 0x8,
  kAttribute = 0xc,
  kContinuation = 0x10,
  kSymbolTable = 0x11,
};

struct HeaderMessage {
  std::uint16_t type;
  ByteSpan body;
};

struct Datatype {
  std::uint8_t kind = 0xff;  // class: 0 integer, 1 float, 3 string, 9 variable length
  std::uint32_t size = 0;
  bool is_signed = false;
  bool text = false;  // of variable length: a string
};

std::string dtype_name(const Datatype& type) {
  const std::string bits = std::to_string(type.size * 8);
  if (type.size > 8) return "other";
  if (type.kind == 1) return "float" + bits;
  if (type.kind == 0) return (type.is_signed ? "int" : "uint") + bits;
  return "other";
}

Datatype read_datatype(ByteSpan body) {
  Datatype out;
  ByteReader reader(body);
  const std::uint8_t head = reader.u8();
  const std::uint8_t flags = reader.u8();
  reader.skip(2);
  out.size = reader.u32();
  if (!reader.ok()) return {};
  out.kind = head & 0x0fU;
  out.is_signed = (flags & 0x08U) != 0;
  out.text = out.kind == 9 && (flags & 0x0fU) == 1;
  return out;
}

std::string without_padding(std::string_view text) {
  const std::size_t end = text.find('\0');
  return std::string(trim(text.substr(0, end)));
}

class Hdf5Reader {
 public:
  explicit Hdf5Reader(ByteSpan bytes) : bytes_(bytes) {}

  Result<Hdf5File> read() {
    const auto root = read_superblock();
    if (!root) return fail(ErrorCode::kCorrupt, "not an HDF5 file: no superblock");
    add_object(*root, "/", 0);
    if (out_.objects.empty()) return fail(ErrorCode::kCorrupt, "not an HDF5 file: no root group");
    out_.gaps = gaps_.list();
    return std::move(out_);
  }

 private:
  void gap(const std::string& where, std::string why) { gaps_.add(where, std::move(why)); }

  // Offsets and lengths have widths of their own.
  static std::uint64_t read_number(ByteReader& reader, std::uint8_t width) {
    std::uint64_t value = 0;
    for (std::uint8_t i = 0; i < width; ++i) value |= std::uint64_t{reader.u8()} << (8U * i);
    // All bits set: no address.
    if (width < 8 && value == (std::uint64_t{1} << (8U * width)) - 1) return kUndefined;
    return value;
  }
  std::uint64_t offset(ByteReader& reader) const { return read_number(reader, offset_width_); }
  std::uint64_t length(ByteReader& reader) const { return read_number(reader, length_width_); }

  // The address of the root group's object header.
  std::optional<std::uint64_t> read_superblock() {
    ByteReader reader(bytes_);
    if (as_text(reader.take(kSignature.size())) != kSignature) return std::nullopt;
    out_.version = reader.u8();
    if (out_.version > 3) return std::nullopt;
    if (out_.version <= 1) reader.skip(4);
    offset_width_ = reader.u8();
    length_width_ = reader.u8();
    const auto width = [](std::uint8_t w) { return w == 2 || w == 4 || w == 8; };
    if (!width(offset_width_) || !width(length_width_)) return std::nullopt;
    std::uint64_t root = 0;
    if (out_.version <= 1) {
      reader.skip(1 + 4 + 4 + (out_.version == 1 ? 4 : 0));
      const std::uint64_t base = offset(reader);
      offset(reader);
      const std::uint64_t end = offset(reader);
      offset(reader);
      offset(reader);  // the root entry's name
      root = offset(reader);
      if (base != 0) gap("superblock", "addresses count from elsewhere");
      out_.size = end;
    } else {
      reader.skip(1);
      offset(reader);
      offset(reader);
      out_.size = offset(reader);
      root = offset(reader);
    }
    if (!reader.ok()) return std::nullopt;
    if (out_.size < reader.offset()) {
      gap("superblock", "it does not say where the file ends");
      out_.size = bytes_.size();
    }
    if (out_.size > bytes_.size()) gap("superblock", "the file is shorter than it says");
    out_.size = std::min<std::uint64_t>(out_.size, bytes_.size());
    return root;
  }

  // Object headers.
  std::vector<HeaderMessage> read_header(std::uint64_t address) {
    std::vector<HeaderMessage> out;
    const auto magic = subspan_checked(bytes_, address, 4);
    if (!magic) return out;
    if (as_text(*magic) == "OHDR") {
      read_header_v2(address, out);
    } else {
      read_header_v1(address, out);
    }
    return out;
  }

  void read_header_v1(std::uint64_t address, std::vector<HeaderMessage>& out) {
    ByteReader reader(bytes_, address);
    if (reader.u8() != 1) return;
    reader.skip(1 + 2 + 4);
    const std::uint32_t size = reader.u32();
    reader.skip(4);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> blocks = {{reader.offset(), size}};
    for (std::size_t i = 0; i < blocks.size() && i < kMaxBlocks; ++i) {
      const auto block = subspan_checked(bytes_, blocks[i].first, blocks[i].second);
      if (!block) continue;
      ByteReader messages(*block);
      while (messages.remaining() >= 8) {
        const std::uint16_t type = messages.u16();
        const std::uint16_t length_of = messages.u16();
        messages.skip(4);
        add_message(type, messages.take(length_of), blocks, out);
        if (!messages.ok()) break;
      }
    }
  }

  void read_header_v2(std::uint64_t address, std::vector<HeaderMessage>& out) {
    ByteReader reader(bytes_, address + 4);
    if (reader.u8() != 2) return;
    const std::uint8_t flags = reader.u8();
    if ((flags & 0x20U) != 0) reader.skip(16);  // times
    if ((flags & 0x10U) != 0) reader.skip(4);   // attribute limits
    const std::uint64_t size = read_number(reader, static_cast<std::uint8_t>(1U << (flags & 3U)));
    const bool ordered = (flags & 0x04U) != 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> blocks = {{reader.offset(), size}};
    for (std::size_t i = 0; i < blocks.size() && i < kMaxBlocks; ++i) {
      auto block = subspan_checked(bytes_, blocks[i].first, blocks[i].second);
      // Continuations begin with "OCHK" and end with a checksum.
      if (i > 0 && block && block->size() > 8) block = block->subspan(4, block->size() - 8);
      if (!block) continue;
      ByteReader messages(*block);
      const std::uint64_t head = ordered ? 6 : 4;
      while (messages.remaining() >= head) {
        const std::uint8_t type = messages.u8();
        const std::uint16_t length_of = messages.u16();
        messages.skip(1 + (ordered ? 2 : 0));
        add_message(type, messages.take(length_of), blocks, out);
        if (!messages.ok()) break;
      }
    }
  }

  void add_message(std::uint16_t type, ByteSpan body,
                   std::vector<std::pair<std::uint64_t, std::uint64_t>>& blocks,
                   std::vector<HeaderMessage>& out) {
    constexpr std::size_t kMostMessages = 65536;
    if (type == kContinuation) {
      ByteReader reader(body);
      const std::uint64_t start = offset(reader);
      const std::uint64_t size = length(reader);
      if (reader.ok() && blocks.size() < kMaxBlocks) blocks.emplace_back(start, size);
    } else if (out.size() < kMostMessages) {
      out.push_back({type, body});
    }
  }

  // Groups and datasets.
  void add_object(std::uint64_t address, const std::string& path, int level) {
    if (level > kMaxHdf5Depth || !visited_.insert(address).second) return;
    if (out_.objects.size() >= kMaxHdf5Objects) {
      if (!full_) gap(path, "there are too many objects");
      full_ = true;
      return;
    }
    const std::vector<HeaderMessage> messages = read_header(address);
    if (messages.empty()) {
      gap(path, "its object header cannot be read");
      return;
    }
    const std::size_t at = out_.objects.size();
    out_.objects.push_back({});
    out_.objects[at].path = path;
    std::vector<std::pair<std::string, std::uint64_t>> children;
    for (const HeaderMessage& message : messages) read_message(message, out_.objects[at], children);
    const std::string folder = path == "/" ? path : path + "/";
    for (const auto& [name, child] : children) {
      std::string inner = folder;
      inner.append(name);
      if (inner.size() <= kMaxHdf5Path) {
        add_object(child, inner, level + 1);
      } else {
        gap(path, "a name is too long");
      }
    }
  }

  void read_message(const HeaderMessage& message, Hdf5Object& object,
                    std::vector<std::pair<std::string, std::uint64_t>>& children) {
    switch (message.type) {
      case kDataspace:
        object.shape = read_dataspace(message.body);
        return;
      case kDatatype:
        object.is_dataset = true;
        object.dtype = dtype_name(read_datatype(message.body));
        return;
      case kLayout:
        object.data = read_layout(message.body);
        return;
      case kAttribute:
        read_attribute(message.body, object);
        return;
      case kSymbolTable: {
        ByteReader reader(message.body);
        const std::uint64_t tree = offset(reader);
        const std::uint64_t heap = offset(reader);
        if (reader.ok()) read_tree(tree, local_heap(heap), 0, children);
        return;
      }
      case kLink:
        read_link(message.body, children);
        return;
      case kLinkInfo: {
        ByteReader reader(message.body);
        reader.u8();
        const std::uint8_t flags = reader.u8();
        if ((flags & 1U) != 0) reader.skip(8);
        if (offset(reader) != kUndefined && reader.ok())
          gap(object.path, "its members lie in a heap that is not read");
        return;
      }
      default:
        return;
    }
  }

  std::vector<std::uint64_t> read_dataspace(ByteSpan body) const {
    ByteReader reader(body);
    const std::uint8_t version = reader.u8();
    const std::uint8_t rank = reader.u8();
    reader.skip(version == 1 ? 1 + 5 : 2);
    std::vector<std::uint64_t> shape;
    for (std::uint8_t i = 0; i < rank && i < kMaxHdf5Rank; ++i) shape.push_back(length(reader));
    return reader.ok() ? shape : std::vector<std::uint64_t>{};
  }

  // Where a dataset's bytes lie, if they lie in one piece.
  ByteSpan read_layout(ByteSpan body) const {
    ByteReader reader(body);
    const std::uint8_t version = reader.u8();
    constexpr std::uint8_t kContiguous = 1;
    if (version == 3 || version == 4) {
      const std::uint8_t kind = reader.u8();
      if (kind == 0) return reader.take(reader.u16());  // compact
      if (kind != kContiguous) return {};
      const std::uint64_t start = offset(reader);
      const std::uint64_t size = length(reader);
      return reader.ok() ? subspan_checked(bytes_, start, size).value_or(ByteSpan{}) : ByteSpan{};
    }
    return {};
  }

  // Names of symbol tables.
  ByteSpan local_heap(std::uint64_t address) const {
    const auto magic = subspan_checked(bytes_, address, 4);
    if (!magic || as_text(*magic) != "HEAP") return {};
    ByteReader reader(bytes_, address + 8);
    const std::uint64_t size = length(reader);
    length(reader);
    const std::uint64_t data = offset(reader);
    return reader.ok() ? subspan_checked(bytes_, data, size).value_or(ByteSpan{}) : ByteSpan{};
  }

  void read_tree(std::uint64_t address, ByteSpan heap, int level,
                 std::vector<std::pair<std::string, std::uint64_t>>& children) {
    const auto magic = subspan_checked(bytes_, address, 4);
    if (!magic || level > kMaxHdf5Depth || !visited_.insert(address).second) return;
    if (as_text(*magic) == "SNOD") {
      read_symbols(address, heap, children);
      return;
    }
    if (as_text(*magic) != "TREE") return;
    ByteReader reader(bytes_, address + 4);
    const std::uint8_t kind = reader.u8();
    reader.u8();
    const std::uint16_t entries = reader.u16();
    offset(reader);
    offset(reader);
    if (kind != 0) return;
    for (std::uint16_t i = 0; i < entries && reader.ok(); ++i) {
      length(reader);  // the key
      const std::uint64_t child = offset(reader);
      if (reader.ok()) read_tree(child, heap, level + 1, children);
    }
  }

  void read_symbols(std::uint64_t address, ByteSpan heap,
                    std::vector<std::pair<std::string, std::uint64_t>>& children) const {
    ByteReader reader(bytes_, address + 6);
    const std::uint16_t count = reader.u16();
    for (std::uint16_t i = 0; i < count && children.size() < kMaxHdf5Objects; ++i) {
      const std::uint64_t name = offset(reader);
      const std::uint64_t object = offset(reader);
      reader.skip(4 + 4 + 16);
      if (!reader.ok() || name >= heap.size()) return;
      constexpr std::size_t kLongestName = 1024;
      const std::string_view rest =
          as_text(heap).substr(static_cast<std::size_t>(name), kLongestName);
      children.emplace_back(std::string(rest.substr(0, rest.find('\0'))), object);
    }
  }

  void read_link(ByteSpan body,
                 std::vector<std::pair<std::string, std::uint64_t>>& children) const {
    ByteReader reader(body);
    if (reader.u8() != 1) return;
    const std::uint8_t flags = reader.u8();
    const std::uint8_t kind = (flags & 0x08U) != 0 ? reader.u8() : std::uint8_t{0};
    if ((flags & 0x04U) != 0) reader.skip(8);  // creation order
    if ((flags & 0x10U) != 0) reader.skip(1);  // character set
    const std::uint64_t size = read_number(reader, static_cast<std::uint8_t>(1U << (flags & 3U)));
    const std::string name(as_text(reader.take(size)).substr(0, kMaxHdf5Path + 1));
    const std::uint64_t object = offset(reader);
    // Soft and external links lead elsewhere.
    if (reader.ok() && kind == 0 && children.size() < kMaxHdf5Objects)
      children.emplace_back(name, object);
  }

  // Attributes.
  void read_attribute(ByteSpan body, Hdf5Object& object) {
    if (attributes_ >= kMaxHdf5Attributes) return;
    ++attributes_;
    ByteReader reader(body);
    const std::uint8_t version = reader.u8();
    const std::uint8_t flags = reader.u8();
    const std::uint16_t name_size = reader.u16();
    const std::uint16_t type_size = reader.u16();
    const std::uint16_t space_size = reader.u16();
    if (version == 3) reader.skip(1);
    // The first version fills each part up to a multiple of eight.
    const auto part = [&](std::uint16_t size) {
      const ByteSpan bytes = reader.take(size);
      if (version == 1 && size % 8 != 0) reader.skip(8U - size % 8U);
      return bytes;
    };
    const ByteSpan name = part(name_size);
    const ByteSpan type = part(type_size);
    const ByteSpan space = part(space_size);
    const bool shared = version > 1 && (flags & 3U) != 0;
    if (!reader.ok() || version == 0 || version > 3) return;
    Hdf5Attribute out;
    out.name = without_padding(as_text(name));
    if (!shared) {
      out.texts =
          read_texts(read_datatype(type), read_dataspace(space), reader.take(reader.remaining()));
    }
    object.attributes.push_back(std::move(out));
  }

  std::vector<std::string> read_texts(const Datatype& type, const std::vector<std::uint64_t>& shape,
                                      ByteSpan data) {
    std::vector<std::string> out;
    std::uint64_t count = 1;
    for (const std::uint64_t side : shape) count = multiply_checked(count, side).value_or(0);
    constexpr std::uint8_t kString = 3;
    const bool fixed = type.kind == kString && type.size > 0;
    if (!fixed && !type.text) return out;
    ByteReader reader(data);
    for (std::uint64_t i = 0; i < count && i < kMaxStrings && reader.remaining() > 0; ++i) {
      std::string text;
      if (fixed) {
        text = without_padding(as_text(reader.take(type.size)));
      } else {
        const std::uint32_t size = reader.u32();
        const std::uint64_t collection = offset(reader);
        const std::uint32_t index = reader.u32();
        text = heap_text(collection, index, size);
      }
      text_ += text.size();
      if (!reader.ok() || text_ > kMaxHdf5Text) return out;
      out.push_back(std::move(text));
    }
    return out;
  }

  // An object of a global heap collection.
  std::string heap_text(std::uint64_t collection, std::uint32_t index, std::uint32_t size) const {
    const auto magic = subspan_checked(bytes_, collection, 4);
    if (!magic || as_text(*magic) != "GCOL") return {};
    ByteReader head(bytes_, collection + 8);
    const std::uint64_t whole = length(head);
    const auto block = subspan_checked(bytes_, collection, whole);
    if (!block) return {};
    ByteReader reader(*block, head.offset() - collection);
    constexpr int kMostObjects = 4096;
    for (int i = 0; i < kMostObjects && reader.remaining() >= 8; ++i) {
      const std::uint16_t number = reader.u16();
      reader.skip(6);
      const std::uint64_t object_size = length(reader);
      if (number == 0) return {};
      const ByteSpan data = reader.take(object_size);
      if (number == index)
        return std::string(as_text(data).substr(0, std::min<std::size_t>(size, data.size())));
      if (object_size % 8 != 0) reader.skip(8 - object_size % 8);
    }
    return {};
  }

  ByteSpan bytes_;
  std::uint8_t offset_width_ = 8;
  std::uint8_t length_width_ = 8;
  Hdf5File out_;
  GapList gaps_;
  std::unordered_set<std::uint64_t> visited_;
  std::size_t attributes_ = 0;
  std::uint64_t text_ = 0;
  bool full_ = false;
};

}  // namespace

std::string Hdf5Object::text(std::string_view attribute) const {
  for (const Hdf5Attribute& row : attributes) {
    if (row.name == attribute && !row.texts.empty()) return row.texts.front();
  }
  return {};
}

bool Hdf5Object::has(std::string_view attribute) const {
  return std::any_of(attributes.begin(), attributes.end(),
                     [&](const Hdf5Attribute& row) { return row.name == attribute; });
}

Result<Hdf5File> read_hdf5(ByteSpan bytes) { return Hdf5Reader(bytes).read(); }

}  // namespace dl
