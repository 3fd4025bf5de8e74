// SPDX-License-Identifier: Apache-2.0
// Reading of detection's side inputs, and detection with them.
#include "daylight/cli/detect_inputs.h"

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/cli/models_verb.h"
#include "daylight/detect/plan/original_names.h"

namespace dl::cli {

Result<DetectInputs> DetectInputs::read(const DetectFlags& flags) {
  DetectInputs inputs;
  if (!flags.mapping.empty()) {
    const std::string text = TRY(read_file(flags.mapping, program::kMaxMappingBytes));
    const std::string name = flags.mapping.filename().string();
    auto mapping = program::NameMapping::parse(text, name);
    if (!mapping) {
      Error error = mapping.error();
      error.where = flags.mapping.string();
      return tl::unexpected(std::move(error));
    }
    inputs.mapping_ = std::move(*mapping);
    inputs.digests_.push_back({"mapping", name, sha256_hex(text)});
  }
  const auto table = flags.known.empty() ? user_known_models() : flags.known;
  if (table.empty()) return inputs;
  const KnownModels own = TRY(read_known_models(table, flags.known.empty()));
  if (own.models().empty()) return inputs;
  inputs.known_ = KnownModels::builtin();
  inputs.known_->add_all(own);
  return inputs;
}

DetectOptions DetectInputs::options() const {
  DetectOptions options;
  if (known_) options.known = &*known_;
  return options;
}

Provenance DetectInputs::provenance(const program::AppPackage& app) const {
  Provenance provenance = detect_provenance(app, RuleSet::builtin(), options());
  provenance.inputs.insert(provenance.inputs.end(), digests_.begin(), digests_.end());
  return provenance;
}

Result<Inventory> DetectInputs::detect(const program::AppPackage& app, const program::AppCode& code,
                                       LogSink& log) const {
  Inventory inventory = TRY(dl::detect(app, code, RuleSet::builtin(), options(), log));
  inventory.provenance = provenance(app);
  if (mapping_) add_original_names(*mapping_, inventory);
  return inventory;
}

}  // namespace dl::cli
