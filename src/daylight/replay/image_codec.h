// SPDX-License-Identifier: Apache-2.0
// Picture files to pixels, with the libraries and settings that Android itself decodes with.
#pragma once

#include <cstdint>
#include <string>

#include "daylight/base/bytes.h"
#include "daylight/base/result.h"
#include "daylight/replay/image.h"

namespace dl {

inline constexpr std::uint64_t kMaxImageFileBytes = std::uint64_t{256} << 20;
inline constexpr int kMaxImageSide = 65'500;
inline constexpr std::uint64_t kMaxImagePixels = std::uint64_t{1} << 27;
inline constexpr int kMaxJpegScans =
    500;  // a progressive file of a few kilobytes may ask for days of work
inline constexpr std::uint64_t kMaxPngChunkBytes = std::uint64_t{8} << 20;

enum class ImageFormat { kJpeg, kPng, kWebp };
const char* to_string(ImageFormat format);

// What a file holds. Alpha is straight, not premultiplied. Orientation is Exif's 1..8 and is not
// applied to `image`.
struct DecodedImage {
  Image image;
  ImageFormat format = ImageFormat::kJpeg;
  int orientation = 1;
};

// Decodes JPEG (libjpeg-turbo: accurate integer DCT, smooth chroma upsampling, CMYK to RGB by plain
// multiplication), PNG (palettes, greys, transparency; 16 bits cut to 8) and WebP (of an animation
// the first frame). No colour management. kUnsupported names another format; kCorrupt for damaged
// or truncated data, of which no part is returned; kLimit. Thread safe.
Result<DecodedImage> decode_image(ByteSpan bytes, const std::string& where);

}  // namespace dl
