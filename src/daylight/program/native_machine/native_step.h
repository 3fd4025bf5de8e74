// SPDX-License-Identifier: Apache-2.0
// The step of a chain of containers that only an app's own native code can do: a cipher whose key
// does not repeat. It is followed by running that function in a closed box (native_machine.h).
//
//   ~native@A+N:0xF:ARGS:BLOCK:LIBRARY   what the function at 0xF of the app's entry LIBRARY makes
//                                        of the N bytes from byte A on, called with ARGS
//                                        (NativeMachine::run), in block BLOCK
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daylight/base/result.h"
#include "daylight/format/archive/container.h"
#include "daylight/program/native_machine/native_machine.h"

namespace dl::program {

// Instructions that following one step may take.
inline constexpr std::uint64_t kMaxNativeStepInstructions = 1'000'000'000;
// A library that is run.
inline constexpr std::uint64_t kMaxNativeStepLibrary = std::uint64_t{256} << 20;
// Files that code reads besides the one in question: keys, tables.
inline constexpr std::uint64_t kMaxNativeSideFile = std::uint64_t{1} << 20;

struct NativeCipherStep {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t function = 0;
  std::string arguments;
  std::uint64_t block = 0;
  std::string library;  // an entry of the app
};

std::string native_step(const NativeCipherStep& step);
// Nothing for text that is no such step.
std::optional<NativeCipherStep> parse_native_step(std::string_view text);

// The app's entry of this name, if it has one of at most `limit` bytes; else null.
using NativeEntryReader =
    std::function<NativeFileBytes(const std::string& name, std::uint64_t limit)>;

// The input with its name, and the app's other files.
NativeWorld native_world(NativeEntryReader entries, const std::string& name, ByteSpan input);
// Enough for some passes over `size` bytes.
NativeRunLimits native_limits(std::uint64_t size);

// The content to which the step leads from `outer`, which the app calls `name`. kInvalidArgument
// for a step that is malformed, kNotFound without its library, kCorrupt where the run makes none.
Result<Content> open_native_step(const NativeEntryReader& entries, const Content& outer,
                                 const std::string& name, std::string_view step);

}  // namespace dl::program
