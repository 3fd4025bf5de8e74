// SPDX-License-Identifier: Apache-2.0
// Hostile text stays text.
#include "daylight/report/html_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dl {
namespace {

TEST(HtmlWriter, EscapesEveryCharacterThatCouldStartMarkup) {
  EXPECT_EQ(escape_html(R"(<a href="x" id='y'>&amp;</a>)"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
}

TEST(HtmlWriter, MakesControlsAndOverridesVisible) {
  EXPECT_EQ(escape_html("a\u202eb"), "a\\u{202e}b");
  EXPECT_THAT(escape_html(std::string("a\0b", 3)),
              testing::Not(testing::HasSubstr(std::string(1, '\0'))));
  EXPECT_THAT(escape_html("\xff\xfe"), testing::Not(testing::HasSubstr("\xff")));
}

TEST(HtmlWriter, LeavesOtherWritingAsItIs) { EXPECT_EQ(escape_html("שלום 日本 é"), "שלום 日本 é"); }

TEST(HtmlWriter, NestsAndClosesByScope) {
  HtmlWriter page;
  {
    const auto outer = page.open("div", {{"class", "a\"b"}});
    page.element("b", "1 < 2").empty("br");
    const auto inner = page.open("details", {{"open", ""}});
    page.foreign("x");
  }
  EXPECT_EQ(
      page.take(),
      "<div class=\"a&quot;b\"><b>1 &lt; 2</b><br><details open><bdi>x</bdi></details>\n</div>\n");
}

TEST(HtmlWriter, ScopeMovesOnce) {
  HtmlWriter page;
  {
    auto first = page.open("p");
    const auto second = std::move(first);
  }
  EXPECT_EQ(page.take(), "<p></p>\n");
}

}  // namespace
}  // namespace dl
