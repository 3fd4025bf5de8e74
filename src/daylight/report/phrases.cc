// SPDX-License-Identifier: Apache-2.0
// Wording of measures, numbers and places.
#include "daylight/report/phrases.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr const char* kAbsent = "\u2013";  // en dash
constexpr const char* kMinus = "\u2212";

struct MetricWords {
  std::string_view metric;
  std::string_view title;
  std::string_view of_label;  // how a label joins the title
  std::string_view explanation;
  bool proportion;
  int direction;
  int rank;
};

constexpr int kUnknownRank = 99;

constexpr std::array<MetricWords, 18> kMetrics = {{
    {"accuracy", "Accuracy", "for", "Share of people whose answer equals the truth.", true, 1, 0},
    {"mae", "Mean absolute error", "for",
     "Average distance between answer and truth, whichever way.", false, -1, 1},
    {"signed_error", "Signed error", "for",
     "Average of answer minus truth: above zero the app guesses too high, below zero too low.",
     false, 0, 2},
    {"mae_lower", "Least possible mean absolute error", "for",
     "Average distance if every true age lies at the end of its bracket that is nearer to the "
     "answer.",
     false, -1, 1},
    {"mae_upper", "Greatest possible mean absolute error", "for",
     "Average distance if every true age lies at the end of its bracket that is farther from the "
     "answer.",
     false, -1, 1},
    {"signed_error_lower", "Least possible signed error", "for",
     "Average of answer minus truth if every true age lies at the upper end of its bracket.", false,
     0, 2},
    {"signed_error_upper", "Greatest possible signed error", "for",
     "Average of answer minus truth if every true age lies at the lower end of its bracket.", false,
     0, 2},
    {"tpr", "True positive rate", "of",
     "Of the people who are this, the share that the app says are.", true, 1, 3},
    {"fpr", "False positive rate", "of",
     "Of the people who are not this, the share that the app says are.", true, -1, 4},
    {"fnr", "False negative rate", "of",
     "Of the people who are this, the share that the app says are not.", true, -1, 5},
    {"tnr", "True negative rate", "of",
     "Of the people who are not this, the share that the app says are not.", true, 1, 5},
    {"precision", "Precision", "of",
     "Of the people whom the app says are this, the share that are.", true, 1, 6},
    {"selection_rate", "Selection rate", "of", "Share of people to whom the app gives this answer.",
     true, 0, 7},
    {"failure_rate", "Failure rate", "for",
     "Share of people for whom the app gave no answer (no face, several faces, unreadable output).",
     true, -1, 8},
    {"rmse", "Root mean square error", "for",
     "Like the mean absolute error, with large misses weighing more.", false, -1, 9},
    {"median_absolute_error", "Median absolute error", "for",
     "Half of the people are missed by less than this.", false, -1, 9},
    {"within_5", "Within 5", "for",
     "Share of people whose answer is at most 5 away from the truth.", true, 1, 9},
    {"mean_value", "Mean answer", "for", "Average of the answers.", false, 0, 10},
}};

const MetricWords* words_of(const std::string& metric) {
  for (const MetricWords& words : kMetrics) {
    if (words.metric == metric) return &words;
  }
  return nullptr;
}

// fmt's "-" becomes the sign that is as wide as "+"; "-0.0" becomes "0.0".
std::string with_minus(std::string text) {
  if (text.empty() || text[0] != '-') return text;
  if (text.find_first_of("123456789") == std::string::npos) return text.substr(1);
  return kMinus + text.substr(1);
}

// Digits after the point so that small numbers keep two figures and large ones stay calm.
std::string plain_number(double value) {
  const double size = std::fabs(value);
  if (size != 0 && size < 0.01) return with_minus(fmt::format("{:.2g}", value));
  return with_minus(fmt::format("{:.{}f}", value, size < 100 ? 2 : 1));
}

}  // namespace

Measure measure_of(const Estimate& estimate) {
  return {estimate.head, estimate.metric, estimate.label, estimate.denominator};
}

std::string measure_title(const Measure& measure) {
  const MetricWords* words = words_of(measure.metric);
  std::string title =
      words != nullptr ? std::string(words->title) : capitalised(task_name(measure.metric));
  if (!measure.label.empty()) {
    title += fmt::format(" {} \u201c{}\u201d", words != nullptr ? words->of_label : "of",
                         printable(measure.label));
  }
  if (measure.denominator == "answered") title += ", of those answered";
  return title;
}

std::string measure_explanation(const Measure& measure) {
  const MetricWords* words = words_of(measure.metric);
  return words != nullptr ? std::string(words->explanation) : "";
}

MeasureUnit measure_unit(const Measure& measure, const Pipeline* pipeline) {
  const MetricWords* words = words_of(measure.metric);
  if (words != nullptr && words->proportion) return MeasureUnit::kProportion;
  if (measure.metric.ends_with("_rate") || measure.metric.starts_with("within_")) {
    return MeasureUnit::kProportion;
  }
  if (measure.head == "age") return MeasureUnit::kYears;
  if (pipeline != nullptr) {
    for (const Head& head : pipeline->heads) {
      if (head.name == measure.head && head.task == "age") return MeasureUnit::kYears;
    }
  }
  return MeasureUnit::kPlain;
}

int measure_direction(const std::string& metric) {
  const MetricWords* words = words_of(metric);
  return words != nullptr ? words->direction : 0;
}

int measure_rank(const Measure& measure) {
  const MetricWords* words = words_of(measure.metric);
  return words != nullptr ? words->rank : kUnknownRank;
}

std::string format_value(const std::optional<double>& value, MeasureUnit unit) {
  if (!value || !std::isfinite(*value)) return kAbsent;
  if (unit == MeasureUnit::kProportion)
    return with_minus(fmt::format("{:.1f}", *value * 100)) + "%";
  return plain_number(*value);
}

std::string format_interval(const std::optional<double>& low, const std::optional<double>& high,
                            MeasureUnit unit) {
  if (!low && !high) return kAbsent;
  return format_value(low, unit) + " to " + format_value(high, unit);
}

std::string format_change(const std::optional<double>& value, MeasureUnit unit) {
  if (!value || !std::isfinite(*value)) return kAbsent;
  const bool proportion = unit == MeasureUnit::kProportion;
  std::string text =
      proportion ? with_minus(fmt::format("{:.1f}", *value * 100)) : plain_number(*value);
  if (*value > 0 && text.find_first_of("123456789") != std::string::npos) text.insert(0, "+");
  return proportion ? text + " pp" : text;
}

std::string format_p(const std::optional<double>& p) {
  if (!p || !std::isfinite(*p)) return kAbsent;
  if (*p < 0.001) return "< 0.001";
  return fmt::format("{:.3f}", *p);
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, "\u202f");
  return digits;
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  const double kib = static_cast<double>(bytes) / 1024;
  if (kib < 1024) return fmt::format("{:.1f} KiB", kib);
  return fmt::format("{:.1f} MiB", kib / 1024);
}

std::string unit_suffix(MeasureUnit unit) { return unit == MeasureUnit::kYears ? " years" : ""; }

std::string group_name(const std::string& group) {
  return group.empty() ? "everyone" : printable(group);
}

std::string attribute_name(const std::string& attribute) {
  return printable(join(split(attribute, '&'), " and "));
}

std::string task_name(const std::string& task) {
  std::string name = printable(task);
  for (char& c : name) {
    if (c == '-' || c == '_') c = ' ';
  }
  return name;
}

std::string task_phrase(const std::string& task) {
  return task == kUnknownTask ? "a model whose purpose is not known" : task_name(task);
}

std::string use_phrase(Use use) {
  switch (use) {
    case Use::kPresent:
      return "present in the app; no path to it was found";
    case Use::kReachable:
      return "reachable from an entry point of the app";
    case Use::kExecuted:
      return "seen to run";
    case Use::kAnswered:
      return "seen to answer";
  }
  return "present";
}

std::string place(const std::string& file, const std::vector<std::string>& entry) {
  std::string text = printable(file);
  for (const std::string& part : entry) text += " \u203a " + printable(part);
  return text;
}

std::string tensor_phrase(const TensorInfo& tensor) {
  std::vector<std::string> dims;
  for (const std::int64_t dim : tensor.shape) dims.push_back(dim < 0 ? "?" : std::to_string(dim));
  std::string text = printable(tensor.dtype) + " [" + join(dims, ", ") + "]";
  if (tensor.quant_scale.size() == 1) {
    text += fmt::format(", scale {:.6g}", tensor.quant_scale[0]);
    if (tensor.quant_zero_point.size() == 1) {
      text += fmt::format(", zero point {}", tensor.quant_zero_point[0]);
    }
  } else if (!tensor.quant_scale.empty()) {
    text += ", quantised by channel";
  }
  return text;
}

std::string short_digest(const std::string& digest) { return printable(digest.substr(0, 12)); }

std::string capitalised(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace dl
