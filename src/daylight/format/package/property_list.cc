// SPDX-License-Identifier: Apache-2.0
// Both forms of property lists.
#include "daylight/format/package/property_list.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "daylight/base/text.h"
#include "daylight/format/package/xml_text.h"

namespace dl {
namespace {

constexpr std::string_view kBinaryMark = "bplist0";
constexpr std::uint64_t kHeaderSize = 8;
constexpr std::uint64_t kTrailerSize = 32;

std::string encode_base64(ByteSpan bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t group = (std::uint32_t{bytes[i]} << 16U) |
                                (left > 1 ? std::uint32_t{bytes[i + 1]} << 8U : 0U) |
                                (left > 2 ? std::uint32_t{bytes[i + 2]} : 0U);
    out += kAlphabet[group >> 18U];
    out += kAlphabet[(group >> 12U) & 0x3fU];
    out += left > 1 ? kAlphabet[(group >> 6U) & 0x3fU] : '=';
    out += left > 2 ? kAlphabet[group & 0x3fU] : '=';
  }
  return out;
}

// Big-endian, of up to eight bytes.
std::uint64_t big_endian(ByteSpan bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8U) | byte;
  return value;
}

// Objects keep their keys in order, and looking for a key at each insertion would cost the square
// of their number.
void put(Json& object, std::string key, Json value) {
  object.get_ref<Json::object_t&>().push_back({std::move(key), std::move(value)});
}

// What may still be given out.
class Allowance {
 public:
  bool take(std::size_t text) {
    if (values_ == kMaxPropertyListValues || text > kMaxPropertyListText - text_) spent_ = true;
    if (spent_) return false;
    ++values_;
    text_ += text;
    return true;
  }
  void stop() { spent_ = true; }
  bool spent() const { return spent_; }

 private:
  std::size_t values_ = 0;
  std::size_t text_ = 0;
  bool spent_ = false;
};

class BinaryReader {
 public:
  BinaryReader(ByteSpan bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  Result<PropertyList> read();

 private:
  Json read_object(std::uint64_t index, std::size_t depth);
  Json read_number(std::uint8_t marker, std::uint64_t at);
  Json read_real(std::uint8_t marker, std::uint64_t at);
  Json read_text(std::uint8_t marker, std::uint64_t at);
  Json read_array(std::uint8_t marker, std::uint64_t at, std::size_t depth);
  Json read_dictionary(std::uint8_t marker, std::uint64_t at, std::size_t depth);
  std::optional<std::uint64_t> count_of(std::uint8_t marker, std::uint64_t& at) const;
  std::optional<std::uint64_t> reference(std::uint64_t at) const;
  Json damaged(std::string why) {
    list_.gaps.add(where_, std::move(why));
    return nullptr;
  }

  ByteSpan bytes_;
  const std::string& where_;
  PropertyList list_;
  Allowance allowance_;
  std::uint64_t offset_size_ = 0;
  std::uint64_t reference_size_ = 0;
  std::uint64_t objects_ = 0;
  std::uint64_t table_ = 0;
};

Result<PropertyList> BinaryReader::read() {
  if (bytes_.size() < kHeaderSize + kTrailerSize)
    return fail(ErrorCode::kCorrupt, "the property list is cut", where_);
  const ByteSpan trailer = bytes_.last(kTrailerSize);
  offset_size_ = trailer[6];
  reference_size_ = trailer[7];
  objects_ = big_endian(trailer.subspan(8, 8));
  const std::uint64_t top = big_endian(trailer.subspan(16, 8));
  table_ = big_endian(trailer.subspan(24, 8));
  const auto table_size = multiply_checked(objects_, offset_size_);
  if (offset_size_ == 0 || offset_size_ > 8 || reference_size_ == 0 || reference_size_ > 8 ||
      !table_size || !subspan_checked(bytes_, table_, *table_size) || top >= objects_)
    return fail(ErrorCode::kCorrupt, "the trailer of the property list is damaged", where_);
  list_.binary = true;
  list_.root = read_object(top, 0);
  if (allowance_.spent()) list_.gaps.add(where_, "the property list is larger than is read");
  return std::move(list_);
}

Json BinaryReader::read_object(std::uint64_t index, std::size_t depth) {
  if (allowance_.spent() || !allowance_.take(0)) return nullptr;
  // A value that holds itself ends here: what is behind it is not read, as it could go on forever.
  if (depth > kMaxPropertyListDepth) {
    allowance_.stop();
    return damaged("values are nested deeper than is read");
  }
  if (index >= objects_) return damaged("a value is referred to that is not there");
  const std::uint64_t at =
      big_endian(*subspan_checked(bytes_, table_ + index * offset_size_, offset_size_));
  if (at < kHeaderSize || at >= bytes_.size()) return damaged("a value lies outside of the list");
  const std::uint8_t marker = bytes_[static_cast<std::size_t>(at)];
  switch (marker >> 4U) {
    case 0x0:
      if (marker == 0x08 || marker == 0x09) return marker == 0x09;
      return nullptr;
    case 0x1:
      return read_number(marker, at + 1);
    case 0x2:
    case 0x3:
      return read_real(marker, at + 1);
    case 0x4:
    case 0x5:
    case 0x6:
    case 0x7:
      return read_text(marker, at + 1);
    case 0x8: {
      const auto uid = subspan_checked(bytes_, at + 1, (marker & 0x0fU) + 1U);
      return uid && uid->size() <= 8 ? Json(big_endian(*uid)) : damaged("a UID is cut");
    }
    case 0xa:
    case 0xb:
    case 0xc:
      return read_array(marker, at + 1, depth);
    case 0xd:
      return read_dictionary(marker, at + 1, depth);
    default:
      return damaged("a value of a kind that is not known");
  }
}

Json BinaryReader::read_number(std::uint8_t marker, std::uint64_t at) {
  const unsigned power = marker & 0x0fU;
  if (power > 4) return damaged("a number is longer than any writer makes it");
  const auto number = subspan_checked(bytes_, at, std::uint64_t{1} << power);
  if (!number) return damaged("a number is cut");
  // Eight bytes are signed; sixteen hold what does not fit those.
  if (power == 3) return static_cast<std::int64_t>(big_endian(*number));
  return big_endian(number->size() > 8 ? number->last(8) : *number);
}

Json BinaryReader::read_real(std::uint8_t marker, std::uint64_t at) {
  double value = 0;
  if ((marker & 0x0fU) == 2) {
    const auto bits = load_le<std::uint32_t>(bytes_, at);
    if (!bits) return damaged("a number is cut");
    value = std::bit_cast<float>(__builtin_bswap32(*bits));
  } else if ((marker & 0x0fU) == 3) {
    const auto bits = load_le<std::uint64_t>(bytes_, at);
    if (!bits) return damaged("a number is cut");
    value = std::bit_cast<double>(__builtin_bswap64(*bits));
  } else {
    return damaged("a real number of an unknown size");
  }
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json BinaryReader::read_text(std::uint8_t marker, std::uint64_t at) {
  const auto count = count_of(marker, at);
  const bool wide = (marker >> 4U) == 0x6;
  const auto size = count ? multiply_checked(*count, wide ? 2 : 1) : std::nullopt;
  const auto bytes = size ? subspan_checked(bytes_, at, *size) : std::nullopt;
  if (!bytes) return damaged("a text or data is cut");
  if (!allowance_.take(bytes->size())) return nullptr;
  if ((marker >> 4U) == 0x4) return encode_base64(*bytes);
  return wide ? utf8_of_utf16(*bytes, true) : std::string(as_text(*bytes));
}

Json BinaryReader::read_array(std::uint8_t marker, std::uint64_t at, std::size_t depth) {
  const auto count = count_of(marker, at);
  Json out = Json::array();
  for (std::uint64_t i = 0; count && i < *count && !allowance_.spent(); ++i) {
    const auto index = reference(at + i * reference_size_);
    if (!index) return damaged("an array is cut");
    out.push_back(read_object(*index, depth + 1));
  }
  return count ? out : damaged("an array is cut");
}

Json BinaryReader::read_dictionary(std::uint8_t marker, std::uint64_t at, std::size_t depth) {
  const auto count = count_of(marker, at);
  const auto keys_size = count ? multiply_checked(*count, reference_size_) : std::nullopt;
  if (!keys_size || !subspan_checked(bytes_, at, *keys_size)) return damaged("a dictionary is cut");
  Json out = Json::object();
  for (std::uint64_t i = 0; i < *count && !allowance_.spent(); ++i) {
    const auto key = reference(at + i * reference_size_);
    const auto value = reference(at + *keys_size + i * reference_size_);
    if (!key || !value) return damaged("a dictionary is cut");
    Json name = read_object(*key, depth + 1);
    Json content = read_object(*value, depth + 1);
    if (name.is_string()) {
      put(out, name.get<std::string>(), std::move(content));
    } else if (!allowance_.spent()) {
      list_.gaps.add(where_, "a key is no text");
    }
  }
  return out;
}

// The count in the marker, or in the number behind it; `at` is then behind that.
std::optional<std::uint64_t> BinaryReader::count_of(std::uint8_t marker, std::uint64_t& at) const {
  if ((marker & 0x0fU) != 0x0f) return marker & 0x0fU;
  const auto kind = subspan_checked(bytes_, at, 1);
  if (!kind || ((*kind)[0] >> 4U) != 0x1 || ((*kind)[0] & 0x0fU) > 3) return std::nullopt;
  const auto number = subspan_checked(bytes_, at + 1, std::uint64_t{1} << ((*kind)[0] & 0x0fU));
  if (!number) return std::nullopt;
  at += 1 + number->size();
  return big_endian(*number);
}

std::optional<std::uint64_t> BinaryReader::reference(std::uint64_t at) const {
  const auto bytes = subspan_checked(bytes_, at, reference_size_);
  return bytes ? std::optional(big_endian(*bytes)) : std::nullopt;
}

// Values that are open while XML is read, from the outside in.
class XmlListReader {
 public:
  XmlListReader(ByteSpan bytes, const std::string& where) : xml_(bytes), where_(where) {}

  Result<PropertyList> read();

 private:
  struct Open {
    std::string element;
    Json value;
    std::string key;   // of a dictionary: the last that was read
    std::string text;  // of a scalar
  };
  void start(const XmlEvent& event);
  void end(const XmlEvent& event);
  void give(Json value);
  Json scalar(const Open& open);

  XmlText xml_;
  const std::string& where_;
  PropertyList list_;
  Allowance allowance_;
  std::vector<Open> open_;
  bool has_root_ = false;
};

Result<PropertyList> XmlListReader::read() {
  while (const auto event = xml_.next()) {
    if (event->kind == XmlEvent::Kind::kStart) start(*event);
    if (event->kind == XmlEvent::Kind::kEnd) end(*event);
    if (event->kind == XmlEvent::Kind::kText && !open_.empty()) open_.back().text += event->text;
    if (allowance_.spent()) break;
    if (open_.size() > kMaxPropertyListDepth) {
      list_.gaps.add(where_, "values are nested deeper than is read");
      break;
    }
  }
  for (const FormatGap& gap : xml_.gaps().list()) list_.gaps.add(where_ + " " + gap.where, gap.why);
  if (allowance_.spent()) list_.gaps.add(where_, "the property list is larger than is read");
  if (!open_.empty()) list_.gaps.add(where_, "the property list ends inside of a value");
  while (!open_.empty()) end({XmlEvent::Kind::kEnd, open_.back().element, {}, {}, 0});
  if (!has_root_) return fail(ErrorCode::kCorrupt, "a property list without a value", where_);
  return std::move(list_);
}

void XmlListReader::start(const XmlEvent& event) {
  if (event.name == "plist") return;
  Open open{event.name, nullptr, "", ""};
  if (event.name == "dict") open.value = Json::object();
  if (event.name == "array") open.value = Json::array();
  open_.push_back(std::move(open));
}

void XmlListReader::end(const XmlEvent& event) {
  if (open_.empty() || open_.back().element != event.name) return;
  Open done = std::move(open_.back());
  open_.pop_back();
  if (done.element == "key") {
    if (!open_.empty() && allowance_.take(done.text.size())) open_.back().key = done.text;
    return;
  }
  if (!allowance_.take(done.text.size())) return;
  give(done.value.is_null() ? scalar(done) : std::move(done.value));
}

void XmlListReader::give(Json value) {
  if (open_.empty()) {
    if (!has_root_) list_.root = std::move(value);
    has_root_ = true;
    return;
  }
  Open& outer = open_.back();
  if (outer.value.is_object()) {
    put(outer.value, std::move(outer.key), std::move(value));
    outer.key.clear();
  } else if (outer.value.is_array()) {
    outer.value.push_back(std::move(value));
  }
}

Json XmlListReader::scalar(const Open& open) {
  if (open.element == "true" || open.element == "false") return open.element == "true";
  if (open.element == "integer") {
    if (const auto number = parse_integer(trim(open.text)))
      return static_cast<std::int64_t>(*number);
    if (const auto real = parse_double(trim(open.text))) return *real;  // beyond 64 bits
  } else if (open.element == "real") {
    if (const auto number = parse_double(trim(open.text))) return *number;
  } else if (open.element == "data") {
    std::string text;
    for (const char c : open.text) {
      if (c != ' ' && c != '\n' && c != '\t' && c != '\r') text += c;
    }
    return text;
  } else if (open.element == "string" || open.element == "date" || open.element == "ustring") {
    return open.text;
  }
  list_.gaps.add(where_, "a value <" + printable(open.element, 40) + "> that cannot be read");
  return nullptr;
}

}  // namespace

bool looks_like_property_list(ByteSpan bytes) {
  const std::string_view text = as_text(bytes).substr(0, 1024);
  if (text.starts_with(kBinaryMark)) return true;
  const std::size_t first = text.find('<');
  return first != std::string_view::npos && text.find("<plist", first) != std::string_view::npos;
}

Result<PropertyList> parse_property_list(ByteSpan bytes, const std::string& where) {
  if (bytes.size() > kMaxPropertyListBytes)
    return fail(ErrorCode::kLimit, "the property list is larger than is read", where);
  if (as_text(bytes).starts_with(kBinaryMark)) return BinaryReader(bytes, where).read();
  if (looks_like_property_list(bytes)) return XmlListReader(bytes, where).read();
  const std::string_view text = trim(as_text(bytes).substr(0, 1024));
  if (text.starts_with('{') || text.starts_with('('))
    return fail(ErrorCode::kUnsupported, "a property list in the old text form", where);
  return fail(ErrorCode::kCorrupt, "no property list", where);
}

}  // namespace dl
