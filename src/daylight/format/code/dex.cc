// SPDX-License-Identifier: Apache-2.0
// Opens DEX files: header, id tables, strings, classes; everything that does not fit becomes a gap.
#include "daylight/format/code/dex.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "daylight/format/code/dex_strings.h"

namespace dl {
namespace {

constexpr std::uint32_t kHeaderSize = 0x70;
constexpr std::uint32_t kContainerHeaderSize = 0x78;
constexpr std::uint32_t kEndianTag = 0x12345678;
constexpr std::uint32_t kReversedEndianTag = 0x78563412;
constexpr std::uint32_t kClassRow = 32;
constexpr std::uint16_t kMapCallSites = 0x0007;
constexpr std::uint16_t kMapMethodHandles = 0x0008;
// The checksum covers everything behind itself.
constexpr std::uint32_t kChecksumStart = 12;

std::string row_name(const char* table, std::uint64_t row) {
  return std::string(table) + " " + std::to_string(row);
}

// The three digits of "dex\n035\0", or nothing.
std::optional<int> version_of(ByteSpan magic) {
  int version = 0;
  for (std::size_t i = 4; i < 7; ++i) {
    if (magic[i] < '0' || magic[i] > '9') return std::nullopt;
    version = version * 10 + (magic[i] - '0');
  }
  return version;
}

// Rows of one table with the same fault: one gap for all of them.
struct Tally {
  std::size_t count = 0;
  std::size_t first = 0;
  void add(std::size_t row) {
    if (count++ == 0) first = row;
  }
  std::string text(std::string_view fault) const {
    return std::to_string(count) + " rows " + std::string(fault) + ", the first is " +
           std::to_string(first);
  }
};

bool starts_with(ByteSpan bytes, std::string_view magic) {
  const auto head = subspan_checked(bytes, 0, magic.size());
  return head && as_text(*head) == magic;
}

// The DEX inside an optimised file ("dey\n036"), whose header gives its place.
Result<ByteSpan> unwrap_odex(ByteSpan bytes, const std::string& name) {
  const auto offset = load_le<std::uint32_t>(bytes, 8);
  const auto size = load_le<std::uint32_t>(bytes, 12);
  if (!offset || !size || *offset >= bytes.size()) {
    return fail(ErrorCode::kCorrupt, "optimised DEX header is cut off", name);
  }
  const std::uint64_t rest = bytes.size() - *offset;
  return *subspan_checked(bytes, *offset, std::min<std::uint64_t>(*size, rest));
}

}  // namespace

struct DexFile::Header {
  std::uint64_t start = 0;
  std::uint32_t checksum = 0, file_size = 0, header_size = 0, map = 0;
  struct Table {
    std::uint32_t count = 0, offset = 0;
  } strings, types, protos, fields, methods, classes;

  static Header read(ByteSpan bytes, std::uint64_t start) {
    Header out;
    out.start = start;
    ByteReader reader(bytes, start + 8);
    out.checksum = reader.u32();
    reader.skip(20);  // the SHA-1 signature says nothing that the bytes do not
    out.file_size = reader.u32();
    out.header_size = reader.u32();
    reader.skip(4 + 8);  // endian tag, link section
    out.map = reader.u32();
    for (Table* table :
         {&out.strings, &out.types, &out.protos, &out.fields, &out.methods, &out.classes}) {
      table->count = reader.u32();
      table->offset = reader.u32();
    }
    return out;
  }
};

void DexFile::add_gap(const std::string& where, std::string why) {
  gaps_.add(name_ + ": " + where, std::move(why));
}

Result<DexFile> DexFile::open(ByteSpan bytes, std::string name, std::uint64_t header_offset) {
  DexFile dex;
  dex.name_ = std::move(name);
  if (starts_with(bytes, "dey\n")) {
    bytes = TRY(unwrap_odex(bytes, dex.name_));
    dex.add_gap("header",
                "optimised DEX (odex): instructions may be replaced by device-specific ones");
  }
  if (starts_with(bytes, "cdex")) {
    return fail(ErrorCode::kUnsupported, "compact DEX belongs to a device, not to an app",
                dex.name_);
  }
  const auto fixed = subspan_checked(bytes, header_offset, kHeaderSize);
  if (!fixed || !starts_with(*fixed, "dex\n")) {
    return fail(ErrorCode::kCorrupt, fixed ? "no DEX magic" : "too short for a DEX header",
                dex.name_);
  }
  const std::uint32_t endian_tag = *load_le<std::uint32_t>(*fixed, 0x28);
  if (endian_tag == kReversedEndianTag) {
    return fail(ErrorCode::kUnsupported, "big-endian DEX, which no Android device reads",
                dex.name_);
  }
  if (endian_tag != kEndianTag) dex.add_gap("header", "wrong endian tag, read as little-endian");
  dex.bytes_ = bytes;
  const Header header = Header::read(bytes, header_offset);
  dex.check_header(*fixed, header);
  dex.read_tables(header);
  return dex;
}

void DexFile::check_header(ByteSpan fixed, const Header& header) {
  const auto version = version_of(fixed);
  version_ = version.value_or(35);
  if (!version || fixed[7] != 0) add_gap("header", "the version is not three digits and a zero");
  if (version_ < 35 || version_ > 41) {
    add_gap("header", "version " + std::to_string(version_) +
                          " is outside 035-041, read as if it were one of them");
  }
  const std::uint32_t header_size = version_ >= 41 ? kContainerHeaderSize : kHeaderSize;
  if (header.header_size != header_size) {
    add_gap("header", "header_size is " + std::to_string(header.header_size));
  }
  const std::uint64_t available = bytes_.size() - header.start;
  if (header.file_size != available && version_ < 41) {
    add_gap("header", "file_size is " + std::to_string(header.file_size) + " of " +
                          std::to_string(available) + " bytes");
  }
  const std::uint64_t size = std::min<std::uint64_t>(header.file_size, available);
  if (size > kChecksumStart) {
    const ByteSpan covered =
        *subspan_checked(bytes_, header.start + kChecksumStart, size - kChecksumStart);
    if (libdeflate_adler32(1, covered.data(), covered.size()) != header.checksum)
      add_gap("header", "wrong checksum");
  }
}

void DexFile::read_tables(const Header& header) {
  read_map(header.map);
  const ByteSpan string_offsets =
      table("string_ids", header.strings.offset, header.strings.count, 4);
  types_ = table("type_ids", header.types.offset, header.types.count, 4);
  protos_ = table("proto_ids", header.protos.offset, header.protos.count, 12);
  fields_ = table("field_ids", header.fields.offset, header.fields.count, 8);
  methods_ = table("method_ids", header.methods.offset, header.methods.count, 8);
  for (const DexMapItem& item : map_) {
    if (item.type == kMapCallSites) call_sites_ = table("call_site_ids", item.offset, item.size, 4);
    if (item.type == kMapMethodHandles)
      method_handles_ = table("method_handles", item.offset, item.size, 8);
  }
  read_strings(string_offsets);
  check_protos();
  read_classes(table("class_defs", header.classes.offset, header.classes.count, kClassRow));
}

// The rows of a table that lie in the file; a gap counts the others.
ByteSpan DexFile::table(const char* what, std::uint64_t offset, std::uint32_t count,
                        std::uint32_t row_size) {
  if (count == 0) return {};
  const std::uint64_t available = offset < bytes_.size() ? bytes_.size() - offset : 0;
  const std::uint64_t rows = std::min<std::uint64_t>(count, available / row_size);
  if (rows < count) {
    add_gap(what, std::to_string(count - rows) + " of " + std::to_string(count) +
                      " rows lie behind the end of the file");
  }
  return rows == 0 ? ByteSpan{} : *subspan_checked(bytes_, offset, rows * row_size);
}

void DexFile::read_map(std::uint64_t offset) {
  const auto count = load_le<std::uint32_t>(bytes_, offset);
  if (offset == 0 || !count) {
    add_gap("map_list", "absent");
    return;
  }
  const ByteSpan rows = table("map_list", offset + 4, *count, 12);
  ByteReader reader(rows);
  map_.reserve(std::min<std::size_t>(rows.size() / 12, 32));
  while (reader.remaining() != 0) {
    DexMapItem item;
    item.type = reader.u16();
    reader.skip(2);
    item.size = reader.u32();
    item.offset = reader.u32();
    map_.push_back(item);
  }
}

void DexFile::read_strings(ByteSpan offsets) {
  const std::size_t count = offsets.size() / 4;
  strings_.resize(count);
  // Hostile strings may overlap so that reading each one whole would take quadratic time.
  std::uint64_t budget = kMaxDexStringReads * bytes_.size();
  Tally outside, invalid, wrong_length, unread;
  for (std::size_t i = 0; i < count; ++i) {
    ByteReader reader(bytes_, *load_le<std::uint32_t>(offsets, 4 * i));
    const std::uint32_t declared_length = reader.uleb128();
    const ByteSpan rest = reader.take(reader.remaining());
    const ByteSpan window = rest.first(std::min<std::uint64_t>(rest.size(), budget));
    const void* end = window.empty() ? nullptr : std::memchr(window.data(), 0, window.size());
    if (end == nullptr) {
      (window.size() < rest.size() ? unread : outside).add(i);
      budget -= window.size();
      continue;
    }
    const auto length = static_cast<const std::uint8_t*>(end) - window.data();
    const ByteSpan raw = window.first(static_cast<std::size_t>(length));
    budget -= raw.size();
    const DexString decoded = decode_mutf8(raw);
    strings_[i] =
        decoded.converted ? converted_strings_.emplace_back(*decoded.converted) : as_text(raw);
    if (decoded.utf16_length != declared_length) wrong_length.add(i);
    if (!decoded.valid) invalid.add(i);
  }
  const auto add_tally = [&](const char* where, const Tally& tally, const char* fault) {
    if (tally.count != 0) add_gap(where, tally.text(fault));
  };
  add_tally("string_ids", outside, "lie outside the file or have no end");
  add_tally("string_ids", unread, "overlap so often that they were left empty");
  add_tally("string_ids", invalid, "are not valid MUTF-8");
  add_tally("string_ids", wrong_length, "have another length than they say");
}

void DexFile::check_protos() {
  Tally bad;
  for (std::uint32_t i = 0; i < proto_count(); ++i) {
    const auto offset = *load_le<std::uint32_t>(protos_, std::uint64_t{i} * 12 + 8);
    if (offset == 0) continue;
    const auto count = load_le<std::uint32_t>(bytes_, offset);
    if (!count || *count > kMaxDexParameters ||
        !subspan_checked(bytes_, std::uint64_t{offset} + 4, std::uint64_t{*count} * 2)) {
      bad.add(i);
    }
  }
  if (bad.count != 0) {
    add_gap("proto_ids", bad.text("have a parameter list that does not fit and was read as empty"));
  }
}

// The list at `offset`, cut to what lies in the file.
DexTypeList DexFile::type_list(std::uint64_t offset, const std::string& where) {
  if (offset == 0) return {};
  const auto count = load_le<std::uint32_t>(bytes_, offset);
  if (!count) {
    add_gap(where, "its type list lies outside the file");
    return {};
  }
  const std::uint64_t available = (bytes_.size() - offset - 4) / 2;
  if (*count > available) add_gap(where, "its type list is cut off");
  return DexTypeList(
      *subspan_checked(bytes_, offset + 4, std::min<std::uint64_t>(*count, available) * 2));
}

void DexFile::read_classes(ByteSpan rows) {
  const std::size_t count = rows.size() / kClassRow;
  class_by_type_.assign(type_count(), kDexNoIndex);
  definition_by_method_.assign(method_count(), kDexNoIndex);
  classes_.reserve(count);
  std::vector<MemberCounts> counts;
  counts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ByteReader reader(rows, i * kClassRow);
    DexClass cls;
    cls.type = reader.u32();
    cls.access = reader.u32();
    cls.superclass = reader.u32();
    const std::uint32_t interfaces = reader.u32();
    cls.source_file = reader.u32();
    cls.annotations_offset = reader.u32();
    const std::uint32_t class_data = reader.u32();
    cls.static_values_offset = reader.u32();
    const std::string where = row_name("class_def", i);
    if (cls.type >= type_count()) {
      add_gap(where, "its type index " + std::to_string(cls.type) +
                         " is outside the table; the class is left out");
      continue;
    }
    if (cls.superclass != kDexNoIndex && cls.superclass >= type_count()) {
      add_gap(where, "its superclass index is outside the table");
      cls.superclass = kDexNoIndex;
    }
    cls.interfaces = type_list(interfaces, where);
    const auto index = static_cast<std::uint32_t>(classes_.size());
    if (class_by_type_[cls.type] == kDexNoIndex) {
      class_by_type_[cls.type] = index;
    } else {
      add_gap(where, "defines a type that an earlier class defines");
    }
    counts.push_back(read_members(index, class_data));
    cls.members_complete = counts.back().complete;
    if (!cls.members_complete) {
      add_gap(where, "its member list is damaged; the members before the damage are kept");
    }
    classes_.push_back(cls);
  }
  attach_members(counts);
}

// Reads class_data behind the members of the classes before; the views are set once the pools no
// longer move. Indices only grow within a list, so behind a bad one there is nothing to save.
DexFile::MemberCounts DexFile::read_members(std::uint32_t class_index, std::uint64_t offset) {
  MemberCounts out;
  if (offset == 0) return out;
  ByteReader reader(bytes_, offset);
  const std::uint32_t declared[] = {reader.uleb128(), reader.uleb128(), reader.uleb128(),
                                    reader.uleb128()};
  std::uint32_t* const read[] = {&out.static_fields, &out.instance_fields, &out.direct_methods,
                                 &out.virtual_methods};
  out.complete = reader.ok();
  for (std::size_t list = 0; list < std::size(declared) && out.complete; ++list) {
    *read[list] = list < 2 ? read_fields(reader, declared[list])
                           : read_methods(reader, declared[list], class_index);
    out.complete = *read[list] == declared[list];
  }
  return out;
}

// Classes may share member lists, so the file's size alone does not bound their sum.
bool DexFile::within_member_budget() const {
  return field_pool_.size() + method_pool_.size() < bytes_.size();
}

// Gives the number of fields that could be read.
std::uint32_t DexFile::read_fields(ByteReader& reader, std::uint32_t count) {
  std::uint32_t index = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    index += reader.uleb128();
    const std::uint32_t access = reader.uleb128();
    if (!reader.ok() || index >= field_count() || !within_member_budget()) return i;
    field_pool_.push_back({index, access});
  }
  return count;
}

std::uint32_t DexFile::read_methods(ByteReader& reader, std::uint32_t count,
                                    std::uint32_t class_index) {
  std::uint32_t index = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    index += reader.uleb128();
    const std::uint32_t access = reader.uleb128();
    const std::uint32_t code_offset = reader.uleb128();
    if (!reader.ok() || index >= method_count() || !within_member_budget()) return i;
    if (definition_by_method_[index] == kDexNoIndex) {
      definition_by_method_[index] = static_cast<std::uint32_t>(method_pool_.size());
    }
    method_pool_.push_back({index, access, code_offset, class_index});
  }
  return count;
}

void DexFile::attach_members(const std::vector<MemberCounts>& counts) {
  const std::span<const DexField> fields(field_pool_);
  const std::span<const DexMethod> methods(method_pool_);
  std::size_t field = 0;
  std::size_t method = 0;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    const MemberCounts& n = counts[i];
    DexClass& cls = classes_[i];
    cls.static_fields = fields.subspan(field, n.static_fields);
    cls.instance_fields = fields.subspan(field + n.static_fields, n.instance_fields);
    cls.methods = methods.subspan(method, std::size_t{n.direct_methods} + n.virtual_methods);
    cls.direct_methods = cls.methods.first(n.direct_methods);
    cls.virtual_methods = cls.methods.last(n.virtual_methods);
    field += std::size_t{n.static_fields} + n.instance_fields;
    method += cls.methods.size();
  }
}

Result<std::vector<DexFile>> DexFile::open_all(ByteSpan bytes, const std::string& name) {
  std::vector<DexFile> out;
  out.push_back(TRY(open(bytes, name)));
  if (out.front().version_ < 41) return out;
  std::uint64_t start = 0;
  while (out.size() < kMaxDexInContainer) {
    // file_size of a container's member is the distance to the next header.
    const std::uint32_t size = load_le<std::uint32_t>(bytes, start + 0x20).value_or(0);
    start += size;
    if (size < kHeaderSize || start >= bytes.size()) break;
    auto next = open(bytes, name + "!" + std::to_string(out.size() + 1), start);
    if (!next) {
      out.front().add_gap("container", describe(next.error()));
      break;
    }
    out.push_back(std::move(*next));
  }
  if (out.size() == kMaxDexInContainer)
    out.front().add_gap("container", "holds more DEX files than are read");
  return out;
}

}  // namespace dl
