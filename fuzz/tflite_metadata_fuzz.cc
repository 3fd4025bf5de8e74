// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes as model metadata, and as a model with files packed behind it.
#include <cstdint>

#include "daylight/format/tensorflow/tflite_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes{data, size};
  (void)dl::read_tflite_metadata(bytes);
  const auto model = dl::read_tflite(bytes);
  if (!model) return 0;
  (void)dl::read_tflite_metadata(model->metadata_bytes("TFLITE_METADATA"));
  for (const dl::TflitePackedFile& file : dl::read_tflite_packed_files(bytes, model->size).files) {
    (void)dl::split_labels(file.content);
  }
  return 0;
}
