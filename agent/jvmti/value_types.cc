// SPDX-License-Identifier: Apache-2.0
// A table that only grows: records point into it.
#include "value_types.h"

#include <map>
#include <mutex>
#include <utility>

namespace dl::jvmti {

const ValueType* value_type(std::string type, std::string dtype) {
  static std::mutex mutex;
  static auto* const known = new std::map<std::pair<std::string, std::string>, ValueType>;
  static const auto* const other = new ValueType{"object", ""};
  if (type.size() > kMaxTraceTextBytes) type.resize(kMaxTraceTextBytes);
  const std::scoped_lock lock(mutex);
  if (const auto found = known->find({type, dtype}); found != known->end()) return &found->second;
  if (known->size() >= kMaxValueTypes) return other;
  ValueType value{type, dtype};
  return &known->emplace(std::pair(std::move(type), std::move(dtype)), std::move(value))
              .first->second;
}

}  // namespace dl::jvmti
