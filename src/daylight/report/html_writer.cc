// SPDX-License-Identifier: Apache-2.0
// Escaping and nesting of the report's HTML.
#include "daylight/report/html_writer.h"

#include <array>
#include <cassert>
#include <limits>

#include "daylight/base/text.h"

namespace dl {
namespace {

// Elements after which a line break changes nothing, for a source that a person can read.
bool is_block(std::string_view tag) {
  static constexpr std::array<std::string_view, 22> kBlocks = {
      "html", "head",    "body",   "main",    "header",  "footer", "nav", "section",
      "div",  "table",   "thead",  "tr",      "tbody",   "ul",     "ol",  "li",
      "dl",   "details", "figure", "article", "caption", "p"};
  for (const std::string_view block : kBlocks) {
    if (tag == block) return true;
  }
  return false;
}

}  // namespace

std::string escape_html(std::string_view text) {
  const std::string visible = printable(text, std::numeric_limits<std::size_t>::max());
  std::string out;
  out.reserve(visible.size());
  for (const char c : visible) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

HtmlWriter::Scope HtmlWriter::open(std::string_view tag, Attributes attributes) {
  begin(tag, attributes);
  open_.emplace_back(tag);
  return Scope(*this);
}

HtmlWriter& HtmlWriter::empty(std::string_view tag, Attributes attributes) {
  begin(tag, attributes);
  return *this;
}

HtmlWriter& HtmlWriter::text(std::string_view content) {
  out_ += escape_html(content);
  return *this;
}

HtmlWriter& HtmlWriter::element(std::string_view tag, std::string_view content,
                                Attributes attributes) {
  const auto scope = open(tag, attributes);
  return text(content);
}

HtmlWriter& HtmlWriter::foreign(std::string_view content) { return element("bdi", content); }

HtmlWriter& HtmlWriter::raw(std::string_view bytes) {
  out_ += bytes;
  return *this;
}

std::string HtmlWriter::take() {
  assert(open_.empty());
  return std::exchange(out_, {});
}

void HtmlWriter::close() {
  assert(!open_.empty());
  out_ += "</" + open_.back() + ">";
  if (is_block(open_.back())) out_ += '\n';
  open_.pop_back();
}

void HtmlWriter::begin(std::string_view tag, Attributes attributes) {
  out_ += '<';
  out_ += tag;
  for (const auto& [name, value] : attributes) {
    out_ += ' ';
    out_ += name;
    if (!value.empty()) out_ += "=\"" + escape_html(value) + "\"";
  }
  out_ += '>';
}

}  // namespace dl
