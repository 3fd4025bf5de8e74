// SPDX-License-Identifier: Apache-2.0
// The terminal's summary: plain text in columns.
#include "daylight/report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daylight/base/text.h"
#include "daylight/report/claims.h"
#include "daylight/report/experiment.h"
#include "daylight/report/inventory_table.h"
#include "daylight/report/measure_table.h"
#include "daylight/report/phrases.h"
#include "daylight/report/step_words.h"
#include "daylight/report/text_layout.h"

namespace dl {
namespace {

constexpr std::size_t kLabelWidth = 10;
constexpr std::size_t kMaxSummaryRows = 24;  // groups of one measure

// Words of `text` in lines of kSummaryWidth, the first after `label`, the others below it.
std::string wrapped(const std::string& label, const std::string& text) {
  return wrap_text(label, text, kLabelWidth);
}

std::string found_lines(const Inventory& inventory) {
  std::vector<std::string> frameworks;
  for (const FrameworkRecord& framework : inventory.frameworks) {
    const std::string name = printable(framework.id);
    if (std::find(frameworks.begin(), frameworks.end(), name) == frameworks.end())
      frameworks.push_back(name);
  }
  std::string text = fmt::format("{} models, {} calls of machine-learning functions",
                                 inventory.models.size(), inventory.calls.size());
  if (!frameworks.empty()) text += "; frameworks " + join(frameworks, ", ");
  if (!inventory.gaps.empty())
    text += fmt::format("; {} gap{}", inventory.gaps.size(), inventory.gaps.size() == 1 ? "" : "s");
  std::string out = wrapped("Found", text);
  for (const std::string& claim : claims_about(inventory)) out += wrapped("", claim);
  for (const TaskRecord& task : inventory.tasks) {
    out += wrapped("", fmt::format("- {}{}: {} confidence, {}{}", task_phrase(task.task),
                                   task.sensitive ? " (sensitive)" : "", printable(task.confidence),
                                   to_string(task.use),
                                   task.model.empty() ? "" : ", " + printable(task.model)));
  }
  return out;
}

// A step in as few words as tell it apart: its parameters where they do, else its name.
std::string short_words(const Step& step, const Inventory* inventory,
                        const KernelExchange& exchange) {
  const StepWords words = step_words(step.op, replayed_params(step, exchange), inventory);
  if (step.op == "face-crop") return "face crop";
  if (step.op == "resize") {
    if (!exchange.concerns(step)) return "resize " + words.detail;
    const std::string& own = exchange.own.at(step.id);
    return "resize " + words.detail + " (an experiment: --resize-kernel" +
           (own.empty() ? "" : "; the app: " + printable(own)) + ")";
  }
  const bool speaks = step.op == "to-tensor" || step.op == "normalize" || step.op == "tflite" ||
                      step.op == "scale" || step.op == "compare";
  if (speaks && !words.detail.empty()) return words.detail;
  return words.detail.empty() ? words.title : words.title + " " + words.detail;
}

// "age: face crop > resize 200 × 200, android-bilinear > x / 255 > ..." for one head; source,
// decoder and sink are left out.
std::string pipeline_line(const ReportInputs& inputs, const Head& head,
                          const KernelExchange& exchange) {
  const auto path = path_to(*inputs.pipeline, head.sink);
  if (!path) return printable(head.name) + ": not readable";
  std::vector<std::string> parts;
  std::size_t assumed = 0;
  std::size_t exchanged = 0;
  for (const Step* step : *path) {
    const bool told = step->kind == StepKind::kTransform || step->kind == StepKind::kModel ||
                      step->kind == StepKind::kPostprocess;
    if (told) parts.push_back(short_words(*step, inputs.inventory, exchange));
    if (exchange.concerns(*step)) ++exchanged;
    if (step->proof.kind == "assumed") {
      if (told) parts.back() += " (assumed)";
      ++assumed;
    }
  }
  const std::string balance = assumed == 0 ? "nothing assumed" : fmt::format("{} assumed", assumed);
  return fmt::format("{}: {} [{}{}]", printable(head.name), join(parts, " \u203a "), balance,
                     exchanged == 0 ? "" : fmt::format(", {} exchanged", exchanged));
}

std::string people_lines(const ReportInputs& inputs) {
  std::vector<std::string> parts;
  const Json& samples = inputs.samples_summary;
  if (samples.is_object() && samples.contains("rows") && samples["rows"].is_number_unsigned()) {
    parts.push_back(fmt::format("{} pictures", samples["rows"].get<std::uint64_t>()));
  }
  if (const std::string fed = what_samples_are(inputs); !fed.empty()) parts.push_back(fed);
  if (const std::string source = answer_sources(inputs); !source.empty())
    parts.push_back("answers " + source);
  if (const std::string failures = failure_sentence(inputs); !failures.empty()) {
    parts.push_back("without answer: " + failures);
  }
  return parts.empty() ? "" : wrapped("People", join(parts, "; "));
}

std::string group_row(const std::string& name, const Estimate& estimate, MeasureUnit unit,
                      bool stands_out) {
  std::string line = "  " + pad_text(fit_text(name, 34), 34) + (stands_out ? " *" : "  ");
  line += pad_text_left(format_value(estimate.value, unit), 10);
  line += pad_text_left(format_interval(estimate.low, estimate.high, unit), 22);
  line += pad_text_left("n " + std::to_string(estimate.n), 10);
  if (!estimate.why.empty()) line += "  " + printable(estimate.why);
  return fit_text(line, kSummaryWidth) + "\n";
}

std::string measure_lines(const MeasureTable& table, double confidence) {
  std::string title = printable(table.measure.head) + ": " + measure_title(table.measure);
  if (table.unit == MeasureUnit::kYears) title += ", years";
  std::string out =
      "\n" + fit_text(fmt::format("{} ({:g}% interval)", title, confidence * 100), kSummaryWidth) +
      "\n";
  if (table.everyone != nullptr) out += group_row("everyone", *table.everyone, table.unit, false);
  std::size_t shown = 0;
  for (const MeasureRow& row : table.rows) {
    const Estimate& estimate = *row.estimate;
    // Intersections only where they stand out: the report has them all.
    const bool intersection = estimate.attribute.find('&') != std::string::npos;
    if (shown == kMaxSummaryRows || (intersection && !row.stands_out)) continue;
    ++shown;
    const std::string name = intersection
                                 ? printable(estimate.group)
                                 : printable(estimate.attribute) + " " + printable(estimate.group);
    out += group_row(name, estimate, table.unit, row.stands_out);
  }
  if (shown < table.rows.size()) {
    out += fmt::format("  ... {} more groups in the report\n", table.rows.size() - shown);
  }
  return out;
}

// The first measure of each head is its main one.
std::string group_lines(const ReportInputs& inputs) {
  const Assessment& assessment = *inputs.assessment;
  std::string out;
  std::string head;
  bool any_stands_out = false;
  for (const MeasureTable& table : measure_tables(assessment, inputs.pipeline)) {
    if (!out.empty() && table.measure.head == head) continue;
    head = table.measure.head;
    out += measure_lines(table, confidence_of(assessment));
    for (const MeasureRow& row : table.rows) any_stands_out = any_stands_out || row.stands_out;
  }
  if (any_stands_out) out += "  * differs from the rest, corrected for the number of comparisons\n";
  return out;
}

// What exchanging one step changes, for everyone.
std::string effect_lines(const ReportInputs& inputs) {
  std::string out;
  for (const Sensitivity& row : inputs.assessment->sensitivity) {
    if (!row.attribute.empty() || !row.group.empty()) continue;
    if (out.empty()) out += "\n";
    out += wrapped(out.size() == 1 ? "With" : "",
                   fmt::format("- {} instead, {}: {}; the verdicts {}", printable(row.alternative),
                               printable(row.head), effect_of(inputs, row),
                               row.verdicts_survive ? "stay the same" : "change"));
  }
  return out;
}

// "age by gender, glasses; gender by glasses": the verdicts of one outcome, by head.
std::string listed_verdicts(const std::vector<Verdict>& verdicts, std::string_view outcome) {
  std::string list;
  const std::string* head = nullptr;
  for (const Verdict& verdict : verdicts) {
    if (verdict.outcome != outcome) continue;
    if (head != nullptr && *head == verdict.head) {
      list += ", " + printable(verdict.attribute);
      continue;
    }
    if (head != nullptr) list += "; ";
    list += printable(verdict.head) + " by " + printable(verdict.attribute);
    head = &verdict.head;
  }
  return list;
}

// What was found in full; the rest by name, since the report has each with what it rests on.
std::string verdict_lines(const std::vector<Verdict>& verdicts) {
  std::vector<std::string> items;
  for (const Verdict& verdict : verdicts) {
    if (verdict.outcome == "disparity-found") items.push_back(printable(verdict.text, 2000));
  }
  const std::string none = listed_verdicts(verdicts, "no-disparity-found");
  if (!none.empty()) {
    items.push_back(
        "No difference shown, which does not prove equality (the report has what would "
        "have been found): " +
        none);
  }
  const std::string open = listed_verdicts(verdicts, "not-decidable");
  if (!open.empty()) items.push_back("Cannot be decided (the report has the reasons): " + open);
  std::string out;
  for (const std::string& item : items) {
    out += wrapped(out.empty() ? "Verdicts" : "", "- " + item);
  }
  return out.empty() ? out : "\n" + out;
}

}  // namespace

std::string render_summary(const ReportInputs& inputs) {
  std::string out;
  if (inputs.inventory != nullptr)
    out += app_lines(inputs.inventory->app, "App", kLabelWidth) + found_lines(*inputs.inventory);
  if (const std::string why = nothing_to_replay(inputs); !why.empty()) {
    out += wrapped("Pipeline", why);
  }
  if (inputs.pipeline != nullptr) {
    const KernelExchange exchange = kernel_exchange(inputs);
    for (std::size_t i = 0; i < inputs.pipeline->heads.size(); ++i) {
      out += wrapped(i == 0 ? "Pipeline" : "",
                     pipeline_line(inputs, inputs.pipeline->heads[i], exchange));
    }
  }
  out += people_lines(inputs);
  if (inputs.assessment == nullptr) return out;
  out += group_lines(inputs);
  out += effect_lines(inputs);
  out += verdict_lines(inputs.assessment->verdicts);
  return out;
}

}  // namespace dl
