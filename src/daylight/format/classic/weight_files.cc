// SPDX-License-Identifier: Apache-2.0
// Walks the weight files of TNN, Paddle and MXNet as far as their structure goes.
#include "daylight/format/classic/weight_files.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "daylight/base/text.h"

namespace dl {
namespace {

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && static_cast<unsigned char>(c) < 0x7f; });
}

// "v2.10.0", "2.9", "e31e4d7" are all in use; a release begins with digits or a "v".
bool is_release(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 >= text.size()) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(dot),
                     [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }) &&
         std::isdigit(static_cast<unsigned char>(text[dot + 1])) != 0 && is_plain(text);
}

// Protobuf variable-length number.
std::uint64_t varint(ByteReader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = reader.u8();
    value |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return value;
}

// Bytes of one element by Paddle's number of a type; 0: none.
std::uint64_t paddle_width(std::uint64_t type) {
  switch (type) {
    case 0:   // bool
    case 20:  // uint8
    case 21:  // int8
      return 1;
    case 1:   // int16
    case 4:   // float16
    case 22:  // bfloat16
      return 2;
    case 2:  // int32
    case 5:  // float32
      return 4;
    case 3:  // int64
    case 6:  // float64
      return 8;
    default:
      return 0;
  }
}

// TensorDesc: field 1 the type, field 2 the dimensions. The number of bytes, or nothing.
std::optional<std::uint64_t> paddle_elements(ByteSpan description, std::uint64_t& width) {
  ByteReader reader(description);
  std::uint64_t elements = 1;
  width = 0;
  while (reader.remaining() > 0 && reader.ok()) {
    const std::uint64_t tag = varint(reader);
    if (tag == 0x08) {
      width = paddle_width(varint(reader));
    } else if (tag == 0x10) {
      elements = multiply_checked(elements, varint(reader)).value_or(~std::uint64_t{0});
    } else if (tag == 0x12) {
      const std::uint64_t end = varint(reader);
      const std::uint64_t stop = reader.offset() + std::min(end, reader.remaining());
      while (reader.ok() && reader.offset() < stop)
        elements = multiply_checked(elements, varint(reader)).value_or(~std::uint64_t{0});
    } else {
      return std::nullopt;
    }
  }
  if (!reader.ok() || width == 0) return std::nullopt;
  return elements;
}

// One tensor; false where none begins.
bool skip_paddle_tensor(ByteReader& reader, std::uint64_t& parameters) {
  constexpr std::int32_t kLongestDescription = 256;
  if (reader.u32() != 0) return false;  // version
  const std::uint64_t levels = reader.u64();
  if (levels > 16) return false;
  for (std::uint64_t i = 0; i < levels; ++i) reader.skip(reader.u64());
  if (reader.u32() != 0) return false;  // version of the tensor
  const std::int32_t size = reader.i32();
  if (!reader.ok() || size < 2 || size > kLongestDescription) return false;
  std::uint64_t width = 0;
  const auto elements = paddle_elements(reader.take(static_cast<std::uint64_t>(size)), width);
  const auto data = elements ? multiply_checked(*elements, width) : std::nullopt;
  if (!data) return false;
  reader.skip(*data);
  parameters += *elements;
  return reader.ok();
}

std::uint64_t mxnet_width(std::int32_t type) {
  switch (type) {
    case 0:
    case 4:
      return 4;
    case 1:
    case 6:
      return 8;
    case 2:
    case 8:
    case 12:
      return 2;
    case 3:
    case 5:
    case 7:
      return 1;
    default:
      return 0;
  }
}

// A dense array of one of the three versions.
bool skip_mxnet_array(ByteReader& reader, std::uint64_t& parameters) {
  constexpr std::uint32_t kVersion1 = 0xf993fac8;
  constexpr std::uint32_t kVersion3 = 0xf993faca;
  constexpr std::uint32_t kMostDimensions = 32;
  const std::uint32_t magic = reader.u32();
  if (magic < kVersion1 || magic > kVersion3) return false;
  if (magic != kVersion1 && reader.i32() != 0) return false;  // sparse
  const std::uint32_t rank = reader.u32();
  if (rank == 0 || rank > kMostDimensions) return false;
  std::uint64_t elements = 1;
  for (std::uint32_t i = 0; i < rank; ++i)
    elements = multiply_checked(elements, reader.u64()).value_or(~std::uint64_t{0});
  reader.skip(8);  // device
  const std::uint64_t width = mxnet_width(reader.i32());
  const auto size = multiply_checked(elements, width);
  if (width == 0 || !size) return false;
  reader.skip(*size);
  parameters += elements;
  return reader.ok();
}

}  // namespace

std::optional<ModelProbe> probe_tnn_model(ByteSpan bytes) {
  ByteReader reader(bytes);
  const std::uint32_t magic = reader.u32();
  if (magic != 0xfabc0002 && magic != 0xfabc0004) return std::nullopt;
  const std::int32_t layers = reader.i32();
  constexpr std::int32_t kMostLayers = 1000000;
  if (layers < 1 || layers > kMostLayers) return std::nullopt;
  constexpr std::uint32_t kMostTypes = 4096;
  if (reader.u32() > kMostTypes) return std::nullopt;
  const auto text = [&] {
    constexpr std::uint32_t kLongest = 1024;
    const std::uint32_t size = reader.u32();
    return size == 0 || size > kLongest ? std::string_view{} : as_text(reader.take(size));
  };
  const std::string_view type = text();
  const std::string_view name = text();
  if (!reader.ok() || type.empty() || name.empty() || !is_plain(type) || !is_plain(name))
    return std::nullopt;
  ModelProbe out{"tnn_model", bytes.size(), {}};
  out.facts = {{"version", magic == 0xfabc0002 ? "2" : "4"},
               {"layers", std::to_string(layers)},
               {"first_layer", printable(type) + " " + printable(name)}};
  return out;
}

std::optional<ModelProbe> probe_paddle_lite(ByteSpan bytes) {
  constexpr std::uint64_t kVersionText = 16;
  ByteReader reader(bytes);
  const std::uint16_t version = reader.u16();
  const std::string_view field = as_text(reader.take(kVersionText));
  const std::uint64_t topology = reader.u64();
  const std::size_t end = std::min(field.find('\0'), field.size());
  const std::string_view release = field.substr(0, end);
  const bool filled = field.find_first_not_of('\0', end) == std::string_view::npos;
  if (!reader.ok() || version > 2 || !is_release(release) || !filled || topology == 0 ||
      topology > reader.remaining()) {
    return std::nullopt;
  }
  ModelProbe out{"paddle_lite_nb", bytes.size(), {}};
  out.facts = {{"version", std::to_string(version)},
               {"optimiser", printable(release)},
               {"topology_bytes", std::to_string(topology)}};
  return out;
}

std::optional<ModelProbe> probe_paddle_params(ByteSpan bytes) {
  ByteReader reader(bytes);
  std::uint64_t tensors = 0;
  std::uint64_t parameters = 0;
  std::uint64_t size = 0;
  while (reader.remaining() > 0 && skip_paddle_tensor(reader, parameters)) {
    ++tensors;
    size = reader.offset();
  }
  if (tensors == 0) return std::nullopt;
  ModelProbe out{"paddle_params", size, {}};
  out.facts = {{"tensors", std::to_string(tensors)}, {"parameters", std::to_string(parameters)}};
  return out;
}

std::optional<ModelProbe> probe_mxnet_params(ByteSpan bytes) {
  constexpr std::uint64_t kMagic = 0x112;
  constexpr std::uint64_t kMostArrays = 1000000;
  constexpr std::size_t kListedNames = 32;
  ByteReader reader(bytes);
  if (reader.u64() != kMagic || reader.u64() != 0) return std::nullopt;
  const std::uint64_t arrays = reader.u64();
  if (!reader.ok() || arrays == 0 || arrays > kMostArrays) return std::nullopt;
  std::uint64_t parameters = 0;
  for (std::uint64_t i = 0; i < arrays; ++i) {
    if (!skip_mxnet_array(reader, parameters)) return std::nullopt;
  }
  const std::uint64_t names = reader.u64();
  if (names != arrays && names != 0) return std::nullopt;
  std::string first;
  for (std::uint64_t i = 0; i < names && reader.ok(); ++i) {
    const std::string_view name = as_text(reader.take(reader.u64()));
    if (i < kListedNames) first += (i == 0 ? "" : " ") + printable(name);
  }
  if (!reader.ok()) return std::nullopt;
  ModelProbe out{"mxnet_params", reader.offset(), {}};
  out.facts = {{"arrays", std::to_string(arrays)},
               {"parameters", std::to_string(parameters)},
               {"names", first}};
  return out;
}

}  // namespace dl
