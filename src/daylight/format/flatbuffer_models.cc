// SPDX-License-Identifier: Apache-2.0
// Model formats that are FlatBuffers: rows of the table.
#include <array>
#include <utility>

#include "daylight/format/model_probe.h"
#include "daylight/format/tflite.h"

namespace dl {
namespace {

std::optional<ModelProbe> probe_tflite(ByteSpan bytes) {
  if (!may_be_tflite(bytes)) return std::nullopt;
  auto model = read_tflite(bytes);
  if (!model) return std::nullopt;
  return ModelProbe{"tflite", model->size, std::move(model->gaps)};
}

constexpr std::array<ModelMark, 1> kTfliteMarks = {{{"TFL3", 4}}};

constexpr std::array<ModelFormat, 1> kFormats = {{
    {"tflite", kTfliteMarks, true, probe_tflite},
}};

}  // namespace

std::span<const ModelFormat> flatbuffer_model_formats() { return kFormats; }

}  // namespace dl
