// SPDX-License-Identifier: Apache-2.0
// Model formats that are text, and binary forms of them: rows of the table.
#include <array>

#include "daylight/format/classic/darknet.h"
#include "daylight/format/classic/json_models.h"
#include "daylight/format/classic/lightgbm.h"
#include "daylight/format/classic/opencv_storage.h"
#include "daylight/format/coreml/coreml_compiled.h"
#include "daylight/format/engines/ncnn.h"
#include "daylight/format/engines/paddle_ir.h"
#include "daylight/format/engines/tnn_proto.h"
#include "daylight/format/probe/model_probe.h"

namespace dl {
namespace {

constexpr std::array<ModelMark, 2> kNcnnMarks = {{{"7767517\n"}, {"7767517\r\n"}}};
constexpr std::array<ModelMark, 1> kNcnnBinaryMarks = {{{{"\xdd\x85\x76\x00", 4}}}};

constexpr std::array<ModelFormat, 12> kFormats = {{
    {"ncnn_param", kNcnnMarks, true, probe_ncnn_param, describe_ncnn},
    {"ncnn_param_bin", kNcnnBinaryMarks, true, probe_ncnn_param_bin, describe_ncnn},
    {"pnnx", kNcnnMarks, true, probe_pnnx, describe_ncnn},
    {"opencv_cascade", {}, false, probe_opencv_cascade, describe_opencv_cascade},
    {"opencv_ml", {}, false, probe_opencv_ml},
    {"tnn_proto", {}, false, probe_tnn_proto},
    {"lightgbm", {}, false, probe_lightgbm},
    {"darknet", {}, false, probe_darknet, describe_darknet},
    {"coreml_compiled", {}, false, probe_coreml_compiled, describe_coreml_compiled},
    {"mlpackage", {}, false, probe_mlpackage},
    {"paddle_pir", {}, false, probe_paddle_ir, describe_paddle_ir},
    {"mxnet_symbol", {}, false, probe_mxnet_symbol, describe_mxnet_symbol},
}};

}  // namespace

std::span<const ModelFormat> text_model_formats() { return kFormats; }

}  // namespace dl
