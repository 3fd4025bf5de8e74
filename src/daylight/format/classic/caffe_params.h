// SPDX-License-Identifier: Apache-2.0
// The parameters of Caffe layers that change what they compute, from the binary and the text form.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daylight/format/encoding/protobuf_text.h"
#include "daylight/format/model/graph_parts.h"

namespace dl {

// Adds the parameters of one message of a layer ("convolution_param" ...) to its details; the same
// for both forms. Fillers and engines are left out. `number` is the field's in LayerParameter, or
// in V1LayerParameter where `old_layer`. Parameters of no known kind stand as their digest.
void add_caffe_params(std::uint32_t number, bool old_layer, ByteSpan message, DetailText& detail);
void add_caffe_params(const ProtoTextField& message, DetailText& detail);

// Whether a field of LayerParameter or V1LayerParameter holds such parameters.
bool is_caffe_param(std::uint32_t number, bool old_layer);

// The name of a type of V1LayerParameter as today's files write it: 4 is "Convolution". "type <n>"
// for others.
std::string caffe_old_type(std::int64_t type);
// The same for the text form: "CONVOLUTION"; any other text is given back.
std::string caffe_old_type(std::string_view type);

}  // namespace dl
