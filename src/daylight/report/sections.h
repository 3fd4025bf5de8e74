// SPDX-License-Identifier: Apache-2.0
// The sections of the report page, in the order in which an auditor reads them. Each writes one
// <section>.
#pragma once

#include "daylight/report/html_writer.h"
#include "daylight/report/measure_table.h"
#include "daylight/report/reporter.h"

namespace dl {

// Verdicts, the app, the people: what a reader takes away who reads nothing else.
void write_headline(HtmlWriter& page, const ReportInputs& inputs);
// Models, tasks, frameworks, calls, each with location, use and evidence.
void write_findings(HtmlWriter& page, const ReportInputs& inputs);
// A place for the graph, and the steps of every head as a list with proof, evidence and
// alternatives.
void write_pipeline(HtmlWriter& page, const ReportInputs& inputs);
// For each head and measure: a place for the chart, and the table that it is drawn from. Chart i
// belongs to tables[i].
void write_groups(HtmlWriter& page, const ReportInputs& inputs,
                  const std::vector<MeasureTable>& tables);
// Answers and failures to answer, by group.
void write_outcomes(HtmlWriter& page, const ReportInputs& inputs);
// Each group against the rest, and the omnibus tests.
void write_comparisons(HtmlWriter& page, const ReportInputs& inputs);
// What the alternatives of the pipeline change, such as another resize kernel.
void write_sensitivity(HtmlWriter& page, const ReportInputs& inputs);
// How truth was read and which settings were in force.
void write_conventions(HtmlWriter& page, const ReportInputs& inputs);
// Limits of the assessment and gaps of every artifact.
void write_limits(HtmlWriter& page, const ReportInputs& inputs);
// Tool, versions, inputs by digest, options, runtime; and commands that make the same again.
void write_provenance(HtmlWriter& page, const ReportInputs& inputs);

}  // namespace dl
