// SPDX-License-Identifier: Apache-2.0
// The rebuilt pipeline: the graph's place, and every step as a list that needs no script.
#include <fmt/format.h>

#include <map>

#include "daylight/base/text.h"
#include "daylight/report/experiment.h"
#include "daylight/report/page_parts.h"
#include "daylight/report/sections.h"
#include "daylight/report/step_words.h"

namespace dl {
namespace {

// How many steps have each proof, in order of strength.
std::string proof_balance(const Pipeline& pipeline) {
  static constexpr const char* kKinds[] = {"bytes-equal", "fitted", "static", "declared",
                                           "assumed"};
  std::map<std::string, std::size_t> counts;
  for (const Step& step : pipeline.steps) ++counts[step.proof.kind];
  std::vector<std::string> parts;
  for (const char* kind : kKinds) {
    if (counts[kind] > 0) parts.push_back(fmt::format("{} {}", counts[kind], kind));
  }
  return join(parts, ", ");
}

void write_heads(HtmlWriter& page, const Pipeline& pipeline) {
  const auto frame = open_table_frame(page, "Answers of the pipeline");
  const auto table = page.open("table");
  page.element("caption", "What it answers");
  write_table_head(
      page, {"Answer", "Kind", "Range", "Labels, in output order", "How the labels are known"});
  const auto body = page.open("tbody");
  for (const Head& head : pipeline.heads) {
    const auto row = page.open("tr");
    write_cell(page, head.name);
    write_cell(page, head.kind);
    write_cell(page, head.range ? fmt::format("{:g} to {:g}", head.range->first, head.range->second)
                                : "\u2013");
    {
      const auto cell = page.open("td");
      write_json(page, Json(head.labels));
      if (head.maps.is_object() && !head.maps.empty()) write_json(page, head.maps);
    }
    const auto cell = page.open("td");
    if (!head.labels.empty()) page.foreign(proof_sentence(head.labels_proof));
  }
}

void write_alternatives(HtmlWriter& page, const Step& step, const Inventory* inventory) {
  if (step.alternatives.empty()) return;
  page.element("p", "Could also be:", {{"class", "label"}});
  const auto list = page.open("ul");
  for (const Alternative& alternative : step.alternatives) {
    const auto item = page.open("li");
    const StepWords words = step_words(alternative.op, alternative.params, inventory);
    page.element("code", alternative.id).text(" ");
    page.foreign(words.detail.empty() ? words.title : words.title + ", " + words.detail);
    if (!alternative.why.empty()) {
      page.text(": ");
      page.foreign(alternative.why);
    }
  }
}

void write_step(HtmlWriter& page, const Step& step, std::size_t index, const ReportInputs& inputs,
                const KernelExchange& exchange) {
  const bool exchanged = exchange.concerns(step);
  const StepWords words = step_words(step.op, replayed_params(step, exchange), inputs.inventory);
  const auto item = page.open("li", {{"id", fmt::format("step-{}", index)}, {"class", "step"}});
  const auto fold = page.open("details");
  {
    const auto summary = page.open("summary");
    {
      const auto title = page.open("span", {{"class", "step-title"}});
      page.foreign(words.title);
    }
    {
      const auto detail = page.open("span", {{"class", "step-detail"}});
      page.foreign(words.detail);
    }
    if (exchanged) write_badge(page, "proof-assumed", "exchanged");
    write_badge(page, "proof-" + step.proof.kind, step.proof.kind);
  }
  if (exchanged) {
    const std::string& own = exchange.own.at(step.id);
    const auto note = page.open("p");
    page.text("An experiment: this step was replayed by ").foreign(exchange.kernel);
    page.text(" because --resize-kernel asked for it. The app itself uses ");
    page.foreign(own.empty() ? "a kernel that is not known" : own)
        .text("; what follows is the app.");
  }
  {
    const auto proof = page.open("p");
    page.foreign(proof_sentence(step.proof));
  }
  {
    const auto facts = page.open("dl", {{"class", "facts"}});
    write_code_fact(page, "Step", step.id);
    write_code_fact(page, "Operation", step.op);
    write_fact(page, "Layer", step.layer);
    const auto row = page.open("div");
    page.element("dt", "Parameters");
    const auto definition = page.open("dd");
    write_json(page, step.params);
  }
  write_alternatives(page, step, inputs.inventory);
  write_evidence(page, step.evidence);
}

void write_steps(HtmlWriter& page, const ReportInputs& inputs) {
  const Pipeline& pipeline = *inputs.pipeline;
  const KernelExchange exchange = kernel_exchange(inputs);
  page.element("h3", fmt::format("Steps ({})", pipeline.steps.size()));
  const auto list = page.open("ol", {{"class", "steps"}});
  for (std::size_t i = 0; i < pipeline.steps.size(); ++i)
    write_step(page, pipeline.steps[i], i, inputs, exchange);
}

void write_verification(HtmlWriter& page, const Json& verification) {
  if (verification.is_null()) return;
  page.element("h3", "Verification");
  const auto fold = page.open("details");
  page.element("summary", "What was checked");
  write_json(page, verification);
}

}  // namespace

void write_pipeline(HtmlWriter& page, const ReportInputs& inputs) {
  const auto section = open_section(page, "pipeline", "From picture to answer");
  if (inputs.pipeline == nullptr) {
    write_missing(page, "The rebuilt pipeline", "daylight rebuild --case DIR");
    return;
  }
  const Pipeline& pipeline = *inputs.pipeline;
  if (pipeline.steps.empty()) {
    page.element("p", "No pipeline could be rebuilt; the gaps below say why.",
                 {{"class", "missing"}});
    return;
  }
  page.element("p", fmt::format("{} steps, by how they are known: {}. A step that is assumed may "
                                "be wrong; what it could be "
                                "instead is listed with it.",
                                pipeline.steps.size(), proof_balance(pipeline)));
  if (const std::string told = experiment_sentence(kernel_exchange(inputs)); !told.empty()) {
    page.element("p", told, {{"class", "claim"}});
  }
  {
    const auto view = page.open("div", {{"class", "pipeline-view"}});
    page.element("div", "", {{"id", "graph"}, {"class", "graph"}});
    const auto column = page.open("div", {{"class", "steps-column"}});
    write_steps(page, inputs);
  }
  write_heads(page, pipeline);
  write_verification(page, inputs.verification);
}

}  // namespace dl
