// SPDX-License-Identifier: Apache-2.0
// What a guest's process sent, before anybody believes it: the code of the library that runs there
// may have written it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "daylight/base/json.h"
#include "daylight/base/result.h"

namespace dl::cli {

// The verbs whose process answers with JSON.
enum class AnswerKind { kNatives, kExports, kCall, kTrace };

// Values of one answer, members and elements counted: what a message of the largest size could
// otherwise make of this process's memory.
inline constexpr std::size_t kMaxAnswerValues = 4'000'000;

// An answer of the shape that ours has: all that is rendered is there and of its type. What it says
// may still be invented; see isolated().
class CheckedAnswer {
 public:
  // `isolated`: whether the library's code ran translated, and could not reach the process that
  // answered. It is put into the answer, in place of what the message says of it.
  // kCorrupt for what none of our processes sends, kLimit for more than kMaxAnswerValues.
  static Result<CheckedAnswer> read(AnswerKind kind, std::string_view message, bool isolated);

  const Json& json() const { return json_; }
  bool isolated() const { return json_["isolated"].get<bool>(); }
  // Whether something of the library ended with a fault.
  bool has_fault() const;

  void add_gap(const std::string& where, const std::string& why);
  // Of a trace: leaves out the files that are not there, of models the path only. Each is a gap.
  using IsThere = std::function<bool(const std::string& path)>;
  void keep_files(const IsThere& model, const IsThere& written);

 private:
  explicit CheckedAnswer(Json json) : json_(std::move(json)) {}

  Json json_;
};

// Outputs of a model, and whether an operation without a number as its result was met.
struct ModelOutputs {
  std::string bytes;
  bool nans_may_differ = false;

  std::string to_message() &&;
  // kCorrupt for what to_message() does not make.
  static Result<ModelOutputs> read(std::string message);
};

}  // namespace dl::cli
