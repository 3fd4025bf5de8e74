// SPDX-License-Identifier: Apache-2.0
// Artifacts of one case -> one self-contained HTML page for an auditor.
#pragma once

#include <string>

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/predictions.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/artifact/samples.h"
#include "daylight/base/json.h"
#include "daylight/base/result.h"

namespace dl {

// What a page is made from. Every part may be absent; the page then says what is missing and which
// verb makes it. The pointers are borrowed for the call.
struct ReportInputs {
  const Inventory* inventory = nullptr;
  const ProbePlan* plan = nullptr;
  const Pipeline* pipeline = nullptr;
  const Predictions* predictions = nullptr;
  const Assessment* assessment = nullptr;
  Json samples_summary = nullptr;  // from summarise_samples(), or null
  Json verification = nullptr;     // verification.json, or null
  // Pictures of people in the page. Only "none" is offered: faces are biometric data.
  std::string images = "none";
};

// {"rows": n, "people": n (distinct `identity`, where that column exists), "attributes": [{"name",
// "values": [{"value", "n"}], "missing": n}]}; values in the order of their names; an attribute
// with more than kMaxSummaryValues values has "distinct" instead of "values".
inline constexpr std::size_t kMaxSummaryValues = 40;
Json summarise_samples(const Samples& samples);

// The whole page as UTF-8. It loads nothing, runs one script of its own (allowed by digest in its
// content security policy) and can be read without it. Equal inputs give equal bytes.
// kInvalidArgument for an unknown `images`.
Result<std::string> render_report(const ReportInputs& inputs);

}  // namespace dl
