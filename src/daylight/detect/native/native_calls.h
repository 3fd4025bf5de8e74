// SPDX-License-Identifier: Apache-2.0
// Calls of machine learning in native code: which function of which library, and from which Java
// method it is reached.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/detect/native/native_anchors.h"
#include "daylight/detect/native/native_entries.h"
#include "daylight/detect/native/native_hits.h"
#include "daylight/detect/scan/library_visitor.h"
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

// Looks at each library by itself. A call's `api` is "native:" with the framework and its
// function ("native:tflite.TfLiteInterpreterInvoke"), or with the anchor's id where the runtime is
// linked in without names ("native:tflite.run"); `caller` is "lib/arm64-v8a/libx.so!function", and
// the evidence holds the instruction, the chain of functions from the best entry, and the path to
// the Java method. A call is reachable if a reached Java method enters a function that leads to it.
// In a framework's own library only those calls count to which a native method of the app leads:
// the rest is the framework's inside. Context and anchors must outlive it.
class NativeCalls : public LibraryVisitor {
 public:
  explicit NativeCalls(const CodeContext& context,
                       const NativeAnchors& anchors = NativeAnchors::builtin());

  // Reads the library's code if an anchor's symbol or text is in it; without, it costs one pass
  // over its data. Machines whose code is not read become a gap. Thread safe.
  void visit(std::size_t position, const ElfFile& elf,
             const std::vector<std::string>& chain) override;
  // The findings, by position; once, after the last visit.
  NativeCallFindings finish();

 private:
  struct Library;
  // What one library gives.
  struct LibraryCalls {
    std::string entry;
    std::string unread;  // why its code was not read; empty: it was
    std::vector<CallRecord> calls;
    std::vector<Gap> gaps;
  };
  void add_hit(const Library& library, const NativeHit& hit, LibraryCalls& out) const;

  const CodeContext& context_;
  NativeHitFinder finder_;
  JavaNatives natives_;
  std::mutex mutex_;  // guards what follows
  std::map<std::size_t, LibraryCalls> found_;
};

}  // namespace dl
