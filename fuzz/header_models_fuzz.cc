// SPDX-License-Identifier: Apache-2.0
// Reads arbitrary bytes by every row of formats that are known by a header, and as HDF5.
#include <cstdint>
#include <cstdlib>

#include "daylight/format/encoding/hdf5.h"
#include "daylight/format/probe/model_probe.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dl::ByteSpan bytes{data, size};
  for (const dl::ModelFormat& format : dl::header_model_formats()) {
    const auto probe = format.probe(bytes);
    if (!probe) continue;
    require(probe->format == format.id && probe->size <= size && probe->size > 0);
    if (format.describe != nullptr) format.describe(bytes, *probe);
  }
  if (const auto file = dl::read_hdf5(bytes)) {
    require(file->size <= size && file->objects.size() <= dl::kMaxHdf5Objects);
  }
  return 0;
}
