// SPDX-License-Identifier: Apache-2.0
// The data block of the page: what its script draws the graph and the charts from.
#pragma once

#include <string>
#include <vector>

#include "daylight/base/json.h"
#include "daylight/report/measure_table.h"
#include "daylight/report/reporter.h"

namespace dl {

// {"graph": {nodes, edges, heads} | null, "charts": [...]}: see docs/formats/report.md. Chart i is
// tables[i]. Every text is printable already. Numbers that are not finite are null.
Json page_data(const ReportInputs& inputs, const std::vector<MeasureTable>& tables);

// JSON for a <script type="application/json"> element: no `<`, `>` or `&` and no line separators
// stand in it, so nothing in it can end the element.
std::string dump_for_script(const Json& value);

}  // namespace dl
