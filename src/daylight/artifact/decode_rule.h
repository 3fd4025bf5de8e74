// SPDX-License-Identifier: Apache-2.0
// How a source reads one value of a call: "arg1=tensor dtype=float32 shape=1x200x200x3 dir=in".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/length_expression.h"

namespace dl {

// Dimensions of one shape.
inline constexpr std::size_t kMaxDecodeDimensions = 16;

enum class PassDirection { kUnsaid, kIn, kOut, kBoth };

struct DecodeRule {
  // An argument from 0, or one of these.
  static constexpr int kThis = -1;
  static constexpr int kResult = -2;
  int place = 0;
  // tensor|bitmap|image|bytes|float-array|int-array|text|json|number|address|object|objects.
  // `address` is a native pointer, `object` the fields of one object, `objects` those of a list's.
  std::string kind;
  std::string dtype = {};                       // as TensorInfo::dtype; empty: unknown
  std::vector<std::int64_t> shape = {};         // -1 is dynamic; empty: unknown
  std::string layout = {};                      // nhwc|nchw|nv21|rgba ...; empty: unknown
  std::optional<LengthExpression> length = {};  // bytes, where the value itself does not say
  PassDirection direction = PassDirection::kUnsaid;

  friend bool operator==(const DecodeRule&, const DecodeRule&) = default;
};

// kCorrupt for what docs/formats/probe_plan.md does not list.
Result<DecodeRule> parse_decode_rule(std::string_view text);
// parse_decode_rule() of it gives the same rule.
std::string print_decode_rule(const DecodeRule& rule);

}  // namespace dl
