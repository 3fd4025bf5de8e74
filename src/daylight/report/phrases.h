// SPDX-License-Identifier: Apache-2.0
// How the report words things: measures, numbers, places, steps. One place, so that page and
// terminal say the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/assessment.h"
#include "daylight/artifact/inventory.h"
#include "daylight/artifact/pipeline.h"

namespace dl {

// What the numbers of a measure are: a proportion of people, an amount in the head's unit, or a
// bare number.
enum class MeasureUnit { kProportion, kYears, kPlain };

// One measure of one head: the key under which estimates, disparities and charts meet.
struct Measure {
  std::string head;
  std::string metric;
  std::string label = {};
  std::string denominator = "all";

  friend bool operator==(const Measure&, const Measure&) = default;
};
Measure measure_of(const Estimate& estimate);

// "Accuracy", "Mean absolute error", "True positive rate of \u201cFemale\u201d"; an unknown metric
// by its own name.
std::string measure_title(const Measure& measure);
// One sentence that says what the measure is; empty for an unknown metric.
std::string measure_explanation(const Measure& measure);
// The metric whose unit is that of the answers themselves.
inline constexpr const char* kAnswerItself = "mean_value";
MeasureUnit measure_unit(const Measure& measure, const Pipeline* pipeline);
// Whether more is better (+1), less is better (-1), or neither (0: signed error, selection rate).
int measure_direction(const std::string& metric);
// Measures that a reader sees first: accuracy, or mean absolute error. Lower is earlier.
int measure_rank(const Measure& measure);

// "93.1%", "7.31", with a real minus sign; an absent value is an en dash.
std::string format_value(const std::optional<double>& value, MeasureUnit unit);
// "90.2% to 95.4%"; an en dash where an end is absent.
std::string format_interval(const std::optional<double>& low, const std::optional<double>& high,
                            MeasureUnit unit);
// As format_value, signed, and proportions in percentage points: "+3.1 pp".
std::string format_change(const std::optional<double>& value, MeasureUnit unit);
// "0.013", "< 0.001".
std::string format_p(const std::optional<double>& p);
// "12 345".
std::string format_count(std::uint64_t count);
std::string format_bytes(std::uint64_t bytes);
std::string unit_suffix(MeasureUnit unit);  // " years" or ""

// "everyone" for the empty group.
std::string group_name(const std::string& group);
// "race&gender" -> "race and gender".
std::string attribute_name(const std::string& attribute);
// "face-detection" -> "face detection".
std::string task_name(const std::string& task);
// As task_name; "other" is "a model whose purpose is not known".
std::string task_phrase(const std::string& task);
// The task of a model that no rule has a purpose for.
inline constexpr std::string_view kUnknownTask = "other";
// "present in the app", "reachable from an entry point", "seen to run", "seen to answer".
std::string use_phrase(Use use);
// "file › entry › entry".
std::string place(const std::string& file, const std::vector<std::string>& entry);
// "float32 [1, 200, 200, 3]".
std::string tensor_phrase(const TensorInfo& tensor);
// The first 12 digits of a digest.
std::string short_digest(const std::string& digest);
// First letter in upper case (ASCII).
std::string capitalised(std::string text);

}  // namespace dl
