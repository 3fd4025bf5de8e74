// SPDX-License-Identifier: Apache-2.0
// The description that every Core ML model has: what goes in and out, and who made it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daylight/base/bytes.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {

// "neuralNetwork" for 500: the kind of a model by the number that its field has in a Model message;
// "" where no kind has it.
std::string_view coreml_type_name(std::uint32_t number);

// Whether the bytes are a whole ModelDescription and nothing else. Numbers are those of the public
// Model.proto.
bool is_coreml_description(ByteSpan message);

// Borders and metadata. Where functions have borders of their own, those of the default one count.
// Pictures are uint8 tensors of channels, height, width. `labels`: the classes that a pair of the
// metadata lists, if any.
void read_coreml_description(ByteSpan message, GraphFiller& filler,
                             std::vector<std::string>& labels);

}  // namespace dl
