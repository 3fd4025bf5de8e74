// SPDX-License-Identifier: Apache-2.0
// Each measure by group: a place for the chart and the table that it is drawn from; and failures to
// answer.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "daylight/base/text.h"
#include "daylight/report/claims.h"
#include "daylight/report/page_parts.h"
#include "daylight/report/sections.h"

namespace dl {
namespace {

// Measures up to this rank are shown; the others are folded away.
constexpr int kLastOpenRank = 2;

std::string direction_words(const MeasureTable& table) {
  const int direction = measure_direction(table.measure.metric);
  if (direction > 0) return "Higher is better.";
  if (direction < 0) return "Lower is better.";
  return "";
}

bool is_failure_with_failures(const MeasureTable& table) {
  return table.measure.metric == "failure_rate" && table.everyone != nullptr &&
         table.everyone->value.value_or(0) > 0;
}

bool is_open(const MeasureTable& table) {
  return table.rank <= kLastOpenRank || is_failure_with_failures(table);
}

void write_estimate(HtmlWriter& page, const Estimate& estimate, MeasureUnit unit, bool stands_out) {
  const auto row = page.open("tr");
  {
    const auto cell = page.open("th", {{"scope", "row"}});
    page.foreign(group_name(estimate.group));
    if (stands_out) {
      page.text(" ");
      write_badge(page, "stands-out", "differs");
    }
  }
  write_number_cell(page, format_value(estimate.value, unit), estimate.value);
  write_number_cell(page, format_interval(estimate.low, estimate.high, unit), estimate.low);
  write_number_cell(page, format_count(estimate.n), static_cast<double>(estimate.n));
  write_number_cell(page, estimate.k ? format_value(estimate.k, MeasureUnit::kPlain) : "\u2013",
                    estimate.k);
  write_cell(page, estimate.method);
  write_cell(page, estimate.why);
}

void write_estimates(HtmlWriter& page, const MeasureTable& table, const std::string& interval) {
  const std::string label = table.measure.head + ": " + measure_title(table.measure);
  const auto frame = open_table_frame(page, label);
  const auto element = page.open("table", {{"class", "estimates"}});
  page.element("caption", label);
  write_table_head(page,
                   {"Group", "#Value", "#" + interval, "#People", "#Of them", "Method", "Note"});
  if (table.everyone != nullptr) {
    const auto body = page.open("tbody");
    write_estimate(page, *table.everyone, table.unit, false);
  }
  for (std::size_t i = 0; i < table.rows.size();) {
    const std::string& attribute = table.rows[i].estimate->attribute;
    const auto body = page.open("tbody");
    {
      const auto row = page.open("tr", {{"class", "row-group"}});
      const auto cell = page.open("th", {{"scope", "rowgroup"}, {"colspan", "7"}});
      page.foreign("By " + attribute_name(attribute));
    }
    for (; i < table.rows.size() && table.rows[i].estimate->attribute == attribute; ++i) {
      write_estimate(page, *table.rows[i].estimate, table.unit, table.rows[i].stands_out);
    }
  }
}

void write_measure(HtmlWriter& page, const MeasureTable& table, std::size_t index,
                   const std::string& interval) {
  const auto figure = page.open("figure", {{"class", "measure"}});
  {
    const auto caption = page.open("figcaption");
    {
      const auto title = page.open("h4");
      page.foreign(measure_title(table.measure) +
                   (table.unit == MeasureUnit::kYears ? ", in years" : ""));
    }
    page.element("p", trim(measure_explanation(table.measure) + " " + direction_words(table)),
                 {{"class", "quiet"}});
  }
  page.element("div", "", {{"class", "plot"}, {"data-chart", std::to_string(index)}});
  const auto fold = page.open("details", {{"class", "data"}, {"open", ""}});
  page.element("summary", "The numbers as a table");
  write_estimates(page, table, interval);
}

// Outcomes of one head as a table: one row for each group, one column for each status.
void write_outcome_table(HtmlWriter& page, const Assessment& assessment, const std::string& head) {
  std::vector<std::string> statuses;
  std::vector<std::pair<std::string, std::string>> groups;
  std::map<std::pair<std::string, std::string>, std::map<std::string, std::uint64_t>> counts;
  for (const OutcomeCount& outcome : assessment.outcomes) {
    if (outcome.head != head) continue;
    if (std::find(statuses.begin(), statuses.end(), outcome.status) == statuses.end()) {
      statuses.push_back(outcome.status);
    }
    const auto key = std::pair(outcome.attribute, outcome.group);
    if (counts.find(key) == counts.end()) groups.push_back(key);
    counts[key][outcome.status] += outcome.n;
  }
  const auto frame = open_table_frame(page, "Outcomes of " + head);
  const auto table = page.open("table", {{"class", "compact"}});
  page.element("caption", head);
  std::vector<std::string> titles = {"By", "Group", "#All"};
  for (const std::string& status : statuses) titles.push_back("#" + printable(status));
  write_table_head(page, titles);
  const auto body = page.open("tbody");
  for (const auto& key : groups) {
    const auto row = page.open("tr");
    write_cell(page, attribute_name(key.first));
    {
      const auto cell = page.open("th", {{"scope", "row"}});
      page.foreign(group_name(key.second));
    }
    std::uint64_t all = 0;
    for (const auto& [status, n] : counts[key]) all += n;
    write_number_cell(page, format_count(all), static_cast<double>(all));
    for (const std::string& status : statuses) {
      const std::uint64_t n = counts[key][status];
      write_number_cell(page, format_count(n), static_cast<double>(n));
    }
  }
}

}  // namespace

void write_groups(HtmlWriter& page, const ReportInputs& inputs,
                  const std::vector<MeasureTable>& tables) {
  const auto section = open_section(page, "groups", "How it does for each group");
  if (const std::string why = nothing_to_replay(inputs);
      inputs.assessment == nullptr && !why.empty()) {
    page.element("p", why, {{"class", "missing"}});
    return;
  }
  if (inputs.assessment == nullptr) {
    write_missing(page, "The assessment",
                  "daylight assess --predictions P --samples S --out assessment.json");
    return;
  }
  const std::string percent = fmt::format("{:g}", confidence_of(*inputs.assessment) * 100);
  page.element(
      "p",
      fmt::format(
          "Each dot is a group\u2019s value and its whisker the {}% interval; the vertical line is "
          "everyone. A filled diamond marks a group whose difference from the rest is significant "
          "after "
          "correction for the number of comparisons. People without an answer count, unless a "
          "measure says otherwise.",
          percent));
  for (std::size_t i = 0; i < tables.size();) {
    const std::string& head = tables[i].measure.head;
    const auto article = page.open("article", {{"class", "head"}});
    {
      const auto title = page.open("h3");
      page.foreign(capitalised(task_name(head)));
    }
    std::vector<std::size_t> folded;
    for (; i < tables.size() && tables[i].measure.head == head; ++i) {
      if (is_open(tables[i])) {
        write_measure(page, tables[i], i, percent + "% interval");
      } else {
        folded.push_back(i);
      }
    }
    if (folded.empty()) continue;
    const auto fold = page.open("details", {{"class", "more"}});
    page.element("summary", folded.size() == 1 ? "1 more measure"
                                               : fmt::format("{} more measures", folded.size()));
    for (const std::size_t index : folded)
      write_measure(page, tables[index], index, percent + "% interval");
  }
}

void write_outcomes(HtmlWriter& page, const ReportInputs& inputs) {
  if (inputs.assessment == nullptr || inputs.assessment->outcomes.empty()) return;
  const auto section = open_section(page, "outcomes", "Answers and failures to answer");
  page.element("p",
               "A picture in which no face or several faces were found, or whose output could not "
               "be read, is an outcome "
               "of its own and stays in the counts.");
  std::vector<std::string> heads;
  for (const OutcomeCount& outcome : inputs.assessment->outcomes) {
    if (std::find(heads.begin(), heads.end(), outcome.head) == heads.end())
      heads.push_back(outcome.head);
  }
  for (const std::string& head : heads) write_outcome_table(page, *inputs.assessment, head);
}

}  // namespace dl
