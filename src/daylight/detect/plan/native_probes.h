// SPDX-License-Identifier: Apache-2.0
// Probes at the border of Java and native code and inside libraries.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/artifact/probe_plan.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// Probes inside libraries of one plan; more become a gap.
inline constexpr std::size_t kMaxLibraryProbes = 2000;

// A native method of Java that is worth watching, and why.
struct WatchedNative {
  program::MethodId method = program::kNoId;
  std::string role;
  std::vector<std::string> why;
};

// The app's native methods that lead to calls of machine learning in native code (by JNI name or
// RegisterNatives, as the inventory's evidence says), those whose name made a task, and those of
// the same classes that take or give pixels. In order of method id.
std::vector<WatchedNative> watched_natives(const program::AppCode& code,
                                           const Inventory& inventory);

// Functions of the native calls of the inventory: exports and imports by symbol, others by offset
// with the build-id or, without one, the SHA-256 of the very file; and the platform's functions by
// which those libraries open files. By selector; without ids and limits.
std::vector<Probe> library_probes(const program::AppPackage& app, const Inventory& inventory,
                                  std::vector<Gap>& gaps);

}  // namespace dl
