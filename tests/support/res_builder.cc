// SPDX-License-Identifier: Apache-2.0
// The chunks of Android's resource formats as aapt writes them.
#include "support/res_builder.h"

#include <algorithm>

#include "support/zip_builder.h"

namespace dl::testing {
namespace {

constexpr std::uint32_t kNone = 0xffffffffU;

void put8(std::string& out, std::uint64_t value) {
  out.push_back(static_cast<char>(value & 0xffU));
}

void put_utf8(std::string& out, const std::string& text) {
  const auto put_length = [&out](std::size_t size) {
    if (size > 0x7f) put8(out, 0x80U | ((size >> 8U) & 0x7fU));
    put8(out, size);
  };
  put_length(text.size());
  put_length(text.size());
  out += text;
  put8(out, 0);
}

// ASCII only.
void put_utf16(std::string& out, const std::string& text) {
  put16(out, text.size());
  for (const char c : text) put16(out, static_cast<unsigned char>(c));
  put16(out, 0);
}

std::string node_fields(std::uint32_t line) {
  std::string fields;
  put32(fields, line);
  put32(fields, kNone);
  return fields;
}

void pad(std::string& out) {
  while (out.size() % 4 != 0) put8(out, 0);
}

std::string arsc_entry(const ArscItem& item, bool compact) {
  std::string entry;
  if (compact) {
    put16(entry, item.key);
    put16(entry, 8U | (static_cast<unsigned>(item.type) << 8U));
    put32(entry, item.data);
    return entry;
  }
  put16(entry, item.bag.empty() ? 8 : 16);
  put16(entry, item.bag.empty() ? 0 : 1);
  put32(entry, item.key);
  const auto put_value = [&entry](std::uint8_t type, std::uint32_t data) {
    put16(entry, 8);
    put8(entry, 0);
    put8(entry, type);
    put32(entry, data);
  };
  if (item.bag.empty()) {
    put_value(item.type, item.data);
    return entry;
  }
  put32(entry, 0);
  put32(entry, item.bag.size());
  for (std::size_t i = 0; i < item.bag.size(); ++i) {
    put32(entry, 0x02000000U + i);
    put_value(item.type, item.bag[i]);
  }
  return entry;
}

}  // namespace

std::string res_chunk(std::uint16_t type, const std::string& header_fields,
                      const std::string& body) {
  std::string chunk;
  put16(chunk, type);
  put16(chunk, 8 + header_fields.size());
  put32(chunk, 8 + header_fields.size() + body.size());
  return chunk + header_fields + body;
}

std::string res_pool(const std::vector<std::string>& strings, bool utf8) {
  std::string offsets;
  std::string data;
  for (const std::string& text : strings) {
    put32(offsets, data.size());
    utf8 ? put_utf8(data, text) : put_utf16(data, text);
  }
  pad(data);
  std::string fields;
  put32(fields, strings.size());
  put32(fields, 0);
  put32(fields, utf8 ? 1U << 8U : 0);
  put32(fields, 28 + offsets.size());
  put32(fields, 0);
  return res_chunk(1, fields, offsets + data);
}

std::uint32_t AxmlBuilder::intern(const std::string& text, std::uint32_t resource_id) {
  const auto found = std::find(strings_.begin(), strings_.end(), std::pair(text, resource_id));
  if (found != strings_.end()) return static_cast<std::uint32_t>(found - strings_.begin());
  strings_.emplace_back(text, resource_id);
  return static_cast<std::uint32_t>(strings_.size() - 1);
}

void AxmlBuilder::start(const std::string& name, const std::vector<Attribute>& attributes,
                        std::uint32_t line) {
  std::string body;
  put32(body, kNone);
  put32(body, intern(name));
  put16(body, 20);
  put16(body, 20);
  put16(body, attributes.size());
  put16(body, 0);
  put32(body, 0);
  for (const Attribute& attribute : attributes) {
    put32(body, attribute.android.empty() ? kNone : intern(attribute.android));
    put32(body, intern(attribute.name, attribute.resource_id));
    const std::uint32_t text = attribute.type == 3 ? intern(attribute.text) : kNone;
    put32(body, text);
    put16(body, 8);
    put8(body, 0);
    put8(body, attribute.type);
    put32(body, attribute.type == 3 ? text : attribute.data);
  }
  body_ += res_chunk(0x0102, node_fields(line), body);
}

void AxmlBuilder::end(const std::string& name) {
  std::string body;
  put32(body, kNone);
  put32(body, intern(name));
  body_ += res_chunk(0x0103, node_fields(1), body);
}

void AxmlBuilder::text(const std::string& content) {
  std::string body;
  put32(body, intern(content));
  put32(body, 8);
  put32(body, 0);
  body_ += res_chunk(0x0104, node_fields(1), body);
}

std::string AxmlBuilder::build(bool utf8) const {
  std::vector<std::string> strings;
  std::string map;
  for (const auto& [text, resource_id] : strings_) {
    strings.push_back(text);
    put32(map, resource_id);
  }
  return res_chunk(3, "", res_pool(strings, utf8) + res_chunk(0x0180, "", map) + body_);
}

std::string arsc_type(std::uint8_t id, const std::string& config,
                      const std::vector<ArscItem>& items, int layout, bool compact) {
  std::uint16_t count = 0;
  for (const ArscItem& item : items)
    count = std::max<std::uint16_t>(count, static_cast<std::uint16_t>(item.index + 1));
  std::string entries;
  std::vector<std::uint32_t> offsets(count, kNone);
  std::string sparse;
  for (const ArscItem& item : items) {
    offsets[item.index] = static_cast<std::uint32_t>(entries.size());
    put16(sparse, item.index);
    put16(sparse, entries.size() / 4);
    entries += arsc_entry(item, compact);
  }
  std::string table;
  if (layout == 1) {
    table = sparse;
  } else {
    for (const std::uint32_t offset : offsets) {
      layout == 2 ? put16(table, offset == kNone ? 0xffffU : offset / 4) : put32(table, offset);
    }
  }
  pad(table);
  std::string fields;
  put8(fields, id);
  put8(fields, static_cast<unsigned>(layout));
  put16(fields, 0);
  put32(fields, layout == 1 ? items.size() : count);
  put32(fields, 20 + config.size() + table.size());
  return res_chunk(0x0201, fields + config, table + entries);
}

std::string arsc_config(const std::string& language, std::uint16_t density, std::uint16_t sdk) {
  std::string config;
  put32(config, 64);
  put32(config, 0);
  std::string locale = language;
  locale.resize(4, '\0');
  config += locale;
  put16(config, 0);
  put16(config, density);
  config.resize(24, '\0');
  put16(config, sdk);
  config.resize(64, '\0');
  return config;
}

std::string arsc_table(const std::vector<std::string>& strings,
                       const std::vector<std::string>& types, const std::vector<std::string>& keys,
                       const std::vector<std::string>& type_chunks) {
  const std::string type_pool = res_pool(types, false);
  const std::string key_pool = res_pool(keys, true);
  std::string fields;
  put32(fields, 0x7f);
  std::string name;
  for (const char c : std::string("org.example")) put16(name, static_cast<unsigned char>(c));
  name.resize(256, '\0');
  fields += name;
  constexpr std::size_t kHeaderSize = 288;
  put32(fields, kHeaderSize);
  put32(fields, 0);
  put32(fields, kHeaderSize + type_pool.size());
  put32(fields, 0);
  put32(fields, 0);
  std::string body = type_pool + key_pool;
  for (const std::string& chunk : type_chunks) body += chunk;
  std::string table_fields;
  put32(table_fields, 1);
  return res_chunk(2, table_fields, res_pool(strings, true) + res_chunk(0x0200, fields, body));
}

}  // namespace dl::testing
