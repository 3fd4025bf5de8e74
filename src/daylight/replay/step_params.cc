// SPDX-License-Identifier: Apache-2.0
// Typed access to the JSON object of a step's parameters.
#include "daylight/replay/step_params.h"

#include <cmath>

#include "daylight/base/text.h"

namespace dl {
namespace {

constexpr std::size_t kMaxListLength = 100'000;

}  // namespace

const Json* StepParams::find(const char* name) const {
  if (!params_.is_object()) return nullptr;
  const auto found = params_.find(name);
  return found == params_.end() || found->is_null() ? nullptr : &*found;
}

bool StepParams::has(const char* name) const { return find(name) != nullptr; }

tl::unexpected<Error> StepParams::refuse(const std::string& what, ErrorCode code) const {
  return fail(code, what, "step '" + printable(step_id_) + "' (" + printable(op_) + ")");
}

tl::unexpected<Error> StepParams::wrong(const char* name, const std::string& wanted) const {
  const std::string state = has(name) ? "is not " : "is missing; it should be ";
  return refuse(std::string("the parameter '") + name + "' " + state + wanted);
}

Result<std::int64_t> StepParams::integer(const char* name, std::int64_t low,
                                         std::int64_t high) const {
  const Json* found = find(name);
  const std::string wanted =
      "an integer from " + std::to_string(low) + " to " + std::to_string(high);
  if (found == nullptr || !found->is_number_integer()) return wrong(name, wanted);
  const auto value = found->get<std::int64_t>();
  if (value < low || value > high) return wrong(name, wanted);
  return value;
}

Result<std::int64_t> StepParams::integer_or(const char* name, std::int64_t otherwise,
                                            std::int64_t low, std::int64_t high) const {
  return has(name) ? integer(name, low, high) : Result<std::int64_t>(otherwise);
}

Result<double> StepParams::number(const char* name) const {
  const Json* found = find(name);
  if (found == nullptr || !found->is_number()) return wrong(name, "a number");
  return found->get<double>();
}

Result<double> StepParams::number_or(const char* name, double otherwise) const {
  return has(name) ? number(name) : Result<double>(otherwise);
}

Result<std::string> StepParams::text(const char* name) const {
  const Json* found = find(name);
  if (found == nullptr || !found->is_string()) return wrong(name, "a text");
  return found->get<std::string>();
}

Result<std::string> StepParams::text_or(const char* name, const std::string& otherwise) const {
  return has(name) ? text(name) : Result<std::string>(otherwise);
}

Result<bool> StepParams::flag_or(const char* name, bool otherwise) const {
  const Json* found = find(name);
  if (found == nullptr) return otherwise;
  if (!found->is_boolean()) return wrong(name, "true or false");
  return found->get<bool>();
}

Result<std::vector<float>> StepParams::numbers(const char* name) const {
  const Json* found = find(name);
  if (found == nullptr) return wrong(name, "a list of numbers");
  if (found->is_number()) return std::vector<float>{found->get<float>()};
  if (!found->is_array() || found->empty() || found->size() > kMaxListLength) {
    return wrong(name, "a list of numbers");
  }
  std::vector<float> values;
  for (const Json& entry : *found) {
    if (!entry.is_number()) return wrong(name, "a list of numbers");
    values.push_back(entry.get<float>());
  }
  return values;
}

Result<std::vector<std::int64_t>> StepParams::integers(const char* name) const {
  const Json* found = find(name);
  if (found == nullptr) return wrong(name, "a list of integers");
  if (found->is_number_integer()) return std::vector<std::int64_t>{found->get<std::int64_t>()};
  if (!found->is_array() || found->empty() || found->size() > kMaxListLength) {
    return wrong(name, "a list of integers");
  }
  std::vector<std::int64_t> values;
  for (const Json& entry : *found) {
    if (!entry.is_number_integer()) return wrong(name, "a list of integers");
    values.push_back(entry.get<std::int64_t>());
  }
  return values;
}

Result<std::vector<std::string>> StepParams::texts(const char* name) const {
  const Json* found = find(name);
  if (found == nullptr || !found->is_array() || found->empty() || found->size() > kMaxListLength) {
    return wrong(name, "a list of texts");
  }
  std::vector<std::string> values;
  for (const Json& entry : *found) {
    if (!entry.is_string()) return wrong(name, "a list of texts");
    values.push_back(entry.get<std::string>());
  }
  return values;
}

}  // namespace dl
