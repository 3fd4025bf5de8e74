// SPDX-License-Identifier: Apache-2.0
// The folder of `guest trace` once the guest's process is gone: that process could write there what
// it liked.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "daylight/cli/guest_answer_check.h"

namespace dl::cli {

// Folders inside of folders that are looked through.
inline constexpr std::size_t kMaxLeavingsDepth = 512;
// What is told one by one.
inline constexpr std::size_t kMaxToldLeavings = 100;

// Takes away what no run of ours makes: links, pipes, devices and sockets wherever they are, and in
// OUT, OUT/trace and OUT/models every other name than those of a trace and of models. Below
// OUT/files names are the guest's own. Files there lose the bits that would run them as their
// owner. No link is followed. What was taken away, or could not be, in words, in order; empty where
// all is ours. Only when no process of the guest runs any more.
std::vector<std::string> clear_leavings(const std::filesystem::path& out);

// Whether `path`, relative to OUT, is a model's file that our process could have made, and a
// regular file is there.
bool is_traced_model(const std::filesystem::path& out, const std::string& path);
// The same of a file that the guest wrote, relative to OUT/files.
bool is_written_file(const std::filesystem::path& out, const std::string& path);

// Adds `leavings` to the answer's gaps, and takes out of it the files that are not there: each a
// gap too. Only after clear_leavings().
void settle_with_folder(CheckedAnswer& answer, const std::filesystem::path& out,
                        const std::vector<std::string>& leavings);

}  // namespace dl::cli
