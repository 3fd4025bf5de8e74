// SPDX-License-Identifier: Apache-2.0
// Models compiled for accelerators: Rockchip RKNN, Huawei OM, Qualcomm DLC, MegEngine, Kendryte,
// Arm NN.
#pragma once

#include <optional>

#include "daylight/base/bytes.h"
#include "daylight/format/model/model_format.h"

namespace dl {

// RKNN containers (their JSON behind the data is read: exact size), OpenVX graphs (VPMN), RKNN
// flatbuffers, and CYPTRKNN, which declares that it is encrypted. Facts: kind, version,
// target_platform, encrypted.
std::optional<ModelProbe> probe_rknn(ByteSpan bytes);

// Huawei's offline models (IMOD): a header of 256 bytes that states the length of what follows, and
// a table of parts behind it that fit. Facts: version, name, parts, encrypted.
std::optional<ModelProbe> probe_om(ByteSpan bytes);

// Qualcomm DLC of version 4: a header of eight bytes before a flatbuffer that is a network (NETD)
// or its parameters (NETP, NR64). The size is that of the range. Facts: version, content.
std::optional<ModelProbe> probe_dlc(ByteSpan bytes);

// MegEngine: one of its long magics, or a flatbuffer "mgv2" behind its size. Facts: version.
std::optional<ModelProbe> probe_megengine(ByteSpan bytes);

// Kendryte: version 3, whose layers are walked (exact size), and versions 4 to 6 (LDMK), whose
// header has to be plausible. Facts: version, layers.
std::optional<ModelProbe> probe_kmodel(ByteSpan bytes);

// Arm NN's flatbuffer (ARMN): every layer is of a known kind. Facts: layers, inputs, outputs.
std::optional<ModelProbe> probe_armnn(ByteSpan bytes);

}  // namespace dl
