// SPDX-License-Identifier: Apache-2.0
// An inventory as a CycloneDX 1.6 ML-BOM: which models and runtimes an app is made of.
#pragma once

#include <string>

#include "daylight/artifact/inventory.h"
#include "daylight/base/json.h"

namespace dl {

// Occurrences of one component that are listed as evidence.
inline constexpr std::size_t kMaxBomOccurrences = 50;

// metadata.component is the app; components are its models (type machine-learning-model, with a
// model card) and frameworks (type library); dependencies tell what depends on what. What CycloneDX
// has no word for stands in properties daylight:*. The serial number follows from the content, and
// there is no time stamp: equal inventories give equal documents. Keys are left out.
Json inventory_to_ml_bom(const Inventory& inventory);

// "urn:uuid:..." (version 8 of RFC 9562) from the SHA-256 of a text.
std::string content_uuid(const std::string& text);
// The package URL of a framework's published package; empty where none is known for it.
std::string framework_purl(const FrameworkRecord& framework);

}  // namespace dl
