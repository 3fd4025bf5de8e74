// SPDX-License-Identifier: Apache-2.0
// Reads the chunks of a resource table into one sorted list of values.
#include "daylight/format/package/arsc.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daylight/format/package/res_config.h"

namespace dl {
namespace {

constexpr std::uint16_t kStringPoolChunk = 0x0001;
constexpr std::uint16_t kTableChunk = 0x0002;
constexpr std::uint16_t kPackageChunk = 0x0200;
constexpr std::uint16_t kTypeChunk = 0x0201;
constexpr std::uint64_t kChunkHeaderSize = 8;
constexpr std::uint64_t kTableHeaderSize = 12;
constexpr std::uint64_t kTypeConfigOffset = 20;
constexpr std::uint64_t kPackageNameUnits = 128;
constexpr std::uint64_t kPackageHeaderWithTypeOffset = 288;
constexpr std::uint8_t kSparseFlag = 1;
constexpr std::uint8_t kShortOffsetsFlag = 2;
constexpr std::uint16_t kBagFlag = 1;
constexpr std::uint16_t kCompactFlag = 8;
constexpr std::uint32_t kNoEntry = 0xffffffffU;

std::uint32_t package_of(std::uint32_t id) { return id >> 24U; }
std::uint32_t type_of(std::uint32_t id) { return (id >> 16U) & 0xffU; }

// Zero-ended UTF-16, ASCII kept, the rest as '?': package names are ASCII.
std::string package_name(ByteSpan units) {
  std::string name;
  for (std::size_t i = 0; i + 1 < units.size(); i += 2) {
    const std::uint32_t unit = load_le<std::uint16_t>(units, i).value_or(0);
    if (unit == 0) break;
    name.push_back(unit < 0x80 ? static_cast<char>(unit) : '?');
  }
  return name;
}

// A path inside the APK rather than a word: what the values of drawable, layout, raw ... are.
bool looks_like_file(std::string_view text) {
  return !text.empty() && text.front() != '/' && text.find('/') != std::string_view::npos &&
         text.find("://") == std::string_view::npos && text.find(' ') == std::string_view::npos;
}

}  // namespace

// Fills a ResourceTable. Used once, by ResourceTable::parse.
class ArscReader {
 public:
  ArscReader(ResourceTable& table, ByteSpan bytes) : table_(table), bytes_(bytes) {}

  Result<void> read();

 private:
  void read_package(const ResChunk& chunk);
  ResStringPool read_pool_at(const ResChunk& package, std::uint32_t offset);
  void read_type(const ResChunk& chunk, std::uint32_t package_id);
  void read_entry(const ResChunk& chunk, std::uint64_t offset, std::uint32_t id,
                  std::uint32_t config);
  bool read_bag(const ResChunk& chunk, std::uint64_t offset, ArscValue& value);
  std::uint32_t intern_config(ByteSpan config);
  void collect_files();
  bool full() const { return counted_ >= kMaxArscValues; }
  void gap(std::string why) { table_.gaps_.add(table_.where_, std::move(why)); }

  ResourceTable& table_;
  ByteSpan bytes_;
  std::map<std::string, std::uint32_t, std::less<>> config_index_;  // by raw bytes
  std::size_t counted_ = 0;
  std::size_t broken_entries_ = 0;
};

Result<void> ArscReader::read() {
  const auto table = res_chunk_at(bytes_, 0, 0);
  if (!table || table->bytes.size() < kTableHeaderSize) {
    return fail(ErrorCode::kCorrupt, "too short for a resource table", table_.where_);
  }
  if (table->type != kTableChunk)
    gap("the table's type is " + std::to_string(table->type) + ", not 2");
  if (table->cut) gap("the table declares more bytes than there are");
  table_.configs_.emplace_back();
  bool has_strings = false;
  std::size_t packages = 0;
  std::uint64_t at = std::max<std::uint64_t>(table->header_size, kChunkHeaderSize);
  while (at + kChunkHeaderSize <= table->bytes.size()) {
    const auto chunk = res_chunk_at(table->bytes, at, 0);
    if (!chunk) {
      gap("a chunk at offset " + std::to_string(at) + " has no size: the rest is not read");
      break;
    }
    if (chunk->cut) gap("the chunk at offset " + std::to_string(at) + " reaches beyond the table");
    if (chunk->type == kStringPoolChunk && !has_strings) {
      table_.strings_ = TRY(ResStringPool::parse(*chunk, table_.where_, table_.gaps_));
      has_strings = true;
    } else if (chunk->type == kPackageChunk) {
      if (++packages > kMaxArscPackages) {
        gap("more than " + std::to_string(kMaxArscPackages) + " packages: the rest is not read");
        break;
      }
      read_package(*chunk);
    }
    at += chunk->bytes.size();
  }
  if (!has_strings)
    return fail(ErrorCode::kCorrupt, "a resource table without strings", table_.where_);
  if (broken_entries_ > 0)
    gap(std::to_string(broken_entries_) + " entries lie outside of their table");
  if (full()) gap("more than " + std::to_string(kMaxArscValues) + " values: the rest is not read");
  std::stable_sort(table_.values_.begin(), table_.values_.end(),
                   [](const ArscValue& a, const ArscValue& b) { return a.id < b.id; });
  collect_files();
  return {};
}

void ArscReader::read_package(const ResChunk& chunk) {
  ByteReader reader(chunk.bytes, kChunkHeaderSize);
  const std::uint32_t id = reader.u32() & 0xffU;
  const std::string name = package_name(reader.take(kPackageNameUnits * 2));
  const std::uint32_t types_at = reader.u32();
  reader.skip(4);
  const std::uint32_t keys_at = reader.u32();
  reader.skip(4);
  if (!reader.ok()) {
    gap("the package at offset " + std::to_string(chunk.offset) + " is cut");
    return;
  }
  ResourceTable::Package package;
  package.types = read_pool_at(chunk, types_at);
  package.keys = read_pool_at(chunk, keys_at);
  if (chunk.header_size >= kPackageHeaderWithTypeOffset) package.type_offset = reader.u32();
  if (!table_.package_tables_.emplace(id, std::move(package)).second) {
    gap("a second package has the id " + std::to_string(id) + "; its names are not read");
  }
  table_.package_names_.emplace(id, name);

  std::uint64_t at = std::max<std::uint64_t>(chunk.header_size, kChunkHeaderSize);
  while (at + kChunkHeaderSize <= chunk.bytes.size()) {
    const auto child = res_chunk_at(chunk.bytes, at, chunk.offset);
    if (!child) {
      gap("a chunk at offset " + std::to_string(chunk.offset + at) +
          " has no size: the package ends there");
      break;
    }
    if (child->cut)
      gap("the chunk at offset " + std::to_string(child->offset) + " reaches beyond its package");
    if (child->type == kTypeChunk) read_type(*child, id);
    at += child->bytes.size();
  }
}

ResStringPool ArscReader::read_pool_at(const ResChunk& package, std::uint32_t offset) {
  const auto chunk = res_chunk_at(package.bytes, offset, package.offset);
  if (!chunk || chunk->type != kStringPoolChunk) {
    gap("a package has no string pool at offset " + std::to_string(package.offset + offset));
    return {};
  }
  auto pool = ResStringPool::parse(*chunk, table_.where_, table_.gaps_);
  if (!pool) {
    gap(pool.error().what);
    return {};
  }
  return *std::move(pool);
}

void ArscReader::read_type(const ResChunk& chunk, std::uint32_t package_id) {
  ByteReader reader(chunk.bytes, kChunkHeaderSize);
  const std::uint32_t type_id = reader.u8();
  const std::uint8_t flags = reader.u8();
  reader.skip(2);
  const std::uint32_t entry_count = reader.u32();
  const std::uint32_t entries_start = reader.u32();
  const std::uint32_t config_size = reader.u32();
  if (!reader.ok() || type_id == 0) {
    gap("the type at offset " + std::to_string(chunk.offset) + " is cut or has no id");
    return;
  }
  const ByteSpan rest = chunk.bytes.subspan(kTypeConfigOffset);
  const std::uint32_t config =
      intern_config(rest.first(std::min<std::size_t>(config_size, rest.size())));
  const std::uint32_t base = (package_id << 24U) | (type_id << 16U);
  const bool sparse = (flags & kSparseFlag) != 0;
  const bool short_offsets = !sparse && (flags & kShortOffsetsFlag) != 0;
  ByteReader offsets(chunk.bytes, std::max<std::uint64_t>(chunk.header_size, kTypeConfigOffset));
  for (std::uint32_t i = 0; i < entry_count && !full(); ++i) {
    std::uint32_t index = i;
    std::uint32_t offset = kNoEntry;
    if (sparse) {
      index = offsets.u16();
      offset = offsets.u16() * 4U;
    } else if (short_offsets) {
      const std::uint16_t quarter = offsets.u16();
      if (quarter != 0xffff) offset = quarter * 4U;
    } else {
      offset = offsets.u32();
    }
    if (!offsets.ok()) {
      gap("the type at offset " + std::to_string(chunk.offset) + " declares " +
          std::to_string(entry_count) + " entries, has room for " + std::to_string(i));
      return;
    }
    if (offset == kNoEntry) continue;
    read_entry(chunk, std::uint64_t{entries_start} + offset, base | (index & 0xffffU), config);
  }
}

void ArscReader::read_entry(const ResChunk& chunk, std::uint64_t offset, std::uint32_t id,
                            std::uint32_t config) {
  ByteReader reader(chunk.bytes, offset);
  const std::uint16_t size = reader.u16();
  const std::uint16_t flags = reader.u16();
  ArscValue value;
  value.id = id;
  value.config = config;
  value.name_key = reader.u32();
  bool whole = reader.ok();
  if ((flags & kCompactFlag) != 0) {
    // Eight bytes in all: the key in the place of the size, the type in the flags' upper half.
    value.value = {static_cast<ResType>(flags >> 8U), value.name_key};
    value.name_key = size;
  } else if ((flags & kBagFlag) != 0) {
    value.is_bag = true;
    whole = whole && read_bag(chunk, offset + size, value);
  } else {
    reader.seek(offset + size);
    reader.skip(3);
    value.value.type = static_cast<ResType>(reader.u8());
    value.value.data = reader.u32();
    whole = reader.ok();
  }
  ++counted_;
  if (!whole) {
    ++broken_entries_;
    if (!value.is_bag) return;
  }
  table_.values_.push_back(std::move(value));
}

// The items of an array, style or plural; false if not all that it declares are there.
bool ArscReader::read_bag(const ResChunk& chunk, std::uint64_t body, ArscValue& value) {
  if (body < 4) return false;
  ByteReader reader(chunk.bytes, body - 4);
  const std::uint32_t count = reader.u32();
  for (std::uint32_t i = 0; i < count && !full(); ++i) {
    reader.skip(4 + 3);
    ResValue item;
    item.type = static_cast<ResType>(reader.u8());
    item.data = reader.u32();
    if (!reader.ok()) return false;
    ++counted_;
    value.items.push_back(item);
  }
  return reader.ok();
}

std::uint32_t ArscReader::intern_config(ByteSpan config) {
  const std::string text = res_config_text(config);
  if (text.empty()) return 0;
  const auto [found, added] =
      config_index_.emplace(text, static_cast<std::uint32_t>(table_.configs_.size()));
  if (added) table_.configs_.push_back(text);
  return found->second;
}

void ArscReader::collect_files() {
  std::uint32_t type = kNoEntry;
  bool words = false;
  for (const ArscValue& value : table_.values_) {
    if (value.is_bag || value.value.type != ResType::kString) continue;
    if (value.id >> 16U != type) {
      type = value.id >> 16U;
      const std::string name = table_.type_name(value.id);
      words = name == "string" || name == "array" || name == "plurals";
    }
    if (words) continue;
    std::string text = table_.strings_.text(value.value.data);
    if (looks_like_file(text)) table_.file_ids_.emplace(std::move(text), value.id);
  }
}

Result<ResourceTable> ResourceTable::parse(ByteSpan bytes, std::string where) {
  ResourceTable table;
  table.where_ = std::move(where);
  TRY_VOID(ArscReader(table, bytes).read());
  return table;
}

std::vector<const ArscValue*> ResourceTable::find(std::uint32_t id) const {
  const auto first = std::lower_bound(
      values_.begin(), values_.end(), id,
      [](const ArscValue& value, std::uint32_t wanted) { return value.id < wanted; });
  std::vector<const ArscValue*> found;
  for (auto at = first; at != values_.end() && at->id == id; ++at) found.push_back(&*at);
  return found;
}

std::string ResourceTable::type_name(std::uint32_t id) const {
  const auto package = package_tables_.find(package_of(id));
  const std::uint32_t type = type_of(id);
  if (package == package_tables_.end() || type <= package->second.type_offset) return {};
  return package->second.types.text(type - package->second.type_offset - 1);
}

std::string ResourceTable::entry_name(std::uint32_t id) const {
  const auto package = package_tables_.find(package_of(id));
  const auto found = find(id);
  if (package == package_tables_.end() || found.empty()) return {};
  return package->second.keys.text(found.front()->name_key);
}

std::optional<std::uint32_t> ResourceTable::id_of(std::string_view type,
                                                  std::string_view name) const {
  std::uint32_t last_type = kNoEntry;
  bool right_type = false;
  for (const ArscValue& value : values_) {
    if (value.id >> 16U != last_type) {
      last_type = value.id >> 16U;
      right_type = type_name(value.id) == type;
    }
    if (!right_type) continue;
    const auto package = package_tables_.find(package_of(value.id));
    if (package != package_tables_.end() && package->second.keys.text(value.name_key) == name) {
      return value.id;
    }
  }
  return std::nullopt;
}

// The value of the default configuration, else the first one; null if the resource has none.
const ArscValue* ResourceTable::default_value(std::uint32_t id) const {
  const auto found = find(id);
  const auto plain = std::find_if(found.begin(), found.end(),
                                  [](const ArscValue* value) { return value->config == 0; });
  if (plain != found.end()) return *plain;
  return found.empty() ? nullptr : found.front();
}

std::optional<std::string> ResourceTable::text_of(const ResValue& value) const {
  ResValue current = value;
  for (int depth = 0; depth < kMaxArscReferenceDepth; ++depth) {
    if (current.type == ResType::kString) return strings_.get(current.data);
    if (!current.is_reference()) return simple_text(current);
    const ArscValue* target = default_value(current.data);
    if (target == nullptr || target->is_bag) return std::nullopt;
    current = target->value;
  }
  return std::nullopt;
}

std::optional<std::string> ResourceTable::string_of(std::uint32_t id) const {
  return text_of({ResType::kReference, id});
}

std::vector<std::string> ResourceTable::array_of(std::uint32_t id) const {
  std::vector<std::string> items;
  const ArscValue* value = default_value(id);
  if (value == nullptr) return items;
  for (const ResValue& item : value->items) items.push_back(text_of(item).value_or(std::string()));
  return items;
}

std::vector<std::string> ResourceTable::files_of(std::uint32_t id) const {
  std::vector<std::string> files;
  for (const ArscValue* value : find(id)) {
    if (value->is_bag) continue;
    auto text = text_of(value->value);
    if (!text || !looks_like_file(*text)) continue;
    if (std::find(files.begin(), files.end(), *text) == files.end())
      files.push_back(*std::move(text));
  }
  return files;
}

}  // namespace dl
