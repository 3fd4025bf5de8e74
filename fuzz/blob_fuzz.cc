// SPDX-License-Identifier: Apache-2.0
// Everything that detection does with one file of an app: every location that it reports must lie
// where it says, and the bytes there must have the digest that it says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "daylight/base/digest.h"
#include "daylight/detect/scan/blob_scan.h"

namespace {

void check(const dl::ModelRecord& model, const dl::Content& file) {
  if (!model.location.url.empty()) return;
  dl::Content content = file;
  for (std::size_t i = 1; i < model.location.entry.size(); ++i) {
    auto next = dl::open_step(content, model.location.entry[i]);
    // Two members of one name: the step leads to the first.
    if (!next) return;
    content = std::move(*next);
  }
  const auto bytes = dl::subspan_checked(content.bytes, model.location.offset, model.location.size);
  if (model.location.entry.size() > 1) return;
  if (!bytes || dl::sha256_hex(*bytes) != model.sha256) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dl::RuleSet& rules = dl::RuleSet::builtin();
  static const dl::NativeSignals native(rules);
  static const dl::BlobScanner scanner("app.apk", rules, native);
  const dl::Content content{{data, size}, nullptr};
  dl::ScanBudget budget{dl::UnpackBudget(size), 4};
  dl::BlobFindings found;
  scanner.scan({{"assets/a.tflite"}, "assets/a.tflite"}, content, budget, found);
  for (const dl::ModelRecord& model : found.models) check(model, content);
  return 0;
}
