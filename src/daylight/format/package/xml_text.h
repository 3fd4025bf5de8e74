// SPDX-License-Identifier: Apache-2.0
// XML as text, read leniently: elements, attributes and character data, one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/format/format_gap.h"
#include "daylight/format/package/axml.h"

namespace dl {

inline constexpr std::size_t kMaxXmlTextBytes = 64U << 20U;
inline constexpr std::size_t kMaxXmlNameSize = 4'096;
inline constexpr std::size_t kMaxXmlPrefixes = 256;       // namespaces that are open at once
inline constexpr std::size_t kMaxXmlAttributes = 10'000;  // of one element

struct XmlTextAttribute {
  std::string name;  // with its prefix
  std::string value;
};

struct XmlEvent {
  enum class Kind { kStart, kEnd, kText };
  Kind kind = Kind::kText;
  std::string name;  // with its prefix; of a start and an end
  std::vector<XmlTextAttribute> attributes = {};
  std::string text = {};  // of a text; entities are replaced
  std::uint32_t line = 0;
};

// Comments, processing instructions and document types are skipped; entities other than the five
// and numbers stay as they are written; an element that is empty has a start and an end. Ends at
// the end of the bytes or where no tag can be read (a gap). UTF-8, or UTF-16 with its mark. Not
// thread safe; the bytes outlive it.
class XmlText {
 public:
  explicit XmlText(ByteSpan bytes);
  XmlText(const XmlText&) = delete;
  XmlText& operator=(const XmlText&) = delete;

  std::optional<XmlEvent> next();
  const GapList& gaps() const { return gaps_; }

 private:
  std::optional<XmlEvent> tag();
  std::optional<XmlEvent> start_tag();
  std::optional<XmlEvent> character_data();
  bool skip_to(std::string_view end);
  bool skip_document_type();
  void skip_space();
  std::string name();
  bool attribute(XmlEvent& event);
  std::optional<XmlEvent> stop(const char* why);
  void advance(std::size_t count);

  std::string converted_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::optional<std::string> open_end_;  // of an empty element
  GapList gaps_;
};

// UTF-16 as UTF-8; what is no character becomes U+FFFD.
std::string utf8_of_utf16(ByteSpan bytes, bool big_endian);

// XML as text in the form that binary XML has: namespaces by their URI, every value a string.
// Fails with kCorrupt where there is no element.
Result<AxmlDocument> parse_xml_text(ByteSpan bytes, const std::string& where);

// Whether the bytes begin like XML as text.
bool looks_like_xml_text(ByteSpan bytes);

}  // namespace dl
