// SPDX-License-Identifier: Apache-2.0
// The text format of Protocol Buffers, as its language specification describes it.
#include "daylight/format/encoding/protobuf_text.h"

#include <algorithm>
#include <charconv>

#include "daylight/base/text.h"

namespace dl {
namespace {

// What a text may begin with before its first field.
constexpr std::size_t kMaxLeadingComment = 64U << 10U;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_bare(char c) { return is_word(c) || c == '.' || c == '-' || c == '+' || c == '/'; }

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else {
      break;
    }
  }
  return at;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  ProtoText parse() {
    ProtoText out;
    out.root.is_message = true;
    while (true) {
      at_ = skip_blanks(text_, at_);
      out.size = std::min(at_, text_.size());  // a text that is not ended is read beyond it
      if (at_ >= text_.size()) break;
      ProtoTextField field;
      const bool whole = parse_field(field, 0, out.root.fields);
      if (!whole) {
        // What a field that is cut holds so far is kept.
        if (field.is_message) out.root.fields.push_back(std::move(field));
        out.why = why_.empty() ? "no field of a message" : why_;
        break;
      }
    }
    return out;
  }

 private:
  bool fail(const char* why) {
    if (why_.empty()) why_ = why;
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    at_ = skip_blanks(text_, at_);
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  // Reads one field (or several, for a list of values) into `into`; `field` keeps what was read of
  // one that is cut off.
  bool parse_field(ProtoTextField& field, int depth, std::vector<ProtoTextField>& into) {
    if (++count_ > kMaxProtoTextFields) return fail("too many fields");
    if (!parse_name(field.name)) return fail("no field of a message");
    const bool colon = take(':');
    at_ = skip_blanks(text_, at_);
    if (peek() == '{' || peek() == '<') {
      if (!parse_message(field, depth)) return false;
      into.push_back(std::move(field));
    } else if (!colon) {
      return fail("a name without a value");
    } else if (peek() == '[') {
      if (!parse_list(field.name, depth, into)) return false;
    } else {
      if (!parse_value(field)) return false;
      into.push_back(std::move(field));
    }
    if (!take(',')) take(';');
    return true;
  }

  bool parse_name(std::string& name) {
    at_ = skip_blanks(text_, at_);
    const std::size_t begin = at_;
    if (peek() == '[') {  // an extension or a type's address
      const std::size_t end = text_.find(']', at_);
      if (end == std::string_view::npos || end - begin > 500) return false;
      for (std::size_t i = begin + 1; i < end; ++i)
        if (!is_bare(text_[i])) return false;
      at_ = end + 1;
    } else {
      while (is_word(peek())) ++at_;
      if (at_ == begin || (text_[begin] >= '0' && text_[begin] <= '9')) return false;
    }
    name = text_.substr(begin, at_ - begin);
    return true;
  }

  bool parse_message(ProtoTextField& field, int depth) {
    if (depth >= kMaxProtoTextDepth) return fail("nested too deeply");
    const char end = text_[at_++] == '{' ? '}' : '>';
    field.is_message = true;
    while (!take(end)) {
      if (at_ >= text_.size()) return fail("it ends inside of a message");
      ProtoTextField inner;
      if (!parse_field(inner, depth + 1, field.fields)) {
        if (inner.is_message) field.fields.push_back(std::move(inner));
        return false;
      }
    }
    return true;
  }

  bool parse_list(const std::string& name, int depth, std::vector<ProtoTextField>& into) {
    ++at_;
    while (!take(']')) {
      if (++count_ > kMaxProtoTextFields) return fail("too many fields");
      ProtoTextField element;
      element.name = name;
      at_ = skip_blanks(text_, at_);
      const bool message = peek() == '{' || peek() == '<';
      if (!(message ? parse_message(element, depth) : parse_value(element))) return false;
      into.push_back(std::move(element));
      take(',');
    }
    return true;
  }

  bool parse_value(ProtoTextField& field) {
    at_ = skip_blanks(text_, at_);
    if (peek() == '"' || peek() == '\'') {
      field.quoted = true;
      while (peek() == '"' || peek() == '\'') {
        if (!parse_quoted(field.value)) return fail("a text without an end");
        at_ = skip_blanks(text_, at_);
      }
      return true;
    }
    const std::size_t begin = at_;
    while (is_bare(peek())) ++at_;
    if (at_ == begin || at_ - begin > kMaxProtoTextValue) return fail("a field without a value");
    field.value = text_.substr(begin, at_ - begin);
    return true;
  }

  bool parse_quoted(std::string& value) {
    const char quote = text_[at_++];
    while (at_ < text_.size() && value.size() <= kMaxProtoTextValue) {
      const char c = text_[at_++];
      if (c == quote) return true;
      if (c == '\n') return false;
      if (c != '\\') {
        value += c;
      } else if (!parse_escape(value)) {
        return false;
      }
    }
    return false;
  }

  bool parse_escape(std::string& value) {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    constexpr std::string_view kNames = "abfnrtv";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v";
    if (const std::size_t known = kNames.find(c); known != std::string_view::npos) {
      value += kMeanings[known];
      return true;
    }
    const bool hex = c == 'x' || c == 'X';
    if (!hex && (c < '0' || c > '7')) {
      value += c;
      return true;
    }
    const std::size_t begin = hex ? at_ : at_ - 1;
    unsigned number = 0;
    const char* first = text_.data() + begin;
    const char* last = text_.data() + std::min(begin + (hex ? 2 : 3), text_.size());
    const auto read = std::from_chars(first, last, number, hex ? 16 : 8);
    if (read.ptr == first) return false;
    value += static_cast<char>(number);
    at_ = static_cast<std::size_t>(read.ptr - text_.data());
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::string why_;
};

}  // namespace

const ProtoTextField* ProtoTextField::find(std::string_view field) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const ProtoTextField& inner) { return inner.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

std::string ProtoTextField::text(std::string_view field) const {
  const ProtoTextField* found = find(field);
  return found == nullptr ? "" : found->value;
}

std::vector<std::string> ProtoTextField::texts(std::string_view field) const {
  std::vector<std::string> all;
  for (const ProtoTextField& inner : fields)
    if (inner.name == field) all.push_back(inner.value);
  return all;
}

ProtoText read_proto_text(std::string_view text) { return Parser(text).parse(); }

bool begins_with_proto_field(ByteSpan bytes, std::initializer_list<std::string_view> names) {
  const std::string_view text = as_text(bytes).substr(0, kMaxLeadingComment);
  std::size_t at = skip_blanks(text, 0);
  const std::size_t begin = at;
  while (at < text.size() && is_word(text[at])) ++at;
  const std::string_view name = text.substr(begin, at - begin);
  if (std::find(names.begin(), names.end(), name) == names.end()) return false;
  at = skip_blanks(text, at);
  return at < text.size() && (text[at] == ':' || text[at] == '{' || text[at] == '<');
}

std::optional<double> proto_text_number(std::string_view value) {
  if (value == "true") return 1;
  if (value == "false") return 0;
  if (value.starts_with("0x") || value.starts_with("0X")) {
    std::uint64_t number = 0;
    const char* end = value.data() + value.size();
    const auto read = std::from_chars(value.data() + 2, end, number, 16);
    return read.ptr == end ? std::optional(static_cast<double>(number)) : std::nullopt;
  }
  if (value.ends_with('f') || value.ends_with('F')) value.remove_suffix(1);
  return parse_double(value);
}

}  // namespace dl
