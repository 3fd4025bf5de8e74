// SPDX-License-Identifier: Apache-2.0
// A user's own words on how to call an app: docs/formats/harness.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "daylight/artifact/probe_plan.h"
#include "daylight/base/json.h"
#include "daylight/base/result.h"

namespace dl::capture {

// Values in values, and values of one entry.
inline constexpr int kMaxHarnessDepth = 8;
inline constexpr std::size_t kMaxHarnessValues = 256;

// One method to call. Values are checked, and are for the app's process to make.
struct HarnessEntry {
  Entry entry;
  Json receiver = nullptr;  // a value; null: static, or by the simplest constructor
  Json args = nullptr;      // a list of values; null: by the parameters' types
  Json before = nullptr;    // a list of values to make once, before the first picture
};

// What a plan's entry is as one: all by the parameters' types and the plan's constants.
HarnessEntry harness_of(const Entry& entry);

// kInvalidArgument for what is no harness, with the place in it.
Result<std::vector<HarnessEntry>> harness_from_json(const Json& json, const std::string& where);
Result<std::vector<HarnessEntry>> read_harness(const std::filesystem::path& file);

}  // namespace dl::capture
