// SPDX-License-Identifier: Apache-2.0
// Work that would destroy or mix what a user has: refused before it begins.
#pragma once

#include <filesystem>
#include <vector>

#include "daylight/artifact/pipeline.h"
#include "daylight/base/result.h"
#include "daylight/cli/case_folder.h"
#include "daylight/cli/options.h"
#include "daylight/program/package/app_package.h"

namespace dl::cli {

// kInvalidArgument where `out` is a folder, or the same file as one of `inputs` (also by another
// path, a link or a second name). An empty `out` is fine.
Result<void> refuse_input_as_out(const std::filesystem::path& out,
                                 const std::vector<std::filesystem::path>& inputs);

// kInvalidArgument where `folder` is a file, or a folder with files in it that nobody said may be
// mixed with ours (`force`). An empty path is fine.
Result<void> refuse_filled_folder(const std::filesystem::path& folder, bool force);

// kInvalidArgument where the case was begun with other bytes than this app's. A case without an
// artifact that names an app is of no app yet.
Result<void> refuse_another_app(const CaseFolder& folder, const program::AppPackage& app);

// kInvalidArgument where `out` is a table that `samples import` did not write, or that was changed
// after it did: there is no <out>.meta.json with the digest of the table.
Result<void> refuse_hand_made_table(const std::filesystem::path& out);

// kInvalidArgument where a resize kernel has no such name.
Result<void> refuse_unknown_kernels(const ReplayFlags& flags);

// kInvalidArgument where a flag names a head that the pipeline does not have.
Result<void> refuse_unknown_heads(const AssessFlags& flags, const Pipeline& pipeline);

}  // namespace dl::cli
