// SPDX-License-Identifier: Apache-2.0
// Reads headers of models for accelerators. TensorRT plans, QNN context binaries, Tengine's and
// ByteNN's files are not among them: what is public of those is four bytes or a run of small
// numbers, too little to tell them from other files.
#include "daylight/format/probe/accelerator_models.h"

#include <algorithm>
#include <array>
#include <string>

#include "daylight/base/json.h"
#include "daylight/base/text.h"
#include "daylight/format/encoding/flatbuffer.h"

namespace dl {
namespace {

bool starts(ByteSpan bytes, std::string_view magic) { return as_text(bytes).starts_with(magic); }

// Versions that Rockchip's tools have written.
bool is_rknn_version(std::uint64_t version) {
  const std::uint64_t number = version & 0xffU;
  return number >= 1 && number <= 6 && (version >> 8U == 0 || version >> 8U == 0x10);
}

std::optional<ModelProbe> probe_rknn_container(ByteSpan bytes) {
  ByteReader reader(bytes);
  reader.skip(8);
  const std::uint64_t version = reader.u64();
  const std::uint64_t size = reader.u64();
  if (!reader.ok() || !is_rknn_version(version)) return std::nullopt;
  // A digest stands before the data since the second version.
  constexpr std::uint64_t kDigest = 40;
  if ((version & 0xffU) > 1 && size > 0) reader.skip(kDigest);
  reader.skip(size);
  const std::uint64_t json_size = reader.u64();
  const std::string_view text = as_text(reader.take(json_size));
  if (!reader.ok() || !text.starts_with('{')) return std::nullopt;
  ModelProbe out{"rknn", reader.offset(), {}};
  out.facts = {{"kind", "container"}, {"version", std::to_string(version)}};
  const std::size_t end = text.find_last_of('}');
  const auto json = parse_json(text.substr(0, end + 1), "rknn");
  if (!json || !json->is_object()) {
    out.gaps = {{"description", "is no JSON"}};
    return out;
  }
  for (const char* key : {"name", "target_platform", "network_platform", "version"}) {
    const auto at = json->find(key);
    if (at == json->end()) continue;
    out.facts.emplace_back(std::string("json.") + key, printable(dump_json_line(*at)));
  }
  return out;
}

// Signature, versions, a name of 64 characters, a count of nodes.
std::optional<ModelProbe> probe_openvx(ByteSpan bytes) {
  ByteReader reader(bytes);
  reader.skip(4);
  const std::uint16_t major = reader.u16();
  reader.skip(2 + 4);
  const std::string_view field = as_text(reader.take(64));
  const std::uint32_t nodes = reader.u32();
  const std::string_view name = field.substr(0, field.find('\0'));
  constexpr std::uint32_t kMostNodes = 1000000;
  constexpr std::uint16_t kNewest = 16;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return c >= ' '; });
  if (!reader.ok() || major == 0 || major > kNewest || nodes == 0 || nodes > kMostNodes ||
      name.empty() || !plain) {
    return std::nullopt;
  }
  ModelProbe out{"rknn", bytes.size(), {}};
  out.facts = {{"kind", "OpenVX graph"},
               {"version", std::to_string(major)},
               {"name", printable(name)},
               {"nodes", std::to_string(nodes)}};
  return out;
}

bool has_root(ByteSpan bytes) {
  FlatBuffer buffer(bytes);
  const auto root = FlatTable::root(buffer);
  // A root without any field says nothing.
  if (!root) return false;
  for (std::uint16_t field = 0; field < 16; ++field) {
    if (root->has(field)) return true;
  }
  return false;
}

std::string_view identifier(ByteSpan bytes) {
  const auto part = subspan_checked(bytes, 4, 4);
  return part ? as_text(*part) : std::string_view{};
}

// Version 3: a header of seven numbers, outputs, headers of layers, the layers themselves.
std::optional<ModelProbe> probe_kmodel_v3(ByteSpan bytes) {
  constexpr std::uint32_t kMostLayers = 4096;
  constexpr std::uint32_t kMostOutputs = 64;
  ByteReader reader(bytes, 4);
  const std::uint32_t flags = reader.u32();
  const std::uint32_t arch = reader.u32();
  const std::uint32_t layers = reader.u32();
  reader.skip(4);
  const std::uint32_t memory = reader.u32();
  const std::uint32_t outputs = reader.u32();
  constexpr std::uint32_t kMemory = 64U << 20U;
  if (!reader.ok() || flags > 1 || arch > 16 || layers == 0 || layers > kMostLayers ||
      outputs == 0 || outputs > kMostOutputs || memory > kMemory) {
    return std::nullopt;
  }
  for (std::uint32_t i = 0; i < outputs; ++i) {
    // Where it lies in the device's memory, and its size.
    const std::uint64_t end = std::uint64_t{reader.u32()} + reader.u32();
    if (end > memory) return std::nullopt;
  }
  std::uint64_t bodies = 0;
  for (std::uint32_t i = 0; i < layers; ++i) {
    const std::uint32_t type = reader.u32();
    const std::uint32_t size = reader.u32();
    // Ordinary layers and those of the accelerator.
    const bool known = (type >= 1 && type <= 64) || (type >= 10240 && type <= 10304);
    if (!known || size == 0) return std::nullopt;
    bodies += size;
  }
  reader.skip(bodies);
  if (!reader.ok()) return std::nullopt;
  ModelProbe out{"kmodel", reader.offset(), {}};
  out.facts = {{"version", "3"}, {"layers", std::to_string(layers)}};
  return out;
}

}  // namespace

std::optional<ModelProbe> probe_rknn(ByteSpan bytes) {
  constexpr std::string_view kZeroes("\0\0\0\0", 4);
  if (starts(bytes, "CYPTRKNN")) {
    ModelProbe out{"rknn", bytes.size(), {}};
    out.facts = {{"kind", "container"}, {"encrypted", "declared by its header"}};
    return out;
  }
  if ((starts(bytes, "RKNN") || starts(bytes, "RKNX")) && identifier(bytes) == kZeroes)
    return probe_rknn_container(bytes);
  if (starts(bytes, "VPMN")) return probe_openvx(bytes);
  if (identifier(bytes) == "RKNN" && has_root(bytes)) {
    ModelProbe out{"rknn", bytes.size(), {}};
    out.facts = {{"kind", "flatbuffer"}};
    return out;
  }
  return std::nullopt;
}

std::optional<ModelProbe> probe_om(ByteSpan bytes) {
  constexpr std::uint32_t kHeader = 256;
  constexpr std::uint64_t kChecksum = 64;
  constexpr std::uint64_t kName = 32;
  constexpr std::uint32_t kMostParts = 64;
  if (!starts(bytes, "IMOD")) return std::nullopt;
  ByteReader reader(bytes, 4);
  const std::uint32_t head = reader.u32();
  const std::uint32_t version = reader.u32();
  reader.skip(kChecksum);
  const std::uint32_t length = reader.u32();
  const std::uint8_t encrypted = reader.u8();
  reader.skip(3);
  const std::string_view field = as_text(reader.take(kName));
  if (!reader.ok() || head != kHeader || encrypted > 2 ||
      std::uint64_t{length} + kHeader > bytes.size()) {
    return std::nullopt;
  }
  // Parts: type, offset from behind the table, size.
  ByteReader table(bytes, kHeader);
  const std::uint32_t parts = table.u32();
  if (parts == 0 || parts > kMostParts) return std::nullopt;
  for (std::uint32_t i = 0; i < parts; ++i) {
    const std::uint32_t type = table.u32();
    const std::uint64_t end = std::uint64_t{table.u32()} + table.u32();
    if (!table.ok() || type > 255 || end > length) return std::nullopt;
  }
  ModelProbe out{"om_davinci", std::uint64_t{length} + kHeader, {}};
  out.facts = {{"version", std::to_string(version)},
               {"name", printable(field.substr(0, field.find('\0')))},
               {"parts", std::to_string(parts)}};
  if (encrypted != 0) out.facts.emplace_back("encrypted", "declared by its header");
  return out;
}

std::optional<ModelProbe> probe_dlc(ByteSpan bytes) {
  constexpr std::uint64_t kHeader = 8;
  if (!starts(bytes, "\xd5\x0a") || bytes.size() < 32) return std::nullopt;
  const ByteSpan network = bytes.subspan(kHeader);
  const std::string_view kind = identifier(network);
  if ((kind != "NETD" && kind != "NETP" && kind != "NR64") || !has_root(network))
    return std::nullopt;
  const auto major = load_le<std::uint16_t>(bytes, 2).value_or(0);
  const auto minor = load_le<std::uint16_t>(bytes, 4).value_or(0);
  ModelProbe out{"dlc_v4", bytes.size(), {}};
  out.facts = {{"version", std::to_string(major) + "." + std::to_string(minor)},
               {"content", kind == "NETD" ? "network" : "parameters"}};
  return out;
}

std::optional<ModelProbe> probe_megengine(ByteSpan bytes) {
  for (const std::string_view magic : {"mgb0001", "mgb0000a", "mgbtest0"}) {
    if (!starts(bytes, magic)) continue;
    ModelProbe out{"megengine", bytes.size(), {}};
    out.facts = {{"version", std::string(magic)}};
    return out;
  }
  const auto size = load_le<std::uint32_t>(bytes, 0);
  const auto model = size ? subspan_checked(bytes, 4, *size) : std::nullopt;
  if (!model || identifier(*model) != "mgv2" || !has_root(*model)) return std::nullopt;
  ModelProbe out{"megengine", 4 + std::uint64_t{*size}, {}};
  out.facts = {{"version", "2"}};
  return out;
}

std::optional<ModelProbe> probe_kmodel(ByteSpan bytes) {
  const auto first = load_le<std::uint32_t>(bytes, 0);
  if (first == 3U) return probe_kmodel_v3(bytes);
  if (!starts(bytes, "LDMK")) return std::nullopt;
  const auto version = load_le<std::uint32_t>(bytes, 4).value_or(0);
  const auto header = load_le<std::uint32_t>(bytes, 8).value_or(0);
  const bool fits = header >= 16 && header <= 1024 && header < bytes.size();
  if (version < 4 || version > 6 || (version > 4 && !fits)) return std::nullopt;
  ModelProbe out{"kmodel", bytes.size(), {}};
  out.facts = {{"version", std::to_string(version)}};
  return out;
}

std::optional<ModelProbe> probe_armnn(ByteSpan bytes) {
  if (identifier(bytes) != "ARMN") return std::nullopt;
  constexpr std::uint8_t kMostKinds = 100;
  FlatBuffer buffer(bytes);
  const auto root = FlatTable::root(buffer);
  if (!root) return std::nullopt;
  const FlatTables layers = root->tables(0);
  if (layers.empty()) return std::nullopt;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto layer = layers.at(i);
    const std::uint8_t kind = layer ? layer->scalar<std::uint8_t>(0, 0) : std::uint8_t{0};
    if (kind == 0 || kind > kMostKinds || !layer->table(1)) return std::nullopt;
  }
  ModelProbe out{"armnn", bytes.size(), {}};
  out.facts = {{"layers", std::to_string(layers.size())},
               {"inputs", std::to_string(root->vector<std::int32_t>(1).size())},
               {"outputs", std::to_string(root->vector<std::int32_t>(2).size())}};
  return out;
}

}  // namespace dl
