// SPDX-License-Identifier: Apache-2.0
// What was found in the app and where: tasks, models, frameworks, calls.
#include <fmt/format.h>

#include <algorithm>

#include "daylight/base/text.h"
#include "daylight/report/page_parts.h"
#include "daylight/report/sections.h"

namespace dl {
namespace {

std::string origin_words(const Origin& origin) {
  if (origin.kind == "first-party") return "the app's own";
  if (origin.kind == "sdk") {
    std::string text = "from an SDK";
    if (!origin.name.empty()) text = "from " + printable(origin.name);
    if (!origin.version.empty()) text += " " + printable(origin.version);
    return text;
  }
  return "unknown";
}

void write_use_badge(HtmlWriter& page, Use use) {
  write_badge(page, std::string("use-") + to_string(use), to_string(use));
}

void write_tasks(HtmlWriter& page, const Inventory& inventory) {
  page.element("h3", "What it is for");
  if (inventory.tasks.empty()) {
    page.element("p", "No task was recognised.", {{"class", "quiet"}});
    return;
  }
  const auto list = page.open("ul", {{"class", "cards"}});
  for (const TaskRecord& task : inventory.tasks) {
    const auto card = page.open("li", {{"class", "card"}});
    {
      const auto head = page.open("div", {{"class", "card-head"}});
      page.element("h4", capitalised(task_phrase(task.task)));
      if (task.sensitive) write_badge(page, "sensitive", "sensitive");
      write_use_badge(page, task.use);
    }
    std::string line = capitalised(task.confidence) + " confidence; " + use_phrase(task.use);
    if (!task.model.empty()) line += "; by " + task.model;
    page.element("p", line + ".");
    write_evidence(page, task.evidence);
  }
}

void write_tensors(HtmlWriter& page, std::string_view term,
                   const std::vector<TensorInfo>& tensors) {
  for (const TensorInfo& tensor : tensors) {
    const auto row = page.open("div");
    page.element("dt", term);
    const auto definition = page.open("dd");
    page.element("code", tensor.name).text(" " + tensor_phrase(tensor));
  }
}

void write_model(HtmlWriter& page, const ModelRecord& model) {
  const auto card = page.open("li", {{"class", "card"}});
  {
    const auto head = page.open("div", {{"class", "card-head"}});
    const std::string& name =
        model.location.entry.empty() ? model.location.file : model.location.entry.back();
    const auto title = page.open("h4");
    page.foreign(name);
  }
  {
    const auto badges = page.open("p", {{"class", "badges"}});
    write_badge(page, "kind", model.format);
    write_use_badge(page, model.use);
    if (model.encryption != "none") write_badge(page, "sensitive", model.encryption);
  }
  {
    const auto facts = page.open("dl", {{"class", "facts"}});
    write_code_fact(page, "Id", model.id);
    write_fact(page, "Lies in", place(model.location.file, model.location.entry));
    write_fact(
        page, "Size",
        fmt::format("{} at offset {}", format_bytes(model.location.size), model.location.offset));
    write_code_fact(page, "SHA-256", model.sha256);
    if (!model.graph_hash.empty()) write_code_fact(page, "Graph", model.graph_hash);
    write_tensors(page, "Takes", model.inputs);
    write_tensors(page, "Gives", model.outputs);
    if (!model.operators.empty()) {
      write_fact(page, "Operators", join(model.operators, ", ") + "; last " + model.last_operator);
    }
    if (!model.labels.empty()) {
      const auto row = page.open("div");
      page.element("dt", "Labels");
      const auto definition = page.open("dd");
      write_json(page, Json(model.labels));
    }
    write_fact(page, "Origin", origin_words(model.origin));
    if (model.metadata.is_object() && !model.metadata.empty()) {
      const auto row = page.open("div");
      page.element("dt", "Metadata");
      const auto definition = page.open("dd");
      write_json(page, model.metadata);
    }
  }
  write_evidence(page, model.evidence);
}

void write_models(HtmlWriter& page, const Inventory& inventory) {
  page.element("h3", fmt::format("Models ({})", inventory.models.size()));
  if (inventory.models.empty()) {
    page.element("p", "No model file was found.", {{"class", "quiet"}});
    return;
  }
  const auto list = page.open("ul", {{"class", "cards"}});
  for (const ModelRecord& model : inventory.models) write_model(page, model);
}

void write_frameworks(HtmlWriter& page, const Inventory& inventory) {
  page.element("h3", fmt::format("Frameworks ({})", inventory.frameworks.size()));
  if (inventory.frameworks.empty()) {
    page.element("p", "No framework was recognised.", {{"class", "quiet"}});
    return;
  }
  const auto frame = open_table_frame(page, "Frameworks");
  const auto table = page.open("table");
  write_table_head(page, {"Framework", "Version", "Layer", "Linked", "Origin", "Evidence"});
  const auto body = page.open("tbody");
  for (const FrameworkRecord& framework : inventory.frameworks) {
    const auto row = page.open("tr");
    write_code_cell(page, framework.id);
    write_cell(page, framework.version.empty() ? "unknown" : framework.version);
    write_cell(page, framework.layer);
    write_cell(page, framework.linked);
    write_cell(page, origin_words(framework.origin));
    const auto cell = page.open("td");
    write_evidence(page, framework.evidence);
  }
}

void write_calls(HtmlWriter& page, const Inventory& inventory) {
  page.element("h3",
               fmt::format("Calls of machine-learning functions ({})", inventory.calls.size()));
  if (inventory.calls.empty()) {
    page.element("p", "No call was found.", {{"class", "quiet"}});
    return;
  }
  const auto frame = open_table_frame(page, "Calls of machine-learning functions", true);
  const auto table = page.open("table", {{"class", "wide sortable"}});
  write_table_head(page, {"Function", "Name in the app", "Called from", "Use", "Evidence"});
  const auto body = page.open("tbody");
  const std::size_t shown = std::min(inventory.calls.size(), kMaxRowsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const CallRecord& call = inventory.calls[i];
    const auto row = page.open("tr");
    write_code_cell(page, call.api);
    {
      const auto cell = page.open("td");
      if (call.obfuscated) {
        page.element("code", call.klass + " " + call.method).text(" ");
        write_badge(page, "renamed", "renamed");
      } else {
        page.element("span", "the same", {{"class", "quiet"}});
      }
    }
    write_code_cell(page, call.caller);
    {
      const auto cell = page.open("td");
      write_use_badge(page, call.use);
    }
    const auto cell = page.open("td");
    write_evidence(page, call.evidence);
  }
  if (shown < inventory.calls.size()) {
    const auto row = page.open("tr");
    page.element("td", fmt::format("{} more in inventory.json", inventory.calls.size() - shown));
  }
}

void write_probe_plan(HtmlWriter& page, const ProbePlan& plan) {
  page.element(
      "p", fmt::format("A capture of this app would watch {} places and may enter it at {} methods "
                       "(probe_plan.json).",
                       format_count(plan.probes.size()), format_count(plan.entries.size())));
}

}  // namespace

void write_findings(HtmlWriter& page, const ReportInputs& inputs) {
  const auto section = open_section(page, "findings", "What was found, and where");
  if (inputs.inventory == nullptr) {
    write_missing(page, "The inventory of the app", "daylight detect APP --case DIR");
    return;
  }
  write_tasks(page, *inputs.inventory);
  write_models(page, *inputs.inventory);
  write_frameworks(page, *inputs.inventory);
  write_calls(page, *inputs.inventory);
  if (inputs.plan != nullptr) write_probe_plan(page, *inputs.plan);
}

}  // namespace dl
