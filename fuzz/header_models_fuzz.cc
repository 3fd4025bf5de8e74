// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes by every row of formats that are known by a header, and as HDF5.
#include "daylight/format/encoding/hdf5.h"
#include "model_format_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes{data, size};
  dl::fuzz::check_formats(bytes, dl::header_model_formats());
  if (const auto file = dl::read_hdf5(bytes)) {
    dl::fuzz::require(file->size <= size && file->objects.size() <= dl::kMaxHdf5Objects);
  }
  return 0;
}
