// SPDX-License-Identifier: Apache-2.0
// Models that an app decrypts in native code: functions with a loop of exclusive ors, and their
// callers, are run in a closed box on the bytes that no reader understands, and what comes out is
// proved by structure.
#pragma once

#include <cstdint>

#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/detect/scan/entry_scan.h"
#include "daylight/detect/signals/signals.h"
#include "daylight/program/native_machine/native_step.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// Blobs of one app that are tried, and functions of one library that are tried on each.
inline constexpr std::size_t kMaxNativeBlobs = 48;
inline constexpr std::size_t kMaxNativeFunctionsTried = 96;
// Largest blob that is tried, and largest library that is read for it.
inline constexpr std::uint64_t kMaxNativeBlobSize = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kMaxCipherLibrary = std::uint64_t{64} << 20;
// First bytes of a larger blob on which a function shows whether it decrypts.
inline constexpr std::uint64_t kNativeTrialSize = 16'384;
// Instructions of all trials on first bytes, and of all runs on whole blobs.
inline constexpr std::uint64_t kMaxNativeTrialSteps = 200'000'000;
inline constexpr std::uint64_t kMaxNativeWholeSteps = 1'000'000'000;

// Reads entries of the app for code that is run (NativeEntryReader). The app must outlive it.
program::NativeEntryReader native_entry_reader(const program::AppPackage& app);

// Puts the models that the app's native code decrypts where `entries` has records of format
// "unknown" or gaps: with the steps that lead to them, their keys where these repeat, and the
// functions as evidence. Costs nothing where every blob is explained. Libraries for 32 bits are a
// gap where none for 64 bits has their name. kCancelled if the user stops.
Result<void> open_models_of_native_code(const CodeContext& context, LogSink& log,
                                        EntryFindings& entries);

}  // namespace dl
