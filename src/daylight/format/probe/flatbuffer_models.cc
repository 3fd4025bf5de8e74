// SPDX-License-Identifier: Apache-2.0
// Model formats that are FlatBuffers: rows of the table.
#include <array>
#include <utility>

#include "daylight/format/engines/mnn.h"
#include "daylight/format/engines/mslite.h"
#include "daylight/format/engines/ort.h"
#include "daylight/format/probe/model_probe.h"
#include "daylight/format/probe/read_rows.h"
#include "daylight/format/tensorflow/circle.h"
#include "daylight/format/tensorflow/litertlm.h"
#include "daylight/format/tensorflow/tflite.h"
#include "daylight/format/tensorflow/tflite_graph.h"
#include "daylight/format/torch/executorch.h"
#include "daylight/format/torch/ptmf.h"

namespace dl {
namespace {

std::optional<ModelProbe> probe_tflite(ByteSpan bytes) {
  if (!may_be_tflite(bytes)) return std::nullopt;
  auto model = read_tflite(bytes);
  if (!model) return std::nullopt;
  return ModelProbe{"tflite", model->size, std::move(model->gaps)};
}

constexpr char kCircle[] = "circle";
constexpr char kMslite[] = "mslite";
constexpr char kPtmf[] = "ptmf";
constexpr char kMnn[] = "mnn";
constexpr char kExecutorch[] = "executorch";
constexpr char kOrt[] = "ort";

constexpr std::array<ModelMark, 1> kTfliteMarks = {{{"TFL3", 4}}};
constexpr std::array<ModelMark, 1> kOrtMarks = {{{"ORTM", 4}}};

constexpr std::array<ModelMark, 1> kExecutorchMarks = {{{"ET12", 4}}};

constexpr std::array<ModelMark, 1> kCircleMarks = {{{"CIR0", 4}}};
constexpr std::array<ModelMark, 1> kPtmfMarks = {{{"PTMF", 4}}};
constexpr std::array<ModelMark, 3> kMsliteMarks = {{{"MSL0", 4}, {"MSL1", 4}, {"MSL2", 4}}};
constexpr std::array<ModelMark, 1> kLitertlmMarks = {{{"LITERTLM"}}};

constexpr std::array<ModelFormat, 8> kFormats = {{
    {"tflite", kTfliteMarks, true, probe_tflite, describe_tflite_graph},
    {kOrt, kOrtMarks, true, probe_by_reading<kOrt, read_ort>, describe_by_reading<read_ort>},
    {kExecutorch, kExecutorchMarks, true, probe_by_reading<kExecutorch, read_executorch>,
     describe_by_reading<read_executorch>},
    {kPtmf, kPtmfMarks, true, probe_by_reading<kPtmf, read_ptmf>, describe_by_reading<read_ptmf>},
    {kCircle, kCircleMarks, true, probe_by_reading<kCircle, read_circle>,
     describe_by_reading<read_circle>},
    {kMslite, kMsliteMarks, true, probe_by_reading<kMslite, read_mslite>,
     describe_by_reading<read_mslite>},
    {"litertlm", kLitertlmMarks, true, probe_litertlm},
    // No identifier: to look for it at every byte would cost too much.
    {kMnn, {}, false, probe_by_reading<kMnn, read_mnn>, describe_by_reading<read_mnn>},
}};

}  // namespace

std::span<const ModelFormat> flatbuffer_model_formats() { return kFormats; }

}  // namespace dl
