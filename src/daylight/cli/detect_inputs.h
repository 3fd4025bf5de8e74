// SPDX-License-Identifier: Apache-2.0
// What detection is given besides the app, read once: the mapping file of its build, the user's
// known models.
#pragma once

#include <optional>
#include <string>

#include "daylight/artifact/inventory.h"
#include "daylight/base/log.h"
#include "daylight/base/result.h"
#include "daylight/cli/options.h"
#include "daylight/detect/detector.h"
#include "daylight/program/code/app_code.h"
#include "daylight/program/code/name_mapping.h"
#include "daylight/program/package/app_package.h"

namespace dl::cli {

// Immutable after read(); one for each run.
class DetectInputs {
 public:
  // Reads the files that the flags name. An Error names the file that is absent or of no use.
  static Result<DetectInputs> read(const DetectFlags& flags);

  // Where the inventory of this app comes from: rules, options, and every file that was read.
  Provenance provenance(const program::AppPackage& app) const;
  // Detection with everything that was read; the inventory has its provenance.
  Result<Inventory> detect(const program::AppPackage& app, const program::AppCode& code,
                           LogSink& log) const;

 private:
  DetectOptions options() const;

  std::optional<program::NameMapping> mapping_;
  std::optional<KnownModels> known_;  // built-in and the user's; absent: only the built-in ones
  std::vector<InputDigest> digests_;
};

}  // namespace dl::cli
