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

// Predictions without rows, of a replay of face crops with --resize-kernel `kernel`.
Predictions replayed_with(const std::string& kernel);

// The text with every run of spaces and line breaks as one space.
std::string one_line(const std::string& text);

// Aborts with a message if an artifact cannot be read: the fixture is part of the tree.
ReportFixture read_report_fixture();

}  // namespace dl::testing
