// SPDX-License-Identifier: Apache-2.0
// Lays out the sections of a DEX file in their usual order, with a map and a right checksum.
#include "support/dex_builder.h"

#include <algorithm>
#include <cstdlib>

namespace dl::testing {
namespace {

using Bytes = std::string;
constexpr std::uint32_t kNone = 0xffffffffU;

void put(Bytes& out, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}
void poke32(Bytes& out, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<char>(value >> (8 * i));
}
void put_uleb(Bytes& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}
void align4(Bytes& out) {
  while (out.size() % 4 != 0) out.push_back('\0');
}

std::uint32_t adler32(const Bytes& bytes, std::size_t from) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (std::size_t i = from; i < bytes.size(); ++i) {
    a = (a + static_cast<unsigned char>(bytes[i])) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16U | a;
}

template <typename Map, typename Key>
std::uint16_t at(const Map& map, const Key& key) {
  const auto found = map.find(key);
  if (found == map.end()) std::abort();
  return found->second;
}

std::string shorty(const std::string& descriptor) {
  const std::vector<std::string> parts = split_descriptor(descriptor);
  const auto letter = [](const std::string& type) { return type[0] == '[' ? 'L' : type[0]; };
  std::string out(1, letter(parts.back()));
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) out.push_back(letter(parts[i]));
  return out;
}

struct MapItem {
  std::uint16_t type;
  std::uint32_t count;
  std::uint32_t offset;
};

}  // namespace

std::vector<std::string> split_descriptor(const std::string& descriptor) {
  std::vector<std::string> out;
  for (std::size_t i = 1; i < descriptor.size();) {
    if (descriptor[i] == ')') {
      ++i;
      continue;
    }
    std::size_t end = descriptor.find_first_not_of('[', i);
    end = descriptor[end] == 'L' ? descriptor.find(';', end) + 1 : end + 1;
    out.push_back(descriptor.substr(i, end - i));
    i = end;
  }
  return out;
}

std::uint16_t DexIds::string(const std::string& text) const { return at(strings_, text); }
std::uint16_t DexIds::type(const std::string& descriptor) const { return at(types_, descriptor); }
std::uint16_t DexIds::proto(const std::string& descriptor) const { return at(protos_, descriptor); }
std::uint16_t DexIds::field(const std::string& owner, const std::string& name,
                            const std::string& type) const {
  return at(fields_, Member{owner, name, type});
}
std::uint16_t DexIds::method(const std::string& owner, const std::string& name,
                             const std::string& descriptor) const {
  return at(methods_, Member{owner, name, descriptor});
}

void DexBuilder::collect_names(std::set<DexIds::Member>& all_fields,
                               std::set<DexIds::Member>& all_methods) {
  all_strings_.insert(strings.begin(), strings.end());
  all_types_.insert(types.begin(), types.end());
  for (const DexTestClass& c : classes) {
    all_types_.insert(c.descriptor);
    if (!c.superclass.empty()) all_types_.insert(c.superclass);
    all_types_.insert(c.interfaces.begin(), c.interfaces.end());
    if (!c.source_file.empty()) all_strings_.insert(c.source_file);
    for (const auto* list : {&c.static_fields, &c.instance_fields}) {
      for (const DexTestField& f : *list) all_fields.emplace(c.descriptor, f.name, f.type);
    }
    for (const auto* list : {&c.direct_methods, &c.virtual_methods}) {
      for (const DexTestMethod& m : *list) all_methods.emplace(c.descriptor, m.name, m.descriptor);
    }
  }
  for (const auto& [owner, name, type] : all_fields) {
    all_types_.insert({owner, type});
    all_strings_.insert(name);
  }
  for (const auto& [owner, name, descriptor] : all_methods) {
    all_types_.insert(owner);
    all_strings_.insert(name);
    all_protos_.insert(descriptor);
  }
  for (const std::string& descriptor : all_protos_) {
    for (const std::string& type : split_descriptor(descriptor)) all_types_.insert(type);
    all_strings_.insert(shorty(descriptor));
  }
  all_strings_.insert(all_types_.begin(), all_types_.end());
}

DexIds DexBuilder::collect() {
  std::set<DexIds::Member> all_fields(fields.begin(), fields.end());
  std::set<DexIds::Member> all_methods(methods.begin(), methods.end());
  collect_names(all_fields, all_methods);

  DexIds ids;
  const auto number = [](auto& list, auto& index) {
    for (std::size_t i = 0; i < list.size(); ++i) index[list[i]] = static_cast<std::uint16_t>(i);
  };
  string_list_.assign(all_strings_.begin(), all_strings_.end());
  number(string_list_, ids.strings_);
  type_list_.assign(all_types_.begin(), all_types_.end());
  number(type_list_, ids.types_);
  // Prototypes sort by return type, then by parameter types; members by owner, name, then type or
  // prototype.
  proto_list_.assign(all_protos_.begin(), all_protos_.end());
  const auto proto_key = [](const std::string& descriptor) {
    std::vector<std::string> parts = split_descriptor(descriptor);
    std::rotate(parts.begin(), parts.end() - 1, parts.end());
    return parts;
  };
  std::sort(proto_list_.begin(), proto_list_.end(),
            [&](const auto& a, const auto& b) { return proto_key(a) < proto_key(b); });
  number(proto_list_, ids.protos_);
  field_list_.assign(all_fields.begin(), all_fields.end());
  number(field_list_, ids.fields_);
  method_list_.assign(all_methods.begin(), all_methods.end());
  std::sort(method_list_.begin(), method_list_.end(), [&](const auto& a, const auto& b) {
    return std::tuple(std::get<0>(a), std::get<1>(a), at(ids.protos_, std::get<2>(a))) <
           std::tuple(std::get<0>(b), std::get<1>(b), at(ids.protos_, std::get<2>(b)));
  });
  number(method_list_, ids.methods_);
  return ids;
}

// The sections of one file in the order in which they are written. Rows of the id tables are
// reserved first and filled when what they point to has its place.
class DexBuilder::Layout {
 public:
  Layout(const DexBuilder& builder, const DexIds& ids, std::uint32_t start)
      : builder_(builder), ids_(ids), start_(start), map_({{0x0000, 1, start}}) {}

  std::string write() {
    reserve_tables();
    write_ids();
    write_type_lists();
    write_code();
    write_strings();
    write_arrays();
    write_classes();
    write_map();
    write_header();
    return std::move(out_);
  }

 private:
  std::uint32_t header_size() const { return builder_.version >= 41 ? 0x78 : 0x70; }
  std::uint32_t here() const { return start_ + static_cast<std::uint32_t>(out_.size()); }

  // Notes a data section in the map: `count` items from `first` on.
  void note(std::uint16_t type, std::uint32_t count, std::uint32_t first) {
    if (count != 0) map_.push_back({type, count, first});
  }

  std::size_t reserve(std::uint16_t type, std::size_t count, std::size_t row,
                      std::size_t header_field) {
    const std::size_t offset = out_.size();
    note(type, static_cast<std::uint32_t>(count), here());
    if (header_field != 0) {
      poke32(out_, header_field, static_cast<std::uint32_t>(count));
      poke32(out_, header_field + 4, count == 0 ? 0 : here());
    }
    out_.resize(out_.size() + count * row);
    return offset;
  }

  void reserve_tables() {
    out_.assign(header_size(), '\0');
    string_ids_ = reserve(0x0001, builder_.string_list_.size(), 4, 0x38);
    type_ids_ = reserve(0x0002, builder_.type_list_.size(), 4, 0x40);
    proto_ids_ = reserve(0x0003, builder_.proto_list_.size(), 12, 0x48);
    field_ids_ = reserve(0x0004, builder_.field_list_.size(), 8, 0x50);
    method_ids_ = reserve(0x0005, builder_.method_list_.size(), 8, 0x58);
    class_defs_ = reserve(0x0006, builder_.classes.size(), 32, 0x60);
    call_site_ids_ = reserve(0x0007, builder_.call_sites.size(), 4, 0);
    handles_ = reserve(0x0008, builder_.method_handles.size(), 8, 0);
    data_start_ = out_.size();
  }

  void write_ids() {
    const auto pair = [](std::uint32_t low, std::uint32_t high) { return low | high << 16U; };
    for (std::size_t i = 0; i < builder_.type_list_.size(); ++i) {
      poke32(out_, type_ids_ + 4 * i, ids_.string(builder_.type_list_[i]));
    }
    for (std::size_t i = 0; i < builder_.field_list_.size(); ++i) {
      const auto& [owner, name, type] = builder_.field_list_[i];
      poke32(out_, field_ids_ + 8 * i, pair(ids_.type(owner), ids_.type(type)));
      poke32(out_, field_ids_ + 8 * i + 4, ids_.string(name));
    }
    for (std::size_t i = 0; i < builder_.method_list_.size(); ++i) {
      const auto& [owner, name, descriptor] = builder_.method_list_[i];
      poke32(out_, method_ids_ + 8 * i, pair(ids_.type(owner), ids_.proto(descriptor)));
      poke32(out_, method_ids_ + 8 * i + 4, ids_.string(name));
    }
    for (std::size_t i = 0; i < builder_.method_handles.size(); ++i) {
      poke32(out_, handles_ + 8 * i, builder_.method_handles[i].kind);
      poke32(out_, handles_ + 8 * i + 4, builder_.method_handles[i].target(ids_));
    }
  }

  // Offset of a new list, 0 for an empty one.
  std::uint32_t type_list(const std::vector<std::string>& names) {
    if (names.empty()) return 0;
    align4(out_);
    const std::uint32_t offset = here();
    if (type_lists_++ == 0) first_type_list_ = offset;
    put(out_, names.size(), 4);
    for (const std::string& name : names) put(out_, ids_.type(name), 2);
    return offset;
  }

  void write_type_lists() {
    for (std::size_t i = 0; i < builder_.proto_list_.size(); ++i) {
      const std::string& descriptor = builder_.proto_list_[i];
      std::vector<std::string> parts = split_descriptor(descriptor);
      const std::string result = parts.back();
      parts.pop_back();
      poke32(out_, proto_ids_ + 12 * i, ids_.string(shorty(descriptor)));
      poke32(out_, proto_ids_ + 12 * i + 4, ids_.type(result));
      poke32(out_, proto_ids_ + 12 * i + 8, type_list(parts));
    }
    for (std::size_t i = 0; i < builder_.classes.size(); ++i) {
      poke32(out_, class_defs_ + 32 * i + 12, type_list(builder_.classes[i].interfaces));
    }
    note(0x1001, type_lists_, first_type_list_);
  }

  std::uint32_t code_item(const DexTestMethod& method) {
    align4(out_);
    const std::uint32_t offset = here();
    const DexUnits units = method.code(ids_);
    for (const std::uint16_t value : {method.registers, method.ins, method.outs, method.tries})
      put(out_, value, 2);
    put(out_, 0, 4);
    put(out_, units.size(), 4);
    for (const std::uint16_t unit : units) put(out_, unit, 2);
    if (method.tries != 0 && units.size() % 2 != 0) put(out_, 0, 2);
    for (const std::uint8_t byte : method.try_bytes) out_.push_back(static_cast<char>(byte));
    return offset;
  }

  // One offset for each method in the order in which class_data names them; 0 for those without
  // code.
  void write_code() {
    std::uint32_t count = 0;
    std::uint32_t first = 0;
    for (const DexTestClass& cls : builder_.classes) {
      for (const auto* list : {&cls.direct_methods, &cls.virtual_methods}) {
        for (const DexTestMethod& method : *list) {
          code_offsets_.push_back(method.code ? code_item(method) : 0);
          if (method.code && count++ == 0) first = code_offsets_.back();
        }
      }
    }
    note(0x2001, count, first);
  }

  void write_strings() {
    const auto& list = builder_.string_list_;
    note(0x2002, static_cast<std::uint32_t>(list.size()), here());
    for (std::size_t i = 0; i < list.size(); ++i) {
      poke32(out_, string_ids_ + 4 * i, here());
      const auto raw = builder_.raw_strings.find(list[i]);
      const bool is_raw = raw != builder_.raw_strings.end();
      put_uleb(out_, is_raw ? raw->second.second : static_cast<std::uint32_t>(list[i].size()));
      out_ += (is_raw ? raw->second.first : list[i]) + '\0';
    }
  }

  // Static values and call sites.
  void write_arrays() {
    const std::uint32_t first = here();
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < builder_.classes.size(); ++i) {
      std::uint32_t valued = 0;
      for (const DexTestField& field : builder_.classes[i].static_fields)
        valued += field.value.empty() ? 0 : 1;
      if (valued == 0) continue;
      poke32(out_, class_defs_ + 32 * i + 28, here());
      put_uleb(out_, valued);
      for (const DexTestField& field : builder_.classes[i].static_fields) {
        out_.append(field.value.begin(), field.value.end());
      }
      ++count;
    }
    for (std::size_t i = 0; i < builder_.call_sites.size(); ++i, ++count) {
      poke32(out_, call_site_ids_ + 4 * i, here());
      const std::vector<std::uint8_t> bytes = builder_.call_sites[i](ids_);
      out_.append(bytes.begin(), bytes.end());
    }
    note(0x2005, count, first);
  }

  void write_classes() {
    const std::uint32_t first = here();
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < builder_.classes.size(); ++i) {
      const DexTestClass& cls = builder_.classes[i];
      const std::size_t row = class_defs_ + 32 * i;
      poke32(out_, row, ids_.type(cls.descriptor));
      poke32(out_, row + 4, cls.access);
      poke32(out_, row + 8, cls.superclass.empty() ? kNone : ids_.type(cls.superclass));
      poke32(out_, row + 16, cls.source_file.empty() ? kNone : ids_.string(cls.source_file));
      if (!has_members(cls)) continue;
      poke32(out_, row + 24, here());
      class_data(cls);
      ++count;
    }
    note(0x2000, count, first);
  }

  static bool has_members(const DexTestClass& cls) {
    return cls.static_fields.size() + cls.instance_fields.size() + cls.direct_methods.size() +
               cls.virtual_methods.size() !=
           0;
  }

  void class_data(const DexTestClass& cls) {
    put_uleb(out_, static_cast<std::uint32_t>(cls.static_fields.size()));
    put_uleb(out_, static_cast<std::uint32_t>(cls.instance_fields.size()));
    put_uleb(out_, static_cast<std::uint32_t>(cls.direct_methods.size()));
    put_uleb(out_, static_cast<std::uint32_t>(cls.virtual_methods.size()));
    for (const auto* list : {&cls.static_fields, &cls.instance_fields}) {
      std::uint32_t before = 0;
      for (const DexTestField& field : *list) {
        const std::uint32_t index = ids_.field(cls.descriptor, field.name, field.type);
        put_uleb(out_, index - before);
        put_uleb(out_, field.access);
        before = index;
      }
    }
    for (const auto* list : {&cls.direct_methods, &cls.virtual_methods}) {
      std::uint32_t before = 0;
      for (const DexTestMethod& method : *list) {
        const std::uint32_t index = ids_.method(cls.descriptor, method.name, method.descriptor);
        put_uleb(out_, index - before);
        put_uleb(out_, method.access);
        put_uleb(out_, code_offsets_[next_code_++]);
        before = index;
      }
    }
  }

  void write_map() {
    align4(out_);
    map_.push_back({0x1000, 1, here()});
    poke32(out_, 0x34, here());
    put(out_, map_.size(), 4);
    for (const MapItem& item : map_) {
      put(out_, item.type, 4);
      put(out_, item.count, 4);
      put(out_, item.offset, 4);
    }
  }

  void write_header() {
    out_.replace(0, 8, "dex\n0" + std::to_string(builder_.version) + std::string(1, '\0'));
    poke32(out_, 0x20, static_cast<std::uint32_t>(out_.size()));
    poke32(out_, 0x24, header_size());
    poke32(out_, 0x28, 0x12345678);
    poke32(out_, 0x68, static_cast<std::uint32_t>(out_.size() - data_start_));
    poke32(out_, 0x6c, start_ + static_cast<std::uint32_t>(data_start_));
    if (builder_.version >= 41) {
      poke32(out_, 0x70, here());
      poke32(out_, 0x74, start_);
    }
    poke32(out_, 8, adler32(out_, 12));
  }

  const DexBuilder& builder_;
  const DexIds& ids_;
  std::uint32_t start_;
  Bytes out_;
  std::vector<MapItem> map_;
  std::size_t string_ids_ = 0, type_ids_ = 0, proto_ids_ = 0, field_ids_ = 0, method_ids_ = 0;
  std::size_t class_defs_ = 0, call_site_ids_ = 0, handles_ = 0, data_start_ = 0;
  std::uint32_t type_lists_ = 0, first_type_list_ = 0;
  std::vector<std::uint32_t> code_offsets_;
  std::size_t next_code_ = 0;
};

std::string DexBuilder::build(std::uint32_t start) {
  const DexIds ids = collect();
  return Layout(*this, ids, start).write();
}

}  // namespace dl::testing
