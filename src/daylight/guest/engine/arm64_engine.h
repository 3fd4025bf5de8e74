// SPDX-License-Identifier: Apache-2.0
// Runs arm64 code on another processor: dynarmic translates it as it goes.
#pragma once

#include <memory>

#include "daylight/guest/engine/guest_engine.h"

namespace dl::guest {

// Processors of one guest: one for each thread and nested call at a time.
inline constexpr std::size_t kMaxGuestCpus = 256;
// Translated code of one processor.
inline constexpr std::size_t kGuestCodeCache = std::size_t{64} << 20;
// Of the processors after the first few: a guest with a hundred threads has little to translate in
// each, and its jail has limits.
inline constexpr std::size_t kSmallCodeCache = std::size_t{8} << 20;
inline constexpr std::size_t kLargeCaches = 8;

// The instructions that phones of the oldest supported kind have, and what the engine adds for
// newer ones (arm64_missing_instructions.h). Faults of the guest, and of host functions that the
// guest gave bad pointers, become a GuestFault; the process lives on. One engine for a process at a
// time: it owns the handler of SIGSEGV and SIGBUS while it lives. The arena must outlive it.
Result<std::unique_ptr<GuestEngine>> make_arm64_engine(GuestArena& arena,
                                                       const GuestEngineOptions& options = {});

}  // namespace dl::guest
