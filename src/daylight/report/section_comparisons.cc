// SPDX-License-Identifier: Apache-2.0
// Each group against the rest, the omnibus tests, and what the pipeline's alternatives change.
#include <fmt/format.h>

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/report/claims.h"
#include "daylight/report/experiment.h"
#include "daylight/report/page_parts.h"
#include "daylight/report/reproduction.h"
#include "daylight/report/sections.h"
#include "daylight/report/step_words.h"

namespace dl {
namespace {

MeasureUnit unit_of(const ReportInputs& inputs, const std::string& head,
                    const std::string& metric) {
  return measure_unit({head, metric}, inputs.pipeline);
}

std::string with_note(const std::string& method, const std::string& note) {
  return note.empty() ? method : method + ": " + note;
}

std::string disparity_value(const Disparity& disparity, const std::optional<double>& value,
                            MeasureUnit unit) {
  if (disparity.kind != "ratio") return format_change(value, unit);
  return value ? format_value(value, MeasureUnit::kPlain) : "\u2013";
}

void write_disparity(HtmlWriter& page, const ReportInputs& inputs, const Disparity& disparity,
                     double rate) {
  const MeasureUnit unit = unit_of(inputs, disparity.head, disparity.metric);
  const bool significant = is_significant(disparity, rate);
  const auto row = page.open("tr", {{"data-significant", significant ? "yes" : "no"}});
  write_cell(page, disparity.head);
  write_cell(page, measure_title({disparity.head, disparity.metric, disparity.label}));
  write_cell(page, attribute_name(disparity.attribute));
  {
    const auto cell = page.open("th", {{"scope", "row"}});
    page.foreign(group_name(disparity.group));
    if (significant) {
      page.text(" ");
      write_badge(page, "stands-out", "differs");
    }
  }
  write_cell(page, disparity.reference.empty() || disparity.reference == "rest"
                       ? disparity.kind
                       : disparity.kind + " to " + disparity.reference);
  write_number_cell(page, disparity_value(disparity, disparity.value, unit), disparity.value);
  write_number_cell(page,
                    disparity.low || disparity.high
                        ? disparity_value(disparity, disparity.low, unit) + " to " +
                              disparity_value(disparity, disparity.high, unit)
                        : "\u2013",
                    disparity.low);
  write_number_cell(page, format_p(disparity.p), disparity.p);
  write_number_cell(page, format_p(disparity.p_adjusted), disparity.p_adjusted);
  write_number_cell(page, format_count(disparity.n_group), static_cast<double>(disparity.n_group));
  write_number_cell(page, format_count(disparity.n_reference),
                    static_cast<double>(disparity.n_reference));
  write_cell(page, with_note(disparity.method, disparity.why));
}

void write_tests(HtmlWriter& page, const ReportInputs& inputs) {
  const std::vector<TestResult>& tests = inputs.assessment->tests;
  page.element("h3", "Does an attribute matter at all");
  page.element("p",
               "One test over all groups of an attribute at once; a small corrected p says that "
               "some group differs, not "
               "which.");
  const auto frame = open_table_frame(page, "Tests over all groups at once", true);
  const auto table = page.open("table", {{"class", "sortable"}});
  write_table_head(page, {"Answer", "Measure", "By", "Test", "#Statistic", "#Degrees of freedom",
                          "#p", "#p corrected", "Family", "Note"});
  const auto body = page.open("tbody");
  for (const TestResult& test : tests) {
    const auto row = page.open("tr");
    write_cell(page, test.head);
    write_cell(page, measure_title({test.head, test.metric, test.label}));
    write_cell(page, attribute_name(test.attribute));
    write_cell(page, test.method);
    write_number_cell(page, format_value(test.statistic, MeasureUnit::kPlain), test.statistic);
    write_number_cell(page, test.df ? fmt::format("{:g}", *test.df) : "\u2013", test.df);
    write_number_cell(page, format_p(test.p), test.p);
    write_number_cell(page, format_p(test.p_adjusted), test.p_adjusted);
    write_cell(page, test.family);
    write_cell(page, test.why);
  }
}

// How the replay names the exchange of the kernel of every resize.
constexpr std::string_view kKernelExchange = "resize-kernel=";

// "Resize: 200 x 200, pil-bilinear, instead of 200 x 200, android-bilinear"; empty where the
// pipeline does not know the alternative.
std::string exchange_words(const ReportInputs& inputs, const std::string& alternative) {
  if (inputs.pipeline == nullptr) return "";
  if (alternative.starts_with(kKernelExchange)) {
    const std::string by =
        "Every resize by the kernel " + alternative.substr(kKernelExchange.size());
    const KernelExchange exchange = kernel_exchange(inputs);
    if (!exchange.none()) {
      return by + ", instead of " + exchange.kernel + ", which --resize-kernel asked for";
    }
    std::vector<std::string> own;
    for (const Step& step : inputs.pipeline->steps) {
      if (step.op != "resize" || !step.params.is_object() || !step.params.contains("kernel"))
        continue;
      const std::string kernel =
          step.params["kernel"].is_string() ? step.params["kernel"].get<std::string>() : "";
      if (std::find(own.begin(), own.end(), kernel) == own.end()) own.push_back(kernel);
    }
    return by + ", instead of the app\u2019s " + join(own, ", ");
  }
  for (const Step& step : inputs.pipeline->steps) {
    for (const Alternative& candidate : step.alternatives) {
      if (candidate.id != alternative) continue;
      const StepWords mine = step_words(step.op, step.params, inputs.inventory);
      const StepWords other = step_words(candidate.op, candidate.params, inputs.inventory);
      const std::string instead =
          mine.title == other.title ? mine.detail : mine.title + " " + mine.detail;
      return other.title + ": " + other.detail + ", instead of " + instead;
    }
  }
  return "";
}

void write_sensitivity_summary(HtmlWriter& page, const ReportInputs& inputs) {
  const auto list = page.open("ul", {{"class", "effects"}});
  for (const Sensitivity& row : inputs.assessment->sensitivity) {
    if (!row.attribute.empty() || !row.group.empty()) continue;
    const auto item =
        page.open("li", {{"class", row.verdicts_survive ? "effect holds" : "effect breaks"}});
    if (const std::string words = exchange_words(inputs, row.alternative); !words.empty()) {
      page.element("h3", words);
    }
    page.element("code", row.alternative);
    const auto text = page.open("p");
    page.foreign(row.head).text(": " + effect_of(inputs, row) + ". ");
    page.element("strong",
                 row.verdicts_survive ? "The verdicts stay the same." : "The verdicts change.");
    if (!row.why.empty()) {
      page.text(" ");
      page.foreign(row.why);
    }
  }
}

void write_sensitivity_table(HtmlWriter& page, const ReportInputs& inputs) {
  const auto fold = page.open("details", {{"class", "data"}, {"open", ""}});
  page.element("summary", "Change by group");
  const auto frame = open_table_frame(page, "What alternatives change, by group");
  const auto table = page.open("table", {{"class", "wide sortable"}});
  write_table_head(page, {"Alternative", "Answer", "By", "Group", "#People", "#Mean change",
                          "#Mean size of change", "#Largest change", "#Labels changed", "Measure",
                          "#Its value", "#Its change", "Verdicts", "Note"});
  const auto body = page.open("tbody");
  for (const Sensitivity& sensitivity : inputs.assessment->sensitivity) {
    const MeasureUnit unit = unit_of(inputs, sensitivity.head, kAnswerItself);
    const auto row = page.open("tr");
    write_code_cell(page, sensitivity.alternative);
    write_cell(page, sensitivity.head);
    write_cell(page, attribute_name(sensitivity.attribute));
    {
      const auto cell = page.open("th", {{"scope", "row"}});
      page.foreign(group_name(sensitivity.group));
    }
    write_number_cell(page, format_count(sensitivity.n), static_cast<double>(sensitivity.n));
    write_number_cell(page, format_change(sensitivity.mean_change, unit), sensitivity.mean_change);
    write_number_cell(page, format_value(sensitivity.mean_abs_change, unit),
                      sensitivity.mean_abs_change);
    write_number_cell(page, format_value(sensitivity.max_abs_change, unit),
                      sensitivity.max_abs_change);
    write_number_cell(page, format_count(sensitivity.label_changes),
                      static_cast<double>(sensitivity.label_changes));
    const MeasureUnit metric_unit = unit_of(inputs, sensitivity.head, sensitivity.metric);
    write_cell(page, sensitivity.metric.empty()
                         ? ""
                         : measure_title({sensitivity.head, sensitivity.metric}));
    write_number_cell(page, format_value(sensitivity.metric_value, metric_unit),
                      sensitivity.metric_value);
    write_number_cell(page, format_change(sensitivity.metric_change, metric_unit),
                      sensitivity.metric_change);
    write_cell(page, sensitivity.verdicts_survive ? "stay" : "change");
    write_cell(page, sensitivity.why);
  }
}

}  // namespace

void write_comparisons(HtmlWriter& page, const ReportInputs& inputs) {
  if (inputs.assessment == nullptr) return;
  const Assessment& assessment = *inputs.assessment;
  const auto section = open_section(page, "comparisons", "Each group against the rest");
  const double rate = false_discovery_rate_of(assessment);
  if (assessment.disparities.empty()) {
    page.element("p", "No group could be compared with the rest.", {{"class", "missing"}});
  } else {
    page.element(
        "p",
        fmt::format(
            "A difference is the group minus everyone else, a ratio the group over everyone else. "
            "\u201cDiffers\u201d: corrected p of at most {:g}. Many comparisons were made; read "
            "the "
            "corrected p, not the plain one.",
            rate));
    const auto frame = open_table_frame(page, "Table of each group against the rest", true);
    const auto table = page.open("table", {{"class", "wide sortable filterable"}});
    write_table_head(
        page, {"Answer", "Measure", "By", "Group", "Compared as", "#Value", "#Interval", "#p",
               "#p corrected", "#People", "#Rest", "Method and note"});
    const auto body = page.open("tbody");
    const std::size_t shown = std::min(assessment.disparities.size(), kMaxRowsShown);
    for (std::size_t i = 0; i < shown; ++i)
      write_disparity(page, inputs, assessment.disparities[i], rate);
    if (shown < assessment.disparities.size()) {
      const auto row = page.open("tr");
      page.element(
          "td", fmt::format("{} more in assessment.json", assessment.disparities.size() - shown));
    }
  }
  if (!assessment.tests.empty()) write_tests(page, inputs);
}

void write_sensitivity(HtmlWriter& page, const ReportInputs& inputs) {
  if (inputs.assessment == nullptr) return;
  const auto section = open_section(page, "sensitivity", "What assumptions change");
  if (inputs.assessment->sensitivity.empty()) {
    const std::string command = alternatives_command(inputs);
    if (command.empty()) {
      page.element("p",
                   "No step of a pipeline was exchanged: the answers do not come from a replay "
                   "that this report knows of, or no step has an alternative.",
                   {{"class", "missing"}});
      return;
    }
    write_missing(page, "What the pipeline\u2019s alternatives change", command);
    return;
  }
  page.element("p",
               "The same pictures through the same pipeline with one step exchanged. What moves "
               "here is the step alone: "
               "the kernel of a resize, for instance, changes every pixel that the model sees.");
  write_sensitivity_summary(page, inputs);
  write_sensitivity_table(page, inputs);
}

}  // namespace dl
