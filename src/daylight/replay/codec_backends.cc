// SPDX-License-Identifier: Apache-2.0
// What every picture format is held to.
#include "daylight/replay/codec_backends.h"

namespace dl::codec {

Result<void> check_size(std::uint64_t width, std::uint64_t height, const std::string& where) {
  if (width == 0 || height == 0)
    return fail(ErrorCode::kCorrupt, "the picture has no pixels", where);
  const auto side = static_cast<std::uint64_t>(kMaxImageSide);
  if (width > side || height > side || width * height > kMaxImagePixels) {
    return fail(ErrorCode::kLimit,
                "the picture has " + std::to_string(width) + " x " + std::to_string(height) +
                    " pixels, more than are decoded",
                where);
  }
  return {};
}

}  // namespace dl::codec
