// SPDX-License-Identifier: Apache-2.0
// Bytes that the app's code made of a blob that no reader understood: the models in them take its
// place among the findings.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daylight/detect/scan/blob_scan.h"
#include "daylight/detect/scan/entry_scan.h"
#include "daylight/detect/signals/signals.h"

namespace dl {

// Random bytes by the thousand have 7.989 bits each; plain ones less than this.
inline constexpr double kRandomEntropy = 7.95;

// A blob's chain as gaps and evidence write it.
std::string where_of_blob(const std::vector<std::string>& chain);

// Everything that it is made of must outlive it. One thread at a time.
class OpenedModels {
 public:
  OpenedModels(const CodeContext& context, EntryFindings& entries)
      : context_(context), entries_(entries) {}

  // Looks for models in `bytes`, which lie at `place`: the blob's chain and the steps that lead on.
  // If there is one, the blob's record of format "unknown" and its gaps go, and each model gets
  // `evidence`. Whether there is one.
  bool add(const HiddenBlob& blob, const BlobPlace& place, std::vector<std::uint8_t> bytes,
           const std::function<Evidence()>& evidence);

 private:
  const CodeContext& context_;
  EntryFindings& entries_;
  std::unique_ptr<NativeSignals> signals_;
  std::unique_ptr<BlobScanner> scanner_;
};

}  // namespace dl
