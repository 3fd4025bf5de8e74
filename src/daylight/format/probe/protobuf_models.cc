// SPDX-License-Identifier: Apache-2.0
// Model formats that are Protocol Buffers: rows of the table.
#include <array>

#include "daylight/format/classic/caffe.h"
#include "daylight/format/classic/sentencepiece.h"
#include "daylight/format/coreml/coreml.h"
#include "daylight/format/engines/onnx.h"
#include "daylight/format/engines/paddle.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/format/tensorflow/mediapipe_graph.h"
#include "daylight/format/tensorflow/tf_graph.h"
#include "daylight/format/torch/netdef.h"

namespace dl {
namespace {

// The producer's name, as the common exporters write it behind the version: the schema decides.
constexpr std::array<ModelMark, 6> kOnnxMarks = {{{"\x12\x07pytorch", 2},
                                                  {"\x12\x07tf2onnx", 2},
                                                  {"\x12\x07skl2onnx", 2},
                                                  {"\x12\x0bonnx.quantize", 2},
                                                  {"\x12\x0akeras2onnx", 2},
                                                  {"\x12\x0bOnnxMLTools", 2}}};

constexpr std::array<ModelFormat, 10> kFormats = {{
    {"onnx", kOnnxMarks, true, probe_onnx, describe_onnx},
    {"coreml", {}, false, probe_coreml, describe_coreml},
    {"caffe", {}, false, probe_caffe, describe_caffe},
    // Before the next one: a calculator's name would pass for an operator's.
    {"mediapipe_graph", {}, false, probe_mediapipe_graph, describe_mediapipe_graph},
    {"tf_graphdef", {}, false, probe_tf_graphdef, describe_tf_graphdef},
    {"tf_savedmodel", {}, false, probe_tf_savedmodel, describe_tf_savedmodel},
    {"caffe2", {}, false, probe_caffe2},
    {"mace", {}, false, probe_mace},
    {"paddle_pb", {}, false, probe_paddle_pb},
    {"sentencepiece", {}, false, probe_sentencepiece},
}};

}  // namespace

std::span<const ModelFormat> protobuf_model_formats() { return kFormats; }

}  // namespace dl
