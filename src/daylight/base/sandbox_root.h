// SPDX-License-Identifier: Apache-2.0
// The own root of a sandbox: a tree in which nothing exists but the paths that were listed.
#pragma once

#include <vector>

#include "daylight/base/result.h"
#include "daylight/base/sandbox_landlock.h"

namespace dl {

// Device files that every sandbox has.
std::vector<FileRule> sandbox_devices();

// Moves the calling process into a mount namespace of its own whose root is an empty read-only
// folder in memory with the listed paths in it, under their own names, read-only unless the rule is
// kScratch; symbolic links that lead out of the listed paths lead nowhere. `proc`: also /proc of
// the caller's own process namespace. `scratch_holds_code`: files there may be mapped as code.
// Afterwards the working folder is /, and nothing of the old root is reachable by any path. Needs
// CAP_SYS_ADMIN in the caller's user namespace. kNotFound for a listed path that is absent,
// kInvalidArgument for one that is not absolute, kUnsupported where the machine forbids it.
Result<void> enter_own_root(std::vector<FileRule> rules, bool proc, bool scratch_holds_code);

}  // namespace dl
