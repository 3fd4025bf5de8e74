// SPDX-License-Identifier: Apache-2.0
// One library that was read: the ways from its entries to a place in its code, as evidence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/artifact/evidence.h"
#include "daylight/detect/native/native_entries.h"
#include "daylight/detect/native/native_hits.h"
#include "daylight/detect/signals/signals.h"
#include "daylight/program/native_code/native_code.h"

namespace dl {

// Entries of one library that are named as evidence of one call; the last line counts the others.
inline constexpr std::size_t kMaxEntriesNamed = 6;
// Functions of one chain that are shown; longer ones are cut in the middle.
inline constexpr std::size_t kMaxChainSteps = 24;
// Exported functions through which other libraries may come to one call; the rest is not followed.
inline constexpr std::size_t kMaxExportsOfCall = 64;

// "libx.so" of "lib/arm64-v8a/libx.so".
std::string_view library_file_name(std::string_view entry);

// One way to a place: an entry of the library that leads there.
struct NativeWay {
  const NativeEntry* entry = nullptr;
  program::MethodId method = program::kNoId;  // a reached one, else any, else none
  bool reached = false;
  std::uint32_t indirect = 0;
  std::uint32_t length = 0;
};

// Everything that it is made of must outlive it. Const methods are thread safe.
struct LibraryWays {
  const CodeContext& context;
  const program::NativeCode& code;
  const std::vector<std::string>& chain;  // of containers, to the library
  const std::vector<NativeEntry>& entries;

  const std::string& entry_name() const { return chain.back(); }
  std::string label(program::NativeNode node) const;
  Evidence evidence(const std::string& rule) const;
  // Whether the library is the framework's own build, not one into which it is linked.
  bool is_own_library(const std::string& framework) const;
  // The way that tells most comes first.
  std::vector<NativeWay> ways_to(const program::NativeClosure& closure) const;
  // Exported functions that lead there, and how; at most kMaxExportsOfCall, those with the
  // fewest steps.
  std::map<std::string, std::string> exports_to(const program::NativeClosure& closure) const;
  // "run -> +0x1f40 (called at 0x2000) -> ...".
  std::string chain_text(const program::NativeClosure& closure, program::NativeNode from) const;
  Evidence hit_evidence(const NativeHit& hit) const;
  // `ways` are not empty; `beyond` is what follows in another library, or empty.
  Evidence way_evidence(const program::NativeClosure& closure, const std::vector<NativeWay>& ways,
                        const std::string& beyond = {}) const;
};

}  // namespace dl
