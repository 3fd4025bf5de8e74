// SPDX-License-Identifier: Apache-2.0
// Model formats that are Protocol Buffers: rows of the table.
#include <array>

#include "daylight/format/caffe.h"
#include "daylight/format/model_probe.h"
#include "daylight/format/onnx.h"

namespace dl {
namespace {

// The producer's name, as the common exporters write it behind the version: the schema decides.
constexpr std::array<ModelMark, 6> kOnnxMarks = {{{"\x12\x07pytorch", 2},
                                                  {"\x12\x07tf2onnx", 2},
                                                  {"\x12\x07skl2onnx", 2},
                                                  {"\x12\x0bonnx.quantize", 2},
                                                  {"\x12\x0akeras2onnx", 2},
                                                  {"\x12\x0bOnnxMLTools", 2}}};

constexpr std::array<ModelFormat, 2> kFormats = {{
    {"onnx", kOnnxMarks, true, probe_onnx, describe_onnx},
    {"caffe", {}, false, probe_caffe, describe_caffe},
}};

}  // namespace

std::span<const ModelFormat> protobuf_model_formats() { return kFormats; }

}  // namespace dl
