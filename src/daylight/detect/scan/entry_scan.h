// SPDX-License-Identifier: Apache-2.0
// One pass over every entry of an app and all that is packed inside: models by structure,
// frameworks inside native libraries, hints that nothing confirms.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/log.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/detect/scan/blob_scan.h"
#include "daylight/detect/scan/library_visitor.h"
#include "daylight/program/package/app_package.h"

namespace dl {

// A native method that a library implements by name: Java_pkg_Class_method.
struct NativeExport {
  std::string library;  // entry name
  std::string symbol;
  std::string method = {};  // its Java name, where a class file declares it and no DEX code is
};

struct EntryFindings {
  std::vector<ModelRecord> models;  // by entry name, then offset; without ids
  std::vector<FrameworkRecord>
      frameworks;  // one for each framework that a library shows, evidence of all libraries
  std::vector<NativeExport> jni_exports;  // of libraries that no framework explains
  std::vector<HiddenBlob> hidden;         // what no reader understands
  std::vector<Gap> gaps;
};

// Entries of one app are unpacked to so many times its size together, or to the allowance if that
// is more; those beyond are gaps.
inline constexpr std::uint64_t kMaxEntriesRatio = 200;
inline constexpr std::uint64_t kEntriesAllowance = std::uint64_t{1} << 30;

// What the containers inside one entry may unpack to whatever its size: this divided by the number
// of entries, between the two bounds. Many small bombs cost no more than one large one.
inline constexpr std::uint64_t kNestedAllowance = std::uint64_t{1} << 30;
inline constexpr std::uint64_t kMinNestedAllowance = std::uint64_t{64} << 10;

// Unpacks each entry once and looks at it and into it, on `threads` threads (0: one for each
// processor); the answer does not depend on their number. Entries that cannot be read are gaps. The
// visitor (or null) is shown every entry that is called "*.so" and is a library, wherever it lies:
// code may load it from its data. kCancelled if the user stops.
Result<EntryFindings> scan_entries(const program::AppPackage& app, const RuleSet& rules,
                                   int threads, LogSink& log, LibraryVisitor* visitor = nullptr);

}  // namespace dl
