// SPDX-License-Identifier: Apache-2.0
// Pieces that several sections of the page share: tables, evidence, gaps, free-form JSON, notes on
// what is missing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/base/json.h"
#include "daylight/report/html_writer.h"

namespace dl {

// No page lists more than these of one thing; the rest is counted and the artifact that has it is
// named.
inline constexpr std::size_t kMaxEvidenceShown = 20;
inline constexpr std::size_t kMaxRowsShown = 2000;
inline constexpr int kMaxJsonDepthShown = 4;
inline constexpr std::size_t kMaxJsonItemsShown = 60;

// A section with its heading; `id` is its anchor in the table of contents.
HtmlWriter::Scope open_section(HtmlWriter& page, std::string_view id, std::string_view title);

// A scrollable frame that holds one table; keyboard users can reach and scroll it. Put a <table>
// inside. A tall one scrolls down too, under a head that stays.
HtmlWriter::Scope open_table_frame(HtmlWriter& page, std::string_view label, bool tall = false);

// <thead> with one row. A title that starts with '#' heads a column of numbers.
void write_table_head(HtmlWriter& page, const std::vector<std::string>& titles);
void write_cell(HtmlWriter& page, std::string_view text);
// A cell of a stranger's text in a fixed-width face.
void write_code_cell(HtmlWriter& page, std::string_view text);
// Right-aligned; `sort` is what the column sorts by (absent values sort last).
void write_number_cell(HtmlWriter& page, std::string_view text, const std::optional<double>& sort);

// Two-column list of facts.
void write_fact(HtmlWriter& page, std::string_view term, std::string_view value);
void write_code_fact(HtmlWriter& page, std::string_view term, std::string_view value);

// A small label: kind becomes its class ("proof-static"), text is what it says.
void write_badge(HtmlWriter& page, std::string_view kind, std::string_view text);

// A fold-out list of where each claim was seen; writes "No evidence recorded" for an empty list.
void write_evidence(HtmlWriter& page, const std::vector<Evidence>& evidence);
void write_gaps(HtmlWriter& page, const std::vector<Gap>& gaps);

// Any JSON as nested facts, cut at kMaxJsonDepthShown and kMaxJsonItemsShown.
void write_json(HtmlWriter& page, const Json& value);

// Says that a part is missing and which command makes it.
void write_missing(HtmlWriter& page, std::string_view what, std::string_view command);

}  // namespace dl
