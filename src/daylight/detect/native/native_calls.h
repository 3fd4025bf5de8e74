// SPDX-License-Identifier: Apache-2.0
// Calls of machine learning in native code: which function of which library, and from which Java
// method it is reached.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/log.h"
#include "daylight/detect/native/native_anchors.h"
#include "daylight/detect/native/native_entries.h"
#include "daylight/detect/native/native_hits.h"
#include "daylight/detect/signals/signals.h"

namespace dl {

// Entries of one library that are named as evidence of one call; the last line counts the others.
inline constexpr std::size_t kMaxEntriesNamed = 6;
// Functions of one chain that are shown; longer ones are cut in the middle.
inline constexpr std::size_t kMaxChainSteps = 24;

struct NativeCallFindings {
  std::vector<CallRecord> calls;  // without ids; by library, then anchor, then function
  std::vector<Gap> gaps;
};

// Looks at one library after the other. A call's `api` is "native:" with the framework and its
// function ("native:tflite.TfLiteInterpreterInvoke"), or with the anchor's id where the runtime is
// linked in without names ("native:tflite.run"); `caller` is "lib/arm64-v8a/libx.so!function", and
// the evidence holds the instruction, the chain of functions from the best entry, and the path to
// the Java method. A call is reachable if a reached Java method enters a function that leads to it.
// In a framework's own library only those calls count to which a native method of the app leads:
// the rest is the framework's inside. Not thread safe; context and anchors must outlive it.
class NativeCalls {
 public:
  explicit NativeCalls(const CodeContext& context,
                       const NativeAnchors& anchors = NativeAnchors::builtin());

  // Reads the library's code if an anchor's symbol or text is in it; without, it costs one pass
  // over its data. `chain` leads to it from the outermost file (AppPackage::chain_of). Machines
  // whose code is not read become a gap.
  void add_library(const ElfFile& elf, const std::vector<std::string>& chain);
  // The findings; once.
  NativeCallFindings finish();

 private:
  struct Library;
  void add_hit(const Library& library, const NativeHit& hit);

  const CodeContext& context_;
  NativeHitFinder finder_;
  JavaNatives natives_;
  NativeCallFindings out_;
  std::map<std::string, std::string> read_;                  // entry by file name
  std::vector<std::pair<std::string, std::string>> unread_;  // entry, and why
};

// All entries of the app that are called "*.so", wherever they lie (code may load them from its
// data), in the order of AppPackage. kCancelled if the user stops.
Result<NativeCallFindings> native_calls(const CodeContext& context, LogSink& log);

}  // namespace dl
