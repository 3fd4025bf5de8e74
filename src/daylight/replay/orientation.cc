// SPDX-License-Identifier: Apache-2.0
// Reads the Exif orientation, and turns pictures upright.
#include "daylight/replay/orientation.h"

#include <algorithm>

namespace dl {
namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t kExifOrientationTag = 0x0112;
constexpr std::uint16_t kTiffShort = 3;
constexpr std::size_t kMaxExifEntries = 1000;

// Integers of a TIFF block in its own byte order.
class TiffReader {
 public:
  TiffReader(ByteSpan bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  std::optional<std::uint32_t> u16(std::uint64_t offset) const { return integer(offset, 2); }
  std::optional<std::uint32_t> u32(std::uint64_t offset) const { return integer(offset, 4); }

 private:
  std::optional<std::uint32_t> integer(std::uint64_t offset, std::size_t size) const {
    const auto part = subspan_checked(bytes_, offset, size);
    if (!part) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t shift = 8 * (big_endian_ ? size - 1 - i : i);
      value |= static_cast<std::uint32_t>((*part)[i]) << shift;
    }
    return value;
  }

  ByteSpan bytes_;
  bool big_endian_;
};

}  // namespace

int exif_orientation(ByteSpan tiff) {
  const std::string_view head = as_text(tiff.first(std::min(tiff.size(), std::size_t{4})));
  const bool big_endian = head == "MM\0*"sv;
  if (!big_endian && head != "II*\0"sv) return 1;
  const TiffReader reader(tiff, big_endian);
  const auto directory = reader.u32(4);
  if (!directory) return 1;
  const auto count = reader.u16(*directory);
  if (!count) return 1;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(*count, kMaxExifEntries); ++i) {
    const std::uint64_t entry = std::uint64_t{*directory} + 2 + 12 * i;
    const auto tag = reader.u16(entry);
    if (!tag) return 1;
    if (*tag != kExifOrientationTag) continue;
    const auto type = reader.u16(entry + 2);
    const auto value = reader.u16(entry + 8);
    const bool good = type == kTiffShort && value && *value >= 1 && *value <= 8;
    return good ? static_cast<int>(*value) : 1;
  }
  return 1;
}

Image apply_orientation(const Image& image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool transposed = orientation >= 5;
  const bool mirror_x =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool mirror_y =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image upright;
  upright.premultiplied = image.premultiplied;
  upright.reshape(transposed ? image.height : image.width, transposed ? image.width : image.height,
                  image.channels);
  const auto channels = static_cast<std::size_t>(image.channels);
  for (int y = 0; y < upright.height; ++y) {
    std::uint8_t* out = upright.row(y);
    for (int x = 0; x < upright.width; ++x, out += channels) {
      // The position in the stored picture that is shown at (x, y).
      int from_x = transposed ? y : x;
      int from_y = transposed ? x : y;
      if (mirror_x) from_x = image.width - 1 - from_x;
      if (mirror_y) from_y = image.height - 1 - from_y;
      const std::uint8_t* in = image.row(from_y) + static_cast<std::size_t>(from_x) * channels;
      std::copy_n(in, channels, out);
    }
  }
  return upright;
}

}  // namespace dl
