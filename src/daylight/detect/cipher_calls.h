// SPDX-License-Identifier: Apache-2.0
// Models that an app decrypts in its own code: its methods are run in a closed box on the bytes
// that no reader understands, and what comes out is proved by structure.
#pragma once

#include <cstdint>

#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/detect/scan/entry_scan.h"
#include "daylight/detect/signals/signals.h"

namespace dl {

// Blobs of one app that are tried, and methods that are tried on one of them.
inline constexpr std::size_t kMaxTriedBlobs = 48;
inline constexpr std::size_t kMaxTriedMethods = 64;
// Largest blob that is tried.
inline constexpr std::uint64_t kMaxTriedSize = std::uint64_t{64} << 20;
// First bytes of a blob on which a method shows whether it decrypts.
inline constexpr std::uint64_t kTrialSize = 16384;
// Instructions of all trials on first bytes, and of all runs on whole blobs.
inline constexpr std::uint64_t kMaxTrialSteps = 400'000'000;
inline constexpr std::uint64_t kMaxWholeSteps = 2'000'000'000;

// Puts the models that the app's code decrypts where `entries` has records of format "unknown" or
// gaps: with the steps that lead to them, their keys, and the methods as evidence. Where the code
// makes a model in a way that no step says, the record stays "encrypted" and a gap names the
// method. Then native code is tried on what is left (native_ciphers.h). kCancelled if the user
// stops.
Result<void> open_hidden_models(const CodeContext& context, LogSink& log, EntryFindings& entries);

}  // namespace dl
