// SPDX-License-Identifier: Apache-2.0
// Puts the document together around the embedded script and style.
#include "daylight/report/page_shell.h"

#include <array>
#include <span>

#include "daylight/base/digest.h"
#include "daylight/base/embedded.h"
#include "daylight/report/html_writer.h"

namespace dl {

namespace embedded {
std::span<const File> report_page_files();
}  // namespace embedded

namespace {

std::string base64(const std::string& bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t triple = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 16;
    if (left > 1)
      triple |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8;
    if (left > 2) triple |= static_cast<unsigned char>(bytes[i + 2]);
    out += kDigits[(triple >> 18) & 63U];
    out += kDigits[(triple >> 12) & 63U];
    out += left > 1 ? kDigits[(triple >> 6) & 63U] : '=';
    out += left > 2 ? kDigits[triple & 63U] : '=';
  }
  return out;
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return bytes;
}

Result<std::string_view> embedded_file(std::string_view name) {
  for (const embedded::File& file : embedded::report_page_files()) {
    if (file.name == name) return file.bytes;
  }
  return fail(ErrorCode::kCorrupt, "the program was built without this part of the report page",
              std::string(name));
}

// Text that would end a raw-text element early, or start a comment in it.
bool breaks_out(std::string_view text) {
  return text.find("</script") != std::string_view::npos ||
         text.find("</style") != std::string_view::npos ||
         text.find("<!--") != std::string_view::npos;
}

std::string policy(std::string_view script, std::string_view style) {
  return "default-src 'none'; script-src '" + policy_digest(script) + "'; style-src '" +
         policy_digest(style) +
         "'; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for "
         "'script'; "
         "trusted-types 'none'";
}

void write_contents(HtmlWriter& page, const PageShell& shell) {
  const auto nav = page.open("nav", {{"class", "contents"}, {"aria-label", "Contents"}});
  const auto list = page.open("ol");
  for (const auto& [anchor, title] : shell.contents) {
    const auto item = page.open("li");
    page.element("a", title, {{"href", "#" + anchor}});
  }
}

void write_notices(HtmlWriter& page, std::string_view notices) {
  const auto footer = page.open("footer");
  page.element("p", "Made by Daylight. This page is one file; it loads nothing and sends nothing.");
  const auto fold = page.open("details");
  page.element("summary", "Licences of the libraries in this page");
  const auto block = page.open("pre", {{"tabindex", "0"}});
  while (!notices.empty()) {
    const auto end = notices.find('\n');
    page.text(notices.substr(0, end)).raw("\n");
    notices = end == std::string_view::npos ? std::string_view() : notices.substr(end + 1);
  }
}

}  // namespace

std::string policy_digest(std::string_view content) {
  return "sha256-" + base64(from_hex(sha256_hex(content)));
}

Result<std::string> assemble_page(const PageShell& shell) {
  const std::string_view script = TRY(embedded_file("report.js"));
  const std::string_view style = TRY(embedded_file("report.css"));
  const std::string_view notices = TRY(embedded_file("notices.txt"));
  if (breaks_out(script) || breaks_out(style)) {
    return fail(ErrorCode::kCorrupt, "the embedded script or style would end its own element");
  }
  HtmlWriter page;
  page.raw("<!doctype html>\n");
  {
    const auto html = page.open("html", {{"lang", "en"}});
    {
      const auto head = page.open("head");
      page.empty("meta", {{"charset", "utf-8"}});
      page.empty("meta",
                 {{"http-equiv", "Content-Security-Policy"}, {"content", policy(script, style)}});
      page.empty("meta",
                 {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
      page.empty("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
      page.empty("meta", {{"name", "referrer"}, {"content", "no-referrer"}});
      page.element("title", shell.title);
      page.raw("<style>").raw(style).raw("</style>\n");
    }
    const auto body = page.open("body");
    page.element("a", "Skip to the findings", {{"class", "skip"}, {"href", "#main"}});
    {
      const auto layout = page.open("div", {{"class", "layout"}});
      write_contents(page, shell);
      {
        const auto main = page.open("main", {{"id", "main"}});
        page.raw(shell.content);
      }
      write_notices(page, notices);
    }
    page.raw("<script type=\"application/json\" id=\"daylight-data\">")
        .raw(shell.data)
        .raw("</script>\n");
    page.raw("<script>").raw(script).raw("</script>\n");
  }
  return page.take();
}

}  // namespace dl
