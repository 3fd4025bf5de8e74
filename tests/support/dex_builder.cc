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

DexIds DexBuilder::collect() {
  std::set<DexIds::Member> all_fields(fields.begin(), fields.end());
  std::set<DexIds::Member> all_methods(methods.begin(), methods.end());
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

std::string DexBuilder::build(std::uint32_t start) {
  const DexIds ids = collect();
  const std::uint32_t header_size = version >= 41 ? 0x78 : 0x70;
  Bytes out(header_size, '\0');
  std::vector<MapItem> map = {{0x0000, 1, start}};
  const auto here = [&] { return start + static_cast<std::uint32_t>(out.size()); };
  const auto section = [&](std::uint16_t type, std::size_t count, std::size_t header_field,
                           std::size_t row) {
    const std::size_t offset = out.size();
    if (count != 0) map.push_back({type, static_cast<std::uint32_t>(count), here()});
    if (header_field != 0) {
      poke32(out, header_field, static_cast<std::uint32_t>(count));
      poke32(out, header_field + 4, count == 0 ? 0 : here());
    }
    out.resize(out.size() + count * row);
    return offset;
  };
  const std::size_t string_ids = section(0x0001, string_list_.size(), 0x38, 4);
  const std::size_t type_ids = section(0x0002, type_list_.size(), 0x40, 4);
  const std::size_t proto_ids = section(0x0003, proto_list_.size(), 0x48, 12);
  const std::size_t field_ids = section(0x0004, field_list_.size(), 0x50, 8);
  const std::size_t method_ids = section(0x0005, method_list_.size(), 0x58, 8);
  const std::size_t class_defs = section(0x0006, classes.size(), 0x60, 32);
  const std::size_t call_site_ids = section(0x0007, call_sites.size(), 0, 4);
  const std::size_t handles = section(0x0008, method_handles.size(), 0, 8);
  const std::size_t data_start = out.size();

  const auto type_list = [&](const std::vector<std::string>& names) -> std::uint32_t {
    if (names.empty()) return 0;
    align4(out);
    const std::uint32_t offset = here();
    put(out, names.size(), 4);
    for (const std::string& name : names) put(out, ids.type(name), 2);
    return offset;
  };
  const std::uint32_t first_list = (here() + 3) / 4 * 4;
  std::uint32_t lists = 0;
  for (std::size_t i = 0; i < proto_list_.size(); ++i) {
    std::vector<std::string> parts = split_descriptor(proto_list_[i]);
    const std::string result = parts.back();
    parts.pop_back();
    const std::uint32_t offset = type_list(parts);
    if (offset != 0) ++lists;
    poke32(out, proto_ids + 12 * i, ids.string(shorty(proto_list_[i])));
    poke32(out, proto_ids + 12 * i + 4, ids.type(result));
    poke32(out, proto_ids + 12 * i + 8, offset);
  }
  for (std::size_t i = 0; i < type_list_.size(); ++i)
    poke32(out, type_ids + 4 * i, ids.string(type_list_[i]));
  for (std::size_t i = 0; i < field_list_.size(); ++i) {
    const auto& [owner, name, type] = field_list_[i];
    poke32(out, field_ids + 8 * i,
           ids.type(owner) | static_cast<std::uint32_t>(ids.type(type)) << 16U);
    poke32(out, field_ids + 8 * i + 4, ids.string(name));
  }
  for (std::size_t i = 0; i < method_list_.size(); ++i) {
    const auto& [owner, name, descriptor] = method_list_[i];
    poke32(out, method_ids + 8 * i,
           ids.type(owner) | static_cast<std::uint32_t>(ids.proto(descriptor)) << 16U);
    poke32(out, method_ids + 8 * i + 4, ids.string(name));
  }
  for (std::size_t i = 0; i < method_handles.size(); ++i) {
    poke32(out, handles + 8 * i, method_handles[i].kind);
    poke32(out, handles + 8 * i + 4, method_handles[i].target(ids));
  }
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::uint32_t offset = type_list(classes[i].interfaces);
    if (offset != 0) ++lists;
    poke32(out, class_defs + 32 * i + 12, offset);
  }
  if (lists != 0) map.push_back({0x1001, lists, first_list});

  // Code items, remembered in the order in which class_data names them.
  std::vector<std::uint32_t> code_offsets;
  std::uint32_t codes = 0;
  std::uint32_t first_code = 0;
  for (const DexTestClass& c : classes) {
    for (const auto* list : {&c.direct_methods, &c.virtual_methods}) {
      for (const DexTestMethod& m : *list) {
        code_offsets.push_back(0);
        if (!m.code) continue;
        align4(out);
        code_offsets.back() = here();
        if (codes++ == 0) first_code = here();
        const DexUnits units = m.code(ids);
        for (const std::uint16_t value : {m.registers, m.ins, m.outs, m.tries}) put(out, value, 2);
        put(out, 0, 4);
        put(out, units.size(), 4);
        for (const std::uint16_t unit : units) put(out, unit, 2);
        if (m.tries != 0 && units.size() % 2 != 0) put(out, 0, 2);
        for (const std::uint8_t byte : m.try_bytes) out.push_back(static_cast<char>(byte));
      }
    }
  }
  if (codes != 0) map.push_back({0x2001, codes, first_code});

  const std::uint32_t first_string = here();
  for (std::size_t i = 0; i < string_list_.size(); ++i) {
    poke32(out, string_ids + 4 * i, here());
    const auto raw = raw_strings.find(string_list_[i]);
    const bool is_raw = raw != raw_strings.end();
    put_uleb(out, is_raw ? raw->second.second : static_cast<std::uint32_t>(string_list_[i].size()));
    out += (is_raw ? raw->second.first : string_list_[i]) + '\0';
  }
  if (!string_list_.empty())
    map.push_back({0x2002, static_cast<std::uint32_t>(string_list_.size()), first_string});

  std::uint32_t arrays = 0;
  const std::uint32_t first_array = here();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    std::uint32_t valued = 0;
    for (const DexTestField& f : classes[i].static_fields) valued += f.value.empty() ? 0 : 1;
    if (valued == 0) continue;
    poke32(out, class_defs + 32 * i + 28, here());
    put_uleb(out, valued);
    for (const DexTestField& f : classes[i].static_fields)
      out.append(f.value.begin(), f.value.end());
    ++arrays;
  }
  for (std::size_t i = 0; i < call_sites.size(); ++i) {
    poke32(out, call_site_ids + 4 * i, here());
    const std::vector<std::uint8_t> bytes = call_sites[i](ids);
    out.append(bytes.begin(), bytes.end());
    ++arrays;
  }
  if (arrays != 0) map.push_back({0x2005, arrays, first_array});

  const std::uint32_t first_data = here();
  std::uint32_t datas = 0;
  std::size_t next_code = 0;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const DexTestClass& c = classes[i];
    const std::size_t row = class_defs + 32 * i;
    poke32(out, row, ids.type(c.descriptor));
    poke32(out, row + 4, c.access);
    poke32(out, row + 8, c.superclass.empty() ? kNone : ids.type(c.superclass));
    poke32(out, row + 16, c.source_file.empty() ? kNone : ids.string(c.source_file));
    if (c.static_fields.size() + c.instance_fields.size() + c.direct_methods.size() +
            c.virtual_methods.size() ==
        0) {
      continue;
    }
    poke32(out, row + 24, here());
    ++datas;
    put_uleb(out, static_cast<std::uint32_t>(c.static_fields.size()));
    put_uleb(out, static_cast<std::uint32_t>(c.instance_fields.size()));
    put_uleb(out, static_cast<std::uint32_t>(c.direct_methods.size()));
    put_uleb(out, static_cast<std::uint32_t>(c.virtual_methods.size()));
    for (const auto* list : {&c.static_fields, &c.instance_fields}) {
      std::uint32_t before = 0;
      for (const DexTestField& f : *list) {
        const std::uint32_t index = ids.field(c.descriptor, f.name, f.type);
        put_uleb(out, index - before);
        put_uleb(out, f.access);
        before = index;
      }
    }
    for (const auto* list : {&c.direct_methods, &c.virtual_methods}) {
      std::uint32_t before = 0;
      for (const DexTestMethod& m : *list) {
        const std::uint32_t index = ids.method(c.descriptor, m.name, m.descriptor);
        put_uleb(out, index - before);
        put_uleb(out, m.access);
        put_uleb(out, code_offsets[next_code++]);
        before = index;
      }
    }
  }
  if (datas != 0) map.push_back({0x2000, datas, first_data});

  align4(out);
  map.push_back({0x1000, 1, here()});
  poke32(out, 0x34, here());
  put(out, map.size(), 4);
  for (const MapItem& item : map) {
    put(out, item.type, 4);
    put(out, item.count, 4);
    put(out, item.offset, 4);
  }

  std::string digits = std::to_string(version);
  out.replace(0, 8, std::string("dex\n0") + digits + std::string(1, '\0'));
  poke32(out, 0x20, static_cast<std::uint32_t>(out.size()));
  poke32(out, 0x24, header_size);
  poke32(out, 0x28, 0x12345678);
  poke32(out, 0x68, static_cast<std::uint32_t>(out.size() - data_start));
  poke32(out, 0x6c, start + static_cast<std::uint32_t>(data_start));
  if (version >= 41) {
    poke32(out, 0x70, start + static_cast<std::uint32_t>(out.size()));
    poke32(out, 0x74, start);
  }
  poke32(out, 8, adler32(out, 12));
  return out;
}

}  // namespace dl::testing
