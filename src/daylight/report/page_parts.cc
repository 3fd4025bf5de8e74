// SPDX-License-Identifier: Apache-2.0
// Shared pieces of the report page.
#include "daylight/report/page_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/report/phrases.h"

namespace dl {
namespace {

void write_one_evidence(HtmlWriter& page, const Evidence& item) {
  const auto row = page.open("li");
  write_badge(page, "kind", item.kind);
  page.text(" ").element("span", place(item.file, item.entry), {{"class", "place"}});
  if (item.offset) page.text(fmt::format(" at 0x{:x}", *item.offset));
  if (!item.method.empty()) {
    const auto line = page.open("div");
    page.element("code", item.method);
  }
  if (!item.excerpt.empty()) {
    const auto line = page.open("div", {{"class", "excerpt"}});
    page.element("code", printable(item.excerpt, 400));
  }
  if (!item.rule.empty()) page.element("div", "rule " + item.rule, {{"class", "quiet"}});
}

std::string scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  if (value.is_null()) return "\u2013";
  return dump_json_line(value);
}

bool is_flat(const Json& value) {
  return value.is_array() && std::none_of(value.begin(), value.end(),
                                          [](const Json& item) { return item.is_structured(); });
}

void write_json_at(HtmlWriter& page, const Json& value, int depth) {
  if (is_flat(value)) {
    std::vector<std::string> parts;
    for (const Json& item : value) {
      if (parts.size() == kMaxJsonItemsShown) {
        parts.push_back(fmt::format("\u2026 {} in all", value.size()));
        break;
      }
      parts.push_back(scalar_text(item));
    }
    page.foreign(parts.empty() ? "none" : join(parts, ", "));
    return;
  }
  if (!value.is_structured()) {
    page.foreign(scalar_text(value));
    return;
  }
  if (depth == kMaxJsonDepthShown) {
    page.element("code", printable(dump_json_line(value), 400));
    return;
  }
  const auto list = page.open("dl", {{"class", "facts nested"}});
  std::size_t shown = 0;
  for (const auto& [key, item] : value.items()) {
    if (shown++ == kMaxJsonItemsShown) {
      write_fact(page, "\u2026", fmt::format("{} in all", value.size()));
      break;
    }
    const auto row = page.open("div");
    page.element("dt", value.is_array() ? std::to_string(shown) : task_name(key));
    const auto definition = page.open("dd");
    write_json_at(page, item, depth + 1);
  }
}

}  // namespace

HtmlWriter::Scope open_section(HtmlWriter& page, std::string_view id, std::string_view title) {
  const std::string heading = std::string(id) + "-heading";
  auto section = page.open("section", {{"id", id}, {"aria-labelledby", heading}});
  page.element("h2", title, {{"id", heading}});
  return section;
}

HtmlWriter::Scope open_table_frame(HtmlWriter& page, std::string_view label, bool tall) {
  return page.open("div", {{"class", tall ? "frame tall" : "frame"},
                           {"role", "region"},
                           {"tabindex", "0"},
                           {"aria-label", label}});
}

void write_table_head(HtmlWriter& page, const std::vector<std::string>& titles) {
  const auto head = page.open("thead");
  const auto row = page.open("tr");
  for (const std::string& title : titles) {
    if (title.starts_with('#')) {
      page.element("th", title.substr(1), {{"scope", "col"}, {"class", "n"}});
    } else {
      page.element("th", title, {{"scope", "col"}});
    }
  }
}

void write_cell(HtmlWriter& page, std::string_view text) {
  const auto cell = page.open("td");
  page.foreign(text);
}

void write_code_cell(HtmlWriter& page, std::string_view text) {
  const auto cell = page.open("td");
  if (!text.empty()) page.element("code", text);
}

void write_number_cell(HtmlWriter& page, std::string_view text, const std::optional<double>& sort) {
  if (sort) {
    page.element("td", text, {{"class", "n"}, {"data-v", format_double(*sort)}});
  } else {
    page.element("td", text, {{"class", "n"}});
  }
}

void write_fact(HtmlWriter& page, std::string_view term, std::string_view value) {
  const auto row = page.open("div");
  page.element("dt", term);
  const auto definition = page.open("dd");
  page.foreign(value);
}

void write_code_fact(HtmlWriter& page, std::string_view term, std::string_view value) {
  const auto row = page.open("div");
  page.element("dt", term);
  const auto definition = page.open("dd");
  page.element("code", value);
}

void write_badge(HtmlWriter& page, std::string_view kind, std::string_view text) {
  page.element("span", text, {{"class", "badge " + std::string(kind)}});
}

void write_evidence(HtmlWriter& page, const std::vector<Evidence>& evidence) {
  if (evidence.empty()) {
    page.element("p", "No evidence is recorded for this.", {{"class", "quiet"}});
    return;
  }
  const auto fold = page.open("details", {{"class", "evidence"}});
  page.element("summary", fmt::format("Evidence ({})", evidence.size()));
  const auto list = page.open("ul");
  const std::size_t shown = std::min(evidence.size(), kMaxEvidenceShown);
  for (std::size_t i = 0; i < shown; ++i) write_one_evidence(page, evidence[i]);
  if (shown < evidence.size()) {
    page.element("li", fmt::format("{} more in the artifact.", evidence.size() - shown));
  }
}

void write_gaps(HtmlWriter& page, const std::vector<Gap>& gaps) {
  const auto list = page.open("ul", {{"class", "gaps"}});
  const std::size_t shown = std::min(gaps.size(), kMaxRowsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto item = page.open("li");
    page.element("code", gaps[i].where).text(" ");
    page.foreign(gaps[i].why);
  }
  if (shown < gaps.size())
    page.element("li", fmt::format("{} more in the artifact.", gaps.size() - shown));
}

void write_json(HtmlWriter& page, const Json& value) { write_json_at(page, value, 0); }

void write_missing(HtmlWriter& page, std::string_view what, std::string_view command) {
  const auto note = page.open("p", {{"class", "missing"}});
  page.text(what)
      .text(" is not part of this report. To add it: ")
      .element("code", command)
      .text(".");
}

}  // namespace dl
