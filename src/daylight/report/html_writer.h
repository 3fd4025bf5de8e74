// SPDX-License-Identifier: Apache-2.0
// Writes HTML in which every text and attribute value is escaped, so that an app's strings can
// never become markup.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dl {

// `& < > " '` as character references; control characters, bidirectional overrides and bytes that
// are not UTF-8 as visible escapes (see printable()). Safe as element content and in a
// double-quoted attribute value.
std::string escape_html(std::string_view text);

// Builds a document as nested elements. Tag and attribute names are ours and written as they are;
// all content passes escape_html. Programmer errors (closing what is not open) are asserted. Not
// thread safe.
class HtmlWriter {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Closes its element when it goes out of scope.
  class [[nodiscard]] Scope {
   public:
    explicit Scope(HtmlWriter& writer) : writer_(&writer) {}
    Scope(Scope&& other) noexcept : writer_(std::exchange(other.writer_, nullptr)) {}
    Scope& operator=(Scope&&) = delete;
    ~Scope() {
      if (writer_ != nullptr) writer_->close();
    }

   private:
    HtmlWriter* writer_;
  };

  // Opens an element for the life of the returned object. An attribute with an empty value is
  // written without one
  // (`hidden`, `open`).
  Scope open(std::string_view tag, Attributes attributes = {});
  // An element without content or end tag: meta, br, col.
  HtmlWriter& empty(std::string_view tag, Attributes attributes = {});
  HtmlWriter& text(std::string_view content);
  // <tag ...>content</tag>
  HtmlWriter& element(std::string_view tag, std::string_view content, Attributes attributes = {});
  // Text of a stranger inside a sentence: isolated, so that its writing direction cannot reorder
  // its neighbours.
  HtmlWriter& foreign(std::string_view content);
  // Bytes that are safe already: the page's own script and style.
  HtmlWriter& raw(std::string_view bytes);

  // The document so far; every element must be closed.
  std::string take();

 private:
  void close();
  void begin(std::string_view tag, Attributes attributes);

  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace dl
