// SPDX-License-Identifier: Apache-2.0
// Reading a step's parameters: every wrong or missing one is an Error that names the step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daylight/artifact/pipeline.h"

namespace dl {

// Looks at a step that outlives it.
class StepParams {
 public:
  StepParams(const std::string& step_id, const std::string& op, const Json& params)
      : step_id_(step_id), op_(op), params_(params) {}

  const std::string& step_id() const { return step_id_; }
  const std::string& op() const { return op_; }
  const Json& json() const { return params_; }
  bool has(const char* name) const;

  // kInvalidArgument with the step's id where the parameter is absent or of another type or outside
  // [low, high].
  Result<std::int64_t> integer(const char* name, std::int64_t low, std::int64_t high) const;
  Result<std::int64_t> integer_or(const char* name, std::int64_t otherwise, std::int64_t low,
                                  std::int64_t high) const;
  Result<double> number(const char* name) const;
  Result<double> number_or(const char* name, double otherwise) const;
  Result<std::string> text(const char* name) const;
  Result<std::string> text_or(const char* name, const std::string& otherwise) const;
  Result<bool> flag_or(const char* name, bool otherwise) const;
  // A number counts as a list of one.
  Result<std::vector<float>> numbers(const char* name) const;
  Result<std::vector<std::int64_t>> integers(const char* name) const;
  Result<std::vector<std::string>> texts(const char* name) const;

  // An Error about this step.
  tl::unexpected<Error> refuse(const std::string& what,
                               ErrorCode code = ErrorCode::kInvalidArgument) const;

 private:
  const Json* find(const char* name) const;
  tl::unexpected<Error> wrong(const char* name, const std::string& wanted) const;

  const std::string& step_id_;
  const std::string& op_;
  const Json& params_;
};

}  // namespace dl
