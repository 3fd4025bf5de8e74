// SPDX-License-Identifier: Apache-2.0
// One pass over every entry of an app: models by structure, frameworks inside native libraries,
// hints that nothing confirms.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/log.h"
#include "daylight/detect/rules.h"
#include "daylight/program/app_package.h"

namespace dl {

// A native method that a library implements by name: Java_pkg_Class_method.
struct NativeExport {
  std::string library;  // entry name
  std::string symbol;
};

struct EntryFindings {
  std::vector<ModelRecord> models;  // by entry name, then offset; without ids
  std::vector<FrameworkRecord>
      frameworks;  // one for each framework that a library shows, evidence of all libraries
  std::vector<NativeExport> jni_exports;  // of libraries that no framework explains
  std::vector<Gap> gaps;
};

// Unpacks each entry once and looks at it. Entries that cannot be read are gaps. kCancelled if the
// user stops.
Result<EntryFindings> scan_entries(const program::AppPackage& app, const RuleSet& rules,
                                   LogSink& log);

}  // namespace dl
