// SPDX-License-Identifier: Apache-2.0
// Scans what code made of a blob, and exchanges the blob's record for those of the models.
#include "daylight/detect/opened_models.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "daylight/base/text.h"

namespace dl {

std::string where_of_blob(const std::vector<std::string>& chain) {
  return printable(join(chain, "!"), 600);
}

bool OpenedModels::add(const HiddenBlob& blob, const BlobPlace& place,
                       std::vector<std::uint8_t> bytes, const std::function<Evidence()>& evidence) {
  if (scanner_ == nullptr) {
    signals_ = std::make_unique<NativeSignals>(context_.rules);
    scanner_ = std::make_unique<BlobScanner>(context_.app.file_name(), context_.rules, *signals_);
  }
  BlobFindings found;
  const Content content = Content::owned(std::move(bytes));
  ScanBudget budget{UnpackBudget(content.bytes.size()), kMaxKeySearches};
  scanner_->scan(place, content, budget, found);
  std::erase_if(found.models, [](const ModelRecord& model) {
    return model.format == "unknown" || !model.location.url.empty();
  });
  if (budget.refused_key_searches > 0)
    found.gaps.push_back({where_of_blob(place.chain), std::string(kKeysNotLookedFor)});
  if (found.models.empty()) return false;
  std::erase_if(entries_.models, [&](const ModelRecord& model) {
    return model.location.entry == blob.chain && model.format == "unknown";
  });
  const std::string where = where_of_blob(blob.chain);
  std::erase_if(entries_.gaps, [&](const Gap& gap) { return gap.where == where; });
  for (ModelRecord& model : found.models) {
    model.evidence.push_back(evidence());
    entries_.models.push_back(std::move(model));
  }
  std::move(found.gaps.begin(), found.gaps.end(), std::back_inserter(entries_.gaps));
  return true;
}

}  // namespace dl
