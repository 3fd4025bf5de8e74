// SPDX-License-Identifier: Apache-2.0
// Model formats that are FlatBuffers: rows of the table.
#include <array>
#include <utility>

#include "daylight/format/engines/mnn.h"
#include "daylight/format/engines/mslite.h"
#include "daylight/format/engines/ort.h"
#include "daylight/format/probe/model_probe.h"
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

template <const char* id, auto read>
std::optional<ModelProbe> probe(ByteSpan bytes) {
  auto model = read(bytes, ReadDepth::kProbe);
  if (!model) return std::nullopt;
  return ModelProbe{id, model->size, std::move(model->graph.gaps)};
}

template <auto read>
ModelGraph describe(ByteSpan bytes, const ModelProbe& /*probe*/) {
  auto model = read(bytes, ReadDepth::kAll);
  return model ? std::move(model->graph) : ModelGraph{};
}

constexpr std::array<ModelMark, 1> kTfliteMarks = {{{"TFL3", 4}}};
constexpr std::array<ModelMark, 1> kOrtMarks = {{{"ORTM", 4}}};

constexpr std::array<ModelMark, 1> kExecutorchMarks = {{{"ET12", 4}}};

constexpr std::array<ModelMark, 1> kCircleMarks = {{{"CIR0", 4}}};
constexpr std::array<ModelMark, 1> kPtmfMarks = {{{"PTMF", 4}}};
constexpr std::array<ModelMark, 3> kMsliteMarks = {{{"MSL0", 4}, {"MSL1", 4}, {"MSL2", 4}}};
constexpr std::array<ModelMark, 1> kLitertlmMarks = {{{"LITERTLM"}}};

constexpr std::array<ModelFormat, 8> kFormats = {{
    {"tflite", kTfliteMarks, true, probe_tflite, describe_tflite_graph},
    {kOrt, kOrtMarks, true, probe<kOrt, read_ort>, describe<read_ort>},
    {kExecutorch, kExecutorchMarks, true, probe<kExecutorch, read_executorch>,
     describe<read_executorch>},
    {kPtmf, kPtmfMarks, true, probe<kPtmf, read_ptmf>, describe<read_ptmf>},
    {kCircle, kCircleMarks, true, probe<kCircle, read_circle>, describe<read_circle>},
    {kMslite, kMsliteMarks, true, probe<kMslite, read_mslite>, describe<read_mslite>},
    {"litertlm", kLitertlmMarks, true, probe_litertlm},
    // No identifier: to look for it at every byte would cost too much.
    {kMnn, {}, false, probe<kMnn, read_mnn>, describe<read_mnn>},
}};

}  // namespace

std::span<const ModelFormat> flatbuffer_model_formats() { return kFormats; }

}  // namespace dl
