// SPDX-License-Identifier: Apache-2.0
// The planted case that report tests read: an app with hostile names, two answers, one planted
// difference.
#pragma once

#include "daylight/report/reporter.h"

namespace dl::testing {

// The three artifacts beside this file, whole.
struct ReportFixture {
  Inventory inventory;
  Pipeline pipeline;
  Assessment assessment;
  Samples samples;

  ReportInputs inputs() const;
};

// Aborts with a message if an artifact cannot be read: the fixture is part of the tree.
ReportFixture read_report_fixture();

}  // namespace dl::testing
