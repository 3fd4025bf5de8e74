// SPDX-License-Identifier: Apache-2.0
// Model formats that are known by a header of their own: rows of the table.
#include <array>
#include <utility>

#include "daylight/format/gguf.h"
#include "daylight/format/keras_h5.h"
#include "daylight/format/model_probe.h"
#include "daylight/format/safetensors.h"
#include "daylight/format/traineddata.h"

namespace dl {
namespace {

std::optional<ModelProbe> probe_keras(ByteSpan bytes) {
  auto model = read_keras_h5(bytes, ReadDepth::kProbe);
  if (!model) return std::nullopt;
  return ModelProbe{"keras_h5", model->size, std::move(model->graph.gaps)};
}
ModelGraph describe_keras(ByteSpan bytes, const ModelProbe& /*probe*/) {
  auto model = read_keras_h5(bytes, ReadDepth::kAll);
  return model ? std::move(model->graph) : ModelGraph{};
}

constexpr std::array<ModelMark, 1> kGgufMarks = {{{"GGUF"}}};
constexpr std::array<ModelMark, 1> kHdf5Marks = {{{"\x89HDF\r\n\x1a\n"}}};
constexpr std::array<ModelMark, 3> kGgmlMarks = {{{"lmgg"}, {"fmgg"}, {"tjgg"}}};
constexpr std::array<ModelMark, 1> kNumpyMarks = {{{"\x93NUMPY"}}};

constexpr auto kFormats = std::to_array<ModelFormat>({
    {"gguf", kGgufMarks, true, probe_gguf, describe_gguf},
    {"keras_h5", kHdf5Marks, true, probe_keras, describe_keras},
    {"safetensors", {}, false, probe_safetensors, describe_safetensors},
    // No end of its own, so it cannot be cut out of other bytes.
    {"ggml_legacy", kGgmlMarks, false, probe_ggml_legacy},
    // Arrays inside of other files are data of any kind.
    {"numpy", kNumpyMarks, false, probe_numpy},
    {"tesseract", {}, false, probe_traineddata},
});

}  // namespace

std::span<const ModelFormat> header_model_formats() { return kFormats; }

}  // namespace dl
