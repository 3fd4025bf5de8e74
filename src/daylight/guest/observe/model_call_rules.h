// SPDX-License-Identifier: Apache-2.0
// Functions that take models from memory, as data: rules/model_calls.json.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/text_pattern.h"
#include "daylight/base/result.h"

namespace dl::guest {

// Arguments of a call that a rule can name.
inline constexpr std::size_t kModelCallArguments = 8;

struct ModelCallRule {
  enum class Holds { kMemory, kDirectBuffer, kByteArray };
  std::string id;
  std::vector<TextPattern> symbols;
  std::size_t buffer = 0;  // number of the argument, from 0
  Holds holds = Holds::kMemory;
  std::optional<std::size_t> length;  // the argument with the number of bytes
  bool length_is_result = false;      // the function returns it
  // It returns an object in memory that the caller gives: on x86-64 its address is the first
  // argument, on arm64 it has a register of its own.
  bool returns_object = false;
  std::vector<std::string> formats;  // what the bytes may be, tried in order
  // The format under which bytes are kept that no reader knows, where a length is said; "" for
  // none.
  std::string unread;
};

// kCorrupt or kUnsupported, naming the entry.
Result<std::vector<ModelCallRule>> parse_model_call_rules(std::string_view json,
                                                          const std::string& where);
// Those of this build.
const std::vector<ModelCallRule>& builtin_model_call_rules();

}  // namespace dl::guest
