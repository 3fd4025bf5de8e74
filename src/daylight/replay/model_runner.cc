// SPDX-License-Identifier: Apache-2.0
// Checks that hold for every engine.
#include "daylight/replay/model_runner.h"

#include <algorithm>

namespace dl {
namespace {

// Elements of a shape, a free dimension being one, as the library allocates it at first.
std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) count *= dimension == -1 ? 1 : dimension;
  return count;
}

// Whether every dimension agrees, a free one with any.
bool same_but_for_free(const std::vector<std::int64_t>& declared,
                       const std::vector<std::int64_t>& given) {
  return declared.size() == given.size() &&
         std::equal(declared.begin(), declared.end(), given.begin(),
                    [](std::int64_t a, std::int64_t b) { return a == b || a == -1; });
}

}  // namespace

Result<void> ModelRunner::accepts(std::size_t index, ElementType type,
                                  const std::vector<std::int64_t>& shape) const {
  const auto& specs = inputs();
  if (index >= specs.size()) {
    return fail(ErrorCode::kInvalidArgument, "the model has " + std::to_string(specs.size()) +
                                                 " inputs, no input " + std::to_string(index));
  }
  const TensorSpec& spec = specs[index];
  const bool fits =
      element_count(spec.shape) == element_count(shape) || same_but_for_free(spec.shape, shape);
  if (spec.type == type && fits) return {};
  return fail(ErrorCode::kInvalidArgument, "the model wants " +
                                               describe_tensor(spec.type, spec.shape) + ", not " +
                                               describe_tensor(type, shape));
}

}  // namespace dl
