// SPDX-License-Identifier: Apache-2.0
// An inventory as SARIF 2.1.0: for code-scanning services and viewers of analysis results.
#pragma once

#include "daylight/artifact/inventory.h"
#include "daylight/base/json.h"

namespace dl {

// Related locations of one result; its properties count the others.
inline constexpr std::size_t kMaxSarifEvidence = 20;

// One run. Rules have stable ids: model/<format>, encrypted-model, remote-model, framework/<id>,
// call/<api>, task/<id>, gap; only those that have a result are listed. Levels: warning for
// sensitive tasks, note for everything else. Every result has a location with a relative URI
// (containers are nested artifacts), its evidence as related locations, `use` among its properties
// and partialFingerprints that follow from content: a model that moves, or code that is renamed,
// keeps its own. No times and no absolute paths: equal inventories give equal documents.
Json inventory_to_sarif(const Inventory& inventory);

}  // namespace dl
