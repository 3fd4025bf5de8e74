// SPDX-License-Identifier: Apache-2.0
// The estimates of an assessment sorted into one table for each measure: what charts, tables and
// the summary are drawn from.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/report/phrases.h"

namespace dl {

// One group's number; `stands_out` when its difference from the rest is significant after the
// correction for many tests.
struct MeasureRow {
  const Estimate* estimate = nullptr;
  bool stands_out = false;
};

struct MeasureTable {
  Measure measure;
  MeasureUnit unit = MeasureUnit::kPlain;
  // What a reader sees first has a low rank: measure_rank(), and the variant without failures after
  // all others where there is also one with them.
  int rank = 0;
  const Estimate* everyone = nullptr;  // may be absent
  std::vector<MeasureRow> rows;        // groups, in the artifact's order
};

// One table for each measure: heads in the order of the artifact, then by rank, then in the
// artifact's order. The estimates are borrowed from `assessment`; `pipeline` may be null and only
// tells units.
std::vector<MeasureTable> measure_tables(const Assessment& assessment, const Pipeline* pipeline);

// 0.95 and 0.05 where the settings do not say.
double confidence_of(const Assessment& assessment);
double false_discovery_rate_of(const Assessment& assessment);

// True if the comparison is significant after correction.
bool is_significant(const Disparity& disparity, double false_discovery_rate);

}  // namespace dl
