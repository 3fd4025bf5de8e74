// SPDX-License-Identifier: Apache-2.0
// The bytes of a model by its chain of containers, also where a step is the app's own native code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/result.h"
#include "daylight/format/archive/container.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// As AppPackage::located_bytes; a step "~native@" (native_step.h), of which a chain has at most
// one, is followed by running the function in a closed box. The failures of both.
Result<Content> located_model(const program::AppPackage& app,
                              const std::vector<std::string>& entry_chain, std::uint64_t offset,
                              std::uint64_t size);

}  // namespace dl
