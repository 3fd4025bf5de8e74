// SPDX-License-Identifier: Apache-2.0
// Elements read one by one, at any alignment.
#include "daylight/capture/view/buffer_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "daylight/base/hex.h"
#include "daylight/base/text.h"

namespace dl::capture {
namespace {

struct TypeName {
  std::string_view name;
  ValueType type;
};

constexpr std::array<TypeName, 16> kDtypes = {{{"float32", ValueType::kFloat32},
                                               {"float64", ValueType::kFloat64},
                                               {"float16", ValueType::kFloat16},
                                               {"int8", ValueType::kInt8},
                                               {"uint8", ValueType::kUint8},
                                               {"int16", ValueType::kInt16},
                                               {"uint16", ValueType::kUint16},
                                               {"int32", ValueType::kInt32},
                                               {"uint32", ValueType::kUint32},
                                               {"int64", ValueType::kInt64},
                                               {"uint64", ValueType::kUint64},
                                               {"bool", ValueType::kBool},
                                               {"string", ValueType::kText},
                                               {"text", ValueType::kText},
                                               {"utf8", ValueType::kText},
                                               {"utf-8", ValueType::kText}}};

// Words of Java source and C; signs as on the machines that apps run on.
constexpr std::array<TypeName, 23> kElementTypes = {{{"float", ValueType::kFloat32},
                                                     {"double", ValueType::kFloat64},
                                                     {"byte", ValueType::kInt8},
                                                     {"boolean", ValueType::kBool},
                                                     {"bool", ValueType::kBool},
                                                     {"short", ValueType::kInt16},
                                                     {"int", ValueType::kInt32},
                                                     {"long", ValueType::kInt64},
                                                     {"int8_t", ValueType::kInt8},
                                                     {"uint8_t", ValueType::kUint8},
                                                     {"int16_t", ValueType::kInt16},
                                                     {"uint16_t", ValueType::kUint16},
                                                     {"int32_t", ValueType::kInt32},
                                                     {"uint32_t", ValueType::kUint32},
                                                     {"int64_t", ValueType::kInt64},
                                                     {"uint64_t", ValueType::kUint64},
                                                     {"size_t", ValueType::kUint64},
                                                     {"unsigned char", ValueType::kUint8},
                                                     {"signed char", ValueType::kInt8},
                                                     {"unsigned int", ValueType::kUint32},
                                                     {"unsigned short", ValueType::kUint16},
                                                     {"jlong", ValueType::kInt64},
                                                     {"jint", ValueType::kInt32}}};

template <std::size_t N>
std::optional<ValueType> find_type(const std::array<TypeName, N>& names, std::string_view name) {
  for (const TypeName& each : names) {
    if (each.name == name) return each.type;
  }
  return std::nullopt;
}

// "const float*", "float[][]" -> "float".
std::string_view element_name(std::string_view type) {
  if (type.starts_with("const ")) type.remove_prefix(6);
  while (!type.empty() && std::string_view("*[]& ").find(type.back()) != std::string_view::npos)
    type.remove_suffix(1);
  return type;
}

bool is_text_type(std::string_view type) {
  return type == "java.lang.String" || type == "String" || element_name(type) == "char";
}

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10U) & 31U;
  const double fraction = bits & 1023U;
  const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * HUGE_VAL : std::nan("");
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

template <typename T>
Json number_json(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    // A float has the digits of a float: 0.1, not 0.10000000149011612.
    const std::string digits = fmt::format("{}", value);
    const auto parsed = parse_double(digits);
    return parsed ? Json(*parsed) : Json(digits);
  } else {
    return Json(value);
  }
}

template <typename T>
Json element_json(ByteSpan bytes) {
  return number_json(*load_le<T>(bytes, 0));
}

// `bytes` begins with a whole element.
Json element_json(ValueType type, ByteSpan bytes) {
  switch (type) {
    case ValueType::kBool:
      return Json(bytes[0] != 0);
    case ValueType::kInt8:
      return Json(static_cast<int>(static_cast<std::int8_t>(bytes[0])));
    case ValueType::kInt16:
      return element_json<std::int16_t>(bytes);
    case ValueType::kUint16:
      return element_json<std::uint16_t>(bytes);
    case ValueType::kInt32:
      return element_json<std::int32_t>(bytes);
    case ValueType::kUint32:
      return element_json<std::uint32_t>(bytes);
    case ValueType::kInt64:
      return element_json<std::int64_t>(bytes);
    case ValueType::kUint64:
      return element_json<std::uint64_t>(bytes);
    case ValueType::kFloat16:
      return number_json(half_to_double(*load_le<std::uint16_t>(bytes, 0)));
    case ValueType::kFloat32:
      return element_json<float>(bytes);
    case ValueType::kFloat64:
      return element_json<double>(bytes);
    case ValueType::kUint8:
    case ValueType::kBytes:
    case ValueType::kText:
      break;
  }
  return Json(static_cast<int>(bytes[0]));
}

std::string_view text_before_zero(ByteSpan bytes) {
  const std::string_view text = as_text(bytes);
  return text.substr(0, text.find('\0'));
}

bool looks_like_text(ByteSpan bytes) {
  const std::string_view text = text_before_zero(bytes);
  return text.size() >= 4 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= ' ' && c <= '~') || c == '\n' || c == '\t';
         });
}

std::string hex_text(ByteSpan bytes, bool more) {
  constexpr std::size_t kShownBytes = 16;
  std::string out;
  for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), kShownBytes)))
    out += (out.empty() ? "" : " ") + hex_number(byte, 2);
  if (more || bytes.size() > kShownBytes) out += " ...";
  return out;
}

}  // namespace

ValueType value_type(const TraceArgument& argument) {
  if (const auto type = find_type(kDtypes, argument.dtype)) return *type;
  if (is_text_type(argument.type)) return ValueType::kText;
  return find_type(kElementTypes, element_name(argument.type)).value_or(ValueType::kBytes);
}

std::size_t element_bytes(ValueType type) {
  switch (type) {
    case ValueType::kInt16:
    case ValueType::kUint16:
    case ValueType::kFloat16:
      return 2;
    case ValueType::kInt32:
    case ValueType::kUint32:
    case ValueType::kFloat32:
      return 4;
    case ValueType::kInt64:
    case ValueType::kUint64:
    case ValueType::kFloat64:
      return 8;
    case ValueType::kBytes:
    case ValueType::kText:
    case ValueType::kBool:
    case ValueType::kInt8:
    case ValueType::kUint8:
      break;
  }
  return 1;
}

Json first_values(ValueType type, ByteSpan bytes) {
  if (type == ValueType::kText) return Json(printable(text_before_zero(bytes), 80));
  if (type == ValueType::kBytes) type = ValueType::kUint8;
  Json values = Json::array();
  const std::size_t step = element_bytes(type);
  for (std::size_t at = 0; at + step <= bytes.size() && values.size() < kShownValues; at += step)
    values.push_back(element_json(type, bytes.subspan(at)));
  return values;
}

std::string values_text(ValueType type, ByteSpan bytes, bool more) {
  const bool text =
      type == ValueType::kText || (type == ValueType::kBytes && looks_like_text(bytes));
  if (text) return "\"" + printable(text_before_zero(bytes), 60) + "\"";
  if (type == ValueType::kBytes) return hex_text(bytes, more);
  std::string out;
  for (const Json& value : first_values(type, bytes))
    out += (out.empty() ? "" : " ") + (value.is_string() ? value.get<std::string>() : value.dump());
  if (more || bytes.size() / element_bytes(type) > kShownValues) out += " ...";
  return out;
}

std::optional<std::string> scalar_text(const TraceArgument& argument) {
  const bool is_buffer = argument.length != 0 || argument.buffer.held != TraceHeld::kNothing;
  const auto type = find_type(kElementTypes, argument.type);
  if (is_buffer || !type) return std::nullopt;
  const std::array<std::uint64_t, 1> bits = {argument.address};
  const ByteSpan bytes(reinterpret_cast<const std::uint8_t*>(bits.data()), sizeof bits);
  return values_text(*type, bytes.first(element_bytes(*type)), false);
}

std::optional<std::string> BufferBeginnings::of(const TraceBuffer& buffer) {
  if (buffer.held == TraceHeld::kInline) return buffer.bytes.substr(0, kBeginningBytes);
  if (buffer.held != TraceHeld::kBlob && buffer.held != TraceHeld::kDigest) return std::nullopt;
  if (const auto found = known_.find(buffer.digest); found != known_.end()) return found->second;
  if (order_.size() >= kKeptBeginnings) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  auto bytes = blobs_.get(buffer.digest, kMaxShownBlobBytes);
  std::optional<std::string> beginning;
  if (bytes) beginning = bytes->substr(0, kBeginningBytes);
  known_.emplace(buffer.digest, beginning);
  order_.push_back(buffer.digest);
  return beginning;
}

}  // namespace dl::capture
