// SPDX-License-Identifier: Apache-2.0
// Reading of detection's side inputs, and detection with them.
#include "daylight/cli/detect_inputs.h"

#include "daylight/base/digest.h"
#include "daylight/base/file.h"
#include "daylight/detect/detector.h"
#include "daylight/detect/original_names.h"

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
    inputs.mapping_digest_ = {"mapping", name, sha256_hex(text)};
  }
  return inputs;
}

Provenance DetectInputs::provenance(const program::AppPackage& app) const {
  Provenance provenance = detect_provenance(app, RuleSet::builtin(), {});
  if (mapping_) provenance.inputs.push_back(mapping_digest_);
  return provenance;
}

Result<Inventory> DetectInputs::detect(const program::AppPackage& app, const program::AppCode& code,
                                       LogSink& log) const {
  Inventory inventory = TRY(dl::detect(app, code, RuleSet::builtin(), {}, log));
  inventory.provenance = provenance(app);
  if (mapping_) add_original_names(*mapping_, inventory);
  return inventory;
}

}  // namespace dl::cli
