// SPDX-License-Identifier: Apache-2.0
// Which code names a model's file, what stands around that code, and whether a path leads there.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/signals/signals.h"

namespace dl {

// Methods around a model's code that are looked at for strings.
inline constexpr std::size_t kMaxNearMethods = 400;

// A text close to a model's code: a constant string, or a string resource whose id is used.
struct NearString {
  program::MethodId method = program::kNoId;
  std::uint32_t pc = 0;
  std::string text;
};

// The code around one model, by the constant strings that are its file name.
struct ModelCode {
  std::vector<program::MethodId> naming;  // methods that use the file's name
  std::vector<program::MethodId>
      near;  // methods of the classes that load and run it, and those that call them
  std::vector<NearString> strings;  // used in `near`
};

// One for each model, in the same order. Fills use, origin and evidence of each model: `reachable`
// only where a path from the manifest leads to a method that names the model and the app runs
// models at all.
std::vector<ModelCode> link_models_to_code(const CodeContext& context,
                                           const std::vector<CallRecord>& calls,
                                           std::vector<ModelRecord>& models);

}  // namespace dl
