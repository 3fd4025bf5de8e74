// SPDX-License-Identifier: Apache-2.0
// From the JSON of an answer to a row.
#include "daylight/capture/jvm/jvm_answers.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace dl::capture {
namespace {

constexpr std::size_t kMaxScores = 4096;
constexpr std::size_t kMaxLabel = 200;

bool returns_floats(const Entry& entry) { return entry.descriptor.ends_with('F'); }

std::optional<double> number_of(const Json& value, bool is_float) {
  if (!value.is_number()) return std::nullopt;
  const double wide = value.get<double>();
  const double out = is_float ? static_cast<double>(static_cast<float>(wide)) : wide;
  if (!std::isfinite(out) || std::abs(out) > kMaxPredictionValue) return std::nullopt;
  return out;
}

std::optional<std::vector<double>> scores_of(const Json& answer, bool is_float) {
  // An array in an array of one is the shape of a model's output.
  const bool wrapped = answer.is_array() && answer.size() == 1 && answer[0].is_array();
  const Json& value = wrapped ? answer[0] : answer;
  if (!value.is_array() || value.empty() || value.size() > kMaxScores) return std::nullopt;
  std::vector<double> out;
  for (const Json& each : value) {
    const auto number = number_of(each, is_float);
    if (!number) return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

}  // namespace

std::string text_at(const Json& answer, const char* key) {
  if (!answer.is_object()) return "";
  const auto found = answer.find(key);
  return found != answer.end() && found->is_string() ? found->get<std::string>() : "";
}

Json list_at(const Json& answer, const char* key) {
  if (!answer.is_object()) return Json::array();
  const auto found = answer.find(key);
  return found != answer.end() && found->is_array() ? *found : Json::array();
}

std::string head_of(const Entry& entry) {
  std::string name = entry.klass;
  if (name.starts_with('L') && name.ends_with(';')) name = name.substr(1, name.size() - 2);
  const std::size_t last = name.find_last_of("/.");
  return (last == std::string::npos ? name : name.substr(last + 1)) + "." + entry.method;
}

Prediction prediction_of(const std::string& file, const Entry& entry, const Json& answer) {
  Prediction out;
  out.file = file;
  out.head = head_of(entry);
  out.source = "captured";
  if (!answer.is_object() || !answer.contains("value")) {
    const bool late =
        text_at(answer, "error").find("a native call took longer") != std::string::npos;
    out.status = late ? PredictionStatus::kTimeout : PredictionStatus::kCrash;
    return out;
  }
  const Json& value = answer["value"];
  const bool is_float = returns_floats(entry);
  if (const auto number = number_of(value, is_float)) {
    out.value = *number;
  } else if (const auto scores = scores_of(value, is_float)) {
    const auto best = std::max_element(scores->begin(), scores->end());
    out.label = std::to_string(best - scores->begin());
    out.score = *best;
  } else if (value.is_string() && !value.get<std::string>().empty() &&
             value.get<std::string>().size() <= kMaxLabel) {
    out.label = value.get<std::string>();
  } else {
    out.status = PredictionStatus::kParseError;
  }
  return out;
}

}  // namespace dl::capture
