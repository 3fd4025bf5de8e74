// SPDX-License-Identifier: Apache-2.0
// Conventions, limits, provenance, and how to make the same again.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daylight/base/text.h"
#include "daylight/report/page_parts.h"
#include "daylight/report/reproduction.h"
#include "daylight/report/sections.h"

namespace dl {
namespace {

void write_age_truth(HtmlWriter& page, const AgeTruthTable& table) {
  const auto frame = open_table_frame(page, "Ages that stand for a bracket");
  const auto element = page.open("table", {{"class", "compact"}});
  page.element("caption",
               "Bracketed ages are read by the convention \u201c" + table.convention + "\u201d");
  write_table_head(page, {"Bracket", "#From", "#To", "#Stands for"});
  const auto body = page.open("tbody");
  for (const AgeTruthTable::Row& bracket : table.rows) {
    const auto row = page.open("tr");
    write_cell(page, bracket.bracket);
    write_number_cell(page, fmt::format("{:g}", bracket.low), bracket.low);
    write_number_cell(page, bracket.high ? fmt::format("{:g}", *bracket.high) : "open",
                      bracket.high);
    write_number_cell(page, fmt::format("{:g}", bracket.midpoint), bracket.midpoint);
  }
}

void write_target(HtmlWriter& page, const TargetMatch& target) {
  const auto article = page.open("article");
  {
    const auto line = page.open("p");
    page.element("strong", target.head)
        .text(" is compared with the column ")
        .element("strong", target.column);
    page.text(" of the samples: ").text(target.kind == "scalar" ? "numbers, " : "labels, ");
    page.text(target.how == "given" ? "matched as asked." : "matched by their names.");
  }
  if (!target.label_map.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [from, to] : target.label_map) pairs.push_back(from + " is read as " + to);
    const auto line = page.open("p");
    page.foreign(join(pairs, "; ") + ".");
  }
  if (target.age_truth) write_age_truth(page, *target.age_truth);
}

// Attributes that hang together first; a confound without words as it stands.
void write_confounds(HtmlWriter& page, const Json& confounds) {
  const auto is_entangled = [](const Json& item) {
    return item.is_object() && item.contains("entangled") && item["entangled"].is_boolean() &&
           item["entangled"].get<bool>();
  };
  const auto list = page.open("ul", {{"class", "gaps"}});
  for (const bool entangled : {true, false}) {
    for (const Json& item : confounds) {
      if (is_entangled(item) != entangled) continue;
      const auto row = page.open("li");
      if (item.is_object() && item.contains("text") && item["text"].is_string()) {
        if (entangled) {
          write_badge(page, "sensitive", "entangled");
          page.text(" ");
        }
        page.foreign(item["text"].get_ref<const std::string&>());
      } else {
        write_json(page, item);
      }
    }
  }
}

void write_sample_attributes(HtmlWriter& page, const Json& summary) {
  if (!summary.is_object() || !summary.contains("attributes") || !summary["attributes"].is_array())
    return;
  page.element("h3", "Who the samples are");
  const auto frame = open_table_frame(page, "Attributes of the samples");
  const auto table = page.open("table", {{"class", "compact"}});
  write_table_head(page, {"Attribute", "Value", "#Pictures"});
  for (const Json& attribute : summary["attributes"]) {
    if (!attribute.is_object()) continue;
    const std::string name = attribute.value("name", "");
    const auto body = page.open("tbody");
    if (attribute.contains("values") && attribute["values"].is_array()) {
      for (const Json& value : attribute["values"]) {
        if (!value.is_object()) continue;
        const auto row = page.open("tr");
        write_cell(page, name);
        write_cell(page, value.value("value", ""));
        const auto n = value.contains("n") && value["n"].is_number_unsigned()
                           ? value["n"].get<std::uint64_t>()
                           : 0;
        write_number_cell(page, format_count(n), static_cast<double>(n));
      }
    } else {
      const auto row = page.open("tr");
      write_cell(page, name);
      page.element("td", "many different values");
      write_number_cell(page, "", std::nullopt);
    }
  }
}

// One artifact's provenance, with the name of its file.
struct MadeFrom {
  const char* artifact;
  const Provenance* provenance;
};

std::vector<MadeFrom> provenances(const ReportInputs& inputs) {
  std::vector<MadeFrom> list;
  if (inputs.inventory != nullptr)
    list.push_back({"inventory.json", &inputs.inventory->provenance});
  if (inputs.plan != nullptr) list.push_back({"probe_plan.json", &inputs.plan->provenance});
  if (inputs.pipeline != nullptr) list.push_back({"pipeline.json", &inputs.pipeline->provenance});
  if (inputs.predictions != nullptr && inputs.predictions->provenance) {
    list.push_back({"predictions", &*inputs.predictions->provenance});
  }
  if (inputs.assessment != nullptr)
    list.push_back({"assessment.json", &inputs.assessment->provenance});
  return list;
}

void write_inputs(HtmlWriter& page, const std::vector<MadeFrom>& list) {
  const auto frame = open_table_frame(page, "Inputs by digest");
  const auto table = page.open("table");
  page.element("caption", "What each artifact was made from");
  write_table_head(page, {"Artifact", "Made by", "Input", "File", "SHA-256"});
  const auto body = page.open("tbody");
  for (const MadeFrom& origin : list) {
    for (const InputDigest& input : origin.provenance->inputs) {
      const auto row = page.open("tr");
      write_code_cell(page, origin.artifact);
      write_cell(page, origin.provenance->tool + " " + origin.provenance->version);
      write_cell(page, input.role);
      write_cell(page, input.name);
      write_code_cell(page, input.sha256);
    }
  }
}

void write_options(HtmlWriter& page, const MadeFrom& origin) {
  const Provenance& provenance = *origin.provenance;
  const bool bare = (!provenance.options.is_object() || provenance.options.empty()) &&
                    !provenance.seed &&
                    (!provenance.runtime.is_object() || provenance.runtime.empty());
  if (bare) return;
  const auto fold = page.open("details");
  page.element("summary", std::string("Options and runtime of ") + origin.artifact);
  const auto facts = page.open("dl", {{"class", "facts"}});
  if (provenance.seed) write_fact(page, "Seed", std::to_string(*provenance.seed));
  for (const auto& [title, value] :
       {std::pair("Options", &provenance.options), std::pair("Runtime", &provenance.runtime)}) {
    if (!value->is_object() || value->empty()) continue;
    const auto row = page.open("div");
    page.element("dt", title);
    const auto definition = page.open("dd");
    write_json(page, *value);
  }
}

void write_gap_list(HtmlWriter& page, std::string_view title, const std::vector<Gap>& gaps) {
  if (gaps.empty()) return;
  page.element("h3", fmt::format("{} ({})", title, gaps.size()));
  write_gaps(page, gaps);
}

}  // namespace

void write_conventions(HtmlWriter& page, const ReportInputs& inputs) {
  if (inputs.assessment == nullptr && inputs.samples_summary.is_null()) return;
  const auto section = open_section(page, "conventions", "Conventions used");
  if (inputs.assessment != nullptr) {
    for (const TargetMatch& target : inputs.assessment->targets) write_target(page, target);
    page.element("h3", "Settings");
    write_json(page, inputs.assessment->settings);
    if (inputs.assessment->confounds.is_array() && !inputs.assessment->confounds.empty()) {
      page.element("h3", "What may stand behind a difference");
      write_confounds(page, inputs.assessment->confounds);
    }
  }
  write_sample_attributes(page, inputs.samples_summary);
}

void write_limits(HtmlWriter& page, const ReportInputs& inputs) {
  const auto section = open_section(page, "limits", "Limits and gaps");
  page.element("p",
               "What this report cannot say, and what could not be read. A difference between "
               "groups of these samples is an "
               "association; it names no cause and speaks for no other people.");
  if (inputs.assessment != nullptr)
    write_gap_list(page, "Limits of the assessment", inputs.assessment->limits);
  if (inputs.inventory != nullptr)
    write_gap_list(page, "Not read in the app", inputs.inventory->gaps);
  if (inputs.plan != nullptr) write_gap_list(page, "Not planned", inputs.plan->gaps);
  if (inputs.pipeline != nullptr) write_gap_list(page, "Not rebuilt", inputs.pipeline->gaps);
}

void write_provenance(HtmlWriter& page, const ReportInputs& inputs) {
  const auto section = open_section(page, "provenance", "Provenance, and how to make this again");
  const std::vector<MadeFrom> list = provenances(inputs);
  if (list.empty()) {
    page.element("p", "No artifact is part of this report.", {{"class", "missing"}});
    return;
  }
  write_inputs(page, list);
  for (const MadeFrom& origin : list) write_options(page, origin);
  page.element("h3", "Commands");
  page.element(
      "p",
      "With files of these digests, the same version and the same options give the same numbers.");
  const auto block = page.open("pre", {{"class", "commands"}, {"tabindex", "0"}});
  for (const std::string& line : reproduction_commands(inputs)) {
    page.element("code", line);
    page.raw("\n");
  }
}

}  // namespace dl
