// SPDX-License-Identifier: Apache-2.0
// A model that was found in an app as a record of the inventory: borders, operators, metadata,
// labels.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"
#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// Labels of one model that the inventory keeps; more become a gap.
inline constexpr std::size_t kMaxModelLabels = 20000;
// Distinct operators of one model that the inventory names.
inline constexpr std::size_t kMaxModelOperators = 1000;
// Characters of one text of a model's metadata.
inline constexpr std::size_t kMaxMetadataText = 2000;

// Fills everything that the model's own bytes tell. `container` begins with the model and may go on
// behind it (label files lie there). The id, origin and use are left to the caller. What could not
// be read is added to `gaps`.
ModelRecord describe_model(ByteSpan container, const ModelProbe& probe, ModelLocation location,
                           std::vector<Gap>& gaps);

// What the app calls the model's file: the last step of its chain that is a name, or the file name
// in the address of a remote one; "" where nothing names it.
std::string model_file_name(const ModelLocation& location);
// Every name along the chain, from the outside in: an app may name the container or the member.
std::vector<std::string> location_names(const ModelLocation& location);

// The entry of the outermost file in which the location lies, for texts: "assets/model.tflite",
// "lib/x.so+0x40".
std::string location_text(const ModelLocation& location);

}  // namespace dl
