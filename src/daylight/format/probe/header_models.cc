// SPDX-License-Identifier: Apache-2.0
// Model formats that are known by a header of their own: rows of the table.
#include <array>

#include "daylight/format/classic/dlib_dat.h"
#include "daylight/format/classic/gguf.h"
#include "daylight/format/classic/speech_models.h"
#include "daylight/format/classic/traineddata.h"
#include "daylight/format/classic/tree_models.h"
#include "daylight/format/classic/weight_files.h"
#include "daylight/format/probe/accelerator_models.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/format/probe/read_rows.h"
#include "daylight/format/tensorflow/keras_h5.h"
#include "daylight/format/torch/pickled_model.h"
#include "daylight/format/torch/safetensors.h"

namespace dl {
namespace {

constexpr char kKeras[] = "keras_h5";
constexpr char kLegacyTorch[] = "torch_legacy_pickle";

constexpr std::array<ModelMark, 1> kTorchMarks = {
    {{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."}}};
constexpr std::array<ModelMark, 2> kXgboostMarks = {
    {{std::string_view("{L\0\0\0\0\0\0\0\x07learner{", 18)}, {"binf"}}};
constexpr std::array<ModelMark, 1> kCatboostMarks = {{{"CBM1"}}};
constexpr std::array<ModelMark, 1> kOmMarks = {{{"IMOD"}}};
constexpr std::array<ModelMark, 5> kRknnMarks = {
    {{"RKNN"}, {"RKNX"}, {"CYPTRKNN"}, {"RKNN", 4}, {"VPMN"}}};
constexpr std::array<ModelMark, 2> kTnnMarks = {
    {{std::string_view("\x02\0\xbc\xfa", 4)}, {std::string_view("\x04\0\xbc\xfa", 4)}}};
constexpr std::array<ModelMark, 4> kMegengineMarks = {
    {{"mgb0001"}, {"mgb0000a"}, {"mgbtest0"}, {"mgv2", 8}}};
constexpr std::array<ModelMark, 3> kDlcMarks = {{{"NETD", 12}, {"NETP", 12}, {"NR64", 12}}};
constexpr std::array<ModelMark, 1> kArmnnMarks = {{{"ARMN", 4}}};
constexpr std::array<ModelMark, 1> kGgufMarks = {{{"GGUF"}}};
constexpr std::array<ModelMark, 1> kHdf5Marks = {{{"\x89HDF\r\n\x1a\n"}}};
constexpr std::array<ModelMark, 3> kGgmlMarks = {{{"lmgg"}, {"fmgg"}, {"tjgg"}}};

constexpr auto kFormats = std::to_array<ModelFormat>({
    {"gguf", kGgufMarks, true, probe_gguf, describe_gguf},
    {kKeras, kHdf5Marks, true, probe_by_reading<kKeras, read_keras_h5>,
     describe_by_reading<read_keras_h5>},
    {"safetensors", {}, false, probe_safetensors, describe_safetensors},
    // No end of its own, so it cannot be cut out of other bytes.
    {"ggml_legacy", kGgmlMarks, false, probe_ggml_legacy},
    {"tesseract", {}, false, probe_traineddata},
    {kLegacyTorch, kTorchMarks, true, probe_by_reading<kLegacyTorch, read_torch_legacy>,
     describe_by_reading<read_torch_legacy>},
    {"catboost", kCatboostMarks, true, probe_catboost},
    {"xgboost", kXgboostMarks, false, probe_xgboost},
    // No end of their own, or marks too common to look for everywhere.
    {"rknn", kRknnMarks, false, probe_rknn},
    {"om_davinci", kOmMarks, true, probe_om},
    {"dlc_v4", kDlcMarks, false, probe_dlc},
    {"megengine", kMegengineMarks, false, probe_megengine},
    {"armnn", kArmnnMarks, false, probe_armnn},
    {"kmodel", {}, false, probe_kmodel},
    {"tnn_model", kTnnMarks, false, probe_tnn_model},
    {"paddle_lite_nb", {}, false, probe_paddle_lite},
    {"mxnet_params", {}, false, probe_mxnet_params},
    {"kaldi", {}, false, probe_kaldi},
    {"openfst", {}, false, probe_openfst},
    {"paddle_params", {}, false, probe_paddle_params},
    {"dlib_dat", {}, false, probe_dlib},
    {"pickle_model", {}, false, probe_pickled_model},
});

}  // namespace

std::span<const ModelFormat> header_model_formats() { return kFormats; }

}  // namespace dl
