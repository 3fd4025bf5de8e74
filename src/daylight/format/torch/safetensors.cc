// SPDX-License-Identifier: Apache-2.0
// Reads the JSON header of safetensors files and the dictionary of NumPy arrays.
#include "daylight/format/torch/safetensors.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kListedTensors = 64;
constexpr std::size_t kListedMetadata = 64;

std::uint64_t bits_of(const std::string& dtype) {
  static constexpr std::pair<std::string_view, std::uint64_t> kBits[] = {
      {"F64", 64},    {"F32", 32}, {"F16", 16},    {"BF16", 16},   {"I64", 64},
      {"I32", 32},    {"I16", 16}, {"I8", 8},      {"U64", 64},    {"U32", 32},
      {"U16", 16},    {"U8", 8},   {"BOOL", 8},    {"F8_E4M3", 8}, {"F8_E5M2", 8},
      {"F8_E8M0", 8}, {"C64", 64}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}};
  for (const auto& [name, bits] : kBits) {
    if (name == dtype) return bits;
  }
  return 0;
}

struct Tensor {
  std::string name;
  std::string dtype;
  std::string shape;
  std::uint64_t elements = 1;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct Header {
  std::vector<Tensor> tensors;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::uint64_t data_start = 0;
  std::uint64_t data_size = 0;
};

std::optional<Tensor> read_tensor(const std::string& name, const Json& entry) {
  Tensor out;
  out.name = name;
  const auto part = [&](const char* key) -> const Json* {
    const auto at = entry.find(key);
    return at == entry.end() ? nullptr : &*at;
  };
  const Json* dtype = part("dtype");
  const Json* shape = part("shape");
  const Json* offsets = part("data_offsets");
  if (dtype == nullptr || shape == nullptr || offsets == nullptr || !dtype->is_string() ||
      !shape->is_array() || !offsets->is_array() || offsets->size() != 2) {
    return std::nullopt;
  }
  out.dtype = dtype->get<std::string>();
  for (const Json& side : *shape) {
    if (!side.is_number_unsigned()) return std::nullopt;
    const auto elements = multiply_checked(out.elements, side.get<std::uint64_t>());
    if (!elements) return std::nullopt;
    out.elements = *elements;
    out.shape += (out.shape.empty() ? "" : ",") + std::to_string(side.get<std::uint64_t>());
  }
  if (!(*offsets)[0].is_number_unsigned() || !(*offsets)[1].is_number_unsigned())
    return std::nullopt;
  out.begin = (*offsets)[0].get<std::uint64_t>();
  out.end = (*offsets)[1].get<std::uint64_t>();
  const std::uint64_t bits = bits_of(out.dtype);
  const auto needed = multiply_checked(out.elements, bits);
  if (out.end < out.begin || bits == 0 || !needed || (*needed + 7) / 8 != out.end - out.begin)
    return std::nullopt;
  return out;
}

// The format forbids holes and overlaps.
bool covers(std::vector<Tensor>& tensors, std::uint64_t& end) {
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const Tensor& a, const Tensor& b) { return a.begin < b.begin; });
  end = 0;
  for (const Tensor& tensor : tensors) {
    if (tensor.begin != end) return false;
    end = tensor.end;
  }
  return true;
}

std::optional<Header> read_header(ByteSpan bytes) {
  const auto length = load_le<std::uint64_t>(bytes, 0);
  constexpr std::uint64_t kLength = 8;
  if (!length || *length < 2 || *length > kMaxSafetensorsHeader) return std::nullopt;
  const auto text = subspan_checked(bytes, kLength, *length);
  if (!text || text->front() != '{') return std::nullopt;
  const auto json = parse_json(trim(as_text(*text)), "header");
  if (!json || !json->is_object()) return std::nullopt;
  Header out;
  out.data_start = kLength + *length;
  for (const auto& [name, entry] : json->items()) {
    if (!entry.is_object()) return std::nullopt;
    if (name == "__metadata__") {
      for (const auto& [key, value] : entry.items()) {
        if (value.is_string() && out.metadata.size() < kListedMetadata)
          out.metadata.emplace_back(printable(key), printable(value.get<std::string>()));
      }
      continue;
    }
    auto tensor = read_tensor(name, entry);
    if (!tensor) return std::nullopt;
    out.tensors.push_back(std::move(*tensor));
  }
  if (out.tensors.empty() || !covers(out.tensors, out.data_size)) return std::nullopt;
  return out;
}

// The text between two quotes behind `key` in NumPy's dictionary.
std::string quoted_behind(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t open = text.find('\'', at + key.size());
  const std::size_t close = open == std::string_view::npos ? open : text.find('\'', open + 1);
  if (close == std::string_view::npos) return {};
  return std::string(text.substr(open + 1, close - open - 1));
}

// Bytes of one element of "<f4" ...; 0 where the data is no run of numbers (objects, structures).
std::uint64_t element_bytes(const std::string& dtype) {
  if (dtype.size() < 3 || std::string_view("<>|=").find(dtype[0]) == std::string_view::npos ||
      std::string_view("biufcSVUmM?").find(dtype[1]) == std::string_view::npos) {
    return 0;
  }
  const auto width = parse_integer(std::string_view(dtype).substr(2));
  constexpr long long kWidest = 65536;
  if (!width || *width <= 0 || *width > kWidest) return 0;
  return static_cast<std::uint64_t>(*width) * (dtype[1] == 'U' ? 4 : 1);
}

}  // namespace

std::optional<ModelProbe> probe_safetensors(ByteSpan bytes) {
  auto header = read_header(bytes);
  if (!header) return std::nullopt;
  ModelProbe out{"safetensors", header->data_start + header->data_size, {}};
  if (out.size > bytes.size()) {
    out.gaps = {{"tensors", "the data of some lies outside the file"}};
    out.size = bytes.size();
  }
  out.facts = std::move(header->metadata);
  out.facts.insert(out.facts.begin(), {"tensors", std::to_string(header->tensors.size())});
  return out;
}

ModelGraph describe_safetensors(ByteSpan bytes, const ModelProbe& probe) {
  ModelGraph graph;
  graph.metadata = probe.facts;
  graph.gaps = probe.gaps;
  const auto header = read_header(bytes);
  if (!header) return graph;
  WeightsDigest weights;
  for (const Tensor& tensor : header->tensors) {
    const auto data =
        subspan_checked(bytes, header->data_start + tensor.begin, tensor.end - tensor.begin);
    if (data) weights.add(*data, tensor.elements);
  }
  for (std::size_t i = 0; i < std::min(header->tensors.size(), kListedTensors); ++i) {
    const Tensor& tensor = header->tensors[i];
    graph.metadata.emplace_back("tensor " + printable(tensor.name),
                                tensor.dtype + "[" + tensor.shape + "]");
  }
  weights.finish(graph);
  return graph;
}

std::optional<ModelProbe> probe_numpy(ByteSpan bytes) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  constexpr std::uint32_t kLongestHeader = 65536;
  ByteReader reader(bytes);
  if (as_text(reader.take(kMagic.size())) != kMagic) return std::nullopt;
  const std::uint8_t version = reader.u8();
  if (reader.u8() != 0 || version == 0 || version > 3) return std::nullopt;
  const std::uint32_t length = version == 1 ? reader.u16() : reader.u32();
  if (length > kLongestHeader) return std::nullopt;
  const std::string_view header = as_text(reader.take(length));
  const std::string dtype = quoted_behind(header, "'descr':");
  const std::size_t open = header.find('(', header.find("'shape':"));
  const std::size_t close = open == std::string_view::npos ? open : header.find(')', open);
  if (!reader.ok() || !header.starts_with('{') || dtype.empty() ||
      close == std::string_view::npos) {
    return std::nullopt;
  }
  std::uint64_t elements = 1;
  const std::string shape(header.substr(open + 1, close - open - 1));
  for (const std::string& part : split(shape, ',')) {
    if (trim(part).empty()) continue;
    const auto side = parse_integer(trim(part));
    if (!side || *side < 0) return std::nullopt;
    elements =
        multiply_checked(elements, static_cast<std::uint64_t>(*side)).value_or(~std::uint64_t{0});
  }
  const std::uint64_t width = element_bytes(dtype);
  const auto data = multiply_checked(elements, width);
  if (!data) return std::nullopt;
  ModelProbe out{"numpy", width == 0 ? bytes.size() : reader.offset() + *data, {}};
  if (out.size > bytes.size()) {
    out.gaps = {{"array", "its data end outside the file"}};
    out.size = bytes.size();
  }
  out.facts = {{"dtype", printable(dtype)}, {"shape", printable(shape)}};
  return out;
}

}  // namespace dl
