// SPDX-License-Identifier: Apache-2.0
// Takes XML apart without a document type, and leniently.
#include "daylight/format/package/xml_text.h"

#include <algorithm>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/format/unicode.h"

namespace dl {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

bool ends_name(char c) {
  return kSpace.find(c) != std::string_view::npos || c == '>' || c == '/' || c == '=' || c == '<' ||
         c == '"' || c == '\'';
}

// What is no character becomes U+FFFD.
void append_character(std::uint32_t point, std::string& out) {
  append_utf8(is_surrogate(point) || point == 0 ? kReplacementCharacter : point, out);
}

// The number of "#65" or "#x41"; nothing where it is none.
std::optional<std::uint32_t> character_number(std::string_view text) {
  const bool hexadecimal = text.starts_with("#x") || text.starts_with("#X");
  text.remove_prefix(hexadecimal ? 2 : 1);
  if (text.empty() || text.size() > 8) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : to_lower(text)) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos || (!hexadecimal && digit > 9)) return std::nullopt;
    value = value * (hexadecimal ? 16U : 10U) + static_cast<std::uint32_t>(digit);
    if (value > 0x10ffffU) return 0xfffdU;
  }
  return value;
}

// With entities replaced.
std::string decoded(std::string_view text) {
  std::string out;
  constexpr std::size_t kLongestEntity = 12;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t end =
        text[i] == '&' ? text.substr(i, kLongestEntity).find(';') : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    const std::string_view entity = text.substr(i + 1, end - 1);
    const auto number = entity.starts_with('#') ? character_number(entity) : std::nullopt;
    if (number) {
      append_character(*number, out);
    } else if (entity == "lt" || entity == "gt" || entity == "amp" || entity == "quot" ||
               entity == "apos") {
      out += entity == "lt"     ? '<'
             : entity == "gt"   ? '>'
             : entity == "amp"  ? '&'
             : entity == "quot" ? '"'
                                : '\'';
    } else {
      out += text[i];
      continue;
    }
    i += end;
  }
  return out;
}

// Elements and namespaces that are open while a document is built.
class DocumentBuilder {
 public:
  explicit DocumentBuilder(const std::string& where) : where_(where) {}

  bool add(const XmlEvent& event);  // false ends the document
  Result<AxmlDocument> finish(const GapList& gaps);

 private:
  bool start(const XmlEvent& event);
  std::string uri_of(std::string_view prefix) const;
  void gap(std::string why) { document_.gaps.add(where_, std::move(why)); }

  struct Prefix {
    std::string prefix;
    std::string uri;
    std::size_t depth = 0;
  };
  const std::string& where_;
  AxmlDocument document_;
  std::vector<std::int32_t> open_;
  std::vector<std::string> open_names_;
  std::vector<Prefix> prefixes_;
  std::size_t attributes_ = 0;
};

// "android:name" → {"android", "name"}.
std::pair<std::string_view, std::string_view> parts_of(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return {"", name};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::string DocumentBuilder::uri_of(std::string_view prefix) const {
  for (auto it = prefixes_.rbegin(); it != prefixes_.rend(); ++it) {
    if (it->prefix == prefix) return it->uri;
  }
  return std::string(prefix);
}

bool DocumentBuilder::add(const XmlEvent& event) {
  if (event.kind == XmlEvent::Kind::kStart) return start(event);
  if (event.kind == XmlEvent::Kind::kText) {
    if (open_.empty()) return true;
    document_.elements[static_cast<std::size_t>(open_.back())].text += event.text;
    return true;
  }
  // An end closes what it names, and what was left open inside.
  const auto found = std::find(open_names_.rbegin(), open_names_.rend(), event.name);
  if (found == open_names_.rend()) {
    gap("</" + event.name + "> ends what did not begin");
    return true;
  }
  if (found != open_names_.rbegin()) gap("</" + event.name + "> ends others that are open");
  const auto depth = static_cast<std::size_t>(open_names_.rend() - found) - 1;
  open_names_.resize(depth);
  open_.resize(depth);
  while (!prefixes_.empty() && prefixes_.back().depth >= depth) prefixes_.pop_back();
  return true;
}

bool DocumentBuilder::start(const XmlEvent& event) {
  if (document_.elements.size() >= kMaxAxmlElements || open_.size() >= kMaxAxmlDepth) {
    gap("more elements, or deeper ones, than are read");
    return false;
  }
  for (const XmlTextAttribute& each : event.attributes) {
    const bool declares = each.name == "xmlns" || each.name.starts_with("xmlns:");
    if (declares && prefixes_.size() < kMaxXmlPrefixes)
      prefixes_.push_back(
          {each.name == "xmlns" ? "" : each.name.substr(6), each.value, open_.size()});
  }
  AxmlElement element;
  const auto [prefix, name] = parts_of(event.name);
  element.name = std::string(name);
  element.namespace_uri = uri_of(prefix);
  element.parent = open_.empty() ? -1 : open_.back();
  element.depth = static_cast<std::uint32_t>(open_.size());
  element.line = event.line;
  for (const XmlTextAttribute& each : event.attributes) {
    if (each.name == "xmlns" || each.name.starts_with("xmlns:")) continue;
    if (++attributes_ > kMaxAxmlAttributes) {
      gap("more attributes than are read");
      return false;
    }
    const auto [space, local] = parts_of(each.name);
    AxmlAttribute attribute;
    attribute.name = std::string(local);
    if (!space.empty()) attribute.namespace_uri = uri_of(space);
    attribute.value.type = ResType::kString;
    attribute.text = each.value;
    element.attributes.push_back(std::move(attribute));
  }
  open_.push_back(static_cast<std::int32_t>(document_.elements.size()));
  open_names_.push_back(event.name);
  document_.elements.push_back(std::move(element));
  return true;
}

Result<AxmlDocument> DocumentBuilder::finish(const GapList& gaps) {
  for (const FormatGap& each : gaps.list()) document_.gaps.add(where_ + " " + each.where, each.why);
  if (document_.elements.empty()) return fail(ErrorCode::kCorrupt, "XML without elements", where_);
  if (!open_.empty()) gap("the document ends inside " + std::to_string(open_.size()) + " elements");
  return std::move(document_);
}

}  // namespace

std::string utf8_of_utf16(ByteSpan bytes, bool big_endian) {
  std::string out;
  const auto unit = [&](std::size_t i) {
    const std::uint32_t first = bytes[2 * i];
    const std::uint32_t second = bytes[2 * i + 1];
    return big_endian ? (first << 8U) | second : (second << 8U) | first;
  };
  const std::size_t count = bytes.size() / 2;
  for (std::size_t i = 0; i < count;) append_character(next_utf16(unit, count, i), out);
  return out;
}

XmlText::XmlText(ByteSpan bytes) {
  if (bytes.size() > kMaxXmlTextBytes) {
    gaps_.add("", "the text is longer than is read");
    bytes = bytes.first(kMaxXmlTextBytes);
  }
  text_ = as_text(bytes);
  if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff")) {
    converted_ = utf8_of_utf16(bytes.subspan(2), text_.front() == '\xfe');
    text_ = converted_;
  } else if (text_.starts_with("\xef\xbb\xbf")) {
    text_.remove_prefix(3);
  }
}

std::optional<XmlEvent> XmlText::next() {
  if (open_end_) {
    XmlEvent event{XmlEvent::Kind::kEnd, std::move(*open_end_), {}, {}, line_};
    open_end_.reset();
    return event;
  }
  while (at_ < text_.size()) {
    if (text_[at_] != '<') return character_data();
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("<![CDATA[")) {
      const std::size_t from = at_ + 9;
      const std::size_t end = text_.find("]]>", from);
      XmlEvent event{
          XmlEvent::Kind::kText, "", {}, std::string(text_.substr(from, end - from)), line_};
      advance(end == std::string_view::npos ? text_.size() - at_ : end + 3 - at_);
      return event;
    }
    if (rest.starts_with("<!--")) {
      if (!skip_to("-->")) return stop("a comment does not end");
    } else if (rest.starts_with("<?")) {
      if (!skip_to("?>")) return stop("an instruction does not end");
    } else if (rest.starts_with("<!")) {
      if (!skip_document_type()) return stop("the document type does not end");
    } else {
      return tag();
    }
  }
  return std::nullopt;
}

std::optional<XmlEvent> XmlText::character_data() {
  const std::size_t end = std::min(text_.find('<', at_), text_.size());
  XmlEvent event{XmlEvent::Kind::kText, "", {}, decoded(text_.substr(at_, end - at_)), line_};
  advance(end - at_);
  return event;
}

std::optional<XmlEvent> XmlText::tag() {
  if (!text_.substr(at_).starts_with("</")) return start_tag();
  advance(2);
  XmlEvent event{XmlEvent::Kind::kEnd, name(), {}, {}, line_};
  if (event.name.empty() || !skip_to(">")) return stop("the end of an element is damaged");
  return event;
}

std::optional<XmlEvent> XmlText::start_tag() {
  advance(1);
  XmlEvent event{XmlEvent::Kind::kStart, name(), {}, {}, line_};
  if (event.name.empty()) return stop("a tag has no name");
  for (skip_space(); at_ < text_.size(); skip_space()) {
    if (text_[at_] == '>') {
      advance(1);
      return event;
    }
    if (text_[at_] == '/') {
      advance(1);
      if (at_ < text_.size() && text_[at_] == '>') open_end_ = event.name;
      continue;
    }
    if (event.attributes.size() >= kMaxXmlAttributes || !attribute(event))
      return stop("an attribute is damaged");
  }
  return stop("a tag does not end");
}

bool XmlText::attribute(XmlEvent& event) {
  std::string key = name();
  if (key.empty()) return false;
  skip_space();
  if (at_ >= text_.size() || text_[at_] != '=') return false;
  advance(1);
  skip_space();
  if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
  const std::size_t end = text_.find(text_[at_], at_ + 1);
  if (end == std::string_view::npos) return false;
  event.attributes.push_back({std::move(key), decoded(text_.substr(at_ + 1, end - at_ - 1))});
  advance(end + 1 - at_);
  return true;
}

std::string XmlText::name() {
  std::size_t end = at_;
  while (end < text_.size() && !ends_name(text_[end]) && end - at_ < kMaxXmlNameSize) ++end;
  std::string out(text_.substr(at_, end - at_));
  at_ = end;
  return out;
}

bool XmlText::skip_to(std::string_view end) {
  const std::size_t found = text_.find(end, at_);
  if (found == std::string_view::npos) return false;
  advance(found + end.size() - at_);
  return true;
}

// A document type may hold declarations in brackets.
bool XmlText::skip_document_type() {
  const std::size_t close = text_.find('>', at_);
  const std::size_t bracket = text_.substr(0, close).find('[', at_);
  if (bracket != std::string_view::npos && !skip_to("]")) return false;
  return skip_to(">");
}

void XmlText::skip_space() {
  while (at_ < text_.size() && kSpace.find(text_[at_]) != std::string_view::npos) advance(1);
}

void XmlText::advance(std::size_t count) {
  const std::string_view passed = text_.substr(at_, count);
  line_ += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
  at_ += passed.size();
}

std::optional<XmlEvent> XmlText::stop(const char* why) {
  gaps_.add("line " + std::to_string(line_), std::string(why) + ": the rest is not read");
  at_ = text_.size();
  open_end_.reset();
  return std::nullopt;
}

bool looks_like_xml_text(ByteSpan bytes) {
  std::string_view text = as_text(bytes).substr(0, 256);
  if (text.starts_with("\xff\xfe<") || text.starts_with("\xfe\xff")) return true;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  text = trim(text);
  return text.size() > 1 && text[0] == '<' &&
         (text[1] == '?' || text[1] == '!' || (text[1] | 0x20) >= 'a');
}

Result<AxmlDocument> parse_xml_text(ByteSpan bytes, const std::string& where) {
  XmlText xml(bytes);
  DocumentBuilder builder(where);
  while (const auto event = xml.next()) {
    if (!builder.add(*event)) break;
  }
  return builder.finish(xml.gaps());
}

}  // namespace dl
