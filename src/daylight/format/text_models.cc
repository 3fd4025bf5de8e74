// SPDX-License-Identifier: Apache-2.0
// Model formats that are text, and binary forms of them: rows of the table.
#include <array>

#include "daylight/format/model_probe.h"
#include "daylight/format/ncnn.h"

namespace dl {
namespace {

constexpr std::array<ModelMark, 2> kNcnnMarks = {{{"7767517\n"}, {"7767517\r\n"}}};
constexpr std::array<ModelMark, 1> kNcnnBinaryMarks = {{{{"\xdd\x85\x76\x00", 4}}}};

constexpr std::array<ModelFormat, 3> kFormats = {{
    {"ncnn_param", kNcnnMarks, true, probe_ncnn_param, describe_ncnn},
    {"ncnn_param_bin", kNcnnBinaryMarks, true, probe_ncnn_param_bin, describe_ncnn},
    {"pnnx", kNcnnMarks, true, probe_pnnx, describe_ncnn},
}};

}  // namespace

std::span<const ModelFormat> text_model_formats() { return kFormats; }

}  // namespace dl
