// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as a user's table of known models; what is read survives being written.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daylight/detect/rules/known_models.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto known = dl::KnownModels::parse(text, "fuzz.json");
  if (!known) return 0;
  const auto again = dl::KnownModels::parse(dl::dump_json(dl::to_json(*known)), "again.json");
  if (!again || again->models().size() != known->models().size()) std::abort();
  for (const dl::KnownModel& model : known->models()) {
    dl::ModelRecord record;
    record.sha256 = model.sha256;
    record.weights_hash = model.weights_hash;
    record.graph_hash = model.graph_hash;
    if (known->find(record).model == nullptr) std::abort();
  }
  return 0;
}
