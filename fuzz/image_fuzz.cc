// SPDX-License-Identifier: Apache-2.0
// Hostile picture files: decoding must end in pixels of the size that it says, or in an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "daylight/replay/image_codec.h"
#include "daylight/replay/image_measures.h"
#include "daylight/replay/orientation.h"
#include "daylight/replay/resize_kernels.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dl;  // NOLINT(google-build-using-namespace): a fuzz target is one function
  const ByteSpan bytes(data, size);
  const int direct = exif_orientation(bytes);
  if (direct < 1 || direct > 8) std::abort();
  const auto decoded = decode_image(bytes, "fuzz");
  if (!decoded) {
    if (decoded.error().what.empty()) std::abort();
    return 0;
  }
  const Image& image = decoded->image;
  if (image.width < 1 || image.height < 1 || decoded->orientation < 1 || decoded->orientation > 8)
    std::abort();
  if (image.pixels.size() != image.row_bytes() * static_cast<std::size_t>(image.height))
    std::abort();
  // Damage may turn a small picture into a huge one: what follows is about odd shapes, not about
  // time.
  if (image.pixels.size() > (1U << 20U)) return 0;
  const Image upright = apply_orientation(image, decoded->orientation);
  if (upright.pixels.size() != image.pixels.size()) std::abort();
  Image resized;
  resize_image(ResizeKernel::kPilBicubic, upright, 7, 5, resized);
  resize_image(ResizeKernel::kAndroidBilinear, upright, 5, 9, resized);
  if (!(thumbnail_distance(grey_thumbnail(image), grey_thumbnail(upright)) <= 2.0)) std::abort();
  return 0;
}
