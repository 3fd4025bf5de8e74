// SPDX-License-Identifier: Apache-2.0
// Draws whole artifacts: every field takes values that its writers may give it.
#pragma once

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"
#include "daylight/artifact/probe_plan.h"

namespace dl::testing {

// To be called inside of a property. Text that the writers make printable is printable here, so
// that a record equals what is read back. Valid by their schemas.
Inventory drawn_inventory();
Pipeline drawn_pipeline();
ProbePlan drawn_probe_plan();
Assessment drawn_assessment();

}  // namespace dl::testing
