// SPDX-License-Identifier: Apache-2.0
// Detection: an app in, its inventory out.
#pragma once

#include "daylight/artifact/inventory.h"
#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/detect/rules/known_models.h"
#include "daylight/detect/rules/rules.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/package/app_package.h"

namespace dl {

struct DetectOptions {
  // Verify that the signatures cover the app's bytes; off saves a pass over the file, and signers
  // are then not valid.
  bool verify_signatures = true;
  // Threads that read entries; 0: one for each processor. The inventory does not depend on it.
  int threads = 0;
  // The published models that are recognised; null for those that the build carries. Borrowed.
  const KnownModels* known = nullptr;

  friend bool operator==(const DetectOptions&, const DetectOptions&) = default;
};

// Reads the whole app and says what machine learning it holds and how far it is known to be used.
// Fails only where the user interrupts; what cannot be read is in Inventory::gaps. The same app,
// rules and options give the same inventory.
Result<Inventory> detect(const program::AppPackage& app, const RuleSet& rules,
                         const DetectOptions& options, LogSink& log);
// As above with the app's code already read (it must be of this app).
Result<Inventory> detect(const program::AppPackage& app, const program::AppCode& code,
                         const RuleSet& rules, const DetectOptions& options, LogSink& log);

// Where an inventory of this app comes from, without making it: equal provenance means equal bytes.
Provenance detect_provenance(const program::AppPackage& app, const RuleSet& rules,
                             const DetectOptions& options);

}  // namespace dl
