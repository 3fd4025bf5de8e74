// SPDX-License-Identifier: Apache-2.0
// The page as a list of sections.
#include "daylight/report/reporter.h"

#include <map>
#include <set>

#include "daylight/base/text.h"
#include "daylight/report/html_writer.h"
#include "daylight/report/measure_table.h"
#include "daylight/report/page_data.h"
#include "daylight/report/page_shell.h"
#include "daylight/report/sections.h"

namespace dl {
namespace {

std::string page_title(const ReportInputs& inputs) {
  std::string title = "Daylight audit";
  if (inputs.inventory != nullptr) {
    title += ": " + inputs.inventory->app.package + " " + inputs.inventory->app.version_name;
  }
  return std::string(trim(title));
}

std::vector<std::pair<std::string, std::string>> contents_of(const ReportInputs& inputs) {
  std::vector<std::pair<std::string, std::string>> contents = {
      {"main", "Result"}, {"findings", "Found"}, {"pipeline", "Pipeline"}, {"groups", "Groups"}};
  if (inputs.assessment != nullptr) {
    contents.emplace_back("comparisons", "Comparisons");
    contents.emplace_back("sensitivity", "Assumptions");
    if (!inputs.assessment->outcomes.empty()) contents.emplace_back("outcomes", "Failures");
  }
  if (inputs.assessment != nullptr || !inputs.samples_summary.is_null()) {
    contents.emplace_back("conventions", "Conventions");
  }
  contents.emplace_back("limits", "Limits");
  contents.emplace_back("provenance", "Provenance");
  return contents;
}

Json attribute_summary(const Samples& samples, std::size_t attribute) {
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t missing = 0;
  for (const Sample& sample : samples.rows) {
    const std::string& value = sample.values[attribute];
    if (value.empty()) {
      ++missing;
    } else {
      ++counts[value];
    }
  }
  Json summary = {{"name", samples.attributes[attribute]}};
  if (counts.size() > kMaxSummaryValues) {
    summary["distinct"] = counts.size();
  } else {
    summary["values"] = Json::array();
    for (const auto& [value, n] : counts) summary["values"].push_back({{"value", value}, {"n", n}});
  }
  summary["missing"] = missing;
  return summary;
}

}  // namespace

Json summarise_samples(const Samples& samples) {
  Json summary = {{"rows", samples.rows.size()}};
  if (const auto identity = samples.reserved.find("identity"); identity != samples.reserved.end()) {
    summary["people"] =
        std::set<std::string>(identity->second.begin(), identity->second.end()).size();
  }
  summary["attributes"] = Json::array();
  for (std::size_t i = 0; i < samples.attributes.size(); ++i) {
    summary["attributes"].push_back(attribute_summary(samples, i));
  }
  return summary;
}

Result<std::string> render_report(const ReportInputs& inputs) {
  if (inputs.images != "none") {
    return fail(ErrorCode::kInvalidArgument,
                "'" + printable(inputs.images) + "' is not a way to show pictures", "--images",
                "use none: a report holds no faces");
  }
  std::vector<MeasureTable> tables;
  if (inputs.assessment != nullptr) tables = measure_tables(*inputs.assessment, inputs.pipeline);
  HtmlWriter page;
  write_headline(page, inputs);
  write_findings(page, inputs);
  write_pipeline(page, inputs);
  write_groups(page, inputs, tables);
  write_comparisons(page, inputs);
  write_sensitivity(page, inputs);
  write_outcomes(page, inputs);
  write_conventions(page, inputs);
  write_limits(page, inputs);
  write_provenance(page, inputs);
  return assemble_page({page_title(inputs), page.take(), dump_for_script(page_data(inputs, tables)),
                        contents_of(inputs)});
}

}  // namespace dl
